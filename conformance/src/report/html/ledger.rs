//! The accounts, the behaviour profile, and what became of a baseline.

use maud::{Markup, html};

use crate::ledger::{Entry, Ledger, Status};
use crate::report::{Report, text};

pub(super) fn overview(report: &Report) -> Markup {
    html! {
        section aria-labelledby="ledger" {
            h2 id="ledger" { "Ledger" }
            @for ledger in &report.ledgers { (account(ledger)) }
        }
    }
}

fn account(ledger: &Ledger) -> Markup {
    let (broken, untested) = (ledger.broken().count(), ledger.untested().count());
    html! {
        details.ledger data-spec=(ledger.spec) {
            summary {
                b { (ledger.spec) @if let Some(subject) = ledger.subject { " · " (subject.name()) } } " "
                @for tally in &ledger.levels {
                    span.tally {
                        (tally.level) " " (tally.tested) "/" (tally.total)
                        meter min="0" max=(tally.total) value=(tally.tested) title={ (tally.level) ": " (tally.tested) " of " (tally.total) " tested" } {}
                    } " "
                }
                @if broken > 0 { span.verdict.fail { (broken) " broken" } " " }
                @if untested > 0 { span.verdict.skip { (untested) " untested" } }
            }
            (rules(ledger.clauses.iter()))
        }
        // What matters most is there without a click.
        @if broken > 0 { div.broken data-spec=(ledger.spec) { (rules(ledger.broken())) } }
    }
}

fn rules<'a>(entries: impl Iterator<Item = &'a Entry>) -> Markup {
    html! {
        table.rules {
            thead { tr { th scope="col" { "Clause" } th scope="col" { "Level" } th scope="col" { "Status" } th scope="col" { "Rule" } th scope="col" { "Cases" } } }
            tbody { @for entry in entries { (clause(entry)) } }
        }
    }
}

fn clause(entry: &Entry) -> Markup {
    let (word, tone, reason) = match &entry.status {
        Status::Kept => ("kept", "pass", None),
        Status::Broken => ("broken", "fail", None),
        Status::Untested { reason } => ("untested", "skip", Some(reason)),
    };
    html! {
        tr data-c=(entry.clause) data-l=(entry.level) data-s=(word) {
            th scope="row" { a href={ "#clause=" (entry.clause) } { (entry.clause) } }
            td { (entry.level) }
            td { span.verdict.(tone) { (word) } }
            td { (entry.text) " " span.note { "[" (entry.source) "]" @if let Some(reason) = reason { br; (reason) } } }
            td.number { (entry.evidence.len()) span.unit { " cases" } }
        }
    }
}

pub(super) fn profiles(report: &Report) -> Markup {
    let mut seen = report
        .ledgers
        .iter()
        .filter(|ledger| !ledger.profile.is_empty())
        .peekable();
    html! {
        @if seen.peek().is_some() {
            section aria-labelledby="profile" {
                h2 id="profile" { "Behaviour profile" }
                p.note { "What the subject does where the sources leave it open. None of it is a fault." }
                @for ledger in seen { (profile(ledger)) }
            }
        }
    }
}

fn profile(ledger: &Ledger) -> Markup {
    let unlike = ledger.profile.iter().filter(|seen| !seen.reference).count();
    html! {
        details.ledger data-spec=(ledger.spec) {
            summary { b { (ledger.spec) @if let Some(subject) = ledger.subject { " · " (subject.name()) } } " " span.note { (ledger.profile.len()) " readings, " (unlike) " unlike the reference" } }
            div.scroll tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Ambiguity" } th scope="col" { "Reading" } th scope="col" { "Reference" } th scope="col" { "Seen in" } } }
                    tbody {
                        @for seen in &ledger.profile {
                            tr {
                                th scope="row" { a href={ "#q=" (seen.ambiguity) } { (seen.ambiguity) } }
                                td { (seen.reading) }
                                td { @if seen.reference { "the same" } @else { b { "another" } } }
                                td.note { (text::abridged(&seen.evidence)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn expectations(report: &Report) -> Markup {
    html! {
        @if let Some(judged) = &report.baseline {
            section aria-labelledby="baseline" {
                h2 id="baseline" { "Baseline" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Entry" } th scope="col" { "Standing" } th scope="col" { "Reason" } th scope="col" { "Cases" } } }
                        tbody {
                            @for one in judged {
                                tr {
                                    th scope="row" { (one.entry) }
                                    td { span.verdict.(if one.standing.is_fault() { "fail" } else { "skip" }) { (one.standing.words()) } }
                                    td { (one.entry.reason) }
                                    td.note { (text::abridged(&one.cases)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

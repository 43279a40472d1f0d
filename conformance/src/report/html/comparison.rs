//! The page of two runs.

use maud::{Markup, html};

use crate::comparison::{CaseChange, Comparison, Summary, Turn};
use crate::verdict::Kind;

pub(super) fn body(comparison: &Comparison) -> Markup {
    let of = |turn| -> Vec<&CaseChange> {
        let changes = comparison.cases.iter();
        changes.filter(|change| change.turn == turn).collect()
    };
    let (word, tone) = if comparison.is_worse() {
        ("something got worse", "fail")
    } else {
        ("nothing got worse", "pass")
    };
    html! {
        header {
            p.tool { "Two runs" }
            h1 { span.verdict.(tone) { (word) } }
            div.sides {
                div { h4 { "Before" } (summary(&comparison.before)) }
                div { h4 { "After" } (summary(&comparison.after)) }
            }
            @for gone in &comparison.gone { p.alarm { "Gone: " (gone) } }
        }
        (cases("worse", "Worse", &of(Turn::Worse)))
        (cases("better", "Better", &of(Turn::Better)))
        (cases("other", "Changed, new or no longer run", &of(Turn::Other)))
        (clauses(comparison))
        (readings(comparison))
    }
}

fn summary(summary: &Summary) -> Markup {
    html! {
        p { b { (summary.name) } }
        p.note { (summary.tool) ", exit code " (summary.exit_code) }
        ul.counts {
            @for kind in Kind::ALL {
                @if let Some(count) = summary.counts.get(&kind) {
                    li { b.(kind.name()) { (count) } " " (kind) }
                }
            }
        }
    }
}

fn verdict(kind: Option<Kind>) -> Markup {
    html! {
        @match kind {
            Some(kind) => span.verdict.(kind.name()) { (kind) },
            None => span.note { "not run" },
        }
    }
}

fn cases(id: &str, title: &str, changes: &[&CaseChange]) -> Markup {
    html! {
        @if !changes.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) " (" (changes.len()) ")" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Case" } th scope="col" { "What" } th scope="col" { "Before" } th scope="col" { "After" } th scope="col" { "Now" } } }
                        tbody {
                            @for change in changes {
                                tr {
                                    th scope="row" { code { (change.id) } br; span.note { (change.spec) " " (change.subject.name()) } }
                                    td { (change.words()) }
                                    td { (verdict(change.before)) }
                                    td { (verdict(change.after)) }
                                    td { (change.why.as_deref().unwrap_or_default()) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn clauses(comparison: &Comparison) -> Markup {
    let tone = |turn| match turn {
        Turn::Worse => "fail",
        Turn::Better => "pass",
        Turn::Other => "skip",
    };
    html! {
        @if !comparison.clauses.is_empty() {
            section aria-labelledby="clauses" {
                h2 id="clauses" { "Clauses (" (comparison.clauses.len()) ")" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Clause" } th scope="col" { "Spec" } th scope="col" { "Before" } th scope="col" { "After" } } }
                        tbody {
                            @for change in &comparison.clauses {
                                tr {
                                    th scope="row" { (change.clause) }
                                    td { (change.spec) }
                                    td { (change.before) }
                                    td { span.verdict.(tone(change.turn)) { (change.after) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn readings(comparison: &Comparison) -> Markup {
    let told = |readings: &[String]| match readings {
        [] => "not seen".to_owned(),
        seen => seen.join(" and "),
    };
    html! {
        @if !comparison.readings.is_empty() {
            section aria-labelledby="profile" {
                h2 id="profile" { "Behaviour profile (" (comparison.readings.len()) ")" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Ambiguity" } th scope="col" { "Spec" } th scope="col" { "Before" } th scope="col" { "After" } } }
                        tbody {
                            @for change in &comparison.readings {
                                tr {
                                    th scope="row" { (change.ambiguity) }
                                    td { (change.spec) }
                                    td { (told(&change.before)) }
                                    td { (told(&change.after)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

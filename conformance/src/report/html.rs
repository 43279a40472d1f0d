//! One page that holds everything: it asks no network, works from a file, and its filter is the
//! fragment of its address, such as `#verdict=fail&clause=IOTMP25-RUN-001`.

mod bytes;
mod case;
mod comparison;
mod ledger;

use std::io;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, Run, SubjectKind};
use crate::comparison::Comparison;
use crate::exit;
use crate::verdict::Kind;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Nothing from anywhere else, whatever a subject managed to get into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let specs = names(report.runs.iter().map(|run| run.spec.as_str()));
    let title = format!("Conformance: {}, {}", specs.join(", "), report.word());
    let body = html! {
        (head(report, &specs))
        (ledger::overview(report))
        (ledger::profiles(report))
        (ledger::expectations(report))
        (filter(report, &specs))
        section aria-labelledby="cases" {
            h2 id="cases" { "Cases" }
            p id="none" hidden { "No case fits the filter. " a href="#" { "Show all" } }
            @for run in &report.runs { (case::run(report, run)) }
        }
    };
    let page = page(&title, &body).into_string();
    out.write_all(page.as_bytes())
}

/// The page of two runs held side by side.
pub(crate) fn write_comparison(comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()> {
    let page = page("Conformance: two runs", &comparison::body(comparison));
    out.write_all(page.into_string().as_bytes())
}

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Without one, browsers ask the server for an icon.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip-link href="#main" { "To the content" }
                main id="main" { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn head(report: &Report, specs: &[&str]) -> Markup {
    let tone = match report.exit_code {
        exit::CONFORMANT => "pass",
        exit::FAILED | exit::UNREACHABLE => "fail",
        _ => "inconclusive",
    };
    let known = report.cases();
    let known = known.filter(|(run, case)| report.known(run, case).is_some());
    let known = known.count();
    html! {
        header {
            p.tool { (report.tool) " · exit code " (report.exit_code) }
            h1 { span.verdict.(tone) { (report.word()) } }
            p { (specs.join(", ")) @if let Some(selected) = report.selected { "; " (selected) } }
            ul.counts {
                @for kind in Kind::ALL.into_iter().filter(|kind| report.count(*kind) > 0) {
                    li { a.(kind.name()) href={ "#verdict=" (kind) } { b { (report.count(kind)) } " " (kind) } }
                }
                @if known > 0 { li { a href="#verdict=known" { b { (known) } " known" } } }
            }
            @for run in report.runs.iter().filter(|run| run.gone.is_some()) {
                p.alarm { (run_name(run)) " is gone: " (run.gone.as_deref().unwrap_or_default()) }
            }
        }
    }
}

fn filter(report: &Report, specs: &[&str]) -> Markup {
    let subjects = names(report.runs.iter().map(|run| run.subject.name()));
    let clauses = names(
        report
            .ledgers
            .iter()
            .flat_map(|ledger| ledger.clauses.iter().map(|entry| entry.clause.as_str())),
    );
    let choice = |name: &str, options: &[&str]| {
        html! {
            label { span { (name) }
                select name=(name.to_lowercase()) {
                    option value="" { "all" }
                    @for option in options { option { (option) } }
                }
            }
        }
    };
    let verdicts: Vec<&str> = Kind::ALL
        .into_iter()
        .map(Kind::name)
        .chain(["known"])
        .collect();
    html! {
        form id="filter" role="search" aria-label="Filter the cases" hidden {
            (choice("Verdict", &verdicts))
            (choice("Spec", specs))
            (choice("Subject", &subjects))
            (choice("Level", &["MUST", "SHOULD", "MAY"]))
            label.wide { span { "Clause" } input name="clause" list="clauses" autocomplete="off" spellcheck="false"; }
            label.wide { span { "Text" } input name="q" type="search" spellcheck="false"; }
            datalist id="clauses" { @for clause in &clauses { option value=(clause); } }
            p.state { output id="shown" aria-live="polite" {} " " a href="#verdict=fail" { "failed" } " " a href="#" { "all" } }
        }
    }
}

/// Every name once, in the order of their first appearance.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    all.filter(|name| seen.insert(*name)).collect()
}

fn run_name(run: &Run) -> String {
    match run.subject {
        SubjectKind::Codec => format!("{} · codec {}", run.spec, run.address),
        subject => format!("{} · {} at {}", run.spec, subject.name(), run.address),
    }
}

//! The cases of a run, by area.

use maud::{Markup, html};

use super::bytes;
use super::run_name;
use crate::report::{CaseResult, Report, Run, SubjectKind, text};
use crate::subject::Line;
use crate::vector;
use crate::verdict::{Failure, Kind, Verdict};

pub(super) fn run(report: &Report, run: &Run) -> Markup {
    let mut areas: Vec<(&str, Vec<&CaseResult>)> = Vec::new();
    for case in &run.cases {
        match areas.iter_mut().find(|(area, _)| *area == case.area) {
            Some((_, cases)) => cases.push(case),
            None => areas.push((&case.area, vec![case])),
        }
    }
    html! {
        section.run data-spec=(run.spec) data-subject=(run.subject.name()) {
            h3 { (run_name(run)) }
            p.note {
                (run.cases.len()) " cases, " (run.elapsed_ms) " ms"
                @if let Some(seed) = run.seed { ", seed " (seed) }
                @for note in &run.notes { br; (note) }
            }
            @for (name, cases) in &areas {
                @let bad = cases.iter().filter(|case| is_bad(report, run, case)).count();
                details.area open[bad > 0] {
                    summary {
                        b { (name) } " "
                        span.note { (cases.len() - bad) "/" (cases.len()) }
                        @if bad > 0 { " " span.verdict.fail { (bad) " to look at" } }
                    }
                    @for case in cases { (one(report, run, case)) }
                }
            }
        }
    }
}

fn is_bad(report: &Report, run: &Run, case: &CaseResult) -> bool {
    matches!(case.verdict.kind(), Kind::Fail | Kind::Inconclusive)
        && report.known(run, case).is_none()
}

fn one(report: &Report, run: &Run, case: &CaseResult) -> Markup {
    let kind = case.verdict.kind();
    let known = report.known(run, case);
    let blamed = match &case.verdict {
        Verdict::Fail(failure) => failure.clause.as_ref(),
        _ => None,
    };
    let others = blamed.filter(|clause| !case.clauses.contains(clause));
    let clauses: Vec<&str> = case
        .clauses
        .iter()
        .chain(others)
        .map(String::as_str)
        .collect();
    html! {
        details.case data-v=(kind) data-l=(case.level) data-c=(clauses.join(" ")) data-known[known.is_some()] {
            summary {
                span.verdict.(kind.name()) { span aria-hidden="true" { (text::mark(kind)) " " } (kind) }
                " " code { (case.id) } " "
                @match &case.verdict {
                    Verdict::Pass => span.note { (case.title) },
                    Verdict::Info { ambiguity, reading } => span.note { (ambiguity) " = " (reading) },
                    other => span.why { (other.reason().unwrap_or_default()) },
                }
                @if let Some(reason) = known { " " span.known { "known: " (reason) } }
            }
            div.body {
                @if kind != Kind::Pass { p { (case.title) } }
                p.note {
                    (case.level)
                    @for clause in &clauses { " " a href={ "#clause=" (clause) } { (clause) } }
                    @if let Some(control) = &case.control { ", control " code { (control) } }
                    @if case.elapsed_ms > 0 { ", " (case.elapsed_ms) " ms" }
                }
                @if let Verdict::Fail(failure) = &case.verdict { (failed(report, run, case, failure)) }
                @if !case.transcript.is_empty() { (transcript(&case.transcript)) }
                @if matches!(kind, Kind::Fail | Kind::Inconclusive) {
                    p { "Run it again:" }
                    pre.command tabindex="0" { (text::again(&run.again, &case.id)) }
                }
            }
        }
    }
}

fn failed(report: &Report, run: &Run, case: &CaseResult, failure: &Failure) -> Markup {
    html! {
        @for id in failure.clauses(&case.clauses) {
            @if let Some(entry) = text::clause(report, &run.spec, id) {
                blockquote { b { (entry.level) " " (entry.clause) } " " (entry.text) " " span.note { "[" (entry.source) "]" } }
            }
        }
        (bytes::side_by_side(&run.spec, case, failure))
        @if !failure.detail.is_empty() { p { "Because: " span.detail { (failure.detail) } } }
        @if run.subject == SubjectKind::Codec { (given(&run.spec, &case.id)) }
    }
}

/// The bytes that a vector is made of.
fn given(spec: &str, id: &str) -> Markup {
    let mut vectors = vector::all().iter().flat_map(|set| &set.vectors);
    let found = vectors.find(|vector| vector.id == id);
    html! {
        @if let Some((vector, given)) = found.and_then(|vector| Some((vector, vector.bytes.as_ref()?))) {
            p { "The bytes of the vector:" }
            (bytes::dump(given, &[]))
            @if vector.kind == vector::Kind::Message && vector.answers.is_none() { (bytes::annotated(spec, given)) }
        }
    }
}

fn transcript(lines: &[Line]) -> Markup {
    html! {
        details.transcript {
            summary { "Transcript, " (lines.len()) " lines" }
            div.scroll tabindex="0" {
                @for line in lines {
                    div.line {
                        span.note { (format!("{:.6}", line.at_us as f64 / 1e6)) " #" (line.connection) " " }
                        (text::arrow(line.from)) " " (line.note)
                        @if !line.fields.is_empty() { pre { @for row in &line.fields { (row) "\n" } } }
                        @else if !line.hex.is_empty() { pre { (line.hex) } }
                    }
                }
            }
        }
    }
}

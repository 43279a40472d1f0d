//! JUnit's XML, as CI systems show it.
//!
//! Green in it means what exit code 0 means: a case that could not tell and a MUST clause that
//! stayed untested are errors, and what a baseline knows of is skipped with its reason.

use core::time::Duration;
use std::io;

use quick_junit::{NonSuccessKind, Property, Report as Document, TestCase, TestCaseStatus};
use quick_junit::{TestSuite, XmlString};

use super::{CaseResult, Report, Run, text};
use crate::verdict::{Failure, Verdict};

pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut document = Document::new("iotmp-conformance");
    for run in &report.runs {
        document.add_test_suite(suite(report, run));
    }
    if let Some(suite) = untested(report) {
        document.add_test_suite(suite);
    }
    if let Some(suite) = faults(report) {
        document.add_test_suite(suite);
    }
    let xml = document.to_string().map_err(io::Error::other)?;
    // Not of a subject, but still no characters of XML.
    let xml = xml.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    write!(out, "{}", within_schema(&xml))
}

/// Takes the number of skipped tests off the root, where the schemas in use know no such attribute.
fn within_schema(xml: &str) -> String {
    let Some((before, root)) = xml.split_once("<testsuites") else {
        return xml.to_owned();
    };
    let Some((attributes, rest)) = root.split_once('>') else {
        return xml.to_owned();
    };
    let kept: Vec<&str> = attributes
        .split_inclusive('"')
        .collect::<Vec<_>>()
        .chunks(2)
        .filter(|pair| {
            pair.first()
                .is_none_or(|name| name.trim_start() != "skipped=\"")
        })
        .flatten()
        .copied()
        .collect();
    format!("{before}<testsuites{}>{rest}", kept.concat())
}

fn suite(report: &Report, run: &Run) -> TestSuite {
    let name = format!("{}.{}", run.spec, run.subject.name());
    let mut suite = TestSuite::new(name.clone());
    suite.set_time(Duration::from_millis(run.elapsed_ms));
    suite.add_property(Property::new("tool", report.tool.clone()));
    suite.add_property(Property::new("address", run.address.clone()));
    if let Some(selected) = report.selected {
        suite.add_property(Property::new("selected", selected.to_string()));
    }
    if let Some(seed) = run.seed {
        suite.add_property(Property::new("seed", seed.to_string()));
    }
    if !run.notes.is_empty() {
        suite.set_system_out(run.notes.join("\n"));
    }
    for case in &run.cases {
        let mut test = TestCase::new(case.id.clone(), status(report, run, case));
        test.set_classname(format!("{name}.{}", case.area));
        test.set_time(Duration::from_millis(case.elapsed_ms));
        if matches!(case.verdict, Verdict::Fail(_)) && !case.transcript.is_empty() {
            let mut steps = Vec::new();
            // Bytes in memory take whatever is written.
            let lines = case.transcript.iter();
            let written = lines
                .map(|line| text::step(line, &mut steps))
                .all(|done| done.is_ok());
            if written {
                test.set_system_out(String::from_utf8_lossy(&steps).into_owned());
            }
        }
        suite.add_test_case(test);
    }
    if let Some(why) = &run.gone {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("gone").set_message(why.clone());
        let mut test = TestCase::new("the subject is there to the end", status);
        test.set_classname(name);
        suite.add_test_case(test);
    }
    suite
}

fn status(report: &Report, run: &Run, case: &CaseResult) -> TestCaseStatus {
    if let Some(reason) = report.known(run, case) {
        let what = case.verdict.reason().unwrap_or_default();
        return skipped(format!("known {}: {reason} ({what})", case.verdict.kind()));
    }
    match &case.verdict {
        Verdict::Pass | Verdict::Info { .. } => TestCaseStatus::success(),
        Verdict::Skip { reason } => skipped(reason.clone()),
        Verdict::Inconclusive { reason } => error("inconclusive", reason.clone()),
        Verdict::Fail(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let clauses = failure.clauses(&case.clauses).join(" ");
            status.set_type(clauses).set_message(format!(
                "expected {}, got {}",
                failure.expected, failure.got
            ));
            status.set_description(proof(report, run, case, failure));
            status
        }
    }
}

fn proof(report: &Report, run: &Run, case: &CaseResult, failure: &Failure) -> String {
    let mut proof = vec![case.title.clone()];
    for id in failure.clauses(&case.clauses) {
        proof.push(match text::clause(report, &run.spec, id) {
            Some(entry) => format!("{} {id}: {} [{}]", entry.level, entry.text, entry.source),
            None => id.to_owned(),
        });
    }
    proof.push(format!("expected  {}", failure.expected));
    proof.push(format!("got       {}", failure.got));
    if !failure.detail.is_empty() {
        proof.push(format!("because   {}", failure.detail));
    }
    proof.push(format!("again     {}", text::again(&run.again, &case.id)));
    proof.join("\n")
}

/// The MUST clauses that keep a run from exit code 0, and those that are let pass.
fn untested(report: &Report) -> Option<TestSuite> {
    let mut suite = TestSuite::new("untested MUST clauses");
    for (ledger, entry, reason) in report.open_must() {
        let status = if report.allow_untested {
            skipped(reason.to_owned())
        } else {
            error("untested", reason.to_owned())
        };
        let mut test = TestCase::new(entry.clause.clone(), status);
        test.set_classname(format!("{}.untested", ledger.spec));
        suite.add_test_case(test);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// The entries of a baseline that do not hold.
fn faults(report: &Report) -> Option<TestSuite> {
    let mut suite = TestSuite::new("baseline");
    for judged in report.faults() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("baseline");
        status.set_message(judged.standing.words());
        status.set_description(judged.cases.join("\n"));
        let mut test = TestCase::new(judged.entry.to_string(), status);
        test.set_classname("baseline");
        suite.add_test_case(test);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

fn skipped(reason: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(reason);
    status
}

fn error(kind: &str, reason: impl Into<XmlString>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(kind).set_message(reason);
    status
}

//! Test Anything Protocol, version 14, with a YAML block under what is not plain.
//!
//! As in JUnit, a case that could not tell and a MUST clause that stayed untested are `not ok`,
//! and what a baseline knows of is `TODO`.

use std::io;

use serde::Serialize;

use super::{Report, text};
use crate::verdict::Verdict;

pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let points = points(report);
    writeln!(out, "TAP version 14")?;
    writeln!(out, "1..{}", points.len())?;
    if let Some(selected) = report.selected {
        writeln!(out, "# {selected}")?;
    }
    for (index, point) in points.iter().enumerate() {
        let word = if point.ok { "ok" } else { "not ok" };
        write!(out, "{word} {} - {}", index + 1, escaped(&point.name))?;
        if let Some((directive, reason)) = &point.directive {
            write!(out, " # {directive} {}", escaped(reason))?;
        }
        writeln!(out)?;
        if let Some(diagnosis) = &point.diagnosis {
            let block = serde_yaml::to_string(diagnosis).map_err(io::Error::other)?;
            writeln!(out, "  ---")?;
            for line in block.lines() {
                writeln!(out, "  {line}")?;
            }
            writeln!(out, "  ...")?;
        }
    }
    for run in &report.runs {
        if let Some(why) = &run.gone {
            writeln!(out, "Bail out! {}", one_line(why))?;
        }
    }
    Ok(())
}

struct Point<'a> {
    ok: bool,
    name: String,
    directive: Option<(&'static str, &'a str)>,
    diagnosis: Option<Diagnosis<'a>>,
}

/// What stands in the YAML block.
#[derive(Serialize)]
struct Diagnosis<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clauses: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transcript: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<String>,
}

fn points(report: &Report) -> Vec<Point<'_>> {
    let mut points = Vec::new();
    for (run, case) in report.cases() {
        let mut point = Point {
            ok: matches!(case.verdict, Verdict::Pass | Verdict::Info { .. }),
            name: format!("{} {} {}", run.spec, run.subject.name(), case.id),
            directive: None,
            diagnosis: None,
        };
        let mut diagnosis = Diagnosis {
            verdict: case.verdict.kind().name(),
            title: &case.title,
            clauses: case.clauses.iter().map(String::as_str).collect(),
            expected: None,
            got: None,
            reason: "",
            transcript: Vec::new(),
            again: None,
        };
        match &case.verdict {
            Verdict::Pass | Verdict::Info { .. } => {}
            Verdict::Skip { reason } => {
                point.ok = true;
                point.directive = Some(("SKIP", reason));
            }
            Verdict::Inconclusive { reason } => {
                diagnosis.reason = reason;
                point.diagnosis = Some(diagnosis);
            }
            Verdict::Fail(failure) => {
                diagnosis.clauses = failure.clauses(&case.clauses);
                diagnosis.expected = Some(&failure.expected);
                diagnosis.got = Some(&failure.got);
                diagnosis.reason = &failure.detail;
                let lines = case.transcript.iter();
                diagnosis.transcript = lines
                    .map(|line| format!("{} {} {}", text::arrow(line.from), line.note, line.hex))
                    .collect();
                diagnosis.again = Some(text::again(&run.again, &case.id));
                point.diagnosis = Some(diagnosis);
            }
        }
        if let Some(reason) = report.known(run, case) {
            // Only what is not ok can be still to do.
            point.directive = Some((if point.ok { "SKIP" } else { "TODO" }, reason));
        }
        points.push(point);
    }
    for (ledger, entry, reason) in report.open_must() {
        let allowed = report.allow_untested;
        points.push(Point {
            ok: allowed,
            name: format!("{} clause {} is tested", ledger.spec, entry.clause),
            directive: allowed.then_some(("SKIP", reason)),
            diagnosis: (!allowed).then(|| Diagnosis {
                verdict: "untested",
                title: &entry.text,
                clauses: vec![&entry.clause],
                expected: None,
                got: None,
                reason,
                transcript: Vec::new(),
                again: None,
            }),
        });
    }
    for judged in report.faults() {
        points.push(Point {
            ok: false,
            name: format!("baseline {}", judged.entry),
            directive: None,
            diagnosis: Some(Diagnosis {
                verdict: "baseline",
                title: "",
                clauses: Vec::new(),
                expected: None,
                got: None,
                reason: judged.standing.words(),
                transcript: judged.cases.clone(),
                again: None,
            }),
        });
    }
    points
}

/// One line, in which a number sign begins no directive.
fn escaped(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

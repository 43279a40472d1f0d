//! A report with everything that a report can hold, and texts that want to break out of each format.

use iotmp_conformance::ledger::{Claim, Ledger};
use iotmp_conformance::report::{CaseResult, Format, Report, Run, SubjectKind};
use iotmp_conformance::specs;
use iotmp_conformance::verdict::{Failure, Verdict};
use iotmp_spec::model::Party;

pub(crate) const SPEC: &str = "iotmp-shipping";
pub(crate) const RUN: &str = "IOTMP25-RUN-001";
pub(crate) const ALIVE: &str = "IOTMP25-KEEPALIVE-001";

pub(crate) fn case(id: &str, clauses: &[&str], verdict: Verdict) -> CaseResult {
    let value = serde_json::json!({
        "id": id,
        "area": id.split('.').nth(1).unwrap_or("framing"),
        "title": "does # \"this\" & </script><b>that</b>",
        "level": "MUST",
        "clauses": clauses,
        "verdict": "pass",
        "elapsed_ms": 12,
    });
    let mut case: CaseResult = serde_json::from_value(value).unwrap();
    case.verdict = verdict;
    case
}

pub(crate) fn fail(clause: Option<&str>, expected: &str, got: &str) -> Verdict {
    Verdict::Fail(Failure {
        clause: clause.map(str::to_owned),
        kept: Vec::new(),
        expected: expected.to_owned(),
        got: got.to_owned(),
        detail: "after # 'one'\u{1b}[31m\u{0}\nand <two>".to_owned(),
    })
}

pub(crate) fn skip() -> Verdict {
    Verdict::Skip {
        reason: "no resource # here".to_owned(),
    }
}

pub(crate) fn inconclusive() -> Verdict {
    Verdict::Inconclusive {
        reason: "the control did not pass".to_owned(),
    }
}

pub(crate) fn info(reading: &str) -> Verdict {
    Verdict::Info {
        ambiguity: "IOTMP25-AMB-UNKNOWN-TYPE".to_owned(),
        reading: reading.to_owned(),
    }
}

/// A run against a server.
pub(crate) fn run(cases: Vec<CaseResult>) -> Run {
    Run {
        spec: SPEC.to_owned(),
        subject: SubjectKind::Server,
        address: "127.0.0.1:1".to_owned(),
        seed: Some(1),
        again: "iotmp-conformance server 127.0.0.1:1".to_owned(),
        elapsed_ms: 1234,
        gone: None,
        notes: vec!["a note with <angles>".to_owned()],
        cases,
    }
}

/// What a command would say of that run, counting only the clauses that its cases claim.
pub(crate) fn report(run: Run) -> Report {
    let spec = specs::by_name(SPEC).unwrap();
    let claims: Vec<Claim<'_>> = run.cases.iter().map(CaseResult::claim).collect();
    let mut scope: Vec<String> = Vec::new();
    for clause in run.cases.iter().flat_map(|case| &case.clauses) {
        scope.push(clause.clone());
    }
    let ledger = Ledger::reckon(spec, &[Party::Server], Some(&scope), &claims);
    Report::new(vec![run], vec![ledger], false)
}

/// One case of every verdict; the failure has a transcript.
pub(crate) fn everything() -> Report {
    let mut failed = case(
        "server.run.one-answer",
        &[RUN],
        fail(Some(RUN), "0101", "0102ff"),
    );
    let line = serde_json::json!({
        "at_us": 1500, "connection": 1, "from": "subject", "hex": "0102080a", "note": "ok stream_id=10",
        "fields": ["     0  01  ok  message type: 1 ok"],
    });
    failed.transcript = vec![serde_json::from_value(line).unwrap()];
    report(run(vec![
        case("server.run.no-resource", &[RUN], Verdict::Pass),
        failed,
        case("server.keep-alive.missed", &[ALIVE], inconclusive()),
        case("server.describe.all", &[], skip()),
        case("server.probe.unknown-type", &[], info("ignore")),
    ]))
}

pub(crate) fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    report.write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

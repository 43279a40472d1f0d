//! A conversation as data: who says what, and when.

use iotmp_conformance::case::Role;
use iotmp_conformance::codec::Codec;
use iotmp_conformance::observe::{End, Findings, Judge, Observed, report};
use iotmp_conformance::plan::Selection;
use iotmp_conformance::report::Report;
use iotmp_conformance::specs;
use iotmp_conformance::verdict::Kind;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

pub(crate) use Role::{Device, Server};

/// How long an answer may take, in microseconds.
pub(crate) const PATIENCE: u64 = 3_000_000;

/// A conversation in the making.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) spec: &'static Spec,
    /// Time, side and bytes.
    pub(crate) steps: Vec<(u64, Role, Vec<u8>)>,
    now: u64,
    codec: Codec<'static>,
    /// Whether it is closed by the device at the end.
    closes: bool,
}

impl Talk {
    /// A connection that nobody has said anything on.
    pub(crate) fn new(spec: &str) -> Self {
        let spec = specs::by_name(spec).unwrap();
        Self {
            spec,
            steps: Vec::new(),
            now: 0,
            codec: Codec::new(spec),
            closes: true,
        }
    }

    /// A connection whose Connect was answered.
    pub(crate) fn connected(spec: &str) -> Self {
        Self::new(spec)
            .say(
                Device,
                json!({"type": "connect", "stream_id": 1, "payload": ["u", "d", "c"]}),
            )
            .say(Server, json!({"type": "ok", "stream_id": 1}))
    }

    /// A side says something, a millisecond later.
    pub(crate) fn say(self, side: Role, message: Json) -> Self {
        let bytes = self.codec.encode(&message).unwrap();
        self.bytes(side, &bytes)
    }

    /// A side sends bytes, a millisecond later.
    pub(crate) fn bytes(mut self, side: Role, bytes: &[u8]) -> Self {
        self.now += 1000;
        self.steps.push((self.now, side, bytes.to_vec()));
        self
    }

    /// Nothing happens for so many milliseconds.
    pub(crate) fn wait(mut self, millis: u64) -> Self {
        self.now += millis * 1000;
        self
    }

    /// Nobody closes it.
    pub(crate) fn stays_open(mut self) -> Self {
        self.closes = false;
        self
    }

    /// What a judge finds.
    pub(crate) fn findings(&self) -> Findings {
        let mut judge = Judge::new(self.spec, 1, PATIENCE);
        for (at, side, bytes) in &self.steps {
            judge.bytes(*side, *at, bytes);
        }
        if self.closes {
            judge.closed(Device, self.now, End::Closed);
            judge.closed(Server, self.now, End::Closed);
        }
        judge.finish(self.now)
    }

    /// The report on it.
    pub(crate) fn report(&self) -> Report {
        report_on(self.spec, self.findings())
    }

    /// Asserts that exactly these cases fail.
    #[track_caller]
    pub(crate) fn fails(&self, expected: &[&str]) {
        let report = self.report();
        let mut failed = failed(&report);
        failed.sort_unstable();
        assert_eq!(failed, expected, "{}", text(&report));
    }
}

/// A report as the program makes it.
pub(crate) fn report_on(spec: &'static Spec, findings: Findings) -> Report {
    let observed = Observed {
        spec,
        address: "in a test".into(),
        again: "iotmp-conformance pcap test.pcap".into(),
        elapsed_ms: 0,
        gone: None,
        findings,
    };
    report(observed, &Selection::default(), false)
}

/// The cases that fail.
pub(crate) fn failed(report: &Report) -> Vec<&str> {
    cases(report, Kind::Fail)
}

/// The cases that end so.
pub(crate) fn cases(report: &Report, kind: Kind) -> Vec<&str> {
    let cases = report.runs.iter().flat_map(|run| &run.cases);
    let cases = cases.filter(|case| case.verdict.kind() == kind);
    cases.map(|case| case.id.as_str()).collect()
}

/// Verdict and count of every case.
pub(crate) fn verdicts(report: &Report) -> Vec<(String, Kind, Option<u64>)> {
    let cases = report.runs.iter().flat_map(|run| &run.cases);
    cases
        .map(|case| (case.id.clone(), case.verdict.kind(), case.seen))
        .collect()
}

/// How often a case was seen.
pub(crate) fn seen(report: &Report, id: &str) -> u64 {
    let mut cases = report.runs.iter().flat_map(|run| &run.cases);
    cases.find(|case| case.id == id).unwrap().seen.unwrap()
}

/// The report for people.
pub(crate) fn text(report: &Report) -> String {
    let mut out = Vec::new();
    report
        .write(iotmp_conformance::report::Format::Text, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

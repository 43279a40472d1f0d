//! Recorded sessions of shipping clients: what they break is listed, with the reason.

use std::collections::BTreeMap;

use iotmp_conformance::json;
use iotmp_conformance::observe::{End, Findings, Judge};
use iotmp_conformance::specs;

use crate::talk::{Device, PATIENCE, Server, failed, report_on};

/// What is broken in which session. The server of the recordings sends wrong things on purpose, each
/// of which is charged to it; the device leaves a Run of the wrong type without an answer, and writes
/// an integer as a value where a varint would do.
const BROKEN: &[(&str, &[&str])] = &[
    (
        "basic",
        &[
            "server.observed.framing.varint",
            "server.observed.field.wire-type",
            "server.observed.field.number",
            "server.observed.field.mandatory",
            "server.observed.value.pson2-float",
            "server.observed.value.bare-integer",
            "server.observed.state.allowed",
            "server.observed.id.width",
            "server.observed.id.of-request",
            "device.observed.value.bare-integer",
            "device.observed.run.one-answer",
        ],
    ),
    ("calls", &[]),
    (
        "connect",
        &[
            "server.observed.state.allowed",
            "server.observed.id.of-request",
        ],
    ),
    ("events", &[]),
];

/// A recorded session: its time in microseconds, whether the device sends, and the bytes.
pub(crate) fn session(name: &str) -> Vec<(u64, bool, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/shipping/sessions");
    let lines = std::fs::read_to_string(format!("{folder}/{name}.jsonl")).unwrap();
    let lines = lines.lines().map(|line| json::parse(line).unwrap());
    lines
        .map(|line| {
            let at = line["at_s"].as_f64().unwrap() * 1e6;
            let bytes = hex::decode(line["hex"].as_str().unwrap()).unwrap();
            (at as u64, line["from"] == "device", bytes)
        })
        .collect()
}

/// Judges every connection of a session; a recorded piece without bytes is the end of one.
fn judged(name: &str) -> Findings {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let mut findings = Findings::default();
    let (mut judge, mut number, mut last) = (None, 0, 0);
    for (at, device, bytes) in session(name) {
        last = at;
        let side = if device { Device } else { Server };
        // A device that introduces itself again has dialled again.
        if device && bytes.first() == Some(&3) && judge.is_some() {
            let ended: Judge = judge.take().unwrap();
            findings.add(ended.finish(at));
        }
        if bytes.is_empty() {
            let mut ended: Judge = judge.take().unwrap();
            ended.closed(side, at, End::Closed);
            findings.add(ended.finish(at));
            continue;
        }
        let judge = judge.get_or_insert_with(|| {
            number += 1;
            Judge::new(spec, number, PATIENCE)
        });
        judge.bytes(side, at, &bytes);
    }
    if let Some(judge) = judge {
        findings.add(judge.finish(last));
    }
    findings
}

#[test]
fn recorded_sessions() {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let mut broken = BTreeMap::new();
    for name in ["basic", "calls", "connect", "events"] {
        let report = report_on(spec, judged(name));
        let failed: Vec<String> = failed(&report).into_iter().map(str::to_owned).collect();
        broken.insert(name, failed);
    }
    let expected: BTreeMap<&str, Vec<String>> = BROKEN
        .iter()
        .map(|(name, cases)| (*name, cases.iter().map(|&case| case.to_owned()).collect()))
        .collect();
    assert_eq!(broken, expected);
}

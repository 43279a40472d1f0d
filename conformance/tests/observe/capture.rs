//! What a capture holds is judged as if it had been watched, and what it does not hold is said.

use std::process::{Command, Output};

use iotmp_conformance::observe::capture::Capture as Read;
use iotmp_conformance::report::Report;
use iotmp_conformance::specs;
use iotmp_conformance::verdict::Kind;
use serde_json::json;

use crate::pcap_file::{Capture, Link, PORT};
use crate::shipping::session;
use crate::talk::{Device, PATIENCE, Server, Talk, cases, failed, report_on, seen, text, verdicts};

fn judged(file: &[u8], port: Option<u16>) -> Report {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let findings = Read::read(file).unwrap().judge(spec, port, PATIENCE);
    report_on(spec, findings)
}

fn notes(report: &Report) -> String {
    report.runs[0].notes.join("\n")
}

/// A talk with a fault of the device: it answers twice.
fn talk() -> Talk {
    let run = |id: u16| json!({"type": "run", "stream_id": id, "resource": "led"});
    let ok = |id: u16| json!({"type": "ok", "stream_id": id});
    Talk::connected("iotmp-shipping")
        .say(Server, run(3))
        .say(Server, run(4))
        .say(Device, ok(4))
        .say(Device, ok(3))
        .say(Device, ok(3))
        .say(Device, json!({"type": "keep_alive"}))
        .say(Server, json!({"type": "keep_alive"}))
}

fn captured(talk: &Talk, link: Link, v6: bool) -> Capture {
    let mut capture = Capture::new(link, v6).open();
    for (at, side, bytes) in &talk.steps {
        capture.send(*at, *side == Device, bytes);
    }
    capture.close(talk.steps.last().unwrap().0);
    capture
}

#[test]
fn every_link_layer_and_both_formats_say_the_same() {
    let talk = talk();
    let expected = verdicts(&talk.report());
    assert_eq!(failed(&talk.report()), ["device.observed.run.one-answer"]);
    for link in [Link::Null, Link::Ethernet, Link::Raw, Link::Sll, Link::Sll2] {
        for v6 in [false, true] {
            let capture = captured(&talk, link, v6);
            let old = judged(&capture.pcap(), None);
            assert_eq!(verdicts(&old), expected, "{link:?} {v6} {}", text(&old));
            let new = judged(&capture.pcapng(), Some(PORT));
            assert_eq!(verdicts(&new), expected, "{link:?} {v6} {}", text(&new));
        }
    }
}

#[test]
fn segments_that_come_twice_in_disorder_and_overlapping() {
    let talk = talk();
    let expected = verdicts(&talk.report());
    let mut capture = Capture::new(Link::Raw, false).open();
    // Everything byte by byte, so that there is something to put in order.
    for (at, side, bytes) in &talk.steps {
        let begins = capture.packets.len();
        for byte in bytes {
            capture.send(*at, *side == Device, &[*byte]);
        }
        let mut whole = capture.clone();
        whole.packets.truncate(begins);
        // The segments of one message in reverse, and each of them twice.
        let mut segments = capture.packets.split_off(begins);
        segments.reverse();
        for segment in segments {
            capture.packets.push(segment.clone());
            capture.packets.push(segment);
        }
    }
    capture.close(talk.steps.last().unwrap().0);
    let report = judged(&capture.pcap(), None);
    assert_eq!(verdicts(&report), expected, "{}", text(&report));
}

#[test]
fn a_segment_that_repeats_others_adds_nothing() {
    let talk = talk();
    let mut capture = Capture::new(Link::Ethernet, false).open();
    let (mut sent, mut first) = (Vec::new(), None);
    for (at, side, bytes) in &talk.steps {
        if *side == Device {
            if first.is_none() {
                first = Some(capture.clone());
            }
            sent.extend(bytes);
        }
        capture.send(*at, *side == Device, bytes);
    }
    let last = talk.steps.last().unwrap().0;
    // All that the device ever sent, once more and in one piece.
    let mut again = first.unwrap();
    again.packets.clear();
    again.send(last, true, &sent);
    capture.packets.append(&mut again.packets);
    capture.close(last);
    let report = judged(&capture.pcap(), None);
    assert_eq!(verdicts(&report), verdicts(&talk.report()));
}

#[test]
fn what_was_not_captured_is_said_and_blamed_on_nobody() {
    let talk = talk();
    let mut capture = Capture::new(Link::Raw, false).open();
    for (index, (at, side, bytes)) in talk.steps.iter().enumerate() {
        // The first Run: what answers it has no request.
        if index == 2 {
            capture.lose(false, u32::try_from(bytes.len()).unwrap());
        } else {
            capture.send(*at, *side == Device, bytes);
        }
    }
    capture.close(talk.steps.last().unwrap().0);
    let report = judged(&capture.pcap(), None);
    assert_eq!(failed(&report), [] as [&str; 0], "{}", text(&report));
    let expected = "connection 1: 9 bytes of the server were not seen";
    assert!(notes(&report).contains(expected), "{}", notes(&report));
    // What came before is judged; a start that was searched for has to prove itself first.
    assert_eq!(seen(&report, "server.observed.connect.accepted"), 1);
    assert_eq!(seen(&report, "server.observed.framing.message"), 1);
    assert_eq!(seen(&report, "device.observed.framing.message"), 5);
}

#[test]
fn a_capture_that_begins_in_the_middle() {
    let talk = talk();
    let mut capture = Capture::new(Link::Raw, false);
    for (at, side, bytes) in talk.steps.iter().skip(3) {
        capture.send(*at, *side == Device, bytes);
    }
    capture.close(talk.steps.last().unwrap().0);
    let report = judged(&capture.pcap(), None);
    assert_eq!(failed(&report), [] as [&str; 0], "{}", text(&report));
    assert!(notes(&report).contains("its beginning was not seen"));
    assert_eq!(seen(&report, "device.observed.run.one-answer"), 1);
    assert_eq!(seen(&report, "device.observed.connect.first"), 0);
}

#[test]
fn several_connections_and_others_that_are_none_of_ours() {
    let talk = talk();
    let mut capture = captured(&talk, Link::Raw, false).another().open();
    for (at, side, bytes) in talk.steps.iter().take(4) {
        capture.send(*at, *side == Device, bytes);
    }
    capture.reset(talk.steps.last().unwrap().0, true);
    let mut capture = capture.another().open();
    capture.send(9000, true, b"GET / HTTP/1.1\r\n\r\n");
    capture.close(9500);
    let report = judged(&capture.pcap(), None);
    let notes = notes(&report);
    assert!(notes.contains("connection 2: device 10.0.0.1:40002, server 10.0.0.2:25204"));
    assert!(
        notes.contains("1 connections were passed over, such as 10.0.0.1:40003"),
        "{notes}"
    );
    assert_eq!(seen(&report, "device.observed.connect.first"), 2);
    assert_eq!(failed(&report), ["device.observed.run.one-answer"]);
    // With its port it is judged for what it is.
    let report = judged(&capture.pcap(), Some(PORT));
    let none = "device.observed.framing.message";
    assert!(failed(&report).contains(&none), "{}", text(&report));
}

#[test]
fn a_recorded_session_says_the_same_in_a_capture() {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let steps = session("events");
    let mut capture = Capture::new(Link::Ethernet, false).open();
    let mut judge = iotmp_conformance::observe::Judge::new(spec, 1, PATIENCE);
    let (began, last) = (steps[0].0, steps.last().unwrap().0);
    capture.packets.iter_mut().for_each(|(at, _)| *at = began);
    for (at, device, bytes) in steps {
        capture.send(at, device, &bytes);
        judge.bytes(if device { Device } else { Server }, at - began, &bytes);
    }
    let live = report_on(spec, judge.finish(last - began));
    assert!(cases(&live, Kind::Pass).len() > 10);
    assert_eq!(verdicts(&judged(&capture.pcap(), None)), verdicts(&live));
}

/// A capture by tshark on a loopback interface, see `captures/PROVENANCE.md`.
#[test]
fn a_capture_by_another_program_says_the_same() {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let mut judge = iotmp_conformance::observe::Judge::new(spec, 1, PATIENCE);
    for (at, device, bytes) in session("events") {
        judge.bytes(if device { Device } else { Server }, at, &bytes);
    }
    judge.closed(Device, 1_000_000, iotmp_conformance::observe::End::Closed);
    let played = report_on(spec, judge.finish(1_000_000));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/events.pcap");
    let report = judged(&std::fs::read(path).unwrap(), None);
    assert_eq!(verdicts(&report), verdicts(&played), "{}", text(&report));
}

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"));
    command.args(arguments).output().unwrap()
}

#[test]
fn the_program_ends_with_the_number_of_the_contract() {
    let folder = std::env::temp_dir().join(format!("iotmp-pcap-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let bad = write("bad.pcap", &captured(&talk(), Link::Raw, false).pcap());
    let good = Talk::connected("iotmp-shipping");
    let good = write("good.pcap", &captured(&good, Link::Raw, false).pcapng());
    let empty = write("empty.pcap", &Capture::new(Link::Raw, false).pcap());
    let code = |arguments: &[&str]| program(arguments).status.code();
    assert_eq!(code(&["pcap", &bad]), Some(1));
    assert_eq!(code(&["pcap", &good]), Some(4));
    assert_eq!(code(&["pcap", &good, "--allow-untested"]), Some(0));
    assert_eq!(code(&["pcap", &empty]), Some(4));
    assert_eq!(
        code(&["pcap", &good, "--select", "device.no-such"]),
        Some(2)
    );
    assert_eq!(code(&["pcap", &good, "--spec", "nubison"]), Some(2));
    let one = "device.observed.run.one-answer";
    let output = program(&["pcap", &bad, "--select", one, "--report", "json=-"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = include_str!("../../schema/report.json");
    let schema = serde_json::from_str(schema).unwrap();
    let faults: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(faults, [] as [&str; 0]);
    assert_eq!(report["runs"][1]["cases"][0]["clause"], "IOTMP25-RUN-001");
    std::fs::remove_dir_all(&folder).unwrap();
}

//! What people see.

use std::fs;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::specs;
use serde_json::json;

use super::super::capture::{Capture, Sender};
use super::super::command::spec;
use super::super::tshark::{Dissector, is_missing};
use super::sent::{Sizes, message};

/// Text of exactly so many bytes.
fn padded(text: &str, size: usize) -> Vec<u8> {
    format!("{text:.<size$}").into_bytes()
}

#[test]
fn a_layout_without_keys_is_shown_field_by_field() {
    if is_missing() {
        return;
    }
    let dissector = Dissector::of("../spec/nubison.yaml", "nubison");
    let ticket = |number: u8| vec![number; 8];
    let token = padded("token", 24);
    let packet = |parts: &[&[u8]]| parts.concat();
    let login = packet(&[
        b"L",
        &ticket(1),
        &padded("client", 20),
        &padded("secret", 20),
        &padded("product", 8),
        b"\x03abc",
    ]);
    let mut capture = Capture::new();
    let mut say = |sender, bytes: &[u8], cut: usize| {
        // In two segments, so that it is put together.
        let (head, tail) = bytes.split_at(cut);
        for segment in [head, tail] {
            if !segment.is_empty() {
                capture.segment(sender, segment);
            }
        }
    };
    use Sender::{Device as D, Server as S};
    say(D, &login, 30);
    say(S, &packet(&[b"R", &ticket(1), &[1], &token, b"\x02ke"]), 0);
    say(
        D,
        &packet(&[b"D", &ticket(2), &token, b"\x01\x00", &[0xff; 256]]),
        34,
    );
    // Two answers are open, and come out of order.
    say(D, &packet(&[b"H", &ticket(3), &token]), 0);
    say(S, &packet(&[b"R", &ticket(3), &[0], b"\x00\x05"]), 0);
    say(S, &packet(&[b"R", &ticket(2), &[1]]), 0);
    say(S, &packet(&[b"C", &ticket(4), &token, b"\x01x"]), 0);
    say(D, &packet(&[b"R", &ticket(4), &[1], b"\x02ok"]), 0);
    // Nobody asked for this one.
    say(S, &packet(&[b"R", &ticket(9), &[1], b"\x01\x02"]), 0);
    say(D, &packet(&[b"X", &ticket(5)]), 0);
    // Two packets in one segment; the text of the second is none.
    say(
        D,
        &packet(&[b"O", &ticket(6), &token, b"O", &ticket(7), &[0xff; 24]]),
        0,
    );
    let shown = dissector.messages(&capture, &[]);
    let summary: Vec<String> = shown
        .iter()
        .map(|message| {
            let name = message.field("nubison.message").expect("a name");
            let mut line = format!("{:?} {name}", message.sender());
            for (key, value) in &message.fields {
                if let Some(field) = key.strip_prefix(&format!("nubison.{name}."))
                    && !field.ends_with("session_id")
                {
                    line.push_str(&format!(" {field}={}", value.as_str().unwrap_or("…")));
                }
            }
            for mark in ["malformed", "unknown_message.expert"] {
                if message.has(&format!("nubison.{mark}")) {
                    line.push_str(&format!(" [{mark}]"));
                }
            }
            line.replace(&":ff".repeat(255), ":ff…")
        })
        .collect();
    insta::assert_snapshot!(summary.join("\n"));
}

#[test]
fn every_specification_has_a_dissector_that_tshark_takes() {
    if is_missing() {
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let dissector = Dissector::of(&path.to_string_lossy(), "every-specification");
            let mut capture = Capture::new();
            // Seven bytes behind a size, or nine bytes in all.
            capture.segment(Sender::Device, &[0x7f, 7, 0, 0, 0, 0, 0, 0, 0]);
            let arguments = ["-T", "fields", "-e", "_ws.col.Info"];
            assert_eq!(
                dissector.print(&capture, &arguments),
                "0x7f\n",
                "{}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn people_read_names_and_not_numbers() {
    if is_missing() {
        return;
    }
    let codec = Codec::new(specs::by_name("iotmp-2025").expect("built in"));
    let dissector = Dissector::of("iotmp-2025", "people");
    let mut capture = Capture::new();
    let connect = json!({
        "type": "connect",
        "stream_id": 1,
        "parameters": {"pv": 1, "ka": 30, "x": [-1, {"type": "bytes", "value": "00ff"}]},
        "payload": ["user1", "sensor1", "secret123"],
    });
    capture.segment(Sender::Device, &codec.encode(&connect).expect("a message"));
    // A field that there is not, and one that is not mandatory is absent.
    capture.segment(Sender::Server, &[0x01, 0x04, 0x08, 0x01, 0x78, 0x05]);
    let tree = dissector.print(&capture, &["-O", "iotmp_2025"]);
    let layers = ["Frame ", "Raw ", "Internet ", "Transmission "];
    let ours = tree
        .lines()
        .filter(|line| !layers.iter().any(|layer| line.starts_with(layer)) && !line.is_empty());
    insta::assert_snapshot!(ours.collect::<Vec<_>>().join("\n"));
}

#[test]
fn wrong_usage_is_told() {
    insta::assert_snapshot!(spec(&["dissector", "iotmp-2025", "--ports", "25204-"]).all());
    insta::assert_snapshot!(spec(&["dissector", "iotmp2025"]).all());
}

#[test]
fn values_in_every_encoding_are_shown_alike() {
    if is_missing() {
        return;
    }
    let dissector = Dissector::of("../spec/iotmp-2023.yaml", "every-encoding");
    let value = r#"{"a":[1,-2,1.5,null,true,"x"]}"#;
    let spaced = hex::encode(r#" { "a" : [1, -2, 15e-1, null, true, "\u0078"] } "#);
    for (number, hex) in [
        (1, "6a110161720d4010021d0000c03f00284a0178"),
        (2, spaced.as_str()),
        (3, "81a1619601fecb3ff8000000000000c0c3a178"),
        (
            4,
            "360000000461002e00000010300001000000103100feffffff013200000000000000f83f0a330008340001023500020000007800\
             0000",
        ),
        (5, "a16161860121f93e00f6f56178"),
        (6, "7b6901615b690169fe643fc000005a54536901785d7d"),
    ] {
        let bytes = hex::decode(hex).expect("hex");
        let size = u8::try_from(bytes.len()).expect("small");
        let field = [&[0x1f, size], bytes.as_slice()].concat();
        let mut capture = Capture::new();
        // The Connect asks for the encoding that its own payload is in.
        capture.segment(
            Sender::Device,
            &message(0x03, &[&[0x08, 1, 0x28, number], field.as_slice()].concat()),
        );
        capture.segment(
            Sender::Server,
            &message(0x0a, &[&[0x08, 2], field.as_slice()].concat()),
        );
        let shown = dissector.messages(&capture, &[]);
        for (shown, name) in shown.iter().zip(["connect", "stream_data"]) {
            assert!(!shown.has("iotmp_2023.malformed"), "{number}: {shown:?}");
            let payload = shown.field(&format!("iotmp_2023.{name}.payload"));
            assert_eq!(payload, Some(value), "{number}");
        }
        assert_eq!(shown.len(), 2);

        // Whatever is wrong with a value, the dissector says so and goes on.
        let mut sizes = Sizes(u32::from(number));
        let mut capture = Capture::new();
        for round in 0..300 {
            let mut mutated = bytes.clone();
            let at = (sizes.next() * 61 + sizes.next()) % mutated.len();
            mutated[at] ^= 1 << (sizes.next() % 8);
            if round % 3 == 0 {
                mutated.truncate(at);
            }
            let size = u8::try_from(mutated.len()).expect("small");
            let body = [&[0x08, 2, 0x1f, size], mutated.as_slice()].concat();
            capture.segment(Sender::Server, &message(0x0a, &body));
        }
        let encodings = ["pson1", "json", "messagepack", "bson", "cbor", "ubjson"];
        let preference = format!("iotmp_2023.encoding:{}", encodings[usize::from(number) - 1]);
        let shown = dissector.messages(&capture, &["-o", &preference]);
        assert_eq!(shown.len(), 300, "{preference}");
    }
}

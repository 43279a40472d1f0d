//! What tshark shows is what the suite's own codec reads, and it marks as malformed what that refuses.

use core::time::Duration;
use std::fs;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::specs;
use iotmp_conformance::vector::{self, Kind};
use iotmp_ref::device::Device;
use iotmp_ref::pson::Value;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{Iotmp2025, IotmpShipping};
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Body;
use serde::Deserialize;
use serde_json::json;

use super::super::capture::{Capture, Sender};
use super::super::tshark::{Dissector, is_missing};
use super::sent::{Sent, Sizes, around, assert_all_shown, message, of_vector, read};

#[derive(Deserialize)]
struct Line {
    from: String,
    hex: String,
}

/// A recorded session: who sent what, and where connections begin.
fn session(name: &str) -> Vec<(Sender, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/shipping/sessions");
    let text = fs::read_to_string(format!("{folder}/{name}.jsonl")).expect("a session");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).expect("a line"));
    lines
        .map(|line| {
            let sender = match line.from.as_str() {
                "device" => Sender::Device,
                _ => Sender::Server,
            };
            (sender, hex::decode(line.hex).expect("hex"))
        })
        .collect()
}

#[test]
fn recorded_sessions_are_shown_as_the_codec_reads_them() {
    if is_missing() {
        return;
    }
    let codec = Codec::new(specs::by_name("iotmp-shipping").expect("built in"));
    let connect = codec.spec().message("connect").expect("a message").code;
    let dissector = Dissector::of("iotmp-shipping", "recorded-sessions");
    let (mut total, mut refused) = (0, 0);
    for name in ["basic", "calls", "connect", "events"] {
        let mut capture = Capture::new();
        let mut sent = Vec::new();
        let mut sizes = Sizes(7);
        let lines = session(name);
        let mut at = 0;
        while let Some((sender, bytes)) = lines.get(at) {
            // A Connect begins a connection, and so does what follows the end of one.
            if bytes.is_empty() || u32::from(bytes[0]) == connect {
                capture.connect();
            }
            // What one end says before the other answers goes into one stream of bytes, which is
            // cut without regard for messages.
            let mut stream = bytes.clone();
            sent.extend(read(&codec, *sender, bytes));
            at += 1;
            while let Some((_, more)) = lines.get(at).filter(|(other, more)| {
                other == sender && !more.is_empty() && u32::from(more[0]) != connect
            }) {
                stream.extend(more);
                sent.extend(read(&codec, *sender, more));
                at += 1;
            }
            sizes.cut(&stream, |segment| capture.segment(*sender, segment));
        }
        let shown = dissector.messages(&capture, &[]);
        assert_all_shown(&codec, &dissector, &shown, &sent);
        total += sent.len();
        refused += sent.iter().filter(|sent| sent.message.is_none()).count();
    }
    assert!(
        total > 480 && refused > 15,
        "{total} messages, {refused} refused"
    );
}

#[test]
fn vectors_are_shown_as_the_codec_reads_them() {
    if is_missing() {
        return;
    }
    let mut total = 0;
    for set in vector::all() {
        let Body::KeyValue(layout) = &set.spec.body else {
            continue;
        };
        let dissector = Dissector::of(&set.spec.name, &format!("vectors-{}", set.spec.name));
        let default = Encoding::from_name(&layout.values.default_encoding).expect("an encoding");
        // What a receiver finds by itself, then what it is told.
        let told = Codec::new(set.spec).encodings().into_iter().map(Some);
        for encoding in [None].into_iter().chain(told) {
            let codec = match encoding {
                None => Codec::new(set.spec),
                Some(encoding) => Codec::new(set.spec).with_encoding(encoding),
            };
            let mut capture = Capture::new();
            let mut sent = Vec::new();
            for vector in &set.vectors {
                let Some(bytes) = &vector.bytes else { continue };
                if vector.encoding != encoding {
                    continue;
                }
                let bytes = match vector.kind {
                    Kind::Message => bytes.clone(),
                    Kind::Value => around(set.spec, encoding.unwrap_or(default), bytes),
                };
                if let Some(messages) = of_vector(&codec, &bytes) {
                    capture.connect();
                    // Some are longer than a packet may be.
                    for segment in bytes.chunks(30_000) {
                        capture.segment(Sender::Device, segment);
                    }
                    sent.extend(messages);
                }
            }
            let choice = encoding.map(|encoding| {
                let name = encoding.name();
                format!("{}.encoding:{name}", dissector.protocol())
            });
            // There is nothing to choose from where there is one encoding.
            let choice = choice.filter(|_| Codec::new(set.spec).encodings().len() > 1);
            let arguments: Vec<&str> = choice.iter().flat_map(|choice| ["-o", choice]).collect();
            let shown = dissector.messages(&capture, &arguments);
            total += sent.len();
            assert_all_shown(&codec, &dissector, &shown, &sent);
        }
    }
    assert!(total > 300, "{total}");
}

/// A line of the recorded values, messages and malformed bytes.
#[derive(Deserialize)]
struct Recorded {
    hex: String,
    #[serde(default)]
    decoder: String,
}

fn recorded(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/shipping");
    let text = fs::read_to_string(format!("{folder}/{name}.jsonl")).expect("a file");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Recorded>(line).expect("a line"));
    lines
        .map(|line| (line.decoder, hex::decode(line.hex).expect("hex")))
        .collect()
}

#[test]
fn recorded_and_mutated_bytes_are_shown_as_the_codec_reads_them() {
    if is_missing() {
        return;
    }
    for (name, encoding) in [
        ("iotmp-2025", Encoding::Pson1),
        ("iotmp-shipping", Encoding::Pson2),
    ] {
        let spec = specs::by_name(name).expect("built in");
        let codec = Codec::new(spec).with_encoding(encoding);
        let values = format!("{}-values", encoding.name());
        let mut inputs: Vec<_> = recorded(&values)
            .into_iter()
            .filter(|(_, value)| value.len() < 1000)
            .map(|(_, value)| around(spec, encoding, &value))
            .collect();
        for (decoder, bytes) in recorded("malformed") {
            if decoder == encoding.name() {
                inputs.push(around(spec, encoding, &bytes));
            } else if decoder == "body" && bytes.len() < 0x80 {
                inputs.push(message(0x0a, &bytes));
            }
        }
        if encoding == Encoding::Pson2 {
            inputs.extend(recorded("messages").into_iter().map(|(_, bytes)| bytes));
        }
        // One byte of each changed, the header left alone so that the stream goes on.
        let mut sizes = Sizes(11);
        for _ in 0..3 {
            for input in inputs.clone() {
                if input.len() > 2 && input[1] < 0x80 {
                    let mut mutated = input;
                    let at = 2 + sizes.next() * 7 % (mutated.len() - 2);
                    mutated[at] ^= 1 << (sizes.next() % 8);
                    inputs.push(mutated);
                }
            }
        }
        let mut capture = Capture::new();
        let mut sent = Vec::new();
        for bytes in &inputs {
            if let Some(messages) = of_vector(&codec, bytes) {
                capture.connect();
                capture.segment(Sender::Device, bytes);
                sent.extend(messages);
            }
        }
        let dissector = Dissector::of(name, &format!("recorded-{name}"));
        assert_all_shown(
            &codec,
            &dissector,
            &dissector.messages(&capture, &[]),
            &sent,
        );
        let refused = sent.iter().filter(|sent| sent.message.is_none()).count();
        assert!(
            sent.len() > 500 && refused > 100,
            "{} messages, {refused} refused",
            sent.len()
        );
    }
}

/// A conversation on its way into a capture.
struct Talk<'s> {
    codec: Codec<'s>,
    capture: Capture,
    sent: Vec<Sent>,
    sizes: Sizes,
}

impl Talk<'_> {
    fn say(&mut self, sender: Sender, bytes: &[u8]) {
        self.sent.extend(read(&self.codec, sender, bytes));
        let capture = &mut self.capture;
        self.sizes
            .cut(bytes, |segment| capture.segment(sender, segment));
    }

    /// Lets a device do what it has to, and takes down what it says.
    fn hear(&mut self, device: &mut Device, now: Duration) {
        while device.poll_event(now).is_some() {}
        let bytes = device.poll_output().to_vec();
        device.handle_written(now, bytes.len());
        self.say(Sender::Device, &bytes);
    }
}

#[test]
fn a_session_of_ours_is_shown_as_the_codec_reads_it() {
    if is_missing() {
        return;
    }
    let shipping: &'static dyn Dialect = &IotmpShipping;
    for (dialect, version, encoding) in [
        (shipping, 0, Encoding::Pson2),
        (&Iotmp2025, 0, Encoding::Pson1),
        // The Connect says so, and tshark has to find it out.
        (&Iotmp2025, 1, Encoding::Pson2),
    ] {
        let name = dialect.name();
        let codec = Codec::new(specs::by_name(name).expect("built in")).with_encoding(encoding);
        let mut talk = Talk {
            codec,
            capture: Capture::new(),
            sent: Vec::new(),
            sizes: Sizes(3),
        };
        let mut device = Device::new("user1", "sensor1", "secret123")
            .dialect(dialect)
            .protocol_version(version)
            .output("temperature", || 22.5)
            .input("led", |_: Value| ())
            .input_output("echo", |value: Value| value);
        let mut now = Duration::ZERO;
        device.connect(now).expect("it may connect");
        talk.hear(&mut device, now);
        let connect = talk
            .sent
            .last()
            .and_then(|sent| sent.message.clone())
            .expect("a Connect");
        for request in [
            json!({"type": "ok", "stream_id": connect["stream_id"]}),
            json!({"type": "describe", "stream_id": 1}),
            json!({"type": "run", "stream_id": 2, "resource": "echo", "payload": {"deep": [1, -2, 3.25, null, true, {"ñ": "\u{0}"}]}}),
            json!({"type": "run", "stream_id": 3, "resource": "led", "payload": {"type": "bytes", "value": "00ff"}}),
            json!({"type": "run", "stream_id": 4, "resource": "nothing"}),
            json!({"type": "start_stream", "stream_id": 5, "resource": "temperature", "parameters": {"interval": 1}}),
            json!({"type": "stop_stream", "stream_id": 5}),
            json!({"type": "0x7f", "body": {"type": "bytes", "value": "0801"}}),
            json!({"type": "keep_alive"}),
            json!({"type": "disconnect", "stream_id": 6}),
        ] {
            let bytes = codec.encode(&request).expect("a message");
            talk.say(Sender::Server, &bytes);
            device.handle_input(now, &bytes);
            talk.hear(&mut device, now);
            now += Duration::from_millis(10);
        }
        let dissector = Dissector::of(name, &format!("ours-{name}-{version}"));
        let shown = dissector.messages(&talk.capture, &[]);
        assert!(talk.sent.len() > 17, "{}", talk.sent.len());
        assert!(talk.sent.iter().all(|sent| sent.message.is_some()));
        assert_all_shown(&codec, &dissector, &shown, &talk.sent);
    }
}

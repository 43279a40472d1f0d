//! `spec dissector`, in the real tshark: what it shows is held against what the suite's own codec reads.

use std::fs;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::json::{self, field_meaning};
use iotmp_conformance::specs;
use iotmp_conformance::vector::{self, Kind};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, FieldType, Shape, Spec, WireType};
use serde::Deserialize;
use serde_json::Value as Json;

use super::capture::{Capture, Sender};
use super::tshark::{Dissector, Shown, is_missing};

/// A message that was sent, and what the codec makes of it.
#[derive(Debug)]
struct Sent {
    sender: Sender,
    hex: String,
    /// The message, unless it is refused.
    message: Option<Json>,
}

/// Reads the messages in `bytes`. One that is refused is the last of its bytes, or all that its size says.
fn read(codec: &Codec<'_>, sender: Sender, bytes: &[u8]) -> Vec<Sent> {
    let mut sent = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (message, length) = match codec.decode(rest) {
            Ok(decoded) => (Some(decoded.message), decoded.consumed),
            // Every message here has one byte of size.
            Err(_) => (None, (2 + usize::from(rest[1])).min(rest.len())),
        };
        let hex = hex::encode(&rest[..length]);
        sent.push(Sent {
            sender,
            hex,
            message,
        });
        rest = &rest[length..];
    }
    sent
}

/// What a field of a message means, by tshark.
fn meaning(field: &FieldType, shown: &str) -> Value {
    match field {
        FieldType::Any(_) => {
            let json = json::parse(shown).unwrap_or_else(|error| panic!("{shown}: {error}"));
            field_meaning(&json).unwrap_or_else(|error| panic!("{shown}: {error}"))
        }
        _ => Value::from(shown.parse::<u64>().expect("a number")),
    }
}

/// Asserts that tshark shows a message as the codec reads it.
fn assert_shown(codec: &Codec<'_>, protocol: &str, shown: &Shown, sent: &Sent) {
    let hex = &sent.hex;
    assert_eq!(shown.sender(), sent.sender, "{hex}");
    let malformed = shown.has(&format!("{protocol}.malformed")) || shown.has("_ws.malformed");
    assert_eq!(malformed, sent.message.is_none(), "{hex}: {shown:?}");
    let Some(message) = &sent.message else { return };
    let name = message["type"].as_str().expect("a name");
    assert_eq!(
        shown.field(&format!("{protocol}.message")),
        Some(name),
        "{hex}"
    );
    let Some(model) = codec.spec().message(name) else {
        assert!(
            shown.has(&format!("{protocol}.unknown_message.expert")),
            "{hex}"
        );
        return;
    };
    for field in &model.fields {
        let shown = shown.field(&format!("{protocol}.{name}.{}", field.name));
        let shown = shown.map(|text| meaning(&field.ty, text));
        let read = message
            .get(&field.name)
            .map(|json| field_meaning(json).expect("a value"));
        assert_eq!(shown, read, "{name}.{} of {hex}", field.name);
    }
}

fn assert_all_shown(codec: &Codec<'_>, dissector: &Dissector, shown: &[Shown], sent: &[Sent]) {
    let names = |shown: &Shown| {
        shown
            .field(&format!("{}.message", dissector.protocol()))
            .map(str::to_owned)
    };
    assert_eq!(
        shown.len(),
        sent.len(),
        "{:?}",
        shown.iter().map(names).collect::<Vec<_>>()
    );
    for (shown, sent) in shown.iter().zip(sent) {
        assert_shown(codec, dissector.protocol(), shown, sent);
    }
}

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

/// Sizes of segments, different from one to the next but the same in every run.
struct Sizes(u32);

impl Sizes {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (self.0 >> 16) as usize % 61
    }
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
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(sizes.next().min(rest.len()));
                capture.segment(*sender, now);
                rest = later;
            }
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

/// What the codec reads of a vector's bytes, in messages; nothing where the first is not whole, so
/// that tshark waits for the rest.
fn of_vector(codec: &Codec<'_>, bytes: &[u8]) -> Option<Vec<Sent>> {
    let mut sent = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = framed(rest)?;
        let (message, length) = match codec.decode(rest) {
            Ok(decoded) => (Some(decoded.message), decoded.consumed),
            Err(_) => (None, length),
        };
        let hex = hex::encode(&rest[..length]);
        sent.push(Sent {
            sender: Sender::Device,
            hex,
            message,
        });
        rest = &rest[length..];
    }
    Some(sent)
}

/// The bytes of the first message by its header; nothing where they are not all there.
fn framed(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut number = || {
        let mut value = 0_u64;
        for index in 0..5 {
            let byte = *bytes.get(at)?;
            at += 1;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return u32::try_from(value).ok();
            }
        }
        None
    };
    number()?;
    let size = usize::try_from(number()?).ok()?;
    Some(at + size).filter(|end| *end <= bytes.len())
}

/// A message that holds a value in a field of any type, written by hand.
fn around(spec: &Spec, encoding: Encoding, value: &[u8]) -> Vec<u8> {
    let Body::KeyValue(layout) = &spec.body else {
        panic!("no key-value body")
    };
    let carries = |wire: &&WireType| matches!(&wire.shape, Shape::Encoded(names) if names.iter().any(|name| name == encoding.name()));
    let wire = layout
        .wire_types
        .iter()
        .find(carries)
        .expect("a wire type")
        .id;
    let message = spec.message("stream_data").expect("a message");
    let id = |name: &str| u8::try_from(message.field(name).expect("a field").id).expect("small");
    let mut body = vec![id("stream_id") << 3, 1, id("payload") << 3 | wire];
    body.extend(value);
    let mut bytes = vec![u8::try_from(message.code).expect("small")];
    let mut size = body.len();
    while size > 0x7f {
        bytes.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
    bytes.extend(body);
    bytes
}

#[test]
fn vectors_are_shown_as_the_codec_reads_them() {
    if is_missing() {
        return;
    }
    for set in vector::all() {
        let Body::KeyValue(layout) = &set.spec.body else {
            continue;
        };
        let dissector = Dissector::of(&set.spec.name, &format!("vectors-{}", set.spec.name));
        let mut encodings: Vec<Encoding> = Codec::new(set.spec).encodings();
        encodings.dedup();
        let default = Encoding::from_name(&layout.values.default_encoding).expect("an encoding");
        for encoding in encodings {
            let codec = Codec::new(set.spec).with_encoding(encoding);
            let mut capture = Capture::new();
            let mut sent = Vec::new();
            for vector in &set.vectors {
                let Some(bytes) = &vector.bytes else { continue };
                if vector.encoding.unwrap_or(default) != encoding {
                    continue;
                }
                let bytes = match vector.kind {
                    Kind::Message => bytes.clone(),
                    Kind::Value => around(set.spec, encoding, bytes),
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
            let preference = format!("{}.encoding:{}", dissector.protocol(), encoding.name());
            let choice = ["-o", preference.as_str()];
            let arguments: &[&str] = if encoding == default { &[] } else { &choice };
            let shown = dissector.messages(&capture, arguments);
            assert!(
                sent.len() > 20,
                "{} in {}: {}",
                set.spec.name,
                encoding.name(),
                sent.len()
            );
            assert_all_shown(&codec, &dissector, &shown, &sent);
        }
    }
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

/// A message of one byte of size around a body.
fn message(code: u8, body: &[u8]) -> Vec<u8> {
    let size = u8::try_from(body.len()).expect("small");
    assert!(size < 0x80);
    [&[code, size], body].concat()
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

//! Messages that were sent, what the codec reads of them, and what tshark shows.

use iotmp_conformance::codec::Codec;
use iotmp_conformance::json::{field_meaning, parse};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, FieldType, KeyPart, Shape, Spec, WireType};
use serde_json::Value as Json;

use super::super::capture::Sender;
use super::super::tshark::{Dissector, Shown};

/// A message that was sent, and what the codec makes of it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) sender: Sender,
    pub(super) hex: String,
    /// The message, unless it is refused.
    pub(super) message: Option<Json>,
}

/// Reads the messages in `bytes`. One that is refused is the last of its bytes, or all that its size says.
pub(super) fn read(codec: &Codec<'_>, sender: Sender, bytes: &[u8]) -> Vec<Sent> {
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

/// What the codec reads of a vector's bytes, in messages; nothing where the first is not whole, so
/// that tshark waits for the rest.
pub(super) fn of_vector(codec: &Codec<'_>, bytes: &[u8]) -> Option<Vec<Sent>> {
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
pub(super) fn around(spec: &Spec, encoding: Encoding, value: &[u8]) -> Vec<u8> {
    let Body::KeyValue(layout) = &spec.body else {
        panic!("no key-value body")
    };
    let carries = |wire: &&WireType| matches!(&wire.shape, Shape::Encoded(names) | Shape::Sized(names) if names.iter().any(|name| name == encoding.name()));
    let wire = layout.wire_types.iter().find(carries);
    let wire = wire.expect("a wire type");
    let names = ["stream_data", "stream_sample"];
    let message = names.iter().find_map(|name| spec.message(name));
    let message = message.expect("a message");
    let field = |names: [&str; 2]| names.into_iter().find_map(|name| message.field(name));
    let key = |names, wire: u8| {
        let id = u8::try_from(field(names).expect("a field").id).expect("small");
        match layout.high {
            KeyPart::Field => id << layout.low_bits | wire,
            KeyPart::WireType => wire << layout.low_bits | id,
        }
    };
    let mut body = vec![key(["stream_id"; 2], 0), 1];
    body.push(key(["payload", "output"], wire.id));
    if matches!(wire.shape, Shape::Sized(_)) {
        body.extend(varint(value.len()));
    }
    body.extend(value);
    let mut bytes = vec![u8::try_from(message.code).expect("small")];
    bytes.extend(varint(body.len()));
    bytes.extend(body);
    bytes
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A message of one byte of size around a body.
pub(super) fn message(code: u8, body: &[u8]) -> Vec<u8> {
    let size = u8::try_from(body.len()).expect("small");
    assert!(size < 0x80);
    [&[code, size], body].concat()
}

/// What a field of a message means, by tshark.
fn meaning(field: &FieldType, shown: &str) -> Value {
    match field {
        FieldType::Any(_) => {
            let json = parse(shown).unwrap_or_else(|error| panic!("{shown}: {error}"));
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

pub(super) fn assert_all_shown(
    codec: &Codec<'_>,
    dissector: &Dissector,
    shown: &[Shown],
    sent: &[Sent],
) {
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

/// Sizes of segments, different from one to the next but the same in every run.
pub(super) struct Sizes(pub(super) u32);

impl Sizes {
    pub(super) fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (self.0 >> 16) as usize % 61
    }

    /// Cuts bytes into segments.
    pub(super) fn cut(&mut self, mut bytes: &[u8], mut segment: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(self.next().min(bytes.len()));
            segment(now);
            bytes = later;
        }
    }
}

//! A codec that interprets a specification: the suite's own judge.
//!
//! It shares nothing with the generated codec of the reference but the
//! specification that both follow, so that one mistake cannot hide in both.
//! Messages are plain JSON with the names of the specification:
//!
//! ```json
//! {"type":"connect","stream_id":1,"payload":["user1","sensor1","secret123"]}
//! ```
//!
//! Values in them are as [`json`] has them. A message whose type
//! the specification does not name is `{"type":"0x7f","body":{"type":"bytes","value":"0801"}}`;
//! in that form a body can be given to any type. Fields that are the same in
//! every message of their type are left out.
//!
//! Where several messages share a type, and the request decides which of them
//! its answer is, [`Codec::answering`] names it; without it they are read as
//! the one that stands for all of them.
//!
//! What the sources leave open is read as the ambiguities of the specification
//! say of the reference: longer forms of numbers are accepted, fields come in
//! any order, of a field that comes twice the last counts, unknown fields are
//! skipped (and named in the annotations).

mod announce;
mod body;
mod compose;
mod explain;
mod foreign;
mod pson1;
mod pson2;
mod refusal;
mod walk;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, Field, FieldType, IntEncoding, KeyValue, Message, Shape, Spec};
use serde_json::Value as Json;

use crate::json;
use crate::value::WireValue;

pub use self::explain::{explain, explain_refusal};
pub use self::refusal::{Class, Refusal};
use self::walk::Walk;

/// Deepest nesting of a value where a specification sets no limit.
const DEFAULT_MAX_DEPTH: u64 = 128;

/// What a run of bytes means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Bytes from the start of the input.
    pub offset: usize,
    /// Number of bytes; never 0.
    pub length: usize,
    /// The way down to the value that they belong to, such as `connect.payload[2]`.
    pub path: String,
    /// What the bytes are: `message type`, `key`, `tag`, `size`, `string`, …
    pub label: &'static str,
    /// What they say.
    pub value: String,
}

/// A message, and what each of its bytes is.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The message as JSON.
    pub message: Json,
    /// Bytes that it took from the input.
    pub consumed: usize,
    /// What they mean, in their order and without gaps.
    pub annotations: Vec<Annotation>,
}

/// A value, and what each of its bytes is.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedValue {
    /// The value.
    pub value: WireValue,
    /// What its bytes mean, in their order and without gaps.
    pub annotations: Vec<Annotation>,
}

/// Reads and writes the messages of one specification.
#[derive(Clone, Copy, Debug)]
pub struct Codec<'s> {
    spec: &'s Spec,
    encoding: Option<Encoding>,
    request: Option<&'s Message>,
}

impl<'s> Codec<'s> {
    /// A codec whose values are in the specification's default encoding, or in
    /// the one that a message itself announces.
    #[must_use]
    pub fn new(spec: &'s Spec) -> Self {
        Self {
            spec,
            encoding: None,
            request: None,
        }
    }

    /// The same codec with all values in `encoding`, as after a negotiation.
    #[must_use]
    pub fn with_encoding(self, encoding: Encoding) -> Self {
        Self {
            encoding: Some(encoding),
            ..self
        }
    }

    /// The same codec for messages that answer `request`, where that decides
    /// what they hold.
    #[must_use]
    pub fn answering(self, request: &'s Message) -> Self {
        Self {
            request: Some(request),
            ..self
        }
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &'s Spec {
        self.spec
    }

    /// The encodings that the specification has a wire type for.
    #[must_use]
    pub fn encodings(&self) -> Vec<Encoding> {
        let Some(layout) = key_value(self.spec) else {
            return Vec::new();
        };
        let names = layout.wire_types.iter().flat_map(|wire| match &wire.shape {
            Shape::Encoded(names) | Shape::Sized(names) => names.as_slice(),
            Shape::Varint | Shape::Fixed(_) => &[],
        });
        let mut encodings = Vec::new();
        for encoding in names.filter_map(|name| Encoding::from_name(name)) {
            if !encodings.contains(&encoding) {
                encodings.push(encoding);
            }
        }
        encodings
    }

    /// Whether the specification has a wire type for an encoding.
    #[must_use]
    pub fn knows(&self, encoding: Encoding) -> bool {
        self.encodings().contains(&encoding)
    }

    /// The encoding of values where neither a message nor the caller says another.
    fn default_encoding(&self) -> Encoding {
        let default = key_value(self.spec)
            .and_then(|layout| Encoding::from_name(&layout.values.default_encoding));
        self.encoding.or(default).unwrap_or(Encoding::Pson2)
    }

    /// The encoding of values that say nothing of it themselves.
    pub(crate) fn encoding_in_force(&self) -> Encoding {
        self.default_encoding()
    }

    /// The encoding that a message asks for by the protocol version in it, if it does.
    #[must_use]
    pub fn announced(&self, message: &Json) -> Option<Encoding> {
        announce::announced(self, message)
    }

    fn max_depth(&self) -> usize {
        let limit = self.spec.limit("max_depth").unwrap_or(DEFAULT_MAX_DEPTH);
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// Reads the message at the start of `bytes`; more may follow it.
    ///
    /// # Errors
    /// [`Refusal`] with a class of [`Class::DECODE`]; `truncated` also for a
    /// message whose end has not arrived yet.
    pub fn decode(&self, bytes: &[u8]) -> Result<Decoded, Refusal> {
        match self.encoding {
            None => announce::decode(self, bytes),
            Some(encoding) => self.decode_as(bytes, encoding),
        }
    }

    fn decode_as(&self, bytes: &[u8], encoding: Encoding) -> Result<Decoded, Refusal> {
        let mut walk = Walk::new(bytes, self.max_depth());
        let result = body::message(self, &mut walk, encoding);
        let consumed = walk.at();
        let annotations = walk.into_notes();
        match result {
            Ok(message) => Ok(Decoded {
                message,
                consumed,
                annotations,
            }),
            Err(refusal) => Err(refusal.having_read(annotations)),
        }
    }

    /// Reads the one value that `bytes` hold.
    ///
    /// # Errors
    /// [`Refusal`], also where bytes are left over.
    pub fn decode_value(&self, encoding: Encoding, bytes: &[u8]) -> Result<DecodedValue, Refusal> {
        let mut walk = Walk::new(bytes, self.max_depth());
        let result = read_value(&mut walk, encoding).and_then(|value| {
            if walk.is_empty() {
                return Ok(value);
            }
            let left = walk::bytes(walk.left());
            let detail = format!("{left} left over after the value");
            Err(walk.refuse(Class::TrailingBytes, walk.at(), detail))
        });
        let annotations = walk.into_notes();
        match result {
            Ok(value) => Ok(DecodedValue { value, annotations }),
            Err(refusal) => Err(refusal.having_read(annotations)),
        }
    }

    /// Writes a message: fields in the order of the specification, numbers in
    /// their shortest form, maps sorted by key.
    ///
    /// # Errors
    /// [`Refusal`] at offset 0; [`Class::is_usage`] tells a fault of the JSON
    /// from one of the message.
    pub fn encode(&self, message: &Json) -> Result<Vec<u8>, Refusal> {
        let encoding = match self.encoding {
            None => announce::encoding_of(self, message),
            Some(encoding) => encoding,
        };
        compose::message(self.spec, message, encoding)
    }

    /// Writes one value.
    ///
    /// # Errors
    /// [`Refusal`] at offset 0.
    pub fn encode_value(&self, encoding: Encoding, value: &WireValue) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::new();
        write_value(self.spec, value, encoding, "", &mut out)?;
        Ok(out)
    }
}

impl Refusal {
    /// Keeps the annotations of what comes before the refused bytes, and those
    /// of a body that ends early.
    fn having_read(mut self, mut annotations: Vec<Annotation>) -> Self {
        if !(self.class == Class::Truncated && self.path.is_empty()) {
            annotations.retain(|annotation| annotation.offset < self.offset);
        }
        self.annotations = annotations;
        self
    }
}

/// The layout of bodies of keys and values, if they have one.
fn key_value(spec: &Spec) -> Option<&KeyValue> {
    match &spec.body {
        Body::KeyValue(layout) => Some(layout),
        Body::Fixed(_) => None,
    }
}

/// Reads one value where it stands: the table of encodings.
fn read_value(walk: &mut Walk<'_>, encoding: Encoding) -> Result<WireValue, Refusal> {
    match encoding {
        Encoding::Pson1 => pson1::read(walk),
        Encoding::Pson2 => pson2::read(walk),
        _ => foreign::read(walk, encoding),
    }
}

/// Writes one value: the same table.
fn write_value(
    spec: &Spec,
    value: &WireValue,
    encoding: Encoding,
    path: &str,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let max_depth = spec.limit("max_depth").unwrap_or(DEFAULT_MAX_DEPTH);
    if depth(value) > max_depth {
        let detail = format!("nested deeper than {max_depth} levels");
        return Err(Refusal::new(Class::Depth, 0, path, detail));
    }
    match encoding {
        Encoding::Pson1 => pson1::write(value, out),
        Encoding::Pson2 => pson2::write(value, out),
        _ => return foreign::write(value, encoding, path, out),
    }
    Ok(())
}

/// How many containers stand in each other.
fn depth(value: &WireValue) -> u64 {
    let inside = match value {
        WireValue::Array(elements) => elements.iter().map(depth).max(),
        WireValue::Map(pairs) => pairs.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    1 + inside.unwrap_or(0)
}

/// The shortest varint of a number.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A number as it is written; the caller has seen to it that it fits.
fn int(encoding: IntEncoding, number: u64) -> Vec<u8> {
    match encoding {
        IntEncoding::Varint(_) => varint(number),
        IntEncoding::BigEndian(bytes) => {
            let skipped = usize::from(8_u8.saturating_sub(bytes));
            number.to_be_bytes().into_iter().skip(skipped).collect()
        }
        IntEncoding::LittleEndian(bytes) => {
            let bytes = usize::from(bytes);
            number.to_le_bytes().into_iter().take(bytes).collect()
        }
    }
}

/// Why a number cannot stand in a field of a closed enum, if it cannot.
fn not_named(spec: &Spec, field: &Field, number: u64) -> Option<String> {
    let FieldType::Enum(name) = &field.ty else {
        return None;
    };
    let closed = spec.enumeration(name).filter(|e| !e.allows(number))?;
    let numbers = closed.values.iter().map(|value| value.value.to_string());
    let numbers: Vec<String> = numbers.collect();
    Some(format!(
        "number {number}, but expected {}",
        numbers.join(" or ")
    ))
}

/// What the number of a field says: with its name, where it has one.
fn meaning(spec: &Spec, field: &Field, number: u64) -> String {
    let FieldType::Enum(name) = &field.ty else {
        return number.to_string();
    };
    let named = spec
        .enumeration(name)
        .and_then(|e| e.values.iter().find(|value| value.value == number));
    match named {
        Some(value) => format!("{number}, {}", value.name),
        None => number.to_string(),
    }
}

/// A message as JSON, from the text of one.
///
/// # Errors
/// [`Refusal`] of the class `json`.
pub fn message_from(text: &str) -> Result<Json, Refusal> {
    json::parse_unique(text).map_err(|error| Refusal::new(Class::Json, 0, error.path, error.detail))
}

//! Messages that no encoder writes, put together by hand.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, KeyPart, KeyValue, Shape, Spec};
use serde_json::{Value as Json, json};

use crate::codec::Codec;
use crate::json;
use crate::verdict::{Outcome, Stop};

/// Bits of a wire type, and so the number of wire types there could be.
const WIRE_TYPES: u8 = 8;

/// The shortest varint of a number.
pub(super) fn varint(number: u64) -> Vec<u8> {
    padded_varint(number, 1)
}

/// A varint of at least `len` bytes; those beyond the shortest form add nothing.
pub(super) fn padded_varint(mut number: u64, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f || bytes.len() + 1 < len {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A wire type that carries values.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) name: &'static str,
    pub(super) id: u8,
    pub(super) is_sized: bool,
    /// What its values may be in.
    pub(super) encodings: Vec<Encoding>,
    /// What they are in where nobody chose: the default of the spec if that is among them.
    pub(super) encoding: Encoding,
}

impl Carrier {
    /// Whether values say their size before they begin.
    pub(super) const fn is_sized(&self) -> bool {
        self.is_sized
    }
}

/// Puts bytes together as the spec of a codec lays them out, right or wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Craft {
    codec: Codec<'static>,
}

impl Craft {
    pub(super) const fn new(codec: Codec<'static>) -> Self {
        Self { codec }
    }

    fn spec(self) -> &'static Spec {
        self.codec.spec()
    }

    fn layout(self) -> &'static KeyValue {
        match &self.spec().body {
            Body::KeyValue(layout) => layout,
            // The cases that ask for keys fit no other specification.
            Body::Fixed(_) => unreachable!("fields of a fixed layout have no keys"),
        }
    }

    /// The encoding of values under the wire type that they have by default: what the connection has
    /// chosen for it, if anything.
    pub(super) fn encoding(self) -> Encoding {
        let layout = self.layout();
        let default = &layout.values.default_encoding;
        let mut carrying = layout.wire_types.iter().map(|wire| match &wire.shape {
            Shape::Encoded(names) | Shape::Sized(names) => names.as_slice(),
            Shape::Varint | Shape::Fixed(_) => &[],
        });
        let usual = carrying.find(|names| names.contains(default));
        let chosen = self.codec.encoding_in_force();
        let is_usual = usual.is_some_and(|names| names.iter().any(|name| name == chosen.name()));
        match Encoding::from_name(default) {
            Some(default) if !is_usual => default,
            _ => chosen,
        }
    }

    /// The code of a message.
    ///
    /// # Errors
    /// Skip where the spec has no such message.
    pub(super) fn code(self, message: &str) -> Outcome<u64> {
        match self.spec().message(message) {
            Some(message) => Ok(message.code.into()),
            None => Err(Stop::skip(format!("{} has no {message}", self.spec().name))),
        }
    }

    /// A code that no message has.
    pub(super) fn unknown_code(self) -> u64 {
        let highest = self
            .spec()
            .messages
            .iter()
            .map(|message| message.code)
            .max();
        u64::from(highest.unwrap_or(0)) + 0x30
    }

    /// The identifier of a message's field.
    ///
    /// # Errors
    /// Skip where the spec has no such field.
    pub(super) fn field(self, message: &str, field: &str) -> Outcome<u32> {
        let found = self.spec().message(message).and_then(|m| m.field(field));
        found
            .map(|field| field.id)
            .ok_or_else(|| Stop::skip(format!("{message} has no {field} in {}", self.spec().name)))
    }

    /// A key.
    pub(super) fn key(self, field: u32, wire_type: u8) -> Vec<u8> {
        let layout = self.layout();
        let wire_type = u64::from(wire_type);
        let field = u64::from(field);
        varint(match layout.high {
            KeyPart::Field => field << layout.low_bits | wire_type,
            KeyPart::WireType => wire_type << layout.low_bits | field,
        })
    }

    /// The wire type of numbers.
    pub(super) fn varint_wire(self) -> u8 {
        self.wire_of(|shape| *shape == Shape::Varint)
    }

    /// The wire type of values.
    pub(super) fn value_wire(self) -> u8 {
        let name = self.encoding().name();
        self.wire_of(|shape| match shape {
            Shape::Encoded(names) | Shape::Sized(names) => names.iter().any(|n| n == name),
            Shape::Varint | Shape::Fixed(_) => false,
        })
    }

    fn wire_of(self, holds: impl Fn(&Shape) -> bool) -> u8 {
        let mut wire_types = self.layout().wire_types.iter();
        wire_types
            .find(|wire| holds(&wire.shape))
            .map_or(0, |wire| wire.id)
    }

    /// A text by its size alone, whatever encoding values have.
    ///
    /// # Errors
    /// Skip where the spec has no wire type for that.
    pub(super) fn text(self, field: u32, text: &str) -> Outcome<Vec<u8>> {
        let mut wire_types = self.layout().wire_types.iter();
        let delimited = |shape: &Shape| matches!(shape, Shape::Sized(names) if names.is_empty());
        let Some(wire) = wire_types.find(|wire| delimited(&wire.shape)) else {
            let spec = &self.spec().name;
            return Err(Stop::skip(format!("{spec} has no delimited texts")));
        };
        let mut bytes = self.key(field, wire.id);
        bytes.extend(varint(text.len() as u64));
        bytes.extend(text.as_bytes());
        Ok(bytes)
    }

    /// The wire types that nobody may use.
    pub(super) fn reserved_wire_types(self) -> impl Iterator<Item = u8> {
        let used = self.layout().wire_types.iter().map(|wire| wire.id);
        let used: Vec<u8> = used.collect();
        (0..WIRE_TYPES).filter(move |id| !used.contains(id))
    }

    /// A field that is a number.
    pub(super) fn number(self, field: u32, number: u64) -> Vec<u8> {
        let mut bytes = self.key(field, self.varint_wire());
        bytes.extend(varint(number));
        bytes
    }

    /// A field that is a value, an integer as well.
    ///
    /// # Errors
    /// Inconclusive where the value cannot be written.
    pub(super) fn value(self, field: u32, value: &Json) -> Outcome<Vec<u8>> {
        let mut bytes = self.key(field, self.value_wire());
        bytes.extend(self.bare_value(value)?);
        Ok(bytes)
    }

    /// A value without a field.
    ///
    /// # Errors
    /// Inconclusive where the value cannot be written.
    pub(super) fn bare_value(self, value: &Json) -> Outcome<Vec<u8>> {
        self.value_in(self.encoding(), value)
    }

    /// The same in that encoding.
    ///
    /// # Errors
    /// As those of [`bare_value`](Self::bare_value).
    pub(super) fn value_in(self, encoding: Encoding, value: &Json) -> Outcome<Vec<u8>> {
        let broken = |why: String| Stop::inconclusive(format!("{value} cannot be written: {why}"));
        let read = json::value_from(value).map_err(|error| broken(error.to_string()))?;
        self.codec
            .encode_value(encoding, &read)
            .map_err(|refusal| broken(refusal.to_string()))
    }

    /// The wire types that carry values, in the order of the spec.
    pub(super) fn carriers(self) -> impl Iterator<Item = Carrier> {
        let default = self.encoding();
        self.layout().wire_types.iter().filter_map(move |wire| {
            let (Shape::Encoded(names) | Shape::Sized(names)) = &wire.shape else {
                return None;
            };
            let encodings = names.iter().filter_map(|name| Encoding::from_name(name));
            let encodings: Vec<Encoding> = encodings.collect();
            let is_default = |encoding: &&Encoding| **encoding == default;
            let encoding = encodings.iter().find(is_default).or(encodings.first());
            Some(Carrier {
                name: &wire.name,
                id: wire.id,
                is_sized: matches!(wire.shape, Shape::Sized(_)),
                encoding: *encoding?,
                encodings,
            })
        })
    }

    /// A field that is a value under one wire type in one of its encodings.
    ///
    /// # Errors
    /// Inconclusive where the value cannot be written.
    pub(super) fn carried(
        self,
        field: u32,
        wire: &Carrier,
        encoding: Encoding,
        value: &Json,
    ) -> Outcome<Vec<u8>> {
        let value = self.value_in(encoding, value)?;
        let mut bytes = self.key(field, wire.id);
        if wire.is_sized {
            bytes.extend(varint(value.len() as u64));
        }
        bytes.extend(value);
        Ok(bytes)
    }

    /// The same with `more` bytes within its size that are no part of it.
    ///
    /// # Errors
    /// Inconclusive where the value cannot be written.
    pub(super) fn overfull(
        self,
        field: u32,
        wire: &Carrier,
        encoding: Encoding,
        value: &Json,
        more: &[u8],
    ) -> Outcome<Vec<u8>> {
        let value = [&*self.value_in(encoding, value)?, more].concat();
        let size = varint(value.len() as u64);
        Ok([self.key(field, wire.id), size, value].concat())
    }

    /// A field that is a value under the wire type whose encoding a Connect chooses.
    ///
    /// # Errors
    /// Skip where the spec leaves no choice, inconclusive where the value cannot be written.
    pub(super) fn negotiated(
        self,
        field: u32,
        encoding: Encoding,
        value: &Json,
    ) -> Outcome<Vec<u8>> {
        let mut carriers = self.carriers();
        let wire = carriers.find(|wire| wire.encodings.len() > 1);
        let wire = wire.ok_or_else(|| Stop::skip("the spec leaves no choice of an encoding"))?;
        self.carried(field, &wire, encoding, value)
    }

    /// A field of each wire type in turn, with its name and filled as that says.
    ///
    /// # Errors
    /// Inconclusive where a value cannot be written.
    pub(super) fn filled(self, field: u32) -> Outcome<Vec<(&'static str, Vec<u8>)>> {
        let carriers: Vec<Carrier> = self.carriers().collect();
        let mut fields = Vec::new();
        for wire in &self.layout().wire_types {
            let key = self.key(field, wire.id);
            let carrier = carriers.iter().find(|carrier| carrier.id == wire.id);
            let bytes = match (&wire.shape, carrier) {
                (_, Some(carrier)) => {
                    self.carried(field, carrier, carrier.encoding, &json!({"a": [1, 0.1]}))?
                }
                (Shape::Fixed(bytes), _) => [key, vec![0x4b; usize::from(*bytes)]].concat(),
                (Shape::Varint, _) => [key, varint(300)].concat(),
                _ => [key, varint(9), vec![0x4b; 9]].concat(),
            };
            fields.push((wire.name.as_str(), bytes));
        }
        Ok(fields)
    }

    /// A field that is a number under each wire type of a fixed size, with the name of that.
    pub(super) fn numbers_of_fixed_size(
        self,
        field: u32,
        number: u64,
    ) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        self.layout().wire_types.iter().filter_map(move |wire| {
            let Shape::Fixed(bytes) = wire.shape else {
                return None;
            };
            let mut field = self.key(field, wire.id);
            field.extend(number.to_le_bytes().get(..usize::from(bytes))?);
            Some((wire.name.as_str(), field))
        })
    }

    /// A message of any code and body.
    pub(super) fn frame(self, code: u64, body: &[u8]) -> Vec<u8> {
        let mut bytes = varint(code);
        bytes.extend(varint(body.len() as u64));
        bytes.extend(body);
        bytes
    }

    /// The fields of a message as bytes, each by itself, in the order of the spec.
    ///
    /// # Errors
    /// Inconclusive where one cannot be written.
    pub(super) fn fields(self, message: &Json) -> Outcome<Vec<Vec<u8>>> {
        let name = message
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let mut fields = Vec::new();
        let known = self.spec().message(name).map_or(&[][..], |m| &m.fields);
        for field in known {
            let Some(value) = message.get(&field.name) else {
                continue;
            };
            let number = value.as_u64().filter(|_| {
                let is_value = matches!(field.ty, iotmp_spec::model::FieldType::Any(_));
                !is_value || self.layout().values.integers_as_varint
            });
            fields.push(match number {
                Some(number) => self.number(field.id, number),
                None => self.value(field.id, value)?,
            });
        }
        Ok(fields)
    }

    /// The first byte of a value that does not say its size in it.
    fn head(self, value: &Json) -> Outcome<u8> {
        let bytes = self.bare_value(value)?;
        bytes
            .first()
            .copied()
            .ok_or_else(|| Stop::inconclusive("a value without a byte"))
    }

    /// A map that announces `size` pairs or bytes and ends there.
    pub(super) fn lying_map(self, size: u64) -> Outcome<Vec<u8>> {
        let large: serde_json::Map<String, Json> =
            (0..64).map(|n| (format!("k{n}"), json!(n))).collect();
        self.lie(&Json::Object(large), size)
    }

    /// An array that announces `size` elements or bytes and ends there.
    pub(super) fn lying_array(self, size: u64) -> Outcome<Vec<u8>> {
        self.lie(&json!(vec![Json::Null; 64]), size)
    }

    /// A string that announces `size` bytes and ends there.
    pub(super) fn lying_string(self, size: u64) -> Outcome<Vec<u8>> {
        self.lie(&json!("x".repeat(64)), size)
    }

    fn lie(self, large: &Json, size: u64) -> Outcome<Vec<u8>> {
        let mut bytes = vec![self.head(large)?];
        bytes.extend(varint(size));
        Ok(bytes)
    }

    /// Arrays in arrays, `depth` of them, the innermost empty.
    pub(super) fn nested_arrays(self, depth: usize) -> Outcome<Vec<u8>> {
        let empty = self.bare_value(&json!([]))?;
        let head = self.head(&json!([null]))?;
        if self.encoding() != Encoding::Pson1 {
            let mut bytes = vec![head; depth.saturating_sub(1)];
            bytes.extend(empty);
            return Ok(bytes);
        }
        // From the inside out, because an array says how many bytes it holds.
        let mut reversed: Vec<u8> = empty.into_iter().rev().collect();
        for _ in 1..depth {
            let size = varint(reversed.len() as u64);
            reversed.extend(size.into_iter().rev());
            reversed.push(head);
        }
        reversed.reverse();
        Ok(reversed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;
    use crate::subject::vocabulary;

    fn crafts() -> impl Iterator<Item = Craft> {
        let keyed = specs::all()
            .iter()
            .filter(|spec| matches!(spec.body, Body::KeyValue(_)));
        keyed.map(|spec| Craft::new(Codec::new(spec)))
    }

    #[test]
    fn what_is_put_together_by_hand_is_what_the_codec_writes() {
        for craft in crafts() {
            let mut message = json!({"type": "start_stream", "stream_id": 300, "resource": "x"});
            vocabulary::add(craft.spec(), &mut message, &json!({"interval": 5})).unwrap();
            let body = craft.fields(&message).unwrap().concat();
            let framed = craft.frame(craft.code("start_stream").unwrap(), &body);
            assert_eq!(framed, craft.codec.encode(&message).unwrap());
        }
    }

    #[test]
    fn arrays_nest_as_deep_as_they_say() {
        for craft in crafts() {
            let json = json!([[[[]]]]);
            assert_eq!(
                craft.nested_arrays(4).unwrap(),
                craft.bare_value(&json).unwrap()
            );
        }
    }

    #[test]
    fn a_lie_is_only_in_the_size() {
        for craft in crafts() {
            let text = "y".repeat(200);
            let mut bytes = craft.lying_string(200).unwrap();
            bytes.extend(text.as_bytes());
            assert_eq!(bytes, craft.bare_value(&json!(text)).unwrap());
        }
    }

    #[test]
    fn a_padded_varint_says_the_same() {
        assert_eq!(padded_varint(1, 3), [0x81, 0x80, 0x00]);
        assert_eq!(padded_varint(300, 1), [0xac, 0x02]);
        assert_eq!(varint(0), [0]);
    }

    #[test]
    fn no_message_has_the_unknown_code() {
        for craft in crafts() {
            let code = u32::try_from(craft.unknown_code()).unwrap();
            assert!(craft.spec().message_by_code(code).is_none());
        }
    }
}

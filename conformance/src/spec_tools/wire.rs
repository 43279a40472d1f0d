//! How a specification has its parts written: numbers, keys, values.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{
    Body, Extent, Field, FieldType, IntEncoding, KeyPart, KeyValue, Message, Shape, Spec, Values,
    WireType,
};

use crate::codec::Codec;
use crate::value::WireValue;

/// Bytes as `0x` and two digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// How a number is written.
pub(super) fn number(encoding: IntEncoding, number: u64) -> Vec<u8> {
    match encoding {
        IntEncoding::Varint(_) => varint(number),
        IntEncoding::BigEndian(bytes) => {
            let all = number.to_be_bytes();
            all.iter()
                .skip(all.len().saturating_sub(bytes.into()))
                .copied()
                .collect()
        }
        IntEncoding::LittleEndian(bytes) => {
            let all = number.to_le_bytes();
            all.iter().take(bytes.into()).copied().collect()
        }
    }
}

/// The shortest varint of a number.
pub(super) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The layout of key-value bodies, where bodies are so.
pub(super) fn key_value(spec: &Spec) -> Option<&KeyValue> {
    match &spec.body {
        Body::KeyValue(layout) => Some(layout),
        Body::Fixed(_) => None,
    }
}

/// How values of type `any` are written, where there are any.
pub(super) fn values(spec: &Spec) -> Option<&Values> {
    key_value(spec).map(|layout| &layout.values)
}

/// The key of a field under a wire type.
pub(super) fn key(layout: &KeyValue, field: u32, wire_type: &WireType) -> Vec<u8> {
    let (high, low) = match layout.high {
        KeyPart::Field => (u64::from(field), u64::from(wire_type.id)),
        KeyPart::WireType => (u64::from(wire_type.id), u64::from(field)),
    };
    number(layout.key, high << layout.low_bits | low)
}

/// The wire types that a field of that type travels under.
pub(super) fn wire_types<'s>(layout: &'s KeyValue, ty: &FieldType) -> Vec<&'s WireType> {
    let carries = |wire: &&WireType| match (&wire.shape, ty) {
        (Shape::Varint, FieldType::Any(_)) => layout.values.integers_as_varint,
        (Shape::Varint, FieldType::Varint(_) | FieldType::Enum(_)) => true,
        (Shape::Encoded(names) | Shape::Sized(names), FieldType::Any(_)) => !names.is_empty(),
        _ => false,
    };
    layout.wire_types.iter().filter(carries).collect()
}

/// The key of a field as hex, and the wire type's name, for every wire type that it travels under.
pub(super) fn keys(spec: &Spec, field: &Field) -> Vec<(String, String)> {
    let Some(layout) = key_value(spec) else {
        return Vec::new();
    };
    wire_types(layout, &field.ty)
        .into_iter()
        .map(|wire| (hex(&key(layout, field.id, wire)), wire.name.clone()))
        .collect()
}

/// `key 0x1a → 0x22 (pson_v2)` for every wire type that a field travels under in both.
pub(super) fn moved_keys(
    (old_spec, old): (&Spec, &Field),
    (new_spec, new): (&Spec, &Field),
) -> Vec<String> {
    let before = keys(old_spec, old);
    let mut lines = Vec::new();
    for (key, wire) in keys(new_spec, new) {
        let found = before.iter().find(|(_, other)| *other == wire);
        if let Some((before, _)) = found.filter(|(before, _)| *before != key) {
            lines.push(format!("key {before} → {key} ({wire})"));
        }
    }
    lines
}

/// A value in one of the encodings; none where the suite cannot write it.
pub(super) fn value(spec: &Spec, encoding: &str, value: &WireValue) -> Option<Vec<u8>> {
    let encoding = Encoding::from_name(encoding)?;
    Codec::new(spec).encode_value(encoding, value).ok()
}

/// Where the fields of a fixed layout begin, in bytes from the start of the message, as long as
/// that is the same for every message.
pub(super) fn offsets(spec: &Spec, message: &Message) -> Vec<Option<u64>> {
    let mut at = spec.framing.code.width().map(u64::from);
    let mut offsets = Vec::new();
    for field in &message.fields {
        offsets.push(at);
        at = at.zip(spec.width(field)).map(|(at, width)| at + width);
    }
    offsets
}

/// How many bytes a field of a fixed layout takes: `24`, `u8 + 0 to 255`, `the rest`.
pub(super) fn extent(spec: &Spec, field: &Field) -> String {
    if let Some(width) = spec.width(field) {
        return width.to_string();
    }
    match &field.ty {
        FieldType::Text(Extent::Prefixed(prefix)) | FieldType::Bytes(Extent::Prefixed(prefix)) => {
            let most = field.max.unwrap_or(prefix.max());
            let width = prefix.width().unwrap_or(1);
            format!("{width} + 0 to {most}")
        }
        _ => "the rest".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_kind() {
        for (encoding, bytes) in [
            (IntEncoding::Varint(16), "0xac02"),
            (IntEncoding::BigEndian(2), "0x012c"),
            (IntEncoding::LittleEndian(4), "0x2c010000"),
            (IntEncoding::BigEndian(1), "0x2c"),
        ] {
            assert_eq!(hex(&number(encoding, 300)), bytes);
        }
    }
}

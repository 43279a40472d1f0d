//! How a specification has its parts written: numbers, keys, values.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{
    Body, Field, FieldType, IntEncoding, KeyPart, KeyValue, Shape, Spec, WireType,
};

use crate::codec::Codec;
use crate::value::WireValue;

/// Bytes as `0x` and two digits each.
pub(in crate::spec_tools) fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// How a number is written.
pub(in crate::spec_tools) fn number(encoding: IntEncoding, number: u64) -> Vec<u8> {
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
pub(in crate::spec_tools) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The key of a field under a wire type.
pub(in crate::spec_tools) fn key(layout: &KeyValue, field: u32, wire_type: &WireType) -> Vec<u8> {
    let (high, low) = match layout.high {
        KeyPart::Field => (u64::from(field), u64::from(wire_type.id)),
        KeyPart::WireType => (u64::from(wire_type.id), u64::from(field)),
    };
    number(layout.key, high << layout.low_bits | low)
}

/// The wire types that a field of that type travels under.
pub(in crate::spec_tools) fn wire_types<'s>(spec: &'s Spec, ty: &FieldType) -> Vec<&'s WireType> {
    let Body::KeyValue(layout) = &spec.body;
    let carries = |wire: &&WireType| match (&wire.shape, ty) {
        (Shape::Varint, FieldType::Any(_)) => spec.values.integers_as_varint,
        (Shape::Varint, FieldType::Varint(_) | FieldType::Enum(_)) => true,
        (Shape::Encoded(names) | Shape::Sized(names), FieldType::Any(_)) => !names.is_empty(),
        (Shape::Encoded(_) | Shape::Sized(_) | Shape::Fixed(_), _) => false,
    };
    layout.wire_types.iter().filter(carries).collect()
}

/// The key of a field as hex, and the wire type's name, for every wire type that it travels under.
pub(in crate::spec_tools) fn keys(spec: &Spec, field: &Field) -> Vec<(String, String)> {
    let Body::KeyValue(layout) = &spec.body;
    wire_types(spec, &field.ty)
        .into_iter()
        .map(|wire| (hex(&key(layout, field.id, wire)), wire.name.clone()))
        .collect()
}

/// `key 0x1a → 0x22 (pson_v2)` for every wire type that a field travels under in both.
pub(in crate::spec_tools) fn moved_keys(
    (old_spec, old): (&Spec, &Field),
    (new_spec, new): (&Spec, &Field),
) -> Vec<String> {
    let Body::KeyValue(old_layout) = &old_spec.body;
    let Body::KeyValue(new_layout) = &new_spec.body;
    let mut lines = Vec::new();
    for wire in wire_types(new_spec, &new.ty) {
        let before = wire_types(old_spec, &old.ty);
        let Some(before) = before.into_iter().find(|other| other.name == wire.name) else {
            continue;
        };
        let old_key = key(old_layout, old.id, before);
        let new_key = key(new_layout, new.id, wire);
        if old_key != new_key {
            let (old_key, new_key) = (hex(&old_key), hex(&new_key));
            lines.push(format!("key {old_key} → {new_key} ({})", wire.name));
        }
    }
    lines
}

/// A value in one of the encodings; none where the suite cannot write it.
pub(in crate::spec_tools) fn value(
    spec: &Spec,
    encoding: &str,
    value: &WireValue,
) -> Option<Vec<u8>> {
    let encoding = Encoding::from_name(encoding)?;
    Codec::new(spec).encode_value(encoding, value).ok()
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

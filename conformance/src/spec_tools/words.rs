//! The words that the YAML has for parts of the model.

use iotmp_spec::model::{
    ByteOrder, Direction, Extent, FieldType, IntEncoding, KeyPart, Level, Party, Shape, Status,
};

/// How a number is written.
pub(super) fn integer(encoding: IntEncoding) -> String {
    match encoding {
        IntEncoding::Varint(bits) => format!("varint{bits}"),
        IntEncoding::BigEndian(1) | IntEncoding::LittleEndian(1) => "u8".to_owned(),
        IntEncoding::BigEndian(_) => format!("u{}be", encoding.bits()),
        IntEncoding::LittleEndian(_) => format!("u{}le", encoding.bits()),
    }
}

pub(super) const fn key_part(part: KeyPart) -> &'static str {
    match part {
        KeyPart::Field => "field",
        KeyPart::WireType => "wire-type",
    }
}

/// A shape, with its encodings.
pub(super) fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Varint => "varint".to_owned(),
        Shape::Fixed(bytes) => format!("fixed{bytes}"),
        Shape::Sized(names) if names.is_empty() => "sized".to_owned(),
        Shape::Sized(names) => format!("sized {}", names.join(", ")),
        Shape::Encoded(names) => format!("encoded {}", names.join(", ")),
    }
}

/// The type of a field, with its map.
pub(super) fn field_type(ty: &FieldType) -> String {
    match ty {
        FieldType::Varint(bits) => format!("varint{bits}"),
        FieldType::Enum(name) => name.clone(),
        FieldType::Any(None) => "any".to_owned(),
        FieldType::Any(Some(map)) => format!("any ({map})"),
        FieldType::Int(encoding) => format!("u{}", encoding.bits()),
        FieldType::Text(length) => format!("text[{}]", extent(*length)),
        FieldType::Bytes(length) => format!("bytes[{}]", extent(*length)),
    }
}

/// How long text or bytes of a fixed layout are.
fn extent(extent: Extent) -> String {
    match extent {
        Extent::Exact(size) => size.to_string(),
        Extent::Prefixed(prefix) => format!("u{}", prefix.bits()),
        Extent::Rest => "rest".to_owned(),
    }
}

pub(super) const fn byte_order(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::BigEndian => "big-endian",
        ByteOrder::LittleEndian => "little-endian",
    }
}

pub(super) const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to-server",
        Direction::ToDevice => "to-device",
        Direction::Both => "both",
    }
}

pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Superseded => "superseded",
        Status::Profile => "profile",
    }
}

pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
    }
}

pub(super) const fn party(party: Party) -> &'static str {
    match party {
        Party::Server => "server",
        Party::Device => "device",
        Party::Encoder => "encoder",
        Party::Decoder => "decoder",
    }
}

//! The first generation of PSON: a key byte of a type and a wire type, then the
//! data. Objects and arrays say their size in bytes.

use iotmp_ref::pson::Integer;

use crate::value::{Float, WireValue};

use super::varint;
use super::walk::{Walk, bytes};
use super::{Class, Refusal};

const NULL: u8 = 0;
const VARINT: u8 = 1;
const NEGATIVE: u8 = 2;
const FLOAT: u8 = 3;
const DOUBLE: u8 = 4;
const TRUE: u8 = 5;
const FALSE: u8 = 6;
const ZERO: u8 = 7;
const ONE: u8 = 8;
const STRING: u8 = 9;
const EMPTY_STRING: u8 = 10;
const BYTES: u8 = 11;
const EMPTY_BYTES: u8 = 12;
const OBJECT: u8 = 13;
const ARRAY: u8 = 14;
const EMPTY: u8 = 15;

/// The wire type that each type travels in.
const fn wire_type(kind: u8) -> u8 {
    match kind {
        DOUBLE => 1,
        STRING | BYTES | OBJECT | ARRAY => 2,
        FLOAT => 5,
        _ => 0,
    }
}

pub(super) fn read(walk: &mut Walk<'_>) -> Result<WireValue, Refusal> {
    let start = walk.at();
    let tag = walk.byte("value")?;
    let (kind, wire) = (tag >> 3, tag & 7);
    let refuse = |walk: &Walk<'_>, why: String| {
        walk.refuse(
            Class::Tag,
            start,
            format!("tag 0x{tag:02x} is not valid: {why}"),
        )
    };
    if kind > EMPTY {
        return Err(refuse(walk, format!("there is no type {kind}")));
    }
    if wire != wire_type(kind) {
        let expected = wire_type(kind);
        let why = format!("type {kind} travels in wire type {expected}, not {wire}");
        return Err(refuse(walk, why));
    }
    let constant = |walk: &mut Walk<'_>, name: &str, value: WireValue| {
        walk.note(start, "value", name);
        Ok(value)
    };
    let number = |magnitude: u64| WireValue::Integer(Integer::new(false, magnitude));
    match kind {
        NULL => constant(walk, "null", WireValue::Null),
        TRUE => constant(walk, "true", WireValue::Bool(true)),
        FALSE => constant(walk, "false", WireValue::Bool(false)),
        ZERO => constant(walk, "0", number(0)),
        ONE => constant(walk, "1", number(1)),
        EMPTY_STRING => constant(walk, "empty string", WireValue::String(String::new())),
        EMPTY_BYTES => constant(walk, "empty bytes", WireValue::Bytes(Vec::new())),
        EMPTY => constant(walk, "empty, read as null", WireValue::Null),
        VARINT | NEGATIVE => {
            let negative = kind == NEGATIVE;
            walk.note(
                start,
                "tag",
                if negative {
                    "negative integer"
                } else {
                    "integer"
                },
            );
            let start = walk.at();
            let magnitude = walk.varint(64, "integer")?;
            walk.note(
                start,
                if negative { "magnitude" } else { "integer" },
                magnitude.to_string(),
            );
            Ok(WireValue::Integer(Integer::new(negative, magnitude)))
        }
        FLOAT => {
            walk.note(start, "tag", "float of 4 bytes");
            let start = walk.at();
            let bits = u32::from_le_bytes(walk.array("float")?);
            walk.note(start, "float", f32::from_bits(bits).to_string());
            Ok(WireValue::Float(Float::Single(bits)))
        }
        DOUBLE => {
            walk.note(start, "tag", "float of 8 bytes");
            let start = walk.at();
            let bits = u64::from_le_bytes(walk.array("double")?);
            walk.note(start, "float", f64::from_bits(bits).to_string());
            Ok(WireValue::Float(Float::Double(bits)))
        }
        STRING => {
            walk.note(start, "tag", "string");
            let size = read_size(walk, "size")?;
            Ok(WireValue::String(walk.text(size, "string")?.to_owned()))
        }
        BYTES => {
            walk.note(start, "tag", "bytes");
            let size = read_size(walk, "size")?;
            let start = walk.at();
            let taken = walk.take(size, "bytes")?;
            walk.note(start, "bytes", bytes(taken.len()));
            Ok(WireValue::Bytes(taken.to_owned()))
        }
        _ => container(walk, start, kind),
    }
}

fn read_size(walk: &mut Walk<'_>, label: &'static str) -> Result<u64, Refusal> {
    let start = walk.at();
    let size = walk.varint(64, label)?;
    walk.note(start, label, bytes(size));
    Ok(size)
}

fn container(walk: &mut Walk<'_>, start: usize, kind: u8) -> Result<WireValue, Refusal> {
    let name = if kind == OBJECT { "object" } else { "array" };
    walk.note(start, "tag", name);
    let size = read_size(walk, "size")?;
    let Some(size) = usize::try_from(size)
        .ok()
        .filter(|size| *size <= walk.left())
    else {
        return Err(walk.truncated(name, bytes(size)));
    };
    walk.check_depth(start)?;
    walk.within(size, |walk| {
        walk.deeper(|walk| {
            if kind == OBJECT {
                members(walk)
            } else {
                elements(walk)
            }
        })
    })
}

fn elements(walk: &mut Walk<'_>) -> Result<WireValue, Refusal> {
    let mut array = Vec::new();
    while !walk.is_empty() {
        array.push(walk.in_index(array.len(), read)?);
    }
    Ok(WireValue::Array(array))
}

fn members(walk: &mut Walk<'_>) -> Result<WireValue, Refusal> {
    let mut map = Vec::new();
    while !walk.is_empty() {
        let size = read_size(walk, "map key size")?;
        let key = walk.text(size, "map key")?;
        let value = walk.in_key(key, read)?;
        map.push((key.to_owned(), value));
    }
    Ok(WireValue::Map(map))
}

pub(super) fn write(value: &WireValue, out: &mut Vec<u8>) {
    let mut put = |kind: u8, data: &[u8]| {
        out.push(kind << 3 | wire_type(kind));
        out.extend_from_slice(data);
    };
    match value {
        WireValue::Null => put(NULL, &[]),
        WireValue::Bool(true) => put(TRUE, &[]),
        WireValue::Bool(false) => put(FALSE, &[]),
        WireValue::Integer(integer) => match (integer.is_negative(), integer.magnitude()) {
            (false, 0) => put(ZERO, &[]),
            (false, 1) => put(ONE, &[]),
            (false, magnitude) => put(VARINT, &varint(magnitude)),
            (true, magnitude) => put(NEGATIVE, &varint(magnitude)),
        },
        WireValue::Float(Float::Single(bits)) => put(FLOAT, &bits.to_le_bytes()),
        WireValue::Float(Float::Double(bits)) => put(DOUBLE, &bits.to_le_bytes()),
        WireValue::Float(Float::Shortest(float)) => match Integer::from_f64(*float) {
            Some(integer) => write(&WireValue::Integer(integer), out),
            None if f64::from(*float as f32) == *float => {
                put(FLOAT, &(*float as f32).to_le_bytes())
            }
            None if float.is_nan() => put(DOUBLE, &f64::NAN.to_le_bytes()),
            None => put(DOUBLE, &float.to_le_bytes()),
        },
        WireValue::String(text) if text.is_empty() => put(EMPTY_STRING, &[]),
        WireValue::String(text) => put(STRING, &sized(text.as_bytes())),
        WireValue::Bytes(bytes) if bytes.is_empty() => put(EMPTY_BYTES, &[]),
        WireValue::Bytes(bytes) => put(BYTES, &sized(bytes)),
        WireValue::Array(elements) => {
            let mut inside = Vec::new();
            for element in elements {
                write(element, &mut inside);
            }
            put(ARRAY, &sized(&inside));
        }
        WireValue::Map(pairs) => {
            let mut inside = Vec::new();
            for (key, value) in WireValue::sorted(pairs) {
                inside.extend(sized(key.as_bytes()));
                write(value, &mut inside);
            }
            put(OBJECT, &sized(&inside));
        }
    }
}

/// The size of `bytes`, and they themselves.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut sized = varint(bytes.len() as u64);
    sized.extend_from_slice(bytes);
    sized
}

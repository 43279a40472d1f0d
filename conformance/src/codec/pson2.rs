//! The second generation of PSON: a tag byte of a type and a number, which a
//! varint continues. Maps and arrays say how many they hold.

use iotmp_ref::pson::Integer;

use crate::value::{Float, WireValue};

use super::varint;
use super::walk::{Walk, bytes};
use super::{Class, Refusal};

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const FLOAT: u8 = 2;
const DISCRETE: u8 = 3;
const STRING: u8 = 4;
const BYTES: u8 = 5;
const MAP: u8 = 6;
const ARRAY: u8 = 7;

/// Names of the types, by number.
const NAMES: [&str; 8] = [
    "unsigned integer",
    "negative integer",
    "float",
    "discrete",
    "string",
    "bytes",
    "map",
    "array",
];

/// The number in a tag that says that a varint follows.
const CONTINUED: u8 = 31;

/// A tag, and the varint behind it if there is one.
struct Tag {
    start: usize,
    byte: u8,
    number: u64,
}

impl Tag {
    fn read(walk: &mut Walk<'_>, what: &str) -> Result<Self, Refusal> {
        let start = walk.at();
        let byte = walk.byte(what)?;
        let number = match byte & 0x1f {
            CONTINUED => match walk.varint(64, "number of a tag") {
                Ok(number) => number,
                Err(refusal) => {
                    let name = NAMES
                        .get(usize::from(byte >> 5))
                        .copied()
                        .unwrap_or_default();
                    walk.note(start, "tag", format!("{name}, number follows"));
                    return Err(refusal);
                }
            },
            number => number.into(),
        };
        Ok(Self {
            start,
            byte,
            number,
        })
    }

    fn refuse(&self, walk: &Walk<'_>, why: &str) -> Refusal {
        let detail = format!("tag 0x{:02x} is not valid: {why}", self.byte);
        walk.refuse(Class::Tag, self.start, detail)
    }

    fn note(&self, walk: &mut Walk<'_>, meaning: impl Into<String>) {
        walk.note(self.start, "tag", meaning);
    }
}

pub(super) fn read(walk: &mut Walk<'_>) -> Result<WireValue, Refusal> {
    let tag = Tag::read(walk, "value")?;
    let number = tag.number;
    match tag.byte >> 5 {
        UNSIGNED => {
            walk.note(tag.start, "integer", number.to_string());
            Ok(WireValue::Integer(Integer::new(false, number)))
        }
        NEGATIVE => {
            let integer = Integer::new(true, number);
            walk.note(tag.start, "negative integer", integer.to_string());
            Ok(WireValue::Integer(integer))
        }
        FLOAT => float(walk, &tag).map(WireValue::Float),
        DISCRETE => {
            let (name, value) = match number {
                0 => ("false", WireValue::Bool(false)),
                1 => ("true", WireValue::Bool(true)),
                2 => ("null", WireValue::Null),
                _ => {
                    let why = "a discrete value is 0 (false), 1 (true) or 2 (null)";
                    return Err(tag.refuse(walk, why));
                }
            };
            walk.note(tag.start, "value", name);
            Ok(value)
        }
        STRING => {
            tag.note(walk, format!("string of {}", bytes(number)));
            Ok(WireValue::String(walk.text(number, "string")?.to_owned()))
        }
        BYTES => {
            tag.note(walk, format!("bytes, {}", bytes(number)));
            let start = walk.at();
            let taken = walk.take(number, "bytes")?;
            walk.note(start, "bytes", bytes(taken.len()));
            Ok(WireValue::Bytes(taken.to_owned()))
        }
        MAP => {
            open(walk, &tag, "map", "pair", 2)?;
            walk.deeper(|walk| pairs(walk, number))
        }
        _ => {
            open(walk, &tag, "array", "element", 1)?;
            walk.deeper(|walk| elements(walk, number))
        }
    }
}

fn float(walk: &mut Walk<'_>, tag: &Tag) -> Result<Float, Refusal> {
    match tag.number {
        0 => {
            tag.note(walk, "float of 4 bytes");
            let start = walk.at();
            let bits = u32::from_le_bytes(walk.array("float")?);
            walk.note(start, "float", f32::from_bits(bits).to_string());
            Ok(Float::Single(bits))
        }
        1 => {
            tag.note(walk, "float of 8 bytes");
            let start = walk.at();
            let bits = u64::from_le_bytes(walk.array("float")?);
            walk.note(start, "float", f64::from_bits(bits).to_string());
            Ok(Float::Double(bits))
        }
        _ => Err(tag.refuse(walk, "a float is 0 (4 bytes) or 1 (8 bytes)")),
    }
}

/// Passes the head of a container whose members take at least `least` bytes each.
fn open(
    walk: &mut Walk<'_>,
    tag: &Tag,
    name: &'static str,
    member: &str,
    least: u64,
) -> Result<(), Refusal> {
    let count = tag.number;
    let needed = count.saturating_mul(least);
    let plural = if count == 1 { "" } else { "s" };
    let meaning = format!("{name} of {count} {member}{plural}");
    if needed > walk.left() as u64 {
        let refusal = walk.truncated(&meaning, format_args!("at least {}", bytes(needed)));
        tag.note(walk, meaning);
        return Err(refusal);
    }
    walk.check_depth(tag.start)?;
    tag.note(walk, meaning);
    Ok(())
}

fn elements(walk: &mut Walk<'_>, count: u64) -> Result<WireValue, Refusal> {
    let mut array = Vec::new();
    for _ in 0..count {
        array.push(walk.in_index(array.len(), read)?);
    }
    Ok(WireValue::Array(array))
}

fn pairs(walk: &mut Walk<'_>, count: u64) -> Result<WireValue, Refusal> {
    let mut map = Vec::new();
    for _ in 0..count {
        let key = key(walk)?;
        let value = walk.in_key(&key, read)?;
        map.push((key, value));
    }
    Ok(WireValue::Map(map))
}

fn key(walk: &mut Walk<'_>) -> Result<String, Refusal> {
    if let Some(byte) = walk.rest().first()
        && byte >> 5 != STRING
    {
        let found = NAMES
            .get(usize::from(byte >> 5))
            .copied()
            .unwrap_or_default();
        let detail = format!("{found} as a map key, but keys are strings");
        return Err(walk.refuse(Class::Key, walk.at(), detail));
    }
    let tag = Tag::read(walk, "map key")?;
    tag.note(walk, format!("map key of {}", bytes(tag.number)));
    Ok(walk.text(tag.number, "map key")?.to_owned())
}

pub(super) fn write(value: &WireValue, out: &mut Vec<u8>) {
    match value {
        WireValue::Bool(false) => put_tag(DISCRETE, 0, out),
        WireValue::Bool(true) => put_tag(DISCRETE, 1, out),
        WireValue::Null => put_tag(DISCRETE, 2, out),
        WireValue::Integer(integer) => {
            let kind = if integer.is_negative() {
                NEGATIVE
            } else {
                UNSIGNED
            };
            put_tag(kind, integer.magnitude(), out);
        }
        WireValue::Float(Float::Single(bits)) => {
            put_tag(FLOAT, 0, out);
            out.extend(bits.to_le_bytes());
        }
        WireValue::Float(Float::Double(bits)) => {
            put_tag(FLOAT, 1, out);
            out.extend(bits.to_le_bytes());
        }
        WireValue::Float(Float::Shortest(float)) => write(&shortest(*float), out),
        WireValue::String(text) => put_sized(STRING, text.as_bytes(), out),
        WireValue::Bytes(bytes) => put_sized(BYTES, bytes, out),
        WireValue::Array(elements) => {
            put_tag(ARRAY, elements.len() as u64, out);
            for element in elements {
                write(element, out);
            }
        }
        WireValue::Map(pairs) => {
            put_tag(MAP, pairs.len() as u64, out);
            for (key, value) in WireValue::sorted(pairs) {
                put_sized(STRING, key.as_bytes(), out);
                write(value, out);
            }
        }
    }
}

/// An integer where a float is one, else the fewest bytes that hold it.
fn shortest(float: f64) -> WireValue {
    if let Some(integer) = Integer::from_f64(float) {
        return WireValue::Integer(integer);
    }
    let single = float as f32;
    if float.is_nan() {
        WireValue::Float(Float::Single(f32::NAN.to_bits()))
    } else if f64::from(single) == float {
        WireValue::Float(Float::Single(single.to_bits()))
    } else {
        WireValue::Float(Float::Double(float.to_bits()))
    }
}

fn put_sized(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    put_tag(kind, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn put_tag(kind: u8, number: u64, out: &mut Vec<u8>) {
    match u8::try_from(number) {
        Ok(number) if number < CONTINUED => out.push(kind << 5 | number),
        _ => {
            out.push(kind << 5 | CONTINUED);
            out.extend(varint(number));
        }
    }
}

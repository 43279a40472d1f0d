//! The bytes of the second generation: one tag of a 3-bit type and a 5-bit
//! number, which a varint continues.

use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Reader};

use super::head::{Contents, Head, text};
use super::write::{Number, Sink};
use super::{Integer, Value};

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const FLOAT: u8 = 2;
const DISCRETE: u8 = 3;
const STRING: u8 = 4;
const BYTES: u8 = 5;
const MAP: u8 = 6;
const ARRAY: u8 = 7;

/// The number of a tag that says: a varint follows.
const CONTINUED: u8 = 31;

const SINGLE: u64 = 0;
const DOUBLE: u64 = 1;

const FALSE: u64 = 0;
const TRUE: u64 = 1;
const NULL: u64 = 2;

struct Tag {
    byte: u8,
    at: usize,
    kind: u8,
    number: u64,
}

impl Tag {
    #[inline]
    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        let at = reader.offset();
        let byte = reader.u8().map_err(|error| error.opening(what))?;
        let number = match byte & 0x1f {
            // A small number is accepted here too, whatever it is the number of.
            CONTINUED => reader.varint(u64::BITS)?,
            number => u64::from(number),
        };
        let kind = byte >> 5;
        Ok(Self {
            byte,
            at,
            kind,
            number,
        })
    }

    #[cold]
    fn invalid(&self, why: &'static str) -> DecodeError {
        let kind = DecodeErrorKind::Tag {
            found: self.byte,
            why,
        };
        DecodeError::new(self.at, kind)
    }
}

#[inline]
pub(super) fn head<'a>(reader: &mut Reader<'a>) -> Result<Head<'a>, DecodeError> {
    let tag = Tag::read(reader, "value")?;
    Ok(match tag.kind {
        UNSIGNED => Head::Integer(Integer::new(false, tag.number)),
        NEGATIVE => Head::Integer(Integer::new(true, tag.number)),
        FLOAT => Head::Float(float(reader, &tag)?),
        DISCRETE => match tag.number {
            FALSE => Head::Bool(false),
            TRUE => Head::Bool(true),
            NULL => Head::Null,
            _ => return Err(tag.invalid("a discrete value is 0 (false), 1 (true) or 2 (null)")),
        },
        STRING => Head::String(text(reader, tag.number, "string")?),
        BYTES => {
            let bytes = reader.take(tag.number);
            Head::Bytes(bytes.map_err(|error| error.naming("byte string"))?)
        }
        // A pair takes at least the tags of an empty key and of a value.
        MAP => Head::Map(Contents::counted(reader.clone(), tag.number, 2, "map")?),
        _ => Head::Array(Contents::counted(reader.clone(), tag.number, 1, "array")?),
    })
}

fn float(reader: &mut Reader<'_>, tag: &Tag) -> Result<f64, DecodeError> {
    let named = |error: DecodeError| error.naming("float");
    match tag.number {
        SINGLE => {
            let bytes = reader.take_array().map_err(named)?;
            Ok(f32::from_le_bytes(bytes).into())
        }
        DOUBLE => {
            let bytes = reader.take_array().map_err(named)?;
            Ok(f64::from_le_bytes(bytes))
        }
        _ => Err(tag.invalid("a float is 0 (4 bytes) or 1 (8 bytes)")),
    }
}

pub(super) fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let found = match reader.peek().map(|byte| byte >> 5) {
        Some(STRING) | None => {
            let tag = Tag::read(reader, "map key")?;
            return text(reader, tag.number, "map key");
        }
        Some(UNSIGNED | NEGATIVE) => "integer",
        Some(FLOAT) => "float",
        Some(DISCRETE) => "bool or null",
        Some(BYTES) => "bytes",
        Some(MAP) => "map",
        Some(_) => "array",
    };
    let kind = DecodeErrorKind::Key { found };
    Err(DecodeError::new(reader.offset(), kind))
}

/// Writes all but the values inside a container.
pub(super) fn put_head(sink: &mut impl Sink, value: &Value) -> Result<(), EncodeError> {
    match value {
        Value::Null => put_tag(sink, DISCRETE, NULL),
        Value::Bool(false) => put_tag(sink, DISCRETE, FALSE),
        Value::Bool(true) => put_tag(sink, DISCRETE, TRUE),
        Value::Integer(integer) => put_integer(sink, *integer),
        Value::Float(float) => match Number::shortest(*float) {
            Number::Integer(integer) => put_integer(sink, integer),
            Number::Single(float) => {
                put_tag(sink, FLOAT, SINGLE)?;
                sink.put(&float.to_le_bytes())
            }
            Number::Double(float) => {
                put_tag(sink, FLOAT, DOUBLE)?;
                sink.put(&float.to_le_bytes())
            }
        },
        Value::String(text) => put_sized(sink, STRING, text.as_bytes()),
        Value::Bytes(bytes) => put_sized(sink, BYTES, bytes),
        Value::Array(elements) => put_tag(sink, ARRAY, elements.len() as u64),
        Value::Map(map) => put_tag(sink, MAP, map.len() as u64),
    }
}

pub(super) fn put_key(sink: &mut impl Sink, key: &str) -> Result<(), EncodeError> {
    put_sized(sink, STRING, key.as_bytes())
}

fn put_integer(sink: &mut impl Sink, integer: Integer) -> Result<(), EncodeError> {
    let kind = if integer.is_negative() {
        NEGATIVE
    } else {
        UNSIGNED
    };
    put_tag(sink, kind, integer.magnitude())
}

fn put_sized(sink: &mut impl Sink, kind: u8, bytes: &[u8]) -> Result<(), EncodeError> {
    put_tag(sink, kind, bytes.len() as u64)?;
    sink.put(bytes)
}

fn put_tag(sink: &mut impl Sink, kind: u8, number: u64) -> Result<(), EncodeError> {
    if number < u64::from(CONTINUED) {
        return sink.put_u8(kind << 5 | number as u8);
    }
    sink.put_u8(kind << 5 | CONTINUED)?;
    sink.varint(number)
}

//! The first generation of PSON, which revisions before 2025 speak.
//!
//! A value is a key byte of a type and a wire type, then its data. An object or
//! array says its size in bytes, so a value is measured before it is written.
//! The functions here are those of [`pson`](super), for this generation.

use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Reader};

use super::head::{Contents, Head, text};
use super::write::{Number, Sink};
use super::{Generation, Integer, Value, View};

/// Checks that `bytes` are one value of this generation, to walk it in place.
///
/// # Errors
///
/// Those of [`Generation::decode`].
pub fn view(bytes: &[u8]) -> Result<View<'_>, DecodeError> {
    View::of(Generation::One, bytes)
}

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

/// Nothing, or a varint.
const PLAIN: u8 = 0;
const EIGHT_BYTES: u8 = 1;
/// A varint of the size in bytes, and the bytes.
const SIZED: u8 = 2;
const FOUR_BYTES: u8 = 5;

/// The wire type that goes with a type.
const fn wire_type(kind: u8) -> u8 {
    match kind {
        DOUBLE => EIGHT_BYTES,
        STRING | BYTES | OBJECT | ARRAY => SIZED,
        FLOAT => FOUR_BYTES,
        _ => PLAIN,
    }
}

#[inline]
pub(super) fn head<'a>(reader: &mut Reader<'a>) -> Result<Head<'a>, DecodeError> {
    let at = reader.offset();
    let byte = reader.u8().map_err(|error| error.opening("value"))?;
    let kind = byte >> 3;
    if kind > EMPTY {
        return Err(invalid(at, byte, "there are types 0 to 15 only"));
    }
    if byte & 7 != wire_type(kind) {
        return Err(mismatch(at, byte));
    }
    Ok(match kind {
        VARINT => Head::Integer(Integer::new(false, reader.varint(u64::BITS)?)),
        NEGATIVE => Head::Integer(Integer::new(true, reader.varint(u64::BITS)?)),
        FLOAT => {
            let bytes = reader.take_array();
            let bytes = bytes.map_err(|error| error.naming("float"))?;
            Head::Float(f32::from_le_bytes(bytes).into())
        }
        DOUBLE => {
            let bytes = reader.take_array();
            let bytes = bytes.map_err(|error| error.naming("double"))?;
            Head::Float(f64::from_le_bytes(bytes))
        }
        TRUE => Head::Bool(true),
        FALSE => Head::Bool(false),
        ZERO => Head::Integer(Integer::new(false, 0)),
        ONE => Head::Integer(Integer::new(false, 1)),
        STRING => {
            let size = reader.varint(u64::BITS)?;
            Head::String(text(reader, size, "string")?)
        }
        EMPTY_STRING => Head::String(""),
        BYTES => Head::Bytes(sized(reader, "byte string")?.rest()),
        EMPTY_BYTES => Head::Bytes(&[]),
        OBJECT => Head::Map(Contents::sized(sized(reader, "object")?)),
        ARRAY => Head::Array(Contents::sized(sized(reader, "array")?)),
        // The type "empty" is a value that holds nothing: null, in other words.
        _ => Head::Null,
    })
}

fn sized<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<Reader<'a>, DecodeError> {
    let size = reader.varint(u64::BITS)?;
    reader.sub(size).map_err(|error| error.naming(what))
}

pub(super) fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let size = reader.varint(u64::BITS)?;
    text(reader, size, "map key")
}

#[cold]
fn mismatch(at: usize, byte: u8) -> DecodeError {
    let why = match wire_type(byte >> 3) {
        EIGHT_BYTES => "this type travels in wire type 1 (8 bytes)",
        SIZED => "this type travels in wire type 2 (size and bytes)",
        FOUR_BYTES => "this type travels in wire type 5 (4 bytes)",
        _ => "this type travels in wire type 0 (nothing, or a varint)",
    };
    invalid(at, byte, why)
}

#[cold]
fn invalid(at: usize, found: u8, why: &'static str) -> DecodeError {
    DecodeError::new(at, DecodeErrorKind::Tag { found, why })
}

/// Writes all but the values inside a container, which are `size` bytes.
pub(super) fn put_head(
    sink: &mut impl Sink,
    value: &Value,
    size: usize,
) -> Result<(), EncodeError> {
    match value {
        Value::Null => put_type(sink, NULL),
        Value::Bool(true) => put_type(sink, TRUE),
        Value::Bool(false) => put_type(sink, FALSE),
        Value::Integer(integer) => put_integer(sink, *integer),
        Value::Float(float) => match Number::shortest(*float) {
            Number::Integer(integer) => put_integer(sink, integer),
            // Shipping encoders keep a NaN in eight bytes here.
            Number::Single(single) if !single.is_nan() => {
                put_type(sink, FLOAT)?;
                sink.put(&single.to_le_bytes())
            }
            Number::Single(_) => put_double(sink, f64::NAN),
            Number::Double(double) => put_double(sink, double),
        },
        Value::String(text) if text.is_empty() => put_type(sink, EMPTY_STRING),
        Value::String(text) => {
            put_type(sink, STRING)?;
            put_sized(sink, text.as_bytes())
        }
        Value::Bytes(bytes) if bytes.is_empty() => put_type(sink, EMPTY_BYTES),
        Value::Bytes(bytes) => {
            put_type(sink, BYTES)?;
            put_sized(sink, bytes)
        }
        Value::Array(_) => {
            put_type(sink, ARRAY)?;
            sink.varint(size as u64)
        }
        Value::Map(_) => {
            put_type(sink, OBJECT)?;
            sink.varint(size as u64)
        }
    }
}

pub(super) fn put_key(sink: &mut impl Sink, key: &str) -> Result<(), EncodeError> {
    put_sized(sink, key.as_bytes())
}

fn put_integer(sink: &mut impl Sink, integer: Integer) -> Result<(), EncodeError> {
    match (integer.is_negative(), integer.magnitude()) {
        (false, 0) => put_type(sink, ZERO),
        (false, 1) => put_type(sink, ONE),
        (negative, magnitude) => {
            put_type(sink, if negative { NEGATIVE } else { VARINT })?;
            sink.varint(magnitude)
        }
    }
}

fn put_double(sink: &mut impl Sink, double: f64) -> Result<(), EncodeError> {
    put_type(sink, DOUBLE)?;
    sink.put(&double.to_le_bytes())
}

fn put_sized(sink: &mut impl Sink, bytes: &[u8]) -> Result<(), EncodeError> {
    sink.varint(bytes.len() as u64)?;
    sink.put(bytes)
}

fn put_type(sink: &mut impl Sink, kind: u8) -> Result<(), EncodeError> {
    sink.put_u8(kind << 3 | wire_type(kind))
}

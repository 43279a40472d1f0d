//! The first generation of PSON, which revisions before 2025 speak.
//!
//! A value is a key byte of a type and a wire type, then its data. An object or
//! array says its size in bytes, so a value is measured before it is written.
//! The functions here are those of [`pson`](super), for this generation.

use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Reader};

use super::head::{Contents, Head, text};
use super::write::{Number, Sink};
use super::{Generation, Integer, Value, View};
#[cfg(feature = "serde")]
use super::{de, ser};

/// Checks that `bytes` are one value of this generation, to walk it in place.
///
/// # Errors
///
/// Those of [`Generation::decode`].
pub fn view(bytes: &[u8]) -> Result<View<'_>, DecodeError> {
    View::of(Generation::One, bytes)
}

/// Writes what `value` serialises to.
///
/// Enums are written as `serde_json` does (the name of the variant, or a map
/// of it to the data), absent options as null, keys sorted.
///
/// # Errors
///
/// Those of [`to_value`](super::to_value), and [`EncodeError::TooDeep`](crate::wire::EncodeError).
#[cfg(feature = "serde")]
pub fn to_vec<T: serde::Serialize + ?Sized>(value: &T) -> Result<alloc::vec::Vec<u8>, EncodeError> {
    ser::to_vec(Generation::One, value)
}

/// Writes what `value` serialises to, as [`to_vec`] does, in one piece.
///
/// # Errors
///
/// Those of `writer`; those of [`to_vec`] as
/// [`InvalidInput`](std::io::ErrorKind::InvalidInput).
#[cfg(all(feature = "serde", feature = "std"))]
pub fn to_writer<W: std::io::Write, T: serde::Serialize + ?Sized>(
    writer: W,
    value: &T,
) -> std::io::Result<()> {
    ser::to_writer(Generation::One, writer, value)
}

/// Reads what a value serialised from. Text and bytes can be borrowed from
/// `bytes` (`&str`, `&[u8]`); an integer is accepted where a float is asked
/// for, and a float without a fraction where an integer is.
///
/// # Errors
///
/// Those of [`Generation::decode`], and with the offset of the value whatever
/// `T` refuses: `missing-field`, `wrong-type` or `custom`.
#[cfg(feature = "serde")]
pub fn from_slice<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    de::from_slice(Generation::One, bytes)
}

pub(super) const NULL: u8 = 0;
pub(super) const VARINT: u8 = 1;
pub(super) const NEGATIVE: u8 = 2;
pub(super) const FLOAT: u8 = 3;
pub(super) const DOUBLE: u8 = 4;
pub(super) const TRUE: u8 = 5;
pub(super) const FALSE: u8 = 6;
pub(super) const ZERO: u8 = 7;
pub(super) const ONE: u8 = 8;
pub(super) const STRING: u8 = 9;
pub(super) const EMPTY_STRING: u8 = 10;
pub(super) const BYTES: u8 = 11;
pub(super) const EMPTY_BYTES: u8 = 12;
pub(super) const OBJECT: u8 = 13;
pub(super) const ARRAY: u8 = 14;
pub(super) const EMPTY: u8 = 15;

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

/// The key byte of a type.
pub(super) const fn tag(kind: u8) -> u8 {
    kind << 3 | wire_type(kind)
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
    sink.put_u8(tag(kind))
}

#[cfg(test)]
mod tests {
    use crate::wire::EncodeError;

    use super::super::{Generation::One, Integer, MAX_DEPTH, Map, Value};

    /// The one canonical form of a value, both ways.
    fn check(value: impl Into<Value>, bytes: &[u8]) {
        let value = value.into();
        assert_eq!(One.to_vec(&value).as_deref(), Ok(bytes), "{value:?}");
        assert_eq!(One.decode(bytes), Ok(value));
    }

    fn refused(bytes: &[u8], class: &str, offset: usize) {
        let error = One.decode(bytes).unwrap_err();
        assert_eq!((error.class(), error.offset()), (class, offset), "{error}");
    }

    #[test]
    fn canonical_scalars() {
        check(Value::Null, &[0x00]);
        check(true, &[0x28]);
        check(false, &[0x30]);
        check(0, &[0x38]);
        check(1, &[0x40]);
        check(2, &[0x08, 0x02]);
        check(300, &[0x08, 0xac, 0x02]);
        check(-1, &[0x10, 0x01]);
        check(
            Integer::new(true, u64::MAX),
            b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        );
        check("", &[0x50]);
        check("ok", &[0x4a, 0x02, b'o', b'k']);
        check(&[][..], &[0x60]);
        check(&[0xff][..], &[0x5a, 0x01, 0xff]);
    }

    #[test]
    fn canonical_floats() {
        check(23.5, &[0x1d, 0, 0, 0xbc, 0x41]);
        check(0.1, &[0x21, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]);
        check(-0.0, &[0x38]);
        check(1.0, &[0x40]);
        check(-f64::NAN, &[0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    }

    #[test]
    fn containers_say_their_size() {
        check([], &[0x72, 0x00]);
        check(Map::new(), &[0x6a, 0x00]);
        check(
            [Value::Null, [1.into(), 2.into()].into()],
            &[0x72, 0x06, 0x00, 0x72, 0x03, 0x40, 0x08, 0x02],
        );
        check(
            Map::from([("b", Value::from("x")), ("a", Value::from(0))]),
            b"\x6a\x08\x01a\x38\x01b\x4a\x01x",
        );
    }

    #[test]
    fn other_forms_are_read() {
        assert_eq!(One.decode(&[0x08, 0x01]), Ok(1.into()));
        assert_eq!(One.decode(&[0x10, 0x00]), Ok(0.into()));
        assert_eq!(One.decode(&[0x4a, 0x00]), Ok("".into()));
        assert_eq!(One.decode(&[0x5a, 0x80, 0x00]), Ok((&[][..]).into()));
        assert_eq!(One.decode(&[0x78]), Ok(Value::Null));
    }

    #[test]
    fn a_type_goes_with_one_wire_type() {
        const SIZED: &[u8] = &[9, 11, 13, 14];
        for byte in 0..=u8::MAX {
            let (kind, wire) = (byte >> 3, byte & 7);
            let right = match kind {
                3 => 5,
                4 => 1,
                kind if SIZED.contains(&kind) => 2,
                _ => 0,
            };
            // Nothing follows the size 0, and zeros are good numbers.
            let zeros = match kind {
                1 | 2 => 1,
                3 => 4,
                4 => 8,
                kind if SIZED.contains(&kind) => 1,
                _ => 0,
            };
            let mut bytes = [0; 9];
            bytes[0] = byte;
            let bytes = &bytes[..=zeros];
            if kind <= 15 && wire == right {
                assert!(One.decode(bytes).is_ok(), "{byte:#04x}");
            } else {
                refused(bytes, "tag", 0);
            }
        }
    }

    #[test]
    fn a_size_is_used_up() {
        // The second element would end behind the array.
        refused(&[0x72, 0x02, 0x40, 0x08, 0x02], "truncated", 4);
        refused(&[0x72, 0x01, 0x40, 0x08, 0x02], "trailing-bytes", 3);
        refused(&[0x6a, 0x02, 0x01, b'a'], "truncated", 4);
        refused(&[0x6a, 0x03, 0x02, b'a', b'b', 0x38], "truncated", 5);
        refused(&[0x6a, 0x03, 0x01, 0xff, 0x38], "utf8", 3);
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let deepest = (0..MAX_DEPTH).fold(Value::Null, |inside, _| [inside].into());
        assert_eq!(
            One.decode(&One.to_vec(&deepest).unwrap()),
            Ok(deepest.clone())
        );
        let too_deep = EncodeError::TooDeep { limit: MAX_DEPTH };
        let deeper = Value::from([deepest]);
        assert_eq!(One.to_vec(&deeper), Err(too_deep));
        refused(&[0x72, 0x03, 0x72, 0x01, 0x08], "truncated", 5);
    }
}

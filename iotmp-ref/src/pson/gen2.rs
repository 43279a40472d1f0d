//! The bytes of the second generation: one tag of a 3-bit type and a 5-bit
//! number, which a varint continues.

use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Reader};

use super::head::{Contents, Head, text};
use super::write::{Number, Sink};
use super::{Integer, Value};

pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const FLOAT: u8 = 2;
pub(super) const DISCRETE: u8 = 3;
pub(super) const STRING: u8 = 4;
pub(super) const BYTES: u8 = 5;
pub(super) const MAP: u8 = 6;
pub(super) const ARRAY: u8 = 7;

/// The number of a tag that says: a varint follows.
pub(super) const CONTINUED: u8 = 31;

pub(super) const SINGLE: u64 = 0;
pub(super) const DOUBLE: u64 = 1;

pub(super) const FALSE: u64 = 0;
pub(super) const TRUE: u64 = 1;
pub(super) const NULL: u64 = 2;

/// The tag of a type and a number below [`CONTINUED`].
pub(super) const fn tag(kind: u8, number: u64) -> u8 {
    kind << 5 | number as u8
}

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
        return sink.put_u8(tag(kind, number));
    }
    sink.put_u8(tag(kind, CONTINUED.into()))?;
    sink.varint(number)
}

#[cfg(test)]
mod tests {
    use crate::wire::{EncodeError, Reader, Writer};
    use alloc::string::ToString;

    use super::super::{Generation::Two, Integer, MAX_DEPTH, Map, Value};

    /// The one canonical form of a value, both ways.
    fn check(value: impl Into<Value>, bytes: &[u8]) {
        let value = value.into();
        assert_eq!(Two.to_vec(&value).as_deref(), Ok(bytes), "{value:?}");
        assert_eq!(Two.decode(bytes), Ok(value));
    }

    fn refused(bytes: &[u8], class: &str, offset: usize) {
        let error = Two.decode(bytes).unwrap_err();
        assert_eq!((error.class(), error.offset()), (class, offset), "{error}");
    }

    #[test]
    fn canonical_scalars() {
        check(Value::Null, &[0x62]);
        check(false, &[0x60]);
        check(true, &[0x61]);
        check(0, &[0x00]);
        check(30, &[0x1e]);
        check(31, &[0x1f, 31]);
        check(-1, &[0x21]);
        check(-30, &[0x3e]);
        check(-31, &[0x3f, 31]);
        check(300, &[0x1f, 0xac, 0x02]);
        check(
            Integer::new(true, u64::MAX),
            b"\x3f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        );
        check("", &[0x80]);
        check("ok", &[0x82, b'o', b'k']);
        check(&[][..], &[0xa0]);
        check(&[0xff][..], &[0xa1, 0xff]);
    }

    #[test]
    fn canonical_floats() {
        check(0.5, &[0x40, 0, 0, 0, 0x3f]);
        check(0.1, &[0x41, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]);
        check(f64::INFINITY, &[0x40, 0, 0, 0x80, 0x7f]);
        check(-0.0, &[0x00]);
        check(-2.0, &[0x22]);
        for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
            check(nan, &[0x40, 0x00, 0x00, 0xc0, 0x7f]);
        }
    }

    #[test]
    fn canonical_containers() {
        check([], &[0xe0]);
        check([1.into(), Value::Null], &[0xe2, 0x01, 0x62]);
        check(Map::new(), &[0xc0]);
        check(
            Map::from([("b", 1), ("", 2), ("a", 3), ("b", 4)]),
            b"\xc4\x80\x02\x81a\x03\x81b\x01\x81b\x04",
        );
    }

    #[test]
    fn longer_forms_are_read() {
        assert_eq!(Two.decode(&[0x1f, 0x85, 0x00]), Ok(5.into()));
        assert_eq!(Two.decode(&[0x3f, 0x00]), Ok(0.into()));
        assert_eq!(Two.decode(&[0x7f, 0x02]), Ok(Value::Null));
        assert_eq!(Two.decode(&[0x5f, 0x00, 0, 0, 0, 0x3f]), Ok(0.5.into()));
        assert_eq!(Two.decode(&[0x9f, 0x01, b'a']), Ok("a".into()));
        let map = Map::from([("a", 1)]);
        assert_eq!(
            Two.decode(&[0xdf, 0x01, 0x9f, 0x01, b'a', 0x01]),
            Ok(map.into())
        );
        assert_eq!(
            Two.decode(&[0xff, 0x81, 0x00, 0x00]),
            Ok([Value::from(0)].into())
        );
    }

    #[test]
    fn keys_are_text() {
        for key in [0x01, 0x21, 0x40, 0x60, 0xa0, 0xc0, 0xe0] {
            refused(&[0xc1, key, 0, 0, 0, 0, 0], "key", 1);
        }
        refused(&[0xc1, 0x82, b'a', 0xff, 0x00], "utf8", 3);
        refused(&[0xc1, 0x83, b'a'], "truncated", 2);
    }

    #[test]
    fn discrete_and_float_are_what_they_are() {
        refused(&[0x63], "tag", 0);
        refused(&[0x7f, 0x03], "tag", 0);
        refused(&[0xe1, 0x5f, 0x02, 0, 0, 0, 0], "tag", 1);
    }

    #[test]
    fn a_count_must_fit_the_bytes_at_hand() {
        refused(&[0xe3, 0x00, 0x00], "truncated", 1);
        refused(&[0xc2, 0x80, 0x00, 0x80], "truncated", 1);
        // Twice the count would wrap around to nothing.
        let half = b"\xdf\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
        refused(half, "truncated", 11);
        let error = Two.decode(&[0xe3, 0x00, 0x00]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 1: array of at least 3 bytes, but only 2 bytes are left"
        );
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let mut deep = [0xe1; MAX_DEPTH].to_vec();
        deep.push(0x00);
        let deepest = Two.decode(&deep).unwrap();
        deep.insert(0, 0xe1);
        refused(&deep, "depth", MAX_DEPTH);
        let too_deep = EncodeError::TooDeep { limit: MAX_DEPTH };
        let deeper = Value::from([deepest]);
        assert_eq!(Two.encoded_len(&deeper), Err(too_deep));

        let read = |limit| Two.read(&mut Reader::at(&[0xe1, 0xc0], 5), limit);
        assert!(read(2).is_ok());
        let error = read(1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 6, [0]: nested deeper than the limit of 1"
        );
    }

    #[test]
    fn the_way_down_is_in_the_error() {
        let bytes = b"\xc2\x81a\x00\x81b\xe2\x00\xc1\x81c\x82\xc3\x28";
        let error = Two.decode(bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 12, b[1].c: string is not valid UTF-8"
        );
    }

    #[test]
    fn a_small_buffer_is_an_error() {
        let mut buffer = [0; 3];
        let mut writer = Writer::new(&mut buffer);
        assert_eq!(
            Two.encode(&"abc".into(), &mut writer),
            Err(EncodeError::BufferTooSmall { needed: 3, left: 2 })
        );
    }
}

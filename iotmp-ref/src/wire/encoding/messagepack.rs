//! MessagePack, over the markers of `rmp`.
//!
//! An integer takes the shortest form, a float 4 bytes if these hold it exactly
//! and else 8. Integers reach from -2^63 to 2^64 - 1; those below have no way to
//! be written. Extension types, the timestamp among them, are refused by number.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use rmp::Marker;
use rmp::encode as put;
use rmp::encode::ByteBuf;

use crate::pson::{Depth, Integer, Number, Value, text};
use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Encoding, Reader};

use super::build::{Build, Scalar, array, big_endian, map, refused};
use super::emit::{Container, Emit, emit, unrepresentable, unwritten};

/// The one extension type that the format itself gives a meaning.
const TIMESTAMP: i8 = -1;

pub(super) fn read<T: Build>(reader: &mut Reader<'_>, max_depth: usize) -> Result<T, DecodeError> {
    value(reader, Depth::new(max_depth))
}

/// What a marker opens, with the number of bytes or values behind it.
enum Head {
    Scalar(Scalar<'static>),
    String(u64),
    Bytes(u64),
    Array(u64),
    Map(u64),
    /// A value of a type that has a number only.
    Extension(i8),
}

impl Head {
    fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, DecodeError> {
        let at = reader.offset();
        let byte = reader.u8().map_err(|error| error.opening(what))?;
        let integer = |integer: Integer| Self::Scalar(Scalar::Integer(integer));
        Ok(match Marker::from_u8(byte) {
            Marker::Null => Self::Scalar(Scalar::Null),
            Marker::False => Self::Scalar(Scalar::Bool(false)),
            Marker::True => Self::Scalar(Scalar::Bool(true)),
            Marker::FixPos(value) => integer(value.into()),
            Marker::FixNeg(value) => integer(value.into()),
            Marker::U8 => integer(big_endian!(reader, u8).into()),
            Marker::U16 => integer(big_endian!(reader, u16).into()),
            Marker::U32 => integer(big_endian!(reader, u32).into()),
            Marker::U64 => integer(big_endian!(reader, u64).into()),
            Marker::I8 => integer(big_endian!(reader, i8).into()),
            Marker::I16 => integer(big_endian!(reader, i16).into()),
            Marker::I32 => integer(big_endian!(reader, i32).into()),
            Marker::I64 => integer(big_endian!(reader, i64).into()),
            Marker::F32 => Self::Scalar(Scalar::Float(big_endian!(reader, f32).into())),
            Marker::F64 => Self::Scalar(Scalar::Float(big_endian!(reader, f64))),
            Marker::FixStr(len) => Self::String(len.into()),
            Marker::Str8 => Self::String(big_endian!(reader, u8).into()),
            Marker::Str16 => Self::String(big_endian!(reader, u16).into()),
            Marker::Str32 => Self::String(big_endian!(reader, u32).into()),
            Marker::Bin8 => Self::Bytes(big_endian!(reader, u8).into()),
            Marker::Bin16 => Self::Bytes(big_endian!(reader, u16).into()),
            Marker::Bin32 => Self::Bytes(big_endian!(reader, u32).into()),
            Marker::FixArray(count) => Self::Array(count.into()),
            Marker::Array16 => Self::Array(big_endian!(reader, u16).into()),
            Marker::Array32 => Self::Array(big_endian!(reader, u32).into()),
            Marker::FixMap(count) => Self::Map(count.into()),
            Marker::Map16 => Self::Map(big_endian!(reader, u16).into()),
            Marker::Map32 => Self::Map(big_endian!(reader, u32).into()),
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16 => Self::Extension(big_endian!(reader, i8)),
            Marker::Ext8 => {
                reader.take(1).map_err(|error| error.naming("size"))?;
                Self::Extension(big_endian!(reader, i8))
            }
            Marker::Ext16 => {
                reader.take(2).map_err(|error| error.naming("size"))?;
                Self::Extension(big_endian!(reader, i8))
            }
            Marker::Ext32 => {
                reader.take(4).map_err(|error| error.naming("size"))?;
                Self::Extension(big_endian!(reader, i8))
            }
            Marker::Reserved => {
                let why = "the format never uses it";
                return Err(DecodeError::new(
                    at,
                    DecodeErrorKind::Tag { found: byte, why },
                ));
            }
        })
    }
}

fn value<T: Build>(reader: &mut Reader<'_>, depth: Depth) -> Result<T, DecodeError> {
    let at = reader.offset();
    match Head::read(reader, "value")? {
        Head::Scalar(scalar) => Ok(T::scalar(scalar)),
        Head::String(len) => {
            let text = text(reader, len, "string")?;
            Ok(T::scalar(Scalar::String(text)))
        }
        Head::Bytes(len) => {
            let bytes = reader.take(len);
            let bytes = bytes.map_err(|error| error.naming("byte string"))?;
            Ok(T::scalar(Scalar::Bytes(bytes)))
        }
        Head::Array(count) => {
            let depth = depth.enter(at)?;
            reader.holds(count, 1, "array")?;
            let element = |reader: &mut Reader<'_>| value(reader, depth);
            array(reader, |_, index| Ok(index == count), element)
        }
        Head::Map(count) => {
            let depth = depth.enter(at)?;
            reader.holds(count, 2, "map")?;
            let value = |reader: &mut Reader<'_>| value(reader, depth);
            map(reader, |_, index| Ok(index == count), key, value)
        }
        Head::Extension(number) => {
            let name = if number == TIMESTAMP {
                " (timestamp)"
            } else {
                ""
            };
            let detail = format!("extension type {number}{name} stands for no value");
            Err(refused(Encoding::Messagepack, at, detail))
        }
    }
}

fn key<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>, DecodeError> {
    let at = reader.offset();
    let found = match Head::read(reader, "map key")? {
        Head::String(len) => return text(reader, len, "map key").map(Cow::Borrowed),
        Head::Scalar(Scalar::Integer(_)) => "integer",
        Head::Scalar(Scalar::Float(_)) => "float",
        Head::Scalar(_) => "bool or null",
        Head::Bytes(_) => "bytes",
        Head::Array(_) => "array",
        Head::Map(_) => "map",
        Head::Extension(_) => "extension",
    };
    Err(DecodeError::new(at, DecodeErrorKind::Key { found }))
}

pub(super) fn to_vec(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Output(ByteBuf::new());
    emit(&mut out, value)?;
    Ok(out.0.into_vec())
}

struct Output(ByteBuf);

impl Emit for Output {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), EncodeError> {
        let out = &mut self.0;
        match scalar {
            Scalar::Null => put::write_nil(out).map_err(unwritten),
            Scalar::Bool(value) => put::write_bool(out, value).map_err(unwritten),
            Scalar::Integer(integer) => self.integer(integer),
            Scalar::Float(float) => match Number::shortest(float) {
                Number::Integer(integer) => self.integer(integer),
                Number::Single(single) => put::write_f32(out, single).map_err(unwritten),
                Number::Double(double) => put::write_f64(out, double).map_err(unwritten),
            },
            Scalar::String(value) => {
                put::write_str_len(out, size(value.len())?).map_err(unwritten)?;
                out.as_mut_vec().extend_from_slice(value.as_bytes());
                Ok(())
            }
            Scalar::Bytes(value) => {
                put::write_bin_len(out, size(value.len())?).map_err(unwritten)?;
                out.as_mut_vec().extend_from_slice(value);
                Ok(())
            }
        }
    }

    fn open(&mut self, container: Container, count: usize) -> Result<(), EncodeError> {
        let (out, count) = (&mut self.0, size(count)?);
        let written = match container {
            Container::Array => put::write_array_len(out, count),
            Container::Map => put::write_map_len(out, count),
        };
        written.map(drop).map_err(unwritten)
    }

    fn close(&mut self, _: Container) -> Result<(), EncodeError> {
        Ok(())
    }

    fn key(&mut self, _: usize, key: &str) -> Result<(), EncodeError> {
        self.scalar(Scalar::String(key))
    }
}

impl Output {
    fn integer(&mut self, integer: Integer) -> Result<(), EncodeError> {
        let out = &mut self.0;
        let written = if let Ok(unsigned) = u64::try_from(integer) {
            put::write_uint(out, unsigned)
        } else if let Ok(signed) = i64::try_from(integer) {
            put::write_sint(out, signed)
        } else {
            let what = format!("the integer {integer}, which is below -2^63");
            return Err(unrepresentable(Encoding::Messagepack, what));
        };
        written.map(drop).map_err(unwritten)
    }
}

fn size(size: usize) -> Result<u32, EncodeError> {
    u32::try_from(size).map_err(|_| {
        let what = format!("{size} bytes or values in one piece, which is over 2^32 - 1");
        unrepresentable(Encoding::Messagepack, what)
    })
}

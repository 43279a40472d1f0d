//! From bytes to anything that is `Deserialize`, without a copy of text and
//! bytes.

mod inside;
mod key;
mod value;

use alloc::string::ToString;
use core::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, Visitor};
use serde::forward_to_deserialize_any;

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

use self::inside::Inside;
use super::head::{Depth, Head};
use super::{Generation, Integer, MAX_DEPTH, Value, read};

/// Reads what a value serialised from, as `serde_json::from_value`.
///
/// # Errors
///
/// Those of [`from_slice`](super::from_slice); offsets count in the canonical
/// form of `value`.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, DecodeError> {
    let bytes = Generation::Two.to_vec(value);
    let bytes = bytes.map_err(|error| DecodeError::custom(error.to_string()))?;
    from_slice(Generation::Two, &bytes)
}

pub(super) fn from_slice<'de, T: Deserialize<'de>>(
    generation: Generation,
    bytes: &'de [u8],
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let deserializer = Deserializer {
        generation,
        reader: &mut reader,
        depth: Depth::new(MAX_DEPTH),
    };
    let value = T::deserialize(deserializer).map_err(|error| error.or_at(0))?;
    reader.finish()?;
    Ok(value)
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::custom(detail.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::unplaced(DecodeErrorKind::MissingField { field })
    }
}

/// One value, the next that `reader` gives.
struct Deserializer<'r, 'de> {
    generation: Generation,
    reader: &'r mut Reader<'de>,
    depth: Depth,
}

impl<'de> Deserializer<'_, 'de> {
    fn visit<V: Visitor<'de>>(
        self,
        visitor: V,
        adapt: impl FnOnce(Head<'de>) -> Head<'de>,
    ) -> Result<V::Value, DecodeError> {
        let start = self.reader.offset();
        let head = adapt(self.generation.head(self.reader)?);
        let visited = match head {
            Head::Null => visitor.visit_unit(),
            Head::Bool(value) => visitor.visit_bool(value),
            Head::Integer(value) => visit_integer(value, visitor),
            Head::Float(value) => visitor.visit_f64(value),
            Head::String(value) => visitor.visit_borrowed_str(value),
            Head::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Head::Array(contents) => {
                let mut inside = Inside::new(contents, self.depth.enter(start)?);
                let visited = visitor.visit_seq(&mut inside);
                visited.and_then(|value| inside.close(self.reader).map(|()| value))
            }
            Head::Map(contents) => {
                let mut inside = Inside::new(contents, self.depth.enter(start)?);
                let visited = visitor.visit_map(&mut inside);
                visited.and_then(|value| inside.close(self.reader).map(|()| value))
            }
        };
        visited.map_err(|error| error.or_at(start))
    }
}

fn visit_integer<'de, V: Visitor<'de>>(
    integer: Integer,
    visitor: V,
) -> Result<V::Value, DecodeError> {
    if let Ok(value) = u64::try_from(integer) {
        visitor.visit_u64(value)
    } else if let Ok(value) = i64::try_from(integer) {
        visitor.visit_i64(value)
    } else {
        visitor.visit_i128(integer.into())
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            // An integer may have travelled as a float.
            self.visit(visitor, |head| match head {
                Head::Float(float) => Integer::from_f64(float).map_or(head, Head::Integer),
                other => other,
            })
        }
    )* };
}

impl<'de> de::Deserializer<'de> for Deserializer<'_, 'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.visit(visitor, |head| head)
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let start = self.reader.offset();
        let mut ahead = self.reader.clone();
        if matches!(self.generation.head(&mut ahead)?, Head::Null) {
            *self.reader = ahead;
            return visitor
                .visit_none()
                .map_err(|error: DecodeError| error.or_at(start));
        }
        visitor.visit_some(self).map_err(|error| error.or_at(start))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let start = self.reader.offset();
        let visited = visitor.visit_newtype_struct(self);
        visited.map_err(|error| error.or_at(start))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let start = self.reader.offset();
        let visited = match self.generation.head(self.reader)? {
            Head::String(variant) => {
                visitor.visit_enum(BorrowedStrDeserializer::<DecodeError>::new(variant))
            }
            Head::Map(contents) => {
                let mut inside = Inside::new(contents, self.depth.enter(start)?);
                let visited = visitor.visit_enum(&mut inside);
                visited.and_then(|value| inside.close(self.reader).map(|()| value))
            }
            other => {
                let kind = DecodeErrorKind::WrongType {
                    found: other.kind().name(),
                    expected: "string or map of one pair, for an enum",
                };
                Err(DecodeError::new(start, kind))
            }
        };
        visited.map_err(|error| error.or_at(start))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        read::skip(self.generation, self.reader, self.depth)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

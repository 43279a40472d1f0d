//! From anything that is `Serialize` to a [`Value`].
//!
//! Bytes are written from the value: counts must be known before what they
//! count, and keys be sorted.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use serde::ser::{self, Serialize};

use crate::wire::EncodeError;

use super::{Generation, Integer, Map, Value, View};

/// The value that something serialises to, as `serde_json::to_value`.
///
/// A map key must be text, a character, a number, a boolean or the name of a
/// variant without data; it becomes text.
///
/// # Errors
///
/// [`EncodeError::Custom`] for any other key, an integer beyond
/// [`Integer`], and whatever `T` refuses.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, EncodeError> {
    value.serialize(ToValue)
}

pub(super) fn to_vec<T: Serialize + ?Sized>(
    generation: Generation,
    value: &T,
) -> Result<Vec<u8>, EncodeError> {
    generation.to_vec(&to_value(value)?)
}

#[cfg(feature = "std")]
pub(super) fn to_writer<W: std::io::Write, T: Serialize + ?Sized>(
    generation: Generation,
    mut writer: W,
    value: &T,
) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind};

    let bytes = to_vec(generation, value);
    writer.write_all(&bytes.map_err(|error| Error::new(ErrorKind::InvalidInput, error))?)
}

impl ser::Error for EncodeError {
    fn custom<T: Display>(detail: T) -> Self {
        Self::Custom(detail.to_string().into_boxed_str())
    }
}

impl Serialize for Integer {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(value) = u64::try_from(*self) {
            serializer.serialize_u64(value)
        } else if let Ok(value) = i64::try_from(*self) {
            serializer.serialize_i64(value)
        } else {
            serializer.serialize_i128((*self).into())
        }
    }
}

impl Serialize for Value {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => value.serialize(serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl Serialize for Map {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for View<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(elements) = self.elements() {
            return serializer.collect_seq(elements);
        }
        match self.pairs() {
            Some(pairs) => serializer.collect_map(pairs),
            None => self.to_value().serialize(serializer),
        }
    }
}

struct ToValue;

macro_rules! from {
    ($($method:ident: $type:ty,)*) => { $(
        fn $method(self, value: $type) -> Result<Value, EncodeError> {
            Ok(value.into())
        }
    )* };
}

macro_rules! from_wide {
    ($($method:ident: $type:ty,)*) => { $(
        fn $method(self, value: $type) -> Result<Value, EncodeError> {
            let integer = Integer::try_from(value);
            integer.map(Value::from).map_err(|_| beyond(value))
        }
    )* };
}

fn beyond(value: impl Display) -> EncodeError {
    ser::Error::custom(format_args!("{value} does not fit a sign and 64 bits"))
}

impl ser::Serializer for ToValue {
    type Ok = Value;
    type Error = EncodeError;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Elements;
    type SerializeMap = Pairs;
    type SerializeStruct = Pairs;
    type SerializeStructVariant = Pairs;

    from! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    from_wide! {
        serialize_i128: i128,
        serialize_u128: u128,
    }

    fn serialize_char(self, value: char) -> Result<Value, EncodeError> {
        Ok(value.to_string().into())
    }

    fn serialize_none(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, EncodeError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        Ok(tagged(Some(variant), to_value(value)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements, EncodeError> {
        Ok(Elements::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements, EncodeError> {
        Ok(Elements::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements, EncodeError> {
        Ok(Elements::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements, EncodeError> {
        Ok(Elements {
            variant: Some(variant),
            ..Elements::default()
        })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Pairs, EncodeError> {
        Ok(Pairs::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pairs, EncodeError> {
        Ok(Pairs::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs, EncodeError> {
        Ok(Pairs {
            variant: Some(variant),
            ..Pairs::default()
        })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// A variant with data is a map of its name to that data.
fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Map::from([(variant, value)]).into(),
        None => value,
    }
}

#[derive(Default)]
struct Elements {
    variant: Option<&'static str>,
    elements: Vec<Value>,
}

macro_rules! elements {
    ($($trait:ident::$method:ident,)*) => { $(
        impl ser::$trait for Elements {
            type Ok = Value;
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.elements.push(to_value(value)?);
                Ok(())
            }

            fn end(self) -> Result<Value, EncodeError> {
                Ok(tagged(self.variant, self.elements.into()))
            }
        }
    )* };
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

#[derive(Default)]
struct Pairs {
    variant: Option<&'static str>,
    key: String,
    map: Map,
}

impl ser::SerializeMap for Pairs {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key = match to_value(key)? {
            Value::String(key) => key,
            Value::Bool(key) => key.to_string(),
            Value::Integer(key) => key.to_string(),
            Value::Float(key) => key.to_string(),
            other => {
                let kind = other.kind().name();
                return Err(ser::Error::custom(format_args!(
                    "{kind} as a map key, but keys must be strings"
                )));
            }
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let key = core::mem::take(&mut self.key);
        self.map.push(key, to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(tagged(self.variant, self.map.into()))
    }
}

macro_rules! fields {
    ($($trait:ident)*) => { $(
        impl ser::$trait for Pairs {
            type Ok = Value;
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.map.push(name.to_owned(), to_value(value)?);
                Ok(())
            }

            fn end(self) -> Result<Value, EncodeError> {
                Ok(tagged(self.variant, self.map.into()))
            }
        }
    )* };
}

fields!(SerializeStruct SerializeStructVariant);

//! A value that owns its parts.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Integer, Map};

/// Anything that PSON can say, of either generation.
///
/// Two values are equal when they travel as the same bytes. So the float 3.0
/// equals the integer 3 (a float without a fraction travels as an integer),
/// -0.0 equals 0, and all NaN are one.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(Integer),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<Self>),
    /// Named values.
    Map(Map),
}

/// What sort of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of the variants of `Value`")]
pub enum Kind {
    Null,
    Bool,
    Integer,
    Float,
    String,
    Bytes,
    Array,
    Map,
}

impl Kind {
    /// The kind in lower case, as in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Array => "array",
            Self::Map => "map",
        }
    }
}

impl Value {
    /// What sort of value it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Integer(_) => Kind::Integer,
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Array(_) => Kind::Array,
            Self::Map(_) => Kind::Map,
        }
    }

    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one or a float without a fraction.
    pub fn as_integer(&self) -> Option<Integer> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Float(value) => Integer::from_f64(*value),
            _ => None,
        }
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_integer()?.try_into().ok()
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_integer()?.try_into().ok()
    }

    /// The number, if it is one; an integer beyond 2^53 is rounded.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(value.to_f64()),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of `key`, if it is a map that has one.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::Integer(a), Self::Float(b)) | (Self::Float(b), Self::Integer(a)) => {
                Integer::from_f64(*b) == Some(*a)
            }
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

macro_rules! from {
    ($($from:ty => |$value:ident| $into:expr;)*) => { $(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        }
    )* };
}

from! {
    bool => |value| Self::Bool(value);
    Integer => |value| Self::Integer(value);
    u8 => |value| Self::Integer(value.into());
    u16 => |value| Self::Integer(value.into());
    u32 => |value| Self::Integer(value.into());
    u64 => |value| Self::Integer(value.into());
    usize => |value| Self::Integer(value.into());
    i8 => |value| Self::Integer(value.into());
    i16 => |value| Self::Integer(value.into());
    i32 => |value| Self::Integer(value.into());
    i64 => |value| Self::Integer(value.into());
    isize => |value| Self::Integer(value.into());
    f32 => |value| Self::Float(value.into());
    f64 => |value| Self::Float(value);
    &str => |value| Self::String(value.to_owned());
    String => |value| Self::String(value);
    &[u8] => |value| Self::Bytes(value.to_owned());
    Vec<u8> => |value| Self::Bytes(value);
    Vec<Self> => |value| Self::Array(value);
    Map => |value| Self::Map(value);
}

impl<const N: usize> From<[Self; N]> for Value {
    fn from(elements: [Self; N]) -> Self {
        Self::Array(elements.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Integer, Map, Value};

    #[test]
    fn equal_when_the_bytes_are() {
        assert_eq!(Value::from(3.0), Value::from(3));
        assert_eq!(Value::from(-0.0), Value::from(0));
        assert_eq!(Value::from(f64::NAN), Value::from(-f64::NAN));
        assert_ne!(Value::from(0.5), Value::from(0));
        assert_ne!(Value::from("a"), Value::from(&b"a"[..]));
        assert_ne!(Value::Null, Value::from(false));
        assert_ne!(Value::Array(Vec::new()), Value::Map(Map::new()));
    }

    #[test]
    fn accessors_convert_numbers_only() {
        let value = Value::from(-2.0);
        assert_eq!((value.as_i64(), value.as_u64()), (Some(-2), None));
        assert_eq!(Value::from(u64::MAX).as_i64(), None);
        assert_eq!(Value::from(2).as_f64(), Some(2.0));
        assert_eq!(Value::from("2").as_i64(), None);
        let below = Value::from(Integer::new(true, u64::MAX));
        assert_eq!((below.as_i64(), below.as_u64()), (None, None));
        let map = Value::from(Map::from([("a", 1)]));
        assert_eq!(map.get("a").and_then(Value::as_u64), Some(1));
        assert_eq!(map.get("b"), None);
    }
}

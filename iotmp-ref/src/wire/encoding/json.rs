//! JSON (RFC 8259), by `serde_json`.
//!
//! It says of itself where it ends only by what follows, so a value takes all
//! that is left of the bytes.
//!
//! - Bytes, NaN and the infinities have no way to be written, nor has an integer
//!   below -2^63, which no reader that knows 64 bits only would get back.
//! - A number with a fraction or an exponent reads as the nearest float. One
//!   without reads as an integer; beyond 64 bits, as the float that it is the
//!   shortest way to write, as JavaScript does, and is refused if there is none.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use crate::pson::{Depth, Value};
use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Encoding, Reader, Segment};

use super::build::{Build, Scalar, refused};
use super::emit::{Container, Emit, emit, unrepresentable, unwritten};

const WHAT: &str = "JSON text";

pub(super) fn read<T: Build>(reader: &mut Reader<'_>, max_depth: usize) -> Result<T, DecodeError> {
    let start = reader.offset();
    let bytes = reader.rest();
    let text = core::str::from_utf8(bytes).map_err(|error| {
        let kind = DecodeErrorKind::Utf8 { what: WHAT };
        DecodeError::new(start + error.valid_up_to(), kind)
    })?;

    let mut walk = Walk::default();
    let mut parser = serde_json::Deserializer::from_str(text);
    // The depth is checked on the way down.
    parser.disable_recursion_limit();
    let next = Next {
        walk: &mut walk,
        depth: Depth::new(max_depth),
        build: PhantomData,
    };
    let value = match next.deserialize(&mut parser) {
        Ok(value) => value,
        Err(error) => return Err(walk.place(&error, text, start)),
    };
    parser.end().map_err(|error| {
        let at = offset(text, &error);
        let count = bytes.len() - at;
        DecodeError::new(start + at, DecodeErrorKind::TrailingBytes { count })
    })?;
    if walk.huge
        && let Some((at, number)) = lossy(text)
    {
        let detail = format!("the integer {number:.40} is beyond 64 bits");
        return Err(refused(Encoding::Json, start + at, detail));
    }
    reader.take(bytes.len() as u64)?;
    Ok(value)
}

/// What the way down to an error leaves, which `serde_json` cannot carry.
#[derive(Default)]
struct Walk {
    innermost_first: Vec<Segment>,
    /// What was wrong, if it was not the text.
    kind: Option<DecodeErrorKind>,
    /// Whether a float was met that may have been an integer.
    huge: bool,
}

impl Walk {
    #[cold]
    fn place(self, error: &serde_json::Error, text: &str, start: usize) -> DecodeError {
        let at = start + offset(text, error);
        let error = match (self.kind, error.classify()) {
            (Some(kind), _) => DecodeError::new(at, kind),
            (None, Category::Eof) => {
                let kind = DecodeErrorKind::Truncated {
                    what: WHAT,
                    needed: 1,
                    exact: false,
                    left: 0,
                };
                DecodeError::new(start + text.len(), kind)
            }
            (None, _) => {
                let said = error.to_string();
                // The offset says where already.
                let detail = said.split(" at line ").next().unwrap_or(&said);
                refused(Encoding::Json, at, detail)
            }
        };
        let segments = self.innermost_first.into_iter();
        segments.fold(error, |error, segment| match segment {
            Segment::Index(index) => error.in_index(index),
            Segment::Key(key) => error.in_key(&key),
            Segment::Field(_) | Segment::Message(_) => error,
        })
    }
}

/// The byte that an error of the parser is about.
#[cold]
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let above = error.line().saturating_sub(1);
    let lines = text.split_inclusive('\n').take(above);
    let line: usize = lines.map(str::len).sum();
    let at = line + error.column().saturating_sub(1);
    at.min(text.len())
}

/// The first integer of a good text that no 64 bits and no float hold.
fn lossy(text: &str) -> Option<(usize, &str)> {
    let mut rest = text;
    let mut quoted = false;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' => {
                quoted = !quoted;
                1
            }
            // Takes the character that is escaped, which is ASCII, along.
            '\\' => 2,
            '-' | '0'..='9' if !quoted => {
                let end = rest
                    .find(|next: char| !matches!(next, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                let number = rest.get(..end.unwrap_or(rest.len()))?;
                if is_lossy(number) {
                    return Some((text.len() - rest.len(), number));
                }
                number.len()
            }
            other => other.len_utf8(),
        };
        rest = rest.get(len..)?;
    }
    None
}

fn is_lossy(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_integer = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_integer
        && number.parse::<i64>().is_err()
        && number.parse::<u64>().is_err()
        && number
            .parse::<f64>()
            .map(|float| float.to_string())
            .as_deref()
            != Ok(number)
}

/// The value that comes next.
struct Next<'w, T> {
    walk: &'w mut Walk,
    depth: Depth,
    build: PhantomData<T>,
}

impl<T> Next<'_, T> {
    fn inside<E: serde::de::Error>(&mut self) -> Result<(), E> {
        // The parser knows the offset.
        self.depth = self.depth.enter(0).map_err(|error| {
            self.walk.kind = Some(error.kind().clone());
            E::custom("nested too deep")
        })?;
        Ok(())
    }

    fn child(&mut self) -> Next<'_, T> {
        Next {
            walk: self.walk,
            depth: self.depth,
            build: PhantomData,
        }
    }
}

impl<'de, T: Build> DeserializeSeed<'de> for Next<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Build> Visitor<'de> for Next<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::scalar(Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::scalar(Scalar::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::integer(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        self.walk.huge |= value.abs() >= 9_223_372_036_854_775_808.0;
        Ok(T::float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::scalar(Scalar::String(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<T, A::Error> {
        self.inside()?;
        let mut array = T::Array::default();
        let mut index = 0;
        loop {
            match elements.next_element_seed(self.child()) {
                Ok(Some(element)) => T::push(&mut array, element),
                Ok(None) => return Ok(T::array(array)),
                Err(error) => {
                    self.walk.innermost_first.push(Segment::Index(index));
                    return Err(error);
                }
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut pairs: A) -> Result<T, A::Error> {
        self.inside()?;
        let mut map = T::Map::default();
        while let Some(key) = pairs.next_key_seed(Key)? {
            match pairs.next_value_seed(self.child()) {
                Ok(value) => T::insert(&mut map, &key, value),
                Err(error) => {
                    let segment = Segment::Key(key.into_owned());
                    self.walk.innermost_first.push(segment);
                    return Err(error);
                }
            }
        }
        Ok(T::map(map))
    }
}

/// A key, borrowed where nothing in it is escaped.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

pub(super) fn to_vec(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Output(Vec::new());
    emit(&mut out, value)?;
    Ok(out.0)
}

struct Output(Vec<u8>);

impl Output {
    fn put<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        serde_json::to_writer(&mut self.0, value).map_err(unwritten)
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.0.push(b',');
        }
    }
}

impl Emit for Output {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), EncodeError> {
        let what = match scalar {
            Scalar::Null => return self.put(&()),
            Scalar::Bool(value) => return self.put(&value),
            Scalar::Integer(integer) => {
                if let Ok(unsigned) = u64::try_from(integer) {
                    return self.put(&unsigned);
                }
                if let Ok(signed) = i64::try_from(integer) {
                    return self.put(&signed);
                }
                format!("the integer {integer}, which is below -2^63")
            }
            Scalar::Float(float) if float.is_finite() => return self.put(&float),
            Scalar::Float(float) => format!("the float {float}"),
            Scalar::String(value) => return self.put(value),
            Scalar::Bytes(_) => "bytes".to_owned(),
        };
        Err(unrepresentable(Encoding::Json, what))
    }

    fn open(&mut self, container: Container, _: usize) -> Result<(), EncodeError> {
        self.0.push(match container {
            Container::Array => b'[',
            Container::Map => b'{',
        });
        Ok(())
    }

    fn close(&mut self, container: Container) -> Result<(), EncodeError> {
        self.0.push(match container {
            Container::Array => b']',
            Container::Map => b'}',
        });
        Ok(())
    }

    fn element(&mut self, index: usize) -> Result<(), EncodeError> {
        self.separate(index);
        Ok(())
    }

    fn key(&mut self, index: usize, key: &str) -> Result<(), EncodeError> {
        self.separate(index);
        self.put(key)?;
        self.0.push(b':');
        Ok(())
    }
}

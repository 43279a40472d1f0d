//! What the expansion of `messages!` needs and nobody else should name.

use alloc::vec::Vec as AllocVec;

use crate::wire::{DecodeError, missing_field};

pub use alloc::borrow::Cow;
pub use alloc::vec::Vec;

#[cfg(feature = "arbitrary")]
pub use arbitrary;
#[cfg(feature = "serde")]
pub use serde;

/// What the expansion says over and over: a short path is fewer tokens than a full one, and no
/// less absolute.
pub mod names {
    pub use alloc::borrow::Cow;
    pub use core::clone::Clone;
    pub use core::ops::FnMut;
    pub use core::option::Option::{self, None, Some};
    pub use core::primitive::{bool, str, u8, u16, u32, u64, usize};
    pub use core::result::Result::{self, Err, Ok};

    pub use super::{mandatory, of_field, of_message};
    pub use crate::typed;
    pub use crate::wire::*;
}

/// A result whose error says in which field it arose.
///
/// # Errors
/// The one that it is given.
#[inline(always)]
pub fn of_field<T>(result: Result<T, DecodeError>, field: &'static str) -> Result<T, DecodeError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_field(field)),
    }
}

/// A result whose error says in which message it arose.
///
/// # Errors
/// The one that it is given.
#[inline(always)]
pub fn of_message<T>(
    result: Result<T, DecodeError>,
    message: &'static str,
) -> Result<T, DecodeError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.in_message(message)),
    }
}

/// The value of a field that must be there, in a body that ends at `offset`.
///
/// # Errors
/// That it is not there.
#[inline(always)]
pub fn mandatory<T>(
    value: Option<T>,
    offset: usize,
    field: &'static str,
) -> Result<T, DecodeError> {
    match value {
        Some(value) => Ok(value),
        None => Err(missing_field(offset, field).in_field(field)),
    }
}

/// A buffer of `length` zeros.
#[must_use]
pub fn zeroed(length: usize) -> AllocVec<u8> {
    alloc::vec![0; length]
}

/// What a message calls with the name and the value of each of its fields.
#[cfg(feature = "serde")]
pub type Visitor<'v> = dyn FnMut(&'static str, crate::wire::FieldValue<'_>) + 'v;

/// Serializes a message as a map of its name and its fields.
///
/// # Errors
/// Those of the serializer.
#[cfg(feature = "serde")]
pub fn serialize_message<S: serde::Serializer>(
    name: &str,
    visit: &dyn Fn(&mut Visitor<'_>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::{Error, SerializeMap};

    use crate::wire::FieldValue;

    let mut count = 0;
    visit(&mut |_, _| count += 1);
    let mut map = serializer.serialize_map(Some(count + 1))?;
    map.serialize_entry("type", name)?;
    let mut result = Ok(());
    visit(&mut |field, value| {
        if result.is_err() {
            return;
        }
        result = match value {
            FieldValue::Number(number) => map.serialize_entry(field, &number),
            FieldValue::Any(any) => match any.to_value() {
                Ok(value) => map.serialize_entry(field, &value),
                Err(error) => Err(S::Error::custom(error)),
            },
            FieldValue::Text(text) => map.serialize_entry(field, &text),
            FieldValue::Bytes(bytes) => map.serialize_entry(field, &Bytes(&bytes)),
        };
    });
    result?;
    map.end()
}

/// Bytes that serialize as such rather than as a sequence.
#[cfg(feature = "serde")]
struct Bytes<'a>(&'a [u8]);

#[cfg(feature = "serde")]
impl serde::Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Bytes that a field of that extent can hold.
///
/// # Errors
/// Those of the source of randomness.
#[cfg(feature = "arbitrary")]
pub fn arbitrary_bytes(
    u: &mut arbitrary::Unstructured<'_>,
    extent: crate::wire::Extent,
) -> arbitrary::Result<Vec<u8>> {
    use crate::wire::Extent;

    Ok(match extent {
        Extent::Exact(size) => {
            let mut bytes = zeroed(size);
            u.fill_buffer(&mut bytes)?;
            bytes
        }
        Extent::Prefixed(_, max) | Extent::Rest(max) => {
            let mut bytes: Vec<u8> = u.arbitrary()?;
            bytes.truncate(usize::try_from(max).unwrap_or(usize::MAX));
            bytes
        }
    })
}

/// Text that a field of that extent can hold.
///
/// # Errors
/// Those of the source of randomness.
#[cfg(feature = "arbitrary")]
pub fn arbitrary_text(
    u: &mut arbitrary::Unstructured<'_>,
    extent: crate::wire::Extent,
) -> arbitrary::Result<alloc::string::String> {
    use crate::wire::Extent;

    let (least, most) = match extent {
        Extent::Exact(size) => (size, size),
        Extent::Prefixed(_, max) | Extent::Rest(max) => {
            (0, usize::try_from(max).unwrap_or(usize::MAX))
        }
    };
    let mut text: alloc::string::String = u.arbitrary()?;
    while text.len() > most {
        text.pop();
    }
    while text.len() < least {
        text.push(char::from(u.int_in_range(b' '..=b'~')?));
    }
    Ok(text)
}

/// A value that the layout has a wire type for.
///
/// # Errors
/// Those of the source of randomness.
#[cfg(feature = "arbitrary")]
pub fn arbitrary_any(
    u: &mut arbitrary::Unstructured<'_>,
    layout: &crate::wire::KeyLayout,
) -> arbitrary::Result<crate::wire::Any<'static>> {
    use crate::pson::Value;
    use crate::wire::{Any, Encoded, Encoding, Shape};

    let shapes: Vec<Shape> = layout.shapes.iter().flatten().copied().collect();
    Ok(match u.choose(&shapes)? {
        Shape::Varint => Any::Varint(u.arbitrary()?),
        Shape::Fixed32 => Any::Fixed32(u.arbitrary()?),
        Shape::Fixed64 => Any::Fixed64(u.arbitrary()?),
        Shape::Sized([]) => Any::Bytes(Cow::Owned(u.arbitrary()?)),
        Shape::Sized(allowed) | Shape::Encoded(allowed) => {
            let usable = |encoding: &&Encoding| encoding.is_available();
            let allowed: Vec<_> = allowed.iter().filter(usable).collect();
            let encoding = **u.choose(&allowed)?;
            let value: Value = u.arbitrary()?;
            // What an encoding has no way to say gives way to what each of them can.
            let encoded = Encoded::from_value(encoding, &value)
                .or_else(|_| Encoded::from_value(encoding, &Value::Null))
                .map_err(|_| arbitrary::Error::IncorrectFormat)?;
            Any::Encoded(encoded)
        }
    })
}

/// Keeps its tokens where the feature `serde` is on.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// Drops its tokens where the feature `serde` is off.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde {
    ($($tokens:tt)*) => {};
}

/// Keeps its tokens where the feature `arbitrary` is on.
#[cfg(feature = "arbitrary")]
#[doc(hidden)]
#[macro_export]
macro_rules! __arbitrary {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// Drops its tokens where the feature `arbitrary` is off.
#[cfg(not(feature = "arbitrary"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __arbitrary {
    ($($tokens:tt)*) => {};
}

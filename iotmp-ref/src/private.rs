//! What the expansion of `messages!` needs and nobody else should name.
//!
//! Every token of an expansion costs, the more so where macros are compiled unoptimised: what the
//! expansion says often has one short path here, and what it would repeat is a function.

#[path = "private/build.rs"]
mod build;
#[path = "private/named.rs"]
mod named;
#[path = "private/read.rs"]
mod read;

use alloc::vec::Vec as AllocVec;

pub use alloc::borrow::Cow;
pub use alloc::vec::Vec;
pub use core::clone::Clone;
pub use core::cmp::{Eq, Ord, PartialEq, PartialOrd};
pub use core::convert::From;
pub use core::fmt::{self, Debug, Display};
pub use core::hash::Hash;
pub use core::marker::Copy;
pub use core::ops::FnMut;
pub use core::option::Option::{self, None, Some};
pub use core::primitive::{bool, str, u8, u16, u32, u64, usize};
pub use core::result::Result::{self, Err, Ok};
pub use core::{include_bytes, write};

#[cfg(feature = "arbitrary")]
pub use arbitrary;
#[cfg(feature = "serde")]
pub use serde;

pub use crate::pson::typed::{
    Decode, Encode, Form, Framed, Generation, One, Output as Sink, Stop, Two, frame, put,
    put_or_number, value_least, value_len, value_or_number_len, written,
};
pub use crate::wire::{
    Any, BuildError, DecodeError, EncodeError, Encoding, Extent, FieldValue, FrameLayout,
    IntEncoding, KeyLayout, Reader, Shape, UnknownMessage, Writer, peek_constant, read_constant,
    varint,
};

pub use self::build::{Held, mandatory, optional, owned, shown};
pub use self::named::{is_one_of, one_of};
pub use self::read::{Body, Number, key, next_field, next_number, open, within};

/// A buffer of `length` zeros.
#[must_use]
pub fn zeroed(length: usize) -> AllocVec<u8> {
    alloc::vec![0; length]
}

/// What a message calls with the name and the value of each of its fields.
#[cfg(feature = "serde")]
pub type Visitor<'v> = dyn FnMut(&'static str, FieldValue<'_>) + 'v;

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
    extent: Extent,
) -> arbitrary::Result<Vec<u8>> {
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
    extent: Extent,
) -> arbitrary::Result<alloc::string::String> {
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
    layout: &KeyLayout,
) -> arbitrary::Result<Any<'static>> {
    use crate::pson::Value;
    use crate::wire::Encoded;

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

/// Implements serde's trait for a message, where the feature `serde` is on.
#[doc(hidden)]
#[macro_export]
macro_rules! __serialize {
    ($message:ty) => {
        $crate::__serde! {
            impl $crate::__private::serde::Serialize for $message {
                fn serialize<__S: $crate::__private::serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> $crate::__private::Result<__S::Ok, __S::Error> {
                    $crate::__private::serialize_message(
                        Self::NAME,
                        &|visitor| self.visit(visitor),
                        serializer,
                    )
                }
            }
        }
    };
}

/// Implements the trait of `arbitrary`, where that feature is on: how a value is drawn from what is
/// called `$source` there.
#[doc(hidden)]
#[macro_export]
macro_rules! __draw {
    ($type:ty, $source:ident, $($drawn:tt)*) => {
        $crate::__arbitrary! {
            impl<'arbitrary> $crate::__private::arbitrary::Arbitrary<'arbitrary> for $type {
                fn arbitrary(
                    $source: &mut $crate::__private::arbitrary::Unstructured<'arbitrary>,
                ) -> $crate::__private::arbitrary::Result<Self> {
                    let _ = &$source;
                    $crate::__private::Ok({ $($drawn)* })
                }
            }
        }
    };
}

/// Makes an enum of named numbers what a field can hold.
#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    ($name:ident($bits:ty) $($only:expr)?) => {
        impl $crate::__private::Number for $name {
            const BITS: $crate::__private::u32 = <$bits>::BITS;
            $(
                const ONLY: $crate::__private::Option<&'static [$crate::__private::u64]> =
                    $crate::__private::Some($only);
            )?

            #[inline(always)]
            fn of(number: $crate::__private::u64) -> Self {
                Self(number as $bits)
            }
        }

        impl $crate::__private::Held<'_> for $name {
            fn shown(&self) -> $crate::__private::FieldValue<'_> {
                $crate::__private::Held::shown(&self.0)
            }

            fn of(
                value: $crate::__private::FieldValue<'_>,
                field: &'static $crate::__private::str,
            ) -> $crate::__private::Result<Self, $crate::__private::BuildError> {
                match $crate::__private::Held::of(value, field) {
                    $crate::__private::Ok(number) => $crate::__private::Ok(Self(number)),
                    $crate::__private::Err(error) => $crate::__private::Err(error),
                }
            }
        }
    };
}

//! PSON: the self-describing values inside of messages.
//!
//! A [`Value`] is null, a boolean, a number, text, bytes, an array or a map
//! with text keys. There are two layouts, the [`Generation`]s; the functions
//! of this module speak the second, those of [`gen1`] the first.
//!
//! ```
//! use iotmp_ref::pson::{Generation, Map, Value, View};
//!
//! let value = Value::from(Map::from([("temperature", 23.5), ("humidity", 65.0)]));
//! let bytes = Generation::Two.to_vec(&value)?;
//! assert_eq!(Generation::Two.decode(&bytes)?, value);
//!
//! let view = View::new(&bytes)?;
//! assert_eq!(view.get("humidity").and_then(View::as_u64), Some(65));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Canonical form
//!
//! One value can be written in many ways. All are read; one is written, the
//! shortest:
//!
//! - a float without a fraction, from -2^63 up to below 2^64, is written as an
//!   integer, so -0.0 arrives as 0;
//! - any other float is written in 4 bytes if these hold it exactly, else in 8;
//!   every NaN is written as the same one;
//! - the pairs of a map are written by the bytes of their keys, and the values
//!   of a repeated key in their order.
//!
//! # Limits
//!
//! Containers stand in each other at most [`MAX_DEPTH`] deep. A count or size
//! beyond what the bytes at hand can hold is refused before memory is taken.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

#[cfg(feature = "arbitrary")]
mod arbitrary;
#[cfg(feature = "serde")]
mod de;
pub mod gen1;
mod gen2;
mod generation;
mod head;
mod integer;
mod map;
mod read;
mod scan;
#[cfg(feature = "serde")]
mod ser;
mod tape;
pub mod typed;
mod value;
mod view;
mod write;

#[cfg(feature = "serde")]
use crate::wire::{DecodeError, EncodeError};

/// Writes [`Encode`] and [`Decode`] for a struct; see [`typed`].
pub use iotmp_derive::Pson;

#[cfg(feature = "serde")]
pub use self::de::from_value;
pub use self::generation::Generation;
#[cfg(feature = "encodings")]
pub(crate) use self::head::{Depth, text};
pub use self::integer::{Integer, ParseIntegerError};
pub use self::map::Map;
#[cfg(feature = "serde")]
pub use self::ser::to_value;
pub use self::tape::{Entries, Item, Items, Node, Tape};
pub use self::typed::{Decode, Encode, Ignored, decode, encode, encoded_len};
pub use self::value::{Kind, Value};
pub use self::view::{Elements, Pairs, View};
#[cfg(feature = "encodings")]
pub(crate) use self::write::Number;

/// How many containers may stand in each other.
///
/// No source sets a limit; this one keeps a peer's nesting off the stack.
pub const MAX_DEPTH: usize = 128;

/// Writes what `value` serialises to.
///
/// Enums are written as `serde_json` does (the name of the variant, or a map
/// of it to the data), absent options as null, keys sorted.
///
/// # Errors
///
/// Those of [`to_value`], and [`EncodeError::TooDeep`](crate::wire::EncodeError).
#[cfg(feature = "serde")]
pub fn to_vec<T: serde::Serialize + ?Sized>(value: &T) -> Result<alloc::vec::Vec<u8>, EncodeError> {
    ser::to_vec(Generation::Two, value)
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
    ser::to_writer(Generation::Two, writer, value)
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
    de::from_slice(Generation::Two, bytes)
}

//! PSON: the self-describing values inside of messages.
//!
//! A [`Value`] is null, a boolean, a number, text, bytes, an array or a map
//! with text keys. There are two layouts, the [`Generation`]s; the functions
//! of this module speak the second, those of [`gen1`] the first.
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

pub mod gen1;
mod gen2;
mod generation;
mod head;
mod integer;
mod map;
mod read;
mod value;
mod view;
mod write;

pub use self::generation::Generation;
pub use self::integer::{Integer, ParseIntegerError};
pub use self::map::Map;
pub use self::value::{Kind, Value};
pub use self::view::{Elements, Pairs, View};

/// How many containers may stand in each other.
///
/// No source sets a limit; this one keeps a peer's nesting off the stack.
pub const MAX_DEPTH: usize = 128;

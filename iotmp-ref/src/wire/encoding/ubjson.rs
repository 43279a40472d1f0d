//! UBJSON, draft 12.
//!
//! Written are plain containers with an end marker, the smallest integer type
//! that holds a number, and floats of 4 bytes if these hold them exactly and
//! else of 8. Containers with a count, or a count and a type, are read as well.
//!
//! - Bytes are an array of the type `U` with a count, which the format sets
//!   aside for them. Any other array of numbers is an array.
//! - An integer from 2^63 on, or below -2^63, is a high-precision number (`H`).
//!   Read is one that is an integer of at most 64 bits and a sign; any other is
//!   refused, as it is there because no float holds it.
//! - The format sends null for NaN and the infinities, which would lose them:
//!   they have no way to be written. Bytes that hold one are read.
//! - A character (`C`) reads as text; a no-op (`N`) is skipped in a container,
//!   and refused where a value must stand.
//! - Elements of the types `Z`, `T` and `F` take no bytes in a typed array, so
//!   that ten bytes can promise 2^63 of them. A whole value may hold
//!   [`MAX_EMPTY`] of them.

mod read;
mod write;

pub(super) use self::read::read;
pub(super) use self::write::to_vec;

/// The most elements of a whole value that take no bytes.
const MAX_EMPTY: u64 = 1024;

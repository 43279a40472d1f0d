//! Values of known types, straight from and to bytes.
//!
//! [`Encode`] and [`Decode`] are to PSON what serde's traits are to any format,
//! but know it: no value stands between a type and its bytes, so nothing is
//! allocated, and the keys of a struct are constants. `#[derive(Pson)]` writes
//! both for a struct with named fields:
//!
//! ```
//! use iotmp_ref::pson::{self, Generation, Pson};
//!
//! #[derive(Debug, PartialEq, Pson)]
//! struct Telemetry<'a> {
//!     temperature: f64,
//!     humidity: u8,
//!     #[pson(rename = "st")]
//!     status: Option<&'a str>,
//! }
//!
//! let sent = Telemetry { temperature: 23.5, humidity: 65, status: Some("ok") };
//! let mut buffer = [0; 64];
//! let written = pson::encode(&sent, Generation::Two, &mut buffer)?;
//! let received: Telemetry = pson::decode(Generation::Two, &buffer[..written])?;
//! assert_eq!(received, sent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is written is the canonical form that [`pson`](super) describes, of the
//! value that serde would make of the same struct: pairs by the bytes of their
//! keys, an absent option as null. What is read may be in any order.
//!
//! | type | PSON |
//! | --- | --- |
//! | `bool`, integers, [`Integer`](super::Integer), `f32`, `f64` | as they are; a whole float reads as an integer, any integer as a float |
//! | `&str`, `String` | text |
//! | `&[u8]`, `Vec<u8>`, `[u8; N]` | bytes (text and arrays of integers are read as well, the latter not into `&[u8]`) |
//! | `&[T]` (written only), `Vec<T>`, `[T; N]` | array |
//! | `Option<T>` | null, or as `T`; may be absent from a map |
//! | structs | map; other keys are skipped, a repeated one is refused |
//! | [`Value`](super::Value), [`View`](super::View) | anything |
//! | [`Ignored`] | anything, checked and dropped |

mod container;
mod float;
mod form;
mod framed;
mod input;
mod keyed;
mod number;
mod output;
mod sequence;
mod text;
mod whole;

use crate::wire::{DecodeError, EncodeError, Reader};

use super::MAX_DEPTH;

pub use super::Generation;

pub use self::container::MapInput;
pub use self::form::{Form, One, Two, key, key_len};
pub use self::framed::{Framed, field, frame, other_message, written};
pub use self::input::Input;
#[doc(hidden)]
pub use self::keyed::{put, put_or_number, value_least, value_len, value_or_number_len};
pub use self::output::{Output, Stop};
pub use self::sequence::container_len;
pub use self::whole::Ignored;

/// What can be written as PSON without a [`Value`](super::Value) in between.
///
/// Best derived, see [`typed`](self).
pub trait Encode {
    /// Fewest bytes that any value takes, in either generation.
    const LEAST: usize;

    /// A lower bound of [`encoded_len`](Self::encoded_len) that costs next to
    /// nothing: how much room is left for a size in front of the value.
    #[inline]
    fn least_len(&self) -> usize {
        Self::LEAST
    }

    /// Exactly how many bytes [`encode`](Self::encode) writes.
    fn encoded_len<F: Form>(&self) -> usize;

    /// Writes the value in its canonical form.
    ///
    /// # Errors
    ///
    /// [`Stop`], where the buffer ends or the nesting is too deep.
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop>;

    /// The number that travels as a varint field of a message, where it is one.
    #[inline]
    fn as_varint(&self) -> Option<u64> {
        None
    }

    /// How many bytes a slice of such values takes: an array, but of bytes.
    #[inline]
    fn slice_len<F: Form>(items: &[Self]) -> usize
    where
        Self: Sized,
    {
        sequence::array_len::<F, Self>(items)
    }

    /// Writes a slice of such values: an array, but of bytes.
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
    #[inline(always)]
    fn encode_slice<F: Form>(items: &[Self], output: &mut Output<'_>) -> Result<(), Stop>
    where
        Self: Sized,
    {
        sequence::encode_array::<F, Self>(items, output)
    }
}

/// What can be read from PSON without a [`Value`](super::Value) in between.
///
/// Best derived, see [`typed`](self).
pub trait Decode<'a>: Sized {
    /// Reads the next value of `input`.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::read`], `wrong-type` for a value of another type
    /// or out of range, `missing-field`, and `custom` for a repeated key.
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError>;

    /// What a number means that came as a varint field of a message.
    #[inline]
    fn from_varint(_: u64) -> Option<Self> {
        None
    }

    /// What the absence from a map means, if it is allowed.
    #[inline]
    fn absent() -> Option<Self> {
        None
    }

    /// Reads what a slice of such values was written as.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode).
    #[inline]
    fn decode_vec<F: Form>(input: &mut Input<'a>) -> Result<alloc::vec::Vec<Self>, DecodeError> {
        sequence::decode_vec::<F, Self>(input)
    }

    /// Reads as many values as the array has.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode); `custom` for another number of them.
    #[inline]
    fn decode_array<F: Form, const N: usize>(
        input: &mut Input<'a>,
    ) -> Result<[Self; N], DecodeError> {
        sequence::decode_array::<F, Self, N>(input)
    }
}

/// Writes `value` to the start of `buffer` and says how many bytes it took.
///
/// # Errors
///
/// [`EncodeError::BufferTooSmall`] where the buffer is shorter than
/// [`encoded_len`], [`EncodeError::TooDeep`] beyond [`MAX_DEPTH`] levels.
#[inline]
pub fn encode<T: Encode + ?Sized>(
    value: &T,
    generation: Generation,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    match generation {
        Generation::One => encode_form::<One, T>(value, buffer),
        Generation::Two => encode_form::<Two, T>(value, buffer),
    }
}

#[inline(always)]
fn encode_form<F: Form, T: Encode + ?Sized>(
    value: &T,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    let room = buffer.len();
    let mut output = Output::new(buffer);
    match value.encode::<F>(&mut output) {
        Ok(()) => Ok(room - output.remaining()),
        Err(stop) => Err(stop.error(room, || value.encoded_len::<F>())),
    }
}

/// Exactly how many bytes [`encode`] writes.
#[inline]
pub fn encoded_len<T: Encode + ?Sized>(value: &T, generation: Generation) -> usize {
    match generation {
        Generation::One => value.encoded_len::<One>(),
        Generation::Two => value.encoded_len::<Two>(),
    }
}

/// Reads the one value that `bytes` hold. Text and bytes can be borrowed.
///
/// # Errors
///
/// Those of [`Decode::decode`], and `trailing-bytes`.
#[inline]
pub fn decode<'a, T: Decode<'a>>(
    generation: Generation,
    bytes: &'a [u8],
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = decode_from(generation, &mut reader, MAX_DEPTH)?;
    reader.finish()?;
    Ok(value)
}

/// Reads a value, nested at most `max_depth` containers deep, that may have
/// something behind it.
///
/// # Errors
///
/// Those of [`Decode::decode`].
#[inline]
pub fn decode_from<'a, T: Decode<'a>>(
    generation: Generation,
    reader: &mut Reader<'a>,
    max_depth: usize,
) -> Result<T, DecodeError> {
    match generation {
        Generation::One => decode_form::<One, T>(reader, max_depth),
        Generation::Two => decode_form::<Two, T>(reader, max_depth),
    }
}

#[inline(always)]
fn decode_form<'a, F: Form, T: Decode<'a>>(
    reader: &mut Reader<'a>,
    max_depth: usize,
) -> Result<T, DecodeError> {
    let mut input = Input::new(reader.clone(), max_depth);
    let value = T::decode::<F>(&mut input)?;
    *reader = input.into_reader();
    Ok(value)
}

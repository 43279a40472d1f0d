//! Reading bodies of key-value pairs.
//!
//! What reads a field where it is expected must be inlined, always: a reader stays in registers
//! only if nothing else sees it. What reads fields in any order need not be.

use crate::pson::typed::{self, Decode};
use crate::wire::{
    Any, DecodeError, DecodeErrorKind, Encoding, FrameLayout, KeyLayout, Opened, Reader, Shape,
    missing_field,
};

/// What the number of a field is read into.
pub trait Number {
    /// Its bits.
    const BITS: u32;

    /// Where it cannot be every number of so many bits, those that it can be.
    const ONLY: Option<&'static [u64]> = None;

    /// A number of so many bits.
    fn of(number: u64) -> Self;
}

/// Reads the number of a field.
///
/// # Errors
/// Those of [`Reader::varint`], and `constant`.
#[inline(always)]
fn number<T: Number>(reader: &mut Reader<'_>) -> Result<T, DecodeError> {
    let at = reader.offset();
    let number = reader.varint(T::BITS)?;
    match T::ONLY {
        Some(expected) if !expected.contains(&number) => Err(not_one_of(number, expected, at)),
        // The reader has refused what does not fit.
        _ => Ok(T::of(number)),
    }
}

#[cold]
#[inline(never)]
fn not_one_of(found: u64, expected: &'static [u64], at: usize) -> DecodeError {
    DecodeError::new(at, DecodeErrorKind::Constant { found, expected })
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {
            const BITS: u32 = Self::BITS;

            #[inline(always)]
            fn of(number: u64) -> Self {
                number as Self
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64);

/// Puts the path of an error below a field of a message.
#[cold]
#[inline(never)]
#[must_use]
pub fn within(error: DecodeError, field: &'static str, message: &'static str) -> DecodeError {
    error.in_field(field).in_message(message)
}

/// Reads the header of a message, which must have this code.
///
/// # Errors
/// Those of [`FrameLayout::open`], and `constant`.
#[inline(always)]
pub fn open<'a>(
    layout: &FrameLayout,
    input: &'a [u8],
    code: u32,
    expected: &'static [u64],
) -> Result<Opened<'a>, DecodeError> {
    let opened = layout.open(input)?;
    if opened.code != code {
        return Err(typed::other_message(opened.code, expected));
    }
    Ok(opened)
}

/// Reads the number of a field, if its key is next.
///
/// # Errors
/// Those of [`Reader::varint`], and `constant`.
#[inline(always)]
pub fn next_number<T: Number, const N: usize>(
    reader: &mut Reader<'_>,
    key: &[u8; N],
    field: &'static str,
    message: &'static str,
) -> Result<Option<T>, DecodeError> {
    if !reader.next_is(key) {
        return Ok(None);
    }
    match number(reader) {
        Ok(number) => Ok(Some(number)),
        Err(error) => Err(within(error, field, message)),
    }
}

/// Reads the value of a field as a type of its own, if its key is next.
///
/// # Errors
/// Those of [`typed::field`].
#[inline(always)]
pub fn next_field<'a, T: Decode<'a>, const N: usize>(
    reader: &mut Reader<'a>,
    key: &[u8; N],
    wire: (Shape, usize),
    encoding: Encoding,
    name: &'static str,
    message: &'static str,
) -> Result<Option<T>, DecodeError> {
    let at = reader.offset();
    if !reader.next_is(key) {
        return Ok(None);
    }
    match typed::field(reader, wire.0, at, encoding, wire.1) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(within(error, name, message)),
    }
}

/// Reads a key.
///
/// # Errors
/// Those of [`KeyLayout::read_key`].
#[inline(always)]
pub fn key(
    layout: &KeyLayout,
    reader: &mut Reader<'_>,
    message: &'static str,
) -> Result<u32, DecodeError> {
    match layout.read_key(reader) {
        Ok(key) => Ok(key),
        Err(error) => Err(error.in_message(message)),
    }
}

/// A key and where it stands.
type At = (u32, usize);

/// What is known of the body of a message.
#[derive(Debug)]
pub struct Body {
    /// How its keys are written.
    pub layout: &'static KeyLayout,
    /// What the message is called.
    pub message: &'static str,
    /// Its fields: their identifiers, and what they are called.
    pub fields: &'static [(u32, &'static str)],
}

impl Body {
    /// Reads the number of a field.
    ///
    /// # Errors
    /// Those of [`Reader::varint`], and `constant`.
    #[inline]
    pub fn number<T: Number>(
        &self,
        reader: &mut Reader<'_>,
        at: At,
        slot: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        match number(reader) {
            Ok(number) => *slot = Some(number),
            Err(error) => return Err(self.within(error, at)),
        }
        Ok(())
    }

    /// Reads the value of a field as it is.
    ///
    /// # Errors
    /// Those of [`KeyLayout::read_any`].
    #[inline]
    pub fn any<'a>(
        &self,
        reader: &mut Reader<'a>,
        at: At,
        encoding: Encoding,
        slot: &mut Option<Any<'a>>,
    ) -> Result<(), DecodeError> {
        match self.layout.read_any(reader, at.0, at.1, encoding) {
            Ok(value) => *slot = Some(value),
            Err(error) => return Err(self.within(error, at)),
        }
        Ok(())
    }

    /// Reads the value of a field as a type of its own.
    ///
    /// # Errors
    /// Those of [`typed::field`].
    #[inline]
    pub fn field<'a, T: Decode<'a>>(
        &self,
        reader: &mut Reader<'a>,
        at: At,
        encoding: Encoding,
        (shape, max_depth): (Shape, usize),
        slot: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        match typed::field(reader, shape, at.1, encoding, max_depth) {
            Ok(value) => *slot = Some(value),
            Err(error) => return Err(self.within(error, at)),
        }
        Ok(())
    }

    /// Skips what is behind a key that no field has.
    ///
    /// # Errors
    /// A known field under a wire type that it cannot have, and those of [`KeyLayout::skip`].
    #[cold]
    pub fn other(
        &self,
        reader: &mut Reader<'_>,
        at: At,
        encoding: Encoding,
    ) -> Result<(), DecodeError> {
        if self.name(at.0).is_some() {
            return Err(self.within(self.layout.refuse(at.0, at.1), at));
        }
        let skipped = self.layout.skip(reader, at.0, at.1, encoding);
        skipped.map_err(|error| error.in_message(self.message))
    }

    /// What was read of a field that must be there.
    ///
    /// # Errors
    /// Its absence.
    #[inline(always)]
    pub fn present<T>(
        &self,
        slot: Option<T>,
        reader: &Reader<'_>,
        field: &'static str,
    ) -> Result<T, DecodeError> {
        match slot {
            Some(value) => Ok(value),
            None => Err(self.missing(reader.offset(), field)),
        }
    }

    #[cold]
    #[inline(never)]
    fn missing(&self, offset: usize, field: &'static str) -> DecodeError {
        within(missing_field(offset, field), field, self.message)
    }

    #[cold]
    #[inline(never)]
    fn within(&self, error: DecodeError, at: At) -> DecodeError {
        within(error, self.name(at.0).unwrap_or_default(), self.message)
    }

    fn name(&self, key: u32) -> Option<&'static str> {
        let (id, _) = self.layout.split(key);
        let mut fields = self.fields.iter();
        fields
            .find(|(field, _)| *field == id)
            .map(|(_, name)| *name)
    }
}

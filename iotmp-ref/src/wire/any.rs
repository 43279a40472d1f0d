//! A field whose type its sender chooses.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{DecodeError, DecodeErrorKind, EncodeError, Encoding, Reader};
use crate::pson::Value;

/// A value as it stands on the wire: under which wire type, in which bytes.
///
/// Decoding borrows from the input; [`into_owned`](Self::into_owned) lets go of
/// it. Two values are equal when their bytes are: compare
/// [`to_value`](Self::to_value) to compare what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Any<'a> {
    /// A number under the varint wire type.
    Varint(u64),
    /// Four bytes whose meaning the receiver knows.
    Fixed32([u8; 4]),
    /// Eight bytes whose meaning the receiver knows.
    Fixed64([u8; 8]),
    /// Bytes behind their size whose meaning the receiver knows.
    Bytes(Cow<'a, [u8]>),
    /// A value in an encoding that describes itself.
    Encoded(Encoded<'a>),
}

/// The bytes of one whole, valid value in an encoding that describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded<'a> {
    encoding: Encoding,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Encoded<'a> {
    /// Takes `bytes` as they are, after checking that they are one value.
    ///
    /// # Errors
    /// Whatever makes the bytes less, more or other than one value nested at
    /// most `max_depth` levels deep.
    pub fn new(encoding: Encoding, bytes: &'a [u8], max_depth: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        encoding.skip(&mut reader, max_depth)?;
        reader.finish()?;
        Ok(Self {
            encoding,
            bytes: Cow::Borrowed(bytes),
        })
    }

    /// The bytes of one value that has been checked.
    pub(crate) const fn checked(encoding: Encoding, bytes: &'a [u8]) -> Self {
        Self {
            encoding,
            bytes: Cow::Borrowed(bytes),
        }
    }

    /// Reads one value and leaves what follows.
    ///
    /// # Errors
    /// Whatever makes the bytes no value nested at most `max_depth` levels deep.
    #[inline]
    pub fn read(
        reader: &mut Reader<'a>,
        encoding: Encoding,
        max_depth: usize,
    ) -> Result<Self, DecodeError> {
        let mut ahead = reader.clone();
        encoding.skip(&mut ahead, max_depth)?;
        let length = reader.remaining() - ahead.remaining();
        let bytes = reader.take(length as u64)?;
        Ok(Self {
            encoding,
            bytes: Cow::Borrowed(bytes),
        })
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// [`EncodeError`] for what the encoding cannot say.
    pub fn from_value(encoding: Encoding, value: &Value) -> Result<Encoded<'static>, EncodeError> {
        Ok(Encoded {
            encoding,
            bytes: Cow::Owned(encoding.to_vec(value)?),
        })
    }

    /// The encoding of the bytes.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes of the value.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// None for PSON, whose bytes were checked when this was made.
    pub fn to_value(&self) -> Result<Value, DecodeError> {
        self.encoding.decode(&self.bytes)
    }

    /// The same value, borrowed from nothing.
    #[must_use]
    pub fn into_owned(self) -> Encoded<'static> {
        Encoded {
            encoding: self.encoding,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }
}

impl<'a> Any<'a> {
    /// Encodes a value, or writes it as a varint where `integers_as_varint` and
    /// the value is a non-negative integer.
    ///
    /// # Errors
    /// [`EncodeError`] for what the encoding cannot say.
    pub fn from_value(
        value: &Value,
        encoding: Encoding,
        integers_as_varint: bool,
    ) -> Result<Any<'static>, EncodeError> {
        if integers_as_varint && let Some(number) = value.as_u64() {
            return Ok(Any::Varint(number));
        }
        Encoded::from_value(encoding, value).map(Any::Encoded)
    }

    /// What the value means. Bytes behind a size are text where they are UTF-8;
    /// fixed-width bytes are little-endian unsigned numbers.
    ///
    /// # Errors
    /// Where the value was made of bytes that nobody has checked.
    pub fn to_value(&self) -> Result<Value, DecodeError> {
        Ok(match self {
            Self::Varint(number) => Value::from(*number),
            Self::Fixed32(bytes) => Value::from(u64::from(u32::from_le_bytes(*bytes))),
            Self::Fixed64(bytes) => Value::from(u64::from_le_bytes(*bytes)),
            Self::Bytes(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => Value::from(text),
                Err(_) => Value::from(Vec::from(bytes.as_ref())),
            },
            Self::Encoded(encoded) => encoded.to_value()?,
        })
    }

    /// The same value, borrowed from nothing.
    #[must_use]
    pub fn into_owned(self) -> Any<'static> {
        match self {
            Self::Varint(number) => Any::Varint(number),
            Self::Fixed32(bytes) => Any::Fixed32(bytes),
            Self::Fixed64(bytes) => Any::Fixed64(bytes),
            Self::Bytes(bytes) => Any::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Encoded(encoded) => Any::Encoded(encoded.into_owned()),
        }
    }
}

/// A field's value, whatever its type: what generic code sees of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// Of a numeric field.
    Number(u64),
    /// Of a field whose type its sender chooses.
    Any(Any<'a>),
    /// Of a field of text.
    Text(Cow<'a, str>),
    /// Of a field of bytes.
    Bytes(Cow<'a, [u8]>),
}

impl<'a> FieldValue<'a> {
    /// The number, if it is one of at most `max`.
    ///
    /// # Errors
    /// [`BuildError`] for `field` otherwise.
    pub fn number(self, field: &'static str, max: u64) -> Result<u64, BuildError> {
        match self {
            Self::Number(number) if number <= max => Ok(number),
            Self::Number(value) => Err(BuildError::Range { field, value, max }),
            _ => Err(wrong(field, "a number")),
        }
    }

    /// The value, if it is of any type.
    ///
    /// # Errors
    /// [`BuildError`] for `field` otherwise.
    pub fn any(self, field: &'static str) -> Result<Any<'a>, BuildError> {
        match self {
            Self::Any(any) => Ok(any),
            _ => Err(wrong(field, "a value")),
        }
    }

    /// The text, if it is text.
    ///
    /// # Errors
    /// [`BuildError`] for `field` otherwise.
    pub fn text(self, field: &'static str) -> Result<Cow<'a, str>, BuildError> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(wrong(field, "text")),
        }
    }

    /// The bytes, if it is bytes.
    ///
    /// # Errors
    /// [`BuildError`] for `field` otherwise.
    pub fn bytes(self, field: &'static str) -> Result<Cow<'a, [u8]>, BuildError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(wrong(field, "bytes")),
        }
    }
}

const fn wrong(field: &'static str, expected: &'static str) -> BuildError {
    BuildError::WrongType { field, expected }
}

/// Why a message could not be built from its fields' values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The specification has no message of that name.
    #[error("there is no such message")]
    UnknownMessage,
    /// A mandatory field has no value.
    #[error("mandatory field {field} is absent")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A number is too large for its field.
    #[error("field {field} is {value}, but at most {max} is allowed")]
    Range {
        /// The field.
        field: &'static str,
        /// The number given.
        value: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A field was given a value of another type.
    #[error("field {field} takes {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

/// A message whose type the specification does not name, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMessage<'a> {
    /// Code in the header.
    pub code: u32,
    /// Body, unread.
    pub body: Cow<'a, [u8]>,
}

impl<'a> UnknownMessage<'a> {
    /// Takes all that is left of `reader` as the body.
    #[must_use]
    pub fn take(code: u32, reader: &mut Reader<'a>) -> Self {
        let body = Cow::Borrowed(reader.rest());
        *reader = Reader::at(&[], reader.offset() + reader.remaining());
        Self { code, body }
    }

    /// The same message, borrowed from nothing.
    #[must_use]
    pub fn into_owned(self) -> UnknownMessage<'static> {
        UnknownMessage {
            code: self.code,
            body: Cow::Owned(self.body.into_owned()),
        }
    }
}

/// What a field is refused for whose wire type is legal elsewhere.
#[cold]
#[must_use]
pub(super) fn wrong_type(
    offset: usize,
    found: &'static str,
    expected: &'static str,
) -> DecodeError {
    DecodeError::new(offset, DecodeErrorKind::WrongType { found, expected })
}

/// What a message is refused for that lacks a mandatory field.
#[cold]
#[must_use]
pub fn missing_field(offset: usize, field: &'static str) -> DecodeError {
    DecodeError::new(offset, DecodeErrorKind::MissingField { field })
}

/// Reads a message's header: its code and the size of its body in bytes.
///
/// # Errors
/// Those of varints of these widths.
#[inline]
pub fn read_header(
    reader: &mut Reader<'_>,
    code_bits: u32,
    size_bits: u32,
) -> Result<(u32, u64), DecodeError> {
    let code = reader
        .varint(code_bits)
        .map_err(|e| e.naming("message type"))?;
    let size = reader
        .varint(size_bits)
        .map_err(|e| e.naming("message size"))?;
    // A code has at most 32 bits.
    Ok((code as u32, size))
}

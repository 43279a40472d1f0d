//! How the values inside of messages are written: the one table of encodings.

use alloc::vec::Vec;

use crate::pson::{Generation, Value};

use super::{DecodeError, EncodeError, Reader, Writer};

/// An encoding of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// The first generation of PSON.
    Pson1,
    /// The second generation of PSON.
    Pson2,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: &[Self] = &[Self::Pson1, Self::Pson2];

    /// The name in specifications and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pson1 => "pson1",
            Self::Pson2 => "pson2",
        }
    }

    /// The encoding of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|encoding| encoding.name() == name)
    }

    /// Reads and checks one value (structure, text, nesting up to `max_depth`
    /// containers, counts) without taking memory.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::read`].
    pub fn skip(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<(), DecodeError> {
        match self {
            Self::Pson1 => Generation::One.skip(reader, max_depth),
            Self::Pson2 => Generation::Two.skip(reader, max_depth),
        }
    }

    /// Reads one value, nested at most `max_depth` containers deep, that may
    /// have something behind it.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::read`].
    pub fn read(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<Value, DecodeError> {
        match self {
            Self::Pson1 => Generation::One.read(reader, max_depth),
            Self::Pson2 => Generation::Two.read(reader, max_depth),
        }
    }

    /// Reads the one value that `bytes` hold.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::decode`].
    pub fn decode(self, bytes: &[u8]) -> Result<Value, DecodeError> {
        match self {
            Self::Pson1 => Generation::One.decode(bytes),
            Self::Pson2 => Generation::Two.decode(bytes),
        }
    }

    /// How many bytes [`encode`](Self::encode) writes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`].
    pub fn encoded_len(self, value: &Value) -> Result<usize, EncodeError> {
        match self {
            Self::Pson1 => Generation::One.encoded_len(value),
            Self::Pson2 => Generation::Two.encoded_len(value),
        }
    }

    /// Writes a value in the canonical form of the encoding.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`] and [`EncodeError::BufferTooSmall`].
    pub fn encode(self, value: &Value, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Pson1 => Generation::One.encode(value, writer),
            Self::Pson2 => Generation::Two.encode(value, writer),
        }
    }

    /// Writes a value into bytes of its own.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`].
    pub fn to_vec(self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Pson1 => Generation::One.to_vec(value),
            Self::Pson2 => Generation::Two.to_vec(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn every_encoding_is_found_by_its_name() {
        for &encoding in Encoding::ALL {
            assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
        }
        assert_eq!(Encoding::from_name("PSON2"), None);
    }
}

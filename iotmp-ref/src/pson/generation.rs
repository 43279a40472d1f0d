//! The two generations, and what can be done with the values of each.

use alloc::vec;
use alloc::vec::Vec;

use crate::wire::{DecodeError, EncodeError, Reader, Writer};

use super::head::Depth;
use super::{MAX_DEPTH, Value, read, write};

/// Which of the two layouts of PSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// A type and a wire type in a byte; containers say their size.
    One,
    /// A type and a number in a byte; containers say their count.
    Two,
}

impl Generation {
    /// Reads the one value that `bytes` hold.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and `trailing-bytes`.
    pub fn decode(self, bytes: &[u8]) -> Result<Value, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = self.read(&mut reader, MAX_DEPTH)?;
        reader.finish()?;
        Ok(value)
    }

    /// Reads a value that may have something behind it.
    ///
    /// Containers may stand in each other up to `max_depth` deep. Memory is
    /// taken for what has been read, not for what is promised.
    ///
    /// # Errors
    ///
    /// `truncated`, `varint-overflow`, `tag`, `key`, `utf8` or `depth`, with
    /// the way down to the value as the path.
    pub fn read(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<Value, DecodeError> {
        read::value(self, reader, Depth::new(max_depth))
    }

    /// Reads and checks a value as [`read`](Self::read) does, without taking
    /// memory.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn skip(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<(), DecodeError> {
        read::skip(self, reader, Depth::new(max_depth))
    }

    /// How many bytes [`encode`](Self::encode) writes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`] beyond [`MAX_DEPTH`] levels.
    pub fn encoded_len(self, value: &Value) -> Result<usize, EncodeError> {
        write::encoded_len(self, value)
    }

    /// Writes a value in the canonical form that [`pson`](super) describes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`] beyond [`MAX_DEPTH`] levels, and
    /// [`EncodeError::BufferTooSmall`].
    pub fn encode(self, value: &Value, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        write::write(self, value, writer)
    }

    /// Writes a value into bytes of its own.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`] beyond [`MAX_DEPTH`] levels.
    pub fn to_vec(self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = vec![0; self.encoded_len(value)?];
        self.encode(value, &mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }
}

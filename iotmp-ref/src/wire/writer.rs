//! A cursor over a buffer to be sent.

use super::{EncodeError, varint};

/// Fills the caller's buffer from its start and never grows it.
///
/// What is to be written has a length known beforehand (`encoded_len`), so a
/// buffer of that length is always enough.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    position: usize,
}

impl<'a> Writer<'a> {
    /// Writes from the start of `buffer`.
    #[inline]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            position: 0,
        }
    }

    /// How many bytes have been written.
    #[inline]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How many bytes still fit.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.buffer.len() - self.position
    }

    /// Writes one byte.
    ///
    /// # Errors
    ///
    /// [`EncodeError::BufferTooSmall`] when none fits.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) -> Result<(), EncodeError> {
        self.put(&[byte])
    }

    /// Writes all of `bytes`, or nothing.
    ///
    /// # Errors
    ///
    /// [`EncodeError::BufferTooSmall`] when they do not fit.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let room = self
            .buffer
            .get_mut(self.position..)
            .and_then(|free| free.get_mut(..bytes.len()));
        let Some(room) = room else {
            return Err(EncodeError::BufferTooSmall {
                needed: bytes.len(),
                left: self.remaining(),
            });
        };
        room.copy_from_slice(bytes);
        self.position += bytes.len();
        Ok(())
    }

    /// Writes `value` as the shortest varint, or nothing.
    ///
    /// # Errors
    ///
    /// [`EncodeError::BufferTooSmall`] when it does not fit.
    #[inline]
    pub fn varint(&mut self, value: u64) -> Result<(), EncodeError> {
        if value < 0x80 {
            return self.put_u8(value as u8);
        }
        self.put(varint::Encoded::new(value).as_slice())
    }

    /// Ends writing and says how many bytes were written.
    #[inline]
    pub fn finish(self) -> usize {
        self.position
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{EncodeError, Writer};

    #[test]
    fn fills_and_stops_at_the_end() {
        let mut buffer = [0; 4];
        let mut writer = Writer::new(&mut buffer);
        writer.put_u8(1).unwrap();
        writer.varint(300).unwrap();
        assert_eq!((writer.position(), writer.remaining()), (3, 1));
        let error = writer.put(&[9, 9]).unwrap_err();
        assert_eq!(error, EncodeError::BufferTooSmall { needed: 2, left: 1 });
        assert_eq!(
            error.to_string(),
            "the buffer is too small: 2 more bytes are needed, 1 left"
        );
        writer.put_u8(4).unwrap();
        assert_eq!(writer.finish(), 4);
        assert_eq!(buffer, [1, 0xac, 0x02, 4]);
    }
}

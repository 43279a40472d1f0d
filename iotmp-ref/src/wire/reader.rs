//! A cursor over received bytes.

use super::{DecodeError, DecodeErrorKind, varint};

/// The bytes not read yet, and where they stand in the whole input.
///
/// Offsets are absolute: a reader of a part ([`sub`](Self::sub)) goes on
/// counting from the start of the whole, so an error points into what was
/// received. Reading past the end is an error, never a panic, and leaves the
/// reader where it was.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Where the first byte behind `rest` stands. It stays while bytes are read, which an offset of
    /// the next byte would not: the good path has one thing less to count.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start, which is offset 0.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Reads `bytes` that are a part of something longer: their first byte
    /// stands at `offset`.
    #[inline]
    pub const fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            end: offset.wrapping_add(bytes.len()),
        }
    }

    /// Where the next byte stands in the whole input.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.end.wrapping_sub(self.rest.len())
    }

    /// How many bytes are left.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes that are left, without reading them.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte, without reading it.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads `len` bytes.
    ///
    /// # Errors
    ///
    /// `truncated` at the current offset when fewer are left, however large
    /// `len` is. [`DecodeError::naming`] tells what the bytes were to be.
    #[inline]
    pub fn take(&mut self, len: u64) -> Result<&'a [u8], DecodeError> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let Some((taken, rest)) = split else {
            return Err(self.truncated(len));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Reads `N` bytes.
    ///
    /// # Errors
    ///
    /// `truncated` at the current offset when fewer are left.
    #[inline]
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N as u64));
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// `truncated` at the current offset when none is left.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        match self.next_byte() {
            Some(byte) => Ok(byte),
            None => Err(self.truncated(1)),
        }
    }

    /// Reads a varint of at most `bits` bits: 8, 16, 32 or 64.
    ///
    /// # Errors
    ///
    /// Those of [`varint::read`].
    #[inline]
    pub fn varint(&mut self, bits: u32) -> Result<u64, DecodeError> {
        varint::read(self, bits)
    }

    /// Reads `len` bytes as a part with its own end; offsets go on.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    #[inline]
    pub fn sub(&mut self, len: u64) -> Result<Self, DecodeError> {
        let offset = self.offset();
        Ok(Self::at(self.take(len)?, offset))
    }

    /// Whether these bytes are next; if so they are read.
    #[inline(always)]
    pub fn next_is<const N: usize>(&mut self, bytes: &[u8; N]) -> bool {
        match self.rest.split_first_chunk::<N>() {
            Some((next, rest)) if next == bytes => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    ///
    /// `trailing-bytes` at the first byte that nothing has read.
    #[inline]
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let kind = DecodeErrorKind::TrailingBytes {
            count: self.rest.len(),
        };
        Err(DecodeError::new(self.offset(), kind))
    }

    /// Checks that `count` things of at least `least` bytes each can be there.
    ///
    /// # Errors
    ///
    /// `truncated` at the current offset, as a `what`, when they cannot.
    #[inline]
    pub(crate) fn holds(
        &self,
        count: u64,
        least: u64,
        what: &'static str,
    ) -> Result<(), DecodeError> {
        let needed = count.saturating_mul(least);
        let left = self.rest.len();
        if needed <= left as u64 {
            return Ok(());
        }
        let kind = DecodeErrorKind::Truncated {
            what,
            needed,
            exact: false,
            left,
        };
        Err(DecodeError::new(self.offset(), kind))
    }

    /// Goes on at `rest`, which must be the end of what was left.
    #[inline]
    pub(crate) const fn go_on(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    #[inline]
    pub(super) fn next_byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    #[cold]
    fn truncated(&self, needed: u64) -> DecodeError {
        let kind = DecodeErrorKind::Truncated {
            what: "data",
            needed,
            exact: true,
            left: self.rest.len(),
        };
        DecodeError::new(self.offset(), kind)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{DecodeErrorKind, Reader};

    #[test]
    fn offsets_are_absolute_inside_a_part() {
        let mut reader = Reader::at(&[1, 2, 3, 4, 5, 6], 10);
        assert_eq!(reader.u8(), Ok(1));
        let mut part = reader.sub(3).unwrap();
        assert_eq!((part.offset(), part.remaining()), (11, 3));
        assert_eq!(part.take_array(), Ok([2, 3]));
        let error = part.take(2).unwrap_err().naming("string");
        assert_eq!(error.offset(), 13);
        assert_eq!(
            error.to_string(),
            "offset 13: string of 2 bytes, but only 1 byte is left"
        );
        assert_eq!((reader.offset(), reader.rest()), (14, &[5, 6][..]));
    }

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut reader = Reader::new(&[7]);
        assert_eq!(reader.take(2).unwrap_err().offset(), 0);
        assert_eq!(reader.sub(u64::MAX).unwrap_err().offset(), 0);
        assert_eq!(reader.take_array::<2>().unwrap_err().offset(), 0);
        assert_eq!(reader.peek(), Some(7));
        assert_eq!(reader.u8(), Ok(7));
        assert_eq!(
            reader.u8().unwrap_err().to_string(),
            "offset 1: data of 1 byte, but no bytes are left"
        );
    }

    #[test]
    fn a_length_beyond_any_memory_is_truncation() {
        let error = Reader::new(&[0]).take(u64::MAX).unwrap_err();
        let kind = DecodeErrorKind::Truncated {
            what: "data",
            needed: u64::MAX,
            exact: true,
            left: 1,
        };
        assert_eq!(error.kind(), &kind);
    }

    #[test]
    fn the_end_refuses_what_is_left() {
        assert_eq!(Reader::new(&[]).finish(), Ok(()));
        let mut reader = Reader::new(&[1, 2, 3]);
        reader.u8().unwrap();
        let error = reader.finish().unwrap_err();
        assert_eq!(error.offset(), 1);
        assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count: 2 });
    }
}

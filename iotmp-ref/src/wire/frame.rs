//! What stands before a body: the code of a message and, mostly, the size of its body.

use super::{DecodeError, DecodeErrorKind, EncodeError, IntEncoding, Reader, Writer};
use crate::pson::typed::{Output, Stop};

/// How the messages of one protocol revision are delimited on a byte stream.
#[derive(Debug)]
pub struct FrameLayout {
    /// How the code is written.
    pub code: IntEncoding,
    /// How the size of the body in bytes is written; `None` where the fields alone tell.
    pub size: Option<IntEncoding>,
    /// Fewest bytes of a whole message; fewer are not processed.
    pub min_size: usize,
}

/// A message whose header has been read.
#[derive(Debug)]
pub struct Opened<'a> {
    /// Code in the header.
    pub code: u32,
    /// The body; all that is left of the input where no size says where it ends.
    pub body: Reader<'a>,
    /// Where the message ends, if its size says so.
    end: Option<usize>,
}

impl FrameLayout {
    /// Reads the header of the message at the start of `input`.
    ///
    /// # Errors
    ///
    /// `truncated` for fewer bytes than the header, the smallest message or the announced body
    /// takes; those of varints.
    #[inline(always)]
    pub fn open<'a>(&self, input: &'a [u8]) -> Result<Opened<'a>, DecodeError> {
        if input.len() < self.min_size {
            return Err(self.too_short(input.len()));
        }
        let mut reader = Reader::new(input);
        let code = self.code.read(&mut reader);
        // A code has at most 32 bits.
        let code = code.map_err(|error| error.naming("message type"))? as u32;
        let Some(size) = self.size else {
            let body = reader;
            return Ok(Opened {
                code,
                body,
                end: None,
            });
        };
        let size = size.read(&mut reader);
        let size = size.map_err(|error| error.naming("message size"))?;
        let body = reader.sub(size).map_err(|error| error.naming("body"))?;
        let end = Some(reader.offset());
        Ok(Opened { code, body, end })
    }

    #[cold]
    fn too_short(&self, left: usize) -> DecodeError {
        let kind = DecodeErrorKind::Truncated {
            what: "message",
            needed: self.min_size as u64,
            exact: false,
            left,
        };
        DecodeError::new(0, kind)
    }

    /// Bytes of the header before a body of `body` bytes.
    #[must_use]
    #[inline]
    pub const fn header_len(&self, code: u32, body: usize) -> usize {
        let size = match self.size {
            Some(size) => size.len(body as u64),
            None => 0,
        };
        self.code.len(code as u64) + size
    }

    /// Writes the header before a body of `body` bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] for a code or a size that the header cannot say,
    /// [`EncodeError::BufferTooSmall`] where the buffer ends.
    #[inline]
    pub fn write_header(
        &self,
        writer: &mut Writer<'_>,
        code: u32,
        body: usize,
    ) -> Result<(), EncodeError> {
        self.code.write(writer, "message type", code.into())?;
        match self.size {
            Some(size) => size.write(writer, "message size", body as u64),
            None => Ok(()),
        }
    }
}

impl FrameLayout {
    /// As [`write_header`](Self::write_header), but says no more than whether it went well.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] for whatever was wrong.
    #[inline(always)]
    pub fn put_header(
        &self,
        output: &mut Output<'_>,
        code: u32,
        body: impl FnOnce() -> usize,
    ) -> Result<(), Stop> {
        self.code.put(output, code.into())?;
        match self.size {
            Some(size) => size.put(output, body() as u64),
            None => Ok(()),
        }
    }
}

impl Opened<'_> {
    /// Ends reading: how many bytes the message took.
    ///
    /// # Errors
    ///
    /// `trailing-bytes` where the announced body is longer than what was read of it.
    #[inline(always)]
    pub fn finish(self) -> Result<usize, DecodeError> {
        match self.end {
            Some(end) => self.body.finish().map(|()| end),
            None => Ok(self.body.offset()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{FrameLayout, IntEncoding};

    const SIZED: FrameLayout = FrameLayout {
        code: IntEncoding::BigEndian(1),
        size: Some(IntEncoding::LittleEndian(2)),
        min_size: 3,
    };
    const OPEN: FrameLayout = FrameLayout {
        code: IntEncoding::BigEndian(1),
        size: None,
        min_size: 4,
    };

    #[test]
    fn a_size_ends_the_body() {
        let mut opened = SIZED.open(&[7, 2, 0, 0xaa, 0xbb, 0xcc]).unwrap();
        assert_eq!((opened.code, opened.body.rest()), (7, &[0xaa, 0xbb][..]));
        opened.body.take(2).unwrap();
        assert_eq!(opened.finish(), Ok(5));
        let opened = SIZED.open(&[7, 2, 0, 0xaa, 0xbb]).unwrap();
        let error = opened.finish().unwrap_err();
        assert_eq!((error.class(), error.offset()), ("trailing-bytes", 3));
        assert_eq!(SIZED.header_len(7, 2), 3);
    }

    #[test]
    fn without_a_size_what_was_read_counts() {
        let mut opened = OPEN.open(&[7, 1, 2, 3, 4]).unwrap();
        opened.body.take(2).unwrap();
        assert_eq!(opened.finish(), Ok(3));
    }

    #[test]
    fn too_few_bytes_are_no_message() {
        let error = OPEN.open(&[7, 1, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 0: message of at least 4 bytes, but only 3 bytes are left"
        );
        let error = SIZED.open(&[7, 9, 0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 3: body of 9 bytes, but no bytes are left"
        );
    }
}

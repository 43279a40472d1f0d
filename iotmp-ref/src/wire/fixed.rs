//! Fields that stand one behind the other, without keys.

use super::{DecodeError, DecodeErrorKind, EncodeError, IntEncoding, Reader, Writer};
use crate::pson::typed::{Output, Stop};

/// How many bytes a field of text or bytes takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Exactly so many.
    Exact(usize),
    /// As many as a number before them says: how it is written, and the most bytes that are accepted.
    Prefixed(IntEncoding, u64),
    /// All that are left, and the most that are accepted.
    Rest(u64),
}

impl Extent {
    /// Reads bytes.
    ///
    /// # Errors
    ///
    /// `truncated` where the bytes or the length before them end, `too-large` for more than are
    /// accepted.
    #[inline(always)]
    pub fn read<'a>(self, reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
        self.named(reader, "bytes")
    }

    /// Reads text.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and `utf8` where the first byte stands that is no text.
    #[inline(always)]
    pub fn read_text<'a>(self, reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
        let bytes = self.named(reader, "text")?;
        super::utf8::text(bytes).map_err(|error| {
            let start = reader.offset() - bytes.len();
            let kind = DecodeErrorKind::Utf8 { what: "text" };
            DecodeError::new(start + error.valid_up_to(), kind)
        })
    }

    #[inline(always)]
    fn named<'a>(
        self,
        reader: &mut Reader<'a>,
        what: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let at = reader.offset();
        let (size, max) = match self {
            Self::Exact(size) => (size as u64, u64::MAX),
            Self::Prefixed(prefix, max) => {
                let size = prefix.read(reader);
                (size.map_err(|error| error.naming("length"))?, max)
            }
            Self::Rest(max) => (reader.remaining() as u64, max),
        };
        if size > max {
            let kind = DecodeErrorKind::TooLarge {
                what: "length, in bytes,",
                found: size,
                limit: max,
            };
            return Err(DecodeError::new(at, kind));
        }
        reader.take(size).map_err(|error| error.naming(what))
    }

    /// Bytes of a field that holds `size` bytes, with the length before them.
    #[must_use]
    #[inline]
    pub const fn len(self, size: usize) -> usize {
        match self {
            Self::Prefixed(prefix, _) => prefix.len(size as u64) + size,
            Self::Exact(_) | Self::Rest(_) => size,
        }
    }

    /// Writes the bytes of `field`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Size`] where it takes another number of bytes, [`EncodeError::TooLarge`]
    /// where it takes fewer, [`EncodeError::BufferTooSmall`] where the buffer ends.
    #[inline]
    pub fn write(
        self,
        writer: &mut Writer<'_>,
        field: &'static str,
        bytes: &[u8],
    ) -> Result<(), EncodeError> {
        let found = bytes.len() as u64;
        match self {
            Self::Exact(expected) if expected != bytes.len() => {
                let found = bytes.len();
                return Err(EncodeError::Size {
                    field,
                    found,
                    expected,
                });
            }
            Self::Prefixed(_, limit) | Self::Rest(limit) if found > limit => {
                let what = field;
                return Err(EncodeError::TooLarge { what, found, limit });
            }
            Self::Prefixed(prefix, _) => prefix.write(writer, field, found)?,
            Self::Exact(_) | Self::Rest(_) => {}
        }
        writer.put(bytes)
    }
}

impl Extent {
    /// As [`write`](Self::write), but says no more than whether it went well.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] for whatever was wrong.
    #[inline(always)]
    pub fn put(self, output: &mut Output<'_>, bytes: &[u8]) -> Result<(), Stop> {
        match self {
            Self::Exact(expected) if expected != bytes.len() => return Err(Stop::Full),
            Self::Prefixed(_, limit) | Self::Rest(limit) if bytes.len() as u64 > limit => {
                return Err(Stop::Full);
            }
            Self::Prefixed(prefix, _) => prefix.put(output, bytes.len() as u64)?,
            Self::Exact(_) | Self::Rest(_) => {}
        }
        output.bytes(bytes)
    }
}

/// Reads a number that is always one of a few.
///
/// # Errors
///
/// `truncated` where it ends, `constant` where it is another.
#[inline]
pub fn read_constant(
    reader: &mut Reader<'_>,
    encoding: IntEncoding,
    expected: &'static [u64],
) -> Result<u64, DecodeError> {
    let at = reader.offset();
    let found = encoding
        .read(reader)
        .map_err(|error| error.naming("number"))?;
    if expected.contains(&found) {
        return Ok(found);
    }
    Err(DecodeError::new(
        at,
        DecodeErrorKind::Constant { found, expected },
    ))
}

/// Reads the number `offset` bytes ahead that tells the messages of one code apart, without moving
/// the reader.
///
/// # Errors
///
/// Those of [`read_constant`].
pub fn peek_constant(
    reader: &Reader<'_>,
    offset: u64,
    encoding: IntEncoding,
    expected: &'static [u64],
) -> Result<u64, DecodeError> {
    let mut ahead = reader.clone();
    // Too few bytes to get there are too few for the number.
    let skipped = offset.min(ahead.remaining() as u64);
    ahead.take(skipped)?;
    if skipped < offset {
        ahead = Reader::at(&[], ahead.offset());
    }
    read_constant(&mut ahead, encoding, expected)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{DecodeErrorKind, Extent, IntEncoding, Reader, Writer, peek_constant};

    const SHORT: Extent = Extent::Prefixed(IntEncoding::BigEndian(1), 4);

    fn refused(extent: Extent, bytes: &[u8]) -> alloc::string::String {
        let mut reader = Reader::at(bytes, 10);
        extent.read_text(&mut reader).unwrap_err().to_string()
    }

    #[test]
    fn each_takes_its_own() {
        let mut reader = Reader::new(&[2, b'a', b'b', b'c', b'd', b'e']);
        assert_eq!(SHORT.read_text(&mut reader), Ok("ab"));
        assert_eq!(Extent::Exact(1).read(&mut reader), Ok(&b"c"[..]));
        let rest = Extent::Rest(u64::MAX);
        assert_eq!(rest.read(&mut reader), Ok(&b"de"[..]));
        assert_eq!(rest.read(&mut reader), Ok(&b""[..]));
    }

    #[test]
    fn refusals_say_where() {
        assert_eq!(
            refused(SHORT, &[]),
            "offset 10: length of 1 byte, but no bytes are left"
        );
        assert_eq!(
            refused(SHORT, &[3, b'a']),
            "offset 11: text of 3 bytes, but only 1 byte is left"
        );
        assert_eq!(
            refused(SHORT, &[5, 0, 0, 0, 0, 0]),
            "offset 10: length, in bytes, is 5, but at most 4 is allowed"
        );
        assert_eq!(
            refused(Extent::Exact(3), &[b'a', 0xff, b'b']),
            "offset 11: text is not valid UTF-8"
        );
    }

    #[test]
    fn other_sizes_are_not_written() {
        let refused = |extent: Extent, bytes: &[u8]| {
            let mut buffer = [0; 8];
            let mut writer = Writer::new(&mut buffer);
            let error = extent.write(&mut writer, "title", bytes).unwrap_err();
            assert_eq!(writer.finish(), 0);
            error.to_string()
        };
        assert_eq!(
            refused(Extent::Exact(3), b"ab"),
            "field title takes exactly 3 bytes, not 2"
        );
        assert_eq!(refused(SHORT, b"abcde"), "title is 5, but at most 4 fits");
    }

    #[test]
    fn a_number_ahead_is_read_where_it_stands() {
        let byte = IntEncoding::BigEndian(1);
        let reader = Reader::at(&[9, 9, 1], 1);
        assert_eq!(peek_constant(&reader, 2, byte, &[0, 1]), Ok(1));
        let error = peek_constant(&reader, 1, byte, &[0, 1]).unwrap_err();
        let kind = DecodeErrorKind::Constant {
            found: 9,
            expected: &[0, 1],
        };
        assert_eq!((error.offset(), error.kind()), (2, &kind));
        assert_eq!(error.to_string(), "offset 2: number 9, but expected 0 or 1");
        for offset in [3, 4, 100] {
            let error = peek_constant(&reader, offset, byte, &[0, 1]).unwrap_err();
            assert_eq!(
                error.to_string(),
                "offset 4: number of 1 byte, but no bytes are left"
            );
        }
    }
}

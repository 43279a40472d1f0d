//! Numbers of headers, keys and fixed layouts, by how they are written.

use super::{DecodeError, EncodeError, Reader, Writer, varint};
use crate::pson::typed::{Output, Stop};

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntEncoding {
    /// Base-128, least significant group first, of at most this many bits: 8, 16, 32 or 64.
    Varint(u8),
    /// Big-endian, this many bytes: 1, 2, 4 or 8.
    BigEndian(u8),
    /// Little-endian, this many bytes: 1, 2, 4 or 8.
    LittleEndian(u8),
}

impl IntEncoding {
    /// Bits of the largest number.
    #[must_use]
    #[inline]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Varint(bits) => bits as u32,
            Self::BigEndian(bytes) | Self::LittleEndian(bytes) => bytes as u32 * 8,
        }
    }

    /// The largest number.
    #[must_use]
    #[inline]
    pub const fn max(self) -> u64 {
        match 1_u64.checked_shl(self.bits()) {
            Some(power) => power - 1,
            None => u64::MAX,
        }
    }

    /// Bytes that a number takes.
    #[must_use]
    #[inline]
    pub const fn len(self, number: u64) -> usize {
        match self {
            Self::Varint(_) => varint::len(number),
            Self::BigEndian(bytes) | Self::LittleEndian(bytes) => bytes as usize,
        }
    }

    /// Reads a number.
    ///
    /// # Errors
    ///
    /// `truncated` where the bytes end; those of [`varint::read`] for a varint.
    #[inline(always)]
    pub fn read(self, reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Varint(bits) => reader.varint(bits.into()),
            Self::BigEndian(bytes) => Ok(reader.take(bytes.into())?.iter().fold(0, fold)),
            Self::LittleEndian(bytes) => Ok(reader.take(bytes.into())?.iter().rev().fold(0, fold)),
        }
    }

    /// Writes a number.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`], which names `what`, for a number beyond [`max`](Self::max);
    /// [`EncodeError::BufferTooSmall`] where the buffer ends.
    #[inline]
    pub fn write(
        self,
        writer: &mut Writer<'_>,
        what: &'static str,
        number: u64,
    ) -> Result<(), EncodeError> {
        let limit = self.max();
        if number > limit {
            return Err(EncodeError::TooLarge {
                what,
                found: number,
                limit,
            });
        }
        let put = |writer: &mut Writer<'_>, bytes: Option<&[u8]>| writer.put(bytes.unwrap_or(&[]));
        match self {
            Self::Varint(_) => writer.varint(number),
            Self::BigEndian(bytes) => {
                let all = number.to_be_bytes();
                put(writer, all.get(all.len().saturating_sub(bytes.into())..))
            }
            Self::LittleEndian(bytes) => put(writer, number.to_le_bytes().get(..bytes.into())),
        }
    }
}

impl IntEncoding {
    /// As [`write`](Self::write), but says no more than whether it went well.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] for whatever was wrong.
    #[inline(always)]
    pub fn put(self, output: &mut Output<'_>, number: u64) -> Result<(), Stop> {
        if number > self.max() {
            return Err(Stop::Full);
        }
        // No more of it than said is not zero.
        let ([a0, a1, a2, a3, a4, a5, a6, a7], is_little) = match self {
            Self::Varint(_) => return output.varint(number),
            Self::BigEndian(_) => (number.to_be_bytes(), false),
            Self::LittleEndian(_) => (number.to_le_bytes(), true),
        };
        match (self.len(0), is_little) {
            (1, true) => output.array(&[a0]),
            (1, false) => output.array(&[a7]),
            (2, true) => output.array(&[a0, a1]),
            (2, false) => output.array(&[a6, a7]),
            (4, true) => output.array(&[a0, a1, a2, a3]),
            (4, false) => output.array(&[a4, a5, a6, a7]),
            _ => output.array(&[a0, a1, a2, a3, a4, a5, a6, a7]),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{EncodeError, IntEncoding, Reader, Writer};

    fn check(encoding: IntEncoding, number: u64, bytes: &[u8]) {
        assert_eq!(encoding.len(number), bytes.len());
        let mut buffer = [0; 10];
        let mut writer = Writer::new(&mut buffer);
        encoding.write(&mut writer, "number", number).unwrap();
        let written = writer.finish();
        assert_eq!(&buffer[..written], bytes);
        let mut reader = Reader::new(bytes);
        assert_eq!(encoding.read(&mut reader), Ok(number));
        assert!(reader.is_empty());
        let cut = encoding
            .read(&mut Reader::new(&bytes[..bytes.len() - 1]))
            .unwrap_err();
        assert_eq!((cut.class(), cut.offset()), ("truncated", 0));
    }

    #[test]
    fn every_width_in_both_orders() {
        use IntEncoding::{BigEndian, LittleEndian, Varint};
        check(BigEndian(1), 0xab, &[0xab]);
        check(BigEndian(2), 0x1234, &[0x12, 0x34]);
        check(LittleEndian(2), 0x1234, &[0x34, 0x12]);
        check(BigEndian(4), 0x0102_0304, &[1, 2, 3, 4]);
        check(LittleEndian(4), 0x0102_0304, &[4, 3, 2, 1]);
        check(
            BigEndian(8),
            u64::MAX - 1,
            &[255, 255, 255, 255, 255, 255, 255, 254],
        );
        check(LittleEndian(8), 1, &[1, 0, 0, 0, 0, 0, 0, 0]);
        check(Varint(16), 300, &[0xac, 0x02]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |encoding: IntEncoding, number| {
            let mut buffer = [0; 10];
            encoding
                .write(&mut Writer::new(&mut buffer), "length", number)
                .unwrap_err()
        };
        let error = refused(IntEncoding::BigEndian(1), 256);
        let expected = EncodeError::TooLarge {
            what: "length",
            found: 256,
            limit: 255,
        };
        assert_eq!(error, expected);
        assert_eq!(error.to_string(), "length is 256, but at most 255 fits");
        assert_ne!(refused(IntEncoding::Varint(16), 65536), expected);
        assert_eq!(IntEncoding::LittleEndian(8).max(), u64::MAX);
        assert_eq!(IntEncoding::Varint(32).max(), u64::from(u32::MAX));
    }
}

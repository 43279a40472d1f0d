//! Base-128 integers: seven bits a byte, least significant group first, the
//! high bit set on every byte but the last.

use super::{DecodeError, DecodeErrorKind, Reader};

/// The most bytes that a varint can take: a 64-bit number in groups of seven.
pub const MAX_LEN: usize = max_len(u64::BITS);

/// The bytes of the shortest varint that holds `value`: 1 to [`MAX_LEN`].
pub const fn len(value: u64) -> usize {
    // Zero has no significant bit but still takes a byte.
    let significant = u64::BITS - (value | 1).leading_zeros();
    max_len(significant)
}

const fn max_len(bits: u32) -> usize {
    bits.div_ceil(7) as usize
}

/// Reads a number of at most `bits` bits (8, 16, 32 or 64).
///
/// Longer forms than needed are accepted up to the length of the widest number:
/// 5 bytes for 32 bits, 10 for 64. Numbers narrower than 32 bits are read as
/// 32-bit ones, then checked, as a shipping decoder does.
///
/// # Errors
///
/// At the first byte of the varint: `truncated` when it goes on past the end,
/// `varint-overflow` when it is too long or too large for its width, `range`
/// when it is a good 32-bit number but beyond a narrower `bits`. The reader is
/// left where it was.
#[inline]
pub fn read(reader: &mut Reader<'_>, bits: u32) -> Result<u64, DecodeError> {
    if let Some((&first, rest)) = reader.rest().split_first()
        && first < 0x80
        && bits >= 8
    {
        reader.go_on(rest);
        return Ok(u64::from(first));
    }
    let (number, rest) = read_long(reader.rest(), reader.offset(), bits)?;
    reader.go_on(rest);
    Ok(number)
}

/// Takes the parts of a reader rather than one, so that its caller can keep its
/// own in registers.
#[inline(never)]
fn read_long(bytes: &[u8], offset: usize, bits: u32) -> Result<(u64, &[u8]), DecodeError> {
    let reader = Reader::at(bytes, offset);
    let width = if bits <= 32 { 32 } else { 64 };
    let overflow = || DecodeError::new(reader.offset(), DecodeErrorKind::VarintOverflow { width });
    let mut ahead = reader.clone();
    let mut value = 0_u64;
    let mut shift = 0;
    loop {
        let Some(byte) = ahead.next_byte() else {
            let left = reader.remaining();
            let kind = DecodeErrorKind::Truncated {
                what: "varint",
                needed: left as u64 + 1,
                exact: false,
                left,
            };
            return Err(DecodeError::new(reader.offset(), kind));
        };
        let group = u64::from(byte & 0x7f);
        let room = width - shift;
        if room < 7 && group >> room != 0 {
            return Err(overflow());
        }
        value |= group << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
        if shift >= width {
            return Err(overflow());
        }
    }
    if bits < width && value >> bits != 0 {
        let max = (1 << bits) - 1;
        let kind = DecodeErrorKind::Range { value, max };
        return Err(DecodeError::new(reader.offset(), kind));
    }
    Ok((value, ahead.rest()))
}

/// The shortest form of a number, held in place.
pub(crate) struct Encoded {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Encoded {
    #[inline]
    pub(crate) fn new(mut value: u64) -> Self {
        let len = len(value);
        let mut bytes = [0; MAX_LEN];
        for byte in bytes.iter_mut().take(len) {
            *byte = (value & 0x7f) as u8 | 0x80;
            value >>= 7;
        }
        if let Some(last) = bytes.get_mut(len - 1) {
            *last &= 0x7f;
        }
        Self { bytes, len }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::super::{DecodeError, DecodeErrorKind, Reader, Writer};
    use super::{MAX_LEN, len};

    fn check(value: u64, bytes: &[u8]) {
        assert_eq!(len(value), bytes.len(), "length of {value}");
        let mut buffer = [0; MAX_LEN];
        let mut writer = Writer::new(&mut buffer);
        writer.varint(value).unwrap();
        let written = writer.finish();
        assert_eq!(&buffer[..written], bytes, "bytes of {value}");

        let mut reader = Reader::new(bytes);
        assert_eq!(reader.varint(64), Ok(value));
        assert!(reader.is_empty());
        for cut in 0..bytes.len() {
            let error = Reader::new(&bytes[..cut]).varint(64).unwrap_err();
            assert_eq!((error.class(), error.offset()), ("truncated", 0));
        }
        let narrow = Reader::new(bytes).varint(32);
        if value <= u64::from(u32::MAX) {
            assert_eq!(narrow, Ok(value));
        } else {
            assert_eq!(narrow.unwrap_err().class(), "varint-overflow");
        }
    }

    #[test]
    fn every_length_boundary() {
        check(0, &[0x00]);
        check(1, &[0x01]);
        check(300, &[0xac, 0x02]);
        check((1 << 7) - 1, &[0x7f]);
        check(1 << 7, &[0x80, 0x01]);
        check((1 << 14) - 1, &[0xff, 0x7f]);
        check(1 << 14, &[0x80, 0x80, 0x01]);
        check((1 << 21) - 1, &[0xff, 0xff, 0x7f]);
        check(1 << 21, &[0x80, 0x80, 0x80, 0x01]);
        check((1 << 28) - 1, &[0xff, 0xff, 0xff, 0x7f]);
        check(1 << 28, &[0x80, 0x80, 0x80, 0x80, 0x01]);
        check((1 << 32) - 1, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
        check(1 << 32, &[0x80, 0x80, 0x80, 0x80, 0x10]);
        check((1 << 35) - 1, &[0xff, 0xff, 0xff, 0xff, 0x7f]);
        check(1 << 35, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
        check((1 << 42) - 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        check(1 << 42, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
        check((1 << 49) - 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        check(1 << 49, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
        check(
            (1 << 56) - 1,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        );
        check(
            1 << 56,
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        );
        check(
            (1 << 63) - 1,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        );
        check(
            1 << 63,
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        );
        check(
            u64::MAX,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        );
    }

    #[test]
    fn longer_forms_are_accepted_within_the_width() {
        assert_eq!(Reader::new(&[0x85, 0x00]).varint(8), Ok(5));
        assert_eq!(
            Reader::new(&[0x85, 0x80, 0x80, 0x80, 0x00]).varint(16),
            Ok(5)
        );
        assert_eq!(
            Reader::new(&[0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).varint(64),
            Ok(5)
        );
    }

    #[test]
    fn too_long_or_too_large() {
        let refused = |bytes: &[u8], bits| {
            let mut reader = Reader::at(bytes, 40);
            let error: DecodeError = reader.varint(bits).unwrap_err();
            assert_eq!((error.offset(), reader.offset()), (40, 40));
            error.kind().clone()
        };
        let overflow = |width| DecodeErrorKind::VarintOverflow { width };
        assert_eq!(
            refused(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 32),
            overflow(32)
        );
        assert_eq!(refused(&[0xff, 0xff, 0xff, 0xff, 0x1f], 32), overflow(32));
        assert_eq!(
            refused(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 16),
            overflow(32)
        );
        let mut eleven = [0x80; 11];
        eleven[10] = 0;
        assert_eq!(refused(&eleven, 64), overflow(64));
        let mut large = [0xff; 10];
        large[9] = 0x02;
        assert_eq!(refused(&large, 64), overflow(64));

        let range = |value, max| DecodeErrorKind::Range { value, max };
        assert_eq!(refused(&[0x80, 0x02], 8), range(256, 255));
        assert_eq!(refused(&[0x80, 0x80, 0x04], 16), range(65536, 65535));
    }

    #[test]
    fn the_refusal_names_the_limits() {
        let error = Reader::new(&[0x80; 6]).varint(32).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 0: varint does not fit 32 bits (at most 5 bytes, at most 4294967295)"
        );
        let error = Reader::new(&[0x80, 0x02]).varint(8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 0: number 256, but at most 255 is allowed"
        );
        let error = Reader::new(&[0x80]).varint(8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 0: varint of at least 2 bytes, but only 1 byte is left"
        );
    }
}

//! Where one message ends and the next begins.

mod layout;
mod misread;

use iotmp_spec::model::{Framing, IntEncoding};

pub(super) use self::misread::misread;
use crate::codec::{Decoded, Refusal};

/// Largest message that the suite takes from a subject, in bytes.
const MAX_FRAME: u64 = 16 << 20;

/// What the start of a byte stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cut {
    /// A whole message of this many bytes.
    Whole(usize),
    /// The beginning of one.
    Partial,
    /// Nothing that a message could begin with.
    Broken(String),
}

/// Looks for one message at the start of `bytes`: by its size, where the framing has one, else by
/// what `decode` makes of it.
pub(super) fn cut(
    framing: &Framing,
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<Decoded, Refusal>,
) -> Cut {
    match framing.size {
        Some(size) => by_size(framing.code, size, bytes),
        None => layout::cut(bytes, &decode),
    }
}

fn by_size(code: IntEncoding, size: IntEncoding, bytes: &[u8]) -> Cut {
    let mut at = 0;
    if let Err(end) = number(bytes, &mut at, code, "message type") {
        return end;
    }
    match number(bytes, &mut at, size, "body size") {
        Err(end) => end,
        Ok(size) if size > MAX_FRAME => {
            Cut::Broken(format!("a body of {size} bytes is more than {MAX_FRAME}"))
        }
        Ok(size) => match usize::try_from(size)
            .ok()
            .and_then(|size| at.checked_add(size))
        {
            Some(end) if end <= bytes.len() => Cut::Whole(end),
            _ => Cut::Partial,
        },
    }
}

fn number(bytes: &[u8], at: &mut usize, encoding: IntEncoding, what: &str) -> Result<u64, Cut> {
    match encoding {
        IntEncoding::Varint(bits) => varint(bytes, at, u32::from(bits), what),
        IntEncoding::BigEndian(len) => fixed(bytes, at, usize::from(len), |value, byte, _| {
            value << 8 | byte
        }),
        IntEncoding::LittleEndian(len) => {
            fixed(bytes, at, usize::from(len), |value, byte, index| {
                value | byte << (8 * index)
            })
        }
    }
}

fn varint(bytes: &[u8], at: &mut usize, bits: u32, what: &str) -> Result<u64, Cut> {
    let mut value: u64 = 0;
    let mut shift = 0;
    for &byte in bytes.iter().skip(*at) {
        *at += 1;
        let group = u64::from(byte & 0x7f);
        let left = bits.saturating_sub(shift);
        if left == 0 || (left < 7 && group >> left != 0) {
            return Err(Cut::Broken(format!("the {what} does not fit {bits} bits")));
        }
        value |= group << shift;
        if byte < 0x80 {
            return Ok(value);
        }
        shift += 7;
    }
    Err(Cut::Partial)
}

fn fixed(
    bytes: &[u8],
    at: &mut usize,
    len: usize,
    fold: impl Fn(u64, u64, usize) -> u64,
) -> Result<u64, Cut> {
    let Some(taken) = bytes.get(*at..*at + len) else {
        return Err(Cut::Partial);
    };
    *at += len;
    let numbered = taken.iter().enumerate();
    Ok(numbered.fold(0, |value, (index, &byte)| {
        fold(value, u64::from(byte), index)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varints(bytes: &[u8]) -> Cut {
        by_size(IntEncoding::Varint(32), IntEncoding::Varint(32), bytes)
    }

    #[test]
    fn a_message_is_whole_at_its_last_byte() {
        assert_eq!(varints(&[]), Cut::Partial);
        assert_eq!(varints(&[5]), Cut::Partial);
        assert_eq!(varints(&[5, 0]), Cut::Whole(2));
        assert_eq!(varints(&[5, 0, 5]), Cut::Whole(2));
        assert_eq!(varints(&[1, 2, 8]), Cut::Partial);
        assert_eq!(varints(&[1, 2, 8, 1]), Cut::Whole(4));
        assert_eq!(varints(&[0x81, 0x00, 0x80, 0x00]), Cut::Whole(4));
    }

    #[test]
    fn a_header_that_is_no_number_is_broken() {
        let long = varints(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80]);
        assert_eq!(
            long,
            Cut::Broken("the message type does not fit 32 bits".into())
        );
        let over = varints(&[1, 0xff, 0xff, 0xff, 0xff, 0x1f]);
        assert_eq!(
            over,
            Cut::Broken("the body size does not fit 32 bits".into())
        );
        let huge = varints(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(
            huge,
            Cut::Broken("a body of 4294967295 bytes is more than 16777216".into())
        );
    }

    #[test]
    fn fixed_numbers_have_an_order_of_bytes() {
        let bytes = [9, 0, 2, 0xaa, 0xbb];
        let big = by_size(IntEncoding::BigEndian(1), IntEncoding::BigEndian(2), &bytes);
        assert_eq!(big, Cut::Whole(5));
        let little = by_size(
            IntEncoding::BigEndian(1),
            IntEncoding::LittleEndian(2),
            &bytes,
        );
        assert_eq!(little, Cut::Partial);
    }
}

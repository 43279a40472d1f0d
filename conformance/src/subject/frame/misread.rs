//! What is wrong with the size of a message that does not end.

use iotmp_spec::model::{Framing, IntEncoding};

const COUNTS_BODY: &str = "IOTMP25-FRAME-002";
const LOW_GROUP_FIRST: &str = "IOTMP25-VARINT-001";
const LAST_BYTE: &str = "IOTMP25-VARINT-002";

/// Bytes of a size at most.
const LONGEST: usize = 5;

/// How long the first message of some bytes is, by some reading of its size.
type Reading = fn(size: &[u8]) -> usize;

/// The clause that the size of an unfinished message breaks, if by another reading messages end
/// exactly where the bytes do.
pub(in crate::subject) fn misread(framing: &Framing, bytes: &[u8]) -> Option<&'static str> {
    let (IntEncoding::Varint(_), Some(IntEncoding::Varint(_))) = (framing.code, framing.size)
    else {
        return None;
    };
    let readings: [(&str, Reading); 3] = [
        (COUNTS_BODY, |size| low_first(size.iter())),
        (COUNTS_BODY, |size| 1 + low_first(size.iter())),
        (LOW_GROUP_FIRST, |size| {
            1 + size.len() + low_first(size.iter().rev())
        }),
    ];
    let known = readings.iter().find(|(_, reading)| fits(bytes, *reading));
    let is_open = || (1..=LONGEST).any(|len| fits_open(bytes, len));
    known
        .map(|(clause, _)| *clause)
        .or_else(|| is_open().then_some(LAST_BYTE))
}

/// Whether the bytes are whole messages by that reading.
fn fits(mut bytes: &[u8], reading: Reading) -> bool {
    while let Some((_, rest)) = bytes.split_first().filter(|(code, _)| **code < 0x80) {
        let end = rest.iter().position(|byte| *byte < 0x80);
        let size = end.filter(|end| *end < LONGEST);
        let Some(size) = size.and_then(|end| rest.get(..=end)) else {
            return false;
        };
        match bytes.split_at_checked(reading(size)) {
            Some((message, left)) if message.len() > size.len() => bytes = left,
            _ => return false,
        }
        if bytes.is_empty() {
            return true;
        }
    }
    false
}

/// Whether the bytes are a message whose size ends after `len` bytes, each of which says that it
/// goes on, and whole messages behind it.
fn fits_open(bytes: &[u8], len: usize) -> bool {
    let body = bytes.get(1 + len..);
    let size = bytes.get(1..=len).unwrap_or(&[]);
    let is_open = bytes.first().is_some_and(|code| *code < 0x80);
    if !is_open || size.iter().any(|byte| *byte < 0x80) {
        return false;
    }
    let left = body.and_then(|body| body.get(low_first(size.iter())..));
    let plain: Reading = |size| 1 + size.len() + low_first(size.iter());
    left.is_some_and(|left| left.is_empty() || fits(left, plain))
}

/// The number of these groups of seven bits.
fn low_first<'a>(bytes: impl DoubleEndedIterator<Item = &'a u8>) -> usize {
    bytes.rfold(0, |number, byte| number << 7 | usize::from(byte & 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;

    fn blamed(header: &[u8], body: usize) -> Option<&'static str> {
        let spec = specs::by_name("iotmp-shipping").unwrap();
        misread(&spec.framing, &[header, &vec![0x22; body]].concat())
    }

    #[test]
    fn a_size_that_is_right_by_another_reading_tells_which_rule_is_broken() {
        assert_eq!(blamed(&[1, 4], 2), Some(COUNTS_BODY));
        assert_eq!(blamed(&[1, 3], 2), Some(COUNTS_BODY));
        assert_eq!(blamed(&[1, 0x82, 0x2c], 300), Some(LOW_GROUP_FIRST));
        assert_eq!(blamed(&[1, 0xac, 0x82], 300), Some(LAST_BYTE));
        assert_eq!(blamed(&[1, 0x82], 2), Some(LAST_BYTE));
        let several = [&[2, 0x81, 0x81][..], &[8; 129], &[5, 0]].concat();
        assert_eq!(blamed(&several, 0), Some(LAST_BYTE));
        let several = [&[2, 0x82, 1][..], &[8; 257], &[5, 0]].concat();
        assert_eq!(blamed(&several, 0), Some(LOW_GROUP_FIRST));
    }

    #[test]
    fn what_is_only_half_there_breaks_nothing() {
        for (header, body) in [(&[1, 40][..], 2), (&[1, 0xac, 2], 200), (&[1], 0)] {
            assert_eq!(blamed(header, body), None);
        }
    }
}

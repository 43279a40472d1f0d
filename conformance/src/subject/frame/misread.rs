//! What is wrong with the size of a message that does not end.

use iotmp_spec::model::{Framing, IntEncoding};

const COUNTS_BODY: &str = "IOTMP25-FRAME-002";
const LOW_GROUP_FIRST: &str = "IOTMP25-VARINT-001";
const LAST_BYTE: &str = "IOTMP25-VARINT-002";

/// Bytes of a size at most.
const LONGEST: usize = 5;

/// The clause that the size of an unfinished message breaks, if by another reading it is that of
/// exactly what came.
pub(in crate::subject) fn misread(framing: &Framing, bytes: &[u8]) -> Option<&'static str> {
    let (IntEncoding::Varint(_), Some(IntEncoding::Varint(_))) = (framing.code, framing.size)
    else {
        return None;
    };
    let (_, rest) = bytes.split_first().filter(|(code, _)| **code < 0x80)?;
    let end = rest.iter().position(|byte| *byte < 0x80)?;
    let (size, body) = rest.split_at_checked(end + 1)?;
    let counted = |len: usize| size.len() <= LONGEST && low_first(size.iter()) == len;
    if !body.is_empty() && (counted(bytes.len()) || counted(rest.len())) {
        return Some(COUNTS_BODY);
    }
    if size.len() <= LONGEST && size.len() > 1 && low_first(size.iter().rev()) == body.len() {
        return Some(LOW_GROUP_FIRST);
    }
    let open = |len: &usize| low_first(rest.iter().take(*len)) == rest.len() - len;
    let is_open = (1..=end.min(LONGEST)).any(|len| open(&len));
    is_open.then_some(LAST_BYTE)
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
    }

    #[test]
    fn what_is_only_half_there_breaks_nothing() {
        for (header, body) in [(&[1, 40][..], 2), (&[1, 0xac, 2], 200), (&[1], 0)] {
            assert_eq!(blamed(header, body), None);
        }
    }
}

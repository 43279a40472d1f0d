//! Where a message ends that has no size: where its layout does.
//!
//! A field that may be left out at the end is there if bytes follow, unless only
//! without it what follows is made of messages.

use std::collections::BTreeSet;

use super::Cut;
use crate::codec::{Annotation, Class, Decoded, Refusal};

type Decode<'d> = &'d dyn Fn(&[u8]) -> Result<Decoded, Refusal>;

/// Looks for one message at the start of `bytes`.
pub(super) fn cut(bytes: &[u8], decode: Decode<'_>) -> Cut {
    if bytes.is_empty() {
        return Cut::Partial;
    }
    match decode(bytes) {
        Ok(decoded) => {
            let end = decoded.consumed;
            // What follows is looked at only where it decides: there may be much of it.
            if end < bytes.len()
                && let Some(shorter) = without_tail(bytes, &decoded.annotations, decode)
                && is_better(rest(bytes, shorter), rest(bytes, end), decode)
            {
                return Cut::Whole(shorter);
            }
            Cut::Whole(end)
        }
        Err(refusal) if refusal.class == Class::Truncated => {
            match without_tail(bytes, &refusal.annotations, decode) {
                Some(shorter) if comes_out(rest(bytes, shorter), decode) == Even::Yes => {
                    Cut::Whole(shorter)
                }
                _ => Cut::Partial,
            }
        }
        Err(refusal) => Cut::Broken(refusal.to_string()),
    }
}

fn rest(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

/// Whether a message rather ends before `one` than before `other`: only `one` is made of messages, or
/// begins with one where neither is.
fn is_better(one: &[u8], other: &[u8], decode: Decode<'_>) -> bool {
    if comes_out(other, decode) != Even::No {
        return false;
    }
    comes_out(one, decode) != Even::No || (begins(one, decode) && !begins(other, decode))
}

fn begins(bytes: &[u8], decode: Decode<'_>) -> bool {
    decode(bytes).is_ok_and(|decoded| is_known(&decoded))
}

/// Whether bytes are whole messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Even {
    No,
    /// They may become so.
    Later,
    Yes,
}

/// At best, whichever of them have their tails.
fn comes_out(bytes: &[u8], decode: Decode<'_>) -> Even {
    // Where messages may start, to be looked at in the order of the bytes.
    let mut waiting = BTreeSet::from([0]);
    let mut best = Even::No;
    while let Some(at) = waiting.pop_first() {
        let left = rest(bytes, at);
        if left.is_empty() {
            return Even::Yes;
        }
        let read = match decode(left) {
            // An unknown type takes all that there is.
            Ok(decoded) if is_known(&decoded) => {
                waiting.insert(at + decoded.consumed.max(1));
                decoded.annotations
            }
            Err(refusal)
                if refusal.class == Class::Truncated && !refusal.path.starts_with("0x") =>
            {
                best = Even::Later;
                refusal.annotations
            }
            _ => continue,
        };
        waiting.extend(without_tail(left, &read, decode).map(|end| at + end));
    }
    best
}

fn is_known(decoded: &Decoded) -> bool {
    let name = decoded.message.get("type").and_then(|name| name.as_str());
    name.is_some_and(|name| !name.starts_with("0x"))
}

/// Where the message ends if its last field is not there, if it may do without.
fn without_tail(bytes: &[u8], read: &[Annotation], decode: Decode<'_>) -> Option<usize> {
    let tail = read.last()?.path.as_str();
    let before = read.iter().rev().find(|one| one.path != tail)?;
    let end = before.offset + before.length;
    let alone = decode(bytes.get(..end)?).ok()?;
    (alone.consumed == end).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::super::Cut;
    use crate::codec::Codec;
    use crate::specs::by_name;

    const ID: &[u8] = b"session1";
    const TOKEN: &[u8] = b"access-token-of-24-bytes";

    fn cut(bytes: &[u8]) -> Cut {
        let codec = Codec::new(by_name("nubison").unwrap());
        super::cut(bytes, &|bytes| codec.decode(bytes))
    }

    fn packet(code: u8, tail: &[u8]) -> Vec<u8> {
        [&[code], ID, TOKEN, tail].concat()
    }

    #[test]
    fn a_message_ends_where_its_layout_does() {
        let data = packet(b'D', &[0, 2, 7, 8]);
        for len in 0..data.len() {
            assert_eq!(cut(&data[..len]), Cut::Partial, "{len}");
        }
        assert_eq!(cut(&data), Cut::Whole(37));
        assert_eq!(cut(&[data.as_slice(), b"D"].concat()), Cut::Whole(37));
    }

    #[test]
    fn a_tail_is_there_if_bytes_follow_that_are_no_message() {
        assert_eq!(cut(&packet(b'H', &[])), Cut::Whole(33));
        assert_eq!(cut(&packet(b'H', &[1, 9])), Cut::Whole(35));
        assert_eq!(cut(&packet(b'H', &[2, 9])), Cut::Partial);
        let two = [packet(b'H', &[]), packet(b'H', &[])].concat();
        assert_eq!(cut(&two), Cut::Whole(33));
        let spoiled = [
            packet(b'H', &[]),
            packet(b'D', &[0, 1, 7, 8, 9]),
            vec![0; 99],
        ]
        .concat();
        assert_eq!(cut(&spoiled), Cut::Whole(33));
        let three = [
            packet(b'H', &[]),
            packet(b'H', &[]),
            packet(b'D', &[0, 1, 7]),
        ]
        .concat();
        assert_eq!(cut(&three), Cut::Whole(33));
        let tailed = [packet(b'H', &[1, 9]), packet(b'O', &[])].concat();
        assert_eq!(cut(&tailed), Cut::Whole(35));
    }

    #[test]
    fn bytes_that_no_layout_allows_are_broken() {
        let mut login = packet(b'O', &[]);
        login[9] = 0xff;
        let Cut::Broken(why) = cut(&login) else {
            panic!("not broken")
        };
        assert!(
            why.starts_with("utf8 at offset 9, logout.access_token"),
            "{why}"
        );
    }
}

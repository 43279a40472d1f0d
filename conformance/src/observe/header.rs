//! Where one message ends and the next begins.

use iotmp_spec::model::{Framing, IntEncoding};

/// Largest body that is taken for one, in bytes: a judge holds at most one on each side.
const MAX_BODY: u64 = 16 << 20;

/// What the start of a byte stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    /// A message of this many bytes, its header included.
    Whole(usize),
    /// The beginning of a header.
    Partial,
    /// Nothing that a message could begin with.
    Broken(String),
}

/// Reads the header at the start of `bytes`; `None` where messages do not say their size.
pub(super) fn read(framing: &Framing, bytes: &[u8]) -> Option<Header> {
    let size = framing.size?;
    let mut at = 0;
    let body = number(bytes, &mut at, framing.code, "message type")
        .and_then(|_| number(bytes, &mut at, size, "body size"));
    Some(match body {
        Err(end) => end,
        Ok(body) if body > MAX_BODY => {
            Header::Broken(format!("a body of {body} bytes is more than {MAX_BODY}"))
        }
        // At most MAX_BODY, as checked.
        Ok(body) => Header::Whole(at + body as usize),
    })
}

fn number(bytes: &[u8], at: &mut usize, encoding: IntEncoding, what: &str) -> Result<u64, Header> {
    let fixed = |len: u8| {
        bytes
            .get(*at..*at + usize::from(len))
            .ok_or(Header::Partial)
    };
    let (value, len) = match encoding {
        IntEncoding::Varint(bits) => {
            varint(bytes.get(*at..).unwrap_or_default(), bits.into(), what)?
        }
        IntEncoding::BigEndian(len) => {
            let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
            (fixed(len)?.iter().fold(0, fold), len.into())
        }
        IntEncoding::LittleEndian(len) => {
            let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
            (fixed(len)?.iter().rev().fold(0, fold), len.into())
        }
    };
    *at += len;
    Ok(value)
}

fn varint(bytes: &[u8], bits: u32, what: &str) -> Result<(u64, usize), Header> {
    let mut value = 0_u128;
    for (index, byte) in bytes.iter().enumerate() {
        value |= u128::from(byte & 0x7f) << (7 * index);
        let longest = bits.div_ceil(7) as usize;
        if value >> bits != 0 || (index + 1 == longest && byte & 0x80 != 0) {
            return Err(Header::Broken(format!(
                "the {what} does not fit {bits} bits"
            )));
        }
        if byte & 0x80 == 0 {
            // At most 64 bits, as checked.
            return Ok((value as u64, index + 1));
        }
    }
    Err(Header::Partial)
}

#[cfg(test)]
mod tests {
    use super::{Header, read};
    use crate::specs::by_name;

    fn header(bytes: &[u8]) -> Header {
        read(&by_name("iotmp-shipping").unwrap().framing, bytes).unwrap()
    }

    #[test]
    fn a_header_says_how_long_its_message_is() {
        assert_eq!(header(&[]), Header::Partial);
        assert_eq!(header(&[5]), Header::Partial);
        assert_eq!(header(&[5, 0]), Header::Whole(2));
        assert_eq!(header(&[1, 2]), Header::Whole(4));
        assert_eq!(header(&[0x81, 0, 0xac, 2]), Header::Whole(304));
        assert_eq!(header(&[1, 0x80, 0x80, 0x80, 0x80]), Header::Partial);
    }

    #[test]
    fn a_header_that_nobody_could_mean_is_broken() {
        let over = Header::Broken("the message type does not fit 32 bits".into());
        assert_eq!(header(&[0x80; 5]), over);
        let huge = Header::Broken("a body of 4294967295 bytes is more than 16777216".into());
        assert_eq!(header(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f]), huge);
    }

    #[test]
    fn messages_without_a_size_have_no_header() {
        let framing = &by_name("nubison").unwrap().framing;
        assert_eq!(read(framing, &[0x4c]), None);
    }
}

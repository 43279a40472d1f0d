//! Numbers as they are written: the runtime's name for the way, and literal bytes.

use iotmp_spec::model::IntEncoding;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// How a number is written, as the runtime says it.
pub(super) fn encoding(encoding: IntEncoding) -> TokenStream {
    match encoding {
        IntEncoding::Varint(bits) => quote!(__codec::IntEncoding::Varint(#bits)),
        IntEncoding::BigEndian(bytes) => quote!(__codec::IntEncoding::BigEndian(#bytes)),
        IntEncoding::LittleEndian(bytes) => {
            quote!(__codec::IntEncoding::LittleEndian(#bytes))
        }
    }
}

/// A number as the bytes that the expansion holds.
pub(super) fn bytes(encoding: IntEncoding, number: u64) -> Vec<u8> {
    match encoding {
        IntEncoding::Varint(_) => varint(number),
        IntEncoding::BigEndian(width) => {
            let all = number.to_be_bytes();
            let start = all.len().saturating_sub(width.into());
            all.get(start..).unwrap_or(&all).to_vec()
        }
        IntEncoding::LittleEndian(width) => {
            let all = number.to_le_bytes();
            all.get(..width.into()).unwrap_or(&all).to_vec()
        }
    }
}

/// A number as a byte string literal.
pub(super) fn literal(encoding: IntEncoding, number: u64) -> Literal {
    Literal::byte_string(&bytes(encoding, number))
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_the_runtime_writes() {
        use IntEncoding::{BigEndian, LittleEndian, Varint};
        assert_eq!(bytes(Varint(32), 300), [0xac, 0x02]);
        assert_eq!(bytes(BigEndian(1), 0x52), [0x52]);
        assert_eq!(bytes(BigEndian(2), 0x1234), [0x12, 0x34]);
        assert_eq!(bytes(LittleEndian(4), 0x1234), [0x34, 0x12, 0, 0]);
    }
}

//! Text and bytes.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::wire::{DecodeError, utf8, varint};

use super::super::head::Head;
use super::super::{Generation, gen1, gen2};
use super::{Decode, Encode, Form, Input, Output, Stop, sequence};

impl Encode for str {
    const LEAST: usize = 1;

    #[inline(always)]
    fn least_len(&self) -> usize {
        self.len() + 1
    }

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        bytes_len::<F>(self.len())
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        let tag = gen1::tag(if self.is_empty() {
            gen1::EMPTY_STRING
        } else {
            gen1::STRING
        });
        put_sized::<F>(output, tag, gen2::STRING, self.as_bytes())
    }
}

impl Encode for String {
    const LEAST: usize = 1;

    #[inline(always)]
    fn least_len(&self) -> usize {
        self.as_str().least_len()
    }

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        self.as_str().encoded_len::<F>()
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        self.as_str().encode::<F>(output)
    }
}

/// Bytes of `len` bytes, or of as much text.
#[inline(always)]
pub(super) fn bytes_len<F: Form>(len: usize) -> usize {
    let is_inline = match F::GENERATION {
        Generation::One => len == 0,
        Generation::Two => len < gen2::CONTINUED.into(),
    };
    if is_inline {
        1 + len
    } else {
        1 + varint::len(len as u64) + len
    }
}

#[inline(always)]
pub(super) fn put_bytes<F: Form>(bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let tag = gen1::tag(if bytes.is_empty() {
        gen1::EMPTY_BYTES
    } else {
        gen1::BYTES
    });
    put_sized::<F>(output, tag, gen2::BYTES, bytes)
}

#[inline(always)]
fn put_sized<F: Form>(
    output: &mut Output<'_>,
    tag: u8,
    kind: u8,
    bytes: &[u8],
) -> Result<(), Stop> {
    match F::GENERATION {
        Generation::One if bytes.is_empty() => return output.array(&[tag]),
        Generation::One if bytes.len() < 0x80 => output.array(&[tag, bytes.len() as u8])?,
        Generation::One => {
            output.array(&[tag])?;
            output.varint(bytes.len() as u64)?;
        }
        Generation::Two => sequence::put_count(output, kind, bytes.len())?,
    }
    output.bytes(bytes)
}

/// What the usual form of text or bytes says: its tag, and how many bytes follow.
#[inline(always)]
fn opening<F: Form>(rest: &[u8], one: u8, two: u8) -> Option<(usize, &[u8])> {
    match F::GENERATION {
        Generation::One => {
            let (&[tag, len], rest) = rest.split_first_chunk()?;
            (tag == gen1::tag(one) && len < 0x80).then_some((len.into(), rest))
        }
        Generation::Two => {
            let (&tag, rest) = rest.split_first()?;
            let len = tag & gen2::CONTINUED;
            (tag >> 5 == two && len != gen2::CONTINUED).then_some((len.into(), rest))
        }
    }
}

impl<'a> Decode<'a> for &'a str {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if let Some((len, rest)) = opening::<F>(input.reader.rest(), gen1::STRING, gen2::STRING)
            && let Some((bytes, rest)) = rest.split_at_checked(len)
            && let Ok(text) = utf8::text(bytes)
        {
            input.reader.go_on(rest);
            return Ok(text);
        }
        input.slowly::<F, _>("string", |head| match head {
            Head::String(text) => Some(text),
            _ => None,
        })
    }
}

impl<'a> Decode<'a> for String {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        <&str>::decode::<F>(input).map(ToOwned::to_owned)
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if let Some((len, rest)) = opening::<F>(input.reader.rest(), gen1::BYTES, gen2::BYTES)
            && let Some((bytes, rest)) = rest.split_at_checked(len)
        {
            input.reader.go_on(rest);
            return Ok(bytes);
        }
        input.slowly::<F, _>("bytes", bytes)
    }
}

fn bytes(head: Head<'_>) -> Option<&[u8]> {
    match head {
        Head::Bytes(bytes) => Some(bytes),
        Head::String(text) => Some(text.as_bytes()),
        _ => None,
    }
}

/// Whether an array is next: some write bytes as one of integers.
fn is_array<F: Form>(input: &Input<'_>) -> bool {
    input.reader.peek().is_some_and(|tag| match F::GENERATION {
        Generation::One => tag == gen1::tag(gen1::ARRAY),
        Generation::Two => tag >> 5 == gen2::ARRAY,
    })
}

pub(super) fn decode_bytes<F: Form>(input: &mut Input<'_>) -> Result<Vec<u8>, DecodeError> {
    if is_array::<F>(input) {
        return sequence::decode_vec::<F, u8>(input);
    }
    <&[u8]>::decode::<F>(input).map(ToOwned::to_owned)
}

pub(super) fn decode_byte_array<F: Form, const N: usize>(
    input: &mut Input<'_>,
) -> Result<[u8; N], DecodeError> {
    if is_array::<F>(input) {
        return sequence::decode_array::<F, u8, N>(input);
    }
    let start = input.offset();
    let bytes = <&[u8]>::decode::<F>(input)?;
    bytes.try_into().map_err(|_| {
        let found = bytes.len();
        DecodeError::custom(alloc::format!("{found} bytes, but expected {N}")).or_at(start)
    })
}

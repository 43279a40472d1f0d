//! The two generations as types: what is known of one when code is compiled.

use crate::wire::varint;

use super::super::{Generation, gen1, gen2};

/// A generation of PSON, as a type parameter. There are two: [`One`] and
/// [`Two`].
pub trait Form: sealed::Sealed {
    /// Which generation.
    const GENERATION: Generation;
    #[doc(hidden)]
    const NULL: u8;
    #[doc(hidden)]
    const TRUE: u8;
    #[doc(hidden)]
    const FALSE: u8;
    #[doc(hidden)]
    const SINGLE: u8;
    #[doc(hidden)]
    const DOUBLE: u8;
}

/// The first generation.
#[derive(Debug, Clone, Copy)]
pub enum One {}

/// The second generation.
#[derive(Debug, Clone, Copy)]
pub enum Two {}

impl Form for One {
    const GENERATION: Generation = Generation::One;
    const NULL: u8 = gen1::tag(gen1::NULL);
    const TRUE: u8 = gen1::tag(gen1::TRUE);
    const FALSE: u8 = gen1::tag(gen1::FALSE);
    const SINGLE: u8 = gen1::tag(gen1::FLOAT);
    const DOUBLE: u8 = gen1::tag(gen1::DOUBLE);
}

impl Form for Two {
    const GENERATION: Generation = Generation::Two;
    const NULL: u8 = gen2::tag(gen2::DISCRETE, gen2::NULL);
    const TRUE: u8 = gen2::tag(gen2::DISCRETE, gen2::TRUE);
    const FALSE: u8 = gen2::tag(gen2::DISCRETE, gen2::FALSE);
    const SINGLE: u8 = gen2::tag(gen2::FLOAT, gen2::SINGLE);
    const DOUBLE: u8 = gen2::tag(gen2::FLOAT, gen2::DOUBLE);
}

/// The bytes of a key, as the expansion of `#[derive(Pson)]` computes them.
pub const fn key_len(generation: Generation, key: &str) -> usize {
    key.len()
        + match generation {
            Generation::One => varint::len(key.len() as u64),
            Generation::Two if key.len() < gen2::CONTINUED as usize => 1,
            Generation::Two => 1 + varint::len(key.len() as u64),
        }
}

/// The bytes of a key, of which there are [`key_len`].
pub const fn key<const N: usize>(generation: Generation, key: &str) -> [u8; N] {
    let text = key.as_bytes();
    let mut bytes = [0; N];
    let mut at = 0;
    let mut number = text.len();
    if matches!(generation, Generation::Two) {
        if number < gen2::CONTINUED as usize {
            put(&mut bytes, 0, gen2::tag(gen2::STRING, number as u64));
        } else {
            put(
                &mut bytes,
                0,
                gen2::tag(gen2::STRING, gen2::CONTINUED as u64),
            );
        }
        at = 1;
    }
    if matches!(generation, Generation::One) || number >= gen2::CONTINUED as usize {
        while number >= 0x80 {
            put(&mut bytes, at, number as u8 | 0x80);
            number >>= 7;
            at += 1;
        }
        put(&mut bytes, at, number as u8);
        at += 1;
    }
    let mut index = 0;
    let mut text = text;
    while let [first, rest @ ..] = text {
        put(&mut bytes, at + index, *first);
        index += 1;
        text = rest;
    }
    bytes
}

const fn put(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some((_, rest)) = bytes.split_at_mut_checked(at)
        && let [first, ..] = rest
    {
        *first = byte;
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "so that nobody else implements it")]
    pub trait Sealed {}

    impl Sealed for super::One {}
    impl Sealed for super::Two {}
}

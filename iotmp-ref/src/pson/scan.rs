//! One fast pass over a value that says whether it is good, and where its parts
//! stand. Why a bad one is bad is found out by a second, slower pass.

use crate::wire::{Reader, utf8};

use super::{Generation, gen1, gen2};

/// Is told of every value in the order of the wire.
pub(super) trait Parts {
    /// Which value this is, for [`close`](Self::close).
    type Mark: Copy;

    /// A value whose tag stands at `at`; `key` is where its key stands, if it is
    /// in a map. `None` ends the pass.
    fn open(&mut self, key: usize, at: usize) -> Option<Self::Mark>;

    /// A container has ended.
    fn close(&mut self, mark: Self::Mark);
}

/// Nobody.
impl Parts for () {
    type Mark = ();

    #[inline(always)]
    fn open(&mut self, _: usize, _: usize) -> Option<()> {
        Some(())
    }

    #[inline(always)]
    fn close(&mut self, (): ()) {}
}

/// What follows the value that `bytes` begin with, if it is a good one with at
/// most `depth` containers in each other.
#[inline]
pub(super) fn value<'a, P: Parts>(
    generation: Generation,
    bytes: &'a [u8],
    depth: usize,
    parts: &mut P,
) -> Option<&'a [u8]> {
    let mut scan = Scan {
        total: bytes.len(),
        parts,
    };
    match generation {
        Generation::One => scan.one(bytes, depth, 0),
        Generation::Two => scan.two(bytes, depth, 0),
    }
}

struct Scan<'p, P> {
    /// How many bytes there were at the start.
    total: usize,
    parts: &'p mut P,
}

impl<P: Parts> Scan<'_, P> {
    /// One value of the second generation. Scalars are read here, in the loop of
    /// the container that they are in; only a container is a call.
    #[inline(always)]
    fn two<'a>(&mut self, rest: &'a [u8], depth: usize, key: usize) -> Option<&'a [u8]> {
        let mark = self.parts.open(key, self.total - rest.len())?;
        let (&tag, rest) = rest.split_first()?;
        let (number, rest) = number(tag, rest)?;
        match tag >> 5 {
            gen2::UNSIGNED | gen2::NEGATIVE => Some(rest),
            gen2::FLOAT => match number {
                gen2::SINGLE => rest.get(4..),
                gen2::DOUBLE => rest.get(8..),
                _ => None,
            },
            gen2::DISCRETE => (number <= gen2::NULL).then_some(rest),
            gen2::STRING => text(rest, number),
            gen2::BYTES => rest.get(usize::try_from(number).ok()?..),
            gen2::MAP => {
                let rest = self.map(rest, number, depth.checked_sub(1)?)?;
                self.parts.close(mark);
                Some(rest)
            }
            _ => {
                let rest = self.array(rest, number, depth.checked_sub(1)?)?;
                self.parts.close(mark);
                Some(rest)
            }
        }
    }

    #[inline(never)]
    fn map<'a>(&mut self, mut rest: &'a [u8], count: u64, depth: usize) -> Option<&'a [u8]> {
        if count.checked_mul(2)? > rest.len() as u64 {
            return None;
        }
        for _ in 0..count {
            let key = self.total - rest.len();
            let (&tag, behind) = rest.split_first()?;
            if tag >> 5 != gen2::STRING {
                return None;
            }
            let (number, behind) = number(tag, behind)?;
            rest = self.two(text(behind, number)?, depth, key)?;
        }
        Some(rest)
    }

    #[inline(never)]
    fn array<'a>(&mut self, mut rest: &'a [u8], count: u64, depth: usize) -> Option<&'a [u8]> {
        if count > rest.len() as u64 {
            return None;
        }
        for _ in 0..count {
            rest = self.two(rest, depth, 0)?;
        }
        Some(rest)
    }

    /// One value of the first generation.
    #[inline(always)]
    fn one<'a>(&mut self, rest: &'a [u8], depth: usize, key: usize) -> Option<&'a [u8]> {
        const NULL: u8 = gen1::tag(gen1::NULL);
        const VARINT: u8 = gen1::tag(gen1::VARINT);
        const NEGATIVE: u8 = gen1::tag(gen1::NEGATIVE);
        const FLOAT: u8 = gen1::tag(gen1::FLOAT);
        const DOUBLE: u8 = gen1::tag(gen1::DOUBLE);
        const TRUE: u8 = gen1::tag(gen1::TRUE);
        const FALSE: u8 = gen1::tag(gen1::FALSE);
        const ZERO: u8 = gen1::tag(gen1::ZERO);
        const ONE: u8 = gen1::tag(gen1::ONE);
        const STRING: u8 = gen1::tag(gen1::STRING);
        const EMPTY_STRING: u8 = gen1::tag(gen1::EMPTY_STRING);
        const BYTES: u8 = gen1::tag(gen1::BYTES);
        const EMPTY_BYTES: u8 = gen1::tag(gen1::EMPTY_BYTES);
        const OBJECT: u8 = gen1::tag(gen1::OBJECT);
        const ARRAY: u8 = gen1::tag(gen1::ARRAY);
        const EMPTY: u8 = gen1::tag(gen1::EMPTY);

        let mark = self.parts.open(key, self.total - rest.len())?;
        let (&tag, rest) = rest.split_first()?;
        match tag {
            NULL | TRUE | FALSE | ZERO | ONE | EMPTY_STRING | EMPTY_BYTES | EMPTY => Some(rest),
            VARINT | NEGATIVE => varint(rest).map(|(_, rest)| rest),
            FLOAT => rest.get(4..),
            DOUBLE => rest.get(8..),
            STRING => {
                let (size, rest) = varint(rest)?;
                text(rest, size)
            }
            BYTES => {
                let (size, rest) = varint(rest)?;
                rest.get(usize::try_from(size).ok()?..)
            }
            OBJECT | ARRAY => {
                let (size, rest) = varint(rest)?;
                let size = usize::try_from(size).ok()?;
                let (inside, rest) = rest.split_at_checked(size)?;
                let depth = depth.checked_sub(1)?;
                // Behind the inside nothing is seen from there.
                let total = self.total;
                self.total = total - rest.len();
                self.sized(inside, depth, tag == OBJECT)?;
                self.total = total;
                self.parts.close(mark);
                Some(rest)
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn sized(&mut self, mut rest: &[u8], depth: usize, is_map: bool) -> Option<()> {
        while !rest.is_empty() {
            let mut key = 0;
            if is_map {
                key = self.total - rest.len();
                let (size, behind) = varint(rest)?;
                rest = text(behind, size)?;
            }
            rest = self.one(rest, depth, key)?;
        }
        Some(())
    }
}

/// The number of a tag of the second generation.
#[inline(always)]
fn number(tag: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    match tag & gen2::CONTINUED {
        gen2::CONTINUED => varint(rest),
        number => Some((number.into(), rest)),
    }
}

#[inline(always)]
fn varint(rest: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, behind) = rest.split_first()?;
    if first < 0x80 {
        return Some((first.into(), behind));
    }
    long_varint(rest)
}

#[inline(never)]
fn long_varint(rest: &[u8]) -> Option<(u64, &[u8])> {
    let mut reader = Reader::new(rest);
    let number = reader.varint(u64::BITS).ok()?;
    Some((number, reader.rest()))
}

/// What follows `len` bytes of text, if they are.
#[inline(always)]
fn text(rest: &[u8], len: u64) -> Option<&[u8]> {
    let len = usize::try_from(len).ok()?;
    let (text, behind) = rest.split_at_checked(len)?;
    (is_short_ascii(rest, text) || is_text(text)).then_some(behind)
}

/// Whether `text`, which `rest` begins with, is ASCII of at most 16 bytes; looks
/// beyond its end where that is cheaper.
#[inline(always)]
fn is_short_ascii(rest: &[u8], text: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;

    let Some(first) = rest.first_chunk::<8>() else {
        return text.iter().all(u8::is_ascii);
    };
    let first = u64::from_le_bytes(*first);
    if text.len() <= 8 {
        let beyond = u64::BITS - 8 * text.len() as u32;
        return first.checked_shl(beyond).unwrap_or(0) & HIGH == 0;
    }
    match text.last_chunk::<8>() {
        Some(last) if text.len() <= 16 => (first | u64::from_le_bytes(*last)) & HIGH == 0,
        _ => false,
    }
}

#[inline(never)]
fn is_text(text: &[u8]) -> bool {
    utf8::text(text).is_ok()
}

//! Booleans and integers.

use crate::wire::{DecodeError, varint};

use super::super::head::Head;
use super::super::{Generation, Integer, gen1, gen2};
use super::{Decode, Encode, Form, Input, Output, Stop};

impl Encode for bool {
    const LEAST: usize = 1;

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        1
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        output.array(&[if *self { F::TRUE } else { F::FALSE }])
    }
}

impl<'a> Decode<'a> for bool {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if let Some((&tag, rest)) = input.reader.rest().split_first()
            && (tag == F::TRUE || tag == F::FALSE)
        {
            input.reader.go_on(rest);
            return Ok(tag == F::TRUE);
        }
        input.slowly::<F, _>("bool", |head| match head {
            Head::Bool(value) => Some(value),
            _ => None,
        })
    }
}

#[inline(always)]
fn put<F: Form>(output: &mut Output<'_>, negative: bool, magnitude: u64) -> Result<(), Stop> {
    match F::GENERATION {
        Generation::One => {
            let tag = match (negative, magnitude) {
                (false, 0) => return output.array(&[gen1::tag(gen1::ZERO)]),
                (false, 1) => return output.array(&[gen1::tag(gen1::ONE)]),
                (false, _) => gen1::tag(gen1::VARINT),
                (true, _) => gen1::tag(gen1::NEGATIVE),
            };
            continued(output, tag, magnitude)
        }
        Generation::Two => {
            let kind = if negative {
                gen2::NEGATIVE
            } else {
                gen2::UNSIGNED
            };
            if magnitude < gen2::CONTINUED.into() {
                return output.array(&[gen2::tag(kind, magnitude)]);
            }
            continued(output, gen2::tag(kind, gen2::CONTINUED.into()), magnitude)
        }
    }
}

#[inline(always)]
fn continued(output: &mut Output<'_>, tag: u8, magnitude: u64) -> Result<(), Stop> {
    if magnitude < 0x80 {
        return output.array(&[tag, magnitude as u8]);
    }
    output.array(&[tag])?;
    output.varint(magnitude)
}

/// A non-negative integer of at most fourteen bits, in its usual form.
#[inline(always)]
pub(super) fn small<F: Form>(input: &mut Input<'_>) -> Option<u64> {
    let rest = input.reader.rest();
    let (&tag, behind) = rest.split_first()?;
    let continued = match F::GENERATION {
        Generation::One => {
            if tag == gen1::tag(gen1::ZERO) || tag == gen1::tag(gen1::ONE) {
                input.reader.go_on(behind);
                return Some(u64::from(tag == gen1::tag(gen1::ONE)));
            }
            gen1::tag(gen1::VARINT)
        }
        Generation::Two => {
            if tag < gen2::CONTINUED {
                input.reader.go_on(behind);
                return Some(tag.into());
            }
            gen2::tag(gen2::UNSIGNED, gen2::CONTINUED.into())
        }
    };
    let (&low, behind) = behind.split_first()?;
    if tag != continued {
        return None;
    }
    if low < 0x80 {
        input.reader.go_on(behind);
        return Some(low.into());
    }
    let (&high, behind) = behind.split_first()?;
    if high >= 0x80 {
        return None;
    }
    input.reader.go_on(behind);
    Some(u64::from(low & 0x7f) | u64::from(high) << 7)
}

fn integer(head: Head<'_>) -> Option<Integer> {
    match head {
        Head::Integer(integer) => Some(integer),
        Head::Float(float) => Integer::from_f64(float),
        _ => None,
    }
}

impl Encode for Integer {
    const LEAST: usize = 1;

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        let is_inline = match F::GENERATION {
            Generation::One => self.magnitude() <= 1 && !self.is_negative(),
            Generation::Two => self.magnitude() < gen2::CONTINUED.into(),
        };
        if is_inline {
            1
        } else {
            1 + varint::len(self.magnitude())
        }
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        put::<F>(output, self.is_negative(), self.magnitude())
    }

    #[inline(always)]
    fn as_varint(&self) -> Option<u64> {
        (!self.is_negative()).then(|| self.magnitude())
    }
}

impl<'a> Decode<'a> for Integer {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        match small::<F>(input) {
            Some(number) => Ok(Self::new(false, number)),
            None => input.slowly::<F, _>("integer", integer),
        }
    }

    #[inline(always)]
    fn from_varint(number: u64) -> Option<Self> {
        Some(Self::new(false, number))
    }
}

macro_rules! integers {
    ($($type:ty, $expected:literal $(, $slice:tt)?;)*) => { $(
        impl Encode for $type {
            const LEAST: usize = 1;

            #[inline(always)]
            fn encoded_len<F: Form>(&self) -> usize {
                Integer::from(*self).encoded_len::<F>()
            }

            #[inline(always)]
            fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
                Integer::from(*self).encode::<F>(output)
            }

            #[inline(always)]
            fn as_varint(&self) -> Option<u64> {
                u64::try_from(*self).ok()
            }

            $(integers!($slice encode);)?
        }

        impl<'a> Decode<'a> for $type {
            #[inline(always)]
            fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
                let mut ahead = input.clone();
                if let Some(number) = small::<F>(&mut ahead)
                    && let Ok(number) = number.try_into()
                {
                    *input = ahead;
                    return Ok(number);
                }
                input.slowly::<F, _>($expected, |head| integer(head)?.try_into().ok())
            }

            #[inline(always)]
            fn from_varint(number: u64) -> Option<Self> {
                number.try_into().ok()
            }

            $(integers!($slice decode);)?
        }
    )* };
    (bytes encode) => {
        #[inline(always)]
        fn slice_len<F: Form>(items: &[Self]) -> usize {
            super::text::bytes_len::<F>(items.len())
        }

        #[inline(always)]
        fn encode_slice<F: Form>(items: &[Self], output: &mut Output<'_>) -> Result<(), Stop> {
            super::text::put_bytes::<F>(items, output)
        }
    };
    (bytes decode) => {
        fn decode_vec<F: Form>(
            input: &mut Input<'a>,
        ) -> Result<alloc::vec::Vec<Self>, DecodeError> {
            super::text::decode_bytes::<F>(input)
        }

        fn decode_array<F: Form, const N: usize>(
            input: &mut Input<'a>,
        ) -> Result<[Self; N], DecodeError> {
            super::text::decode_byte_array::<F, N>(input)
        }
    };
}

integers! {
    u8, "integer from 0 to 255", bytes;
    u16, "integer from 0 to 65535";
    u32, "integer from 0 to 4294967295";
    u64, "integer from 0 to 2^64 - 1";
    usize, "integer from 0 to the size of memory";
    i8, "integer from -128 to 127";
    i16, "integer from -32768 to 32767";
    i32, "integer from -2147483648 to 2147483647";
    i64, "integer from -2^63 to 2^63 - 1";
    isize, "integer from half the size of memory below 0 to half above";
}

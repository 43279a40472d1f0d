//! Floats.

use crate::wire::DecodeError;

use super::super::head::Head;
use super::super::write::Number;
use super::super::{Generation, Integer};
use super::number::small;
use super::{Decode, Encode, Form, Input, Output, Stop};

/// From this on floats are no longer told by [`ROUND`].
const LARGE: f64 = (1_u64 << 51) as f64;

/// Added to a smaller float this leaves no room for a fraction.
const ROUND: f64 = 3.0 * LARGE;

/// Whether it is of those floats that are written at little cost.
#[inline(always)]
fn is_usual(float: f64) -> bool {
    (-LARGE..LARGE).contains(&float)
}

/// The integer that a usual float is.
#[inline(always)]
fn whole(float: f64) -> Option<Integer> {
    if (float + ROUND) - ROUND != float {
        return None;
    }
    let whole = float as i64;
    Some(Integer::new(whole < 0, whole.unsigned_abs()))
}

/// A float that is not whole, in as many bytes as it takes.
#[inline(always)]
fn put_fraction<F: Form>(output: &mut Output<'_>, float: f64) -> Result<(), Stop> {
    let single = float as f32;
    // No `Number` in between: what is stored in four bytes and loaded in eight waits for the store.
    if f64::from(single) == float {
        return put_single::<F>(output, single);
    }
    put_double::<F>(output, float)
}

#[inline(always)]
fn put_single<F: Form>(output: &mut Output<'_>, float: f32) -> Result<(), Stop> {
    let [a, b, c, d] = float.to_le_bytes();
    output.array(&[F::SINGLE, a, b, c, d])
}

#[inline(always)]
fn put_double<F: Form>(output: &mut Output<'_>, float: f64) -> Result<(), Stop> {
    let [a, b, c, d, e, f, g, h] = float.to_le_bytes();
    output.array(&[F::DOUBLE, a, b, c, d, e, f, g, h])
}

#[cold]
#[inline(never)]
fn unusual(float: f64, generation: Generation) -> Number {
    match Number::shortest(float) {
        // As the first generation has it.
        Number::Single(single) if single.is_nan() && generation == Generation::One => {
            Number::Double(f64::NAN)
        }
        number => number,
    }
}

impl Encode for f64 {
    const LEAST: usize = 1;

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        let number = if is_usual(*self) {
            match whole(*self) {
                Some(integer) => Number::Integer(integer),
                None if Self::from(*self as f32) == *self => return 5,
                None => return 9,
            }
        } else {
            unusual(*self, F::GENERATION)
        };
        match number {
            Number::Integer(integer) => integer.encoded_len::<F>(),
            Number::Single(_) => 5,
            Number::Double(_) => 9,
        }
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        if is_usual(*self) {
            return match whole(*self) {
                Some(integer) => integer.encode::<F>(output),
                None => put_fraction::<F>(output, *self),
            };
        }
        match unusual(*self, F::GENERATION) {
            Number::Integer(integer) => integer.encode::<F>(output),
            Number::Single(single) => put_single::<F>(output, single),
            Number::Double(double) => put_double::<F>(output, double),
        }
    }

    #[inline(always)]
    fn as_varint(&self) -> Option<u64> {
        Integer::from_f64(*self)?.as_varint()
    }
}

impl<'a> Decode<'a> for f64 {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if let Some((&tag, rest)) = input.reader.rest().split_first() {
            if tag == F::SINGLE
                && let Some((bytes, rest)) = rest.split_first_chunk()
            {
                input.reader.go_on(rest);
                return Ok(f32::from_le_bytes(*bytes).into());
            }
            if tag == F::DOUBLE
                && let Some((bytes, rest)) = rest.split_first_chunk()
            {
                input.reader.go_on(rest);
                return Ok(Self::from_le_bytes(*bytes));
            }
        }
        if let Some(number) = small::<F>(input) {
            return Ok(number as Self);
        }
        input.slowly::<F, _>("number", |head| match head {
            Head::Integer(integer) => Some(integer.to_f64()),
            Head::Float(float) => Some(float),
            _ => None,
        })
    }

    #[inline(always)]
    fn from_varint(number: u64) -> Option<Self> {
        Some(number as Self)
    }
}

impl Encode for f32 {
    const LEAST: usize = 1;

    #[inline(always)]
    fn encoded_len<F: Form>(&self) -> usize {
        f64::from(*self).encoded_len::<F>()
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        f64::from(*self).encode::<F>(output)
    }

    #[inline(always)]
    fn as_varint(&self) -> Option<u64> {
        f64::from(*self).as_varint()
    }
}

impl<'a> Decode<'a> for f32 {
    #[inline(always)]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        f64::decode::<F>(input).map(|float| float as Self)
    }

    #[inline(always)]
    fn from_varint(number: u64) -> Option<Self> {
        Some(number as Self)
    }
}

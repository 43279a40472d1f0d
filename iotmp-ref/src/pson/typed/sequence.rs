//! Arrays, references and options.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::wire::{DecodeError, varint};

use super::super::{Generation, gen1, gen2};
use super::container::Inside;
use super::{Decode, Encode, Form, Input, Output, Stop};

/// The most bytes of memory that are taken before elements are seen.
const RESERVE: usize = 1 << 16;

/// Writes a tag of the second generation.
#[inline(always)]
pub(super) fn put_count(output: &mut Output<'_>, kind: u8, count: usize) -> Result<(), Stop> {
    if count < usize::from(gen2::CONTINUED) {
        return output.array(&[gen2::tag(kind, count as u64)]);
    }
    output.array(&[gen2::tag(kind, gen2::CONTINUED.into())])?;
    output.varint(count as u64)
}

/// How many bytes a map or array takes of `count` pairs or values, which take
/// `inside`.
#[inline]
pub fn container_len<F: Form>(count: usize, inside: usize) -> usize {
    let number = match F::GENERATION {
        Generation::One => inside,
        Generation::Two if count < gen2::CONTINUED.into() => return 1 + inside,
        Generation::Two => count,
    };
    1 + varint::len(number as u64) + inside
}

pub(super) fn array_len<F: Form, T: Encode>(items: &[T]) -> usize {
    let inside = items.iter().map(T::encoded_len::<F>).sum();
    container_len::<F>(items.len(), inside)
}

#[inline(always)]
pub(super) fn encode_array<F: Form, T: Encode>(
    items: &[T],
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let least = items.len() * T::LEAST;
    output.may_take(least)?;
    match F::GENERATION {
        Generation::One => {
            output.array(&[gen1::tag(gen1::ARRAY)])?;
            output.sized(least, |output| encode_elements::<F, T>(items, output))
        }
        Generation::Two => {
            put_count(output, gen2::ARRAY, items.len())?;
            encode_elements::<F, T>(items, output)
        }
    }
}

// Not a closure, which may not be inlined.
#[inline(always)]
fn encode_elements<F: Form, T: Encode>(items: &[T], output: &mut Output<'_>) -> Result<(), Stop> {
    output.enter()?;
    // Of its own, so that it can stay in registers.
    let mut own = output.reborrow();
    for item in items {
        item.encode::<F>(&mut own)?;
    }
    let written = own.remaining();
    output.go_on(written);
    output.leave();
    Ok(())
}

pub(super) fn decode_vec<'a, F: Form, T: Decode<'a>>(
    input: &mut Input<'a>,
) -> Result<Vec<T>, DecodeError> {
    // Of its own, so that it can stay in registers.
    let outer = input;
    let input = &mut outer.clone();
    let mut inside = Inside::open::<F, false>(input)?;
    let most = RESERVE / size_of::<T>().max(1);
    let mut items = Vec::with_capacity(usize::try_from(inside.left).unwrap_or(0).min(most));
    while inside.advance::<F>(input) {
        let item = T::decode::<F>(input).map_err(|error| error.in_index(items.len()))?;
        items.push(item);
    }
    inside.close::<F>(input);
    *outer = input.clone();
    Ok(items)
}

pub(super) fn decode_array<'a, F: Form, T: Decode<'a>, const N: usize>(
    input: &mut Input<'a>,
) -> Result<[T; N], DecodeError> {
    let mut inside = Inside::open::<F, false>(input)?;
    let mut refused = None;
    let slots: [Option<T>; N] = core::array::from_fn(|index| {
        if refused.is_some() {
            return None;
        }
        if !inside.advance::<F>(input) {
            let detail = alloc::format!("{index} elements, but expected {N}");
            refused = Some(inside.refuse(detail));
            return None;
        }
        match T::decode::<F>(input) {
            Ok(item) => Some(item),
            Err(error) => {
                refused = Some(error.in_index(index));
                None
            }
        }
    });
    if let Some(error) = refused {
        return Err(error);
    }
    if inside.advance::<F>(input) {
        return Err(inside.refuse(alloc::format!("more than the {N} elements expected")));
    }
    inside.close::<F>(input);
    Ok(slots.map(|slot| match slot {
        Some(item) => item,
        None => unreachable!("an element that was not read is an error above"),
    }))
}

impl<T: Encode> Encode for [T] {
    const LEAST: usize = 1;

    #[inline]
    fn least_len(&self) -> usize {
        1 + self.len() * T::LEAST
    }

    #[inline]
    fn encoded_len<F: Form>(&self) -> usize {
        T::slice_len::<F>(self)
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        T::encode_slice::<F>(self, output)
    }
}

macro_rules! as_slice {
    ($([$($generics:tt)*] $type:ty;)*) => { $(
        impl<T: Encode, $($generics)*> Encode for $type {
            const LEAST: usize = 1;

            #[inline]
            fn least_len(&self) -> usize {
                self.as_slice().least_len()
            }

            #[inline]
            fn encoded_len<F: Form>(&self) -> usize {
                T::slice_len::<F>(self)
            }

            #[inline(always)]
            fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
                T::encode_slice::<F>(self, output)
            }
        }
    )* };
}

as_slice! {
    [] Vec<T>;
    [const N: usize] [T; N];
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        T::decode_vec::<F>(input)
    }
}

impl<'a, T: Decode<'a>, const N: usize> Decode<'a> for [T; N] {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        T::decode_array::<F, N>(input)
    }
}

macro_rules! behind_a_pointer {
    ($($type:ty)*) => { $(
        impl<T: Encode + ?Sized> Encode for $type {
            const LEAST: usize = T::LEAST;

            #[inline]
            fn least_len(&self) -> usize {
                (**self).least_len()
            }

            #[inline]
            fn encoded_len<F: Form>(&self) -> usize {
                (**self).encoded_len::<F>()
            }

            #[inline(always)]
            fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
                (**self).encode::<F>(output)
            }

            #[inline]
            fn as_varint(&self) -> Option<u64> {
                (**self).as_varint()
            }
        }
    )* };
}

behind_a_pointer!(&T Box<T>);

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        T::decode::<F>(input).map(Self::new)
    }

    #[inline]
    fn from_varint(number: u64) -> Option<Self> {
        T::from_varint(number).map(Self::new)
    }
}

impl<T: Encode> Encode for Option<T> {
    const LEAST: usize = 1;

    #[inline]
    fn least_len(&self) -> usize {
        self.as_ref().map_or(1, T::least_len)
    }

    #[inline]
    fn encoded_len<F: Form>(&self) -> usize {
        self.as_ref().map_or(1, T::encoded_len::<F>)
    }

    #[inline(always)]
    fn encode<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop> {
        match self {
            Some(value) => value.encode::<F>(output),
            None => output.array(&[F::NULL]),
        }
    }

    #[inline]
    fn as_varint(&self) -> Option<u64> {
        self.as_ref()?.as_varint()
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    #[inline]
    fn decode<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        if input.null::<F>() || is_odd_null::<F>(input) {
            return Ok(None);
        }
        T::decode::<F>(input).map(Some)
    }

    #[inline]
    fn from_varint(number: u64) -> Option<Self> {
        T::from_varint(number).map(Some)
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Reads a null in another than its usual form, if one is next.
#[inline]
fn is_odd_null<F: Form>(input: &mut Input<'_>) -> bool {
    let odd = match F::GENERATION {
        Generation::One => gen1::tag(gen1::EMPTY),
        Generation::Two => gen2::tag(gen2::DISCRETE, gen2::CONTINUED.into()),
    };
    if input.reader.peek() != Some(odd) {
        return false;
    }
    let mut ahead = input.reader.clone();
    let is_null = matches!(
        F::GENERATION.head(&mut ahead),
        Ok(super::super::head::Head::Null)
    );
    if is_null {
        input.reader = ahead;
    }
    is_null
}

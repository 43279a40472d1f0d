//! Values behind their keys, in whichever generation: what the expansion of `messages!` calls.

use crate::wire::varint;

use super::super::Generation;
use super::{Encode, Form, Output, Stop};

/// The bytes of a key in a generation, and whether a size stands between it and the value.
type Key<'k, const N: usize> = (&'k [u8; N], bool);

/// A lower bound of the bytes of a value and its key: by its type alone where
/// `BY_TYPE`.
#[inline(always)]
pub fn value_least<const BY_TYPE: bool, T: Encode>(value: &T) -> usize {
    if BY_TYPE {
        return 1 + T::LEAST;
    }
    1 + value.least_len()
}

/// Bytes of a value and its key.
#[inline]
pub fn value_len<F: Form, T: Encode, const N: usize, const M: usize>(
    value: &T,
    one: Key<'_, N>,
    two: Key<'_, M>,
) -> usize {
    let len = value.encoded_len::<F>();
    let (key, is_sized) = match F::GENERATION {
        Generation::One => (N, one.1),
        Generation::Two => (M, two.1),
    };
    let size = if is_sized { varint::len(len as u64) } else { 0 };
    key + size + len
}

/// As [`value_len`], where a whole number that is not negative goes behind a key of its own.
#[inline]
pub fn value_or_number_len<F: Form, T: Encode, const K: usize, const N: usize, const M: usize>(
    value: &T,
    _: &[u8; K],
    one: Key<'_, N>,
    two: Key<'_, M>,
) -> usize {
    match value.as_varint() {
        Some(number) => K + varint::len(number),
        None => value_len::<F, T, N, M>(value, one, two),
    }
}

/// Writes a value behind its key.
///
/// # Errors
///
/// Those of [`Encode::encode`].
#[inline(always)]
pub fn put<F: Form, T: Encode, const N: usize, const M: usize>(
    output: &mut Output<'_>,
    value: &T,
    one: Key<'_, N>,
    two: Key<'_, M>,
) -> Result<(), Stop> {
    match F::GENERATION {
        Generation::One => put_one::<F, T, N>(output, value, one),
        Generation::Two => put_one::<F, T, M>(output, value, two),
    }
}

#[inline(always)]
fn put_one<F: Form, T: Encode, const N: usize>(
    output: &mut Output<'_>,
    value: &T,
    (key, is_sized): Key<'_, N>,
) -> Result<(), Stop> {
    if is_sized {
        output.before(key, 1)?;
        return output.sized(value.least_len(), |output| value.encode::<F>(output));
    }
    output.before(key, T::LEAST)?;
    value.encode::<F>(output)
}

/// As [`put`], but a whole number that is not negative goes behind a key of its own.
///
/// # Errors
///
/// Those of [`put`].
#[inline(always)]
pub fn put_or_number<F: Form, T: Encode, const K: usize, const N: usize, const M: usize>(
    output: &mut Output<'_>,
    value: &T,
    number: &[u8; K],
    one: Key<'_, N>,
    two: Key<'_, M>,
) -> Result<(), Stop> {
    match value.as_varint() {
        Some(whole) => output.numbered(number, whole),
        None => put::<F, T, N, M>(output, value, one, two),
    }
}

//! What becomes of the values that a decoder meets.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::pson::{Integer, Map, Value};
use crate::wire::{DecodeError, DecodeErrorKind, Encoding};

/// A value without values in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(Integer),
    Float(f64),
    String(&'a str),
    Bytes(&'a [u8]),
}

/// Keeps the values of a decoder, or forgets them.
///
/// Memory grows with what has been met, never with what is promised.
pub(super) trait Build: Sized {
    type Array: Default;
    type Map: Default;

    fn scalar(scalar: Scalar<'_>) -> Self;
    fn push(array: &mut Self::Array, element: Self);
    fn array(array: Self::Array) -> Self;
    fn insert(map: &mut Self::Map, key: &str, value: Self);
    fn map(map: Self::Map) -> Self;

    fn integer(integer: impl Into<Integer>) -> Self {
        Self::scalar(Scalar::Integer(integer.into()))
    }

    fn float(float: impl Into<f64>) -> Self {
        Self::scalar(Scalar::Float(float.into()))
    }
}

impl Build for Value {
    type Array = Vec<Self>;
    type Map = Map;

    fn scalar(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Integer(value) => Self::Integer(value),
            Scalar::Float(value) => Self::Float(value),
            Scalar::String(value) => Self::String(value.to_owned()),
            Scalar::Bytes(value) => Self::Bytes(value.to_owned()),
        }
    }

    fn push(array: &mut Vec<Self>, element: Self) {
        array.push(element);
    }

    fn array(array: Vec<Self>) -> Self {
        Self::Array(array)
    }

    fn insert(map: &mut Map, key: &str, value: Self) {
        map.push(key, value);
    }

    fn map(map: Map) -> Self {
        Self::Map(map)
    }
}

/// A value that was checked, and not kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checked;

impl Build for Checked {
    type Array = ();
    type Map = ();

    fn scalar(_: Scalar<'_>) -> Self {
        Self
    }

    fn push((): &mut (), _: Self) {}

    fn array((): ()) -> Self {
        Self
    }

    fn insert((): &mut (), _: &str, _: Self) {}

    fn map((): ()) -> Self {
        Self
    }
}

/// Reads the elements of an array until `ends`, which is told how many there
/// were.
pub(super) fn array<C, T: Build>(
    context: &mut C,
    mut ends: impl FnMut(&mut C, u64) -> Result<bool, DecodeError>,
    mut element: impl FnMut(&mut C) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let mut array = T::Array::default();
    let mut index = 0;
    while !ends(context, index as u64)? {
        let element = element(context).map_err(|error| error.in_index(index))?;
        T::push(&mut array, element);
        index += 1;
    }
    Ok(T::array(array))
}

/// Reads the pairs of a map until `ends`, which is told how many there were.
pub(super) fn map<'a, C, T: Build>(
    context: &mut C,
    mut ends: impl FnMut(&mut C, u64) -> Result<bool, DecodeError>,
    mut key: impl FnMut(&mut C) -> Result<Cow<'a, str>, DecodeError>,
    mut value: impl FnMut(&mut C) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let mut map = T::Map::default();
    let mut count = 0;
    while !ends(context, count)? {
        let key = key(context)?;
        let value = value(context).map_err(|error| error.in_key(&key))?;
        T::insert(&mut map, &key, value);
        count += 1;
    }
    Ok(T::map(map))
}

/// A refusal of what stands at `offset`.
#[cold]
pub(super) fn refused(
    encoding: Encoding,
    offset: usize,
    detail: impl Into<Box<str>>,
) -> DecodeError {
    let kind = DecodeErrorKind::Encoding {
        name: encoding.name(),
        detail: detail.into(),
    };
    DecodeError::new(offset, kind)
}

/// Reads a number with its most significant byte first.
macro_rules! big_endian {
    ($reader:expr, $type:ty) => {
        <$type>::from_be_bytes(
            $reader
                .take_array()
                .map_err(|error: $crate::wire::DecodeError| error.naming(stringify!($type)))?,
        )
    };
}
pub(super) use big_endian;

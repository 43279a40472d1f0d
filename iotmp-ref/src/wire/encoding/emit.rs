//! From a value to the pieces that an encoder writes, one after the other.

use alloc::boxed::Box;
use core::fmt::Display;

use crate::pson::{MAX_DEPTH, Number, Value};
use crate::wire::{EncodeError, Encoding, Path, Unrepresentable};

use super::build::Scalar;

/// What has values in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Array,
    Map,
}

/// Writes the pieces of a value.
///
/// A float comes as the number that PSON would send in its place: an integer if
/// it has no fraction, and every NaN alike.
pub(super) trait Emit {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), EncodeError>;
    fn open(&mut self, container: Container, count: usize) -> Result<(), EncodeError>;
    fn close(&mut self, container: Container) -> Result<(), EncodeError>;

    /// Comes before each element of an array.
    fn element(&mut self, _index: usize) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Comes before each value of a map.
    fn key(&mut self, index: usize, key: &str) -> Result<(), EncodeError>;
}

/// Gives the pieces of `value` to `sink`, the pairs of a map by the bytes of
/// their keys.
pub(super) fn emit(sink: &mut impl Emit, value: &Value) -> Result<(), EncodeError> {
    walk(sink, value, MAX_DEPTH)
}

fn walk(sink: &mut impl Emit, value: &Value, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Array(elements) => {
            let depth = inside(depth)?;
            sink.open(Container::Array, elements.len())?;
            for (index, element) in elements.iter().enumerate() {
                sink.element(index)
                    .and_then(|()| walk(sink, element, depth))
                    .map_err(|error| error.in_index(index))?;
            }
            sink.close(Container::Array)
        }
        Value::Map(map) => {
            let depth = inside(depth)?;
            sink.open(Container::Map, map.len())?;
            for (index, (key, value)) in map.sorted().into_iter().enumerate() {
                sink.key(index, key)
                    .and_then(|()| walk(sink, value, depth))
                    .map_err(|error| error.in_key(key))?;
            }
            sink.close(Container::Map)
        }
        Value::Null => sink.scalar(Scalar::Null),
        Value::Bool(value) => sink.scalar(Scalar::Bool(*value)),
        Value::Integer(value) => sink.scalar(Scalar::Integer(*value)),
        Value::Float(value) => sink.scalar(number(*value)),
        Value::String(value) => sink.scalar(Scalar::String(value)),
        Value::Bytes(value) => sink.scalar(Scalar::Bytes(value)),
    }
}

/// The number that travels in place of a float.
fn number(float: f64) -> Scalar<'static> {
    match Number::shortest(float) {
        Number::Integer(integer) => Scalar::Integer(integer),
        Number::Single(single) => Scalar::Float(single.into()),
        Number::Double(double) => Scalar::Float(double),
    }
}

/// How many more levels there may be inside of a container.
pub(super) fn inside(depth: usize) -> Result<usize, EncodeError> {
    let too_deep = EncodeError::TooDeep { limit: MAX_DEPTH };
    depth.checked_sub(1).ok_or(too_deep)
}

/// A refusal to write something.
#[cold]
pub(super) fn unrepresentable(encoding: Encoding, what: impl Into<Box<str>>) -> EncodeError {
    EncodeError::Unrepresentable(Box::new(Unrepresentable {
        encoding,
        what: what.into(),
        path: Path::default(),
    }))
}

/// Passes on what a library said of a write into memory, which does not fail.
#[cold]
pub(super) fn unwritten(error: impl Display) -> EncodeError {
    EncodeError::Custom(alloc::format!("{error}").into_boxed_str())
}

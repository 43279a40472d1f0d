//! Reading and writing what the messages of several revisions have in common.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Introduction;
use crate::pson::{Map, Value};
use crate::wire::{Any, DecodeError, EncodeError, Encoding, KeyLayout, Reader, Shape};

pub(super) fn value(any: Option<Any<'_>>) -> Result<Option<Value>, DecodeError> {
    any.map(|any| any.to_value()).transpose()
}

pub(super) fn number(map: &Map, key: &str, default: u64) -> Result<u64, DecodeError> {
    let Some(value) = map.get(key) else {
        return Ok(default);
    };
    value.as_u64().ok_or_else(|| {
        let error = DecodeError::custom(format!(
            "{}, but expected a non-negative integer",
            value.kind().name()
        ));
        error.in_key(key).in_field("parameters")
    })
}

pub(super) fn text(map: &Map, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).map(String::from)
}

/// The interval in the parameters of Start Stream: in a map, or alone.
pub(super) fn interval(
    parameters: Option<&Value>,
    key: &str,
    unit: Duration,
) -> Result<Duration, DecodeError> {
    let count = match parameters {
        Some(Value::Map(map)) => number(map, key, 0)?,
        Some(other) => other.as_u64().unwrap_or(0),
        None => 0,
    };
    // A count too large for a `Duration` never comes due either way.
    let step = u64::try_from(unit.as_millis()).unwrap_or(u64::MAX);
    Ok(Duration::from_millis(count.saturating_mul(step)))
}

/// How often `unit` goes into `interval`; `None` for an interval of zero.
pub(super) fn units(interval: Duration, unit: Duration) -> Result<Option<u64>, EncodeError> {
    if interval.is_zero() {
        return Ok(None);
    }
    let (whole, part) = (
        interval.as_nanos() / unit.as_nanos(),
        interval.as_nanos() % unit.as_nanos(),
    );
    match u64::try_from(whole) {
        Ok(count) if part == 0 => Ok(Some(count)),
        _ => Err(EncodeError::Custom(
            format!("interval {interval:?} is not a multiple of {unit:?}").into(),
        )),
    }
}

/// The encodings that the wire types of a revision carry, `default` first.
pub(super) fn encodings(layout: &KeyLayout, default: Encoding) -> Vec<Encoding> {
    let mut all = vec![default];
    for shape in layout.shapes.iter().flatten() {
        if let Shape::Encoded(allowed) | Shape::Sized(allowed) = shape {
            all.extend(allowed.iter().filter(|&&encoding| encoding != default));
        }
    }
    all
}

/// Reads a Connect under one encoding after the other until one agrees with
/// what the Connect itself announces.
pub(super) fn introduction(
    encodings: &[Encoding],
    read: impl Fn(Encoding) -> Result<Introduction, DecodeError>,
) -> Result<Introduction, DecodeError> {
    let mut best = read(encodings.first().copied().unwrap_or(Encoding::Pson2));
    for &encoding in encodings.iter().skip(1) {
        if matches!(&best, Ok(found) if found.consistent) {
            break;
        }
        match read(encoding) {
            // What is readable tells more than what is not.
            Ok(found) if found.consistent || best.is_err() => best = Ok(found),
            _ => {}
        }
    }
    best
}

/// The last number under `key` in a body, as far as it can be read.
pub(super) fn find_number(
    layout: &KeyLayout,
    key: u32,
    reader: &mut Reader<'_>,
    encoding: Encoding,
) -> Option<u16> {
    let mut found = None;
    while !reader.is_empty() {
        let at = reader.offset();
        let Ok(next) = layout.read_key(reader) else {
            break;
        };
        if next == key {
            found = Some(reader.varint(16).ok()?);
        } else if layout.skip(reader, next, at, encoding).is_err() {
            break;
        }
    }
    // The reader has refused what does not fit.
    found.and_then(|number| u16::try_from(number).ok())
}

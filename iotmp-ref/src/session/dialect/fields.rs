//! Reading and writing what the messages of several revisions have in common.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Description, Function};
use crate::message::iotmp_2025 as spec;
use crate::pson::{Map, Value};
use crate::wire::{Any, DecodeError, EncodeError, Encoding, KeyLayout, Reader, Shape, Writer};

pub(super) fn value(any: Option<Any<'_>>) -> Result<Option<Value>, DecodeError> {
    any.map(|any| any.to_value()).transpose()
}

pub(super) fn number(map: &Map, key: &str, default: u64) -> Result<u64, DecodeError> {
    let Some(value) = map.get(key) else {
        return Ok(default);
    };
    let number = value.as_u64();
    number.ok_or_else(|| {
        let error = wrong(value, "a non-negative integer");
        error.in_key(key).in_field("parameters")
    })
}

/// What a value is refused for that is of another type.
pub(super) fn wrong(value: &Value, expected: &str) -> DecodeError {
    let found = value.kind().name();
    DecodeError::custom(format!("{found}, but expected {expected}"))
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
            for &encoding in *allowed {
                if !all.contains(&encoding) {
                    all.push(encoding);
                }
            }
        }
    }
    all
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

/// The key of the only field that `write` writes.
pub(super) fn only_key(
    layout: &KeyLayout,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Option<u32> {
    let mut buffer = [0; 8];
    write(&mut Writer::new(&mut buffer)).ok()?;
    layout.read_key(&mut Reader::new(&buffer)).ok()
}

/// How many fields a body has beyond the `known` ones.
pub(super) fn unknown_fields(
    layout: &KeyLayout,
    body: &Reader<'_>,
    encoding: Encoding,
    known: usize,
) -> usize {
    let fields = layout.fields(body.clone(), encoding, &[]);
    let fields: BTreeSet<u32> = fields.flatten().map(|field| field.field).collect();
    fields.len().saturating_sub(known)
}

/// A value as a field of a revision that writes integers as varints or not.
pub(super) fn optional(
    value: Option<Value>,
    encoding: Encoding,
    integers_as_varint: bool,
) -> Result<Option<Any<'static>>, EncodeError> {
    let any = |value| Any::from_value(&value, encoding, integers_as_varint);
    value.map(any).transpose()
}

/// What a revision refuses to write.
pub(super) fn inexpressible(name: &str, what: &str) -> EncodeError {
    EncodeError::Custom(format!("{name} has no {what}").into())
}

/// What the answer to Describe says of one of all resources. Only the 2025
/// revision defines it; the others answer alike.
pub(super) fn description(description: &Description) -> Value {
    use spec::resource_description as keys;
    let function = match description.function {
        Function::Run => spec::FunctionType::NONE,
        Function::Input => spec::FunctionType::INPUT,
        Function::Output => spec::FunctionType::OUTPUT,
        Function::InputOutput => spec::FunctionType::INPUT_OUTPUT,
    };
    let mut map = Map::from([(keys::FUNCTION, function.0)]);
    if u64::from(description.needs_parameters) != keys::NEEDS_PARAMETERS_DEFAULT {
        map.insert(keys::NEEDS_PARAMETERS, description.needs_parameters);
    }
    if u64::from(description.can_stream) != keys::CAN_STREAM_DEFAULT {
        map.insert(keys::CAN_STREAM, description.can_stream);
    }
    if let Some(alias) = description.alias {
        map.insert(keys::ALIAS, alias);
    }
    map.into()
}

/// What the answer to Describe of one resource says, as of 2025 too.
pub(super) fn samples(input: Option<Value>, output: Option<Value>) -> Value {
    use spec::resource_samples as keys;
    let samples = [(keys::INPUT, input), (keys::OUTPUT, output)];
    let given = samples.into_iter();
    let given = given.filter_map(|(key, sample)| Some((key, sample?)));
    given.collect::<Map>().into()
}

/// A number as a field of `T` holds it.
pub(super) fn narrow<T: TryFrom<u64>>(number: u64, what: &str) -> Result<T, EncodeError> {
    let too_large = || EncodeError::Custom(format!("{what} {number} is too large").into());
    T::try_from(number).map_err(|_| too_large())
}

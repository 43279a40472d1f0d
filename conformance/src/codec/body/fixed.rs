//! Bodies of fields that stand one behind the other.

use iotmp_spec::model::{Extent, Field, FieldType, IntEncoding, Message, Spec};
use serde_json::Value as Json;

use crate::codec::walk::{Walk, bytes};
use crate::codec::{Class, Refusal, meaning, not_named};
use crate::json;
use crate::value::WireValue;

/// Reads the fields of a message: for each of the specification its value, if it is there and not
/// the same in every such message. Those that may be left out are there if bytes are left.
pub(super) fn fields(
    spec: &Spec,
    message: &Message,
    walk: &mut Walk<'_>,
) -> Result<Vec<Option<Json>>, Refusal> {
    let mut found = Vec::with_capacity(message.fields.len());
    for field in &message.fields {
        if !field.mandatory && walk.is_empty() {
            found.push(None);
            continue;
        }
        let value = walk.in_name(&field.name, |walk| value(spec, field, walk))?;
        found.push(Some(value).filter(|_| field.constant.is_none()));
    }
    Ok(found)
}

fn value(spec: &Spec, field: &Field, walk: &mut Walk<'_>) -> Result<Json, Refusal> {
    let value = match &field.ty {
        FieldType::Text(extent) => {
            let size = size(field, *extent, walk)?;
            WireValue::String(walk.text(size, "text")?.to_owned())
        }
        FieldType::Bytes(extent) => {
            let size = size(field, *extent, walk)?;
            let start = walk.at();
            let taken = walk.take(size, "bytes")?;
            walk.note(start, "bytes", bytes(size));
            WireValue::Bytes(taken.to_owned())
        }
        // Values with an encoding of their own stand behind keys alone.
        FieldType::Varint(_) | FieldType::Enum(_) | FieldType::Any(_) | FieldType::Int(_) => {
            let encoding = spec
                .int_encoding(field)
                .unwrap_or(IntEncoding::BigEndian(8));
            number(spec, field, encoding, walk)?
        }
    };
    Ok(json::value_to(&value))
}

fn number(
    spec: &Spec,
    field: &Field,
    encoding: IntEncoding,
    walk: &mut Walk<'_>,
) -> Result<WireValue, Refusal> {
    let start = walk.at();
    let number = walk.number(encoding, "number")?;
    match field.constant {
        Some(expected) if expected != number => {
            let detail = format!("number {number}, but expected {expected}");
            Err(walk.refuse(Class::Constant, start, detail))
        }
        _ => {
            if let Some(detail) = not_named(spec, field, number) {
                return Err(walk.refuse(Class::Constant, start, detail));
            }
            walk.note(start, "number", meaning(spec, field, number));
            Ok(WireValue::Integer(number.into()))
        }
    }
}

/// How many bytes of text or bytes follow.
fn size(field: &Field, extent: Extent, walk: &mut Walk<'_>) -> Result<u64, Refusal> {
    let start = walk.at();
    let size = match extent {
        Extent::Exact(size) => return Ok(size.into()),
        Extent::Prefixed(prefix) => walk.number(prefix, "length")?,
        Extent::Rest => walk.left() as u64,
    };
    let max = field.max.unwrap_or(u64::MAX);
    if size > max {
        let detail = format!("length of {}, but at most {max} is allowed", bytes(size));
        return Err(walk.refuse(Class::TooLarge, start, detail));
    }
    walk.note(start, "length", bytes(size));
    Ok(size)
}

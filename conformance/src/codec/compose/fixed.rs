//! Bodies of fields that stand one behind the other.

use iotmp_spec::model::{Extent, Field, FieldType, IntEncoding, Message, Spec};
use serde_json::{Map, Value as Json};

use crate::codec::{Class, Refusal, int};
use crate::json;
use crate::value::WireValue;

use super::{absent, number};

/// The fields of a message in their order; those at the end may be left out.
pub(super) fn body(
    spec: &Spec,
    message: &Message,
    object: &Map<String, Json>,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    let mut left_out: Option<&Field> = None;
    for field in &message.fields {
        let path = format!("{}.{}", message.name, field.name);
        let value = match (field.constant, object.get(&field.name)) {
            (Some(number), _) => Json::from(number),
            (None, Some(json)) => json.clone(),
            (None, None) if field.mandatory => return Err(absent(message, field)),
            (None, None) => {
                left_out = left_out.or(Some(field));
                continue;
            }
        };
        if let Some(before) = left_out {
            let detail = format!("given, but {} before it is not", before.name);
            return Err(Refusal::new(Class::MissingField, 0, path, detail));
        }
        write(spec, field, &value, &path, &mut body)?;
    }
    Ok(body)
}

fn write(
    spec: &Spec,
    field: &Field,
    json: &Json,
    path: &str,
    body: &mut Vec<u8>,
) -> Result<(), Refusal> {
    match &field.ty {
        FieldType::Text(extent) => match json::value_from(json)? {
            WireValue::String(text) => sized(field, *extent, text.as_bytes(), path, body),
            _ => Err(Refusal::new(Class::WrongType, 0, path, "text is needed")),
        },
        FieldType::Bytes(extent) => match json::value_from(json)? {
            WireValue::Bytes(bytes) => sized(field, *extent, &bytes, path, body),
            _ => {
                let detail = "bytes are needed: {\"type\":\"bytes\",\"value\":\"…\"}";
                Err(Refusal::new(Class::WrongType, 0, path, detail))
            }
        },
        // Values with an encoding of their own stand behind keys alone.
        FieldType::Varint(_) | FieldType::Enum(_) | FieldType::Any(_) | FieldType::Int(_) => {
            let encoding = spec
                .int_encoding(field)
                .unwrap_or(IntEncoding::BigEndian(8));
            let number = number(spec, field, encoding.bits(), json, path)?;
            body.extend(int(encoding, number));
            Ok(())
        }
    }
}

fn sized(
    field: &Field,
    extent: Extent,
    bytes: &[u8],
    path: &str,
    body: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let size = bytes.len() as u64;
    let max = field.max.unwrap_or(u64::MAX).min(extent.capacity());
    match extent {
        Extent::Exact(exact) if u64::from(exact) != size => {
            let detail = format!("{size} bytes, but exactly {exact} are needed");
            return Err(Refusal::new(Class::WrongType, 0, path, detail));
        }
        Extent::Prefixed(_) | Extent::Rest if size > max => {
            let detail = format!("{size} bytes, but at most {max} are allowed");
            return Err(Refusal::new(Class::TooLarge, 0, path, detail));
        }
        Extent::Prefixed(prefix) => body.extend(int(prefix, size)),
        Extent::Exact(_) | Extent::Rest => {}
    }
    body.extend(bytes);
    Ok(())
}

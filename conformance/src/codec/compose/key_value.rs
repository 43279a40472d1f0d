//! Bodies of keys and values.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Field, FieldType, KeyPart, KeyValue, Message, Shape, Spec, WireType};
use serde_json::{Map, Value as Json};

use crate::codec::{Class, Refusal, int, varint, write_value};
use crate::json::{self, FieldJson};
use crate::value::{Float, WireValue};

use super::{absent, number};

/// The fields of a message, in the order of the specification.
pub(super) fn body(
    spec: &Spec,
    layout: &KeyValue,
    message: &Message,
    object: &Map<String, Json>,
    encoding: Encoding,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    for field in &message.fields {
        let path = format!("{}.{}", message.name, field.name);
        match object.get(&field.name) {
            Some(json) => write_field(spec, layout, field, json, &path, encoding, &mut body)?,
            None if field.mandatory => {
                return Err(absent(message, field));
            }
            None => {}
        }
    }
    Ok(body)
}

fn write_field(
    spec: &Spec,
    layout: &KeyValue,
    field: &Field,
    json: &Json,
    path: &str,
    encoding: Encoding,
    body: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let as_varint = |number: u64, body: &mut Vec<u8>| {
        let wire = wire_type(layout, path, "varint", |shape| *shape == Shape::Varint)?;
        body.extend(key(layout, field.id, wire));
        body.extend(varint(number));
        Ok(())
    };
    match &field.ty {
        FieldType::Varint(bits) => as_varint(number(spec, field, *bits, json, path)?, body),
        FieldType::Enum(name) => {
            let bits = spec.enumeration(name).map_or(64, |e| e.bits);
            as_varint(number(spec, field, bits, json, path)?, body)
        }
        _ => {
            let value = match json::field_from(json, path)? {
                FieldJson::Varint(number) => return as_varint(number, body),
                FieldJson::Value(value) => value,
            };
            // A float without a fraction whose form is open is an integer too.
            let whole = match &value {
                WireValue::Float(Float::Shortest(_)) | WireValue::Integer(_) => {
                    value.to_value().as_u64()
                }
                _ => None,
            };
            if let Some(number) = whole
                && layout.values.integers_as_varint
            {
                return as_varint(number, body);
            }
            let wire = wire_type(layout, path, encoding.name(), |shape| match shape {
                Shape::Encoded(names) | Shape::Sized(names) => {
                    names.iter().any(|name| name == encoding.name())
                }
                _ => false,
            })?;
            body.extend(key(layout, field.id, wire));
            let mut bytes = Vec::new();
            write_value(spec, &value, encoding, path, &mut bytes)?;
            if matches!(wire.shape, Shape::Sized(_)) {
                body.extend(varint(bytes.len() as u64));
            }
            body.extend(bytes);
            Ok(())
        }
    }
}

fn wire_type<'l>(
    layout: &'l KeyValue,
    path: &str,
    what: &str,
    holds: impl Fn(&Shape) -> bool,
) -> Result<&'l WireType, Refusal> {
    let mut wire_types = layout.wire_types.iter();
    wire_types.find(|wire| holds(&wire.shape)).ok_or_else(|| {
        let detail = format!("this revision has no wire type for {what}");
        Refusal::new(Class::Encoding, 0, path, detail)
    })
}

fn key(layout: &KeyValue, field: u32, wire: &WireType) -> Vec<u8> {
    let wire = u32::from(wire.id);
    let key = match layout.high {
        KeyPart::Field => field << layout.low_bits | wire,
        KeyPart::WireType => wire << layout.low_bits | field,
    };
    int(layout.key, key.into())
}

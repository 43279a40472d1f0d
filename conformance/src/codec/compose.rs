//! Writing whole messages.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{
    Field, FieldType, KeyPart, KeyValue, Message, Shape, Spec, WireType,
};
use serde_json::{Map, Value as Json};

use crate::json::{self, FieldJson, ReadError};
use crate::specs::nearest;
use crate::value::WireValue;

use super::{Class, Refusal, bits, key_value, varint, write_value};

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::new(Class::Json, 0, error.path, error.detail)
    }
}

pub(super) fn message(spec: &Spec, json: &Json, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
    let fault = |class: Class, detail: &str| Refusal::new(class, 0, "", detail);
    let Json::Object(object) = json else {
        return Err(fault(Class::Json, "a message is an object with a `type`"));
    };
    let Some(name) = object.get("type").and_then(Json::as_str) else {
        return Err(fault(
            Class::Json,
            "a message needs a `type`: its name, or its code such as \"0x7f\"",
        ));
    };
    let (code, body) = match spec.message(name) {
        Some(message) => (message.code, known(spec, message, object, encoding)?),
        None => match code(name) {
            Some(code) => (code, raw_body(name, object)?),
            None => {
                let names = spec.messages.iter().map(|m| m.name.as_str());
                let detail = format!(
                    "{} has no message {name:?}{}",
                    spec.name,
                    nearest(name, names)
                );
                return Err(fault(Class::UnknownMessage, &detail));
            }
        },
    };
    let mut out = varint(code.into());
    if let Some(size) = spec.framing.size {
        let max = (1_u128 << bits(size)) - 1;
        if body.len() as u128 > max {
            let detail = format!(
                "a body of {} bytes, but at most {max} is allowed",
                body.len()
            );
            return Err(fault(Class::TooLarge, &detail));
        }
        out.extend(varint(body.len() as u64));
    }
    out.extend(body);
    Ok(out)
}

/// The code in a name such as `0x7f`.
fn code(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("0x")?;
    u32::from_str_radix(digits, 16).ok()
}

fn raw_body(name: &str, object: &Map<String, Json>) -> Result<Vec<u8>, Refusal> {
    no_others(name, object, &["body"])?;
    let Some(body) = object.get("body") else {
        return Ok(Vec::new());
    };
    match json::value_from(body) {
        Ok(WireValue::Bytes(bytes)) => Ok(bytes),
        _ => {
            let detail = "the body of a message by code is {\"type\":\"bytes\",\"value\":\"…\"}";
            Err(Refusal::new(Class::Json, 0, format!("{name}.body"), detail))
        }
    }
}

fn no_others(name: &str, object: &Map<String, Json>, fields: &[&str]) -> Result<(), Refusal> {
    let mut others = object.keys();
    let Some(other) = others.find(|key| *key != "type" && !fields.contains(&key.as_str())) else {
        return Ok(());
    };
    let hint = nearest(other, fields.iter().copied());
    let detail = format!("{name} has no field {other:?}{hint}");
    Err(Refusal::new(Class::UnknownField, 0, "", detail))
}

fn known(
    spec: &Spec,
    message: &Message,
    object: &Map<String, Json>,
    encoding: Encoding,
) -> Result<Vec<u8>, Refusal> {
    let Some(layout) = key_value(spec) else {
        let detail = "fixed layouts are not known here";
        return Err(Refusal::new(Class::Encoding, 0, message.name.as_str(), detail));
    };
    let names: Vec<&str> = message.fields.iter().map(|f| f.name.as_str()).collect();
    no_others(&message.name, object, &names)?;
    let mut body = Vec::new();
    for field in &message.fields {
        let path = format!("{}.{}", message.name, field.name);
        match object.get(&field.name) {
            Some(json) => write_field(spec, layout, field, json, &path, encoding, &mut body)?,
            None if field.mandatory => {
                let detail = format!("mandatory field {} is absent", field.name);
                return Err(Refusal::new(
                    Class::MissingField,
                    0,
                    message.name.as_str(),
                    detail,
                ));
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
        FieldType::Varint(bits) => as_varint(number(json, *bits, path)?, body),
        FieldType::Enum(name) => {
            let named = spec.enumeration(name).and_then(|e| {
                let value = e
                    .values
                    .iter()
                    .find(|value| json.as_str() == Some(&value.name));
                value.map(|value| value.value)
            });
            let bits = spec.enumeration(name).map_or(64, |e| e.bits);
            match named {
                Some(number) => as_varint(number, body),
                None => as_varint(number(json, bits, path)?, body),
            }
        }
        _ => {
            let value = match json::field_from(json, path)? {
                FieldJson::Varint(number) => return as_varint(number, body),
                FieldJson::Value(value) => value,
            };
            // A float without a fraction whose form is open is an integer too.
            let whole = match &value {
                WireValue::Float(crate::value::Float::Shortest(_)) | WireValue::Integer(_) => {
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
    varint(key.into())
}

fn number(json: &Json, bits: u8, path: &str) -> Result<u64, Refusal> {
    let max = u64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
    let WireValue::Integer(integer) = json::value_from(json)? else {
        let detail = format!("a number from 0 to {max} is needed");
        return Err(Refusal::new(Class::WrongType, 0, path, detail));
    };
    match u64::try_from(integer) {
        Ok(number) if number <= max => Ok(number),
        _ => {
            let detail = format!("number {integer}, but only 0 to {max} is allowed");
            Err(Refusal::new(Class::Range, 0, path, detail))
        }
    }
}

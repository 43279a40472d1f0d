//! Writing whole messages.

mod fixed;
mod key_value;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, Field, FieldType, IntEncoding, Message, Spec};
use serde_json::{Map, Value as Json};

use crate::json::{self, ReadError};
use crate::specs::{self, nearest};
use crate::value::WireValue;

use super::{Class, Refusal, int, not_named};

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
    let (code, body) = match (specs::message(spec, name), code(name)) {
        (Ok(message), _) => (message.code, known(spec, message, object, encoding)?),
        (Err(_), Some(code)) => (code, raw_body(name, object)?),
        (Err(error), None) => {
            return Err(fault(Class::UnknownMessage, &error.to_string()));
        }
    };
    let mut out = header(spec.framing.code, code.into(), Class::Range, "message type")?;
    if let Some(size) = spec.framing.size {
        let length = body.len() as u64;
        out.extend(header(size, length, Class::TooLarge, "body size in bytes")?);
    }
    out.extend(body);
    Ok(out)
}

fn header(
    encoding: IntEncoding,
    number: u64,
    class: Class,
    what: &str,
) -> Result<Vec<u8>, Refusal> {
    let max = encoding.max();
    if number <= max {
        return Ok(int(encoding, number));
    }
    let detail = format!("{what} {number}, but at most {max} is allowed");
    Err(Refusal::new(class, 0, "", detail))
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
    let fields = message.fields.iter().filter(|f| f.constant.is_none());
    let names: Vec<&str> = fields.map(|f| f.name.as_str()).collect();
    no_others(&message.name, object, &names)?;
    match &spec.body {
        Body::KeyValue(layout) => key_value::body(spec, layout, message, object, encoding),
        Body::Fixed(_) => fixed::body(spec, message, object),
    }
}

fn absent(message: &Message, field: &Field) -> Refusal {
    let detail = format!("mandatory field {} is absent", field.name);
    Refusal::new(Class::MissingField, 0, message.name.as_str(), detail)
}

/// The number of a numeric field of at most `bits` bits, or the one that its name stands for.
fn number(spec: &Spec, field: &Field, bits: u8, json: &Json, path: &str) -> Result<u64, Refusal> {
    if let FieldType::Enum(name) = &field.ty
        && let Some(word) = json.as_str()
        && let Some(named) = spec
            .enumeration(name)
            .and_then(|e| e.values.iter().find(|value| value.name == word))
    {
        return Ok(named.value);
    }
    let max = u64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
    let WireValue::Integer(integer) = json::value_from(json)? else {
        let detail = format!("a number from 0 to {max} is needed");
        return Err(Refusal::new(Class::WrongType, 0, path, detail));
    };
    match u64::try_from(integer) {
        Ok(number) if number <= max => match not_named(spec, field, number) {
            Some(detail) => Err(Refusal::new(Class::Constant, 0, path, detail)),
            None => Ok(number),
        },
        _ => {
            let detail = format!("number {integer}, but only 0 to {max} is allowed");
            Err(Refusal::new(Class::Range, 0, path, detail))
        }
    }
}

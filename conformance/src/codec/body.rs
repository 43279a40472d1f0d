//! Reading whole messages: the header, and then the body as its layout has it.

mod answer;
mod fixed;
mod key_value;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, Direction, Message};
use serde_json::{Map, Value as Json, json};

use crate::json;
use crate::value::WireValue;

use self::answer::Role;
use super::walk::{Walk, bytes};
use super::{Class, Codec, Refusal};

pub(super) fn message(
    codec: &Codec<'_>,
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<Json, Refusal> {
    let least = codec.spec.framing.min_size.unwrap_or(0);
    if walk.left() as u64 >= least {
        return whole(codec, walk, encoding);
    }
    let refusal = walk.truncated("message", format_args!("at least {}", bytes(least)));
    // What there is of it can still be named.
    let _ = whole(codec, walk, encoding);
    Err(refusal)
}

fn whole(codec: &Codec<'_>, walk: &mut Walk<'_>, encoding: Encoding) -> Result<Json, Refusal> {
    let framing = &codec.spec.framing;
    let start = walk.at();
    let code = walk.number(framing.code, "message type")?;
    // A code has at most 32 bits.
    let role = answer::role(codec, code as u32, walk.rest());
    let message = role.message();
    let name = message.map_or_else(|| format!("0x{code:02x}"), |m| m.name.clone());
    let meaning = match message {
        Some(message) => format!("{code} {name}, {}", direction(message.direction)),
        None => format!("{code}, not known"),
    };
    walk.in_name(&name, |walk| {
        walk.note(start, "message type", meaning);
        Ok(())
    })?;
    let body = |walk: &mut Walk<'_>| {
        walk.in_name(&name, |walk| match &role {
            Role::Known(message) => known(codec, message, walk, encoding),
            Role::Refused(message, peek) => {
                let refusal = peek.refuse(walk);
                // What stands before it can still be named.
                let _ = known(codec, message, walk, encoding);
                Err(refusal)
            }
            Role::Unknown => unknown(&name, walk),
        })
    };
    let Some(size) = framing.size else {
        return body(walk);
    };
    let start = walk.at();
    let size = walk.number(size, "message size")?;
    walk.in_name(&name, |walk| {
        walk.note(start, "body size", bytes(size));
        Ok(())
    })?;
    match usize::try_from(size)
        .ok()
        .filter(|size| *size <= walk.left())
    {
        Some(size) => walk.within(size, |walk| {
            let message = body(walk)?;
            if walk.is_empty() {
                return Ok(message);
            }
            let detail = format!("{} left over after the message", bytes(walk.left()));
            Err(walk.refuse(Class::TrailingBytes, walk.at(), detail))
        }),
        None => {
            let refusal = walk.truncated("body", bytes(size));
            let _ = body(walk);
            Err(refusal)
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "device to server",
        Direction::ToDevice => "server to device",
        Direction::Both => "either way",
    }
}

fn unknown(name: &str, walk: &mut Walk<'_>) -> Result<Json, Refusal> {
    let start = walk.at();
    let body = walk.take(walk.left() as u64, "body")?;
    walk.note(start, "body", format!("{}, not read", bytes(body.len())));
    let body = json::value_to(&WireValue::Bytes(body.to_owned()));
    Ok(json!({"type": name, "body": body}))
}

fn known(
    codec: &Codec<'_>,
    message: &Message,
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<Json, Refusal> {
    let found = match &codec.spec.body {
        Body::KeyValue(layout) => key_value::fields(codec.spec, layout, message, walk, encoding)?,
        Body::Fixed(_) => fixed::fields(codec.spec, message, walk)?,
    };
    let mut json = Map::new();
    json.insert("type".to_owned(), json!(message.name));
    for (field, value) in message.fields.iter().zip(found) {
        if let Some(value) = value {
            json.insert(field.name.clone(), value);
        }
    }
    Ok(Json::Object(json))
}

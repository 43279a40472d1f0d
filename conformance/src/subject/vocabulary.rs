//! How a revision says what every revision can say.
//!
//! A case speaks of the keep alive interval of a Connect; whether that is a
//! field or stands in a map of parameters, and under which key, is told by the
//! specification alone.

use iotmp_spec::model::{FieldType, Message, Spec};
use serde_json::{Map, Value as Json, json};

use super::event::Received;
use crate::verdict::{Outcome, Stop};

/// The messages that bring values of a stream, whatever makes them come.
const VALUES: [&str; 3] = ["stream_data", "stream_sample", "stream_event"];
/// Those of them that an interval brings.
const SAMPLES: [&str; 2] = ["stream_data", "stream_sample"];

/// Where a part of a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'s> {
    /// In a field of its own.
    Field(&'s str),
    /// In the map that a field holds, under a key.
    Entry { field: &'s str, key: &'s str },
}

fn place<'s>(spec: &'s Spec, message: &'s Message, part: &str) -> Option<Place<'s>> {
    if let Some(field) = message.field(part) {
        return Some(Place::Field(&field.name));
    }
    message.fields.iter().find_map(|field| {
        let FieldType::Any(Some(map)) = &field.ty else {
            return None;
        };
        let mut entries = spec.map(map)?.entries.iter();
        let entry = entries.find(|entry| entry.name == part)?;
        Some(Place::Entry {
            field: &field.name,
            key: &entry.key,
        })
    })
}

/// Whether a message of that name has a place for a part.
#[must_use]
pub fn has(spec: &Spec, message: &str, part: &str) -> bool {
    let message = spec.message(message);
    message.is_some_and(|message| place(spec, message, part).is_some())
}

/// Adds parts to a message, each by its name in the specification; null is none.
///
/// # Errors
/// Skip where the message has no place for one.
pub fn add(spec: &Spec, message: &mut Json, parts: &Json) -> Outcome {
    let Some(parts) = parts.as_object() else {
        return Ok(());
    };
    let name = message.get("type").and_then(Json::as_str);
    let name = name.unwrap_or_default().to_owned();
    for (part, value) in parts {
        let found = spec.message(&name).and_then(|m| place(spec, m, part));
        let Some(object) = message.as_object_mut() else {
            return Ok(());
        };
        match found {
            Some(Place::Field(field)) => {
                object.insert(field.to_owned(), value.clone());
            }
            Some(Place::Entry { field, key }) => {
                let map = object
                    .entry(field)
                    .or_insert_with(|| Json::Object(Map::new()));
                if let Some(map) = map.as_object_mut() {
                    map.insert(key.to_owned(), value.clone());
                }
            }
            None => {
                let spec = &spec.name;
                return Err(Stop::skip(format!("{name} has no {part} in {spec}")));
            }
        }
    }
    Ok(())
}

/// A part of a message that came, if it is there.
#[must_use]
pub fn part<'m>(spec: &Spec, received: &'m Received, part: &str) -> Option<&'m Json> {
    match place(spec, spec.message(received.name())?, part)? {
        Place::Field(field) => received.field(field),
        Place::Entry { field, key } => received.field(field)?.get(key),
    }
}

/// A Connect; `parts` are what it asks for, by their names, and null is nothing.
///
/// # Errors
/// Skip where the Connect of that specification has no place for one of them.
pub fn connect(spec: &Spec, stream_id: u16, parts: &Json, payload: &Json) -> Outcome<Json> {
    let mut message = json!({"type": "connect", "stream_id": stream_id, "payload": payload});
    add(spec, &mut message, parts)?;
    Ok(message)
}

/// A Disconnect, with `stream_id` only where it cannot do without.
#[must_use]
pub fn disconnect(spec: &Spec, stream_id: u16) -> Json {
    let mut message = json!({"type": "disconnect"});
    let field = spec
        .message("disconnect")
        .and_then(|message| message.field("stream_id"));
    if let (Some(object), true) = (
        message.as_object_mut(),
        field.is_some_and(|field| field.mandatory),
    ) {
        object.insert("stream_id".to_owned(), stream_id.into());
    }
    message
}

/// Everything that a Disconnect can say of its reason.
#[must_use]
pub fn reasons(spec: &Spec) -> Json {
    let fields = spec
        .message("disconnect")
        .map_or(&[][..], |message| &message.fields);
    let said = fields.iter().filter(|field| field.name != "stream_id");
    said.map(|field| {
        let value = match field.name.as_str() {
            "payload" => json!("good night"),
            _ => json!(1),
        };
        (field.name.clone(), value)
    })
    .collect()
}

/// The messages of that specification that bring values of a stream.
pub fn values(spec: &Spec) -> impl Iterator<Item = &'static str> {
    VALUES
        .into_iter()
        .filter(|name| spec.message(name).is_some())
}

/// One of [`values`], with a value in it.
#[must_use]
pub fn value(spec: &Spec, name: &str, stream_id: u16, value: &Json) -> Json {
    let field = spec.message(name).and_then(|message| {
        let mut fields = ["payload", "output"].into_iter();
        fields.find(|field| message.field(field).is_some())
    });
    let mut message = json!({"type": name, "stream_id": stream_id});
    if let (Some(object), Some(field)) = (message.as_object_mut(), field) {
        object.insert(field.to_owned(), value.clone());
    }
    message
}

/// Whether a message of that name brings a value of a stream.
pub(crate) fn is_value(name: &str) -> bool {
    VALUES.contains(&name)
}

/// Whether a message of that name brings a value because its time has come.
pub(super) fn is_sample(name: &str) -> bool {
    SAMPLES.contains(&name)
}

/// The number of a name in an enumeration.
///
/// # Errors
/// Skip where the specification has no such name.
pub fn number(spec: &Spec, enumeration: &str, name: &str) -> Outcome<u64> {
    let known = spec.enumeration(enumeration);
    let found = known.and_then(|known| known.values.iter().find(|value| value.name == name));
    found
        .map(|value| value.value)
        .ok_or_else(|| Stop::skip(format!("{} has no {enumeration} {name}", spec.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::by_name;

    #[test]
    fn an_interval_stands_where_the_revision_has_it() {
        let stream = |spec| {
            let mut message = json!({"type": "start_stream"});
            add(
                by_name(spec).unwrap(),
                &mut message,
                &json!({"interval": 5}),
            )
            .unwrap();
            message
        };
        assert_eq!(
            stream("iotmp-2020"),
            json!({"type": "start_stream", "interval": 5})
        );
        for spec in ["iotmp-2023", "iotmp-2025"] {
            assert_eq!(
                stream(spec),
                json!({"type": "start_stream", "parameters": {"interval": 5}})
            );
        }
    }

    #[test]
    fn what_is_said_is_found_again() {
        for (spec, field) in [
            ("iotmp-2020", "keep_alive"),
            ("iotmp-2023", "keep_alive"),
            ("iotmp-2025", "parameters"),
        ] {
            let spec = by_name(spec).unwrap();
            let message = connect(spec, 1, &json!({"keep_alive": 7}), &json!([])).unwrap();
            assert!(message.get(field).is_some(), "{}", spec.name);
            let received = Received {
                message,
                bytes: Vec::new(),
            };
            assert_eq!(part(spec, &received, "keep_alive"), Some(&json!(7)));
        }
    }

    #[test]
    fn a_part_without_a_place_is_skipped_and_said_so() {
        let spec = by_name("iotmp-2020").unwrap();
        let refused = connect(spec, 1, &json!({"protocol_version": 1}), &json!([]));
        assert_eq!(
            refused,
            Err(Stop::skip("connect has no protocol_version in iotmp-2020"))
        );
    }

    #[test]
    fn a_disconnect_has_an_identifier_only_where_it_must() {
        let said = |spec| disconnect(by_name(spec).unwrap(), 9);
        assert_eq!(
            said("iotmp-2020"),
            json!({"type": "disconnect", "stream_id": 9})
        );
        assert_eq!(said("iotmp-2023"), json!({"type": "disconnect"}));
        assert_eq!(
            reasons(by_name("iotmp-2020").unwrap()),
            json!({"reason": 1})
        );
    }
}

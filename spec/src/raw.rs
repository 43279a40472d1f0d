//! The YAML as serde sees it: one struct for each kind of map in the language.
//!
//! A key that is not an `Option` has to be there; that is the only place where
//! this is said. A key whose content is [`IgnoredAny`] holds items of their own,
//! which are read one by one so that each can fail by itself.

mod keys;
mod read;

use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};

pub(crate) use self::read::{Item, item, items};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Spec {
    pub(crate) spec: String,
    pub(crate) extends: Option<IgnoredAny>,
    pub(crate) title: String,
    pub(crate) revision: Revision,
    pub(crate) status: String,
    pub(crate) doc: String,
    sources: IgnoredAny,
    framing: IgnoredAny,
    body: IgnoredAny,
    values: Option<IgnoredAny>,
    enums: Option<IgnoredAny>,
    maps: Option<IgnoredAny>,
    messages: IgnoredAny,
    states: Option<IgnoredAny>,
    timers: Option<IgnoredAny>,
    limits: Option<IgnoredAny>,
    clauses: Option<IgnoredAny>,
    ambiguities: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Framing {
    pub(crate) code: String,
    pub(crate) size: Option<String>,
    pub(crate) min_size: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct KeyValue {
    layout: IgnoredAny,
    pub(crate) key: String,
    pub(crate) high: String,
    pub(crate) low_bits: u64,
    wire_types: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Fixed {
    layout: IgnoredAny,
    pub(crate) byte_order: String,
    prefix: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireType {
    pub(crate) id: u64,
    pub(crate) shape: String,
    pub(crate) encodings: Option<Vec<String>>,
    pub(crate) doc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    pub(crate) default_encoding: String,
    pub(crate) integers_as_varint: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Enum {
    pub(crate) bits: u64,
    pub(crate) doc: Option<String>,
    values: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumValue {
    pub(crate) value: u64,
    pub(crate) encoding: Option<String>,
    pub(crate) doc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct MapSchema {
    pub(crate) doc: Option<String>,
    entries: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapEntry {
    pub(crate) key: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) mandatory: Option<bool>,
    pub(crate) default: Option<u64>,
    pub(crate) source: String,
    pub(crate) doc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Message {
    pub(crate) code: u64,
    pub(crate) direction: String,
    pub(crate) answers: Option<Vec<String>>,
    pub(crate) answers_to: Option<Vec<String>>,
    pub(crate) source: String,
    pub(crate) doc: String,
    fields: Option<IgnoredAny>,
}

/// A field of a key-value body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) id: u64,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) map: Option<String>,
    pub(crate) mandatory: Option<bool>,
    pub(crate) default: Option<u64>,
    pub(crate) source: String,
    pub(crate) doc: String,
}

/// A field of a fixed layout.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedField {
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) optional: Option<bool>,
    #[serde(rename = "const")]
    pub(crate) constant: Option<Constant>,
    pub(crate) max: Option<u64>,
    pub(crate) source: String,
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct State {
    pub(crate) initial: Option<bool>,
    pub(crate) doc: Option<String>,
    pub(crate) device_sends: Option<Vec<String>>,
    pub(crate) server_sends: Option<Vec<String>>,
    next: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quantity {
    pub(crate) value: u64,
    pub(crate) unit: String,
    pub(crate) source: String,
    pub(crate) doc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clause {
    pub(crate) aliases: Option<Vec<String>>,
    pub(crate) level: String,
    pub(crate) binds: Vec<String>,
    pub(crate) source: String,
    pub(crate) text: String,
    pub(crate) untestable: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Ambiguity {
    pub(crate) question: String,
    pub(crate) source: String,
    readings: IgnoredAny,
    pub(crate) reference: String,
    pub(crate) reason: String,
}

/// The words of the publisher; a year may stand without quotes.
#[derive(Debug)]
pub(crate) struct Revision(pub(crate) String);

/// A number, or the name that an enum gives it.
#[derive(Debug)]
pub(crate) enum Constant {
    Number(u64),
    Name(String),
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrName;

        impl Visitor<'_> for NumberOrName {
            type Value = Constant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, 0 or more, or the name of a value")
            }

            fn visit_str<E>(self, name: &str) -> Result<Constant, E> {
                Ok(Constant::Name(name.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Constant, E> {
                Ok(Constant::Number(number))
            }
        }

        deserializer.deserialize_any(NumberOrName)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl Visitor<'_> for Words {
            type Value = Revision;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a year")
            }

            fn visit_str<E>(self, text: &str) -> Result<Revision, E> {
                Ok(Revision(text.to_owned()))
            }

            fn visit_u64<E>(self, year: u64) -> Result<Revision, E> {
                Ok(Revision(year.to_string()))
            }
        }

        deserializer.deserialize_any(Words)
    }
}

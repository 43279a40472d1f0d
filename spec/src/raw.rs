//! The YAML as serde sees it: one struct for each kind of map in the language.
//!
//! A key that is not an `Option` has to be there; that is the only place where
//! this is said. A key whose content is [`IgnoredAny`] holds items of their own,
//! which are read one by one so that each can fail by itself.

mod keys;
mod read;
#[cfg(feature = "schema")]
mod schema;

use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};

pub(crate) use self::read::{Item, item, items};
#[cfg(feature = "schema")]
pub(crate) use self::schema::schema;
#[cfg(feature = "schema")]
use self::schema::{AnyField, Body, Items};

/// A specification: one revision of one protocol.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Spec {
    /// Stable name in kebab case: what commands call the specification by.
    pub(crate) spec: String,
    /// Path of the file that this one extends, as seen from here. What is not said here is as it is there; `~` deletes.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) extends: Option<IgnoredAny>,
    /// Title for people.
    pub(crate) title: String,
    /// The revision in the words of its publisher; a year may stand without quotes.
    pub(crate) revision: Revision,
    /// How far the revision is in force.
    pub(crate) status: String,
    /// What the protocol is, for the documentation.
    pub(crate) doc: String,
    /// Where the facts come from: a short key for each document or observation, and what it is.
    #[cfg_attr(feature = "schema", schemars(with = "Items<String>"))]
    sources: IgnoredAny,
    /// How messages are delimited on the byte stream.
    #[cfg_attr(feature = "schema", schemars(with = "Framing"))]
    framing: IgnoredAny,
    /// How the body of a message is laid out.
    #[cfg_attr(feature = "schema", schemars(with = "Body"))]
    body: IgnoredAny,
    /// How values of type `any` are written; only for bodies of key-value pairs.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Values>"))]
    values: Option<IgnoredAny>,
    /// Named numbers.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<Enum>>"))]
    enums: Option<IgnoredAny>,
    /// Maps with known keys that travel inside values.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<MapSchema>>"))]
    maps: Option<IgnoredAny>,
    /// The messages.
    #[cfg_attr(feature = "schema", schemars(with = "Items<Message>"))]
    messages: IgnoredAny,
    /// The states of a connection, and what may be sent in each.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<State>>"))]
    states: Option<IgnoredAny>,
    /// Intervals and margins.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<Quantity>>"))]
    timers: Option<IgnoredAny>,
    /// Largest sizes and counts.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<Quantity>>"))]
    limits: Option<IgnoredAny>,
    /// The rules, by their immutable ids.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<Clause>>"))]
    clauses: Option<IgnoredAny>,
    /// What the sources leave open or contradict, by immutable ids.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<Ambiguity>>"))]
    ambiguities: Option<IgnoredAny>,
}

/// How messages are delimited on the byte stream.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Framing {
    /// How the code of a message is written.
    pub(crate) code: String,
    /// How the size of the body in bytes is written; absent where the layout alone tells.
    pub(crate) size: Option<String>,
    /// Fewest bytes of a whole message, header included; fewer are not processed.
    pub(crate) min_size: Option<u64>,
}

/// A body of keys and values, in any order.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct KeyValue {
    /// Which kind of body.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    layout: IgnoredAny,
    /// How a key is written.
    pub(crate) key: String,
    /// Which part of the key is the high one; it takes the bits that the low part leaves.
    pub(crate) high: String,
    /// Bits of the low part of a key.
    pub(crate) low_bits: u64,
    /// How values are delimited, by the wire type in their key.
    #[cfg_attr(feature = "schema", schemars(with = "Items<WireType>"))]
    wire_types: IgnoredAny,
}

/// A body of fields one behind the other, in the order of the file.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Fixed {
    /// Which kind of body.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    layout: IgnoredAny,
    /// Which byte of a number comes first.
    pub(crate) byte_order: String,
    /// Fields that every message begins with.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<FixedField>>"))]
    prefix: Option<IgnoredAny>,
}

/// How the value behind a key is delimited.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct WireType {
    /// Number in the key.
    pub(crate) id: u64,
    /// How the value is delimited: by itself, by its size, or by its kind.
    pub(crate) shape: String,
    /// Encodings that the value may be in; the first is the default.
    pub(crate) encodings: Option<Vec<String>>,
    /// What it is for.
    pub(crate) doc: Option<String>,
}

/// How values of type `any` are written.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    /// Encoding unless another one is negotiated.
    pub(crate) default_encoding: String,
    /// Whether a non-negative integer that is a whole value travels as a varint field.
    pub(crate) integers_as_varint: bool,
}

/// Named numbers. Always open: numbers without a name survive.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Enum {
    /// Bits of the number.
    pub(crate) bits: u64,
    /// Whether a field refuses a number without a name; otherwise it survives.
    pub(crate) closed: Option<bool>,
    /// What the numbers say.
    pub(crate) doc: Option<String>,
    /// The names.
    #[cfg_attr(feature = "schema", schemars(with = "Items<EnumValue>"))]
    values: IgnoredAny,
}

/// One named number.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumValue {
    /// The number.
    pub(crate) value: u64,
    /// Encoding of values that the number stands for where it is negotiated.
    pub(crate) encoding: Option<String>,
    /// What it means.
    pub(crate) doc: Option<String>,
}

/// A map with known keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct MapSchema {
    /// What it is for.
    pub(crate) doc: Option<String>,
    /// The entries.
    #[cfg_attr(feature = "schema", schemars(with = "Items<MapEntry>"))]
    entries: IgnoredAny,
}

/// One known key of a map.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct MapEntry {
    /// The key on the wire.
    pub(crate) key: String,
    /// Type of the value: a kind of value, or an enum.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    /// Whether a map without it is malformed.
    pub(crate) mandatory: Option<bool>,
    /// Number meant by its absence; 0 and 1 for false and true.
    pub(crate) default: Option<u64>,
    /// Where the fact comes from.
    pub(crate) source: String,
    /// What it means.
    pub(crate) doc: Option<String>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Message {
    /// Code in the header.
    pub(crate) code: u64,
    /// Who sends it.
    pub(crate) direction: String,
    /// Messages that may answer it.
    pub(crate) answers: Option<Vec<String>>,
    /// Messages that it answers, where those alone tell it from others of its code.
    pub(crate) answers_to: Option<Vec<String>>,
    /// Where the fact comes from.
    pub(crate) source: String,
    /// What it is for.
    pub(crate) doc: String,
    /// Its fields, in order.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<AnyField>>"))]
    fields: Option<IgnoredAny>,
}

/// A field of a key-value body.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// Identifier in the key.
    pub(crate) id: u64,
    /// Type: a varint, an enum, or a value of any kind.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    /// The map that a value of type `any` is known to be.
    pub(crate) map: Option<String>,
    /// Whether a message without it is malformed.
    pub(crate) mandatory: Option<bool>,
    /// Number meant by its absence.
    pub(crate) default: Option<u64>,
    /// Where the fact comes from.
    pub(crate) source: String,
    /// What it means.
    pub(crate) doc: String,
}

/// A field of a fixed layout.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedField {
    /// Type: a number, an enum, or text or bytes with their length in brackets.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    /// Whether it may be left out; only at the end of a message.
    pub(crate) optional: Option<bool>,
    /// The one number, or name, that it holds.
    #[serde(rename = "const")]
    pub(crate) constant: Option<Constant>,
    /// Most bytes that text or bytes with a length before them may hold.
    pub(crate) max: Option<u64>,
    /// Where the fact comes from.
    pub(crate) source: String,
    /// What it means.
    pub(crate) doc: String,
}

/// A state of a connection.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct State {
    /// Whether a connection begins here.
    pub(crate) initial: Option<bool>,
    /// What the state means.
    pub(crate) doc: Option<String>,
    /// Messages that the device may send.
    pub(crate) device_sends: Option<Vec<String>>,
    /// Messages that the server may send.
    pub(crate) server_sends: Option<Vec<String>>,
    /// What leads out: a message, `close` or `timeout`, and the state that it leads to.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Items<String>>"))]
    next: Option<IgnoredAny>,
}

/// A number with a unit.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Quantity {
    /// The number.
    pub(crate) value: u64,
    /// Its unit.
    pub(crate) unit: String,
    /// Where it comes from; an ambiguity's id where the reference chose.
    pub(crate) source: String,
    /// What it measures.
    pub(crate) doc: Option<String>,
}

/// A rule.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Clause {
    /// Earlier ids of the same rule.
    pub(crate) aliases: Option<Vec<String>>,
    /// How strictly it binds.
    pub(crate) level: String,
    /// Whom it binds.
    pub(crate) binds: Vec<String>,
    /// Where it comes from; an ambiguity's id where the reference chose.
    pub(crate) source: String,
    /// The rule, in our words.
    pub(crate) text: String,
    /// Why no case or vector can prove it, if so.
    pub(crate) untestable: Option<String>,
}

/// What the sources leave open or contradict.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the keys that hold items are here to be known")]
pub(crate) struct Ambiguity {
    /// The question.
    pub(crate) question: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// The readings: a name for each, and what an implementation does that reads it so.
    #[cfg_attr(feature = "schema", schemars(with = "Items<String>"))]
    readings: IgnoredAny,
    /// The reading that the reference follows.
    pub(crate) reference: String,
    /// Why that one.
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

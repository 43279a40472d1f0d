//! The words of the language, for its JSON Schema.

use serde_json::{Value, json};

use super::STATUSES;
use super::fields::INTS;
use super::layout::{BYTE_ORDERS, INTEGERS, KEY_PARTS, Kind, LAYOUTS, SHAPES};
use super::messages::DIRECTIONS;
use super::rules::{AMOUNTS, LEVELS, PARTIES, TIMES};
use super::vocabulary::{BITS, FIELD_TYPES, VALUE_TYPES};
use crate::encoding::ENCODINGS;

/// A name in snake case.
const NAME: &str = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$";
/// The most that a number in a specification can be.
const MAX_CODE: u32 = u32::MAX;

/// What the values of keys are restricted to: struct, key, and the words of JSON Schema that say so.
pub(crate) fn words() -> Vec<(&'static str, &'static str, Value)> {
    fn one_of<T>(table: &[(&str, T)]) -> Value {
        let words: Vec<_> = table.iter().map(|(word, _)| *word).collect();
        json!({ "enum": words })
    }
    let layout = |wanted: Kind| {
        let layouts = LAYOUTS.iter().filter(|(_, kind)| *kind == wanted);
        json!({ "enum": layouts.map(|(word, _)| *word).collect::<Vec<_>>() })
    };
    let encodings: Vec<_> = ENCODINGS.iter().map(|info| info.name).collect();
    let encodings = json!({ "enum": encodings });
    let lengths: Vec<_> = INTS.iter().map(|(word, _)| *word).collect();
    let named = |words: &[&str]| json!({ "anyOf": [{ "enum": words }, { "pattern": NAME }] });
    let units: Vec<_> = TIMES.iter().chain(&AMOUNTS).collect();
    let extent = format!(
        "^(text|bytes)\\[({}|rest|[1-9][0-9]*)\\]$",
        lengths.join("|")
    );
    let integers = one_of(&INTEGERS);
    vec![
        (
            "Spec",
            "spec",
            json!({ "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$" }),
        ),
        ("Spec", "status", one_of(&STATUSES)),
        ("Framing", "code", integers.clone()),
        ("Framing", "size", integers.clone()),
        ("KeyValue", "layout", layout(Kind::KeyValue)),
        ("KeyValue", "key", integers),
        ("KeyValue", "high", one_of(&KEY_PARTS)),
        ("Fixed", "layout", layout(Kind::Fixed)),
        ("Fixed", "byte_order", one_of(&BYTE_ORDERS)),
        ("WireType", "shape", json!({ "enum": SHAPES })),
        ("WireType", "id", json!({ "maximum": u8::MAX })),
        ("WireType", "encodings", encodings.clone()),
        ("Values", "default_encoding", encodings.clone()),
        ("Enum", "bits", json!({ "enum": BITS })),
        ("EnumValue", "encoding", encodings),
        ("MapEntry", "type", named(&VALUE_TYPES)),
        ("Message", "code", json!({ "maximum": MAX_CODE })),
        ("Message", "direction", one_of(&DIRECTIONS)),
        ("Field", "type", named(&FIELD_TYPES)),
        (
            "FixedField",
            "type",
            json!({ "anyOf": [{ "enum": lengths }, { "pattern": extent }, { "pattern": NAME }] }),
        ),
        ("Quantity", "unit", json!({ "enum": units })),
        ("Clause", "level", one_of(&LEVELS)),
        ("Clause", "binds", one_of(&PARTIES)),
    ]
}

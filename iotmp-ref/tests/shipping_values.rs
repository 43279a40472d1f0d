//! The PSON codec against bytes that shipping implementations wrote, and
//! against malformed bytes that were given to them.
//!
//! What differs is listed here by name, with the reason. An entry that does not
//! differ any more, or that no line answers to, fails.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use std::fs;
use std::path::Path;

use iotmp_ref::pson::{Integer, Map, Value};
use iotmp_ref::wire::Encoding;
use serde_json::Value as Json;

/// Encoding, line, what happens instead of the same value and bytes, and why.
const VALUES_THAT_DIFFER: &[(Encoding, &str, &str, &str)] = &[
    (
        Encoding::Pson1,
        "float_10000000000.000000",
        "written as 0880c8afa025",
        "the shipping encoder looks for a fraction in 32-bit integers when given a 32-bit float; \
         an integral float is an integer whatever its size",
    ),
    (
        Encoding::Pson1,
        "string_embedded_nul",
        r#"read as String("ab")"#,
        "the shipping encoder takes text for C strings and stops at the NUL",
    ),
    (
        Encoding::Pson2,
        "string_embedded_nul",
        r#"read as String("ab")"#,
        "the shipping encoder takes text for C strings and stops at the NUL",
    ),
    (
        Encoding::Pson2,
        "string_only_nul",
        r#"read as String("")"#,
        "the shipping encoder takes text for C strings and stops at the NUL",
    ),
    (
        Encoding::Pson2,
        "string_invalid_utf8",
        "refused: offset 1: string is not valid UTF-8",
        "no source allows text that is not UTF-8, and no other program could show it",
    ),
];

const GOOD: &str = "well formed, and canonical";
const LONG: &str = "longer than needed, which no source forbids: it says one thing only";
const SAME: &str = "not the canonical form, but it says one thing only";
const TYPE_15: &str = "no source says what the type 15, empty, holds: taken for null";

/// Decoder, line, the value, and why it is not refused.
const MALFORMED_BUT_ACCEPTED: &[(&str, &str, &str, &str)] = &[
    (
        "pson1",
        "arr_of_empty(type15)",
        "Array([Null, Null])",
        TYPE_15,
    ),
    ("pson1", "arr_zero", "Array([])", GOOD),
    ("pson1", "null", "Null", GOOD),
    ("pson1", "obj_zero", "Map({})", GOOD),
    ("pson1", "one", "Integer(1)", GOOD),
    (
        "pson1",
        "svarint_2^64-1",
        "Integer(-18446744073709551615)",
        GOOD,
    ),
    ("pson1", "svarint_zero", "Integer(0)", SAME),
    ("pson1", "type15", "Null", TYPE_15),
    ("pson1", "varint_nonminimal", "Integer(5)", LONG),
    ("pson1", "zero", "Integer(0)", GOOD),
    ("pson2", "discrete_ext_0", "Bool(false)", LONG),
    ("pson2", "discrete_ext_1", "Bool(true)", LONG),
    ("pson2", "f32_nan", "Float(NaN)", GOOD),
    ("pson2", "f64_integral", "Float(3.0)", SAME),
    ("pson2", "float_sub31_varint0", "Float(0.0)", LONG),
    ("pson2", "map_empty_key", r#"Map({"": Integer(1)})"#, GOOD),
    ("pson2", "neg_2^63", "Integer(-9223372036854775808)", GOOD),
    ("pson2", "str_nonminimal_len", r#"String("abc")"#, LONG),
    ("pson2", "str_nul", r#"String("a\0b")"#, GOOD),
    (
        "pson2",
        "uint_nonminimal_inline(0x1f 05)",
        "Integer(5)",
        LONG,
    ),
];

#[test]
fn values_of_the_first_generation() {
    check_values(Encoding::Pson1, 47);
}

#[test]
fn values_of_the_second_generation() {
    check_values(Encoding::Pson2, 78);
}

fn check_values(encoding: Encoding, count: usize) {
    let lines = lines(&format!("{}-values.jsonl", encoding.name()));
    assert_eq!(lines.len(), count);
    let mut seen = BTreeMap::new();
    for line in lines {
        let name = text(&line, "name");
        let bytes = hex::decode(text(&line, "hex")).unwrap();
        let value = tagged(&line["value"]);
        if let Some(difference) = difference(encoding, &bytes, &value) {
            seen.insert(name.to_owned(), difference);
        }
    }
    let listed = VALUES_THAT_DIFFER
        .iter()
        .filter(|entry| entry.0 == encoding);
    let listed = listed.map(|entry| (entry.1.to_owned(), entry.2.to_owned()));
    assert_eq!(seen, listed.collect());
}

fn difference(encoding: Encoding, bytes: &[u8], value: &Value) -> Option<String> {
    let decoded = match encoding.decode(bytes) {
        Ok(decoded) => decoded,
        Err(error) => return Some(format!("refused: {error}")),
    };
    if decoded != *value {
        return Some(format!("read as {decoded:?}"));
    }
    let written = encoding.to_vec(value).unwrap();
    assert_eq!(encoding.to_vec(&decoded).unwrap(), written);
    assert_eq!(encoding.encoded_len(value), Ok(written.len()));
    (written != bytes).then(|| format!("written as {}", hex::encode(written)))
}

#[test]
fn malformed() {
    let mut refused = String::new();
    let mut accepted = BTreeMap::new();
    let mut values = 0;
    for line in lines("malformed.jsonl") {
        let decoder = text(&line, "decoder");
        let encoding = match decoder {
            "pson1" => Encoding::Pson1,
            "pson2" => Encoding::Pson2,
            "msg" => continue,
            other => panic!("unknown decoder {other}"),
        };
        values += 1;
        let name = text(&line, "name");
        let hex = text(&line, "hex");
        let bytes = hex::decode(hex).unwrap();
        match encoding.decode(&bytes) {
            Ok(value) => {
                let key = (decoder.to_owned(), name.to_owned());
                accepted.insert(key, format!("{value:?}"));
                let canonical = encoding.to_vec(&value).unwrap() == bytes;
                let listed_as_good = MALFORMED_BUT_ACCEPTED
                    .iter()
                    .any(|entry| (entry.0, entry.1, entry.3) == (decoder, name, GOOD));
                assert_eq!(canonical, listed_as_good, "{name} is canonical");
            }
            Err(error) => {
                let shipping = text(&line, "shipping_verdict");
                let (class, offset) = (error.class(), error.offset());
                writeln!(
                    refused,
                    "{decoder} {name}: {hex}\n  {class} at {offset} (shipping: {shipping})\n  {error}"
                )
                .unwrap();
            }
        }
    }
    assert_eq!(values, 35 + 37);
    let listed = MALFORMED_BUT_ACCEPTED.iter();
    let listed = listed.map(|&(decoder, name, value, _)| {
        let key = (decoder.to_owned(), name.to_owned());
        (key, value.to_owned())
    });
    assert_eq!(accepted, listed.collect());
    insta::assert_snapshot!(refused);
}

fn lines(file: &str) -> Vec<Json> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors/shipping");
    let path = folder.join(file);
    let content =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = content.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn text<'a>(line: &'a Json, key: &str) -> &'a str {
    line[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {line}"))
}

/// The value that the JSON of a line stands for.
fn tagged(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => {
            let integer = number.to_string().parse::<Integer>();
            integer.map_or_else(|_| Value::from(number.as_f64().unwrap()), Value::from)
        }
        Json::String(value) => Value::from(value.as_str()),
        Json::Array(elements) => Value::Array(elements.iter().map(tagged).collect()),
        Json::Object(pairs) => special(pairs).unwrap_or_else(|| {
            let pairs = pairs.iter().map(|(key, value)| (key, tagged(value)));
            Value::Map(pairs.collect::<Map>())
        }),
    }
}

fn special(pairs: &serde_json::Map<String, Json>) -> Option<Value> {
    let (key, content) = pairs.iter().next()?;
    let content = content.as_str()?;
    match key.as_str() {
        "$bytes" => Some(Value::from(hex::decode(content).unwrap())),
        // Text that is none stays bytes, which no text is equal to.
        "$str" => {
            let text = String::from_utf8(hex::decode(content).unwrap());
            Some(text.map_or_else(|error| error.into_bytes().into(), Value::from))
        }
        "$f64" => Some(Value::from(content.parse::<f64>().unwrap())),
        _ => None,
    }
}

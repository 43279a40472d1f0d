//! From values to JSON.

use serde_json::{Map, Value as Json, json};

use super::PLAIN_MAX;
use crate::value::{Float, WireValue};

/// Writes a value.
#[must_use]
pub fn value_to(value: &WireValue) -> Json {
    match value {
        WireValue::Null => Json::Null,
        WireValue::Bool(value) => json!(value),
        WireValue::Integer(integer) => {
            let plain = (integer.magnitude() <= PLAIN_MAX)
                .then(|| i64::try_from(*integer).ok())
                .flatten();
            match plain {
                Some(number) => json!(number),
                None => tagged("integer", json!(integer.to_string())),
            }
        }
        WireValue::Float(float) if float.is_plain() => json!(float.to_f64()),
        WireValue::Float(float) => tagged_float(*float),
        WireValue::String(text) => json!(text),
        WireValue::Bytes(bytes) => tagged("bytes", json!(hex::encode(bytes))),
        WireValue::Array(elements) => elements.iter().map(value_to).collect(),
        WireValue::Map(pairs) => map(pairs),
    }
}

/// Writes a number that travels as a varint where the protocol would not by
/// itself.
pub(crate) fn varint_to(number: u64) -> Json {
    tagged("varint", json!(number.to_string()))
}

fn map(pairs: &[(String, WireValue)]) -> Json {
    let mut map = Map::new();
    for (key, value) in pairs {
        map.insert(key.clone(), value_to(value));
    }
    if map.len() == pairs.len() && !map.contains_key("type") {
        return Json::Object(map);
    }
    let pairs = pairs
        .iter()
        .map(|(key, value)| json!([key, value_to(value)]));
    tagged("map", pairs.collect())
}

fn tagged_float(float: Float) -> Json {
    let number = float.to_f64();
    let text = if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        format!("{sign}Infinity")
    } else {
        format!("{number:?}")
    };
    let mut json = tagged("float", json!(text));
    let bits = match float {
        Float::Shortest(_) => return json,
        Float::Single(bits) => format!("{bits:08x}"),
        Float::Double(bits) => format!("{bits:016x}"),
    };
    if let Json::Object(map) = &mut json {
        map.insert("bits".to_owned(), json!(bits));
    }
    json
}

fn tagged(tag: &str, value: Json) -> Json {
    json!({"type": tag, "value": value})
}

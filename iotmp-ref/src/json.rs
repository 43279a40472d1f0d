//! Values as JSON, for people and for HTTP.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde_json::{Number, json};

use crate::pson::Value;

/// Reads JSON.
///
/// # Errors
/// What is wrong with it, and where.
#[cfg(feature = "cli")]
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

/// Writes a value on one line. What JSON cannot say is tagged:
/// `{"type":"bytes","value":"00ff"}`.
pub(crate) fn text(value: &Value) -> String {
    json(value).to_string()
}

/// Writes an answer: its payload, and its parameters if there are any. Where it
/// holds nothing, `bare` says what it means by itself.
#[cfg(feature = "cli")]
pub(crate) fn reply(bare: &str, reply: &crate::session::Reply) -> String {
    let payload = reply.payload.as_ref().map(text);
    let parameters = reply.parameters.as_ref().map(text);
    match (payload, parameters) {
        (None, None) => bare.to_string(),
        (Some(payload), None) => payload,
        (None, Some(parameters)) => alloc::format!("{bare} (parameters {parameters})"),
        (Some(payload), Some(parameters)) => {
            alloc::format!("{payload} (parameters {parameters})")
        }
    }
}

/// Writes a value as [`text`] does.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
            (Ok(value), _) => json!(value),
            (_, Ok(value)) => json!(value),
            _ => tagged("integer", value.to_string()),
        },
        Value::Float(value) => {
            Number::from_f64(*value).map_or_else(|| tagged("float", value.to_string()), Into::into)
        }
        Value::String(value) => json!(value),
        Value::Bytes(value) => tagged("bytes", hex(value)),
        Value::Array(elements) => elements.iter().map(json).collect::<Vec<_>>().into(),
        Value::Map(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| (key.to_string(), json(value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

fn tagged(kind: &str, value: String) -> serde_json::Value {
    json!({ "type": kind, "value": value })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // A string takes whatever is written.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{parse, text};
    use crate::pson::{Integer, Value};

    #[test]
    fn plain_json_is_read_as_it_is_written() {
        for json in [
            "null",
            "true",
            "-7",
            "18446744073709551615",
            "-9223372036854775808",
            "23.5",
            r#""a\n""#,
            r#"[1,[],{}]"#,
            r#"{"a":1,"b":{"c":null}}"#,
        ] {
            assert_eq!(text(&parse(json).unwrap()), json);
        }
        assert_eq!(parse("{\"a\":").unwrap_err().column(), 5);
    }

    #[test]
    fn what_json_cannot_say_is_tagged() {
        let check = |value: Value, json: &str| assert_eq!(text(&value), json);
        check(
            (&b"\x00\xff"[..]).into(),
            r#"{"type":"bytes","value":"00ff"}"#,
        );
        check(f64::NAN.into(), r#"{"type":"float","value":"NaN"}"#);
        let least = Integer::new(true, u64::MAX);
        let json = r#"{"type":"integer","value":"-18446744073709551615"}"#;
        check(least.into(), json);
    }
}

//! Values as plain JSON, without loss.
//!
//! What JSON says exactly in every language stays plain; the rest is an object
//! with a `type`, a tagged value:
//!
//! | value | JSON |
//! | --- | --- |
//! | null, booleans, text | plain |
//! | integer from -2^53 to 2^53 | plain |
//! | any other integer | `{"type":"integer","value":"-18446744073709551615"}` |
//! | float with a fraction, in the shortest form | plain |
//! | float in more bytes than needed, integral, NaN or infinite | `{"type":"float","value":"23.5","bits":"4037800000000000"}` |
//! | bytes | `{"type":"bytes","value":"00ff"}` |
//! | array | plain |
//! | map | plain |
//! | map with a key twice, or with a key `type` | `{"type":"map","value":[["type",1],["type",2]]}` |
//!
//! `bits` are the bytes of the float as a big-endian number of 8 or 16 hex
//! digits; without them an encoder chooses the form, which is an integer for an
//! integral float. `value` may then be `NaN`, `Infinity` or `-Infinity`. Either
//! of the two may be left out.
//!
//! In a message, and only as the whole of a field whose type its sender
//! chooses, `{"type":"varint","value":"42"}` is a number under the wire type
//! varint where the protocol would not write it so by itself.
//!
//! Read, but never written: `{"type":"string","value":"…"}`, tagged integers
//! within ±2^53, plain integers up to 64 bits, and plain floats without a
//! fraction within ±2^53, which are integers.
//!
//! The length of a number, size or count on the wire is not part of its value
//! and does not survive, nor does the order of a map when it is written again.

mod read;
mod unique;
mod write;

use iotmp_ref::pson::Value;
use serde_json::Value as Json;

pub(crate) use self::read::{FieldJson, field_from};
pub use self::read::{ReadError, parse, value_from};
pub use self::unique::parse_unique;
pub use self::write::value_to;
pub(crate) use self::write::varint_to;

/// Largest integer, up or down, that stays plain.
const PLAIN_MAX: u64 = 1 << 53;

/// Reads what a value means.
///
/// # Errors
/// [`ReadError`] where the JSON is no value.
pub fn meaning_from(json: &Json) -> Result<Value, ReadError> {
    value_from(json).map(|value| value.to_value())
}

/// Reads what the whole of a field means, however it travels.
///
/// # Errors
/// [`ReadError`] where the JSON is no value and no tagged varint.
pub fn field_meaning(json: &Json) -> Result<Value, ReadError> {
    field_from(json, "").map(|field| match field {
        FieldJson::Varint(number) => Value::from(number),
        FieldJson::Value(value) => value.to_value(),
    })
}

/// Writes a value of which only the meaning is known.
#[must_use]
pub fn meaning_to(value: &Value) -> Json {
    value_to(&crate::value::WireValue::from_value(value))
}

#[cfg(test)]
mod tests {
    use iotmp_ref::pson::Integer;
    use serde_json::json;

    use super::*;
    use crate::value::{Float, WireValue};

    /// Asserts that `value` is written as `json`, and `json` read as `value`.
    fn both(value: &WireValue, json: &Json) {
        assert_eq!(&value_to(value), json);
        assert_eq!(&value_from(json).unwrap(), value);
        let text = serde_json::to_string(json).unwrap();
        assert_eq!(&parse(&text).unwrap(), json);
    }

    fn integer(negative: bool, magnitude: u64) -> WireValue {
        WireValue::Integer(Integer::new(negative, magnitude))
    }

    #[test]
    fn plain_values() {
        both(&WireValue::Null, &json!(null));
        both(&WireValue::Bool(true), &json!(true));
        both(&integer(false, 0), &json!(0));
        both(&integer(true, 7), &json!(-7));
        both(&integer(false, 1 << 53), &json!(9_007_199_254_740_992_u64));
        both(&integer(true, 1 << 53), &json!(-9_007_199_254_740_992_i64));
        both(&WireValue::String("ñ\0\"".into()), &json!("ñ\0\""));
        both(
            &WireValue::Array(vec![WireValue::Null, integer(false, 1)]),
            &json!([null, 1]),
        );
        both(
            &WireValue::Map(vec![
                ("b".into(), WireValue::Null),
                ("a".into(), WireValue::Bool(false)),
            ]),
            &json!({"b": null, "a": false}),
        );
    }

    #[test]
    fn integers_beyond_2_to_53_are_tagged() {
        for (value, text) in [
            (integer(false, (1 << 53) + 1), "9007199254740993"),
            (integer(true, (1 << 53) + 1), "-9007199254740993"),
            (integer(false, u64::MAX), "18446744073709551615"),
            (integer(true, u64::MAX), "-18446744073709551615"),
        ] {
            both(&value, &json!({"type": "integer", "value": text}));
        }
        assert_eq!(
            value_from(&json!(u64::MAX)).unwrap(),
            integer(false, u64::MAX)
        );
        assert_eq!(
            value_from(&json!(i64::MIN)).unwrap(),
            integer(true, 1 << 63)
        );
    }

    #[test]
    fn floats_are_plain_in_their_shortest_form_only() {
        let tagged =
            |value: &str, bits: &str| json!({"type": "float", "value": value, "bits": bits});
        let single = |float: f32| WireValue::Float(Float::Single(float.to_bits()));
        let double = |float: f64| WireValue::Float(Float::Double(float.to_bits()));
        assert_eq!(value_to(&single(23.5)), json!(23.5));
        assert_eq!(value_to(&double(0.1)), json!(0.1));
        assert_eq!(
            value_from(&json!(23.5)).unwrap(),
            WireValue::Float(Float::Shortest(23.5))
        );
        both(&double(23.5), &tagged("23.5", "4037800000000000"));
        both(&single(3.0), &tagged("3.0", "40400000"));
        both(&double(-0.0), &tagged("-0.0", "8000000000000000"));
        both(&double(1e300), &tagged("1e300", "7e37e43c8800759c"));
        both(&single(f32::NAN), &tagged("NaN", "7fc00000"));
        both(
            &double(f64::INFINITY),
            &tagged("Infinity", "7ff0000000000000"),
        );
        both(&single(f32::NEG_INFINITY), &tagged("-Infinity", "ff800000"));
        both(
            &WireValue::Float(Float::Shortest(1e300)),
            &json!({"type": "float", "value": "1e300"}),
        );
        assert_eq!(value_from(&json!(60.0)).unwrap(), integer(false, 60));
        assert_eq!(
            value_from(&json!({"type": "float", "bits": "40400000"})).unwrap(),
            single(3.0)
        );
    }

    #[test]
    fn maps_that_json_cannot_say_are_tagged() {
        let pair = |key: &str, value: u64| (key.to_owned(), integer(false, value));
        both(
            &WireValue::Map(vec![pair("a", 1), pair("b", 2), pair("a", 3)]),
            &json!({"type": "map", "value": [["a", 1], ["b", 2], ["a", 3]]}),
        );
        both(
            &WireValue::Map(vec![pair("type", 1)]),
            &json!({"type": "map", "value": [["type", 1]]}),
        );
        both(&WireValue::Map(vec![]), &json!({}));
    }

    #[test]
    fn bytes_are_hex() {
        both(
            &WireValue::Bytes(vec![0, 255]),
            &json!({"type": "bytes", "value": "00ff"}),
        );
        both(
            &WireValue::Bytes(vec![]),
            &json!({"type": "bytes", "value": ""}),
        );
        assert_eq!(
            value_from(&json!({"type": "string", "value": "x"})).unwrap(),
            WireValue::String("x".into())
        );
    }

    #[test]
    fn refusals_say_where_and_what_instead() {
        let refused = |json: Json| value_from(&json).unwrap_err().to_string();
        assert_eq!(
            refused(json!([1, {"a": {"type": "led"}}])),
            "[1].a: there is no tag \"led\" (bytes, float, integer, map, string); \
             a map with a key `type` is {\"type\":\"map\",\"value\":[[\"type\",…],…]}"
        );
        assert_eq!(
            refused(json!({"type": "bytes", "value": "0"})),
            "a tagged bytes needs `value`: an even number of hex digits, not \"0\""
        );
        assert_eq!(
            refused(json!({"type": "integer", "value": 1})),
            "a tagged integer needs `value`: decimal digits with an optional sign, as text"
        );
        assert_eq!(
            refused(json!({"type": "integer", "value": "1", "bits": "00"})),
            "a tagged integer has no key `bits`"
        );
        assert_eq!(
            refused(json!({"type": "float", "value": "23", "bits": "4037800000000000"})),
            "`value` 23 and `bits` 4037800000000000 are two different floats: leave one out"
        );
        assert_eq!(
            refused(json!({"x": 1e20})),
            "x: 100000000000000000000 may be an integer or a float: \
             write {\"type\":\"integer\",\"value\":\"…\"} or {\"type\":\"float\",\"value\":\"…\"}"
        );
        assert_eq!(
            refused(json!([{"type": "varint", "value": "1"}])),
            "[0]: a tagged varint can only be the whole of a field"
        );
    }

    #[test]
    fn nesting_is_bounded_before_it_is_read() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(512)).is_ok());
        assert_eq!(
            parse(&nested(513)).unwrap_err().to_string(),
            "the JSON is nested deeper than 512 levels"
        );
        assert_eq!(parse("\"[[\\\"[\"").unwrap(), json!("[[\"["));
        assert_eq!(
            parse("{\"type\":").unwrap_err().to_string(),
            "not JSON: EOF while parsing a value at line 1 column 8"
        );
    }
}

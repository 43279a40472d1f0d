//! From JSON to values.

use core::fmt;

use iotmp_ref::pson::Integer;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::PLAIN_MAX;
use crate::path;
use crate::value::{Float, WireValue};

/// How deep JSON may nest. More than any decoder accepts, and a bound on the stack.
const MAX_NESTING: usize = 512;

/// Tags of values; `varint` is one of fields.
const TAGS: &str = "bytes, float, integer, map, string";

/// Why JSON is not the text, or not the value, that it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The way down to the offending part, such as `payload[1].name`; empty for the whole.
    pub path: String,
    /// What is wrong and what to write instead.
    pub detail: String,
}

impl ReadError {
    pub(crate) fn new(path: &str, detail: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.detail)
    }
}

impl core::error::Error for ReadError {}

/// Reads one JSON text, nested at most 512 levels deep.
///
/// # Errors
/// [`ReadError`] with an empty path.
pub fn parse(text: &str) -> Result<Json, ReadError> {
    if nesting(text) > MAX_NESTING {
        let detail = format!("the JSON is nested deeper than {MAX_NESTING} levels");
        return Err(ReadError::new("", detail));
    }
    let not_json = |error: serde_json::Error| ReadError::new("", format!("not JSON: {error}"));
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // A value nests deeper than serde_json reads by default; the count above bounds it.
    deserializer.disable_recursion_limit();
    let json = Json::deserialize(&mut deserializer).map_err(not_json)?;
    deserializer.end().map_err(not_json)?;
    Ok(json)
}

/// How deep brackets nest, outside of strings.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads a value, plain or tagged.
///
/// # Errors
/// [`ReadError`] with the path from the value down.
pub fn value_from(json: &Json) -> Result<WireValue, ReadError> {
    value(json, &mut String::new())
}

/// What stands in a field whose type its sender chooses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FieldJson {
    /// A number that travels as a varint, whatever the protocol would do.
    Varint(u64),
    /// A value.
    Value(WireValue),
}

/// Reads the whole of a field; `at` is the way down to it.
pub(crate) fn field_from(json: &Json, at: &str) -> Result<FieldJson, ReadError> {
    if let Json::Object(map) = json
        && map.get("type").and_then(Json::as_str) == Some("varint")
    {
        let tagged = Tagged {
            map,
            tag: "varint",
            at,
        };
        tagged.only(&["value"])?;
        let form = "decimal digits up to 18446744073709551615, as text";
        let number = tagged.text(form)?.parse();
        return number
            .map(FieldJson::Varint)
            .map_err(|_| tagged.needs(form));
    }
    value(json, &mut at.to_owned()).map(FieldJson::Value)
}

fn value(json: &Json, at: &mut String) -> Result<WireValue, ReadError> {
    Ok(match json {
        Json::Null => WireValue::Null,
        Json::Bool(value) => WireValue::Bool(*value),
        Json::Number(number) => return plain_number(number, at),
        Json::String(text) => WireValue::String(text.clone()),
        Json::Array(elements) => {
            let mut array = Vec::with_capacity(elements.len());
            for (index, element) in elements.iter().enumerate() {
                let mark = path::push_index(at, index);
                array.push(value(element, at)?);
                at.truncate(mark);
            }
            WireValue::Array(array)
        }
        Json::Object(map) => match map.get("type") {
            Some(tag) => return tagged(map, tag, at),
            None => {
                let mut pairs = Vec::with_capacity(map.len());
                for (key, inner) in map {
                    let mark = path::push_key(at, key);
                    pairs.push((key.clone(), value(inner, at)?));
                    at.truncate(mark);
                }
                WireValue::Map(pairs)
            }
        },
    })
}

fn plain_number(number: &serde_json::Number, at: &str) -> Result<WireValue, ReadError> {
    if let Some(number) = number.as_u64() {
        return Ok(WireValue::Integer(number.into()));
    }
    if let Some(number) = number.as_i64() {
        return Ok(WireValue::Integer(number.into()));
    }
    let float = number.as_f64().unwrap_or(f64::NAN);
    if float.fract() != 0.0 {
        return Ok(WireValue::Float(Float::Shortest(float)));
    }
    match Integer::from_f64(float) {
        Some(integer) if integer.magnitude() <= PLAIN_MAX => Ok(WireValue::Integer(integer)),
        _ => Err(ReadError::new(
            at,
            format!(
                "{float} may be an integer or a float: write {{\"type\":\"integer\",\"value\":\"…\"}} \
                 or {{\"type\":\"float\",\"value\":\"…\"}}"
            ),
        )),
    }
}

/// An object with a `type`.
struct Tagged<'a> {
    map: &'a Map<String, Json>,
    tag: &'a str,
    at: &'a str,
}

impl Tagged<'_> {
    fn only(&self, keys: &[&str]) -> Result<(), ReadError> {
        let mut others = self.map.keys();
        let other = others.find(|key| *key != "type" && !keys.contains(&key.as_str()));
        match other {
            None => Ok(()),
            Some(key) => Err(ReadError::new(
                self.at,
                format!("a tagged {} has no key `{key}`", self.tag),
            )),
        }
    }

    fn text(&self, form: &str) -> Result<&str, ReadError> {
        let value = self.map.get("value").and_then(Json::as_str);
        value.ok_or_else(|| self.needs(form))
    }

    fn needs(&self, form: &str) -> ReadError {
        ReadError::new(
            self.at,
            format!("a tagged {} needs `value`: {form}", self.tag),
        )
    }
}

fn tagged(map: &Map<String, Json>, tag: &Json, at: &mut String) -> Result<WireValue, ReadError> {
    let name = tag.as_str().unwrap_or_default();
    let tagged = Tagged { map, tag: name, at };
    match name {
        "integer" => {
            tagged.only(&["value"])?;
            let form = "decimal digits with an optional sign, as text";
            let text = tagged.text(form)?;
            let integer: Integer = text
                .parse()
                .map_err(|error| tagged.needs(&format!("{form}; {error}")))?;
            Ok(WireValue::Integer(integer))
        }
        "float" => float(&tagged).map(WireValue::Float),
        "bytes" => {
            tagged.only(&["value"])?;
            let form = "an even number of hex digits";
            let text = tagged.text(form)?;
            let bytes = hex::decode(text);
            bytes
                .map(WireValue::Bytes)
                .map_err(|_| tagged.needs(&format!("{form}, not {text:?}")))
        }
        "string" => {
            tagged.only(&["value"])?;
            Ok(WireValue::String(tagged.text("text")?.to_owned()))
        }
        "map" => {
            tagged.only(&["value"])?;
            let Some(Json::Array(pairs)) = map.get("value") else {
                return Err(tagged.needs("an array of pairs of a key and a value"));
            };
            tagged_map(pairs, at)
        }
        "varint" => Err(ReadError::new(
            at,
            "a tagged varint can only be the whole of a field",
        )),
        _ => Err(ReadError::new(
            at,
            format!(
                "there is no tag {tag} ({TAGS}); a map with a key `type` is \
                 {{\"type\":\"map\",\"value\":[[\"type\",…],…]}}"
            ),
        )),
    }
}

fn tagged_map(pairs: &[Json], at: &mut String) -> Result<WireValue, ReadError> {
    let mut map = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let Some([Json::String(key), inner]) = pair.as_array().map(Vec::as_slice) else {
            let detail =
                format!("pair {index} of a tagged map is not an array of a text key and a value");
            return Err(ReadError::new(at, detail));
        };
        let mark = path::push_key(at, key);
        map.push((key.clone(), value(inner, at)?));
        at.truncate(mark);
    }
    Ok(WireValue::Map(map))
}

fn float(tagged: &Tagged<'_>) -> Result<Float, ReadError> {
    tagged.only(&["value", "bits"])?;
    let form = "a float in decimal, NaN, Infinity or -Infinity, as text";
    let number = match tagged.map.get("value") {
        None => None,
        Some(_) => {
            let text = tagged.text(form)?;
            let number: f64 = text
                .parse()
                .map_err(|_| tagged.needs(&format!("{form}, not {text:?}")))?;
            Some((text, number))
        }
    };
    let float = match tagged.map.get("bits") {
        None => match number {
            Some((_, number)) => return Ok(Float::Shortest(number)),
            None => return Err(tagged.needs(form)),
        },
        Some(bits) => float_of_bits(bits).ok_or_else(|| {
            ReadError::new(
                tagged.at,
                "`bits` of a float are 8 or 16 hex digits, as text",
            )
        })?,
    };
    if let (Some((text, number)), Some(bits)) = (number, tagged.map.get("bits")) {
        let same = float.to_f64() == number || (float.to_f64().is_nan() && number.is_nan());
        if !same {
            let bits = bits.as_str().unwrap_or_default();
            let detail =
                format!("`value` {text} and `bits` {bits} are two different floats: leave one out");
            return Err(ReadError::new(tagged.at, detail));
        }
    }
    Ok(float)
}

fn float_of_bits(bits: &Json) -> Option<Float> {
    let text = bits.as_str()?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match text.len() {
        8 => u32::from_str_radix(text, 16).ok().map(Float::Single),
        16 => u64::from_str_radix(text, 16).ok().map(Float::Double),
        _ => None,
    }
}

//! Smaller messages and values: fields left out, values shortened, numbers
//! lowered, and a value taken out of its message.

use iotmp_ref::pson::Integer;
use iotmp_spec::model::{Body, FieldType, Spec};
use serde_json::{Map, Value as Json};

use super::oracle::Ruling;
use super::{Candidate, Input};
use crate::json::{self, FieldJson};
use crate::value::{Float, WireValue};
use crate::vector::{Kind, Operation};

/// Smaller candidates than one that has a meaning, the boldest first.
pub(super) fn smaller(
    spec: &'static Spec,
    candidate: &Candidate,
    ruling: &Ruling,
) -> Vec<Candidate> {
    let meaning = match (&candidate.input, &ruling.meaning) {
        (Input::Value(json), _) => json,
        (Input::Bytes(_), Ok((json, _))) => json,
        (Input::Bytes(_), Err(_)) => return Vec::new(),
    };
    let mut found = Vec::new();
    match candidate.kind {
        Kind::Value => {
            if let Ok(value) = json::value_from(meaning) {
                let smaller = values(&value).into_iter();
                found.extend(
                    smaller.map(|value| candidate.with(Input::Value(json::value_to(&value)))),
                );
            }
        }
        Kind::Message => {
            if let Some(message) = meaning.as_object() {
                found.extend(alone(spec, candidate, message));
                let smaller = messages(spec, message).into_iter();
                found.extend(smaller.map(|json| candidate.with(Input::Value(Json::Object(json)))));
            }
        }
    }
    let decodes = candidate.operation == Operation::Decode;
    let as_bytes = |mut smaller: Candidate| {
        if decodes {
            smaller.input = Input::Bytes(Ruling::of(spec, &smaller).bytes()?);
        }
        Some(smaller)
    };
    found.into_iter().filter_map(as_bytes).collect()
}

/// The values of a message, each by itself.
fn alone(
    spec: &'static Spec,
    candidate: &Candidate,
    message: &Map<String, Json>,
) -> Vec<Candidate> {
    if !matches!(spec.body, Body::KeyValue(_)) {
        return Vec::new();
    }
    let codec = candidate.question(spec).codec();
    let announced = codec.announced(&Json::Object(message.clone()));
    let encoding = candidate.encoding.or(announced);
    let encoding = encoding.unwrap_or_else(|| codec.encoding_in_force());
    let fields = message.iter().filter(|(name, _)| *name != "type");
    fields
        .filter(|(_, json)| matches!(json::field_from(json, ""), Ok(FieldJson::Value(_))))
        .map(|(_, json)| Candidate {
            kind: Kind::Value,
            encoding: Some(encoding),
            request: None,
            input: Input::Value(json.clone()),
            ..candidate.clone()
        })
        .collect()
}

/// Messages with fewer fields, of other types with the same fields, and with
/// smaller values.
fn messages(spec: &Spec, message: &Map<String, Json>) -> Vec<Map<String, Json>> {
    let mut found = Vec::new();
    let names: Vec<&String> = message.keys().filter(|name| *name != "type").collect();
    for other in &spec.messages {
        let mut turned = Map::new();
        turned.insert("type".to_owned(), Json::String(other.name.clone()));
        for field in &other.fields {
            if let Some(value) = message.get(&field.name) {
                turned.insert(field.name.clone(), value.clone());
            } else if field.mandatory {
                turned.insert(field.name.clone(), least(&field.ty));
            }
        }
        found.push(turned);
    }
    for name in &names {
        let mut without = message.clone();
        without.remove(name.as_str());
        found.push(without);
    }
    for name in names {
        let Some(field) = message.get(name).map(|json| json::field_from(json, "")) else {
            continue;
        };
        let smaller: Vec<Json> = match field {
            Ok(FieldJson::Varint(number)) => {
                lower(number).into_iter().map(json::varint_to).collect()
            }
            Ok(FieldJson::Value(value)) => values(&value).iter().map(json::value_to).collect(),
            Err(_) => continue,
        };
        for value in smaller {
            let mut with = message.clone();
            with.insert(name.clone(), value);
            found.push(with);
        }
    }
    found
}

/// What a mandatory field may hold at least.
fn least(ty: &FieldType) -> Json {
    match ty {
        FieldType::Varint(_) | FieldType::Enum(_) => Json::from(0),
        _ => Json::from(""),
    }
}

/// Smaller numbers: none, then ever nearer to the number itself.
fn lower(number: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut step = number;
    while step > 0 {
        found.push(number - step);
        step /= 2;
    }
    found
}

/// Smaller values than one.
fn values(value: &WireValue) -> Vec<WireValue> {
    let mut found = Vec::new();
    // A size or a count stands where the number of an integer does, and may be all
    // that is wrong.
    let counted = match value {
        WireValue::String(text) => Some(text.len()),
        WireValue::Bytes(bytes) => Some(bytes.len()),
        WireValue::Array(elements) => Some(elements.len()),
        WireValue::Map(pairs) => Some(pairs.len()),
        _ => None,
    };
    if let Some(count) = counted.filter(|count| *count > 0) {
        found.push(WireValue::Integer(Integer::new(false, count as u64)));
    }
    found.extend(of_its_kind(value));
    found
}

fn of_its_kind(value: &WireValue) -> Vec<WireValue> {
    let lengths = |length: usize| {
        lower(length as u64)
            .into_iter()
            .map(|length| length as usize)
    };
    match value {
        WireValue::Null => vec![zero()],
        WireValue::Bool(_) => vec![zero(), WireValue::Bool(false)],
        WireValue::Integer(integer) => lower(integer.magnitude())
            .into_iter()
            .map(|magnitude| WireValue::Integer(Integer::new(integer.is_negative(), magnitude)))
            .collect(),
        WireValue::Float(float) => floats(*float),
        WireValue::String(text) => {
            let chars: Vec<char> = text.chars().collect();
            let start = |length: usize| chars.iter().take(length).collect::<String>();
            let mut found: Vec<String> = lengths(chars.len()).map(start).collect();
            if chars.len() > 1 {
                found.push(chars.iter().skip(1).collect());
            }
            // The plainest text of the same length.
            found.push(chars.iter().map(|_| 'a').collect());
            found.into_iter().map(WireValue::String).collect()
        }
        WireValue::Bytes(bytes) => {
            let start = |length: usize| bytes.iter().copied().take(length).collect();
            let mut found: Vec<Vec<u8>> = lengths(bytes.len()).map(start).collect();
            found.push(vec![0; bytes.len()]);
            found.into_iter().map(WireValue::Bytes).collect()
        }
        WireValue::Array(elements) => arrays(elements),
        WireValue::Map(pairs) => maps(pairs),
    }
}

fn zero() -> WireValue {
    WireValue::Integer(Integer::new(false, 0))
}

/// Floats that are simpler, in as many bytes.
fn floats(float: Float) -> Vec<WireValue> {
    let simple = [0.5, 1.5, -0.5];
    let mut found = vec![zero()];
    found.extend(simple.into_iter().map(|simple| {
        WireValue::Float(match float {
            Float::Shortest(_) => Float::Shortest(simple),
            Float::Single(_) => Float::Single((simple as f32).to_bits()),
            Float::Double(_) => Float::Double(simple.to_bits()),
        })
    }));
    found
}

fn arrays(elements: &[WireValue]) -> Vec<WireValue> {
    let mut found = elements.to_vec();
    let mut width = elements.len();
    while width > 0 {
        for at in 0..=elements.len() - width {
            let mut fewer = elements.to_vec();
            fewer.drain(at..at + width);
            found.push(WireValue::Array(fewer));
        }
        width /= 2;
    }
    for (index, element) in elements.iter().enumerate() {
        for smaller in core::iter::once(zero()).chain(values(element)) {
            let mut with = elements.to_vec();
            if let Some(place) = with.get_mut(index) {
                *place = smaller;
            }
            found.push(WireValue::Array(with));
        }
    }
    found
}

fn maps(pairs: &[(String, WireValue)]) -> Vec<WireValue> {
    let mut found: Vec<WireValue> = pairs.iter().map(|(_, value)| value.clone()).collect();
    let mut width = pairs.len();
    while width > 0 {
        for at in 0..=pairs.len() - width {
            let mut fewer = pairs.to_vec();
            fewer.drain(at..at + width);
            found.push(WireValue::Map(fewer));
        }
        width /= 2;
    }
    for (index, (key, value)) in pairs.iter().enumerate() {
        let mut put = |pair: (String, WireValue)| {
            // A key that comes twice is another matter.
            let mut others = pairs
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            if others.any(|(_, (other, _))| *other == pair.0) {
                return;
            }
            let mut with = pairs.to_vec();
            if let Some(place) = with.get_mut(index) {
                *place = pair;
            }
            found.push(WireValue::Map(with));
        };
        let chars: Vec<char> = key.chars().collect();
        for length in lower(chars.len() as u64) {
            let short = chars.iter().take(length as usize).collect();
            put((short, value.clone()));
        }
        for smaller in core::iter::once(zero()).chain(values(value)) {
            put((key.clone(), smaller));
        }
    }
    found
}

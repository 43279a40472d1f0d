//! Where two messages, two values or two runs of bytes part.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Reading;
use crate::codec::Annotation;
use crate::json;
use crate::path;
use crate::subject::Reply;
use crate::vector::{Expected, Kind, Vector};

/// What stands in the place of something that is not there.
const NOTHING: &str = "nothing";

/// The first place where what came is not what should have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Bytes from the start to where it stands, if it stands in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// The way down to it, such as `connect.payload[2]`; empty for the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What its bytes are: `float`, `string`, `key`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Cow<'static, str>>,
    /// Whether a number that takes several bytes is part of it.
    #[serde(skip)]
    pub is_long: bool,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub got: String,
}

/// Where a decoder's answer parts from what the bytes mean.
pub(super) fn of_meaning(vector: &Vector, reading: &Reading, reply: &Reply) -> Option<Difference> {
    match (&vector.expected, reply) {
        (Expected::Valid { value, .. }, Reply::Decoded { value: got, .. }) => {
            first_difference(vector.kind, value, got, reading)
        }
        (
            Expected::Valid { .. },
            Reply::Refused {
                offset: Some(offset),
                class,
                ..
            },
        ) => {
            let held = reading.holding(*offset)?;
            Some(Difference {
                offset: Some(*offset),
                path: held.path.clone(),
                label: Some(held.label.into()),
                is_long: is_long(reading, held),
                expected: format!("{}: {}", held.label, held.value),
                got: format!("refused as {class}"),
            })
        }
        (Expected::Invalid { .. }, Reply::Decoded { value, .. }) => {
            let refusal = reading.meaning.as_ref().err()?;
            Some(Difference {
                offset: Some(refusal.offset),
                path: refusal.path.clone(),
                label: None,
                is_long: false,
                expected: format!("{}: {}", refusal.class, refusal.detail),
                got: value.to_string(),
            })
        }
        // Of the readings that are left open, the suite's own codec has one.
        (Expected::Acceptable { .. }, Reply::Decoded { value: got, .. }) => {
            let (value, _) = reading.meaning.as_ref().ok()?;
            first_difference(vector.kind, value, got, reading)
        }
        _ => None,
    }
}

/// Where two runs of bytes part.
pub(super) fn of_bytes(kind: Kind, wanted: &Reading, got: &Reading) -> Option<Difference> {
    let mut pairs = wanted.bytes.iter().zip(&got.bytes);
    let offset = pairs.position(|(wanted, got)| wanted != got);
    let shorter = wanted.bytes.len().min(got.bytes.len());
    let offset = match offset {
        Some(offset) => offset,
        None if wanted.bytes.len() == got.bytes.len() => return None,
        None => shorter,
    };
    let byte = |bytes: &[u8]| match bytes.get(offset) {
        Some(byte) => format!("{byte:02x}"),
        None => "the end".to_owned(),
    };
    let held = wanted.holding(offset).or(wanted.annotations.last());
    Some(Difference {
        offset: Some(offset),
        path: held.map(|held| held.path.clone()).unwrap_or_default(),
        label: part_of_meaning(kind, wanted, got).or(held.map(|held| held.label.into())),
        is_long: held.is_some_and(|held| is_long(wanted, held)),
        expected: byte(&wanted.bytes),
        got: byte(&got.bytes),
    })
}

/// What the first bytes are that make two messages differ in meaning. The size
/// of a message differs with everything in it.
fn part_of_meaning(kind: Kind, wanted: &Reading, got: &Reading) -> Option<Cow<'static, str>> {
    if let (Ok((value, _)), Ok((other, _))) = (&wanted.meaning, &got.meaning) {
        return first_difference(kind, value, other, wanted)?.label;
    }
    let size = wanted
        .annotations
        .iter()
        .find(|one| one.label == "body size")?;
    let (start, end) = (size.offset, size.offset + size.length);
    // A size that is wrong by itself moves what follows, or nothing differs there.
    if got.bytes.get(..start) != wanted.bytes.get(..start) {
        return None;
    }
    let mut bytes = wanted.bytes.iter().zip(&got.bytes).enumerate().skip(end);
    let (offset, _) = bytes.find(|(_, (wanted, got))| wanted != got)?;
    let is_moved = wanted.bytes.len() != got.bytes.len() && offset == end;
    let held = wanted.holding(offset).filter(|_| !is_moved);
    held.map(|held| held.label.into())
}

/// Where two messages or values part in meaning; `reading` says where in the
/// bytes that is.
#[must_use]
pub fn first_difference(
    kind: Kind,
    expected: &Json,
    got: &Json,
    reading: &Reading,
) -> Option<Difference> {
    let mut at = String::new();
    let (expected, got) = match kind {
        Kind::Value => parted(expected, got, &mut at)?,
        Kind::Message => message(expected, got, &mut at)?,
    };
    // What has no path is the type of a message, its first bytes.
    let first = reading.annotations.first();
    let held = nearest(reading, &at).or(first.filter(|_| kind == Kind::Message));
    Some(Difference {
        offset: held.map(|held| held.offset),
        path: at,
        label: held.map(|held| held.label.into()),
        is_long: held.is_some_and(|held| is_long(reading, held)),
        expected,
        got,
    })
}

/// Whether bytes of that label are a number, or begin with one.
pub(crate) fn is_number(label: &str) -> bool {
    let others = ["string", "bytes", "float", "value", "map key", "body"];
    !others.contains(&label)
}

/// Whether some bytes are a number of several bytes, or what such a number stands before.
fn is_long(reading: &Reading, held: &Annotation) -> bool {
    let before = reading.annotations.iter().rev();
    let mut before = before.skip_while(|one| one.offset >= held.offset);
    let tag = before
        .next()
        .filter(|one| one.path == held.path && one.label == "tag");
    let number = if is_number(held.label) {
        Some(held)
    } else {
        tag
    };
    number.is_some_and(|number| number.length > 1)
}

/// The bytes of a path, or of the nearest thing around it.
fn nearest<'r>(reading: &'r Reading, path: &str) -> Option<&'r Annotation> {
    let mut path = path;
    loop {
        if let Some(held) = reading.at(path) {
            return Some(held);
        }
        path = &path[..path.rfind(['.', '['])?];
    }
}

fn shown(json: Option<&Json>) -> String {
    json.map_or_else(|| NOTHING.to_owned(), ToString::to_string)
}

/// The first field in which two messages differ.
fn message(expected: &Json, got: &Json, at: &mut String) -> Option<(String, String)> {
    let whole = || (expected.to_string(), got.to_string());
    let (Some(fields), Some(others)) = (expected.as_object(), got.as_object()) else {
        return Some(whole());
    };
    if fields.get("type") != others.get("type") {
        return Some((shown(fields.get("type")), shown(others.get("type"))));
    }
    let name = fields.get("type").and_then(Json::as_str);
    path::push_name(at, name.unwrap_or_default());
    let mark = at.len();
    for (name, field) in fields {
        if name == "type" {
            continue;
        }
        at.truncate(mark);
        path::push_name(at, name);
        match others.get(name) {
            None => return Some((field.to_string(), NOTHING.to_owned())),
            Some(other) => {
                let same = match (json::field_meaning(field), json::field_meaning(other)) {
                    (Ok(field), Ok(other)) => field == other,
                    _ => field == other,
                };
                if !same {
                    return parted(field, other, at)
                        .or_else(|| Some((field.to_string(), other.to_string())));
                }
            }
        }
    }
    at.truncate(mark);
    let added = others.iter().find(|(name, _)| !fields.contains_key(*name));
    added.map(|(name, field)| {
        path::push_name(at, name);
        (NOTHING.to_owned(), field.to_string())
    })
}

/// The first place in which two values differ in meaning.
fn parted(expected: &Json, got: &Json, at: &mut String) -> Option<(String, String)> {
    if let (Ok(a), Ok(b)) = (json::meaning_from(expected), json::meaning_from(got))
        && a == b
    {
        return None;
    }
    let mark = at.len();
    match (expected, got) {
        (Json::Array(a), Json::Array(b)) => {
            for (index, element) in a.iter().enumerate() {
                at.truncate(mark);
                path::push_index(at, index);
                let Some(other) = b.get(index) else {
                    return Some((element.to_string(), NOTHING.to_owned()));
                };
                if let Some(found) = parted(element, other, at) {
                    return Some(found);
                }
            }
            at.truncate(mark);
            path::push_index(at, a.len());
            Some((NOTHING.to_owned(), shown(b.get(a.len()))))
        }
        (Json::Object(a), Json::Object(b))
            if !a.contains_key("type") && !b.contains_key("type") =>
        {
            for (key, value) in a {
                at.truncate(mark);
                path::push_key(at, key);
                let Some(other) = b.get(key) else {
                    return Some((value.to_string(), NOTHING.to_owned()));
                };
                if let Some(found) = parted(value, other, at) {
                    return Some(found);
                }
            }
            at.truncate(mark);
            let (key, value) = b.iter().find(|(key, _)| !a.contains_key(*key))?;
            path::push_key(at, key);
            Some((NOTHING.to_owned(), value.to_string()))
        }
        _ => Some((expected.to_string(), got.to_string())),
    }
}

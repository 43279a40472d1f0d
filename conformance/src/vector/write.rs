//! From vectors to files: the form that [`load`](super::load) reads.

use serde_json::{Map, Value as Json, json};

use super::{Expected, Reading, ReadingOutcome, Reject, Vector, VectorSet, load};
use super::{Fault, LoadError};
use crate::ledger::level_name;

/// A vector as it stands in a file.
#[must_use]
pub fn to_json(vector: &Vector) -> Json {
    let mut out = Map::new();
    let mut put = |key: &str, value: Json| out.insert(key.to_owned(), value);
    put("id", json!(vector.id));
    if !vector.aliases.is_empty() {
        put("aliases", json!(vector.aliases));
    }
    put("since", json!(vector.since));
    put("doc", json!(vector.doc));
    put("clauses", json!(vector.clauses));
    if let Expected::Acceptable { ambiguity, .. } = &vector.expected {
        put("ambiguity", json!(ambiguity));
    }
    put("level", json!(level_name(vector.level)));
    let result = match &vector.expected {
        Expected::Valid { .. } => "valid",
        Expected::Invalid { .. } => "invalid",
        Expected::Acceptable { .. } => "acceptable",
    };
    put("result", json!(result));
    if !vector.flags.is_empty() {
        put("flags", json!(vector.flags));
    }
    if let Expected::Invalid { control, .. } = &vector.expected {
        put("control", json!(control));
    }
    put("kind", json!(vector.kind));
    if let Some(answered) = vector.answers {
        put("answers", json!(answered.name));
    }
    if let Some(encoding) = vector.encoding {
        put("encoding", json!(encoding.name()));
    }
    if let Some(bytes) = &vector.bytes {
        put("hex", json!(hex::encode(bytes)));
    }
    match &vector.expected {
        Expected::Valid {
            value,
            consumed,
            canonical,
        } => {
            put("value", value.clone());
            if let Some(canonical) = canonical {
                put("canonical", json!(hex::encode(canonical)));
            }
            if *consumed != vector.bytes.as_ref().map_or(0, Vec::len) {
                put("consumed", json!(consumed));
            }
        }
        Expected::Invalid { reject, value, .. } => {
            if let Some(value) = value {
                put("value", value.clone());
            }
            put("reject", refusal(reject));
        }
        Expected::Acceptable { outcomes, .. } => {
            let outcomes: Vec<Json> = outcomes.iter().map(outcome).collect();
            put("outcomes", Json::Array(outcomes));
        }
    }
    put("applies", json!(vector.applies));
    put("source", json!(vector.source));
    Json::Object(out)
}

fn refusal(reject: &Reject) -> Json {
    let mut out = Map::new();
    if let Some(class) = &reject.class {
        out.insert("class".to_owned(), json!(class));
    }
    if let Some(offset) = reject.offset {
        out.insert("offset".to_owned(), json!(offset));
    }
    Json::Object(out)
}

fn outcome(reading: &Reading) -> Json {
    let mut out = Map::new();
    out.insert("reading".to_owned(), json!(reading.name));
    match &reading.outcome {
        ReadingOutcome::Value(value) => out.insert("value".to_owned(), value.clone()),
        ReadingOutcome::Reject(reject) => out.insert("reject".to_owned(), refusal(reject)),
        ReadingOutcome::Any => out.insert("any".to_owned(), json!(true)),
    };
    Json::Object(out)
}

/// A file of vectors of one area, such as `iotmp-2025/pson2`.
#[must_use]
pub fn file_of(home: &str, doc: &str, vectors: &[Json]) -> Json {
    let (spec, area) = home.split_once('/').unwrap_or((home, ""));
    json!({
        "$schema": "../schema.json",
        "spec": spec,
        "area": area,
        "doc": doc,
        "vectors": vectors,
    })
}

/// Vectors of one specification that stand outside of any file.
///
/// # Errors
/// Every mistake in any of them, as for files; a control has to be among them.
pub fn from_json(spec: &str, vectors: &[Json]) -> Result<VectorSet, LoadError> {
    let fault = |detail: &str| {
        LoadError(vec![Fault {
            file: "vectors".to_owned(),
            id: None,
            detail: detail.to_owned(),
        }])
    };
    let mut homes: Vec<(String, Vec<Json>)> = Vec::new();
    for vector in vectors {
        let id = vector.get("id").and_then(Json::as_str).unwrap_or_default();
        let Some((home, _)) = id.rsplit_once('/') else {
            return Err(fault("a vector has no `id` such as SPEC/AREA/NAME"));
        };
        match homes.iter_mut().find(|(known, _)| known == home) {
            Some((_, of_home)) => of_home.push(vector.clone()),
            None => homes.push((home.to_owned(), vec![vector.clone()])),
        }
    }
    let files: Vec<(String, String)> = homes
        .iter()
        .map(|(home, vectors)| {
            let text = file_of(home, "Vectors of a failure.", vectors).to_string();
            (format!("{home}.json"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let mut sets = load(&files)?.into_iter();
    let set = sets.find(|set| set.spec.name == spec);
    set.filter(|set| set.vectors.len() == vectors.len())
        .ok_or_else(|| fault("the vectors are not all of the specification"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::all;

    #[test]
    fn every_vector_comes_back_as_it_was_written() {
        for set in all() {
            let written: Vec<Json> = set.vectors.iter().map(to_json).collect();
            let read = from_json(&set.spec.name, &written).unwrap();
            for vector in &set.vectors {
                assert_eq!(read.get(&vector.id), Some(vector));
            }
        }
    }

    #[test]
    fn a_vector_without_a_name_is_told() {
        let error = from_json("iotmp-2025", &[json!({"doc": "?"})]).unwrap_err();
        let said = "vectors: a vector has no `id` such as SPEC/AREA/NAME";
        assert_eq!(error.to_string(), said);
    }
}

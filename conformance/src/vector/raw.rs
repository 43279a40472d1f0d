//! The files as they are written; keys that nobody knows are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::{Flag, Kind, Operation};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "$schema")]
    pub(super) _schema: String,
    pub(super) spec: String,
    pub(super) area: String,
    pub(super) doc: String,
    #[serde(default)]
    pub(super) vectors: Vec<Json>,
    pub(super) like: Option<Like>,
}

/// Vectors that are those of another file but for their names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Like {
    pub(super) area: String,
    pub(super) clauses: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    pub(super) id: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) since: String,
    pub(super) doc: String,
    pub(super) clauses: Vec<String>,
    pub(super) ambiguity: Option<String>,
    pub(super) level: String,
    pub(super) result: Result,
    #[serde(default)]
    pub(super) flags: Vec<Flag>,
    pub(super) control: Option<String>,
    pub(super) kind: Kind,
    pub(super) answers: Option<String>,
    pub(super) encoding: Option<String>,
    pub(super) hex: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Json>,
    pub(super) canonical: Option<String>,
    pub(super) consumed: Option<usize>,
    pub(super) reject: Option<Reject>,
    pub(super) outcomes: Option<Vec<Outcome>>,
    pub(super) applies: Vec<Operation>,
    pub(super) source: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Result {
    Valid,
    Invalid,
    Acceptable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reject {
    pub(super) class: Option<String>,
    pub(super) offset: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    pub(super) reading: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Json>,
    pub(super) reject: Option<Reject>,
    #[serde(default)]
    pub(super) any: bool,
}

/// `null` is a value; only a key that is not there is none.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> core::result::Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

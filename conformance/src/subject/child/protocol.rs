//! The lines of the codec subject protocol: requests written, replies read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::{Question, Reply};
use crate::json;
use crate::vector::{Kind, Operation, hex_bytes};

/// Version of the protocol.
pub const PROTO: u64 = 1;

/// What a codec says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hello {
    /// [`PROTO`].
    pub proto: u64,
    /// Name of the implementation.
    #[serde(rename = "impl")]
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// What it can be asked: `decode`, `encode`, or both.
    pub ops: Vec<String>,
    /// The specifications that it speaks.
    pub specs: Vec<String>,
    /// Its limits, named as those of the specification; in the same units.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

/// The request for a [`Hello`].
pub(super) fn hello_request() -> String {
    json!({"op": "hello", "proto": PROTO}).to_string()
}

impl Hello {
    /// Reads the answer to a hello.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn read(line: &str) -> Result<Self, String> {
        let json = object(line)?;
        let hello = Self::deserialize(Json::Object(json))
            .map_err(|error| format!("{error}, in {}", shortened(line)))?;
        if hello.proto != PROTO {
            return Err(format!("it speaks proto {}, not {PROTO}", hello.proto));
        }
        if let Some(op) = hello.ops.iter().find(|op| operation(op).is_none()) {
            return Err(format!(
                "`ops` names {op:?}; there are \"decode\" and \"encode\""
            ));
        }
        if hello.ops.is_empty() {
            return Err("`ops` is empty; name \"decode\", \"encode\" or both".to_owned());
        }
        Ok(hello)
    }

    /// Whether it can be asked this.
    #[must_use]
    pub fn does(&self, wanted: Operation) -> bool {
        self.ops.iter().any(|op| operation(op) == Some(wanted))
    }

    /// Why it cannot be asked this, if so: `bytes` long, nested `depth` deep.
    pub(super) fn excuse(
        &self,
        question: &Question<'_>,
        operation: Operation,
        bytes: Option<usize>,
        depth: u64,
    ) -> Option<String> {
        if !self.does(operation) {
            return Some(format!("the codec does not {operation}"));
        }
        if !self.specs.contains(&question.spec.name) {
            let known = self.specs.join(", ");
            return Some(format!(
                "the codec does not speak {}; it lists {known}",
                question.spec.name
            ));
        }
        let over = |name: &str, needed: u64| {
            let limit = self.limits.get(name).filter(|&&limit| needed > limit)?;
            Some(format!(
                "the codec's limit {name} is {limit}, and {needed} are needed"
            ))
        };
        let length = bytes.map_or(0, |bytes| bytes as u64);
        over("max_message_size", length).or_else(|| over("max_depth", depth))
    }
}

fn operation(op: &str) -> Option<Operation> {
    match op {
        "decode" => Some(Operation::Decode),
        "encode" => Some(Operation::Encode),
        _ => None,
    }
}

/// A request, but for its id.
pub(super) fn request(question: &Question<'_>, operation: Operation) -> Map<String, Json> {
    let mut request = Map::new();
    request.insert("op".to_owned(), json!(operation.to_string()));
    request.insert("spec".to_owned(), json!(question.spec.name));
    let kind = match question.kind {
        Kind::Message => "message",
        Kind::Value => "value",
    };
    request.insert("kind".to_owned(), json!(kind));
    if let Some(encoding) = question.encoding {
        request.insert("encoding".to_owned(), json!(encoding.name()));
    }
    if let Some(answered) = question.request {
        request.insert("answers".to_owned(), json!(answered.name));
    }
    request
}

/// The line of a request.
pub(super) fn with_id(id: u64, request: &Map<String, Json>) -> String {
    let mut whole = Map::new();
    whole.insert("id".to_owned(), json!(id));
    whole.extend(request.clone());
    Json::Object(whole).to_string()
}

/// Reads the answer to request `id`.
///
/// # Errors
/// Why the line is no answer to it.
pub(super) fn reply(
    id: u64,
    kind: Kind,
    operation: Operation,
    line: &str,
) -> Result<Reply, String> {
    let mut reply = object(line)?;
    match reply.get("id") {
        Some(got) if *got == json!(id) => {}
        Some(got) => return Err(format!("it answers id {got}, but was asked id {id}")),
        None => return Err(format!("it has no `id`: {}", shortened(line))),
    }
    let answers = ["ok", "reject", "unsupported"];
    let given: Vec<_> = answers
        .iter()
        .filter(|key| reply.contains_key(**key))
        .collect();
    let [answer] = given.as_slice() else {
        return Err(format!(
            "it needs exactly one of `ok`, `reject` and `unsupported`: {}",
            shortened(line)
        ));
    };
    let Some(content) = reply.remove(**answer) else {
        return Err(format!("it has no `{answer}`"));
    };
    match (**answer, operation) {
        ("reject", _) => rejected(&content),
        ("unsupported", _) => match content {
            Json::String(why) if !why.is_empty() => Ok(Reply::Unsupported(why)),
            _ => Err("`unsupported` says why, as text".to_owned()),
        },
        (_, Operation::Encode) => {
            let hex = content.as_str();
            let hex = hex.ok_or("`ok` of an encode is hex, as text")?;
            hex_bytes(hex).map(Reply::Encoded)
        }
        (_, Operation::Decode) => {
            let consumed = reply.get("consumed").and_then(Json::as_u64);
            let consumed = consumed.and_then(|count| usize::try_from(count).ok());
            let consumed =
                consumed.ok_or("`consumed` beside the `ok` of a decode is a number of bytes")?;
            notation(kind, &content)?;
            Ok(Reply::Decoded {
                value: content,
                consumed,
            })
        }
    }
}

fn rejected(content: &Json) -> Result<Reply, String> {
    let Json::Object(reject) = content else {
        return Err("`reject` is an object with `class`, `offset` and `detail`".to_owned());
    };
    let text = |key: &str| match reject.get(key) {
        None => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("`{key}` of a `reject` is text")),
    };
    let offset = match reject.get("offset") {
        None | Some(Json::Null) => None,
        Some(offset) => {
            let offset = offset.as_u64().and_then(|at| usize::try_from(at).ok());
            Some(offset.ok_or("`offset` of a `reject` is a number of bytes")?)
        }
    };
    Ok(Reply::Refused {
        class: text("class")?,
        offset,
        detail: text("detail")?,
    })
}

/// Sees that `ok` holds a message or a value in the notation.
fn notation(kind: Kind, content: &Json) -> Result<(), String> {
    match (kind, content) {
        (Kind::Value, value) => json::meaning_from(value)
            .map(drop)
            .map_err(|error| format!("`ok` is not a value: {error}")),
        (Kind::Message, Json::Object(message)) => {
            if !message.get("type").is_some_and(Json::is_string) {
                return Err("`ok` is a message with its `type`, as text".to_owned());
            }
            for (name, value) in message.iter().filter(|(name, _)| *name != "type") {
                json::field_meaning(value).map_err(|error| {
                    format!("`ok` has a field {name:?} that is no value: {error}")
                })?;
            }
            Ok(())
        }
        (Kind::Message, _) => Err("`ok` is a message: an object with its `type`".to_owned()),
    }
}

fn object(line: &str) -> Result<Map<String, Json>, String> {
    if line.trim().is_empty() {
        return Err("an empty line".to_owned());
    }
    match json::parse(line) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(format!("no JSON object: {}", shortened(line))),
        Err(error) => Err(format!("{error}: {}", shortened(line))),
    }
}

/// A line as it can be shown.
pub(super) fn shortened(line: &str) -> String {
    const MOST: usize = 200;
    let shown: String = line.chars().take(MOST).collect();
    let rest = line.len() - shown.len();
    // Quoted, so that nothing in it reaches a terminal.
    if rest == 0 {
        format!("{shown:?}")
    } else {
        format!("{shown:?} and {rest} bytes more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        reply(7, Kind::Value, Operation::Decode, line).unwrap_err()
    }

    #[test]
    fn each_kind_of_answer_is_read() {
        let value = |line| reply(7, Kind::Value, Operation::Decode, line);
        assert_eq!(
            value("{\"id\":7,\"ok\":null,\"consumed\":1}"),
            Ok(Reply::Decoded {
                value: Json::Null,
                consumed: 1
            })
        );
        assert_eq!(
            value("{\"id\":7,\"reject\":{\"class\":\"tag\",\"offset\":2,\"detail\":\"no\"}}"),
            Ok(Reply::Refused {
                class: "tag".into(),
                offset: Some(2),
                detail: "no".into()
            })
        );
        assert_eq!(
            value("{\"id\":7,\"reject\":{}}"),
            Ok(Reply::Refused {
                class: String::new(),
                offset: None,
                detail: String::new()
            })
        );
        assert_eq!(
            value("{\"id\":7,\"unsupported\":\"no floats\"}"),
            Ok(Reply::Unsupported("no floats".into()))
        );
        assert_eq!(
            reply(
                7,
                Kind::Message,
                Operation::Encode,
                "{\"id\":7,\"ok\":\"0500\"}"
            ),
            Ok(Reply::Encoded(vec![5, 0]))
        );
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        assert_eq!(refused(" "), "an empty line");
        assert!(refused("hello").starts_with("not JSON: "));
        assert_eq!(refused("[1]"), "no JSON object: \"[1]\"");
        assert_eq!(
            refused("{\"id\":8,\"ok\":1,\"consumed\":1}"),
            "it answers id 8, but was asked id 7"
        );
        assert_eq!(refused("{\"ok\":1}"), "it has no `id`: \"{\\\"ok\\\":1}\"");
        assert_eq!(
            refused("{\"id\":7}"),
            "it needs exactly one of `ok`, `reject` and `unsupported`: \"{\\\"id\\\":7}\""
        );
        assert_eq!(
            refused("{\"id\":7,\"ok\":1}"),
            "`consumed` beside the `ok` of a decode is a number of bytes"
        );
        assert_eq!(
            refused("{\"id\":7,\"ok\":{\"type\":\"bytes\",\"value\":\"0\"},\"consumed\":1}"),
            "`ok` is not a value: a tagged bytes needs `value`: an even number of hex digits, not \"0\""
        );
        assert_eq!(
            reply(
                7,
                Kind::Message,
                Operation::Encode,
                "{\"id\":7,\"ok\":\"0A\"}"
            )
            .unwrap_err(),
            "bytes are an even number of lower-case hex digits"
        );
    }

    #[test]
    fn a_hello_says_what_can_be_asked() {
        let line = "{\"proto\":1,\"impl\":\"x\",\"version\":\"2\",\"ops\":[\"decode\"],\"specs\":[\"iotmp-2025\"],\"more\":1}";
        let hello = Hello::read(line).unwrap();
        assert!(hello.does(Operation::Decode) && !hello.does(Operation::Encode));
        let with = |from: &str, to: &str| Hello::read(&line.replace(from, to)).unwrap_err();
        assert_eq!(
            with("\"proto\":1", "\"proto\":2"),
            "it speaks proto 2, not 1"
        );
        assert_eq!(
            with("[\"decode\"]", "[\"parse\"]"),
            "`ops` names \"parse\"; there are \"decode\" and \"encode\""
        );
        assert!(with("\"impl\":\"x\",", "").starts_with("missing field `impl`"));
    }
}

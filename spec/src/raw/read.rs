//! From the tree to the structs of [`raw`](super), one item at a time.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use serde_yaml::{Mapping, Value};

use super::keys::{Key, keys_of};
use crate::diagnostic::{Mistake, Report};
use crate::source::{Entry, Kind, Node, Span};
use crate::suggest::{closest, list};

/// A named thing in a specification: a message, a field, a clause.
#[derive(Debug)]
pub(crate) struct Item<'n, T> {
    /// What to call it in a sentence, e.g. ``field `name` of message `greet` ``.
    pub(crate) title: String,
    pub(crate) name: &'n str,
    /// Where its name stands.
    pub(crate) span: Span,
    pub(crate) node: &'n Node,
    /// What it says; `None` where the report says why that cannot be read.
    pub(crate) raw: Option<T>,
}

impl<T> Item<'_, T> {
    /// Where the value of a key stands, or the name of the item if it has no such key.
    pub(crate) fn at(&self, key: &str) -> Span {
        self.node.get(key).map_or(self.span, |node| node.span)
    }

    /// Where an element of a list stands.
    pub(crate) fn at_element(&self, key: &str, index: usize) -> Span {
        let list = self.node.get(key).map(Node::elements);
        list.and_then(|list| list.get(index))
            .map_or_else(|| self.at(key), |node| node.span)
    }
}

/// Reads the items of the map under `key`, if there is one. `of` is the title of what they belong to.
pub(crate) fn items<'n, T: DeserializeOwned>(
    parent: &'n Node,
    key: &str,
    kind: &str,
    of: &str,
    report: &mut Report,
) -> Vec<Item<'n, T>> {
    let Some(map) = parent.get(key).filter(|node| !node.is_empty()) else {
        return Vec::new();
    };
    if !map.is_map() {
        let message = format!("`{key}` has to be a map of names, not {}", in_words(map));
        report.push(Mistake::new("wrong-type", map.span, message));
        return Vec::new();
    }
    let known = keys_of::<T>();
    let of = if of.is_empty() {
        String::new()
    } else {
        format!(" of {of}")
    };
    map.entries()
        .iter()
        .map(|entry| {
            let title = format!("{kind} `{}`{of}", entry.name);
            let raw = deserialize(&entry.node, entry.span, &title, &known, report);
            Item {
                title,
                name: &entry.name,
                span: entry.span,
                node: &entry.node,
                raw,
            }
        })
        .collect()
}

/// Reads one item. `title` is what to call it in a sentence.
pub(crate) fn item<'n, T: DeserializeOwned>(
    node: &'n Node,
    name: &'n str,
    span: Span,
    title: &str,
    report: &mut Report,
) -> Item<'n, T> {
    Item {
        title: title.to_owned(),
        name,
        span,
        node,
        raw: deserialize(node, span, title, &keys_of::<T>(), report),
    }
}

fn deserialize<T: DeserializeOwned>(
    node: &Node,
    span: Span,
    title: &str,
    known: &[Key],
    report: &mut Report,
) -> Option<T> {
    if known.is_empty() {
        return typed(node, node.value(), title, report).ok();
    }
    if !node.is_map() {
        let message = format!("{title} has to be a map, not {}", in_words(node));
        let keys: Vec<_> = known.iter().map(|key| format!("`{}`", key.name)).collect();
        report.push(
            Mistake::new("wrong-type", node.span, message)
                .help(format!("its keys are {}", keys.join(", "))),
        );
        return None;
    }
    let mut map = Mapping::new();
    let mut misspelt = Vec::new();
    for entry in node.entries() {
        let name = entry.name.as_str();
        if !known.iter().any(|key| key.name == name) {
            let absent = known.iter().map(|key| key.name);
            let meant = closest(name, absent.filter(|key| node.get(key).is_none()));
            misspelt.extend(meant);
            report.push(unknown_key(entry, title, meant, known));
        } else if entry.node.is_empty() {
            let message = format!("`{name}` of {title} has no value");
            report.push(
                Mistake::new("empty-value", entry.span, message)
                    .help("write a value, or remove the key"),
            );
        } else {
            map.insert(Value::from(name), entry.node.value());
        }
    }
    let missing: Vec<_> = known
        .iter()
        .filter(|key| key.required && node.get(key.name).is_none())
        .map(|key| key.name)
        .filter(|key| !misspelt.contains(key))
        .collect();
    if !missing.is_empty() {
        let message = format!("{title} lacks {}", list(&missing));
        let help = match missing.as_slice() {
            [one] => format!("add `{one}:` and a value"),
            _ => "add them, each with a value".to_owned(),
        };
        report.push(Mistake::new("missing-key", span, message).help(help));
    }
    // Each round drops the key that was wrong, so that the next one finds the next mistake.
    loop {
        match typed(node, Value::Mapping(map.clone()), title, report) {
            Ok(raw) => return Some(raw),
            Err(Some(key)) if map.remove(&key).is_some() => {}
            Err(_) => return None,
        }
    }
}

/// Deserialises `value`, which is `node` or a part of it. An error gives the key that was wrong.
fn typed<T: DeserializeOwned>(
    node: &Node,
    value: Value,
    title: &str,
    report: &mut Report,
) -> Result<T, Option<String>> {
    let error = match serde_path_to_error::deserialize(value) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let mut at = node;
    let mut key = None;
    for segment in error.path() {
        let next = match segment {
            Segment::Map { key: name } => {
                key.get_or_insert_with(|| name.clone());
                at.get(name)
            }
            Segment::Seq { index } => at.elements().get(*index),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        at = next.unwrap_or(at);
    }
    let text = error.inner().to_string();
    // Missing keys are known from the start.
    if text.starts_with("missing field") {
        return Err(None);
    }
    let expected = text
        .rsplit_once("expected ")
        .map_or(text.as_str(), |(_, expected)| expected);
    let expected = match expected {
        "u64" => "a whole number, 0 or more",
        "a boolean" => "`true` or `false`",
        "a string" => "text",
        "a sequence" => "a list",
        other => other,
    };
    let what = match &key {
        Some(key) => format!("`{key}` of {title}"),
        None => title.to_owned(),
    };
    let message = format!("{what} has to be {expected}, not {}", in_words(at));
    let help = match at.text() {
        Some(word) if expected.starts_with("text") => Some(format!("put it in quotes: \"{word}\"")),
        Some(word) if expected == "a list" => Some(format!("put it in brackets: [{word}]")),
        Some(word) if expected.starts_with("a whole number") => Some(as_number(word)),
        _ => None,
    };
    report.push(Mistake::new("wrong-type", at.span, message).maybe_help(help));
    Err(key)
}

/// How to write the number that was meant.
fn as_number(word: &str) -> String {
    match word.parse::<u64>() {
        Ok(_) => format!("write it without quotes: {word}"),
        Err(_) if is_digits(word) => format!("the largest number is {}", u64::MAX),
        Err(_) => "write it in digits, such as 5".to_owned(),
    }
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn unknown_key(entry: &Entry, title: &str, meant: Option<&str>, known: &[Key]) -> Mistake {
    let name = &entry.name;
    let message = format!("{title} has no key `{name}`");
    let help = if let Some(meant) = meant {
        format!("did you mean `{meant}`?")
    } else if entry.node.is_empty() && !is_word(name) {
        // Prose with a comma, between braces: `{ doc: One, two. }`.
        "a comma ends a value between braces; put the whole text in quotes".to_owned()
    } else {
        let keys: Vec<_> = known.iter().map(|key| key.name).collect();
        format!("its keys are {}", list(&keys))
    };
    Mistake::new("unknown-key", entry.span, message).help(help)
}

/// Whether this could be a key at all.
fn is_word(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// What a value is, in a sentence.
fn in_words(node: &Node) -> String {
    match (&node.kind, node.value()) {
        (Kind::Scalar { text, plain: true }, Value::String(_)) if is_digits(text) => {
            format!("the number {text}, which is too large")
        }
        (Kind::List(_), _) => "a list".to_owned(),
        (Kind::Map(_), _) => "a map".to_owned(),
        (Kind::Scalar { text, .. }, Value::Number(_)) => format!("the number {text}"),
        (Kind::Scalar { text, .. }, Value::Bool(_)) => format!("`{text}`"),
        (Kind::Scalar { .. }, Value::Null) => "nothing".to_owned(),
        (Kind::Scalar { text, .. }, _) => {
            let mut short: String = text.chars().take(40).collect();
            if short.len() < text.len() {
                short.push_str("...");
            }
            format!("the text {short:?}")
        }
    }
}

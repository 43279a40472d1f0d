//! Values of every kind and size, where any value may stand.

pub(super) mod returned;

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::craft::Craft;
use super::property::{self, asked};
use crate::case::{CASE, Case, SERVER};
use crate::family;
use crate::json;
use crate::subject::{NO_SUCH_RESOURCE, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// A property of the device that a case sets.
const PROPERTY: &str = "conformance_value";

/// The rules of values: of integers, floats, constants, text and containers.
const RULES: &[&str] = &[
    "IOTMP25-PSON1-002",
    "IOTMP25-PSON1-003",
    "IOTMP25-PSON1-004",
    "IOTMP25-PSON1-005",
    "IOTMP25-PSON1-006",
    "IOTMP25-PSON2-002",
    "IOTMP25-PSON2-003",
    "IOTMP25-PSON2-004",
    "IOTMP25-PSON2-005",
    "IOTMP25-PSON2-006",
];

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "value.any-payload",
        title: "a Run is answered, whatever value its payload is",
        clauses: RULES,
        control: Some("run.one-after-another"),
        run: |peer| Box::pin(any_payload(peer)),
        ..CASE
    },
    Case {
        slug: "value.kept",
        title: "a property that was set is read as the value that it was set to",
        specs: &["iotmp-shipping"],
        clauses: RULES,
        control: Some("value.any-payload"),
        run: |peer| Box::pin(kept(peer)),
        ..SERVER
    },
];

/// What rule a value is about, by the place of that rule in each generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer = 2,
    Float = 3,
    Constant = 4,
    Text = 5,
    Container = 6,
}

impl Kind {
    /// The clause of the spec, if it has one for values in the encoding of its own choice.
    pub(super) fn clause(self, peer: &Peer) -> Option<String> {
        let generation = match Craft::new(peer.codec()).encoding() {
            Encoding::Pson1 => 1,
            _ => 2,
        };
        let id = format!("IOTMP25-PSON{generation}-00{}", self as u8);
        family::clause(peer.spec(), &id).map(|clause| clause.id.clone())
    }
}

impl Kind {
    fn of(value: &Json) -> Self {
        match value {
            Json::Null | Json::Bool(_) => Self::Constant,
            Json::Number(number) if number.is_f64() => Self::Float,
            Json::Number(_) => Self::Integer,
            Json::String(_) => Self::Text,
            Json::Array(_) | Json::Object(_) => Self::Container,
        }
    }

    /// That of the first part of a value that came as another.
    pub(super) fn of_difference(wanted: &Json, got: &Json) -> Option<Self> {
        let part = |wanted: &Json, got: Option<&Json>| match got {
            Some(got) => Self::of_difference(wanted, got),
            None => Some(Self::of(wanted)),
        };
        match (wanted, got) {
            _ if same(wanted, got) => None,
            (Json::Object(parts), Json::Object(others)) => {
                let mut parts = parts.iter();
                parts.find_map(|(key, wanted)| part(wanted, others.get(key)))
            }
            (Json::Array(parts), Json::Array(others)) if parts.len() == others.len() => {
                let mut parts = parts.iter().zip(others);
                parts.find_map(|(wanted, got)| part(wanted, Some(got)))
            }
            _ => None,
        }
        .or_else(|| (!same(wanted, got)).then_some(Self::of(wanted)))
    }
}

/// Sizes around those at which a size takes another form.
const SIZES: [usize; 10] = [0, 1, 30, 31, 32, 127, 128, 255, 256, 300];

fn integers() -> Vec<Json> {
    let unsigned = [
        0,
        1,
        30,
        31,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        1 << 31,
        u64::from(u32::MAX),
        1 << 32,
        (1 << 53) + 1,
        1 << 63,
        u64::MAX,
    ];
    let signed = [
        -1,
        -30,
        -31,
        -128,
        -129,
        -32_768,
        -32_769,
        -(1 << 31) - 1,
        -(1 << 53) - 1,
        i64::MIN,
    ];
    let unsigned = unsigned.into_iter().map(Json::from);
    unsigned.chain(signed.into_iter().map(Json::from)).collect()
}

fn text() -> Vec<Json> {
    let mut text: Vec<Json> = SIZES.iter().map(|size| json!("x".repeat(*size))).collect();
    // Fewer characters than bytes, and such as end a text elsewhere.
    text.extend([json!("€".repeat(11)), json!("a\0b"), json!("\u{1f321}")]);
    text
}

fn bytes() -> Vec<Json> {
    let bytes = |size: usize| json!({"type": "bytes", "value": "ff".repeat(size)});
    SIZES.into_iter().map(bytes).collect()
}

fn containers() -> Vec<Json> {
    let mut containers = Vec::new();
    for size in [0, 1, 30, 31, 32, 128, 255, 256] {
        containers.push(json!(vec![1; size]));
        let map: serde_json::Map<String, Json> =
            (0..size).map(|n| (format!("k{n}"), json!(n))).collect();
        containers.push(Json::Object(map));
    }
    containers.push(json!({"": 1}));
    containers.push(json!({"a": {"b": [{"c": [[], {}, [{"d": [-1, 2.5, "e"]}]]}]}}));
    containers
}

fn all() -> Vec<(Kind, Json)> {
    let of = |kind: Kind, values: Vec<Json>| values.into_iter().map(move |value| (kind, value));
    let floats = vec![json!(0.5), json!(-1.25), json!(0.1), json!(-1.5e-300)];
    let constants = vec![json!(null), json!(true), json!(false)];
    of(Kind::Integer, integers())
        .chain(of(Kind::Float, floats))
        .chain(of(Kind::Constant, constants))
        .chain(of(Kind::Text, text()))
        .chain(of(Kind::Text, bytes()))
        .chain(of(Kind::Container, containers()))
        .collect()
}

/// A failure that is charged to the rule of a kind of values.
fn charged<T>(outcome: Outcome<T>, peer: &Peer, kind: Kind, value: &Json) -> Outcome<T> {
    let outcome = match kind.clause(peer) {
        Some(clause) => outcome.blaming(&clause),
        None => outcome,
    };
    outcome.because(format!("the value was {}", shortened(value)))
}

/// Enough of a value to know it by.
fn shortened(value: &Json) -> String {
    /// Characters that are shown.
    const SHOWN: usize = 60;
    let whole = value.to_string();
    match whole.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let shown = whole.get(..end).unwrap_or_default();
            format!("{shown}… ({} characters)", whole.chars().count())
        }
        None => whole,
    }
}

/// Asks for nothing there is, so that no value does anything; one at a time, so that the one that
/// is not understood is known. Each in an array, as a whole field of its own may travel otherwise.
async fn any_payload(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let run =
        |payload: &Json| json!({"type": "run", "resource": NO_SUCH_RESOURCE, "payload": [payload]});
    asked(&mut link, &run(&json!("a text")))
        .await
        .blaming("IOTMP25-RUN-001")
        .because("the payload was an array of a text")?;
    for (kind, value) in all() {
        // Not every encoding that a device may choose has a way to say it.
        if link.encode(&run(&value)).is_err() {
            continue;
        }
        let answer = asked(&mut link, &run(&value)).await;
        charged(answer, peer, kind, &value)?;
        peer.transcript().keep_last(8);
    }
    peer.keep(link).await;
    Ok(())
}

/// Whether two values are the same number, text and so on, all the way down.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        // Numbers have more than one form.
        _ => match (json::meaning_from(one), json::meaning_from(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        },
    }
}

/// What a server does not take it need not keep.
async fn kept(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let set = |value: &Json| property::set(peer.spec(), PROPERTY, &json!({"value": value}));
    let read = property::read(peer.spec(), PROPERTY)?;
    let plain = asked(&mut link, &set(&json!("a value"))?).await;
    if plain.unrelated("setting a property")?.name() != "ok" {
        return Err(Stop::skip("the server keeps no properties"));
    }
    let mut taken = 0;
    for (kind, value) in all() {
        let answer = asked(&mut link, &set(&value)?).await;
        if charged(answer, peer, kind, &value)?.name() != "ok" {
            continue;
        }
        let read = charged(asked(&mut link, &read).await, peer, kind, &value)?;
        let said = read.field("payload").and_then(|said| said.get("value"));
        if !said.is_some_and(|said| same(said, &value)) {
            if taken == 0 {
                let why = "the server does not give a property back as it was set";
                return Err(Stop::skip(why));
            }
            let expected = format!("a payload whose value is {}", shortened(&value));
            return charged(
                Err(Stop::fail(expected, phrase(&read.message))),
                peer,
                kind,
                &value,
            );
        }
        taken += 1;
        peer.transcript().keep_last(8);
    }
    match taken {
        0 => Err(Stop::skip(
            "the server keeps no property that is a value of another kind",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_written_and_is_read_as_the_same() {
        for spec in crate::specs::all() {
            let codec = crate::codec::Codec::new(spec);
            if !matches!(spec.body, iotmp_spec::model::Body::KeyValue(_)) {
                continue;
            }
            for (_, value) in all() {
                let run = json!({"type": "run", "resource": "x", "payload": {"value": value}});
                let bytes = codec.encode(&run).unwrap();
                let read = codec.decode(&bytes).unwrap().message;
                let payload = &read["payload"]["value"];
                assert!(same(payload, &value), "{payload} is not {value}");
            }
        }
    }
}

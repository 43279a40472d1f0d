//! A server that asks its device things of its own breaks no rule, whatever its users ask.

use iotmp_conformance::verdict::Kind;
use serde_json::{Value as Json, json};

use crate::middleman::{Fault, Tamper, Way};
use crate::saboteurs_calls::server;

/// Identifiers that are the server's own.
const OWN: u64 = 40_000;

/// What a server may ask of any device: what it has, and values of two resources that it may have.
fn greeting(id: u64) -> Vec<(Way, Json)> {
    let asked = [
        json!({"type": "describe", "stream_id": id}),
        json!({"type": "run", "stream_id": id + 1, "resource": "hello", "payload": "world"}),
        json!({"type": "start_stream", "stream_id": id + 2, "resource": "greeted"}),
        json!({"type": "run", "resource": "unanswered"}),
    ];
    asked.into_iter().map(|asks| (Way::ToSuite, asks)).collect()
}

/// Greets its device behind the first message that is one of these, or before it.
fn greets(is_one: fn(&Json) -> bool, behind: bool) -> Tamper {
    let mut greeted = 0;
    Box::new(move |way, message: &Json, _| {
        let is_own = message["stream_id"].as_u64().is_some_and(|id| id >= OWN);
        match way {
            Way::ToReference => (is_own && greeted > 0).then(Vec::new),
            Way::ToSuite if greeted == 0 && is_one(message) => {
                greeted += 1;
                let mut all = greeting(OWN);
                all.insert(if behind { 0 } else { all.len() }, (way, message.clone()));
                Some(all)
            }
            Way::ToSuite => None,
        }
    })
}

fn is_asking(message: &Json) -> bool {
    let name = message["type"].as_str().unwrap_or_default();
    matches!(name, "run" | "describe" | "start_stream")
}

const CASES: [&str; 7] = [
    "call.answered",
    "call.without-value",
    "call.in-flight",
    "call.describe",
    "stream.listened-values",
    "stream.listened-stop",
    "stream.listened-two",
];

async fn keeps_all(fault: Fault) {
    for case in CASES {
        server(&format!("server.{case}"), fault, Kind::Pass, &[]).await;
    }
}

#[tokio::test]
async fn right_after_the_connect() {
    keeps_all(|| greets(|message| message["type"] == "ok", true)).await;
}

#[tokio::test]
async fn when_a_user_turns_to_it() {
    keeps_all(|| greets(is_asking, false)).await;
}

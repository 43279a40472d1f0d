//! What a subject says where nobody defined how, or where there is no way to say it.

use serde_json::{Value as Json, json};

use super::seen;
use crate::case::{CASE, Case, DEVICE};
use crate::subject::{Function, Peer, Resource, Want, phrase, untagged};
use crate::suite::craft::Craft;
use crate::suite::encoding::speaks;
use crate::verdict::{Outcome, Step, Stop};

const DESCRIBE_ANSWER: &str = "IOTMP23-AMB-DESCRIBE-ANSWER";
const UNREPRESENTABLE: &str = "IOTMP23-AMB-UNREPRESENTABLE";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "probe.describe-answer",
        title: "what does the answer to a Describe hold?",
        roles: DEVICE.roles,
        ambiguity: Some(DESCRIBE_ANSWER),
        run: |peer| Box::pin(describe_answer(peer)),
        ..CASE
    },
    Case {
        slug: "probe.bytes-in-json",
        title: "what becomes of bytes that are to be said in JSON?",
        roles: DEVICE.roles,
        ambiguity: Some(UNREPRESENTABLE),
        run: |peer| Box::pin(bytes_in_json(peer)),
        ..CASE
    },
];

async fn describe_answer(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id}))
        .await?;
    let answer = link.message(&[Want::Ok(id)]).await.unrelated("asking")?;
    peer.keep(link).await;
    let reading = match answer.field("payload") {
        Some(Json::Object(map)) => {
            let function = |described: &Json| {
                let number = described.get("fn").and_then(Json::as_u64);
                number.and_then(|number| Function::of(peer.spec(), number))
            };
            let as_2025 = untagged(map).values().all(|one| function(one).is_some());
            if as_2025 { "as-2025" } else { "other" }.to_owned()
        }
        _ => phrase(&answer.message),
    };
    seen(DESCRIBE_ANSWER, &reading)
}

/// The answer of a resource that takes a value in PSON.
async fn bytes_in_json(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    if !speaks(&link, "json") {
        return Err(Stop::skip("the device did not choose JSON"));
    }
    let craft = Craft::new(link.codec());
    let resources = peer.catalogue()?.resources.iter();
    let echoes = |r: &&Resource| {
        let is_same = r.input.is_some() && r.input == r.output;
        r.function == Function::InputOutput && is_same && r.is_plain()
    };
    let Some(resource) = resources
        .filter(echoes)
        .find(|r| r.input.as_ref().is_some_and(Json::is_string))
    else {
        return Err(Stop::skip("no resource gives back the text that it takes"));
    };
    let bytes = json!({"type": "bytes", "value": "00ff"});
    for (value, is_bytes) in [(json!("as it came"), false), (bytes, true)] {
        let id = link.id();
        let body = [
            craft.value(craft.field("run", "resource")?, &json!(resource.name))?,
            craft.number(craft.field("run", "stream_id")?, id.into()),
            craft.value(craft.field("run", "payload")?, &value)?,
        ];
        let message = craft.frame(craft.code("run")?, &body.concat());
        link.send_raw(&message, &format!("run with {value} in PSON"))
            .await;
        let answer = link.answer(id).await?;
        match (is_bytes, answer.name(), answer.field("payload")) {
            (false, "ok", Some(same)) if *same == value => {}
            (false, _, _) => {
                return Err(Stop::skip("no resource gives back what it takes"));
            }
            (true, "ok", Some(same)) if *same == value => {
                return seen(UNREPRESENTABLE, "it is said in another encoding");
            }
            (true, "ok", Some(_)) => return seen(UNREPRESENTABLE, "map"),
            (true, "ok", None) => return seen(UNREPRESENTABLE, "it is left out"),
            (true, _, _) => return seen(UNREPRESENTABLE, "refuse"),
        }
    }
    Ok(())
}

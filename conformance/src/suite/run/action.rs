//! What a Run does besides running: its action.

use serde_json::{Value as Json, json};

use super::resource::kind;
use super::{ONE_ANSWER, call, runnable};
use crate::case::{CASE, Case, DEVICE, SERVER};
use crate::subject::{NO_SUCH_RESOURCE, Peer, Received, Want, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// The enumeration of actions.
const ACTION: &str = "action";
/// The actions that are for devices as well; the others are for servers alone.
const OF_EITHER: [&str; 2] = ["run", "describe"];
/// Ambiguity of what a Run holds that is for the server.
const SERVER_ACTION: &str = "IOTMP20-AMB-SERVER-ACTION";
/// A property of the device that a case sets.
const PROPERTY: &str = "conformance";
/// The rule of reserved actions.
const RESERVED: &str = "IOTMP20-RUN-010";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.action-run",
        title: "a Run says the same with the action of running as without one",
        clauses: &["IOTMP20-RUN-008"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(runs(peer)),
        ..CASE
    },
    Case {
        slug: "run.action-describe",
        title: "a Run with the action of describing is answered as Describe is",
        clauses: &["IOTMP20-RUN-009"],
        control: Some("run.action-run"),
        run: |peer| Box::pin(describes(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.action-reserved",
        title: "a Run with a reserved action is answered by Error",
        clauses: &[RESERVED],
        control: Some("run.action-run"),
        run: |peer| Box::pin(reserved(peer)),
        ..CASE
    },
    Case {
        slug: "run.action-of-server",
        title: "a Run with an action of the server's gets one answer, whether the server has it or not",
        // Elsewhere there are no actions, though the other rule is there too.
        specs: &["iotmp-2020"],
        clauses: &["IOTMP20-RUN-011", ONE_ANSWER],
        control: Some("run.action-run"),
        run: |peer| Box::pin(of_server(peer)),
        ..SERVER
    },
    Case {
        slug: "probe.server-action",
        title: "what do resource and payload hold where the action is the server's?",
        ambiguity: Some(SERVER_ACTION),
        control: Some("run.action-of-server"),
        run: |peer| Box::pin(probe(peer)),
        ..SERVER
    },
];

/// What two answers must have in common to mean the same, though the value may be another one.
fn shape(answer: &Received) -> (&str, &'static str) {
    (answer.name(), answer.field("payload").map_or("none", kind))
}

/// Shows that two answers mean the same; a value may be missing for the moment.
pub(in crate::suite) fn alike(first: &Received, second: &Received) -> Outcome {
    let (one, other) = (shape(first), shape(second));
    let for_now = one.0 == other.0 && (one.1 == "null" || other.1 == "null");
    if one == other || for_now {
        return Ok(());
    }
    let (name, payload) = one;
    Err(Stop::fail(
        format!("{name} with a payload of kind {payload}, as before"),
        phrase(&second.message),
    ))
}

fn with_action(mut message: Json, action: u64) -> Json {
    if let Some(object) = message.as_object_mut() {
        object.insert(ACTION.to_owned(), action.into());
    }
    message
}

async fn runs(peer: &Peer) -> Outcome {
    let run = vocabulary::number(peer.spec(), ACTION, "run")?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(call(peer, Some(id))).await?;
    let without = link.answer(id).await.because("without an action")?;
    let id = link.id();
    link.send(with_action(call(peer, Some(id)), run)).await?;
    let with = link
        .answer(id)
        .await
        .because(format!("with action {run}"))?;
    alike(&without, &with).because(format!("without an action, and then with action {run}"))?;
    peer.keep(link).await;
    Ok(())
}

/// The keys of the map in an answer, in order.
fn keys(answer: &Received) -> Option<Vec<&str>> {
    let map = answer.field("payload")?.as_object()?;
    let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
    keys.sort_unstable();
    Some(keys)
}

async fn describes(peer: &Peer) -> Outcome {
    let describe = vocabulary::number(peer.spec(), ACTION, "describe")?;
    let resource = &runnable(peer)?.name;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": resource}))
        .await?;
    let described = link
        .message(&[Want::Ok(id)])
        .await
        .unrelated("describing the resource")?;
    let id = link.id();
    let run = json!({"type": "run", "stream_id": id, "resource": resource});
    link.send(with_action(run, describe)).await?;
    let answer = link.message(&[Want::Ok(id)]).await?;
    let expected = keys(&described);
    if expected != keys(&answer) {
        let expected = format!("a payload with the keys {:?}", expected.unwrap_or_default());
        return Err(Stop::fail(expected, phrase(&answer.message)));
    }
    let id = link.id();
    let run = json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE});
    link.send(with_action(run, describe)).await?;
    link.message(&[Want::Error(id)])
        .await
        .because("there is no such resource to describe")?;
    peer.keep(link).await;
    Ok(())
}

/// The numbers between the actions that there are.
fn reserved_actions(peer: &Peer) -> Outcome<Vec<u64>> {
    let known = peer.spec().enumeration(ACTION);
    let known = known.ok_or_else(|| Stop::skip("the spec has no actions"))?;
    let named: Vec<u64> = known.values.iter().map(|value| value.value).collect();
    let (first, last) = (named.iter().min(), named.iter().max());
    let all = first.copied().unwrap_or(0)..last.copied().unwrap_or(0);
    Ok(all.filter(|number| !named.contains(number)).collect())
}

async fn reserved(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for action in reserved_actions(peer)? {
        let id = link.id();
        link.send(with_action(call(peer, Some(id)), action)).await?;
        link.message(&[Want::Error(id)])
            .await
            .because(format!("action {action} is reserved"))
            .blaming(RESERVED)?;
    }
    link.quiet("one answer to each call").await?;
    peer.keep(link).await;
    Ok(())
}

async fn of_server(peer: &Peer) -> Outcome {
    let known = peer.spec().enumeration(ACTION);
    let known = known.ok_or_else(|| Stop::skip("the spec has no actions"))?;
    let of_server = known
        .values
        .iter()
        .filter(|action| !OF_EITHER.contains(&action.name.as_str()));
    let mut link = peer.connected().await?;
    for action in of_server {
        let id = link.id();
        link.send(with_action(call(peer, Some(id)), action.value))
            .await?;
        link.answer(id)
            .await
            .because(format!("action {}, {}", action.value, action.name))
            .blaming(ONE_ANSWER)?;
        link.quiet("one answer to each call")
            .await
            .blaming(ONE_ANSWER)?;
    }
    Ok(())
}

/// Sets a property of the device, which is all that can be done without knowing more of the server.
async fn probe(peer: &Peer) -> Outcome {
    let set = vocabulary::number(peer.spec(), ACTION, "set_device_property")?;
    let forms = [
        ("resource", json!({"set": true})),
        (
            "payload",
            json!({"resource": PROPERTY, "payload": {"set": true}}),
        ),
    ];
    let mut link = peer.connected().await?;
    for (reading, payload) in forms {
        let id = link.id();
        let run = json!({"type": "run", "stream_id": id, "resource": PROPERTY, "payload": payload});
        link.send(with_action(run, set)).await?;
        if link.answer(id).await?.name() == "ok" {
            return Err(Stop::info(SERVER_ACTION, reading));
        }
    }
    let neither = "neither tells: the server answers its actions by Error";
    Err(Stop::info(SERVER_ACTION, neither))
}

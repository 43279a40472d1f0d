//! Calls: of resources that there are, and of those that there are not.

pub(super) mod across;
pub(super) mod action;
pub(super) mod alias;
pub(super) mod beside;
pub(super) mod executed;
pub(super) mod input;
pub(super) mod load;
pub(super) mod name;
pub(super) mod resource;
pub(super) mod server;

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::connect::accepted;
use super::craft::Craft;
use super::framing::all_answered;
use super::property::{self, asked};
use crate::case::{CASE, Case, Role, SERVER};
use crate::subject::{Link, NO_SUCH_RESOURCE, Peer, Received, Resource, Want, phrase};
use crate::verdict::{Outcome, Step, Stop, Verdict};

/// An identifier like any other.
const CONNECT_ID: u16 = 77;
/// Resources whose calls are timed.
const TIMED: usize = 16;
/// Calls under way at a time.
const MANY: usize = 32;
/// Calls under one identifier, one after another.
const AGAIN: usize = 20;
/// Identifiers of every length, and those that a signed number does not hold.
const IDS: [u16; 10] = [
    0,
    1,
    127,
    128,
    16_383,
    16_384,
    32_767,
    32_768,
    40_000,
    u16::MAX,
];
/// The clause that every answered call proves along the way.
const ONE_ANSWER: &str = "IOTMP25-RUN-001";
/// Ambiguity of a Run that wants no answer.
const WITHOUT_ID: &str = "IOTMPS-AMB-RUN-WITHOUT-ID";

/// A property of the device that a case sets.
const PROPERTY: &str = "conformance_before";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "run.one-answer",
        title: "a Run with a stream identifier gets one answer that carries it",
        clauses: &["IOTMP25-RUN-001", "IOTMP25-SID-001"],
        run: |peer| Box::pin(one_answer(peer)),
        ..CASE
    },
    Case {
        slug: "run.two-connections",
        title: "calls under one identifier on two connections are answered on their own",
        clauses: &["IOTMP25-SID-003", "IOTMP25-RUN-001"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(two_connections(peer)),
        ..SERVER
    },
    Case {
        slug: "run.connect-id-again",
        title: "the stream identifier of the Connect is free once it is answered",
        clauses: &["IOTMP25-SID-004"],
        control: Some("run.stream-id-again"),
        run: |peer| Box::pin(connect_id_again(peer)),
        ..SERVER
    },
    Case {
        slug: "run.no-stream-id",
        title: "a Run without a stream identifier gets no answer",
        clauses: &["IOTMP25-RUN-002"],
        ambiguity: Some(WITHOUT_ID),
        control: Some("run.unknown-resource"),
        run: |peer| Box::pin(no_stream_id(peer)),
        ..CASE
    },
    Case {
        slug: "run.unknown-resource",
        title: "a Run of a resource that does not exist is answered by Error",
        clauses: &["IOTMP25-RUN-003", "IOTMP25-RUN-001"],
        run: |peer| Box::pin(unknown_resource(peer)),
        ..CASE
    },
    Case {
        slug: "run.no-resource",
        title: "a Run without a resource is not answered by Ok",
        clauses: &["IOTMP25-RUN-005", "IOTMP25-KEY-005"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(no_resource(peer)),
        ..CASE
    },
    Case {
        slug: "run.many-under-way",
        title: "thirty-two calls at a time each get their own answer",
        clauses: &["IOTMP25-SID-003", "IOTMP25-RUN-001"],
        control: Some("framing.more-than-a-buffer"),
        run: |peer| Box::pin(many_under_way(peer)),
        ..CASE
    },
    Case {
        slug: "run.stream-id-again",
        title: "a stream identifier can be used again after its answer",
        clauses: &["IOTMP25-SID-004"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(stream_id_again(peer)),
        ..CASE
    },
    Case {
        slug: "run.stream-id-range",
        title: "calls under the smallest and the largest stream identifiers are answered",
        clauses: &["IOTMP25-SID-002", "IOTMP25-SID-001"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(stream_id_range(peer)),
        ..CASE
    },
];

/// The resource of a device that is run most gladly.
pub(super) fn runnable(peer: &Peer) -> Outcome<&Resource> {
    peer.catalogue()?.runnable().ok_or_else(|| {
        Stop::skip("the device describes no resource that can be run without knowing more of it")
    })
}

/// Of the resources that give a value by themselves the one that takes longest, and how long.
pub(super) async fn slowest<'a>(
    peer: &'a Peer,
    link: &mut Link,
) -> Outcome<(&'a Resource, Duration)> {
    let resources = peer.catalogue()?.resources.iter();
    let giving = resources.filter(|resource| resource.gives_by_itself());
    let mut slowest = None;
    for resource in giving.take(TIMED) {
        let began = Instant::now();
        let answer = asked(link, &resource.run(None)).await;
        answer.unrelated("asking for a value")?;
        let took = began.elapsed();
        if slowest.is_none_or(|(_, longest)| took > longest) {
            slowest = Some((resource, took));
        }
    }
    slowest.ok_or_else(|| Stop::skip("the device describes no resource that gives a value"))
}

/// A call that has to be answered: of what a device offers, or of nothing that a server has.
pub(super) fn call(peer: &Peer, id: Option<u16>) -> Json {
    if let (Role::Device, Ok(resource)) = (peer.role(), runnable(peer)) {
        return resource.run(id);
    }
    let mut message = json!({"type": "run", "resource": NO_SUCH_RESOURCE});
    if let (Some(object), Some(id)) = (message.as_object_mut(), id) {
        object.insert("stream_id".to_owned(), id.into());
    }
    message
}

/// A call that a device grants, or that a server has to answer.
///
/// # Errors
/// Skip where a device describes nothing that can be run.
pub(super) fn granted(peer: &Peer, id: Option<u16>) -> Outcome<Json> {
    match peer.role() {
        Role::Server => Ok(call(peer, id)),
        Role::Device => runnable(peer).map(|resource| resource.run(id)),
    }
}

async fn one_answer(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(call(peer, Some(id))).await?;
    link.answer(id).await.blaming(ONE_ANSWER)?;
    link.quiet("one answer")
        .await
        .blaming(ONE_ANSWER)
        .because("after the first answer")?;
    peer.keep(link).await;
    Ok(())
}

async fn no_stream_id(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(call(peer, None)).await?;
    let open = peer
        .spec()
        .ambiguities
        .iter()
        .any(|known| known.id == WITHOUT_ID);
    // An Error is an answer too.
    if !open && peer.role() == Role::Device {
        link.send(json!({"type": "run", "resource": NO_SUCH_RESOURCE}))
            .await?;
    }
    // A message lost behind another in one piece is the matter of other cases.
    link.pause().await;
    let absent = |stop: Stop| match stop.verdict() {
        Verdict::Fail(failure) if failure.is_absence() => stop.unrelated("asking once more"),
        _ => stop,
    };
    let before = link.fence().await.map_err(absent)?;
    // The same call with an identifier takes the same way through the subject, and comes later.
    link.send(call(peer, Some(id))).await?;
    let answer = link.message(&[Want::Answer(id), Want::Answer(0)]).await?;
    let mut others = if answer.stream_id() == Some(0) {
        link.answer(id).await?;
        vec![answer]
    } else {
        Vec::new()
    };
    others.extend(before);
    others.extend(link.fence().await.map_err(absent)?);
    let at_zero = |message: &Received| Want::Answer(0).allows_message(message);
    match others.first() {
        Some(message) if open && others.len() == 1 && at_zero(message) => {
            Err(Stop::info(WITHOUT_ID, "zero"))
        }
        Some(message) => Err(Stop::fail("no answer", phrase(&message.message))),
        None if open => Err(Stop::info(WITHOUT_ID, "silent")),
        None => Ok(()),
    }
}

async fn unknown_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE}))
        .await?;
    let answer = link.answer(id).await.blaming(ONE_ANSWER)?;
    link.quiet("one answer").await.blaming(ONE_ANSWER)?;
    if answer.name() == "ok" {
        return Err(
            Stop::fail(Want::Error(id).to_string(), phrase(&answer.message))
                .blaming("IOTMP25-RUN-003"),
        );
    }
    peer.keep(link).await;
    Ok(())
}

async fn no_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    // Whoever keeps the resource of the call before has one that is granted.
    let granted = match peer.role() {
        Role::Server => property::set(peer.spec(), PROPERTY, &json!(1)).ok(),
        Role::Device => None,
    };
    let before = granted.unwrap_or_else(|| call(peer, None));
    asked(&mut link, &before)
        .await
        .unrelated("running something")?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let body = craft.number(craft.field("run", "stream_id")?, id.into());
    link.send_raw(
        &craft.frame(craft.code("run")?, &body),
        "run without a resource",
    )
    .await;
    let settled = link.settle().await?;
    match settled.messages.iter().find(|message| message.is("ok", id)) {
        None => Ok(()),
        Some(ok) => Err(Stop::fail(
            "an Error, no answer, or the end of the connection",
            phrase(&ok.message),
        )),
    }
}

async fn two_connections(peer: &Peer) -> Outcome {
    if peer.subject().takes_over() {
        return Err(Stop::skip("a second connection of a device ends the first"));
    }
    let (mut one, mut other) = (peer.connected().await?, peer.connected().await?);
    for _ in 0..4 {
        let id = one.id().max(other.id());
        one.send(call(peer, Some(id))).await?;
        other.send(call(peer, Some(id))).await?;
        for link in [&mut one, &mut other] {
            let answer = link.answer(id).await;
            answer.because(format!("both connections had a call under {id}"))?;
        }
    }
    for mut link in [one, other] {
        link.quiet("one answer to each call").await?;
        peer.keep(link).await;
    }
    Ok(())
}

async fn connect_id_again(peer: &Peer) -> Outcome {
    let (mut link, _) = accepted(peer, &Json::Null, Some(CONNECT_ID)).await?;
    link.send(call(peer, Some(CONNECT_ID))).await?;
    link.answer(CONNECT_ID)
        .await
        .because(format!("the Connect had been {CONNECT_ID} before"))
        .map(drop)
}

async fn many_under_way(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let ids: Vec<u16> = (0..MANY).map(|_| link.id()).collect();
    for id in &ids {
        link.send(call(peer, Some(*id))).await?;
    }
    all_answered(&mut link, &ids)
        .await
        .blaming("IOTMP25-SID-003")?;
    link.quiet("one answer to each call")
        .await
        .blaming(ONE_ANSWER)?;
    peer.keep(link).await;
    Ok(())
}

async fn stream_id_again(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    for nth in 1..=AGAIN {
        link.send(call(peer, Some(id))).await?;
        link.answer(id)
            .await
            .because(format!("call {nth} under stream identifier {id}"))?;
    }
    link.quiet("one answer to each call")
        .await
        .blaming(ONE_ANSWER)?;
    peer.keep(link).await;
    Ok(())
}

async fn stream_id_range(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for id in IDS {
        link.send(call(peer, Some(id))).await?;
        link.answer(id).await?;
    }
    peer.keep(link).await;
    Ok(())
}

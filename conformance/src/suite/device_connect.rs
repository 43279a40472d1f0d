//! How a device introduces itself, and how it takes the answer.

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::case::{Case, DEVICE, Pace};
use crate::subject::{Event, Link, Peer, Received, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "connect.first-message",
        title: "a device begins with a Connect that has a stream identifier and a payload",
        clauses: &[
            "IOTMP25-CONNECT-001",
            "IOTMP25-CONNECT-003",
            "IOTMPS-WIRE-001",
        ],
        run: |peer| Box::pin(first_message(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.three-strings",
        title: "the payload of the Connect is three strings",
        clauses: &["IOTMP25-CONNECT-004"],
        run: |peer| Box::pin(three_strings(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.single-string",
        title: "the payload of a Connect by token or certificate is one string",
        clauses: &["IOTMP23-CONNECT-016"],
        run: |peer| Box::pin(single_string(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.waits-for-ok",
        title: "a request that comes before the Ok of the Connect is not answered",
        clauses: &["IOTMP25-CONNECT-013"],
        pace: Pace::Last,
        run: |peer| Box::pin(waits_for_ok(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.waits-for-its-own-ok",
        title: "an Ok under another identifier is not that of the Connect",
        clauses: &["IOTMP25-CONNECT-013"],
        control: Some("connect.waits-for-ok"),
        pace: Pace::Last,
        run: |peer| Box::pin(waits_for_its_own_ok(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.refused-without-reason",
        title: "a device that is refused by a bare Error answers nothing",
        clauses: &["IOTMP23-CONNECT-021"],
        pace: Pace::Last,
        run: |peer| Box::pin(refused_without_reason(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.refused",
        title: "a device that is refused closes and answers nothing",
        clauses: &["IOTMP25-CONNECT-014"],
        pace: Pace::Last,
        run: |peer| Box::pin(refused(peer)),
        ..DEVICE
    },
];

async fn first_message(peer: &Peer) -> Outcome {
    let link = peer.introduced().await?;
    peer.accept(link).await
}

/// The Connect of a link that has come that far.
pub(super) fn hello(link: &Link) -> Outcome<&Received> {
    link.hello()
        .ok_or_else(|| Stop::inconclusive("there was no Connect"))
}

async fn three_strings(peer: &Peer) -> Outcome {
    let link = peer.connected().await?;
    let hello = hello(&link)?;
    let credentials = vocabulary::number(peer.spec(), "auth_type", "credentials")?;
    let kind = vocabulary::part(peer.spec(), hello, "auth_type").and_then(Json::as_u64);
    if let Some(kind) = kind.filter(|kind| *kind != credentials) {
        return Err(Stop::skip(format!(
            "the device asks for authentication type {kind}"
        )));
    }
    let payload = hello.field("payload");
    let strings = payload
        .and_then(Json::as_array)
        .map_or(&[][..], Vec::as_slice);
    let right = strings.len() == 3 && strings.iter().all(Json::is_string);
    let got = payload.map_or_else(|| "no payload".to_owned(), ToString::to_string);
    peer.keep(link).await;
    if right {
        Ok(())
    } else {
        Err(Stop::fail("an array of exactly three strings", got))
    }
}

async fn single_string(peer: &Peer) -> Outcome {
    let link = peer.connected().await?;
    let hello = hello(&link)?;
    let mut by_string = ["token", "certificate"].into_iter();
    let by_string = by_string
        .find_map(|name| vocabulary::number(peer.spec(), "auth_type", name).ok())
        .ok_or_else(|| Stop::skip("the spec has no authentication by a string"))?;
    let kind = vocabulary::part(peer.spec(), hello, "auth_type").and_then(Json::as_u64);
    if kind != Some(by_string) {
        return Err(Stop::skip(
            "the device introduces itself by user, device and credential",
        ));
    }
    let payload = hello.field("payload").cloned().unwrap_or_default();
    peer.keep(link).await;
    match payload {
        Json::String(_) => Ok(()),
        other => Err(Stop::fail("a payload that is a string", other.to_string())),
    }
}

/// Refuses a Connect, for no reason that would keep the device from dialling again.
async fn refuse(link: &mut Link) -> Outcome {
    let id = hello(link)?.stream_id();
    link.send(json!({"type": "error", "stream_id": id})).await
}

/// Waits for the end of a refused connection, and returns what the device did before.
///
/// The end is the fence: what did not come before it does not come at all.
async fn until_closed(link: &mut Link) -> (Vec<Received>, Event) {
    let deadline = Instant::now() + link.timeout();
    let mut messages = Vec::new();
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) => messages.push(received),
            end => return (messages, end),
        }
    }
}

fn unanswered(messages: &[Received], id: u16) -> Outcome {
    let answer = messages
        .iter()
        .find(|message| message.is("ok", id) || message.is("error", id));
    match answer {
        None => Ok(()),
        Some(answer) => Err(Stop::fail("no answer", phrase(&answer.message))),
    }
}

async fn waits_for_ok(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let id = link.id();
    link.send(link.request(id)).await?;
    refuse(&mut link).await?;
    let (messages, _) = until_closed(&mut link).await;
    unanswered(&messages, id)
}

async fn waits_for_its_own_ok(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let own = hello(&link)?.stream_id();
    let other = own.map_or(1, |id| (id + 1) & 0xffff);
    link.send(json!({"type": "ok", "stream_id": other})).await?;
    let id = link.id();
    link.send(link.request(id)).await?;
    refuse(&mut link).await?;
    let (messages, _) = until_closed(&mut link).await;
    unanswered(&messages, id)
}

async fn refused(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    refuse(&mut link).await?;
    let id = link.id();
    link.send(link.request(id)).await?;
    let (messages, end) = until_closed(&mut link).await;
    unanswered(&messages, id)?;
    match end {
        Event::Closed { .. } => Ok(()),
        other => Err(Stop::fail("connection closed", other.to_string())),
    }
}

/// Whether it closes too is the matter of another case.
async fn refused_without_reason(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    refuse(&mut link).await?;
    let id = link.id();
    link.send(link.request(id)).await?;
    let (messages, _) = until_closed(&mut link).await;
    unanswered(&messages, id)
}

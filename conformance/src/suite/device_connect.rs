//! How a device introduces itself, and how it takes the answer.

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::framing::in_pieces;
use super::run::call;
use crate::case::{Case, DEVICE, Pace};
use crate::subject::{Event, Link, NO_SUCH_RESOURCE, Peer, Received, Want, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// Connections before the introductions of all are looked at.
const CONNECTIONS: u64 = 4;

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
        slug: "connect.encoding",
        title: "the encoding that a Connect asks for is one that there is",
        clauses: &["IOTMP23-ENCODING-003"],
        run: |peer| Box::pin(known_encoding(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.ok-in-pieces",
        title: "an Ok of the Connect that comes byte by byte lets the device in",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.one-byte-pieces"),
        run: |peer| Box::pin(ok_in_pieces(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.ok-with-request",
        title: "a request in one piece with the Ok of the Connect before it is answered",
        clauses: &["IOTMP25-FRAME-004"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(ok_with_request(peer)),
        ..DEVICE
    },
    Case {
        slug: "connect.waits-for-ok",
        title: "no request that comes before the Ok of the Connect is answered",
        clauses: &["IOTMP25-CONNECT-013"],
        pace: Pace::Last,
        run: |peer| Box::pin(waits_for_ok(peer)),
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
    Case {
        slug: "connect.every-time",
        title: "the payload of the Connect is three strings on every connection",
        clauses: &["IOTMP25-CONNECT-004"],
        control: Some("connect.three-strings"),
        pace: Pace::Last,
        run: |peer| Box::pin(every_time(peer)),
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

/// Shows that a Connect by credentials carries three strings; of another kind it says which.
fn of_three_strings(peer: &Peer, hello: &Received) -> Outcome {
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
    if strings.len() == 3 && strings.iter().all(Json::is_string) {
        return Ok(());
    }
    let got = payload.map_or_else(|| "no payload".to_owned(), ToString::to_string);
    Err(Stop::fail("an array of exactly three strings", got))
}

async fn three_strings(peer: &Peer) -> Outcome {
    let link = peer.connected().await?;
    let seen = of_three_strings(peer, hello(&link)?);
    peer.keep(link).await;
    seen
}

/// What a device loses in the course of its connections it lacks by the end of a run, and may
/// lack by now if this case runs alone.
async fn every_time(peer: &Peer) -> Outcome {
    while peer.subject().connections() < CONNECTIONS {
        peer.connected().await?.close();
    }
    for hello in peer.subject().introductions() {
        of_three_strings(peer, &hello).because("on one of its connections")?;
    }
    Ok(())
}

async fn known_encoding(peer: &Peer) -> Outcome {
    let link = peer.connected().await?;
    let hello = hello(&link)?;
    let said = hello.field("encoding").cloned();
    let is_known = link.codec().announced(&hello.message).is_some();
    peer.keep(link).await;
    match said {
        None => Err(Stop::skip("the device leaves the encoding as it is")),
        Some(_) if is_known => Ok(()),
        Some(other) => Err(Stop::fail("the number of an encoding", other.to_string())),
    }
}

/// The bytes of the Ok that a Connect waits for.
fn ok(link: &Link) -> Outcome<Vec<u8>> {
    let id = hello(link)?.stream_id();
    link.encode(&json!({"type": "ok", "stream_id": id}))
}

async fn ok_in_pieces(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let ok = ok(&link)?;
    in_pieces(&mut link, &ok, 1..ok.len(), "one byte of an ok").await;
    link.ask().await?;
    peer.keep(link).await;
    Ok(())
}

async fn ok_with_request(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let id = link.id();
    let bytes = [ok(&link)?, link.encode(&link.request(id))?].concat();
    link.send_raw(&bytes, "an ok and a request").await;
    link.answer(id).await?;
    peer.keep(link).await;
    Ok(())
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

fn unanswered(messages: &[Received], ids: &[u16]) -> Outcome {
    let is_answer = |message: &&Received| {
        let answers = |id: &u16| {
            let wants = [Want::Answer(*id), Want::Data(*id)];
            wants.iter().any(|want| want.allows_message(message))
        };
        ids.iter().any(answers)
    };
    match messages.iter().find(is_answer) {
        None => Ok(()),
        Some(answer) => Err(Stop::fail("no answer", phrase(&answer.message))),
    }
}

/// One of every kind of request.
fn requests(peer: &Peer, link: &mut Link) -> (Vec<u16>, Vec<Json>) {
    let ids = [(); 4].map(|()| link.id());
    let [describe, run, start, stop] = ids;
    let best = peer.catalogue().ok().and_then(|known| {
        let streamable = known.streamable();
        streamable.first().map(|resource| resource.name.clone())
    });
    let streamed = best.unwrap_or_else(|| NO_SUCH_RESOURCE.to_owned());
    let requests = vec![
        link.request(describe),
        call(peer, Some(run)),
        json!({"type": "start_stream", "stream_id": start, "resource": streamed}),
        json!({"type": "stop_stream", "stream_id": stop}),
    ];
    (ids.to_vec(), requests)
}

async fn waits_for_ok(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let (ids, requests) = requests(peer, &mut link);
    for request in requests {
        link.send(request).await?;
    }
    refuse(&mut link).await?;
    let (messages, _) = until_closed(&mut link).await;
    unanswered(&messages, &ids)
}

async fn refused(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    refuse(&mut link).await?;
    let id = link.id();
    link.send(link.request(id)).await?;
    let (messages, end) = until_closed(&mut link).await;
    unanswered(&messages, &[id])?;
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
    unanswered(&messages, &[id])
}

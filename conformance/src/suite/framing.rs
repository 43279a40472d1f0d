//! Messages on a byte stream, however it is cut.

pub(super) mod behind;
pub(super) mod cuts;
pub(super) mod sizes;

use core::time::Duration;
use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::craft::{Craft, varint};
use super::exchange::Exchange;
use crate::case::{CASE, Case, Pace, Role, SERVER};
use crate::subject::{Event, Link, NO_SUCH_RESOURCE, Peer, Received, Want, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// Size of a message that a receiver should accept, in bytes.
const LARGE: usize = 32 * 1024;

/// How long a connection may live on behind a Keep Alive that crossed with what ends it: shorter than
/// anybody waits for an answer.
const AFTER_KEEP_ALIVE: Duration = Duration::from_millis(600);

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "framing.request",
        title: "a request in one piece is answered",
        clauses: &["IOTMP25-SID-001"],
        run: |peer| Box::pin(request(peer)),
        ..CASE
    },
    Case {
        slug: "framing.one-byte-pieces",
        title: "a request that comes byte by byte is answered",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.request"),
        run: |peer| Box::pin(one_byte_pieces(peer)),
        ..CASE
    },
    Case {
        slug: "framing.connect-in-pieces",
        title: "a Connect that comes byte by byte is answered",
        clauses: &["IOTMP25-FRAME-003"],
        run: |peer| Box::pin(connect_in_pieces(peer)),
        ..SERVER
    },
    Case {
        slug: "framing.every-cut",
        title: "a request cut in two, at every place in turn, is answered",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.request"),
        run: |peer| Box::pin(every_cut(peer)),
        ..CASE
    },
    Case {
        slug: "framing.coalesced",
        title: "sixteen requests in one piece are all answered",
        clauses: &["IOTMP25-FRAME-004"],
        control: Some("framing.request"),
        run: |peer| Box::pin(coalesced(peer)),
        ..CASE
    },
    Case {
        slug: "framing.one-and-a-half",
        title: "a request and half of the next in one piece, then the rest, are both answered",
        clauses: &["IOTMP25-FRAME-003", "IOTMP25-FRAME-004"],
        control: Some("framing.request"),
        run: |peer| Box::pin(one_and_a_half(peer)),
        ..CASE
    },
    Case {
        slug: "framing.request-then-disconnect",
        title: "a Disconnect in one piece with the request before it ends the connection",
        clauses: &["IOTMP25-FRAME-004", "IOTMP25-DISCONNECT-001"],
        control: Some("framing.request"),
        run: |peer| Box::pin(request_then_disconnect(peer)),
        ..CASE
    },
    Case {
        slug: "framing.disconnect-then-request",
        title: "a request in one piece with the Disconnect before it is not answered any more",
        clauses: &["IOTMP25-FRAME-004", "IOTMP25-DISCONNECT-001"],
        control: Some("framing.request-then-disconnect"),
        run: |peer| Box::pin(disconnect_then_request(peer)),
        ..CASE
    },
    Case {
        slug: "framing.large-message",
        title: "a message of 32 KiB is answered",
        specs: &["iotmp-shipping"],
        clauses: &["IOTMPS-SIZE-001", "IOTMP25-FRAME-003"],
        control: Some("framing.more-than-a-buffer"),
        run: |peer| Box::pin(large_message(peer)),
        ..CASE
    },
    Case {
        slug: "framing.unknown-type-whole",
        title: "the body of a message of an unknown type is not taken for messages",
        clauses: &["IOTMP25-FRAME-002"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(unknown_type_whole(peer)),
        ..CASE
    },
    Case {
        slug: "framing.body-of-4-gib",
        title: "a body size of 4 GiB ends the connection before the body comes",
        clauses: &["IOTMP25-FRAME-006", "IOTMP25-ROBUST-001"],
        control: Some("framing.sizes"),
        pace: Pace::Alone,
        run: |peer| Box::pin(lying_size(peer, u64::from(u32::MAX))),
        ..CASE
    },
    Case {
        slug: "framing.body-of-16-mib",
        title: "a body size of 16 MiB ends the connection or is waited for, at no cost to others",
        clauses: &["IOTMP25-ROBUST-001"],
        control: Some("framing.request"),
        pace: Pace::Alone,
        run: |peer| Box::pin(large_size(peer)),
        ..CASE
    },
];

async fn request(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let answer = link.ask().await;
    // What a server is asked is a Run.
    match peer.role() {
        Role::Server => answer.blaming("IOTMP25-RUN-001")?,
        Role::Device => answer?,
    };
    peer.keep(link).await;
    Ok(())
}

pub(super) async fn in_pieces(
    link: &mut Link,
    bytes: &[u8],
    pieces: impl Iterator<Item = usize>,
    what: &str,
) {
    let mut from = 0;
    for until in pieces.chain([bytes.len()]) {
        let piece = bytes.get(from..until).unwrap_or_default();
        if !piece.is_empty() {
            link.send_raw(piece, what).await;
            link.pause().await;
        }
        from = until;
    }
}

async fn one_byte_pieces(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = link.encode(&link.request(id))?;
    in_pieces(&mut link, &bytes, 1..bytes.len(), "one byte of a request").await;
    link.answer(id).await?;
    peer.keep(link).await;
    Ok(())
}

async fn connect_in_pieces(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let bytes = exchange.link.encode(&exchange.message)?;
    in_pieces(
        &mut exchange.link,
        &bytes,
        1..bytes.len(),
        "one byte of a connect",
    )
    .await;
    exchange.accepted().await.map(drop)
}

async fn every_cut(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let mut at = 1;
    loop {
        let id = link.id();
        let bytes = link.encode(&link.request(id))?;
        if at >= bytes.len() {
            peer.keep(link).await;
            return Ok(());
        }
        in_pieces(&mut link, &bytes, [at].into_iter(), "a piece of a request").await;
        link.answer(id).await.because(format!(
            "the request was cut after {at} of {} bytes",
            bytes.len()
        ))?;
        at += 1;
    }
}

/// Waits for exactly one answer to each of `ids`, in any order.
pub(super) async fn all_answered(link: &mut Link, ids: &[u16]) -> Outcome {
    let mut open: BTreeSet<u16> = ids.iter().copied().collect();
    while !open.is_empty() {
        let wants: Vec<Want> = open.iter().copied().map(Want::Answer).collect();
        let answer = match link.message(&wants).await {
            Ok(answer) => answer,
            Err(stop) => {
                let left = open.len();
                return Err(stop.because(format!(
                    "{left} of {} requests had no answer yet",
                    ids.len()
                )));
            }
        };
        let answered = answer.stream_id().and_then(|id| u16::try_from(id).ok());
        open.retain(|id| Some(*id) != answered);
    }
    Ok(())
}

async fn coalesced(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let ids: Vec<u16> = (0..16).map(|_| link.id()).collect();
    let mut bytes = Vec::new();
    for id in &ids {
        bytes.extend(link.encode(&link.request(*id))?);
    }
    link.send_raw(&bytes, "sixteen requests in one piece").await;
    all_answered(&mut link, &ids).await?;
    link.quiet("one answer to each request").await?;
    peer.keep(link).await;
    Ok(())
}

async fn one_and_a_half(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for whole in [1, 3] {
        and_a_half(&mut link, whole).await?;
    }
    peer.keep(link).await;
    Ok(())
}

/// So many requests and half of one in one piece.
async fn and_a_half(link: &mut Link, whole: usize) -> Outcome {
    let ids: Vec<u16> = (0..whole).map(|_| link.id()).collect();
    let mut bytes = Vec::new();
    for id in &ids {
        bytes.extend(link.encode(&link.request(*id))?);
    }
    let last = link.id();
    let next = link.encode(&link.request(last))?;
    let (head, tail) = next.split_at(next.len() / 2);
    bytes.extend(head);
    link.hold();
    link.send_raw(&bytes, &format!("{whole} and a half requests"))
        .await;
    all_answered(link, &ids)
        .await
        .because("the rest of the last request had not been sent")?;
    link.send_raw(tail, "the other half").await;
    link.release().await;
    link.answer(last).await.map(drop)
}

async fn request_then_disconnect(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let mut bytes = link.encode(&link.request(id))?;
    let goodbye = vocabulary::disconnect(peer.spec(), link.id());
    bytes.extend(link.encode(&goodbye)?);
    link.send_raw(&bytes, "a request and a disconnect").await;
    // Whoever says goodbye waits for no answer.
    link.closed_in_the_end().await
}

/// Messages are processed in their order, and behind a Disconnect there is none.
async fn disconnect_then_request(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (goodbye, id) = (link.id(), link.id());
    let mut bytes = link.encode(&vocabulary::disconnect(peer.spec(), goodbye))?;
    bytes.extend(link.encode(&link.request(id))?);
    link.send_raw(&bytes, "a disconnect and a request").await;
    let deadline = Instant::now() + link.timeout();
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) if received.stream_id() == Some(id.into()) => {
                let expected = "the end of the connection, and no answer before it";
                let stop = Stop::fail(expected, phrase(&received.message));
                // By itself a Disconnect ends it, as the control shows.
                return Err(stop.blaming("IOTMP25-FRAME-004"));
            }
            Event::Message(_) => {}
            // Whether it ends is the matter of other cases.
            _ => return Ok(()),
        }
    }
}

/// A Run of a resource that does not exist, filled up to a size.
fn filled(link: &Link, id: u16, size: usize) -> Outcome<Vec<u8>> {
    let run = |fill: usize| {
        let payload = Json::String("x".repeat(fill));
        link.encode(&json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE, "payload": payload}))
    };
    let around = run(size)?.len() - size;
    run(size.saturating_sub(around))
}

async fn large_message(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = filled(&link, id, LARGE)?;
    link.send_raw(&bytes, "run of 32 KiB").await;
    let answered = link.answer(id).await;
    if answered.is_err() && sizes::is_lost_in_one_piece(peer, bytes.len()).await? {
        return answered
            .blaming("IOTMP25-FRAME-003")
            .because("it is answered in small pieces, and not in one")
            .map(drop);
    }
    answered.blaming("IOTMPS-SIZE-001")?;
    peer.keep(link).await;
    Ok(())
}

/// The beginning of a Run whose body is said to have this size.
fn announced(link: &Link, size: u64) -> Outcome<Vec<u8>> {
    let run = Craft::new(link.codec()).code("run")?;
    let mut bytes = varint(run);
    bytes.extend(varint(size));
    Ok(bytes)
}

/// What becomes of the message is an open question; its body is a body in every reading.
async fn unknown_type_whole(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let request = link.encode(&link.request(id))?;
    // In one byte, and in two: whoever reads one takes the second for the size.
    for code in [craft.unknown_code(), craft.unknown_code() | 0x80] {
        let what = format!("a message of type {code} whose body is a request");
        link.send_raw(&craft.frame(code, &request), &what).await;
        let settled = link.settle().await?;
        let answered = |message: &&Received| message.stream_id() == Some(id.into());
        if let Some(answer) = settled.messages.iter().find(answered) {
            let expected = "nothing under an identifier that no message had";
            return Err(Stop::fail(expected, phrase(&answer.message)).because(what));
        }
        if !settled.alive {
            link = peer.connected().await?;
        }
    }
    Ok(())
}

async fn lying_size(peer: &Peer, size: u64) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    let bytes = announced(&link, size)?;
    // An answer in passing would be taken for a part of the body.
    link.leave_keep_alive();
    link.send_raw(&bytes, &format!("a run of {size} bytes begins"))
        .await;
    ended_by(&mut link).await.blaming("IOTMP25-FRAME-006")?;
    witness.undisturbed().await
}

/// Waits for the end of a connection, which a Keep Alive that gets no answer would end as well, later.
async fn ended_by(link: &mut Link) -> Outcome {
    let mut deadline = Instant::now() + link.timeout();
    let mut lives = false;
    loop {
        match link.next_before(deadline).await {
            Event::Closed { .. } => return Ok(()),
            // It may have been on its way when the header came.
            Event::Message(received) if received.name() == "keep_alive" && !lives => {
                lives = true;
                deadline = deadline.min(Instant::now() + AFTER_KEEP_ALIVE);
            }
            Event::Message(received) if matches!(received.name(), "error" | "disconnect") => {}
            other => {
                let stop = Stop::fail(Want::Closed.to_string(), other.to_string());
                return Err(match lives {
                    true => stop.because("the subject had sent a Keep Alive meanwhile"),
                    false => stop,
                });
            }
        }
    }
}

async fn large_size(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    let bytes = announced(&link, 16 << 20)?;
    link.send_raw(&bytes, "a run of 16 MiB begins").await;
    if let Event::Message(received) = link.next().await
        && received.name() == "ok"
    {
        return Err(Stop::fail(
            "no answer to an unfinished message",
            phrase(&received.message),
        ));
    }
    witness.undisturbed().await
}

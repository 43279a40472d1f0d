//! Whose a stream identifier is, and what one keeps in order.

use serde_json::{Value as Json, json};

use super::stream::{begun, best, past_data, stopped};
use crate::case::{CASE, Case, DEVICE, Role};
use crate::subject::{Event, Link, NO_SUCH_RESOURCE, Peer, Received, Want};
use crate::verdict::{Outcome, Step, Stop, Verdict};

/// The rule by which a Start Stream, whatever it names, is answered, and that of a Stop Stream
/// of what is not open.
pub(super) const START_IGNORED: &str = "IOTMP25-SID-003";
const STOP_IGNORED: &str = "IOTMP25-STREAM-006";
/// How often one stream is opened and closed in one piece.
const TIMES: usize = 3;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "sid.in-order",
        title: "what comes in one piece on one stream is done in that order",
        clauses: &["IOTMP23-SID-005"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(in_order(peer)),
        ..CASE
    },
    Case {
        slug: "sid.opener-chooses",
        title: "an exchange goes by the identifier that whoever opened it chose",
        clauses: &["IOTMP23-SID-006"],
        control: Some("sid.either-end"),
        run: |peer| Box::pin(opener_chooses(peer)),
        ..CASE
    },
    Case {
        slug: "sid.either-end",
        title: "a stream is opened from this end and closed from this end",
        clauses: &["IOTMP23-SID-007"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(either_end(peer)),
        ..CASE
    },
    Case {
        slug: "sid.again-after-error",
        title: "a stream identifier can be used again after an Error",
        clauses: &["IOTMP25-SID-004"],
        control: Some("run.unknown-resource"),
        run: |peer| Box::pin(again_after_error(peer)),
        ..DEVICE
    },
    Case {
        slug: "sid.start-after-refusal",
        title: "a stream identifier whose Start Stream was refused is free for another one",
        clauses: &["IOTMP25-SID-004"],
        control: Some("stream.start-again"),
        run: |peer| Box::pin(start_after_refusal(peer)),
        ..DEVICE
    },
    Case {
        slug: "framing.in-order",
        title: "a Stop Stream in one piece with the Start Stream before it comes after it",
        clauses: &["IOTMP25-FRAME-004"],
        control: Some("stream.id-range"),
        run: |peer| Box::pin(in_its_order(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.stop-at-once",
        title: "a Stop Stream that does not wait for the Ok of its Start Stream is answered too",
        clauses: &["IOTMP23-STREAM-012"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(stop_at_once(peer)),
        ..CASE
    },
];

/// What is streamed: of a device the best that it has, of a server what nobody has.
fn streamed(peer: &Peer) -> Outcome<&str> {
    match peer.role() {
        Role::Server => Ok(NO_SUCH_RESOURCE),
        Role::Device => Ok(&best(peer)?.name),
    }
}

fn start(id: u16, resource: &str) -> Json {
    json!({"type": "start_stream", "stream_id": id, "resource": resource})
}

fn stop(id: u16) -> Json {
    json!({"type": "stop_stream", "stream_id": id})
}

/// Sends messages in one piece.
async fn send_together(link: &mut Link, messages: &[Json]) -> Outcome {
    let mut bytes = Vec::new();
    let mut names = Vec::new();
    for message in messages {
        bytes.extend(link.encode(message)?);
        names.push(message.get("type").and_then(Json::as_str).unwrap_or("?"));
    }
    link.send_raw(&bytes, &names.join(", then ")).await;
    Ok(())
}

/// Waits for the answer on a stream, and lets its values pass.
async fn answer_on(link: &mut Link, id: u16, wants: &[Want]) -> Outcome<Received> {
    match past_data(link, wants, &[id]).await? {
        Event::Message(received) => Ok(received),
        other => Err(Stop::fail(Want::Answer(id).to_string(), other.to_string())),
    }
}

/// The answers to a Start Stream and to the Stop Stream after it.
///
/// What was opened is closed by Ok. How the Stop Stream of one that was not is
/// answered is the matter of another case.
async fn opened_and_closed(link: &mut Link, id: u16) -> Outcome {
    let opening: &[Want] = match link.role() {
        Role::Server => &[Want::Answer(id)],
        Role::Device => &[Want::Ok(id)],
    };
    let opened = answer_on(link, id, opening).await;
    let opened =
        ignored(link.role(), opened, START_IGNORED).because("the answer to the Start Stream")?;
    let closing = match opened.name() {
        "ok" => Want::Ok(id),
        _ => Want::Answer(id),
    };
    let closed = answer_on(link, id, &[closing]).await;
    let closed = if opened.name() == "ok" {
        closed
    } else {
        ignored(link.role(), closed, STOP_IGNORED)
    };
    closed.because("the answer to the Stop Stream").map(drop)
}

/// A failure by which a server shows that it leaves such a message unanswered, which is not only
/// wrong where the order of messages matters.
pub(super) fn ignored<T>(role: Role, outcome: Outcome<T>, rule: &str) -> Outcome<T> {
    match role {
        Role::Server => unanswered(outcome, rule),
        Role::Device => outcome,
    }
}

/// A failure by which a subject shows that it leaves such a message unanswered.
pub(super) fn unanswered<T>(outcome: Outcome<T>, rule: &str) -> Outcome<T> {
    let is_silence = |stop: &Stop| match stop.verdict() {
        Verdict::Fail(failure) => failure.is_silence(),
        _ => false,
    };
    match outcome {
        Err(stop) if is_silence(&stop) => Err(stop.blaming(rule)),
        other => other,
    }
}

/// Shows that a device streams at all: whether it does is the matter of other cases.
async fn streams(link: &mut Link, resource: &str) -> Outcome {
    if link.role() == Role::Server {
        return Ok(());
    }
    let id = link
        .start_stream(resource, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    begun(link, id).await.unrelated("starting a stream")?;
    stopped(link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping a stream")
}

async fn in_order(peer: &Peer) -> Outcome {
    let resource = streamed(peer)?;
    let mut link = peer.connected().await?;
    streams(&mut link, resource).await?;
    let id = link.id();
    let pair = [start(id, resource), stop(id)];
    let all: Vec<Json> = (0..TIMES).flat_map(|_| pair.clone()).collect();
    send_together(&mut link, &all).await?;
    for nth in 1..=TIMES {
        opened_and_closed(&mut link, id)
            .await
            .because(format!("pair {nth} of {TIMES} on stream {id}"))?;
    }
    link.quiet("one answer to each").await?;
    peer.keep(link).await;
    Ok(())
}

async fn opener_chooses(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let hello = link.hello().and_then(Received::stream_id);
    let own = hello.and_then(|id| u16::try_from(id).ok());
    // The one of the Connect has been free since its Ok.
    for id in own.into_iter().chain([40_001, 3]) {
        link.send(link.request(id)).await?;
        link.message(&[Want::Answer(id)]).await?;
        let resource = streamed(peer)?;
        link.send(start(id, resource)).await?;
        let other = link.id();
        link.send(link.request(other)).await?;
        link.send(stop(id)).await?;
        opened_beside(&mut link, id, other).await?;
    }
    peer.keep(link).await;
    Ok(())
}

/// The answers on a stream and to a request beside it, which may overtake them.
async fn opened_beside(link: &mut Link, id: u16, other: u16) -> Outcome {
    let mut wanted = vec![Want::Answer(id), Want::Answer(id), Want::Answer(other)];
    while !wanted.is_empty() {
        let event = past_data(link, &wanted, &[id]).await;
        // Each of them by itself is the matter of another case.
        let of_stream = wanted.iter().filter(|want| **want == Want::Answer(id));
        let event = match of_stream.count() {
            2 => ignored(link.role(), event, START_IGNORED)?,
            1 => ignored(link.role(), event, STOP_IGNORED)?,
            _ => event?,
        };
        if let Some(at) = wanted.iter().position(|want| want.allows(&event)) {
            wanted.remove(at);
        }
    }
    Ok(())
}

async fn either_end(peer: &Peer) -> Outcome {
    let (resource, role) = (streamed(peer)?, peer.role());
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(start(id, resource)).await?;
    let wants: &[Want] = match peer.role() {
        Role::Server => &[Want::Answer(id)],
        Role::Device => &[Want::Ok(id)],
    };
    let opened = ignored(role, answer_on(&mut link, id, wants).await, START_IGNORED);
    let opened = match role {
        Role::Server => opened?,
        Role::Device => opened.unrelated("starting a stream")?,
    };
    link.send(stop(id)).await?;
    let (closing, rule) = match opened.name() {
        "ok" => (Want::Ok(id), "IOTMP23-SID-007"),
        _ => (Want::Answer(id), STOP_IGNORED),
    };
    let closed = ignored(role, answer_on(&mut link, id, &[closing]).await, rule);
    match role {
        Role::Server => closed?,
        Role::Device => closed.unrelated("stopping a stream")?,
    };
    link.quiet("nothing more on a stream that was closed")
        .await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop_at_once(peer: &Peer) -> Outcome {
    let resource = streamed(peer)?;
    let mut link = peer.connected().await?;
    streams(&mut link, resource).await?;
    let id = link.id();
    send_together(&mut link, &[start(id, resource), stop(id)]).await?;
    opened_and_closed(&mut link, id).await?;
    link.quiet("nothing more on a stream that was closed")
        .await?;
    // The identifier is free, so the stream has ended.
    link.send(link.request(id)).await?;
    link.answer(id).await?;
    peer.keep(link).await;
    Ok(())
}

/// How what there is not is answered is the matter of other cases.
async fn again_after_error(peer: &Peer) -> Outcome {
    peer.catalogue()?;
    let mut link = peer.connected().await?;
    for name in ["run", "describe"] {
        let id = link.id();
        link.send(json!({"type": name, "stream_id": id, "resource": NO_SUCH_RESOURCE}))
            .await?;
        let refused = link
            .answer(id)
            .await
            .unrelated("asking for what is not there")?;
        // A second answer would be taken for that of the next request.
        link.fence().await.unrelated("seeing that one was all")?;
        link.send(json!({"type": name, "stream_id": id, "resource": NO_SUCH_RESOURCE}))
            .await?;
        let twice = link.answer(id).await;
        twice.because(format!("it had answered the same {name} under {id} before"))?;
        link.fence().await.unrelated("seeing that one was all")?;
        link.send(link.request(id)).await?;
        let again = link.message(&[Want::Ok(id)]).await;
        again.because(format!("{} had answered the {name} before", refused.name()))?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn start_after_refusal(peer: &Peer) -> Outcome {
    let resource = streamed(peer)?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(start(id, NO_SUCH_RESOURCE)).await?;
    let refused = link.message(&[Want::Error(id)]).await;
    refused.unrelated("asking for what is not there")?;
    link.send(start(id, resource)).await?;
    answer_on(&mut link, id, &[Want::Ok(id)])
        .await
        .because(format!("the first Start Stream of stream {id} was refused"))?;
    link.send(stop(id)).await?;
    answer_on(&mut link, id, &[Want::Answer(id)])
        .await
        .unrelated("stopping a stream")?;
    peer.keep(link).await;
    Ok(())
}

/// A stream that is not open cannot be stopped.
async fn in_its_order(peer: &Peer) -> Outcome {
    let resource = streamed(peer)?;
    let mut link = peer.connected().await?;
    for _ in 0..TIMES {
        let id = link.id();
        send_together(&mut link, &[start(id, resource), stop(id)]).await?;
        opened_and_closed(&mut link, id).await?;
    }
    link.quiet("nothing more on a stream that was closed")
        .await?;
    peer.keep(link).await;
    Ok(())
}

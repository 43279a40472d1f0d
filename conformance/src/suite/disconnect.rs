//! The announced end of a connection.

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use super::run::slowest;
use crate::case::{CASE, Case, DEVICE, Pace};
use crate::family;
use crate::subject::{Event, Peer, Want, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// The clause that forbids an answer to a Disconnect without an identifier.
const UNANSWERED: &str = "IOTMP23-DISCONNECT-002";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "disconnect.ends",
        title: "after a Disconnect the connection ends",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| Box::pin(ends(peer, |_| Json::Null)),
        ..CASE
    },
    Case {
        slug: "disconnect.with-a-reason",
        title: "after a Disconnect with a reason the connection ends",
        clauses: &["IOTMP25-DISCONNECT-001", "IOTMP23-DISCONNECT-003"],
        run: |peer| Box::pin(ends(peer, vocabulary::reasons)),
        ..CASE
    },
    Case {
        slug: "disconnect.unanswered",
        title: "a Disconnect without a stream identifier is not answered",
        // Elsewhere the same number is another rule.
        specs: &["iotmp-2023"],
        clauses: &[UNANSWERED],
        run: |peer| Box::pin(unanswered(peer)),
        ..CASE
    },
    Case {
        slug: "disconnect.with-requests-open",
        title: "after a Disconnect the connection ends, also with a stream or a call under way",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| Box::pin(with_requests_open(peer)),
        ..CASE
    },
    Case {
        slug: "disconnect.with-a-slow-call-open",
        title: "after a Disconnect the connection ends, also with a call that takes its time",
        clauses: &["IOTMP25-DISCONNECT-001"],
        control: Some("disconnect.ends"),
        run: |peer| Box::pin(with_a_slow_call_open(peer)),
        ..DEVICE
    },
    Case {
        slug: "disconnect.before-ok",
        title: "a Disconnect in the place of the Ok of the Connect ends the connection",
        clauses: &["IOTMP25-DISCONNECT-001"],
        control: Some("disconnect.ends"),
        pace: Pace::Last,
        run: |peer| Box::pin(before_ok(peer)),
        ..DEVICE
    },
];

async fn with_a_slow_call_open(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (resource, took) = slowest(peer, &mut link).await?;
    if took > link.timeout() / 2 {
        return Err(Stop::skip(
            "the device may end no connection before its call",
        ));
    }
    let (call, goodbye) = (link.id(), link.id());
    link.send(resource.run(Some(call))).await?;
    // What comes in one piece with it is the matter of other cases.
    link.pause().await;
    link.send(vocabulary::disconnect(peer.spec(), goodbye))
        .await?;
    let ended = link.closed_in_the_end().await;
    ended.because(format!("a Run of {:?} was under way", resource.name))
}

/// Whoever waits for its Ok is told at any time as well.
async fn before_ok(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    let id = link.id();
    link.send(vocabulary::disconnect(peer.spec(), id)).await?;
    link.closed_in_the_end().await
}

async fn ends(peer: &Peer, says: fn(&Spec) -> Json) -> Outcome {
    let mut link = peer.connected().await?;
    link.fence().await?;
    let id = link.id();
    let mut disconnect = vocabulary::disconnect(peer.spec(), id);
    vocabulary::add(peer.spec(), &mut disconnect, &says(peer.spec()))?;
    let acknowledged = disconnect.get("stream_id").is_some();
    link.send(disconnect).await?;
    if acknowledged {
        // The sources leave open whether it is.
        let answer = link.expect(&[Want::Ok(id), Want::Closed]).await?;
        if matches!(answer, Event::Closed { .. }) {
            return Ok(());
        }
    }
    // Where an answer is forbidden, that is a case of its own.
    match family::clause(peer.spec(), UNANSWERED) {
        Some(_) => link.closed_in_the_end().await,
        None => link.closed().await,
    }
}

/// The end of the connection is the fence: what did not come before it does not come at all.
async fn unanswered(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    link.fence().await?;
    link.send(json!({"type": "disconnect"})).await?;
    match link.next().await {
        Event::Message(received) if matches!(received.name(), "ok" | "error") => {
            Err(Stop::fail("no answer", phrase(&received.message)))
        }
        Event::Garbage(why) | Event::Flood(why) => Err(Stop::fail("no answer", why)),
        Event::Message(_) | Event::Closed { .. } | Event::Silence(_) => Ok(()),
    }
}

async fn with_requests_open(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let streamable = peer
        .catalogue()
        .ok()
        .and_then(|known| known.streamable().first().copied());
    match streamable {
        Some(resource) => drop(
            link.start_stream(&resource.name, &Json::Null)
                .await
                .unrelated("starting a stream")?,
        ),
        None => drop(link.ask().await.unrelated("asking")?),
    }
    let id = link.id();
    link.send(vocabulary::disconnect(peer.spec(), id)).await?;
    link.closed_in_the_end().await
}

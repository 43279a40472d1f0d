//! What stands behind something else in one piece, and what comes late.

use core::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use crate::case::{CASE, Case, Pace, SERVER};
use crate::subject::{Event, Peer, Want, phrase, vocabulary};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Step, Stop};

/// How long half a message waits for its other half: no time for a network, and longer than
/// anything that takes a pause for the end of a message.
const HALFWAY: Duration = Duration::from_millis(600);

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "framing.behind-connect",
        title: "a Disconnect in one piece with the Connect before it ends the connection",
        clauses: &["IOTMP25-FRAME-004"],
        control: Some("disconnect.ends"),
        run: |peer| Box::pin(behind_connect(peer)),
        ..SERVER
    },
    Case {
        slug: "framing.behind-unknown-type",
        title: "a request in one piece with a message of an unknown type is answered, unless that ends the connection",
        clauses: &["IOTMP25-FRAME-004"],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(behind_unknown_type(peer)),
        ..SERVER
    },
    Case {
        slug: "framing.late-half",
        title: "a request whose second half comes 600 ms after the first is answered",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.one-and-a-half"),
        pace: Pace::Slow,
        run: |peer| Box::pin(late_half(peer)),
        ..CASE
    },
];

async fn behind_connect(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let id = link.id();
    let payload = peer.credentials()?.payload();
    let connect = vocabulary::connect(peer.spec(), id, &Json::Null, &payload)?;
    let mut bytes = link.encode(&connect)?;
    let goodbye = vocabulary::disconnect(peer.spec(), link.id());
    bytes.extend(link.encode(&goodbye)?);
    link.send_raw(&bytes, "a connect and a disconnect").await;
    link.closed_in_the_end().await
}

async fn behind_unknown_type(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let (unknown, id) = (link.id(), link.id());
    let body = craft.number(craft.field("ok", "stream_id")?, unknown.into());
    let mut bytes = craft.frame(craft.unknown_code(), &body);
    bytes.extend(link.encode(&link.request(id))?);
    link.send_raw(&bytes, "a message of an unknown type and a request")
        .await;
    let deadline = Instant::now() + link.timeout();
    loop {
        match link.next_before(deadline).await {
            event if Want::Answer(id).allows(&event) => return Ok(()),
            Event::Closed { .. } => return Ok(()),
            // What the unknown one is answered is an open question.
            Event::Message(_) => {}
            other => return Err(Stop::fail(Want::Answer(id).to_string(), other.to_string())),
        }
    }
}

async fn late_half(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = link.encode(&link.request(id))?;
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    link.hold();
    link.send_raw(head, "half of a request").await;
    let ms = HALFWAY.as_millis();
    match link.next_before(Instant::now() + HALFWAY).await {
        Event::Silence(_) => {}
        Event::Message(received) if !Want::Answer(id).allows_message(&received) => {}
        Event::Message(received) => {
            let expected = "no answer to half a message";
            return Err(Stop::fail(expected, phrase(&received.message)));
        }
        other => {
            let because = format!("half of a request came, and within {ms} ms no more");
            return Err(Stop::fail("the connection to go on", other.to_string()).because(because));
        }
    }
    link.send_raw(tail, "the other half").await;
    link.release().await;
    let answer = link.answer(id).await;
    answer
        .because(format!("the other half came {ms} ms later"))
        .map(drop)
}

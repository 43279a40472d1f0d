//! Streams of events, which a device opens at its server.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{closed_again, stopped};
use crate::case::{Case, SERVER};
use crate::subject::{Event, Link, Peer, Want, phrase, vocabulary};
use crate::suite::property::{self, with_id};
use crate::verdict::{Outcome, Step, Stop};

/// An event that every server knows which knows any.
const EVENT: &str = "device_property_update";

/// A property whose update is such an event.
const PROPERTY: &str = "conformance_event";
/// How long an event may take to come from one connection to another.
const SOON: Duration = Duration::from_millis(500);

/// A case about what only a device that was let in can ask for, which is known of these servers alone.
const SUBSCRIBED: Case = Case {
    specs: &["iotmp-shipping"],
    control: Some("stream.stop-unknown"),
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.unsubscribed-twice",
        title: "a second Stop Stream for a subscription is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        run: |peer| Box::pin(unsubscribed_twice(peer)),
        ..SUBSCRIBED
    },
    Case {
        slug: "stream.stop-of-another",
        title: "a Stop Stream ends no stream of another connection",
        clauses: &["IOTMP25-STREAM-006"],
        run: |peer| Box::pin(stop_of_another(peer)),
        ..SUBSCRIBED
    },
    Case {
        slug: "stream.stop-beside-one",
        title: "a Stop Stream under the identifier of nothing is answered by Error beside a subscription, which goes on",
        clauses: &["IOTMP25-STREAM-006"],
        run: |peer| Box::pin(stop_beside_one(peer)),
        ..SUBSCRIBED
    },
    Case {
        slug: "stream.subscribed-disconnect",
        title: "after a Disconnect the connection ends, also with a subscription open",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| Box::pin(subscribed_disconnect(peer)),
        ..SUBSCRIBED
    },
    Case {
        slug: "stream.subscribed-id",
        title: "what comes of a subscription comes under its identifier",
        // The rule itself binds who writes; a server without events has nothing to show of it.
        clauses: &["IOTMP25-SID-003"],
        run: |peer| Box::pin(subscribed_id(peer)),
        ..SUBSCRIBED
    },
];

/// A connection that is subscribed to an event, and the identifier of that.
async fn subscribed(peer: &Peer) -> Outcome<(Link, u16)> {
    let number = vocabulary::number(peer.spec(), "server_resource", "subscribe_event")?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "start_stream", "stream_id": id, "resource": number, "parameters": {"event": EVENT}}))
        .await?;
    let answer = link.message(&[Want::Answer(id)]).await;
    if answer.unrelated("subscribing to an event")?.name() != "ok" {
        return Err(Stop::skip("the server lets a device subscribe to nothing"));
    }
    Ok((link, id))
}

async fn subscribed_id(peer: &Peer) -> Outcome {
    let (mut link, id) = subscribed(peer).await?;
    let set = property::set(peer.spec(), PROPERTY, &json!({"set": id}))?;
    let own = link.id();
    link.send(with_id(&set, own)).await?;
    let deadline = Instant::now() + SOON;
    loop {
        match link.next_before(deadline).await {
            Event::Message(value) if value.name() == "stream_data" => {
                return match value.stream_id() == Some(id.into()) {
                    true => Ok(()),
                    false => {
                        let expected = format!("a value of stream_id={id}");
                        let stop = Stop::fail(expected, phrase(&value.message));
                        Err(stop.blaming("IOTMP25-STREAM-010"))
                    }
                };
            }
            Event::Message(_) => {}
            Event::Garbage(why) | Event::Flood(why) => {
                return Err(Stop::fail(Want::Data(id).to_string(), why));
            }
            Event::Closed { .. } | Event::Silence(_) => {
                let why = "the server tells a device of no change of its properties";
                return Err(Stop::skip(why));
            }
        }
    }
}

async fn stop_of_another(peer: &Peer) -> Outcome {
    if peer.subject().takes_over() {
        return Err(Stop::skip("a second connection of a device ends the first"));
    }
    let (mut link, id) = subscribed(peer).await?;
    let mut other = peer.connected().await?;
    let seen = closed_again(&mut other, id, &[]).await;
    let seen = seen.because("the stream is open on another connection")?;
    // A server that takes the Stop for one of the other stream has none left to end.
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .because("only another connection had asked for its end before")?;
    seen
}

async fn stop_beside_one(peer: &Peer) -> Outcome {
    let (mut link, id) = subscribed(peer).await?;
    let other = link.id();
    let seen = closed_again(&mut link, other, &[id]).await;
    let seen = seen.because("one stream is open, under another identifier")?;
    // A server that takes the Stop for one of that stream has none left to end.
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .because("the end of another stream had been asked for before")?;
    peer.keep(link).await;
    seen
}

async fn subscribed_disconnect(peer: &Peer) -> Outcome {
    let (mut link, _) = subscribed(peer).await?;
    let id = link.id();
    link.send(vocabulary::disconnect(peer.spec(), id)).await?;
    link.closed_in_the_end().await
}

async fn unsubscribed_twice(peer: &Peer) -> Outcome {
    let (mut link, id) = subscribed(peer).await?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("ending the subscription once")?;
    let seen = closed_again(&mut link, id, &[]).await?;
    peer.keep(link).await;
    seen
}

//! Streams of events, which a device opens at its server.

use serde_json::json;

use super::{closed_again, stopped};
use crate::case::{Case, SERVER};
use crate::subject::{Peer, Want, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// An event that every server knows which knows any.
const EVENT: &str = "device_property_update";

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "stream.unsubscribed-twice",
    title: "a second Stop Stream for a subscription is answered by Error",
    // What only a device that was let in can ask for is known of those servers alone.
    specs: &["iotmp-shipping"],
    clauses: &["IOTMP25-STREAM-006"],
    control: Some("stream.stop-unknown"),
    run: |peer| Box::pin(unsubscribed_twice(peer)),
    ..SERVER
}];

async fn unsubscribed_twice(peer: &Peer) -> Outcome {
    let number = vocabulary::number(peer.spec(), "server_resource", "subscribe_event")?;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "start_stream", "stream_id": id, "resource": number, "parameters": {"event": EVENT}}))
        .await?;
    let answer = link.message(&[Want::Answer(id)]).await;
    if answer.unrelated("subscribing to an event")?.name() != "ok" {
        return Err(Stop::skip("the server lets a device subscribe to nothing"));
    }
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("ending the subscription once")?;
    let seen = closed_again(&mut link, id).await?;
    peer.keep(link).await;
    seen
}

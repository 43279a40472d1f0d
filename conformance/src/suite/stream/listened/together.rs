//! What comes in one piece with the answer to a Start Stream.

use core::time::Duration;

use serde_json::json;

use super::apart::{heard, id_of};
use super::{INTERVALS, LISTENED, RESOURCE, device};
use crate::case::Case;
use crate::subject::{Event, Peer, vocabulary};
use crate::verdict::{Outcome, Stop};

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "stream.listened-with-ok",
    title: "a value in one piece with the Ok before it reaches who listens",
    // Elsewhere no device has to give its first value at once.
    specs: &["iotmp-shipping"],
    clauses: &["IOTMP25-FRAME-004"],
    control: Some("stream.listened-values"),
    run: |peer| Box::pin(with_ok(peer)),
    ..LISTENED
}];

async fn with_ok(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let every = Duration::from_secs(seconds);
    let mut link = device(peer).await?;
    let mut wish = peer
        .operator()?
        .listen(peer.credentials()?, RESOURCE, every);
    let event = tokio::select! {
        event = link.next() => event,
        _ = &mut wish => return Err(Stop::inconclusive("the user was answered before the device")),
    };
    let start = match event {
        Event::Message(start) if start.name() == "start_stream" => start,
        other => {
            return Err(Stop::inconclusive(format!(
                "a Start Stream was expected, got {other}"
            )));
        }
    };
    let id = id_of(&start)?;
    let value = json!({"with": "its ok"});
    let name = vocabulary::values(peer.spec()).next().unwrap_or_default();
    let mut bytes = link.encode(&json!({"type": "ok", "stream_id": id}))?;
    bytes.extend(link.encode(&vocabulary::value(peer.spec(), name, id, &value))?);
    link.send_raw(&bytes, "an ok and a value").await;
    let mut listener = tokio::select! {
        told = wish => told.map_err(|why| Stop::inconclusive(why.to_string()))?,
        event = link.next() => {
            return Err(Stop::inconclusive(format!("a listener was expected to be served, got {event}")));
        }
    };
    heard(&link, listener.as_mut(), &value, RESOURCE).await
}

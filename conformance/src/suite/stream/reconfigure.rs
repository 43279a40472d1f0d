//! A stream that gets another interval under its identifier alone.

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::events::no_samples_until;
use super::timed::{LONG, every_tick, streaming, tick, value};
use super::{best, opened, past_data};
use crate::case::{Case, DEVICE, Pace};
use crate::subject::{Link, Peer, Want, vocabulary};
use crate::verdict::{Outcome, Step};

const RECONFIGURES: &str = "IOTMP20-STREAM-013";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.first-without-resource",
        title: "a Start Stream that names no resource for a stream that is not open is answered by Error",
        clauses: &["IOTMP20-STREAM-015"],
        control: Some("stream.start"),
        run: |peer| Box::pin(first_without_resource(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.reconfigure",
        title: "a Start Stream without a resource gives an open stream another interval",
        clauses: &[RECONFIGURES],
        control: Some("stream.start"),
        pace: Pace::Slow,
        run: |peer| Box::pin(reconfigure(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.reconfigure-to-events",
        title: "a Start Stream without a resource and an interval ends the samples of an open stream",
        clauses: &[RECONFIGURES],
        control: Some("stream.start"),
        pace: Pace::Slow,
        run: |peer| Box::pin(to_events(peer)),
        ..DEVICE
    },
];

/// Asks for another interval of a stream, by its identifier alone.
async fn send(link: &mut Link, id: u16, parts: &Json) -> Outcome {
    let mut message = json!({"type": "start_stream", "stream_id": id});
    vocabulary::add(link.codec().spec(), &mut message, parts)?;
    link.send(message).await
}

async fn first_without_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for parts in [Json::Null, every_tick(peer)] {
        let id = link.id();
        send(&mut link, id, &parts).await?;
        link.message(&[Want::Error(id)]).await?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn reconfigure(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (number, tick) = tick(peer);
    let (mut link, id) = opened(peer, resource, &json!({"interval": LONG})).await?;
    let began = Instant::now();
    send(&mut link, id, &every_tick(peer)).await?;
    past_data(&mut link, &[Want::Ok(id)], &[id]).await?;
    // A value of the moment may come at once, and says nothing of the interval.
    while began.elapsed() < tick * 9 / 10 {
        value(&mut link, id, tick)
            .await
            .because(format!("the interval had been {LONG} and is {number} now"))?;
    }
    Ok(())
}

async fn to_events(peer: &Peer) -> Outcome {
    let (mut link, id, _, tick) = streaming(peer).await?;
    send(&mut link, id, &Json::Null).await?;
    past_data(&mut link, &[Want::Ok(id)], &[id]).await?;
    let end = Instant::now() + tick * 5 / 4;
    no_samples_until(&mut link, end, &[id]).await
}

//! Streams without an interval.

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::timed::tick;
use super::{best, past_data, streamable};
use crate::case::{Case, DEVICE, Pace};
use crate::subject::{Event, Function, Link, Peer, Resource, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// The rule that all of them are about.
const EVENTS: &str = "IOTMP20-STREAM-011";
/// Most streams that are opened to see something happen.
const MAX_STREAMS: usize = 8;

/// A case that watches what a device does of its own accord.
const WATCHING: Case = Case {
    clauses: &[EVENTS],
    control: Some("stream.start"),
    pace: Pace::Slow,
    ..DEVICE
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.no-sample-without-interval",
        title: "no sample comes without an interval",
        run: |peer| Box::pin(no_sample(peer, Json::Null)),
        ..WATCHING
    },
    Case {
        slug: "stream.no-sample-at-interval-0",
        title: "no sample comes with the interval 0",
        run: |peer| Box::pin(no_sample(peer, json!({"interval": 0}))),
        ..WATCHING
    },
    Case {
        slug: "stream.event",
        title: "what happens on a stream without an interval comes as an event",
        run: |peer| Box::pin(event(peer)),
        ..WATCHING
    },
];

/// Shows that nothing on a link is a sample; events may come.
pub(super) async fn no_samples_until(link: &mut Link, end: Instant, ids: &[u16]) -> Outcome {
    loop {
        match link.next_before(end).await {
            Event::Silence(_) => return Ok(()),
            event if is_event(&event, ids) => {}
            other => {
                let expected = "no sample without an interval";
                return Err(Stop::fail(expected, other.to_string()));
            }
        }
    }
}

/// Whether it is a value of one of the streams that no interval brings.
fn is_event(event: &Event, ids: &[u16]) -> bool {
    let data = ids.iter().any(|id| Want::Data(*id).allows(event));
    data && !ids.iter().any(|id| Want::Sample(*id).allows(event))
}

/// Opens a stream while values of others may come.
async fn open(link: &mut Link, name: &str, parts: &Json, meanwhile: &mut Vec<u16>) -> Outcome {
    let id = link.id();
    link.send_start_stream(id, name, parts).await?;
    // One that is open beforehand may bring values before the answer.
    past_data(link, &[Want::Ok(id)], meanwhile)
        .await
        .unrelated("starting a stream")?;
    meanwhile.push(id);
    Ok(())
}

async fn no_sample(peer: &Peer, parts: Json) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let mut ids = Vec::new();
    open(&mut link, &resource.name, &parts, &mut ids).await?;
    let end = Instant::now() + tick(peer).1 * 5 / 4;
    no_samples_until(&mut link, end, &ids).await
}

async fn event(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let mut link = peer.connected().await?;
    let mut ids = Vec::new();
    for resource in found.iter().take(MAX_STREAMS) {
        open(&mut link, &resource.name, &Json::Null, &mut ids).await?;
    }
    // An input may be what makes something happen.
    let takes = |r: &&&Resource| r.function == Function::InputOutput && r.input.is_some();
    let mut calls = Vec::new();
    for resource in found.iter().take(MAX_STREAMS).filter(takes) {
        let id = link.id();
        link.send(resource.run(Some(id))).await?;
        calls.push(Want::Answer(id));
    }
    let deadline = Instant::now() + tick(peer).1 * 5 / 4;
    loop {
        let next = link.next_before(deadline).await;
        if calls.iter().any(|call| call.allows(&next)) {
            continue;
        }
        return match next {
            event if is_event(&event, &ids) => Ok(()),
            Event::Message(received) => Err(Stop::fail(
                "an event of a stream without an interval",
                phrase(&received.message),
            )),
            Event::Silence(_) => Err(Stop::skip(
                "nothing happened at the device that it streams while it was watched",
            )),
            other => Err(Stop::fail("an event, or nothing", other.to_string())),
        };
    }
}

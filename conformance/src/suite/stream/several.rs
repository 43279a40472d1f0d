//! Streams beside and after one another.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::timed::{LONG, TIMED, every_tick, nothing_for, past, streaming, tick, value};
use super::{best, opened, past_data, stopped, streamable};
use crate::case::Case;
use crate::subject::{Event, Link, Peer, Resource, Want};
use crate::verdict::{Outcome, Step, Stop};

/// A tick after which there is time for one more.
const SHORT: Duration = Duration::from_millis(500);
/// Identifiers at the ends of their range, and the first ones that take a byte more.
const IDS: [u16; 4] = [0, u16::MAX, 128, 16_384];
/// Streams that every device has at once which has more than one.
const AT_ONCE: usize = 2;
/// How often a resource is streamed again under one identifier.
const ROUNDS: usize = 3;
/// Intervals in which values of one would come, and how many of them show that it goes on: one may
/// be the value of the moment, and one may have been on its way.
const WINDOW: u32 = 4;
const GOES_ON: usize = 3;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.stop-another",
        title: "a Stop Stream for a stream that is not open ends none that is",
        clauses: &["IOTMP25-STREAM-007"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(stop_another(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.stop-one-of-two",
        title: "of two streams the one that is stopped ends, and the other goes on",
        clauses: &["IOTMP25-STREAM-007", "IOTMP25-STREAM-005"],
        control: Some("stream.two-at-once"),
        run: |peer| Box::pin(stop_one_of_two(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.start-again",
        title: "a resource that was streamed and stopped is streamed again",
        clauses: &["IOTMP25-STREAM-001", "IOTMP25-STREAM-003"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(start_again(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.id-range",
        title: "streams under identifiers of every length have their values under them",
        clauses: &["IOTMP25-SID-002", "IOTMP25-STREAM-003"],
        control: Some("stream.two-at-once"),
        run: |peer| Box::pin(id_range(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-by-longer",
        title: "a second Start Stream with a longer interval ends the shorter one",
        clauses: &["IOTMP25-STREAM-008"],
        // Whoever cuts a long interval goes on as fast as before.
        control: Some("number.interval-cut"),
        run: |peer| Box::pin(replace_by_longer(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-by-none",
        title: "a second Start Stream without an interval ends the one there was",
        clauses: &["IOTMP25-STREAM-008"],
        // Elsewhere no interval is so short that there is time for several.
        specs: &["iotmp-shipping"],
        control: Some("stream.replace-by-longer"),
        run: |peer| Box::pin(replace_by_none(peer)),
        ..TIMED
    },
];

async fn stop_another(peer: &Peer) -> Outcome {
    let (mut link, id, _, tick) = streaming(peer).await?;
    // Another one, and one that only the upper byte tells from the one that is open.
    for other in [link.id(), id ^ 0x100] {
        link.send(json!({"type": "stop_stream", "stream_id": other}))
            .await?;
        past_data(&mut link, &[Want::Answer(other)], &[id])
            .await
            .unrelated("stopping what is not open")?;
        // A value that was on its way says nothing.
        link.fence().await?;
        value(&mut link, id, tick)
            .await
            .because(format!("stream {other} was stopped, which was not open"))?;
    }
    Ok(())
}

/// Opens a stream while values of others may come.
async fn open(
    peer: &Peer,
    link: &mut Link,
    id: u16,
    resource: &Resource,
    others: &[u16],
) -> Outcome {
    link.send_start_stream(id, &resource.name, &every_tick(peer))
        .await?;
    past_data(link, &[Want::Ok(id)], others).await.map(drop)
}

/// Stops a stream while values of it and of others may come.
async fn close(link: &mut Link, id: u16, others: &[u16]) -> Outcome {
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    let meanwhile = [others, &[id]].concat();
    past_data(link, &[Want::Ok(id)], &meanwhile).await.map(drop)
}

async fn stop_one_of_two(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let [first, second, ..] = found.as_slice() else {
        return Err(Stop::skip(
            "the device describes only one resource that can be streamed",
        ));
    };
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let (one, two) = (link.id(), link.id());
    open(peer, &mut link, one, first, &[])
        .await
        .unrelated("starting a stream")?;
    open(peer, &mut link, two, second, &[one])
        .await
        .unrelated("starting another stream")?;
    goes_on_without(&mut link, (two, one), tick).await?;
    if tick < SHORT {
        let three = link.id();
        open(peer, &mut link, three, second, &[one])
            .await
            .unrelated("starting it again")?;
        goes_on_without(&mut link, (one, three), tick).await?;
    }
    Ok(())
}

/// Stops the first of two streams and waits for values of the other.
async fn goes_on_without(link: &mut Link, (gone, left): (u16, u16), tick: Duration) -> Outcome {
    close(link, gone, &[left])
        .await
        .blaming("IOTMP25-STREAM-005")?;
    // One may be on its way already.
    for _ in 0..2 {
        value(link, left, tick)
            .await
            .because(format!("only {gone} of {gone} and {left} was stopped"))
            .blaming("IOTMP25-STREAM-007")?;
    }
    Ok(())
}

async fn start_again(peer: &Peer) -> Outcome {
    let (mut link, id, resource, tick) = streaming(peer).await?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it")?;
    let again = link.id();
    let rounds = if tick < SHORT { ROUNDS } else { 1 };
    for nth in 1..=rounds {
        let before = format!("it had been streamed and stopped {nth} times before");
        open(peer, &mut link, again, resource, &[])
            .await
            .blaming("IOTMP25-STREAM-001")
            .because(before.clone())?;
        // The first may be the value of the moment.
        for _ in 0..2 {
            value(&mut link, again, tick)
                .await
                .blaming("IOTMP25-STREAM-003")
                .because(before.clone())?;
        }
        if nth < rounds {
            close(&mut link, again, &[])
                .await
                .unrelated("stopping it")?;
        }
    }
    Ok(())
}

async fn id_range(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    for ids in IDS.chunks(found.len().clamp(1, AT_ONCE)) {
        let mut opened = Vec::new();
        for (id, resource) in ids.iter().zip(&found) {
            open(peer, &mut link, *id, resource, &opened)
                .await
                .unrelated("starting a stream")?;
            opened.push(*id);
        }
        let kept = have_values(&mut link, &opened, tick).await;
        for id in &opened {
            let closed = close(&mut link, *id, &opened).await;
            // Also where values are wrong nothing is left open that might be met again later.
            if kept.is_ok() {
                closed.unrelated("stopping a stream")?;
            }
        }
        kept?;
        // There is no time for all of them where an interval takes long.
        if tick >= SHORT {
            break;
        }
    }
    Ok(())
}

/// Waits for two values of each stream: the first may be the value of the moment.
async fn have_values(link: &mut Link, open: &[u16], tick: Duration) -> Outcome {
    let deadline = Instant::now() + tick * 2 + link.timeout();
    let mut silent = [open, open].concat();
    while let Some(first) = silent.first() {
        let event = link.next_before(deadline).await;
        let Some(id) = open.iter().find(|id| Want::Data(**id).allows(&event)) else {
            let expected = Want::Data(*first).to_string();
            return Err(Stop::fail(expected, event.to_string()).blaming("IOTMP25-SID-002"));
        };
        if let Some(at) = silent.iter().position(|waits| waits == id) {
            silent.remove(at);
        }
    }
    Ok(())
}

async fn replace_by_longer(peer: &Peer) -> Outcome {
    let (mut link, id, resource, tick) = streaming(peer).await?;
    // Something else in between, as who answers a repeated identifier from memory breaks another rule.
    link.fence().await?;
    link.send_start_stream(id, &resource.name, &json!({"interval": LONG}))
        .await?;
    past_data(&mut link, &[Want::Ok(id)], &[id]).await?;
    link.fence()
        .await
        .unrelated("going on behind a Start Stream")?;
    // One may be the value of the moment that takes its time.
    let expected = "no second value before the longer interval is over";
    match link.next_before(Instant::now() + past(tick)).await {
        Event::Silence(_) => Ok(()),
        event if Want::Data(id).allows(&event) => nothing_for(&mut link, past(tick), expected)
            .await
            .because(format!("the interval is {LONG} now")),
        other => Err(Stop::fail(Want::Data(id).to_string(), other.to_string())),
    }
}

/// Values of a stream that come within some intervals.
async fn values(link: &mut Link, id: u16, tick: Duration) -> Outcome<usize> {
    let deadline = Instant::now() + tick * WINDOW;
    let mut count = 0;
    loop {
        match link.next_before(deadline).await {
            Event::Silence(_) => return Ok(count),
            event if Want::Data(id).allows(&event) => count += 1,
            other => return Err(Stop::fail(Want::Data(id).to_string(), other.to_string())),
        }
    }
}

async fn replace_by_none(peer: &Peer) -> Outcome {
    let (resource, tick) = (best(peer)?, tick(peer).1);
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    if values(&mut link, id, tick).await.unrelated("waiting")? > 1 {
        return Err(Stop::skip(
            "the resource has values without an interval as well",
        ));
    }
    open(peer, &mut link, id, resource, &[id])
        .await
        .unrelated("giving it an interval")?;
    for _ in 0..2 {
        value(&mut link, id, tick)
            .await
            .unrelated("waiting for values")?;
    }
    link.send_start_stream(id, &resource.name, &Json::Null)
        .await?;
    past_data(&mut link, &[Want::Ok(id)], &[id]).await?;
    match values(&mut link, id, tick).await? {
        GOES_ON.. => Err(Stop::fail(
            "no value of an interval",
            format!(
                "values within {WINDOW} intervals of {} ms",
                tick.as_millis()
            ),
        )
        .because("the second Start Stream had none")),
        _ => Ok(()),
    }
}

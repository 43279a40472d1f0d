//! Signs of life beside other traffic, which is none.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{
    PATIENT, SUSPICIOUS, bare, default_interval, end_of, given_up_within, goes_on_regardless,
    lively, with_interval, with_margin,
};
use crate::case::{Case, DEVICE, Pace, SERVER};
use crate::subject::{Event, Link, Peer, Want};
use crate::verdict::{Outcome, Step, Stop};

/// Keep Alives one after another; who answers only so many stops somewhere among them.
const MANY: usize = 48;
/// Requests in each interval.
const REQUESTS: u32 = 4;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "keep-alive.answered-on-and-on",
        title: "48 Keep Alives one after another are answered by as many",
        clauses: &["IOTMP25-KEEPALIVE-003"],
        control: Some("keep-alive.answered-each"),
        run: |peer| Box::pin(answered_on_and_on(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.own-interval",
        title: "a connection whose Connect names no interval does not have that of another",
        clauses: &["IOTMP25-KEEPALIVE-005"],
        control: Some("keep-alive.missed"),
        pace: Pace::Slow,
        run: |peer| Box::pin(own_interval(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.beside-requests",
        title: "Keep Alive comes, and is missed, also while requests come",
        clauses: &["IOTMP25-KEEPALIVE-002", "IOTMP25-KEEPALIVE-006"],
        control: Some("keep-alive.sent-and-needed"),
        pace: Pace::Slow,
        run: |peer| Box::pin(beside_requests(peer)),
        ..DEVICE
    },
];

async fn answered_on_and_on(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for nth in 1..=MANY {
        link.send(json!({"type": "keep_alive"})).await?;
        link.message(&[Want::Message("keep_alive")])
            .await
            .because(format!("Keep Alive {nth} of {MANY}"))?;
        peer.transcript().keep_last(SHOWN);
    }
    Ok(())
}

/// The short interval is named first, on a connection that goes on beside the other.
async fn own_interval(peer: &Peer) -> Outcome {
    let interval = Duration::from_secs(1);
    let (mut short, before) = with_interval(peer, interval.as_secs()).await?;
    let mut link = peer.connected().await?;
    let since = Instant::now();
    // Who has the interval of the other would miss a Keep Alive by then.
    let end = since + with_margin(peer, interval) + SUSPICIOUS;
    match link.next_before(end).await {
        Event::Closed { .. } => {
            let got = format!("connection closed after {} ms", since.elapsed().as_millis());
            let default = default_interval(peer).as_secs();
            return Err(
                Stop::fail(format!("no end before {default} s, the default"), got)
                    .because("the Connect of an earlier connection asked for 1 s"),
            );
        }
        _ => link.quiet("nothing").await?,
    }
    end_of(&mut short, before, before + interval * 2)
        .await
        .map(drop)
}

/// Asks again and again until `end`, and returns what comes that is no answer to any of `asked`.
async fn ask_until(
    link: &mut Link,
    end: Instant,
    every: Duration,
    asked: &mut Vec<u16>,
) -> Outcome<Event> {
    loop {
        let id = link.id();
        asked.push(id);
        link.send(link.request(id)).await?;
        let next = (Instant::now() + every).min(end);
        loop {
            match link.next_before(next).await {
                Event::Silence(_) => break,
                event if asked.iter().any(|id| Want::Answer(*id).allows(&event)) => {}
                other => return Ok(other),
            }
        }
        if Instant::now() >= end {
            return Ok(Event::Silence(every));
        }
    }
}

async fn beside_requests(peer: &Peer) -> Outcome {
    let (mut link, interval, late) = lively(peer).await?;
    if interval > PATIENT {
        return Err(Stop::skip(format!(
            "the interval of the device is {} s",
            interval.as_secs()
        )));
    }
    let (began, every) = (Instant::now(), interval / REQUESTS);
    let mut asked = Vec::new();
    match ask_until(&mut link, began + late, every, &mut asked).await? {
        Event::Message(received) if received.name() == "keep_alive" => bare(&received)?,
        other => {
            let expected = format!("a Keep Alive within {} ms", late.as_millis());
            return Err(Stop::fail(expected, other.to_string())
                .blaming("IOTMP25-KEEPALIVE-002")
                .because("meanwhile requests came"));
        }
    }
    // Answers to requests are no answer to it.
    let limit = given_up_within(peer, interval);
    let missed = Instant::now();
    loop {
        match ask_until(&mut link, missed + limit, every, &mut asked).await? {
            Event::Closed { .. } => return Ok(()),
            // It may try once more before it gives up.
            Event::Message(received) if received.name() == "keep_alive" => {}
            other => {
                return Err(goes_on_regardless(&other, limit)
                    .having_kept(&["IOTMP25-KEEPALIVE-002"])
                    .because("requests came, but no answer to its Keep Alive"));
            }
        }
    }
}

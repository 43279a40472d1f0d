//! Signs of life beside other traffic, which is none.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::sent::{PATIENT, given_up_within, goes_on_regardless, is_given_up, lively};
use super::{SUSPICIOUS, bare, default_interval, end_of, with_interval, with_margin};
use crate::case::{Case, DEVICE, Pace, SERVER};
use crate::subject::{Event, Link, Peer, Want};
use crate::suite::stream::best;
use crate::suite::stream::timed::every_tick;
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
        control: Some("keep-alive.answered"),
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
    Case {
        slug: "keep-alive.beside-a-stream",
        title: "Keep Alive comes also while a stream brings values",
        clauses: &["IOTMP25-KEEPALIVE-002"],
        control: Some("keep-alive.goes-on"),
        pace: Pace::Slow,
        run: |peer| Box::pin(beside_a_stream(peer)),
        ..DEVICE
    },
    Case {
        slug: "keep-alive.beside-half-a-message",
        title: "Keep Alive comes also while half of a message waits for the rest",
        clauses: &["IOTMP25-KEEPALIVE-002", "IOTMP25-FRAME-003"],
        control: Some("keep-alive.goes-on"),
        pace: Pace::Slow,
        run: |peer| Box::pin(beside_half_a_message(peer)),
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

/// As [`lively`], of a device whose interval is not too long to be waited for again and again.
async fn brisk(peer: &Peer) -> Outcome<(Link, Duration, Duration)> {
    let (link, interval, late) = lively(peer).await?;
    if interval > PATIENT {
        return Err(Stop::skip(format!(
            "the interval of the device is {} s",
            interval.as_secs()
        )));
    }
    Ok((link, interval, late))
}

async fn beside_requests(peer: &Peer) -> Outcome {
    let (mut link, interval, late) = brisk(peer).await?;
    let (began, every) = (Instant::now(), interval / REQUESTS);
    let mut asked = Vec::new();
    match ask_until(&mut link, began + late, every, &mut asked).await? {
        Event::Message(received) if received.name() == "keep_alive" => bare(&received)?,
        other => {
            return Err(unsent(&other, late).because("meanwhile requests came"));
        }
    }
    // Answers to requests are no answer to it.
    let limit = given_up_within(peer, interval);
    let missed = Instant::now();
    loop {
        match ask_until(&mut link, missed + limit, every, &mut asked).await? {
            event if is_given_up(&event) => return Ok(()),
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

async fn beside_a_stream(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, _, late) = brisk(peer).await?;
    let id = link
        .start_stream(&resource.name, &every_tick(peer))
        .await
        .unrelated("starting a stream")?;
    let since = Instant::now();
    loop {
        match link.next_before(since + late).await {
            Event::Message(received) if received.name() == "keep_alive" => return bare(&received),
            event if Want::Data(id).allows(&event) && since.elapsed() <= late => {
                peer.transcript().keep_last(SHOWN);
            }
            other => return Err(unsent(&other, late).because("meanwhile a stream was open")),
        }
    }
}

/// The failure of a device that sends no Keep Alive.
fn unsent(event: &Event, late: Duration) -> Stop {
    let expected = format!("a Keep Alive within {} ms", late.as_millis());
    Stop::fail(expected, event.to_string()).blaming("IOTMP25-KEEPALIVE-002")
}

async fn beside_half_a_message(peer: &Peer) -> Outcome {
    let (mut link, _, late) = brisk(peer).await?;
    let id = link.id();
    let request = link.encode(&link.request(id))?;
    let (head, tail) = request.split_at(request.len() / 2);
    link.hold();
    link.send_raw(head, "half of a request").await;
    match link.next_before(Instant::now() + late).await {
        Event::Message(received) if received.name() == "keep_alive" => bare(&received)?,
        event if is_given_up(&event) => {
            let why = "the device does not wait so long for the rest of a message";
            return Err(Stop::skip(why));
        }
        other => {
            return Err(unsent(&other, late).because("half of a message waited for the rest"));
        }
    }
    link.send_raw(tail, "the other half").await;
    link.send(json!({"type": "keep_alive"})).await?;
    link.release().await;
    link.answer(id)
        .await
        .blaming("IOTMP25-FRAME-003")
        .because("the second half came after a Keep Alive of the device")
        .map(drop)
}

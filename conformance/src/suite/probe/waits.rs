//! How long a subject waits, and in which unit it counts.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::seen;
use crate::case::{CASE, Case, DEVICE, Pace, SERVER};
use crate::subject::{Event, Link, Peer, Received, Want, vocabulary};
use crate::suite::stream::best;
use crate::verdict::{Outcome, Step, Stop};

const INTERVAL: &str = "IOTMP25-AMB-INTERVAL";
const KEEP_ALIVE_ANSWER: &str = "IOTMP25-AMB-KEEP-ALIVE-ANSWER";
const CONNECT_TIMEOUT: &str = "IOTMP25-AMB-CONNECT-TIMEOUT";

/// Values that come of an interval of one within a second only if it is not one of seconds.
const MANY: usize = 4;
/// How far from the time that a reading says a wait may end and still be that.
const SLACK: Duration = Duration::from_secs(5);

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "probe.interval",
        title: "in which unit is the interval of a stream?",
        roles: DEVICE.roles,
        ambiguity: Some(INTERVAL),
        pace: Pace::Slow,
        run: |peer| Box::pin(interval(peer)),
        ..CASE
    },
    Case {
        slug: "probe.keep-alive-answer",
        title: "how long is the answer to a Keep Alive waited for?",
        roles: DEVICE.roles,
        ambiguity: Some(KEEP_ALIVE_ANSWER),
        pace: Pace::Slow,
        run: |peer| Box::pin(keep_alive_answer(peer)),
        ..CASE
    },
    Case {
        slug: "probe.connect-timeout",
        title: "how long is a Connect waited for?",
        roles: SERVER.roles,
        ambiguity: Some(CONNECT_TIMEOUT),
        pace: Pace::Slow,
        run: |peer| Box::pin(connect_timeout(peer)),
        ..CASE
    },
];

/// Counts values rather than measuring the time between two: one that was held up on its way
/// makes them fewer, never more.
async fn interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let began = Instant::now();
    let id = link
        .start_stream(&resource.name, &json!({"interval": 1}))
        .await
        .unrelated("starting a stream")?;
    let second = Duration::from_secs(1);
    let deadline = began + second + link.timeout();
    let mut values = 0;
    while values < MANY {
        let event = link.next_before(deadline).await;
        if !Want::Data(id).allows(&event) {
            return seen(INTERVAL, &event.to_string());
        }
        values += 1;
        // The value of the start comes before, in either unit.
        if began.elapsed() * 10 >= second * 9 {
            return seen(INTERVAL, "seconds");
        }
    }
    seen(INTERVAL, "milliseconds")
}

fn timer(peer: &Peer, name: &str) -> Outcome<Duration> {
    let seconds = peer.spec().timer(name);
    let seconds = seconds.ok_or_else(|| Stop::skip(format!("the spec has no {name}")))?;
    Ok(Duration::from_secs(seconds))
}

/// Skips what the run has no patience for.
fn has_patience(peer: &Peer, at_most: Duration) -> Outcome {
    if at_most <= peer.patience() {
        return Ok(());
    }
    Err(Stop::skip(format!(
        "to see it takes up to {0} s; --patience {0} would wait for it",
        at_most.as_secs() + 1
    )))
}

/// Waits for the end of the connection, past whatever comes before it.
async fn end_of(link: &mut Link, since: Instant, at_most: Duration) -> Option<Duration> {
    loop {
        match link.next_before(since + at_most).await {
            Event::Closed { .. } => return Some(since.elapsed()),
            Event::Message(_) => {}
            Event::Garbage(_) | Event::Flood(_) | Event::Silence(_) => return None,
        }
    }
}

/// The reading where a wait ended after `waited`, and the spec's own is `expected`.
fn reading(waited: Option<Duration>, expected: Duration, at_most: Duration) -> String {
    match waited {
        Some(waited) if waited.abs_diff(expected) <= SLACK.min(expected / 2) => {
            "seconds".to_owned()
        }
        Some(waited) => format!("{} s", waited.as_secs()),
        None => format!("more than {} s", at_most.as_secs()),
    }
}

async fn keep_alive_answer(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    link.leave_keep_alive();
    let hello = link.hello().cloned();
    let announced = hello
        .as_ref()
        .and_then(|hello| vocabulary::part(peer.spec(), hello, "keep_alive")?.as_u64());
    let interval = match announced {
        Some(seconds) => Duration::from_secs(seconds),
        None => timer(peer, "keep_alive_default")?,
    };
    let expected = timer(peer, "keep_alive_answer")?.min(interval);
    let at_most = expected * 2 + SLACK;
    has_patience(peer, interval * 2 + at_most)?;
    let id = hello.as_ref().and_then(Received::stream_id);
    link.send(json!({"type": "ok", "stream_id": id})).await?;
    peer.waits("the device's first Keep Alive", interval * 2);
    let first = link.next_before(Instant::now() + interval * 2 + peer.timeout());
    let first = first.await;
    if !Want::Message("keep_alive").allows(&first) {
        return Err(Stop::skip(format!(
            "instead of a Keep Alive there was: {first}"
        )));
    }
    let since = Instant::now();
    peer.waits("the device to give up its Keep Alive", at_most);
    let waited = end_of(&mut link, since, at_most).await;
    seen(KEEP_ALIVE_ANSWER, &reading(waited, expected, at_most))
}

async fn connect_timeout(peer: &Peer) -> Outcome {
    let expected = timer(peer, "connect_answer")?;
    let at_most = expected * 2 + SLACK;
    has_patience(peer, at_most)?;
    let mut link = peer.open().await?;
    let since = Instant::now();
    peer.waits("the server to give up a silent connection", at_most);
    let waited = end_of(&mut link, since, at_most).await;
    seen(CONNECT_TIMEOUT, &reading(waited, expected, at_most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_is_near_enough_is_the_one_of_the_spec() {
        let seconds = Duration::from_secs;
        let read = |waited| reading(waited, seconds(10), seconds(25));
        assert_eq!(read(Some(seconds(10))), "seconds");
        assert_eq!(read(Some(seconds(15))), "seconds");
        assert_eq!(read(Some(seconds(16))), "16 s");
        assert_eq!(read(Some(seconds(4))), "4 s");
        assert_eq!(read(None), "more than 25 s");
        let short = |waited| reading(Some(waited), seconds(1), seconds(7));
        assert_eq!(short(Duration::from_millis(1100)), "seconds");
        assert_eq!(short(Duration::from_millis(300)), "0 s");
    }
}

//! A device's signs of life, and what it makes of their answers.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{bare, default_interval, with_margin};
use crate::case::{Case, DEVICE, Pace};
use crate::subject::{Event, Link, Peer, Received, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// Longest interval of which more than one is waited for.
pub(super) const PATIENT: Duration = Duration::from_secs(20);
/// Where patience is for so many intervals, more than the second Keep Alive is waited for.
const AT_LENGTH: u32 = 20;
/// Intervals that have to be kept then, so that whoever stops after a few shows it.
const KEPT: usize = 4;
/// Intervals of which one has to be no longer than it may be: on a busy machine some are.
const INTERVALS: usize = 4;
/// By how much a Keep Alive may come later than its server bears, since it has a way to go.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "keep-alive.in-seconds",
        title: "Keep Alive comes as many seconds apart as the Connect says",
        clauses: &["IOTMP23-CONNECT-017"],
        pace: Pace::Slow,
        run: |peer| Box::pin(device_in_seconds(peer)),
        ..DEVICE
    },
    Case {
        slug: "keep-alive.sent-and-needed",
        title: "Keep Alive comes every interval; one that is not answered ends the connection",
        clauses: &[
            "IOTMP25-KEEPALIVE-001",
            "IOTMP25-KEEPALIVE-002",
            "IOTMP25-KEEPALIVE-006",
        ],
        pace: Pace::Slow,
        run: |peer| Box::pin(sent_and_needed(peer)),
        ..DEVICE
    },
    Case {
        slug: "keep-alive.goes-on",
        title: "after an answered Keep Alive comes the next, an interval later, and needs an answer as well",
        clauses: &[
            "IOTMP25-KEEPALIVE-001",
            "IOTMP25-KEEPALIVE-002",
            "IOTMP25-KEEPALIVE-006",
        ],
        pace: Pace::Slow,
        run: |peer| Box::pin(goes_on(peer)),
        ..DEVICE
    },
];

/// Keep Alives that come before half of the interval is over, at the latest when it is in
/// another unit.
const TOO_MANY: usize = 3;

async fn device_in_seconds(peer: &Peer) -> Outcome {
    let (mut link, interval, late) = lively(peer).await?;
    peer.waits("the device's first Keep Alive", late);
    let since = Instant::now();
    for _ in 0..TOO_MANY {
        match link.next_before(since + late).await {
            Event::Message(received) if received.name() == "keep_alive" => {}
            other => {
                let expected = format!("a Keep Alive within {} ms", late.as_millis());
                return Err(Stop::fail(expected, other.to_string()));
            }
        }
        if since.elapsed() >= interval / 2 {
            return Ok(());
        }
        link.send(json!({"type": "keep_alive"})).await?;
    }
    Err(Stop::fail(
        format!("a Keep Alive every {} ms", interval.as_millis()),
        format!("{TOO_MANY} within {} ms", since.elapsed().as_millis()),
    ))
}

/// The interval that a device announced, or the default.
fn announced(peer: &Peer, link: &Link) -> Duration {
    let seconds = link
        .hello()
        .and_then(|hello| vocabulary::part(peer.spec(), hello, "keep_alive")?.as_u64());
    seconds.map_or_else(|| default_interval(peer), Duration::from_secs)
}

/// Lets a device in that will send a Keep Alive within the patience of the run: its connection, the
/// interval, and how late one may be.
pub(super) async fn lively(peer: &Peer) -> Outcome<(Link, Duration, Duration)> {
    let mut link = peer.introduced().await.unrelated("waiting for a Connect")?;
    link.leave_keep_alive();
    let interval = announced(peer, &link);
    let late = with_margin(peer, interval) + peer.timeout();
    if late > peer.patience() {
        return Err(Stop::skip(format!(
            "the device announced a keep alive of {} s; --patience {} would wait for it",
            interval.as_secs(),
            late.as_secs() + 1
        )));
    }
    let id = link.hello().and_then(Received::stream_id);
    link.send(json!({"type": "ok", "stream_id": id})).await?;
    Ok((link, interval, late))
}

/// Waits for a Keep Alive, until it is `late` after `since`.
async fn keep_alive(
    peer: &Peer,
    link: &mut Link,
    nth: &str,
    since: Instant,
    late: Duration,
) -> Outcome {
    peer.waits(&format!("the device's {nth} Keep Alive"), late);
    match link.next_before(since + late).await {
        Event::Message(received) if received.name() == "keep_alive" => bare(&received),
        other => {
            let expected = format!("the {nth} Keep Alive within {} ms", late.as_millis());
            Err(Stop::fail(expected, other.to_string()).blaming("IOTMP25-KEEPALIVE-002"))
        }
    }
}

/// What the times between Keep Alives come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rhythm {
    /// An interval lies between them.
    Kept,
    /// One was held up or came early, as may be.
    Unclear,
    /// Too much time lies between any two.
    Slow,
    /// Some come close behind others, again and again.
    Crowded,
}

/// Judges the times between Keep Alives, each of which was answered at once.
///
/// Early ones do no harm, so that a device is free to send more of them. What comes behind another at
/// once, more than once, has nothing to do with an interval: it may answer the answer.
fn rhythm(windows: &[Duration], interval: Duration, longest: Duration, enough: usize) -> Rhythm {
    let close = windows.iter().filter(|window| **window < interval / 5);
    let close = close.count();
    let late = windows.iter().filter(|window| **window > longest).count();
    let kept = windows.len() - close - late;
    match () {
        () if close > 1 => Rhythm::Crowded,
        () if kept >= close + enough => Rhythm::Kept,
        () if late >= kept + INTERVALS => Rhythm::Slow,
        () => Rhythm::Unclear,
    }
}

/// How long after it was let in a device sends its first Keep Alive.
async fn first_after(peer: &Peer, link: &mut Link, late: Duration) -> Outcome<Duration> {
    let since = Instant::now();
    keep_alive(peer, link, "first", since, late).await?;
    Ok(since.elapsed())
}

async fn goes_on(peer: &Peer) -> Outcome {
    let (mut link, interval, late) = lively(peer).await?;
    if interval > PATIENT {
        return Err(Stop::skip(format!(
            "two Keep Alives take {} s; the one of keep-alive.sent-and-needed has to do",
            2 * interval.as_secs()
        )));
    }
    let longest = with_margin(peer, interval) + ON_ITS_WAY;
    let mut first = first_after(peer, &mut link, late).await?;
    if first > longest + interval / 2 {
        // A busy machine may hold up one of them.
        link.close();
        (link, ..) = lively(peer).await?;
        first = first_after(peer, &mut link, late).await?;
    }
    if first > longest + interval / 2 {
        let expected = format!("the first Keep Alive within {} ms", longest.as_millis());
        let got = format!("one after {} ms", first.as_millis());
        return Err(Stop::fail(expected, got).blaming("IOTMP25-KEEPALIVE-002"));
    }
    let is_long = interval * AT_LENGTH <= peer.patience();
    let enough = if is_long { KEPT } else { 1 };
    let (mut since, mut windows) = (Instant::now(), Vec::new());
    let mut seen = Rhythm::Unclear;
    while seen == Rhythm::Unclear {
        link.send(json!({"type": "keep_alive"})).await?;
        keep_alive(peer, &mut link, "next", since, late).await?;
        windows.push(since.elapsed());
        since = Instant::now();
        seen = rhythm(&windows, interval, longest, enough);
    }
    if seen != Rhythm::Kept {
        let got: Vec<_> = windows.iter().map(Duration::as_millis).collect();
        let expected = format!("a Keep Alive every {} ms", interval.as_millis());
        return Err(
            Stop::fail(expected, format!("one after each of {got:?} ms"))
                .blaming("IOTMP25-KEEPALIVE-002"),
        );
    }
    if !is_long {
        return Ok(());
    }
    let limit = given_up_within(peer, interval);
    peer.waits(
        "the device to notice that its last Keep Alive is not answered",
        limit,
    );
    gives_up(&mut link, since, limit)
        .await
        .because("the answers to the Keep Alives before it had come")
}

/// How long a device may take to give up a connection on which its Keep Alive is not answered.
pub(super) fn given_up_within(peer: &Peer, interval: Duration) -> Duration {
    let answer = peer.spec().timer("keep_alive_answer");
    let answer = answer.map_or(interval, Duration::from_secs);
    answer.max(interval).min(peer.patience()) + peer.timeout()
}

/// The failure of one that does not.
pub(super) fn goes_on_regardless(event: &Event, limit: Duration) -> Stop {
    let expected = format!("the end of the connection within {} ms", limit.as_millis());
    Stop::fail(expected, event.to_string()).blaming("IOTMP25-KEEPALIVE-006")
}

/// Waits for a device to give up a connection on which its Keep Alive is not answered.
async fn gives_up(link: &mut Link, since: Instant, limit: Duration) -> Outcome {
    loop {
        match link.next_before(since + limit).await {
            event if is_given_up(&event) => return Ok(()),
            // It may try once more before it gives up.
            Event::Message(received) if received.name() == "keep_alive" => {}
            other => {
                return Err(goes_on_regardless(&other, limit)
                    .having_kept(&["IOTMP25-KEEPALIVE-001", "IOTMP25-KEEPALIVE-002"])
                    .because("its last Keep Alive was not answered"));
            }
        }
    }
}

/// Whether a device says or shows that a connection is over for it.
pub(super) fn is_given_up(event: &Event) -> bool {
    match event {
        Event::Closed { .. } => true,
        // Either end may say so first, and leave it to the other to close.
        Event::Message(received) => received.name() == "disconnect",
        _ => false,
    }
}

async fn sent_and_needed(peer: &Peer) -> Outcome {
    let (mut link, interval, late) = lively(peer).await?;
    keep_alive(peer, &mut link, "first", Instant::now(), late).await?;
    let since = Instant::now();
    let limit = given_up_within(peer, interval);
    peer.waits(
        "the device to notice that its Keep Alive is not answered",
        limit,
    );
    gives_up(&mut link, since, limit).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(windows: &[u64], enough: usize) -> Rhythm {
        let ms = Duration::from_millis;
        let windows: Vec<_> = windows.iter().copied().map(ms).collect();
        rhythm(&windows, ms(1000), ms(1250), enough)
    }

    #[test]
    fn an_interval_is_kept_early_or_a_little_late() {
        for windows in [&[1000][..], &[500], &[250], &[1240], &[1900, 1000]] {
            assert_eq!(seen(windows, 1), Rhythm::Kept, "{windows:?}");
        }
        assert_eq!(seen(&[1000, 1000], 2), Rhythm::Kept);
        assert_eq!(seen(&[1900, 90, 1000, 1000], 1), Rhythm::Kept);
    }

    #[test]
    fn what_may_be_chance_is_looked_at_longer() {
        for windows in [&[2000][..], &[10], &[10, 1000], &[1400, 1400, 1400]] {
            assert_eq!(seen(windows, 1), Rhythm::Unclear, "{windows:?}");
        }
        assert_eq!(seen(&[1000], 2), Rhythm::Unclear);
    }

    #[test]
    fn what_is_no_chance_is_told() {
        assert_eq!(seen(&[1400, 1400, 1400, 1400], 1), Rhythm::Slow);
        assert_eq!(seen(&[1, 1], 1), Rhythm::Crowded);
        assert_eq!(seen(&[1, 999, 1], 1), Rhythm::Crowded);
    }
}

//! Signs of life, and what comes of their absence.

pub(super) mod beside;
pub(super) mod quiet;
pub(super) mod sent;

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::connect::accepted;
use crate::case::{Case, Pace, SERVER};
use crate::subject::{Event, Link, Peer, Received, Want, phrase};
use crate::verdict::{Outcome, Step, Stop, Verdict};

/// How often the suite tries to be late by the right time.
const ATTEMPTS: usize = 3;

/// Keep Alives one after another: more than whoever counts them by mistake allows.
const IN_A_ROW: usize = 20;
/// Keep Alives that keep a connection.
const BEATS: u32 = 5;
/// How often they come, in hundredths of an interval.
const BEAT: u32 = 45;

/// Bytes of the longest size.
const MAX_SIZE: usize = 5;
/// By how much a server may be late that looks at its connections only now and then.
const LAZY: Duration = Duration::from_millis(1200);
/// By how much it is late before that is looked into.
const SUSPICIOUS: Duration = Duration::from_millis(500);

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "keep-alive.answered",
        title: "a Keep Alive is answered by a bare Keep Alive",
        clauses: &["IOTMP25-KEEPALIVE-003", "IOTMP25-KEEPALIVE-001"],
        run: |peer| Box::pin(answered(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.answered-each",
        title: "three Keep Alives in one piece are answered by three",
        clauses: &["IOTMP25-KEEPALIVE-003", "IOTMP25-FRAME-004"],
        run: |peer| Box::pin(answered_each(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.answered-often",
        title: "20 Keep Alives one after another are each answered",
        clauses: &["IOTMP25-KEEPALIVE-003"],
        control: Some("keep-alive.answered-each"),
        run: |peer| Box::pin(answered_often(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.in-margin",
        title: "a Keep Alive that is late, but within the margin, keeps the connection",
        clauses: &["IOTMP25-KEEPALIVE-005"],
        pace: Pace::Slow,
        run: |peer| Box::pin(in_margin(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.in-time",
        title: "Keep Alives in time keep the connection, for many intervals",
        clauses: &["IOTMP25-KEEPALIVE-005", "IOTMP25-RUN-001"],
        control: Some("keep-alive.answered-each"),
        pace: Pace::Slow,
        run: |peer| Box::pin(in_time(peer)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.missed",
        title: "without a Keep Alive the connection ends, but not before the interval does",
        clauses: &["IOTMP25-KEEPALIVE-004", "IOTMP25-KEEPALIVE-005"],
        pace: Pace::Slow,
        run: |peer| Box::pin(missed(peer, false)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.missed-after-one",
        title: "the connection ends without a Keep Alive also where there has been one",
        clauses: &["IOTMP25-KEEPALIVE-004", "IOTMP25-KEEPALIVE-005"],
        pace: Pace::Slow,
        run: |peer| Box::pin(missed(peer, true)),
        ..SERVER
    },
    Case {
        slug: "keep-alive.in-seconds",
        title: "the interval in a Connect is in seconds, and a longer one without it",
        clauses: &["IOTMP23-CONNECT-017"],
        pace: Pace::Slow,
        run: |peer| Box::pin(server_in_seconds(peer)),
        ..SERVER
    },
];

fn bare(received: &Received) -> Outcome {
    // Neither its type nor a size of nothing has to take one byte only.
    let bytes = &received.bytes;
    let ends = |byte: &u8| byte & 0x80 == 0;
    let end_of_type = bytes.iter().position(ends).map_or(bytes.len(), |at| at + 1);
    let size = bytes.get(end_of_type..).unwrap_or_default();
    let is_zero = |byte: &u8| byte & 0x7f == 0;
    if size.len() <= MAX_SIZE && size.iter().all(is_zero) {
        return Ok(());
    }
    Err(
        Stop::fail("a Keep Alive without a body", hex::encode(&received.bytes))
            .blaming("IOTMP25-KEEPALIVE-001"),
    )
}

async fn answered(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    link.send(json!({"type": "keep_alive"})).await?;
    let answer = link
        .message(&[Want::Message("keep_alive")])
        .await
        .blaming("IOTMP25-KEEPALIVE-003")?;
    bare(&answer)
}

async fn answered_each(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let bytes = link.encode(&json!({"type": "keep_alive"}))?.repeat(3);
    link.send_raw(&bytes, "three times keep_alive").await;
    for nth in ["first", "second", "third"] {
        link.message(&[Want::Message("keep_alive")])
            .await
            .because(format!("waiting for the {nth} answer"))?;
    }
    let id = link.id();
    link.send(link.request(id)).await?;
    link.answer(id)
        .await
        .blaming("IOTMP25-RUN-001")
        .because("three Keep Alives were answered")
        .map(drop)
}

async fn answered_often(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for nth in 1..=IN_A_ROW {
        link.send(json!({"type": "keep_alive"})).await?;
        link.message(&[Want::Message("keep_alive")])
            .await
            .because(format!("waiting for the answer to Keep Alive {nth}"))?;
    }
    peer.keep(link).await;
    Ok(())
}

/// The interval and how late a Keep Alive may be, as the spec has it.
fn with_margin(peer: &Peer, interval: Duration) -> Duration {
    let percent = peer.spec().timer("keep_alive_margin").unwrap_or(0);
    let percent = u32::try_from(percent).unwrap_or(0);
    interval + interval * percent / 100
}

fn default_interval(peer: &Peer) -> Duration {
    Duration::from_secs(peer.spec().timer("keep_alive_default").unwrap_or(60))
}

/// Connects with a short interval. The moment is one before the server heard of the connection.
async fn with_interval(peer: &Peer, seconds: u64) -> Outcome<(Link, Instant)> {
    let before = Instant::now();
    match accepted(peer, &json!({"keep_alive": seconds}), None).await {
        Ok((link, _)) => Ok((link, before)),
        Err(stop) => {
            let why = stop.verdict().reason().unwrap_or_default();
            Err(Stop::skip(format!(
                "the server does not accept a keep alive of {seconds} s: {why}"
            )))
        }
    }
}

/// Tries more than once: on a busy machine a Keep Alive may be sent in time and be read too late.
async fn in_margin(peer: &Peer) -> Outcome {
    let interval = Duration::from_secs(2);
    let mut outcome = late_keep_alive(peer, interval).await;
    for _ in 1..ATTEMPTS {
        match &outcome {
            Err(stop) if !matches!(stop.verdict(), Verdict::Skip { .. }) => {
                outcome = late_keep_alive(peer, interval).await;
            }
            _ => break,
        }
    }
    outcome.because(format!("at the last of {ATTEMPTS} attempts"))
}

/// Sends a Keep Alive after the interval, but within its margin, and waits for the answer.
async fn late_keep_alive(peer: &Peer, interval: Duration) -> Outcome {
    let margin = with_margin(peer, interval);
    let (mut link, before) = with_interval(peer, interval.as_secs()).await?;
    let late = before + interval + (margin - interval) / 3;
    match link.next_before(late).await {
        Event::Silence(_) => {}
        other => {
            return Err(Stop::fail("the connection to go on", other.to_string()));
        }
    }
    let slept = before.elapsed();
    link.send(json!({"type": "keep_alive"})).await?;
    // Whether the Keep Alive itself is answered is the matter of another case.
    let id = link.id();
    link.send(link.request(id)).await?;
    let (ms, margin_ms) = (slept.as_millis(), margin.as_millis());
    if before.elapsed() >= margin {
        return Err(Stop::inconclusive(format!(
            "the suite itself came too late, after {ms} ms"
        )));
    }
    let answer = [Want::Message("keep_alive"), Want::Answer(id)];
    let deadline = Instant::now() + link.timeout();
    let mut goes_on = false;
    loop {
        match link.next_before(deadline).await {
            event if answer.iter().any(|want| want.allows(&event)) => return Ok(()),
            // What it says is the matter of other cases; that it says something shows it to go on.
            Event::Message(_) => goes_on = true,
            Event::Silence(_) if goes_on => return Ok(()),
            other => {
                return Err(Stop::fail("the connection to go on", other.to_string()).because(format!(
                    "the Keep Alive was sent after {ms} ms, within the {margin_ms} ms of interval and margin"
                )));
            }
        }
    }
}

/// Sends two Keep Alives in each interval, for longer than any margin.
async fn in_time(peer: &Peer) -> Outcome {
    let interval = Duration::from_secs(1);
    let (mut link, before) = with_interval(peer, interval.as_secs()).await?;
    let mut last = before;
    // There is time enough for a second answer.
    let id = link.id();
    let mut answers = 0;
    link.send(link.request(id)).await?;
    for beat in 1..=BEATS {
        let next = before + interval * beat * BEAT / 100;
        loop {
            match link.next_before(next).await {
                Event::Silence(_) => break,
                Event::Message(received) if received.stream_id() == Some(id.into()) => {
                    answers += 1;
                    if answers > 1 {
                        let got = phrase(&received.message);
                        return Err(Stop::fail("one answer", got).blaming("IOTMP25-RUN-001"));
                    }
                }
                // How a Keep Alive is answered is the matter of other cases.
                Event::Message(_) => {}
                other => {
                    let got = format!("{other} after {} ms", before.elapsed().as_millis());
                    return Err(Stop::fail("the connection to go on", got)
                        .because("a Keep Alive was sent every 450 ms of an interval of 1 s"));
                }
            }
        }
        link.send(json!({"type": "keep_alive"})).await?;
        if last.elapsed() >= interval {
            return Err(Stop::inconclusive("the suite itself came too late"));
        }
        last = Instant::now();
    }
    match link.settle().await.unrelated("answering at the end")?.alive {
        true => Ok(()),
        false => Err(Stop::fail("the connection to go on", "its end")
            .because("a Keep Alive was sent every 450 ms of an interval of 1 s")),
    }
}

/// Waits until the server ends the connection, and says how long after `before`.
async fn end_of(link: &mut Link, before: Instant, deadline: Instant) -> Outcome<Option<Duration>> {
    loop {
        match link.next_before(deadline).await {
            Event::Closed { .. } => return Ok(Some(before.elapsed())),
            Event::Silence(_) => return Ok(None),
            Event::Garbage(why) | Event::Flood(why) => {
                return Err(Stop::fail(Want::Closed.to_string(), why));
            }
            Event::Message(_) => {}
        }
    }
}

async fn missed(peer: &Peer, after_one: bool) -> Outcome {
    let interval = Duration::from_secs(1);
    let (mut link, mut before) = with_interval(peer, interval.as_secs()).await?;
    if after_one {
        before = Instant::now();
        link.send(json!({"type": "keep_alive"})).await?;
    }
    let deadline = before + with_margin(peer, interval) + peer.timeout();
    if let Some(after) = end_of(&mut link, before, deadline).await? {
        if after < interval {
            let got = format!("connection closed after {} ms", after.as_millis());
            return Err(Stop::fail("no end within 1000 ms", got).blaming("IOTMP25-KEEPALIVE-005"));
        }
        if after > with_margin(peer, interval) + SUSPICIOUS {
            return ends_in_time(peer).await;
        }
        return Ok(());
    }
    let got = format!("still open after {} ms", before.elapsed().as_millis());
    Err(Stop::fail("the end of the connection after 1150 ms", got)
        .blaming("IOTMP25-KEEPALIVE-004")
        .because("the Connect asked for an interval of 1 s and was answered by Ok"))
}

/// A longer interval, of which a margin that is too long is longer than a server is lazy.
async fn ends_in_time(peer: &Peer) -> Outcome {
    let interval = Duration::from_secs(4);
    let (mut link, before) = with_interval(peer, interval.as_secs()).await?;
    let latest = with_margin(peer, interval) + LAZY;
    let limit = latest + peer.timeout();
    let ended = end_of(&mut link, before, before + limit).await?;
    if ended.is_some_and(|after| after <= latest) {
        return Ok(());
    }
    let got = ended.map_or_else(
        || format!("still open after {} ms", before.elapsed().as_millis()),
        |after| format!("connection closed after {} ms", after.as_millis()),
    );
    let expected = format!(
        "the end of the connection after {} ms",
        with_margin(peer, interval).as_millis()
    );
    Err(Stop::fail(expected, got)
        .blaming("IOTMP25-KEEPALIVE-004")
        .because("it had been late with an interval of 1 s as well"))
}

async fn server_in_seconds(peer: &Peer) -> Outcome {
    let interval = Duration::from_secs(1);
    let (mut by_default, _) = accepted(peer, &json!(null), None).await?;
    let (mut link, before) = with_interval(peer, interval.as_secs()).await?;
    let deadline = before + with_margin(peer, interval) + peer.timeout();
    let expected = "the connection to end after 1 s and its margin, as its Connect asked for";
    match end_of(&mut link, before, deadline).await? {
        Some(after) if after >= interval => {}
        Some(after) => {
            let got = format!("its end after {} ms", after.as_millis());
            return Err(Stop::fail(expected, got));
        }
        None => {
            let got = format!("still open after {} ms", before.elapsed().as_millis());
            return Err(Stop::fail(expected, got));
        }
    }
    let default = default_interval(peer).as_secs();
    by_default.quiet("nothing").await.because(format!(
        "a connection whose Connect names no interval has one of {default} s"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keep_alive_is_bare_however_long_its_header_is() {
        let is_bare = |bytes: &[u8]| {
            let message = json!({"type": "keep_alive"});
            let bytes = bytes.to_vec();
            bare(&Received { message, bytes }).is_ok()
        };
        assert!(is_bare(&[5, 0]));
        assert!(is_bare(&[
            0x85, 0x80, 0x80, 0x80, 0, 0x80, 0x80, 0x80, 0x80, 0
        ]));
        assert!(!is_bare(&[5, 2, 8, 1]));
        assert!(!is_bare(&[0x85, 0, 1, 0]));
    }
}

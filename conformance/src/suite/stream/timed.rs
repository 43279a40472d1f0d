//! Streams: values in time.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{best, opened, past_data, stopped, streamable};
use crate::case::{Case, DEVICE, Pace};
use crate::family;
use crate::subject::{Event, Function, Link, Peer, Received, Resource, Want};
use crate::suite::run::resource::kind;
use crate::verdict::{Outcome, Step, Stop};

/// Ambiguity that says in which unit the interval is.
const UNIT: &str = "IOTMP25-AMB-INTERVAL";
/// The clause of the rate.
pub(super) const EVERY_INTERVAL: &str = "IOTMP25-STREAM-003";
/// An interval so long that no second value comes of it, in either unit.
pub(super) const LONG: u64 = 3_000_000;
/// By how much a value may be late, at least, where none should come.
const LATE: Duration = Duration::from_millis(200);
/// Calls that are under way when a connection ends.
const MANY: usize = 16;

/// A case that needs values in time.
pub(in crate::suite) const TIMED: Case = Case {
    pace: Pace::Slow,
    ..DEVICE
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.unopened",
        title: "no value comes that nobody asked for",
        clauses: &["IOTMP25-STREAM-004"],
        run: |peer| Box::pin(unopened(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.stop",
        title: "after the Ok of a Stop Stream no value comes",
        clauses: &["IOTMP25-STREAM-005"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(stop(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.two-at-once",
        title: "two resources stream side by side, each under its own identifier",
        clauses: &["IOTMP25-STREAM-007"],
        control: Some("stream.start-again"),
        run: |peer| Box::pin(two_at_once(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-id",
        title: "a second Start Stream of a resource gives its stream another identifier",
        clauses: &["IOTMP25-STREAM-008"],
        control: Some("stream.id-range"),
        run: |peer| Box::pin(replace_id(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-interval",
        title: "a second Start Stream under the same identifier changes the interval",
        clauses: &["IOTMP25-STREAM-008"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(replace_interval(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.ends-with-connection",
        title: "no stream survives a reconnect",
        clauses: &["IOTMP25-STREAM-009"],
        run: |peer| Box::pin(ends_with_connection(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.bare-interval",
        title: "a bare number as parameters is the interval",
        clauses: &["IOTMPS-STREAM-004"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(bare_interval(peer)),
        ..DEVICE
    },
];

/// A short interval: as a number in the unit of the spec, and as time.
pub(in crate::suite) fn tick(peer: &Peer) -> (u64, Duration) {
    let unit = family::ambiguity(peer.spec(), UNIT);
    match unit.map(|unit| unit.reference.as_str()) {
        Some("milliseconds") => (100, Duration::from_millis(100)),
        _ => (1, Duration::from_secs(1)),
    }
}

/// Parameters that ask for values every tick.
pub(in crate::suite) fn every_tick(peer: &Peer) -> Json {
    json!({"interval": tick(peer).0})
}

/// Waits for the next value of a stream that its interval brings, within `tick` and the time for an
/// answer. Others may come before it.
pub(super) async fn value(link: &mut Link, id: u16, tick: Duration) -> Outcome<Instant> {
    sample(link, id, tick).await.map(|_| Instant::now())
}

/// As [`value`], with what came.
pub(super) async fn sample(link: &mut Link, id: u16, tick: Duration) -> Outcome<Received> {
    let deadline = Instant::now() + tick + link.timeout();
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) if Want::Sample(id).allows_message(&received) => {
                return Ok(received);
            }
            event if Want::Data(id).allows(&event) => {}
            other => return Err(Stop::fail(Want::Sample(id).to_string(), other.to_string())),
        }
    }
}

/// Whether a value of an interval comes within `time`.
pub(in crate::suite) async fn sampled(link: &mut Link, id: u16, time: Duration) -> Outcome<bool> {
    let deadline = Instant::now() + time;
    loop {
        match link.next_before(deadline).await {
            Event::Silence(_) => return Ok(false),
            event if Want::Sample(id).allows(&event) => return Ok(true),
            event if Want::Data(id).allows(&event) => {}
            other => return Err(Stop::fail(Want::Data(id).to_string(), other.to_string())),
        }
    }
}

/// Has a device stream what it streams best, every tick: the connection, the stream, the resource,
/// and how long a tick is.
pub(super) async fn streaming(peer: &Peer) -> Outcome<(Link, u16, &Resource, Duration)> {
    let resource = best(peer)?;
    let (link, id) = opened(peer, resource, &every_tick(peer)).await?;
    Ok((link, id, resource, tick(peer).1))
}

/// The time in which a value that should not come would have come, be it late.
pub(in crate::suite) fn past(tick: Duration) -> Duration {
    tick + LATE.max(tick / 4)
}

/// Waits long enough for values to come, and shows that none does.
pub(super) async fn nothing_for(link: &mut Link, time: Duration, expected: &str) -> Outcome {
    match link.next_before(Instant::now() + time).await {
        Event::Silence(_) => link.quiet(expected).await,
        other => Err(Stop::fail(expected, other.to_string())),
    }
}

async fn unopened(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    if let Some(resource) = peer
        .catalogue()
        .ok()
        .and_then(|catalogue| catalogue.runnable())
    {
        let id = link.id();
        link.send(resource.run(Some(id))).await?;
        link.answer(id).await?;
    }
    let (_, tick) = tick(peer);
    nothing_for(&mut link, past(tick), "no value without a stream").await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop(peer: &Peer) -> Outcome {
    let (mut link, id, _, tick) = streaming(peer).await?;
    value(&mut link, id, tick)
        .await
        .unrelated("waiting for a value")?;
    stopped(&mut link, id, &[Want::Ok(id)]).await?;
    let expected = "no value after the Ok of the Stop Stream";
    nothing_for(&mut link, past(tick), expected).await?;
    peer.keep(link).await;
    Ok(())
}

async fn two_at_once(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let Some((first, second)) = pair(&found) else {
        return Err(Stop::skip(
            "the device describes only one resource that can be streamed",
        ));
    };
    let (mut link, one) = opened(peer, first, &every_tick(peer)).await?;
    let two = link.id();
    link.send_start_stream(two, &second.name, &every_tick(peer))
        .await?;
    let answer = past_data(&mut link, &[Want::Answer(two)], &[one])
        .await
        .unrelated("starting another stream")?;
    if Want::Error(two).allows(&answer) {
        return refused_beside(peer, &mut link, one, second).await;
    }
    let tick = tick(peer).1;
    let deadline = Instant::now() + tick * 3 + link.timeout();
    let (mut of_one, mut of_two) = (0, 0);
    while of_one < 2 || of_two < 2 {
        let event = link.next_before(deadline).await;
        for (id, own, other) in [(one, first, second), (two, second, first)] {
            if Want::Data(id).allows(&event) && is_value_of(&event, other, own) {
                let expected = format!("a value of {:?} on stream {id}", own.name);
                return Err(Stop::fail(expected, event.to_string())
                    .because(format!("it is one of {:?}", other.name)));
            }
        }
        if Want::Data(one).allows(&event) {
            of_one += 1;
        } else if Want::Data(two).allows(&event) {
            of_two += 1;
        } else {
            let expected = format!("values of both streams, {one} and {two}");
            let seen = format!("{of_one} values of one and {of_two} of the other came before");
            return Err(Stop::fail(expected, event.to_string()).because(seen));
        }
    }
    Ok(())
}

/// A second stream was refused: whether it is streamed once it is alone.
async fn refused_beside(peer: &Peer, link: &mut Link, one: u16, second: &Resource) -> Outcome {
    stopped(link, one, &[Want::Ok(one)])
        .await
        .unrelated("stopping the first stream")?;
    link.start_stream(&second.name, &every_tick(peer))
        .await
        .unrelated("starting the second stream alone")?;
    Err(Stop::fail(
        "two streams at a time",
        format!("an Error for {:?} as long as another streamed", second.name),
    ))
}

/// Two resources, whose values can be told apart if there are such.
pub(super) fn pair<'r>(found: &[&'r Resource]) -> Option<(&'r Resource, &'r Resource)> {
    let (first, rest) = found.split_first()?;
    let own = shown(first).map(kind);
    // What takes an input may have nothing to say without one.
    let differs = |other: &&&Resource| {
        shown(other).map(kind) != own && other.input.is_some() == first.input.is_some()
    };
    let second = rest.iter().find(differs).or_else(|| rest.first())?;
    Some((first, second))
}

/// A sample of what a stream of a resource carries.
pub(super) fn shown(resource: &Resource) -> Option<&Json> {
    let sample = resource.output.as_ref().or(resource.input.as_ref());
    sample.filter(|sample| !sample.is_null())
}

/// Whether a value is of the kind of one resource and not of that of another.
fn is_value_of(event: &Event, one: &Resource, not: &Resource) -> bool {
    let Event::Message(received) = event else {
        return false;
    };
    let Some(value) = received.field("payload") else {
        return false;
    };
    match (shown(one).map(kind), shown(not).map(kind), kind(value)) {
        // The values of a map may come without their keys once it was sent as a whole.
        (Some("array"), Some("map"), "array") => false,
        (Some(one), Some(not), value) => one != not && value == one,
        _ => false,
    }
}

async fn replace_id(peer: &Peer) -> Outcome {
    let (mut link, old, resource, tick) = streaming(peer).await?;
    let new = link.id();
    link.send_start_stream(new, &resource.name, &every_tick(peer))
        .await?;
    // Whether a value may come before the Ok is the matter of other cases.
    past_data(&mut link, &[Want::Ok(new)], &[old, new]).await?;
    // In more than an interval the old stream would have had a value too, a little behind this one's.
    let replaced = Instant::now();
    while replaced.elapsed() <= tick * 5 / 4 {
        value(&mut link, new, tick)
            .await
            .because(format!("the stream had been {old} and is {new} now"))?;
    }
    Ok(())
}

async fn replace_interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let (mut link, id) = opened(peer, resource, &json!({"interval": LONG})).await?;
    // Something else in between, as who answers a repeated identifier from memory breaks another rule.
    link.fence().await?;
    link.send_start_stream(id, &resource.name, &every_tick(peer))
        .await?;
    past_data(&mut link, &[Want::Ok(id)], &[id]).await?;
    // One may be the value of the moment; the other has to come of the interval.
    for _ in 0..2 {
        value(&mut link, id, tick).await.because(format!(
            "the interval had been {LONG} and is {} now",
            self::tick(peer).0
        ))?;
    }
    Ok(())
}

async fn ends_with_connection(peer: &Peer) -> Outcome {
    let (mut link, id, _, tick) = streaming(peer).await?;
    value(&mut link, id, tick)
        .await
        .unrelated("waiting for a value")?;
    // What takes its time is under way when the connection ends.
    for resource in peer.catalogue()?.all_with(Function::Output).take(MANY) {
        let call = link.id();
        link.send(resource.run(Some(call))).await?;
    }
    link.close();
    let mut link = peer.connected().await?;
    let expected = "no value and no answer on a new connection";
    nothing_for(&mut link, past(tick), expected).await?;
    peer.keep(link).await;
    Ok(())
}

async fn bare_interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (number, tick) = tick(peer);
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, &resource.name, &json!(number))
        .await?;
    if link.answer(id).await?.name() == "error" {
        return Err(Stop::skip(
            "the device does not take a bare interval, and need not",
        ));
    }
    for _ in 0..3 {
        if !sampled(&mut link, id, past(tick)).await? {
            return Err(Stop::skip(
                "the device grants a bare interval as if there was none, as it may",
            ));
        }
    }
    Ok(())
}

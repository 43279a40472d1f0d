//! Streams: opened, closed and replaced.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::case::{CASE, Case, DEVICE, Pace};
use crate::subject::{
    Event, Function, Link, NO_SUCH_RESOURCE, Peer, Resource, Want, any_of, phrase,
};
use crate::verdict::{Outcome, Step, Stop};

/// Ambiguity that says in which unit the interval is.
const UNIT: &str = "IOTMP25-AMB-INTERVAL";
/// An interval so long that no second value comes of it, in either unit.
const LONG: u64 = 3_000_000;
/// Windows that are measured before a stream is called too fast.
const WINDOWS: usize = 3;

/// A case that needs values in time.
const TIMED: Case = Case {
    pace: Pace::Slow,
    ..DEVICE
};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "stream.start",
        title: "a resource that can stream is streamed",
        clauses: &["IOTMP25-STREAM-001"],
        run: |peer| Box::pin(start(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.unknown-resource",
        title: "a Start Stream of a resource that does not exist is answered by Error",
        clauses: &["IOTMP25-STREAM-002"],
        control: Some("stream.start"),
        run: |peer| Box::pin(unknown_resource(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.interval",
        title: "values come every interval, under the stream's identifier",
        clauses: &["IOTMP25-STREAM-003", "IOTMPS-STREAM-001"],
        run: |peer| Box::pin(interval(peer)),
        ..TIMED
    },
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
        run: |peer| Box::pin(stop(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.stop-unknown",
        title: "a Stop Stream for a stream that nobody opened is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        control: Some("framing.request"),
        run: |peer| Box::pin(stop_unknown(peer)),
        ..CASE
    },
    Case {
        slug: "stream.stop-twice",
        title: "a second Stop Stream for a stream is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        control: Some("stream.start"),
        run: |peer| Box::pin(stop_twice(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.id-free-after-stop",
        title: "the identifier of a closed stream can be used again",
        clauses: &["IOTMP25-SID-004"],
        run: |peer| Box::pin(id_free_after_stop(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.two-at-once",
        title: "two resources stream side by side, each under its own identifier",
        clauses: &["IOTMP25-STREAM-007"],
        run: |peer| Box::pin(two_at_once(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-id",
        title: "a second Start Stream of a resource gives its stream another identifier",
        clauses: &["IOTMP25-STREAM-008"],
        run: |peer| Box::pin(replace_id(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.replace-interval",
        title: "a second Start Stream under the same identifier changes the interval",
        clauses: &["IOTMP25-STREAM-008"],
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
        slug: "stream.first-value",
        title: "the value comes at once after the Ok",
        clauses: &["IOTMPS-STREAM-002"],
        run: |peer| Box::pin(first_value(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.echo",
        title: "an input of a streaming resource is followed by its value",
        clauses: &["IOTMPS-STREAM-003"],
        run: |peer| Box::pin(echo(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.bare-interval",
        title: "a bare number as parameters is the interval",
        clauses: &["IOTMPS-STREAM-004"],
        run: |peer| Box::pin(bare_interval(peer)),
        ..DEVICE
    },
];

/// A short interval: as a number in the unit of the spec, and as time.
fn tick(peer: &Peer) -> (u64, Duration) {
    let unit = peer
        .spec()
        .ambiguities
        .iter()
        .find(|known| known.id == UNIT);
    match unit.map(|unit| unit.reference.as_str()) {
        Some("milliseconds") => (100, Duration::from_millis(100)),
        _ => (1, Duration::from_secs(1)),
    }
}

/// Parameters that ask for values every tick.
fn every_tick(peer: &Peer) -> Json {
    json!({"interval": tick(peer).0})
}

/// What can be streamed, the best first.
fn streamable(peer: &Peer) -> Outcome<Vec<&Resource>> {
    let found = peer.catalogue()?.streamable();
    if found.is_empty() {
        return Err(Stop::skip(
            "the device describes no resource that gives a value and can be streamed",
        ));
    }
    Ok(found)
}

fn best(peer: &Peer) -> Outcome<&Resource> {
    let first = streamable(peer)?.first().copied();
    first.ok_or_else(|| Stop::skip("the device describes no resource that can be streamed"))
}

/// Waits for one of `wants` and lets values of the streams in `meanwhile` pass.
async fn past_data(link: &mut Link, wants: &[Want], meanwhile: &[u16]) -> Outcome<Event> {
    let deadline = Instant::now() + link.timeout();
    loop {
        let event = link.next_before(deadline).await;
        if wants.iter().any(|want| want.allows(&event)) {
            return Ok(event);
        }
        if !meanwhile.iter().any(|id| Want::Data(*id).allows(&event)) {
            return Err(Stop::fail(any_of(wants), event.to_string()));
        }
    }
}

/// Waits for the next value of a stream, which comes within `tick` and the time for an answer.
async fn value(link: &mut Link, id: u16, tick: Duration) -> Outcome<Instant> {
    let deadline = Instant::now() + tick + link.timeout();
    let event = link.next_before(deadline).await;
    if Want::Data(id).allows(&event) {
        return Ok(Instant::now());
    }
    Err(Stop::fail(Want::Data(id).to_string(), event.to_string()))
}

/// Stops a stream, whose values may still come before the answer.
async fn stopped(link: &mut Link, id: u16, wants: &[Want]) -> Outcome {
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    past_data(link, wants, &[id]).await.map(drop)
}

/// Waits long enough for values to come, and shows that none does.
async fn nothing_for(link: &mut Link, time: Duration, expected: &str) -> Outcome {
    match link.next_before(Instant::now() + time).await {
        Event::Silence(_) => link.quiet(expected).await,
        other => Err(Stop::fail(expected, other.to_string())),
    }
}

async fn start(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let id = link.start_stream(&resource.name, &Json::Null).await?;
    if stopped(&mut link, id, &[Want::Ok(id)]).await.is_ok() {
        peer.keep(link).await;
    }
    Ok(())
}

async fn unknown_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, NO_SUCH_RESOURCE, &Json::Null)
        .await?;
    link.message(&[Want::Error(id)]).await?;
    peer.keep(link).await;
    Ok(())
}

async fn interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &every_tick(peer))
        .await
        .unrelated("starting a stream")?;
    // The first may be the value of the moment and says nothing of the interval.
    let mut since = value(&mut link, id, tick).await?;
    let mut shortest = Duration::MAX;
    for _ in 0..WINDOWS {
        value(&mut link, id, tick).await?;
        let last = value(&mut link, id, tick).await?;
        // A value that was held up on its way makes one window shorter, never all of them.
        if last - since >= tick {
            return Ok(());
        }
        shortest = shortest.min(last - since);
        since = last;
    }
    Err(Stop::fail(
        format!("a value every {} ms", tick.as_millis()),
        format!("two more within {} ms", shortest.as_millis()),
    ))
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
        link.message(&[Want::Answer(id)]).await?;
    }
    let (_, tick) = tick(peer);
    nothing_for(&mut link, tick, "no value without a stream").await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &every_tick(peer))
        .await
        .unrelated("starting a stream")?;
    value(&mut link, id, tick)
        .await
        .unrelated("waiting for a value")?;
    stopped(&mut link, id, &[Want::Ok(id)]).await?;
    nothing_for(
        &mut link,
        tick * 3 / 2,
        "no value after the Ok of the Stop Stream",
    )
    .await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop_unknown(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    link.message(&[Want::Error(id)]).await?;
    peer.keep(link).await;
    Ok(())
}

async fn stop_twice(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it once")?;
    stopped(&mut link, id, &[Want::Error(id)]).await?;
    peer.keep(link).await;
    Ok(())
}

async fn id_free_after_stop(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it")?;
    link.send(link.request(id)).await?;
    link.message(&[Want::Ok(id)]).await?;
    peer.keep(link).await;
    Ok(())
}

async fn two_at_once(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let [first, second, ..] = found.as_slice() else {
        return Err(Stop::skip(
            "the device describes only one resource that can be streamed",
        ));
    };
    let mut link = peer.connected().await?;
    let one = link.start_stream(&first.name, &every_tick(peer)).await?;
    let two = link.id();
    link.send_start_stream(two, &second.name, &every_tick(peer))
        .await?;
    past_data(&mut link, &[Want::Ok(two)], &[one]).await?;
    let tick = tick(peer).1;
    let deadline = Instant::now() + tick * 3 + link.timeout();
    let (mut of_one, mut of_two) = (0, 0);
    while of_one < 2 || of_two < 2 {
        let event = link.next_before(deadline).await;
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

async fn replace_id(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let old = link
        .start_stream(&resource.name, &every_tick(peer))
        .await
        .unrelated("starting a stream")?;
    let new = link.id();
    link.send_start_stream(new, &resource.name, &every_tick(peer))
        .await?;
    past_data(&mut link, &[Want::Ok(new)], &[old]).await?;
    // In more than an interval the old stream would have had a value too.
    let replaced = Instant::now();
    while replaced.elapsed() <= tick {
        value(&mut link, new, tick)
            .await
            .because(format!("the stream had been {old} and is {new} now"))?;
    }
    Ok(())
}

async fn replace_interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &json!({"interval": LONG}))
        .await
        .unrelated("starting a stream")?;
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
    let resource = best(peer)?;
    let tick = tick(peer).1;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &every_tick(peer))
        .await
        .unrelated("starting a stream")?;
    value(&mut link, id, tick)
        .await
        .unrelated("waiting for a value")?;
    link.close();
    let mut link = peer.connected().await?;
    nothing_for(&mut link, tick * 3 / 2, "no value on a new connection").await?;
    peer.keep(link).await;
    Ok(())
}

async fn first_value(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    link.message(&[Want::Data(id)]).await.map(drop)
}

async fn echo(peer: &Peer) -> Outcome {
    let resources = &peer.catalogue()?.resources;
    let takes = |r: &&Resource| matches!(r.function, Function::Input | Function::InputOutput);
    let mut fitting = resources.iter().filter(takes);
    let Some(resource) =
        fitting.find(|r| r.can_stream && r.input.is_some() && !r.needs_parameters && r.is_plain())
    else {
        return Err(Stop::skip(
            "the device describes no resource that takes an input and can be streamed",
        ));
    };
    let mut link = peer.connected().await?;
    let id = link
        .start_stream(&resource.name, &Json::Null)
        .await
        .unrelated("starting a stream")?;
    // The values of the start come before the fence.
    if let Some(other) = link
        .fence()
        .await?
        .iter()
        .find(|message| !message.is("stream_data", id))
    {
        return Err(Stop::fail(
            "a value of the stream, or nothing",
            phrase(&other.message),
        ));
    }
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    let mut wanted = vec![Want::Ok(call), Want::Data(id)];
    while !wanted.is_empty() {
        let event = link.expect(&wanted).await?;
        wanted.retain(|want| !want.allows(&event));
    }
    Ok(())
}

async fn bare_interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (number, tick) = tick(peer);
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, &resource.name, &json!(number))
        .await?;
    if link.message(&[Want::Answer(id)]).await?.name() == "error" {
        return Err(Stop::skip(
            "the device does not take a bare interval, and need not",
        ));
    }
    for _ in 0..3 {
        value(&mut link, id, tick).await?;
    }
    Ok(())
}

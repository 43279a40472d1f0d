//! What a server asks of a device's streams when its users listen.

pub(in crate::suite) mod apart;
pub(in crate::suite) mod together;
mod unit;

use core::time::Duration;

use serde_json::json;

use self::unit::{PerSecond, UNIT, unit_rule};
use crate::case::{Case, Pace, SERVER};
use crate::subject::vocabulary::{self, part};
use crate::subject::{Asked, Event, Link, Listener, Peer, Received, Unheard, phrase};
use crate::suite::call::unheard;
use crate::verdict::{Outcome, Step, Stop};

/// Ambiguity of listeners that want different intervals.
const SHARED: &str = "IOTMP25-AMB-SHARED-STREAM";
/// The resource that is listened to, and another.
const RESOURCE: &str = "temperature";
const SECOND: &str = "humidity";
const LISTENED_TO: [&str; 2] = [RESOURCE, SECOND];
/// Two intervals in seconds, and the greatest one that divides both.
const INTERVALS: [u64; 3] = [6, 9, 3];

/// What says at which interval a stream is opened, as far as a server can be asked for it.
const IN_TIME: [&str; 2] = ["IOTMP20-STREAM-016", SHARES];
/// Rule of listeners who come and go.
const SHARES: &str = "IOTMP25-SHARE-002";

/// Most requests about one stream that one change of its listeners may take.
const MOST_STEPS: usize = 8;

/// A case in which a server turns to its device. By itself, because a server turns to whichever
/// connection of a device is the newest.
const LISTENED: Case = Case {
    pace: Pace::Alone,
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.listened-interval",
        title: "a listener's interval stands in the Start Stream in the unit of the protocol",
        clauses: &IN_TIME,
        ambiguity: Some(UNIT),
        run: |peer| Box::pin(interval(peer)),
        ..LISTENED
    },
    Case {
        slug: "stream.listened-reconfigured",
        title: "another interval takes a Start Stream with nothing but the identifier and the interval",
        clauses: &["IOTMP20-STREAM-014"],
        control: Some("stream.listened-interval"),
        run: |peer| Box::pin(reconfigured(peer)),
        ..LISTENED
    },
    Case {
        slug: "stream.listened-values",
        title: "the values of a stream reach who listens",
        clauses: &["IOTMP25-SHARE-001"],
        control: Some("stream.listened-interval"),
        run: |peer| Box::pin(values(peer)),
        ..LISTENED
    },
    Case {
        slug: "stream.listened-stop",
        title: "when the last listener leaves, the stream is stopped",
        clauses: &["IOTMP25-SHARE-002"],
        control: Some("stream.listened-interval"),
        run: |peer| Box::pin(stop(peer)),
        ..LISTENED
    },
    Case {
        slug: "stream.listened-shared",
        title: "listeners share a stream at the greatest common divisor, which follows who comes and goes",
        clauses: &["IOTMP25-SHARE-001", "IOTMP25-SHARE-002"],
        ambiguity: Some(SHARED),
        control: Some("stream.listened-stop"),
        run: |peer| Box::pin(come_and_go(peer)),
        ..LISTENED
    },
    Case {
        slug: "probe.shared-stream",
        title: "what becomes of a stream whose listeners want different intervals?",
        ambiguity: Some(SHARED),
        control: Some("stream.listened-interval"),
        run: |peer| Box::pin(shared(peer)),
        ..LISTENED
    },
];

/// What came of a user's wish: what the server asked of the device for it, each answered by Ok, and
/// what the user was told.
struct Granted<T> {
    asked: Vec<Received>,
    told: Result<T, Unheard>,
}

/// Lets a user ask the server for something, and the server the device.
async fn grant<T>(link: &mut Link, mut wish: Asked<'_, T>) -> Outcome<Granted<T>> {
    let mut asked = Vec::new();
    loop {
        let event = tokio::select! {
            told = &mut wish => return match told {
                Err(Unheard::Unable) => Err(unheard(Unheard::Unable)),
                told => Ok(Granted { asked, told }),
            },
            event = link.next() => event,
        };
        match event {
            Event::Message(received) if is_of_streams(&received) => {
                answer(link, &received).await?;
                asked.push(received);
            }
            other => return Err(Stop::fail("a Start Stream", other.to_string())),
        }
    }
}

fn is_of_streams(received: &Received) -> bool {
    matches!(received.name(), "start_stream" | "stop_stream")
}

/// Answers a request of the server by Ok.
async fn answer(link: &mut Link, request: &Received) -> Outcome {
    let Some(id) = request.stream_id() else {
        return Err(Stop::fail("a stream identifier", phrase(&request.message)));
    };
    link.send(json!({"type": "ok", "stream_id": id})).await
}

/// Everything that the server asks for before it answers a fence, each answered by Ok.
async fn rest(link: &mut Link, asked: &mut Vec<Received>) -> Outcome {
    for received in link.fence().await? {
        if is_of_streams(&received) {
            answer(link, &received).await?;
            asked.push(received);
        }
    }
    Ok(())
}

/// The only Start Stream among what was asked.
fn the_start<'a>(asked: &'a [Received], why: &str) -> Outcome<&'a Received> {
    match asked {
        [start] if start.name() == "start_stream" => Ok(start),
        [] => Err(Stop::fail(format!("a Start Stream for {why}"), "nothing")),
        [other, ..] => {
            let other = asked.get(1).unwrap_or(other);
            let expected = format!("one Start Stream for {why}");
            Err(Stop::fail(expected, phrase(&other.message)))
        }
    }
}

/// The interval that a Start Stream asks for, as the protocol counts it.
fn interval_of(peer: &Peer, start: &Received) -> u64 {
    let interval = part(peer.spec(), start, "interval");
    interval.and_then(serde_json::Value::as_u64).unwrap_or(0)
}

/// Waits for a request about streams that is what `is_it` looks for; others are answered by Ok and
/// pass, up to some.
async fn asked_for(
    link: &mut Link,
    what: &str,
    is_it: impl Fn(&Received) -> bool,
) -> Outcome<Received> {
    let mut last = "nothing".to_owned();
    for _ in 0..MOST_STEPS {
        match link.next().await {
            Event::Message(received) if is_of_streams(&received) => {
                answer(link, &received).await?;
                if is_it(&received) {
                    return Ok(received);
                }
                last = phrase(&received.message);
            }
            Event::Silence(_) => break,
            other => return Err(Stop::fail(what, other.to_string())),
        }
    }
    Err(Stop::fail(what, last))
}

/// A connected device that answers the requests about these streams itself.
async fn device(peer: &Peer) -> Outcome<Link> {
    let mut link = peer.greeted().await?;
    link.serve(&["start_stream", "stop_stream"], &LISTENED_TO);
    Ok(link)
}

/// Connects, and lets a user listen every so many seconds: the listener, and the Start Stream.
async fn listened(peer: &Peer, seconds: u64) -> Outcome<(Link, Box<dyn Listener>, Received)> {
    let operator = peer.operator()?;
    let mut link = device(peer).await?;
    let every = Duration::from_secs(seconds);
    let wish = operator.listen(peer.credentials()?, RESOURCE, every);
    let granted = grant(&mut link, wish).await?;
    if let (true, Err(why)) = (granted.asked.is_empty(), &granted.told) {
        return Err(unheard(why.clone()));
    }
    let start = the_start(&granted.asked, "a listener")?.clone();
    let listener = granted.told.map_err(|why| {
        Stop::fail("a listener who is served", why.to_string()).because("the device answered by Ok")
    })?;
    Ok((link, listener, start))
}

async fn interval(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (_link, _listener, start) = listened(peer, seconds).await?;
    let unit = PerSecond::seen(peer, &start, seconds);
    let wanted = unit.count(seconds);
    if interval_of(peer, &start) == wanted && start.field("resource").is_some() {
        return match unit_rule(peer) {
            Some(_) => Ok(()),
            None => Err(Stop::info(UNIT, unit.reading())),
        };
    }
    let expected = format!("a Start Stream of {RESOURCE:?} with the interval {wanted}");
    Err(Stop::fail(expected, phrase(&start.message))
        .because(format!("a user wants a value every {seconds} s"))
        .blaming(unit_rule(peer).unwrap_or(SHARES)))
}

async fn reconfigured(peer: &Peer) -> Outcome {
    let [first, second, _] = INTERVALS;
    let (mut link, mut listener, start) = listened(peer, first).await?;
    let id = start.stream_id();
    let wish = listener.set_interval(Duration::from_secs(second));
    let granted = grant(&mut link, wish).await?;
    let mut changes = granted.asked;
    let wanted = PerSecond::seen(peer, &start, first).count(second);
    let is_last = |change: &Received| interval_of(peer, change) == wanted;
    // Where the new listener comes before the old one leaves, there is a step between.
    if !changes.last().is_some_and(is_last) {
        changes.push(asked_for(&mut link, "a Start Stream for another interval", is_last).await?);
    }
    for change in &changes {
        let mut expected = json!({"type": "start_stream", "stream_id": id});
        let interval = interval_of(peer, change);
        vocabulary::add(peer.spec(), &mut expected, &json!({"interval": interval}))?;
        if change.message != expected {
            let why = format!("a user wants a value every {second} s instead of {first} s");
            return Err(Stop::fail(phrase(&expected), phrase(&change.message)).because(why));
        }
    }
    Ok(())
}

async fn values(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (mut link, mut listener, start) = listened(peer, seconds).await?;
    let id = start.stream_id().and_then(|id| u16::try_from(id).ok());
    let id = id.ok_or_else(|| Stop::fail("a stream identifier", phrase(&start.message)))?;
    let name = vocabulary::values(peer.spec()).next().unwrap_or_default();
    let value = json!({"celsius": "21", "at": ["one", "two"]});
    link.send(vocabulary::value(peer.spec(), name, id, &value))
        .await?;
    let timeout = link.timeout();
    let heard = tokio::time::timeout(timeout, listener.next()).await;
    let wanted = format!("the value {value} at the listener");
    match heard {
        Ok(Ok(heard)) if heard == value => Ok(()),
        Ok(Ok(heard)) => Err(Stop::fail(wanted, heard.to_string())),
        Ok(Err(why)) => Err(Stop::fail(wanted, why.to_string())),
        Err(_) => Err(Stop::fail(wanted, "nothing")),
    }
}

async fn stop(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (mut link, listener, start) = listened(peer, seconds).await?;
    drop(listener);
    stopped(&mut link, &start).await?;
    link.quiet("nothing more of a stream that was stopped")
        .await
}

/// Waits for the Stop Stream of what was started.
async fn stopped(link: &mut Link, start: &Received) -> Outcome {
    let id = start.stream_id();
    let what = format!("a Stop Stream of stream {}", id.unwrap_or_default());
    let is_it = |asked: &Received| asked.name() == "stop_stream" && asked.stream_id() == id;
    asked_for(link, &what, is_it).await.map(drop)
}

/// Waits for a Start Stream with that interval.
async fn restarted(peer: &Peer, link: &mut Link, wanted: u64) -> Outcome<Received> {
    let what = format!("a Start Stream with the interval {wanted}");
    let is_it =
        |asked: &Received| asked.name() == "start_stream" && interval_of(peer, asked) == wanted;
    asked_for(link, &what, is_it).await
}

async fn come_and_go(peer: &Peer) -> Outcome {
    let operator = peer.operator()?;
    if !operator.shares_streams() {
        return Err(Stop::skip(
            "streams of this server are taken by its own program, and not shared",
        ));
    }
    let [first, second, common] = INTERVALS;
    let (mut link, listener, start) = listened(peer, first).await?;
    let unit = PerSecond::seen(peer, &start, first);
    let every = Duration::from_secs(second);
    let wish = operator.listen(peer.credentials()?, RESOURCE, every);
    let granted = grant(&mut link, wish).await?;
    let Ok(other) = granted.told else {
        return Err(Stop::skip(
            "the server refuses a second interval, as it may",
        ));
    };
    let mut changes = granted.asked.iter();
    let is_common = |asked: &Received| interval_of(peer, asked) == unit.count(common);
    let is_shared =
        changes.any(is_common) || restarted(peer, &mut link, unit.count(common)).await.is_ok();
    if !is_shared {
        return Err(Stop::skip(
            "the server does not share streams at a common divisor, and need not",
        ));
    }
    drop(listener);
    let last = restarted(peer, &mut link, unit.count(second))
        .await
        .because(format!("who wanted a value every {first} s has left"))
        .blaming(SHARES)?;
    drop(other);
    stopped(&mut link, &last)
        .await
        .because("the last listener has left")
        .blaming(SHARES)?;
    link.quiet("nothing more of a stream that was stopped")
        .await?;
    Ok(())
}

async fn shared(peer: &Peer) -> Outcome {
    let [first, second, common] = INTERVALS;
    let (mut link, _listener, start) = listened(peer, first).await?;
    let unit = PerSecond::seen(peer, &start, first);
    let wish = peer
        .operator()?
        .listen(peer.credentials()?, RESOURCE, Duration::from_secs(second));
    let mut granted = grant(&mut link, wish).await?;
    rest(&mut link, &mut granted.asked).await?;
    let mut starts = granted.asked.iter();
    let changed = starts.rfind(|received| received.name() == "start_stream");
    let interval = changed.map(|change| interval_of(peer, change));
    let reading = match (&granted.told, interval) {
        (Err(_), None) => "forbid".to_owned(),
        (Ok(_), None) => "first".to_owned(),
        (Ok(_), Some(interval)) if interval == unit.count(common) => "gcd".to_owned(),
        (Ok(_), Some(interval)) if interval == unit.count(second) => {
            let stays = changed.and_then(Received::stream_id) == start.stream_id();
            let kept = if stays { "stream" } else { "first listener" };
            format!("the second interval takes the place of the first, and of its {kept}")
        }
        (_, other) => format!("an interval of {}", other.unwrap_or(0)),
    };
    Err(Stop::info(SHARED, reading))
}

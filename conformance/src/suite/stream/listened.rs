//! What a server asks of a device's streams when its users listen.

use core::time::Duration;

use serde_json::json;

use crate::case::{Case, Pace, SERVER};
use crate::subject::vocabulary::{self, part};
use crate::subject::{Asked, Event, Link, Listener, Peer, Received, phrase};
use crate::verdict::{Outcome, Stop};

/// Ambiguity of listeners that want different intervals.
const SHARED: &str = "IOTMP20-AMB-SHARED-STREAM";
/// The resource that is listened to.
const RESOURCE: &str = "temperature";
/// Two intervals, and the greatest one that divides both.
const INTERVALS: [u64; 3] = [6, 9, 3];

/// A case in which a server turns to its device. By itself, because a server turns to whichever
/// connection of a device is the newest.
const LISTENED: Case = Case {
    pace: Pace::Alone,
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.listened-interval",
        title: "a listener's interval stands in the Start Stream in seconds",
        clauses: &["IOTMP20-STREAM-016"],
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
    told: Result<T, String>,
}

/// Lets a user ask the server for something, and the server the device.
async fn grant<T>(link: &mut Link, mut wish: Asked<'_, T>) -> Outcome<Granted<T>> {
    let mut asked = Vec::new();
    loop {
        let event = tokio::select! {
            told = &mut wish => return Ok(Granted { asked, told }),
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

fn interval_of(peer: &Peer, start: &Received) -> u64 {
    let interval = part(peer.spec(), start, "interval");
    interval.and_then(serde_json::Value::as_u64).unwrap_or(0)
}

/// Connects, and lets a user listen every so many seconds: the listener, and the Start Stream.
async fn listened(peer: &Peer, seconds: u64) -> Outcome<(Link, Box<dyn Listener>, Received)> {
    let operator = peer.operator()?;
    let device = peer.credentials()?;
    let mut link = peer.connected().await?;
    link.serve_streams();
    let wish = operator.listen(device, RESOURCE, Duration::from_secs(seconds));
    let granted = grant(&mut link, wish).await?;
    let start = the_start(&granted.asked, "a listener")?.clone();
    let listener = granted.told.map_err(|why| {
        Stop::fail("a listener who is served", why).because("the device answered by Ok")
    })?;
    Ok((link, listener, start))
}

async fn interval(peer: &Peer) -> Outcome {
    let [seconds, ..] = INTERVALS;
    let (_link, _listener, start) = listened(peer, seconds).await?;
    if interval_of(peer, &start) == seconds && start.field("resource").is_some() {
        return Ok(());
    }
    let expected = format!("a Start Stream of {RESOURCE:?} with the interval {seconds}");
    Err(Stop::fail(expected, phrase(&start.message))
        .because(format!("a user wants a value every {seconds} s")))
}

async fn reconfigured(peer: &Peer) -> Outcome {
    let [first, second, _] = INTERVALS;
    let (mut link, listener, start) = listened(peer, first).await?;
    let id = start.stream_id();
    let wish = listener.set_interval(Duration::from_secs(second));
    let granted = grant(&mut link, wish).await?;
    let change = the_start(&granted.asked, "another interval")?;
    let mut expected = json!({"type": "start_stream", "stream_id": id});
    vocabulary::add(peer.spec(), &mut expected, &json!({"interval": second}))?;
    if change.message == expected {
        return Ok(());
    }
    Err(
        Stop::fail(phrase(&expected), phrase(&change.message)).because(format!(
            "a user wants a value every {second} s instead of {first} s"
        )),
    )
}

async fn shared(peer: &Peer) -> Outcome {
    let [first, second, common] = INTERVALS;
    let (mut link, _listener, start) = listened(peer, first).await?;
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
        (Ok(_), Some(interval)) if interval == common => "gcd".to_owned(),
        (Ok(_), Some(interval)) if interval == second => {
            let stays = changed.and_then(Received::stream_id) == start.stream_id();
            let kept = if stays { "stream" } else { "first listener" };
            format!("the second interval takes the place of the first, and of its {kept}")
        }
        (_, other) => format!("an interval of {} s", other.unwrap_or(0)),
    };
    Err(Stop::info(SHARED, reading))
}

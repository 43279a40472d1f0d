//! Whether values come every interval, in the unit that the spec has or leaves open.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::pace::keeps_time;
use super::timed::{EVERY_INTERVAL, TIMED, sample, shown, streaming, value};
use crate::case::Case;
use crate::family;
use crate::subject::{Event, Function, Link, Peer, Received, Resource, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// The clause that has the unit of milliseconds.
const IN_MILLISECONDS: &str = "IOTMPS-STREAM-001";
/// The clause that has the unit of seconds.
const IN_SECONDS: &str = "IOTMP20-STREAM-016";
/// The clause that what a sample holds has a field of its own.
const OWN_FIELD: &str = "IOTMP20-STREAM-017";
/// An interval that tells seconds from any other unit.
const SECONDS: u64 = 2;
/// Within this an interval of 1 brings more than so many values if it is a millisecond.
const MOMENT: Duration = Duration::from_millis(150);
const FEW: usize = 5;
/// An interval of milliseconds that can be measured.
const TENTH: Duration = Duration::from_millis(100);

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "stream.interval",
    title: "values come every interval, under the stream's identifier",
    clauses: &[
        "IOTMP25-STREAM-003",
        "IOTMPS-STREAM-001",
        "IOTMP20-STREAM-016",
    ],
    run: |peer| Box::pin(interval(peer)),
    ..TIMED
}];

async fn interval(peer: &Peer) -> Outcome {
    let (mut link, id, resource, tick) = streaming(peer).await?;
    let began = Instant::now();
    if is_open_question(peer) && floods(&mut link, id).await? {
        link.close();
        return in_tenths(peer, resource).await;
    }
    // The first may be the value of the moment, unless it took its time.
    let mut first = sample(&mut link, id, tick).await;
    if first.is_ok() && began.elapsed() < tick * 9 / 10 {
        first = sample(&mut link, id, tick).await;
    }
    if first.is_err() && takes_seconds(peer, resource).await.unwrap_or(false) {
        first = first
            .blaming(IN_MILLISECONDS)
            .because(format!("an interval of {SECONDS} took {SECONDS} s"));
    }
    if family::clause(peer.spec(), IN_MILLISECONDS).is_some() {
        first = first.blaming(EVERY_INTERVAL);
    }
    let (data, since) = (first?, Instant::now());
    carries_value(&data, resource).blaming(EVERY_INTERVAL)?;
    keeps_time(&mut link, id, since, tick)
        .await
        .blaming(EVERY_INTERVAL)
}

/// Whether the unit of the interval is for the device to choose.
fn is_open_question(peer: &Peer) -> bool {
    let known = |id| family::clause(peer.spec(), id).is_some();
    !known(IN_MILLISECONDS) && !known(IN_SECONDS)
}

/// Whether many values come at once.
async fn floods(link: &mut Link, id: u16) -> Outcome<bool> {
    let deadline = Instant::now() + MOMENT;
    let mut values = 0;
    while values <= FEW {
        match link.next_before(deadline).await {
            Event::Silence(_) => return Ok(false),
            event if Want::Sample(id).allows(&event) => values += 1,
            event if Want::Data(id).allows(&event) => {}
            other => return Err(Stop::fail(Want::Sample(id).to_string(), other.to_string())),
        }
    }
    Ok(true)
}

/// The same of a device that takes the interval for milliseconds, as it may.
async fn in_tenths(peer: &Peer, resource: &Resource) -> Outcome {
    let mut link = peer.connected().await?;
    let number = TENTH.as_millis() as u64;
    let id = link
        .start_stream(&resource.name, &json!({"interval": number}))
        .await
        .unrelated("starting a stream")?;
    let data = sample(&mut link, id, TENTH).await?;
    carries_value(&data, resource)?;
    let since = value(&mut link, id, TENTH).await?;
    keeps_time(&mut link, id, since, TENTH)
        .await
        .because("an interval of 1 is a millisecond for this device, as it may be")
}

/// Whether Stream Data brings a value where the resource has one to give.
pub(super) fn carries_value(data: &Received, resource: &Resource) -> Outcome {
    // An input has a field of its own where a revision tells it from the output.
    let is_swapped = data.field("input").is_some() && data.field("output").is_none();
    if resource.function == Function::Output && is_swapped {
        let expected = format!("the output of {:?}", resource.name);
        return Err(Stop::fail(expected, phrase(&data.message)).blaming(OWN_FIELD));
    }
    let values = ["payload", "output", "input"];
    if shown(resource).is_none() || values.iter().any(|name| data.field(name).is_some()) {
        return Ok(());
    }
    let expected = format!("a value of {:?}", resource.name);
    let stop = Stop::fail(expected, phrase(&data.message));
    Err(match data.name() {
        "stream_sample" => stop.blaming(OWN_FIELD),
        _ => stop,
    })
}

/// Whether a device takes the interval for seconds.
async fn takes_seconds(peer: &Peer, resource: &Resource) -> Outcome<bool> {
    if family::clause(peer.spec(), IN_MILLISECONDS).is_none() {
        return Ok(false);
    }
    let mut link = peer.connected().await?;
    let parameters = json!({"interval": SECONDS});
    let id = link.start_stream(&resource.name, &parameters).await?;
    let (began, tick) = (Instant::now(), Duration::from_secs(SECONDS));
    let mut at = value(&mut link, id, tick).await?;
    if at - began < tick / 2 {
        at = value(&mut link, id, tick).await?;
    }
    Ok(at - began >= tick * 9 / 10)
}

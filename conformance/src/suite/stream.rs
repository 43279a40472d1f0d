//! Streams: opened and closed.

pub(super) mod after;
pub(super) mod each;
pub(super) mod events;
pub(super) mod interval;
pub(super) mod label;
pub(super) mod listened;
pub(super) mod pace;
pub(super) mod reconfigure;
pub(super) mod several;
pub(super) mod subscribed;
pub(super) mod timed;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use self::interval::carries_value;
use self::timed::LONG;
use crate::case::{CASE, Case, DEVICE, SERVER};
use crate::family;
use crate::subject::{
    Event, Function, Link, NO_SUCH_RESOURCE, Peer, Resource, Want, any_of, phrase,
};
use crate::suite::craft::Craft;
use crate::suite::run::resource::takes_later_field;
use crate::verdict::{Outcome, Step, Stop};

/// Ambiguity of the answer to a Stop Stream for a stream that is not open.
const STOP_STREAM: &str = "IOTMP23-AMB-STOP-STREAM";

/// How often a stream has to be refused before none can be had.
const TIMES: usize = 3;

/// An identifier under which no connection of a run has opened a stream.
const NEVER_OPENED: u16 = 23_131;

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
        slug: "stream.no-resource",
        title: "a Start Stream without a resource is not answered by Ok",
        // In the first revision it changes the interval of a stream.
        specs: &["iotmp-2023", "iotmp-2025", "iotmp-shipping"],
        clauses: &["IOTMP25-STREAM-002", "IOTMP25-KEY-005"],
        control: Some("stream.unknown-resource"),
        run: |peer| Box::pin(no_resource(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.stop-unknown",
        title: "a Stop Stream for a stream that nobody opened is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        ambiguity: Some(STOP_STREAM),
        control: Some("framing.request"),
        run: |peer| Box::pin(stop_unknown(peer)),
        ..CASE
    },
    Case {
        slug: "stream.stop-of-a-request",
        title: "a Stop Stream under the identifier of a request that was answered is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        ambiguity: Some(STOP_STREAM),
        control: Some("stream.stop-unknown"),
        run: |peer| Box::pin(stop_of_a_request(peer)),
        ..SERVER
    },
    Case {
        slug: "stream.stop-twice",
        title: "a second Stop Stream for a stream is answered by Error",
        clauses: &["IOTMP25-STREAM-006"],
        ambiguity: Some(STOP_STREAM),
        control: Some("stream.stop"),
        run: |peer| Box::pin(stop_twice(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.id-free-after-stop",
        title: "the identifier of a closed stream can be used again",
        clauses: &["IOTMP25-SID-004"],
        control: Some("stream.start-again"),
        run: |peer| Box::pin(id_free_after_stop(peer)),
        ..DEVICE
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
        control: Some("describe.one"),
        run: |peer| Box::pin(echo(peer, Json::Null)),
        ..DEVICE
    },
    Case {
        slug: "stream.echo-with-interval",
        title: "an input of a resource that streams every interval is followed by its value as well",
        clauses: &["IOTMPS-STREAM-003"],
        control: Some("stream.echo"),
        run: |peer| Box::pin(echo(peer, json!({"interval": LONG}))),
        ..DEVICE
    },
];

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

pub(super) fn best(peer: &Peer) -> Outcome<&Resource> {
    let first = streamable(peer)?.first().copied();
    first.ok_or_else(|| Stop::skip("the device describes no resource that can be streamed"))
}

/// Waits for one of `wants` and lets values of the streams in `meanwhile` pass.
pub(super) async fn past_data(
    link: &mut Link,
    wants: &[Want],
    meanwhile: &[u16],
) -> Outcome<Event> {
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

/// Lets everything come that a Start Stream brings by itself, which is before a fence.
pub(super) async fn begun(link: &mut Link, id: u16) -> Outcome {
    let messages = link.fence().await?;
    let mut others = messages.iter();
    match others.find(|message| !Want::Data(id).allows_message(message)) {
        None => Ok(()),
        Some(other) => Err(Stop::fail(
            "a value of the stream, or nothing",
            phrase(&other.message),
        )),
    }
}

/// Stops a stream, whose values may still come before the answer.
pub(super) async fn stopped(link: &mut Link, id: u16, wants: &[Want]) -> Outcome {
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    past_data(link, wants, &[id]).await.map(drop)
}

/// A connection on which a resource is streamed, whose Start Stream is the matter of other cases.
async fn opened(peer: &Peer, resource: &Resource, parameters: &Json) -> Outcome<(Link, u16)> {
    let mut link = peer.connected().await?;
    let started = link.start_stream(&resource.name, parameters).await;
    Ok((link, started.unrelated("starting a stream")?))
}

async fn start(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let had_streams = peer.subject().had_streams();
    let mut link = peer.connected().await?;
    let id = link.start_stream(&resource.name, &Json::Null).await;
    let id = match id {
        Ok(id) => id,
        Err(refused) => {
            link.close();
            return Err(why_refused(peer, &resource.name, had_streams, refused).await?);
        }
    };
    if stopped(&mut link, id, &[Want::Ok(id)]).await.is_ok() {
        peer.keep(link).await;
    }
    Ok(())
}

/// A refusal, and the rule behind it where that is another than that of the answer.
async fn why_refused(
    peer: &Peer,
    resource: &str,
    had_streams: bool,
    refused: Stop,
) -> Outcome<Stop> {
    let request = json!({"type": "start_stream", "resource": resource});
    if takes_later_field(peer, request).await? {
        return Ok(refused.blaming("IOTMP23-RUN-007"));
    }
    if !had_streams {
        return Ok(refused);
    }
    let mut link = peer.connected().await?;
    for _ in 0..TIMES {
        let id = link.id();
        link.send_start_stream(id, resource, &Json::Null).await?;
        if !Want::Error(id).allows(&link.next().await) {
            return Ok(refused);
        }
    }
    let before = "there were streams before, whose connections are over, and now each is refused";
    Ok(refused.blaming("IOTMP25-STREAM-009").because(before))
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

async fn no_resource(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let name = "start_stream";
    let id = link.id();
    let body = craft.number(craft.field(name, "stream_id")?, id.into());
    let message = craft.frame(craft.code(name)?, &body);
    link.send_raw(&message, "start_stream without a resource")
        .await;
    let settled = link.settle().await?;
    match settled.messages.iter().find(|message| message.is("ok", id)) {
        None => Ok(()),
        Some(ok) => Err(Stop::fail(
            "an Error, no answer, or the end of the connection",
            phrase(&ok.message),
        )),
    }
}

async fn stop_unknown(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let seen = closed_again(&mut link, NEVER_OPENED, &[]).await?;
    peer.keep(link).await;
    seen
}

async fn stop_of_a_request(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let call = link.id();
    link.send(link.request(call)).await?;
    link.answer(call).await.unrelated("asking")?;
    let seen = closed_again(&mut link, call, &[]).await;
    let seen = seen.because("a request had been answered under that identifier")?;
    peer.keep(link).await;
    seen
}

/// Stops a stream that is not open, while values of those in `meanwhile` may come. Some revisions
/// leave open how that is answered; the inner outcome says how it was.
async fn closed_again(link: &mut Link, id: u16, meanwhile: &[u16]) -> Outcome<Outcome> {
    let is_open_question = family::ambiguity(link.codec().spec(), STOP_STREAM).is_some();
    link.send(json!({"type": "stop_stream", "stream_id": id}))
        .await?;
    let want = match is_open_question {
        true => Want::Answer(id),
        false => Want::Error(id),
    };
    match past_data(link, &[want], meanwhile).await? {
        Event::Message(answer) if is_open_question => {
            Ok(Err(Stop::info(STOP_STREAM, answer.name())))
        }
        _ => Ok(Ok(())),
    }
}

async fn stop_twice(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it once")?;
    let seen = closed_again(&mut link, id, &[]).await?;
    peer.keep(link).await;
    seen
}

async fn id_free_after_stop(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    stopped(&mut link, id, &[Want::Ok(id)])
        .await
        .unrelated("stopping it")?;
    link.send(link.request(id)).await?;
    link.message(&[Want::Ok(id)]).await?;
    link.send_start_stream(id, &resource.name, &Json::Null)
        .await?;
    link.message(&[Want::Ok(id)])
        .await
        .because("the stream that it was before had been stopped")?;
    if stopped(&mut link, id, &[Want::Ok(id)]).await.is_ok() {
        peer.keep(link).await;
    }
    Ok(())
}

async fn first_value(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &Json::Null).await?;
    let value = link.message(&[Want::Data(id)]).await?;
    carries_value(&value, resource)
}

/// A resource that takes an input and can be streamed.
fn sensitive(peer: &Peer) -> Outcome<&Resource> {
    let resources = &peer.catalogue()?.resources;
    let takes = |r: &&Resource| matches!(r.function, Function::Input | Function::InputOutput);
    let mut fitting = resources.iter().filter(takes);
    fitting
        .find(|r| r.can_stream && r.input.is_some() && !r.needs_parameters && r.is_plain())
        .ok_or_else(|| {
            Stop::skip("the device describes no resource that takes an input and can be streamed")
        })
}

async fn echo(peer: &Peer, parameters: Json) -> Outcome {
    let resource = sensitive(peer)?;
    let (mut link, id) = opened(peer, resource, &parameters).await?;
    begun(&mut link, id).await?;
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    let mut wanted = vec![Want::Ok(call), Want::Data(id)];
    while !wanted.is_empty() {
        let event = link.next().await;
        if Want::Error(call).allows(&event) {
            let why = format!("the device refused its own sample of {:?}", resource.name);
            return Err(Stop::inconclusive(why));
        }
        if !wanted.iter().any(|want| want.allows(&event)) {
            return Err(Stop::fail(any_of(&wanted), event.to_string()));
        }
        wanted.retain(|want| !want.allows(&event));
    }
    Ok(())
}

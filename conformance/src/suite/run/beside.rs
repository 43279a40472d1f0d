//! Calls beside the streams of a connection, and across its end.

use serde_json::Value as Json;
use tokio::time::Instant;

use super::slowest;
use crate::case::{Case, DEVICE};
use crate::subject::{Event, Peer, Want, phrase};
use crate::suite::stream::{best, past_data, stopped};
use crate::verdict::{Outcome, Step, Stop};

/// How often as long as it took alone an answer is waited for.
const TIMES: u32 = 2;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "run.while-streaming",
        title: "a resource that streams gives its value to a Run as well",
        clauses: &["IOTMP25-RUN-004"],
        control: Some("run.output"),
        run: |peer| Box::pin(while_streaming(peer)),
        ..DEVICE
    },
    Case {
        slug: "run.answered-elsewhere",
        title: "a call whose connection has ended is not answered on the next one",
        clauses: &["IOTMP25-SID-001"],
        control: Some("run.one-answer"),
        run: |peer| Box::pin(answered_elsewhere(peer)),
        ..DEVICE
    },
];

/// A device may refuse a call for the time of a stream, but not leave out what it gives.
async fn while_streaming(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    if !resource.gives_by_itself() {
        return Err(Stop::skip(
            "what the device streams best gives no value by itself",
        ));
    }
    let mut link = peer.connected().await?;
    let started = link.start_stream(&resource.name, &Json::Null).await;
    let stream = started.unrelated("starting a stream")?;
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    let event = past_data(&mut link, &[Want::Answer(call)], &[stream]).await;
    let Event::Message(answer) = event.unrelated("calling beside a stream")? else {
        return Ok(());
    };
    if answer.name() == "ok" && answer.field("payload").is_none() {
        let got = phrase(&answer.message);
        return Err(Stop::fail("an Ok with a payload", got)
            .because(format!("{:?} was streaming", resource.name)));
    }
    // What is left open might be told of on the next connection.
    let stopped = stopped(&mut link, stream, &[Want::Answer(stream)]).await;
    stopped.unrelated("stopping it")?;
    peer.keep(link).await;
    Ok(())
}

/// Of the calls one that takes its time shows most.
async fn answered_elsewhere(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (resource, took) = slowest(peer, &mut link).await?;
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    link.close();
    let mut link = peer.connected().await?;
    let end = Instant::now() + took * TIMES;
    loop {
        match link.next_before(end).await {
            Event::Silence(_) => break,
            Event::Message(message) if Want::Answer(call).allows_message(&message) => {
                let expected = "no answer on another connection";
                return Err(Stop::fail(expected, phrase(&message.message)));
            }
            Event::Message(_) => {}
            other => return Err(Stop::fail("nothing", other.to_string()).unrelated("waiting")),
        }
    }
    peer.keep(link).await;
    Ok(())
}

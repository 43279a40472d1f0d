//! Streams of every resource that a device offers, and calls of one that streams.

use serde_json::{Value as Json, json};

use super::timed::LONG;
use super::{begun, best, opened, past_data, stopped, streamable};
use crate::case::{Case, DEVICE};
use crate::subject::{Event, Function, Link, Peer, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// Resources that are streamed, one after another.
const MANY: usize = 16;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.every-resource",
        title: "every resource that can stream is streamed, one after another",
        clauses: &["IOTMP25-STREAM-001"],
        control: Some("stream.start"),
        run: |peer| Box::pin(every_resource(peer)),
        ..DEVICE
    },
    Case {
        slug: "stream.run-meanwhile",
        title: "a resource that streams gives its value to a Run all the same",
        clauses: &["IOTMP25-RUN-004", "IOTMP25-SID-001", "IOTMP25-SID-003"],
        control: Some("run.output"),
        run: |peer| Box::pin(run_meanwhile(peer)),
        ..DEVICE
    },
];

async fn every_resource(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let mut link = peer.connected().await?;
    for resource in found.into_iter().take(MANY) {
        let id = link.id();
        link.send_start_stream(id, &resource.name, &Json::Null)
            .await?;
        let started = link.message(&[Want::Ok(id)]).await.because(format!(
            "{:?} can stream, as the device says",
            resource.name
        ));
        if let Err(stop) = started {
            // What is described and is not there is the matter of another case.
            return Err(match is_there(&mut link, &resource.name).await? {
                true => stop,
                false => stop.unrelated("starting what is not there"),
            });
        }
        begun(&mut link, id)
            .await
            .because(format!("{:?} had been started", resource.name))?;
        // How it is stopped is the matter of other cases.
        stopped(&mut link, id, &[Want::Answer(id)])
            .await
            .unrelated("stopping it")?;
    }
    peer.keep(link).await;
    Ok(())
}

/// Whether a device that describes a resource among others does so alone as well.
async fn is_there(link: &mut Link, resource: &str) -> Outcome<bool> {
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": resource}))
        .await?;
    Ok(link.message(&[Want::Ok(id)]).await.is_ok())
}

async fn run_meanwhile(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    if resource.function != Function::Output || resource.output.is_none() {
        return Err(Stop::skip(
            "the device describes no resource that only gives a value and can be streamed",
        ));
    }
    let (mut link, id) = opened(peer, resource, &json!({"interval": LONG})).await?;
    begun(&mut link, id).await.unrelated("starting a stream")?;
    let call = link.id();
    link.send(resource.run(Some(call))).await?;
    let answer = past_data(&mut link, &[Want::Answer(call)], &[id]).await;
    match answer.blaming("IOTMP25-SID-001")? {
        Event::Message(ok) if ok.name() == "ok" && ok.field("payload").is_some() => Ok(()),
        Event::Message(error) if error.name() == "error" => Err(Stop::fail(
            Want::Ok(call).to_string(),
            phrase(&error.message),
        )
        .blaming("IOTMP25-SID-003")
        .because(format!("{:?} was streaming", resource.name))),
        Event::Message(other) => Err(Stop::fail("an Ok with a payload", phrase(&other.message))
            .blaming("IOTMP25-RUN-004")
            .because(format!("{:?} was streaming", resource.name))),
        other => Err(Stop::fail(Want::Ok(call).to_string(), other.to_string())),
    }
}

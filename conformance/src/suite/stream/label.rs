//! Whether a value of a stream says what it is.

use serde_json::{Value as Json, json};

use crate::case::{Case, DEVICE};
use crate::subject::vocabulary::number;
use crate::subject::{Event, Function, Peer, Resource, Want, phrase};
use crate::suite::stream::past_data;
use crate::verdict::{Outcome, Step, Stop};

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "stream.label",
    title: "a value of a stream says whether it is the input or the output of its resource",
    clauses: &["IOTMP23-STREAM-020"],
    pace: crate::case::Pace::Slow,
    run: |peer| Box::pin(label(peer)),
    ..DEVICE
}];

/// Waits for values of what only gives, and of what only takes where that is streamed too.
async fn label(peer: &Peer) -> Outcome {
    let resources = &peer.catalogue()?.resources;
    let of = |function: Function| {
        let fits = move |r: &&Resource| {
            r.function == function && r.can_stream && !r.needs_parameters && r.is_plain()
        };
        resources.iter().find(fits)
    };
    let Some(output) = of(Function::Output) else {
        return Err(Stop::skip(
            "the device describes no resource that gives a value and can be streamed",
        ));
    };
    let mut link = peer.connected().await?;
    let mut wanted = Vec::new();
    let input = of(Function::Input).filter(|resource| resource.input.is_some());
    for (resource, name) in [(Some(output), "output"), (input, "input")] {
        let Some(resource) = resource else { continue };
        let id = link.id();
        link.send_start_stream(id, &resource.name, &json!({"interval": 1}))
            .await?;
        let open: Vec<u16> = wanted.iter().map(|(id, _, _)| *id).collect();
        let answer = past_data(&mut link, &[Want::Answer(id)], &open).await;
        let is_open = match answer.unrelated("starting a stream")? {
            Event::Message(answer) => answer.name() == "ok",
            _ => false,
        };
        if is_open {
            wanted.push((id, number(peer.spec(), "stream_payload", name)?, name));
        }
        if let ("input", true, Some(_)) = (name, is_open, &resource.input) {
            link.send(resource.run(None)).await?;
        }
    }
    let deadline = tokio::time::Instant::now() + link.timeout();
    let mut missing: Vec<u16> = wanted.iter().map(|(id, _, _)| *id).collect();
    while !missing.is_empty() {
        let event = link.next_before(deadline).await;
        let stream = wanted
            .iter()
            .find(|(id, _, _)| Want::Data(*id).allows(&event));
        let (Some((id, label, name)), Event::Message(data)) = (stream, &event) else {
            // One that only takes may have nothing to give.
            if missing.iter().all(|id| {
                wanted
                    .iter()
                    .any(|(other, _, name)| other == id && *name == "input")
            }) {
                break;
            }
            return Err(Stop::fail("a value of a stream", event.to_string()));
        };
        if data.field("parameters").and_then(Json::as_u64) != Some(*label) {
            return Err(Stop::fail(
                format!("parameters {label}, for the {name} of the resource"),
                phrase(&data.message),
            ));
        }
        missing.retain(|other| other != id);
    }
    Ok(())
}

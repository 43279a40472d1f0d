//! Calls across the end of a connection.

use tokio::time::Instant;

use super::slowest;
use crate::case::{Case, DEVICE};
use crate::subject::{Event, Peer, Want, phrase};
use crate::verdict::{Outcome, Stop};

/// How often as long as it took alone an answer is waited for.
const TIMES: u32 = 2;

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "run.answered-elsewhere",
    title: "a call whose connection has ended is not answered on the next one",
    clauses: &["IOTMP25-SID-001"],
    control: Some("run.one-answer"),
    run: |peer| Box::pin(answered_elsewhere(peer)),
    ..DEVICE
}];

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

//! Calls of a device that streams.

use serde_json::Value as Json;

use super::{ONE_ANSWER, call};
use crate::case::{Case, DEVICE};
use crate::subject::{Peer, Want};
use crate::suite::stream::{best, past_data, stopped};
use crate::verdict::{Outcome, Step};

/// Calls one after another: whoever loses some of them loses one of these.
const CALLS: usize = 24;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "run.beside-streams",
    title: "24 calls one after another are all answered while a stream is open",
    clauses: &["IOTMP25-RUN-001"],
    control: Some("run.one-after-another"),
    run: |peer| Box::pin(beside_streams(peer)),
    ..DEVICE
}];

async fn beside_streams(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let mut link = peer.connected().await?;
    let started = link.start_stream(&resource.name, &Json::Null).await;
    let stream = started.unrelated("starting a stream")?;
    for nth in 1..=CALLS {
        let id = link.id();
        link.send(call(peer, Some(id))).await?;
        past_data(&mut link, &[Want::Answer(id)], &[stream])
            .await
            .because(format!("call {nth} of {CALLS}, while a stream is open"))
            .blaming(ONE_ANSWER)?;
        peer.transcript().keep_last(SHOWN);
    }
    if stopped(&mut link, stream, &[Want::Ok(stream)])
        .await
        .is_ok()
    {
        peer.keep(link).await;
    }
    Ok(())
}

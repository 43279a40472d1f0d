//! The announced end of a connection.

use serde_json::{Value as Json, json};

use crate::case::{CASE, Case};
use crate::subject::Peer;
use crate::verdict::Outcome;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "disconnect.ends",
        title: "after a Disconnect the connection ends",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| Box::pin(ends(peer, json!({"type": "disconnect"}))),
        ..CASE
    },
    Case {
        slug: "disconnect.with-a-reason",
        title: "after a Disconnect with a reason the connection ends",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| {
            Box::pin(ends(
                peer,
                json!({"type": "disconnect", "parameters": 1, "payload": "good night"}),
            ))
        },
        ..CASE
    },
    Case {
        slug: "disconnect.with-requests-open",
        title: "after a Disconnect the connection ends, also with a stream or a call under way",
        clauses: &["IOTMP25-DISCONNECT-001"],
        run: |peer| Box::pin(with_requests_open(peer)),
        ..CASE
    },
];

async fn ends(peer: &Peer, disconnect: Json) -> Outcome {
    let mut link = peer.connected().await?;
    link.fence().await?;
    link.send(disconnect).await?;
    link.closed().await
}

async fn with_requests_open(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let streamable = peer
        .catalogue()
        .ok()
        .and_then(|known| known.streamable().first().copied());
    match streamable {
        Some(resource) => drop(link.start_stream(&resource.name, &Json::Null).await?),
        None => drop(link.ask().await?),
    }
    link.send(json!({"type": "disconnect"})).await?;
    link.closed_in_the_end().await
}

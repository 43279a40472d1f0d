//! A server that hears anything but Connect first.

use serde_json::json;

use super::craft::Craft;
use crate::case::{Case, SERVER};
use crate::subject::{NO_SUCH_RESOURCE, Peer, vocabulary};
use crate::verdict::{Outcome, Step};

/// A first message that no device begins with.
const FIRST: Case = Case {
    clauses: &["IOTMP25-CONNECT-002"],
    control: Some("connect.ok"),
    ..SERVER
};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "first-message.ok",
        title: "a connection that begins with Ok is closed",
        run: |peer| Box::pin(begins_with(peer, "ok")),
        ..FIRST
    },
    Case {
        slug: "first-message.error",
        title: "a connection that begins with Error is closed",
        run: |peer| Box::pin(begins_with(peer, "error")),
        ..FIRST
    },
    Case {
        slug: "first-message.disconnect",
        title: "a connection that begins with Disconnect is closed",
        run: |peer| Box::pin(begins_with(peer, "disconnect")),
        ..FIRST
    },
    Case {
        slug: "first-message.keep-alive",
        title: "a connection that begins with Keep Alive is closed",
        run: |peer| Box::pin(begins_with(peer, "keep_alive")),
        ..FIRST
    },
    Case {
        slug: "first-message.run",
        title: "a connection that begins with Run is closed",
        run: |peer| Box::pin(begins_with(peer, "run")),
        ..FIRST
    },
    Case {
        slug: "first-message.describe",
        title: "a connection that begins with Describe is closed",
        run: |peer| Box::pin(begins_with(peer, "describe")),
        ..FIRST
    },
    Case {
        slug: "first-message.start-stream",
        title: "a connection that begins with Start Stream is closed",
        run: |peer| Box::pin(begins_with(peer, "start_stream")),
        ..FIRST
    },
    Case {
        slug: "first-message.stop-stream",
        title: "a connection that begins with Stop Stream is closed",
        run: |peer| Box::pin(begins_with(peer, "stop_stream")),
        ..FIRST
    },
    Case {
        slug: "first-message.stream-data",
        title: "a connection that begins with a value of a stream is closed",
        run: |peer| Box::pin(begins_with_value(peer)),
        ..FIRST
    },
    Case {
        slug: "first-message.unknown",
        title: "a connection that begins with a message of an unknown type is closed",
        run: |peer| Box::pin(begins_with_unknown(peer)),
        ..FIRST
    },
];

async fn begins_with(peer: &Peer, name: &str) -> Outcome {
    let mut link = peer.open().await?;
    let id = link.id();
    let mut message = json!({"type": name});
    let fields = peer
        .spec()
        .message(name)
        .map_or(&[][..], |message| &message.fields);
    if let Some(object) = message.as_object_mut() {
        for field in fields.iter().filter(|field| field.mandatory) {
            let value = match field.name.as_str() {
                "stream_id" => json!(id),
                _ => json!(NO_SUCH_RESOURCE),
            };
            object.insert(field.name.clone(), value);
        }
    }
    link.send(message).await?;
    link.closed()
        .await
        .because(format!("{name} was the first message"))
}

async fn begins_with_value(peer: &Peer) -> Outcome {
    for name in vocabulary::values(peer.spec()) {
        begins_with(peer, name).await?;
    }
    Ok(())
}

async fn begins_with_unknown(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let craft = Craft::new(link.codec());
    let message = craft.frame(craft.unknown_code(), &[]);
    link.send_raw(&message, "a message of an unknown type")
        .await;
    link.closed().await
}

//! Messages that are well formed and mean nothing.

use serde_json::json;

use super::{HOSTILE, never_ok, taken};
use crate::case::{Case, Role};
use crate::subject::{Link, Peer};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Step};

/// What names nothing is answered by Error.
const UNKNOWN: &str = "IOTMP25-RUN-003";

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "hostile.empty-bodies",
        title: "a message without a body where one is needed is no message",
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(empty_bodies(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.odd-resources",
        title: "a value that can be no name names nothing",
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(odd_resources(peer)),
        ..HOSTILE
    },
];

/// A connection that lives: a new one, as long as that costs a device no patience.
async fn alive(peer: &Peer, mut link: Link) -> Outcome<Link> {
    match peer.role() {
        Role::Device if link.fence().await.is_ok() => Ok(link),
        _ => peer.connected().await,
    }
}

async fn empty_bodies(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    // These two need no body.
    let bare = ["keep_alive", "disconnect"];
    let messages = peer.spec().messages.iter();
    for message in messages.filter(|message| !bare.contains(&message.name.as_str())) {
        let craft = Craft::new(link.codec());
        let id = link.id();
        let what = format!("{} without a body", message.name);
        link.send_raw(&craft.frame(message.code.into(), &[]), &what)
            .await;
        never_ok(&mut link, id).await.because(&what)?;
        link = alive(peer, link).await.because(what)?;
    }
    witness.undisturbed().await
}

async fn odd_resources(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    for name in [
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!({"type": "bytes", "value": "00ff"}),
        json!({}),
        json!({"a": ["b"]}),
        json!([{}, [[]], null]),
    ] {
        let id = link.id();
        let run = json!({"type": "run", "stream_id": id, "resource": name});
        // Not every encoding that a device may choose has a way to say it.
        if link.encode(&run).is_err() {
            continue;
        }
        link.send(run).await?;
        let why = format!("the resource was {name}");
        if let Some(stop) = taken(&mut link, id).await.because(&why)? {
            return Err(stop.blaming(UNKNOWN).because(why));
        }
        link = alive(peer, link).await.because(why)?;
    }
    witness.undisturbed().await
}

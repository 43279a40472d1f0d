//! Messages that are well formed and mean nothing.

use serde_json::json;

use super::{HOSTILE, never_ok};
use crate::case::Case;
use crate::subject::{Link, Peer};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Step};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "hostile.empty-bodies",
        title: "a message without a body where one is needed is no message",
        run: |peer| Box::pin(empty_bodies(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.odd-resources",
        title: "a value that can be no name names nothing",
        run: |peer| Box::pin(odd_resources(peer)),
        ..HOSTILE
    },
];

/// A connection that lives: the same, or a new one where that has ended.
async fn alive(peer: &Peer, mut link: Link, id: u16) -> Outcome<Link> {
    never_ok(&mut link, id).await?;
    match link.fence().await {
        Ok(_) => Ok(link),
        Err(_) => peer.connected().await,
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
        link = alive(peer, link, id).await.because(what)?;
    }
    witness.undisturbed().await
}

async fn odd_resources(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    for name in [
        json!(null),
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
        link.send(json!({"type": "run", "stream_id": id, "resource": name}))
            .await?;
        link = alive(peer, link, id)
            .await
            .because(format!("the resource was {name}"))?;
    }
    witness.undisturbed().await
}

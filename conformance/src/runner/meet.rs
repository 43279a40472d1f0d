//! What has to be known of a subject before its first case.

use std::sync::Arc;

use serde_json::json;

use super::{Unreachable, nubison};
use crate::case::Role;
use crate::subject::{Catalogue, Protocol, Subject, Want};

/// Learns what has to be known of a subject first: how many cases it takes at a
/// time, and what is worth a note.
pub(super) async fn meet(
    subject: Arc<Subject>,
    jobs: usize,
) -> Result<(usize, Option<String>), Unreachable> {
    match subject.role() {
        Role::Server => meet_server(&subject, jobs).await,
        Role::Device => {
            discover(&subject).await?;
            Ok((1, None))
        }
    }
}

async fn meet_server(
    subject: &Arc<Subject>,
    jobs: usize,
) -> Result<(usize, Option<String>), Unreachable> {
    match Protocol::of(subject.spec()) {
        Protocol::Iotmp => learn_fence(subject).await,
        Protocol::Nubison => {
            nubison::learn_beat(subject).await;
            nubison::learn_order(subject).await;
        }
    }
    if takes_over(subject).await? {
        let note = "the server ends a device's connection when a new one opens: one case at a time";
        return Ok((1, Some(note.to_owned())));
    }
    Ok((jobs.max(1), None))
}

/// Keep Alives that are tried before a server is said to leave them unanswered.
pub(super) const FENCES: usize = 2;

/// Finds out what a server answers in any case, so that one rule broken is not all of them.
async fn learn_fence(subject: &Arc<Subject>) {
    let peer = subject.peer();
    for _ in 0..FENCES {
        let Ok(mut link) = peer.connected().await else {
            return;
        };
        let mut are_answered = true;
        for _ in 0..FENCES {
            let sent = link.send(json!({"type": "keep_alive"})).await;
            let answered = link.message(&[Want::Message("keep_alive")]).await;
            are_answered &= sent.is_err() || answered.is_ok();
        }
        if are_answered {
            return;
        }
    }
    if let Ok(mut link) = peer.connected().await
        && link.ask().await.is_ok()
    {
        subject.fence_by_call();
    }
}

/// Whether a server ends the older of two connections of one device.
async fn takes_over(subject: &Arc<Subject>) -> Result<bool, Unreachable> {
    let peer = subject.peer();
    let first = peer.connected().await;
    if let Some(why) = subject.gone() {
        return Err(Unreachable(why.to_owned()));
    }
    let Ok(mut first) = first else {
        return Ok(false);
    };
    let Ok(mut second) = peer.connected().await else {
        return Ok(false);
    };
    let both = second.fence().await.is_ok();
    let over = both && nubison::is_out(&mut first).await;
    if over {
        subject.set_takes_over();
    }
    Ok(over)
}

/// Waits for a device and asks what it offers.
async fn discover(subject: &Arc<Subject>) -> Result<(), Unreachable> {
    let peer = subject.peer();
    let link = peer.connected().await;
    if let Some(why) = subject.gone() {
        return Err(Unreachable(why.to_owned()));
    }
    // A device that does not introduce itself or describe itself is what the cases are about.
    let Ok(mut link) = link else { return Ok(()) };
    if Protocol::of(subject.spec()) == Protocol::Nubison {
        peer.keep(link).await;
    } else if let Ok(catalogue) = Catalogue::ask(&mut link).await {
        subject.learn(catalogue);
        peer.keep(link).await;
    }
    Ok(())
}

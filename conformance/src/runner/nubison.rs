//! What has to be known of a server of Nubison before its first case.

use std::sync::Arc;

use super::meet::FENCES;
use crate::subject::nubison::{is_logged_out, reads_data, refuses_backwards};
use crate::subject::{Link, Protocol, Subject};
use crate::verdict::{Stop, Verdict};

/// Finds out whether a server of Nubison answers a Heartbeat at all.
pub(super) async fn learn_beat(subject: &Arc<Subject>) {
    for _ in 0..FENCES {
        let Ok(mut link) = subject.peer().connected().await else {
            return;
        };
        match link.fence().await {
            Err(stop) if is_silence(&stop) => {}
            _ => return,
        }
    }
    subject.fence_by_call();
}

/// Finds out whether a server whose error codes stand the other way round has lengths that do, too.
pub(super) async fn learn_order(subject: &Arc<Subject>) {
    let Ok(mut link) = subject.peer().connected().await else {
        return;
    };
    if !refuses_backwards(&mut link).await {
        return;
    }
    for is_little in [false, true] {
        let Ok(mut link) = subject.peer().connected().await else {
            return;
        };
        link.set_little(is_little);
        if reads_data(&mut link).await {
            return;
        }
    }
    // Whatever is wrong with it, that is not.
    link.set_little(false);
}

fn is_silence(stop: &Stop) -> bool {
    matches!(stop.verdict(), Verdict::Fail(failure) if failure.is_silence())
}

/// Whether the older of two connections has come to its end, or what it was logged in with has.
pub(super) async fn is_out(first: &mut Link) -> bool {
    if !first.settle().await.is_ok_and(|settled| settled.alive) {
        return true;
    }
    Protocol::of(first.codec().spec()) == Protocol::Nubison && is_logged_out(first).await
}

//! Messages that are cut where a small one has no place to be cut.

use super::in_pieces;
use super::sizes::of_size;
use crate::case::{CASE, Case};
use crate::subject::{Event, Peer, Want};
use crate::verdict::{Outcome, Step, Stop};

/// Bytes of a request whose body is said to have 128, which takes two of them: the first alone
/// says none.
const LONG: usize = 3 + 128;
/// Where it is cut in turn: behind its type, in its size, behind that, in its body.
const PLACES: [&[usize]; 6] = [&[1], &[2], &[3], &[2, 3], &[100], &[LONG - 1]];

/// Bytes of a request that is more than any of [`BUFFERS`].
const LARGE: usize = 5000;
/// Where it is cut in turn: sizes of buffers, and of what comes in one packet.
const BUFFERS: [usize; 4] = [128, 536, 1460, 4096];

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "framing.cut-in-size",
        title: "a request of 128 bytes is answered, also if its size comes in two pieces",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.sizes"),
        run: |peer| Box::pin(cut_in_size(peer)),
        ..CASE
    },
    Case {
        slug: "framing.cut-at-buffer",
        title: "a request of 5000 bytes is answered, also if its first piece just fills a buffer",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.sizes"),
        run: |peer| Box::pin(cut_at_buffer(peer)),
        ..CASE
    },
];

async fn cut_in_size(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for places in PLACES {
        let id = link.id();
        let bytes = of_size(link.codec(), id, LONG)?;
        let pieces = places.iter().copied();
        in_pieces(&mut link, &bytes, pieces, "a piece of a request").await;
        link.answer(id)
            .await
            .because(format!("the request was cut behind byte {places:?}"))?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn cut_at_buffer(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let whole = of_size(link.codec(), id, LARGE)?;
    link.send_raw(&whole, "a request").await;
    let event: Event = link.next().await;
    if !Want::Answer(id).allows(&event) {
        return Err(Stop::skip("the subject takes no request of that size"));
    }
    for place in BUFFERS {
        let id = link.id();
        let bytes = of_size(link.codec(), id, LARGE)?;
        let what = "a piece of a request";
        in_pieces(&mut link, &bytes, [place].into_iter(), what).await;
        link.answer(id)
            .await
            .because(format!("its first piece had {place} bytes"))?;
    }
    peer.keep(link).await;
    Ok(())
}

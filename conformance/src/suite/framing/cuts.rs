//! Messages that are cut where a small one has no place to be cut, or for longer than a moment.

use core::time::Duration;

use super::in_pieces;
use super::sizes::of_size;
use crate::case::{CASE, Case};
use crate::subject::Peer;
use crate::verdict::{Outcome, Step};

/// Bytes of a request whose body is said to have 128, which takes two of them: the first alone
/// says none.
const LONG: usize = 3 + 128;
/// Where it is cut in turn: behind its type, in its size, behind that, in its body.
const PLACES: [&[usize]; 6] = [&[1], &[2], &[3], &[2, 3], &[100], &[LONG - 1]];
/// A delay of a slow link.
const DELAY: Duration = Duration::from_millis(500);

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
        slug: "framing.late-rest",
        title: "a request whose second half comes half a second later is answered",
        clauses: &["IOTMP25-FRAME-003"],
        control: Some("framing.every-cut"),
        run: |peer| Box::pin(late_rest(peer)),
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

async fn late_rest(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = link.encode(&link.request(id))?;
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    link.hold();
    link.send_raw(head, "half of a request").await;
    link.pause_for(DELAY).await;
    link.send_raw(tail, "the other half").await;
    link.release().await;
    link.answer(id).await.because(format!(
        "the other half came {} ms later",
        DELAY.as_millis()
    ))?;
    peer.keep(link).await;
    Ok(())
}

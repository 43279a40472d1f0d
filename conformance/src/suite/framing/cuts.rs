//! Messages that are cut where a small one has no place to be cut.

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

pub(in crate::suite) const CASES: &[Case] = &[Case {
    slug: "framing.cut-in-size",
    title: "a request of 128 bytes is answered, also if its size comes in two pieces",
    clauses: &["IOTMP25-FRAME-003"],
    control: Some("framing.sizes"),
    run: |peer| Box::pin(cut_in_size(peer)),
    ..CASE
}];

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

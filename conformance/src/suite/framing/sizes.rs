//! Messages of every size that ends a buffer, and more of them in one piece than one holds.

use serde_json::{Value as Json, json};

use super::{all_answered, in_pieces};
use crate::case::{CASE, Case};
use crate::codec::Codec;
use crate::subject::{Link, NO_SUCH_RESOURCE, Peer};
use crate::suite::run::call;
use crate::verdict::{Outcome, Step, Stop};

/// Sizes of bodies, around those of buffers and those at which the size takes a byte more.
const SIZES: [usize; 8] = [128, 256, 512, 1024, 2048, 4096, 8192, 16_384];
/// A receiver that takes no more than this takes no Connect of ordinary length.
const ORDINARY: usize = 256;
/// Bytes that are sent in one piece, more than any common buffer.
const BURST: usize = 5000;
/// Bytes of a piece that fits into any buffer.
const PIECE: usize = 500;
/// Bytes and pieces of a leaf of a payload, and members of a branch: each small enough that its
/// size takes no more than its tag.
const LEAF: usize = 24;
const BRANCH: usize = 30;
/// Lengths of names that are tried.
const NAMES: usize = 4;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "framing.sizes",
        title: "a message is answered whatever its size, up to what the receiver takes",
        clauses: &["IOTMP25-FRAME-001", "IOTMP25-FRAME-003"],
        control: Some("value.any-payload"),
        run: |peer| Box::pin(sizes(peer)),
        ..CASE
    },
    Case {
        slug: "framing.more-than-a-buffer",
        title: "requests that fill more than a buffer in one piece are all answered",
        clauses: &["IOTMP25-FRAME-003", "IOTMP25-FRAME-004"],
        control: Some("framing.sizes"),
        run: |peer| Box::pin(more_than_a_buffer(peer)),
        ..CASE
    },
];

/// A value of about `size` bytes without a large part.
fn value(size: usize) -> Json {
    let leaves = (size / (LEAF + 1)).max(1);
    let mut level: Vec<Json> = vec![json!("x".repeat(LEAF)); leaves];
    level.push(json!("x".repeat(size % (LEAF + 1))));
    while level.len() > BRANCH {
        level = level.chunks(BRANCH).map(|part| json!(part)).collect();
    }
    json!(level)
}

/// A Run of nothing of exactly that size, header and all.
pub(super) fn of_size(codec: Codec<'static>, id: u16, size: usize) -> Outcome<Vec<u8>> {
    let run = |name: &str, fill: usize| {
        let run = json!({"type": "run", "stream_id": id, "resource": name, "payload": value(fill)});
        codec
            .encode(&run)
            .map_err(|error| Stop::inconclusive(error.to_string()))
    };
    let mut name = NO_SUCH_RESOURCE.to_owned();
    // Where a number on the way takes another byte, no payload gives the size; a longer name does.
    for _ in 0..NAMES {
        let mut fill = size;
        for _ in 0..16 {
            let bytes = run(&name, fill)?;
            match bytes.len() {
                len if len > size => fill = fill.saturating_sub(len - size),
                len if len < size => fill += size - len,
                _ => return Ok(bytes),
            }
        }
        name.push('x');
    }
    Err(Stop::inconclusive(format!(
        "no request of {size} bytes was found"
    )))
}

async fn answered(link: &mut Link, size: usize) -> Outcome {
    let id = link.id();
    let bytes = of_size(link.codec(), id, size)?;
    link.send_raw(&bytes, &format!("run of {size} bytes")).await;
    let answer = link.answer(id).await;
    answer
        .because(format!("the message had {size} bytes"))
        .map(drop)
}

/// Whoever takes a larger message has no reason to lose a smaller one.
async fn sizes(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let mut lost = None;
    for size in SIZES
        .into_iter()
        .flat_map(|size| [size - 1, size, size + 1])
    {
        peer.transcript().keep_last(8);
        let outcome = answered(&mut link, size).await;
        match (outcome, lost.take()) {
            (Ok(()), None) => {}
            (Ok(()), Some(stop)) => return Err(stop),
            (Err(stop), before) if size > ORDINARY => {
                lost = Some(before.unwrap_or(stop));
                link = peer.connected().await?;
            }
            (Err(stop), _) => return Err(stop.blaming("IOTMP25-FRAME-001")),
        }
    }
    if lost.is_none() {
        peer.keep(link).await;
    }
    Ok(())
}

async fn more_than_a_buffer(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (mut ids, mut bytes) = (Vec::new(), Vec::new());
    while bytes.len() < BURST {
        let id = link.id();
        bytes.extend(link.encode(&call(peer, Some(id)))?);
        ids.push(id);
    }
    let what = format!("{} requests in one piece", ids.len());
    link.send_raw(&bytes, &what).await;
    let answered = all_answered(&mut link, &ids).await;
    if answered.is_err() && is_lost_in_one_piece(peer, BURST).await? {
        return answered.blaming("IOTMP25-FRAME-003").because(format!(
            "a message of {BURST} bytes is answered in small pieces, and not in one"
        ));
    }
    // Whole messages of every size were read before.
    answered.blaming("IOTMP25-FRAME-004")?;
    peer.keep(link).await;
    Ok(())
}

/// Whether a message of that size is lost only where it comes in one piece, of which a receiver reads
/// as much at a time as it has room for.
pub(super) async fn is_lost_in_one_piece(peer: &Peer, size: usize) -> Outcome<bool> {
    Ok(is_answered(peer, size, PIECE).await? && !is_answered(peer, size, size).await?)
}

/// Whether a message of that size is answered that comes in such pieces.
async fn is_answered(peer: &Peer, size: usize, piece: usize) -> Outcome<bool> {
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = of_size(link.codec(), id, size)?;
    let ends = (piece..size).step_by(piece);
    in_pieces(&mut link, &bytes, ends, "a piece of a request").await;
    Ok(link.answer(id).await.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_met() {
        for spec in crate::specs::all() {
            if !matches!(spec.body, iotmp_spec::model::Body::KeyValue(_)) {
                continue;
            }
            for (size, id) in SIZES
                .into_iter()
                .zip([1, 127, 128, 300, 16_383, 16_384, 40_000, 9])
            {
                for size in [size - 1, size, size + 1] {
                    let bytes = of_size(Codec::new(spec), id, size).unwrap();
                    assert_eq!(bytes.len(), size, "{}", spec.name);
                }
            }
        }
    }

    #[test]
    fn no_part_of_a_large_value_is_large() {
        fn widest(value: &Json) -> usize {
            match value {
                Json::Array(parts) => parts.iter().map(widest).fold(parts.len(), usize::max),
                Json::String(text) => text.len(),
                _ => 0,
            }
        }
        for size in SIZES {
            let value = value(size);
            assert!(widest(&value) <= BRANCH, "{size}");
            assert!(value.to_string().len() > size);
        }
    }
}

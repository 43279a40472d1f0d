//! Values in each other, more of them than anybody needs, wherever a message may hold a value.

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::{HOSTILE, UNCONNECTED, payload, unconnected_payload};
use crate::case::Case;
use crate::subject::{NO_SUCH_RESOURCE, Peer};
use crate::suite::craft::{Craft, varint};
use crate::suite::exchange::Exchange;
use crate::suite::fields::UNKNOWN;
use crate::verdict::{Outcome, Step};

/// Levels of nesting: more than any value has, and those at which stacks of several sizes end. Only
/// the last is larger than what receivers take, which may refuse it by its size.
const DEPTHS: [usize; 4] = [1000, 8000, 60_000, 100_000];
/// The same where the levels take more bytes, or the place is a rarer one.
const FEW: [usize; 2] = [1000, 20_000];

/// What builds values in each other, that many.
type Nest = fn(Craft, usize) -> Outcome<Vec<u8>>;

/// Whoever loses what fills a buffer loses these too.
const NESTED: Case = Case {
    control: Some("framing.more-than-a-buffer"),
    ..HOSTILE
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "hostile.nested-arrays",
        title: "1,000 to 100,000 arrays in each other are too many, or none too many",
        run: |peer| Box::pin(nested(peer, Craft::nested_arrays, &DEPTHS)),
        ..NESTED
    },
    Case {
        slug: "hostile.nested-maps",
        title: "1,000 and 20,000 maps in each other are too many, or none too many",
        run: |peer| Box::pin(nested(peer, maps, &FEW)),
        ..NESTED
    },
    Case {
        slug: "hostile.nested-unknown",
        title: "1,000 and 20,000 values in each other in a field that nobody knows hurt nobody",
        run: |peer| Box::pin(in_unknown_field(peer)),
        ..NESTED
    },
    Case {
        slug: "hostile.unconnected-nested-arrays",
        title: "a Connect with 1,000 to 100,000 arrays in each other is not accepted",
        run: |peer| Box::pin(unconnected_nested(peer, Craft::nested_arrays, &DEPTHS)),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-nested-maps",
        title: "a Connect with 1,000 and 20,000 maps in each other is not accepted",
        run: |peer| Box::pin(unconnected_nested(peer, maps, &FEW)),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-nested-parameters",
        title: "1,000 and 20,000 values in each other in the parameters of a Connect hurt nobody",
        // Elsewhere a Connect has fields of its own for each of them.
        specs: &["iotmp-2025", "iotmp-shipping"],
        run: |peer| Box::pin(in_parameters(peer)),
        ..UNCONNECTED
    },
];

/// Maps in maps, `depth` of them, the innermost empty.
fn maps(craft: Craft, depth: usize) -> Outcome<Vec<u8>> {
    let empty = craft.bare_value(&json!({}))?;
    // Null is a tag and nothing else.
    let mut level = craft.bare_value(&json!({"a": null}))?;
    level.pop();
    if craft.encoding() != Encoding::Pson1 {
        let mut bytes = level.repeat(depth.saturating_sub(1));
        bytes.extend(empty);
        return Ok(bytes);
    }
    // From the inside out, because a map says how many bytes it holds.
    let (head, key) = level.split_at(2.min(level.len()));
    let mut reversed: Vec<u8> = empty.into_iter().rev().collect();
    for _ in 1..depth {
        reversed.extend(key.iter().rev());
        let size = varint(reversed.len() as u64);
        reversed.extend(size.into_iter().rev());
        reversed.extend(head.first());
    }
    reversed.reverse();
    Ok(reversed)
}

async fn nested(peer: &Peer, nest: Nest, depths: &[usize]) -> Outcome {
    for &depth in depths {
        payload(peer, |craft| nest(craft, depth))
            .await
            .because(format!("there were {depth} levels"))?;
    }
    Ok(())
}

async fn unconnected_nested(peer: &Peer, nest: Nest, depths: &[usize]) -> Outcome {
    for &depth in depths {
        unconnected_payload(peer, |craft| nest(craft, depth))
            .await
            .because(format!("there were {depth} levels"))?;
    }
    Ok(())
}

/// Whether such a field spoils its message is left to the receiver; nobody else is to notice.
async fn in_unknown_field(peer: &Peer) -> Outcome {
    for (nest, depth) in places() {
        let witness = peer.witness().await?;
        let mut link = peer.connected().await?;
        let craft = Craft::new(link.codec());
        let id = link.id();
        let run: Json = json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE});
        let mut body = craft.fields(&run)?.concat();
        body.extend(craft.key(UNKNOWN, craft.value_wire()));
        body.extend(nest(craft, depth)?);
        let message = craft.frame(craft.code("run")?, &body);
        link.send_raw(&message, "run with a hostile unknown field")
            .await;
        link.settle_spoiled().await?;
        let undisturbed = witness.undisturbed().await;
        undisturbed.because(format!("there were {depth} levels"))?;
    }
    Ok(())
}

/// Parameters that nobody knows may be skipped, so that either answer is fine.
async fn in_parameters(peer: &Peer) -> Outcome {
    for (nest, depth) in places() {
        let witness = peer.witness().await?;
        let mut exchange = Exchange::new(peer, None).await?;
        let craft = exchange.craft;
        let mut parameters = craft.key(craft.field("connect", "parameters")?, craft.value_wire());
        parameters.extend(nest(craft, depth)?);
        let mut fields = exchange.fields()?;
        fields.push(parameters);
        exchange.send(&fields, "with hostile parameters").await?;
        // Whatever it is, it is an answer, or the end.
        exchange.link.next().await;
        let undisturbed = witness.undisturbed().await;
        undisturbed.because(format!("there were {depth} levels"))?;
    }
    Ok(())
}

fn places() -> impl Iterator<Item = (Nest, usize)> {
    let kinds: [Nest; 2] = [Craft::nested_arrays, maps];
    kinds
        .into_iter()
        .flat_map(|nest| FEW.into_iter().map(move |depth| (nest, depth)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::specs;

    #[test]
    fn maps_in_each_other_are_a_value() {
        for spec in ["iotmp-2025", "iotmp-shipping"] {
            let craft = Craft::new(Codec::new(specs::by_name(spec).unwrap()));
            let written = maps(craft, 3).unwrap();
            let value = json!({"a": {"a": {}}});
            assert_eq!(written, craft.bare_value(&value).unwrap(), "{spec}");
        }
    }
}

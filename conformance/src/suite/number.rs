//! Numbers too long for what they are for: nobody may take what is left of them once they are cut.

use core::time::Duration;

use serde_json::json;

use super::craft::varint;
use super::exchange::Exchange;
use super::stream::timed::{TIMED, past, sampled, tick};
use super::stream::{best, past_data};
use crate::case::{CASE, Case, DEVICE, Pace};
use crate::subject::{Event, Peer, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// The clause that is broken by whoever cuts.
const NEVER_CUT: &str = "IOTMP25-VARINT-004";
/// Bits that are lost to those who keep numbers in half a byte, a byte, two, four or eight.
const LOST: [u32; 5] = [4, 8, 16, 32, 63];
/// The same, of what is never kept in half a byte.
const WHOLE: [u32; 3] = [8, 16, 32];
/// A tick after which there is time for one more.
const SHORT: Duration = Duration::from_millis(500);

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "number.type-cut",
        title: "a message type is not taken for the one that is left of it if it is cut",
        clauses: &[NEVER_CUT],
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(type_cut(peer)),
        ..CASE
    },
    Case {
        slug: "number.unterminated",
        title: "a number that the end of its message cuts off is none",
        clauses: &["IOTMP25-VARINT-003"],
        control: Some("fields.any-order"),
        run: |peer| Box::pin(unterminated(peer)),
        ..CASE
    },
    Case {
        slug: "number.size-cut",
        title: "a size of more than 16 or 32 bits is not taken for the one that is left of it",
        clauses: &[NEVER_CUT],
        control: Some("framing.sizes"),
        pace: Pace::Alone,
        run: |peer| Box::pin(size_cut(peer)),
        ..CASE
    },
    Case {
        slug: "number.alias-cut",
        title: "a number is not taken for the alias that is left of it if it is cut",
        clauses: &[NEVER_CUT],
        control: Some("run.unknown-number"),
        run: |peer| Box::pin(alias_cut(peer)),
        ..DEVICE
    },
    Case {
        slug: "number.interval-cut",
        title: "an interval is not taken for the one that is left of it if it is cut",
        clauses: &[NEVER_CUT],
        control: Some("stream.interval"),
        run: |peer| Box::pin(interval_cut(peer)),
        ..TIMED
    },
];

async fn type_cut(peer: &Peer) -> Outcome {
    for bit in LOST {
        let mut exchange = Exchange::new(peer, None).await?;
        let code = exchange.craft.code(exchange.name())? | 1 << bit;
        let short = u32::try_from(code);
        if short.is_ok_and(|code| peer.spec().message_by_code(code).is_some()) {
            continue;
        }
        let body = exchange.fields()?.concat();
        let bytes = exchange.craft.frame(code, &body);
        let what = format!("the body of a {} under type {code}", exchange.name());
        exchange.link.send_raw(&bytes, &what).await;
        exchange.refused().await.because(what)?;
    }
    Ok(())
}

/// The identifier comes last and says that it goes on.
async fn unterminated(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    let own = exchange
        .craft
        .number(exchange.id_field()?, exchange.id.into());
    fields.retain(|field| *field != own);
    let mut cut = own;
    if let Some(last) = cut.last_mut() {
        *last |= 0x80;
    }
    fields.push(cut);
    exchange
        .send(&fields, "that ends in the middle of its stream identifier")
        .await?;
    exchange.refused().await
}

async fn size_cut(peer: &Peer) -> Outcome {
    for bit in [u16::BITS, u32::BITS] {
        let mut exchange = Exchange::new(peer, None).await?;
        let (craft, name) = (exchange.craft, exchange.name());
        let body = exchange.fields()?.concat();
        let size = body.len() as u64 | 1 << bit;
        let bytes = [varint(craft.code(name)?), varint(size), body].concat();
        let what = format!("{name} with a body of {size} bytes, of which few come");
        exchange.link.send_raw(&bytes, &what).await;
        exchange.link.pause().await;
        // Whoever waits for the rest need wait no longer.
        exchange.link.finish().await;
        if let Event::Message(received) = exchange.link.next().await
            && received.is("ok", exchange.id)
        {
            let expected = "the end of the connection, and no answer before it";
            return Err(Stop::fail(expected, phrase(&received.message)).because(what));
        }
    }
    Ok(())
}

async fn alias_cut(peer: &Peer) -> Outcome {
    let catalogue = peer.catalogue()?;
    let with_alias = catalogue.with_alias();
    let Some((resource, alias)) = with_alias.and_then(|known| Some((known, known.alias?))) else {
        return Err(Stop::skip(
            "the device describes no resource with an alias that can be run",
        ));
    };
    let mut link = peer.connected().await?;
    for bit in WHOLE {
        let number = alias | 1 << bit;
        let mut known = catalogue.resources.iter();
        if known.any(|resource| resource.alias == Some(number)) {
            continue;
        }
        let id = link.id();
        let mut message = resource.run(Some(id));
        if let Some(object) = message.as_object_mut() {
            object.insert("resource".to_owned(), json!(number));
        }
        link.send(message).await?;
        link.message(&[Want::Error(id)])
            .await
            .because(format!("{alias} is an alias, {number} is none"))?;
    }
    peer.keep(link).await;
    Ok(())
}

async fn interval_cut(peer: &Peer) -> Outcome {
    interval_cut_to(peer, u16::BITS).await?;
    // Where an interval takes seconds there is no time for another one.
    match tick(peer).1 < SHORT {
        true => interval_cut_to(peer, u32::BITS).await,
        false => Ok(()),
    }
}

async fn interval_cut_to(peer: &Peer, bits: u32) -> Outcome {
    let resource = best(peer)?;
    let (number, tick) = tick(peer);
    let long = number | 1 << bits;
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send_start_stream(id, &resource.name, &json!({"interval": long}))
        .await?;
    let answer = past_data(&mut link, &[Want::Answer(id)], &[id]).await?;
    // Who cannot wait so long may say so.
    if Want::Error(id).allows(&answer) {
        return Ok(());
    }
    link.fence()
        .await
        .unrelated("going on behind a Start Stream")?;
    // One may be the value of the moment, and may take its time.
    if sampled(&mut link, id, past(tick)).await? && sampled(&mut link, id, past(tick)).await? {
        return Err(Stop::fail(
            format!("one value at most, for an interval of {long}"),
            format!("two, the second when one of an interval of {number} is due"),
        ));
    }
    Ok(())
}

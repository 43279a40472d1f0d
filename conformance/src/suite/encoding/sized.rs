//! Values that say their size before they begin.

use iotmp_ref::wire::Encoding;
use serde_json::json;

use super::{choices, connect_with};
use crate::case::{Case, SERVER};
use crate::subject::{NO_SUCH_RESOURCE, Peer, Want};
use crate::suite::craft::Craft;
use crate::suite::exchange::Exchange;
use crate::suite::fields::UNKNOWN;
use crate::verdict::{Outcome, Step, Stop};

const SIZED: Case = Case {
    specs: &["iotmp-2023"],
    ..SERVER
};

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "fields.unknown-sized",
        title: "an unknown field is skipped by its size, whatever is in it",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("fields.unknown-varint"),
        run: |peer| Box::pin(unknown(peer)),
        ..SIZED
    },
    Case {
        slug: "encoding.sized-exactly",
        title: "a value that does not fill its size is not accepted",
        clauses: &["IOTMP23-WIRE-003"],
        control: Some("encoding.wire-types"),
        run: |peer| Box::pin(exactly(peer)),
        ..SIZED
    },
    Case {
        slug: "encoding.pson-beside-json",
        title: "a Connect that asks for JSON leaves the wire type of PSON what it is",
        clauses: &["IOTMP23-WIRE-002"],
        control: Some("encoding.json"),
        run: |peer| Box::pin(pson_beside_json(peer)),
        ..SIZED
    },
];

async fn unknown(peer: &Peer) -> Outcome {
    let craft = Craft::new(peer.codec());
    for wire in craft.carriers().filter(|wire| wire.is_sized()) {
        let mut exchange = Exchange::new(peer, None).await?;
        let mut fields = exchange.fields()?;
        let value = json!([1, "two", {"three": 4.5}]);
        fields.insert(1, craft.carried(UNKNOWN, &wire, wire.encoding, &value)?);
        let what = format!("with an unknown field under {}", wire.name);
        exchange.send(&fields, &what).await?;
        exchange.accepted().await.because(what)?;
    }
    Ok(())
}

/// With more bytes behind credentials that would do. Text may end in white space, PSON in nothing.
async fn exactly(peer: &Peer) -> Outcome {
    let craft = Craft::new(peer.codec());
    let usual = craft.encoding();
    let mut carriers = craft.carriers();
    let wire = carriers.find(|wire| wire.is_sized() && wire.encodings.contains(&usual));
    let wire = wire.ok_or_else(|| Stop::skip("the spec gives such values no size"))?;
    for more in [&[0_u8][..], &[0x38, 0x38]] {
        let mut exchange = Exchange::new(peer, None).await?;
        let field = craft.field("connect", "payload")?;
        let payload = peer.credentials()?.payload();
        let fields = [
            craft.number(exchange.id_field()?, exchange.id.into()),
            craft.overfull(field, &wire, wire.encoding, &payload, more)?,
        ];
        let what = format!("with {} bytes behind its payload", more.len());
        exchange.send(&fields, &what).await?;
        exchange.refused().await.because(what)?;
    }
    Ok(())
}

async fn pson_beside_json(peer: &Peer) -> Outcome {
    let mut choices = choices(peer).into_iter();
    let json = choices.find(|(_, _, encoding)| *encoding == Encoding::Json);
    let (number, ..) = json.ok_or_else(|| Stop::skip("the spec has no JSON to choose"))?;
    let payload = peer.credentials()?.payload();
    let (mut link, id) = connect_with(peer, Some(number), &payload).await?;
    link.message(&[Want::Ok(id)])
        .await
        .unrelated("connecting")?;
    let craft = Craft::new(peer.codec());
    for wire in craft.carriers().filter(|wire| wire.encodings.len() == 1) {
        let id = link.id();
        let name = json!(NO_SUCH_RESOURCE);
        let body = [
            craft.carried(craft.field("run", "resource")?, &wire, wire.encoding, &name)?,
            craft.number(craft.field("run", "stream_id")?, id.into()),
        ];
        let message = craft.frame(craft.code("run")?, &body.concat());
        let what = format!("run of a resource under {}", wire.name);
        link.send_raw(&message, &what).await;
        link.answer(id).await.because(what)?;
    }
    Ok(())
}

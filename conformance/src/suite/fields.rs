//! Keys and fields: what a receiver has to skip, to refuse and to tell apart.

pub(super) mod each;
pub(super) mod known;

use serde_json::json;
use tokio::task::JoinSet;

use super::craft::{Craft, varint};
use super::exchange::Exchange;
use crate::case::{CASE, Case, Role};
use crate::subject::Peer;
use crate::verdict::{Kind, Outcome, Step, Stop};

/// A field identifier that no message has and that fits a one-byte key.
pub(super) const UNKNOWN: u32 = 15;
/// A field identifier that needs a two-byte key and whose low four bits are those of the stream identifier's.
const LONG: u32 = 0x11;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "fields.plain",
        title: "a request put together field by field is accepted",
        clauses: &["IOTMP25-SID-001"],
        run: |peer| Box::pin(plain(peer, None)),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-0",
        title: "stream identifier 0 is one like any other",
        clauses: &["IOTMP25-SID-002", "IOTMP25-SID-001"],
        run: |peer| Box::pin(plain(peer, Some(0))),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-1",
        title: "stream identifier 1 is one like any other",
        clauses: &["IOTMP25-SID-002", "IOTMP25-SID-001"],
        run: |peer| Box::pin(plain(peer, Some(1))),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-largest",
        title: "stream identifier 65535 is one like any other",
        clauses: &["IOTMP25-SID-002", "IOTMP25-SID-001"],
        run: |peer| Box::pin(plain(peer, Some(u16::MAX))),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-17-bits",
        title: "a stream identifier of 17 bits is never cut to 16",
        clauses: &["IOTMP25-SID-002", "IOTMP25-VARINT-004"],
        control: Some("fields.stream-id-largest"),
        run: |peer| Box::pin(stream_id_17_bits(peer)),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-as-value",
        title: "a stream identifier under the wire type of values is refused",
        clauses: &["IOTMP25-KEY-006"],
        control: Some("fields.plain"),
        run: |peer| Box::pin(stream_id_as_value(peer)),
        ..CASE
    },
    Case {
        slug: "fields.stream-id-missing",
        title: "a request without its mandatory stream identifier is refused",
        clauses: &["IOTMP25-KEY-005"],
        control: Some("fields.plain"),
        run: |peer| Box::pin(stream_id_missing(peer)),
        ..CASE
    },
    Case {
        slug: "fields.any-order",
        title: "fields are accepted in the opposite order",
        clauses: &["IOTMPS-WIRE-005"],
        run: |peer| Box::pin(any_order(peer)),
        ..CASE
    },
    Case {
        slug: "fields.unknown-varint",
        title: "an unknown field that is a number is skipped, wherever it stands",
        clauses: &["IOTMP25-KEY-002"],
        run: |peer| Box::pin(unknown(peer, |craft| Ok(craft.number(UNKNOWN, 300)))),
        ..CASE
    },
    Case {
        slug: "fields.unknown-each-wire-type",
        title: "an unknown field of each wire type is skipped, wherever it stands",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("value.any-payload"),
        run: |peer| Box::pin(unknown_of_each_wire_type(peer)),
        ..CASE
    },
    Case {
        slug: "fields.unknown-string",
        title: "an unknown field that is a string is skipped, wherever it stands",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("value.any-payload"),
        run: |peer| {
            Box::pin(unknown(peer, |craft| {
                craft.value(UNKNOWN, &json!("unknown"))
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.unknown-floats",
        title: "unknown fields that are floats of either length are skipped, wherever they stand",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("value.any-payload"),
        run: |peer| {
            Box::pin(unknown(peer, |craft| {
                let values = [json!(0.1), json!(0.5), json!(-40), json!(null)];
                let fields: Outcome<Vec<_>> = values
                    .iter()
                    .map(|value| craft.value(UNKNOWN, value))
                    .collect();
                Ok(fields?.concat())
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.unknown-map",
        title: "an unknown field that is a map is skipped, wherever it stands",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("value.any-payload"),
        run: |peer| {
            Box::pin(unknown(peer, |craft| {
                craft.value(
                    UNKNOWN,
                    &json!({"a": [1, -2, 2.5, null, {"b": true}], "c": "d"}),
                )
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.unknown-bytes",
        title: "an unknown field whose bytes look like fields is skipped whole",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("value.any-payload"),
        run: |peer| Box::pin(unknown(peer, bytes_like_fields)),
        ..CASE
    },
    Case {
        slug: "fields.unknown-many",
        title: "a hundred unknown fields are skipped",
        clauses: &["IOTMP25-KEY-002"],
        control: Some("framing.sizes"),
        run: |peer| {
            Box::pin(unknown(peer, |craft| {
                Ok(craft.number(UNKNOWN, 1).repeat(100))
            }))
        },
        ..CASE
    },
    Case {
        slug: "fields.long-key",
        title: "a field identifier above 15 is not mistaken for the stream identifier",
        // The first revision has no identifiers above 15.
        specs: &["iotmp-2023", "iotmp-2025", "iotmp-shipping"],
        clauses: &["IOTMP25-KEY-004", "IOTMP25-KEY-002"],
        run: |peer| Box::pin(unknown(peer, |craft| Ok(craft.number(LONG, 9)))),
        ..CASE
    },
    Case {
        slug: "fields.key-of-two-bytes",
        title: "a key of more than one byte is refused",
        // Elsewhere such a key has a field identifier above 15.
        specs: &["iotmp-2020"],
        clauses: &["IOTMP25-KEY-004"],
        control: Some("fields.plain"),
        run: |peer| Box::pin(key_of_two_bytes(peer)),
        ..CASE
    },
    Case {
        slug: "fields.reserved-wire-types",
        title: "a field of each reserved wire type spoils its message",
        clauses: &["IOTMP25-KEY-003", "IOTMPS-WIRE-002"],
        control: Some("fields.unknown-varint"),
        run: |peer| Box::pin(reserved_wire_types(peer)),
        ..CASE
    },
    Case {
        slug: "fields.integer-as-varint",
        title: "an integer is accepted as a varint field and as a value",
        clauses: &["IOTMPS-WIRE-003"],
        control: Some("framing.request"),
        run: |peer| Box::pin(integer_both_ways(peer)),
        ..CASE
    },
];

async fn plain(peer: &Peer, id: Option<u16>) -> Outcome {
    let mut exchange = Exchange::new(peer, id).await?;
    let fields = exchange.fields()?;
    exchange.send(&fields, "").await?;
    exchange.accepted().await.map(drop)
}

async fn stream_id_17_bits(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    let number = u64::from(exchange.id) | 1 << 16;
    if let Some(first) = fields.first_mut() {
        *first = exchange.craft.number(exchange.id_field()?, number);
    }
    exchange
        .send(&fields, &format!("with stream identifier {number}"))
        .await?;
    exchange.refused().await
}

async fn stream_id_as_value(peer: &Peer) -> Outcome {
    let exchange = Exchange::new(peer, None).await?;
    let id_field = exchange.id_field()?;
    let mut forms = vec![(
        "a value",
        exchange.craft.value(id_field, &json!(exchange.id))?,
    )];
    // Whoever reads only as far as the number goes reads the same number.
    for (wire, bytes) in exchange
        .craft
        .numbers_of_fixed_size(id_field, exchange.id.into())
    {
        forms.push((wire, bytes));
    }
    let mut exchange = Some(exchange);
    for (form, field) in forms {
        let mut exchange = match exchange.take() {
            Some(first) => first,
            None => Exchange::new(peer, None).await?,
        };
        let mut fields = exchange.fields()?;
        if let Some(first) = fields.first_mut() {
            *first = field;
        }
        exchange
            .send(&fields, &format!("with its stream identifier as {form}"))
            .await?;
        exchange.refused().await?;
    }
    Ok(())
}

async fn key_of_two_bytes(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    if let Some(first) = fields.first_mut().filter(|first| !first.is_empty()) {
        // Whoever ignores what follows the first byte reads the right key.
        first[0] |= 0x80;
        first.insert(1, 1);
    }
    exchange.send(&fields, "with a key of two bytes").await?;
    exchange.refused().await
}

async fn stream_id_missing(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let fields = exchange.fields()?;
    let others = fields.get(1..).unwrap_or_default().to_vec();
    exchange
        .send(&others, "without its stream identifier")
        .await?;
    exchange.refused().await
}

/// A request with more than one field: for a device a Describe of one resource will do, of any name.
async fn any_order(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    if let (Role::Device, Some(object)) = (peer.role(), exchange.message.as_object_mut()) {
        let known = peer
            .catalogue()
            .ok()
            .and_then(|catalogue| catalogue.runnable());
        let name = known.map(|resource| resource.name.clone());
        let Some(name) = name else {
            return Err(Stop::skip("the device describes no resource to ask for"));
        };
        object.insert("resource".to_owned(), json!(name));
    }
    let mut fields = exchange.fields()?;
    fields.reverse();
    exchange
        .send(&fields, "with its fields in the opposite order")
        .await?;
    exchange.accepted().await.map(drop)
}

fn failed(stop: Stop) -> bool {
    stop.verdict().kind() == Kind::Fail
}

/// The request with a field more, before, between and behind the others.
async fn unknown(peer: &Peer, field: impl Fn(Craft) -> Outcome<Vec<u8>>) -> Outcome {
    let mut at = 0;
    loop {
        let mut exchange = Exchange::new(peer, None).await?;
        let mut fields = exchange.fields()?;
        if at > fields.len() {
            return Ok(());
        }
        fields.insert(at, field(exchange.craft)?);
        exchange.send(&fields, "with an unknown field").await?;
        let last = fields.len();
        let accepted = exchange.accepted().await;
        let accepted = accepted.because(format!("the unknown field stood at place {}", at + 1));
        // Anywhere but at the end it is out of order as well.
        if at + 1 < last && accepted.is_err() && any_order(peer).await.is_err_and(failed) {
            return accepted.blaming("IOTMPS-WIRE-005").map(drop);
        }
        accepted?;
        peer.keep(exchange.link).await;
        at += 1;
    }
}

async fn unknown_of_each_wire_type(peer: &Peer) -> Outcome {
    let wire_types = Craft::new(peer.codec()).filled(UNKNOWN)?.len();
    for nth in 0..wire_types {
        unknown(peer, |craft| {
            let field = craft.filled(UNKNOWN)?.into_iter().nth(nth);
            Ok(field.map(|(_, bytes)| bytes).unwrap_or_default())
        })
        .await?;
    }
    Ok(())
}

/// Bytes that a receiver would read as stream identifier 9 if it did not skip them.
fn bytes_like_fields(craft: Craft) -> Outcome<Vec<u8>> {
    let inner = craft.number(craft.field("ok", "stream_id")?, 9);
    craft.value(
        UNKNOWN,
        &json!({"type": "bytes", "value": hex::encode(inner)}),
    )
}

/// Bytes behind a key of this wire type where a wire type of that number has a size of its own.
fn elsewhere_sized(wire_type: u8) -> Option<usize> {
    match wire_type {
        1 => Some(8),
        3 | 4 => Some(0),
        5 => Some(4),
        _ => None,
    }
}

async fn reserved_wire_types(peer: &Peer) -> Outcome {
    let reserved: Vec<u8> = Craft::new(peer.codec()).reserved_wire_types().collect();
    let mut asked = JoinSet::new();
    for wire_type in reserved {
        // Right for a varint and for a size, should a receiver take it for one, and what it is elsewhere.
        let elsewhere = elsewhere_sized(wire_type).map(|size| vec![0; size]);
        for data in core::iter::once(varint(0)).chain(elsewhere) {
            let mut exchange = Exchange::new(peer, None).await?;
            let mut fields = exchange.fields()?;
            let what = format!(
                "with a field of wire type {wire_type}, {} bytes",
                data.len()
            );
            fields.push([exchange.craft.key(UNKNOWN, wire_type), data].concat());
            exchange.send(&fields, &what).await?;
            asked.spawn(async move {
                let refused = exchange.refused().await;
                refused.because(format!("wire type {wire_type} is reserved"))
            });
            // A device has one connection at a time; of a server all answers are waited for at once.
            if peer.role() == Role::Device {
                all(&mut asked).await?;
            }
        }
    }
    all(&mut asked).await
}

async fn all(asked: &mut JoinSet<Outcome>) -> Outcome {
    while let Some(done) = asked.join_next().await {
        done.map_err(|error| Stop::inconclusive(error.to_string()))??;
    }
    Ok(())
}

/// A number that names no resource, or a device's resource that has an alias, in both forms.
async fn integer_both_ways(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let alias = peer
        .catalogue()
        .ok()
        .and_then(|catalogue| catalogue.with_alias())
        .and_then(|resource| resource.alias);
    let number = alias.unwrap_or(40_000);
    let (code, resource) = (craft.code("run")?, craft.field("run", "resource")?);
    let id_field = craft.field("run", "stream_id")?;
    let mut kinds = Vec::new();
    for (form, field) in [
        ("varint", craft.number(resource, number)),
        ("value", craft.value(resource, &json!(number))?),
    ] {
        let id = link.id();
        let mut body = craft.number(id_field, id.into());
        body.extend(field);
        link.send_raw(
            &craft.frame(code, &body),
            &format!("run of resource {number} as a {form}"),
        )
        .await;
        let answer = link
            .answer(id)
            .await
            .because(format!("the number travelled as a {form}"))?;
        kinds.push(answer.name().to_owned());
    }
    match kinds.as_slice() {
        [first, second] if first != second => Err(Stop::fail(
            "the same answer to both forms",
            format!("{first} to the varint, {second} to the value"),
        )),
        _ => Ok(()),
    }
}

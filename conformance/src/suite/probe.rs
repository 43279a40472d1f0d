//! What the sources leave open: these cases see which way a subject takes, and fail no one.

pub(super) mod values;
pub(super) mod waits;

use serde_json::{Value as Json, json};

use super::craft::padded_varint;
use super::exchange::Exchange;
use crate::case::{CASE, Case, SERVER};
use crate::subject::vocabulary::{self, connect, disconnect};
use crate::subject::{Event, Link, NO_SUCH_RESOURCE, Peer, Want, phrase};
use crate::verdict::{Outcome, Step, Stop};

const FIELD_ORDER: &str = "IOTMP25-AMB-FIELD-ORDER";
const NON_MINIMAL: &str = "IOTMP25-AMB-NON-MINIMAL";
const DUPLICATE_FIELD: &str = "IOTMP25-AMB-DUPLICATE-FIELD";
const DUPLICATE_KEY: &str = "IOTMP25-AMB-DUPLICATE-KEY";
const UNKNOWN_TYPE: &str = "IOTMP25-AMB-UNKNOWN-TYPE";
const DISCONNECT_ACK: &str = "IOTMP25-AMB-DISCONNECT-ACK";
const SECOND_CONNECT: &str = "IOTMP25-AMB-SECOND-CONNECT";
const SERVER_RESOURCE: &str = "IOTMPS-AMB-SERVER-RESOURCE";
const PSON_GENERATION: &str = "IOTMP25-AMB-PSON-GENERATION";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "probe.field-order",
        title: "are fields accepted in the opposite order?",
        roles: SERVER.roles,
        specs: &["iotmp-2020", "iotmp-2023", "iotmp-2025"],
        ambiguity: Some(FIELD_ORDER),
        run: |peer| Box::pin(field_order(peer)),
        ..CASE
    },
    Case {
        slug: "probe.non-minimal-varint",
        title: "may a varint take more bytes than it needs?",
        ambiguity: Some(NON_MINIMAL),
        // Whoever dies of it is to be charged with that.
        control: Some("framing.request"),
        run: |peer| Box::pin(non_minimal_varint(peer)),
        ..CASE
    },
    Case {
        slug: "probe.duplicate-field",
        title: "which one of two stream identifiers counts?",
        ambiguity: Some(DUPLICATE_FIELD),
        // Whoever dies of it is to be charged with that.
        control: Some("framing.request"),
        run: |peer| Box::pin(duplicate_field(peer)),
        ..CASE
    },
    Case {
        slug: "probe.duplicate-key",
        title: "which one of two intervals in one map counts?",
        roles: SERVER.roles,
        // Elsewhere the interval is a field, and a Connect has no map at all.
        specs: &["iotmp-2025", "iotmp-shipping"],
        ambiguity: Some(DUPLICATE_KEY),
        run: |peer| Box::pin(duplicate_key(peer)),
        ..CASE
    },
    Case {
        slug: "probe.unknown-type",
        title: "what becomes of a message of an unknown type?",
        ambiguity: Some(UNKNOWN_TYPE),
        // Whoever dies of it is to be charged with that.
        control: Some("framing.request"),
        run: |peer| Box::pin(unknown_type(peer)),
        ..CASE
    },
    Case {
        slug: "probe.disconnect-with-stream-id",
        title: "is a Disconnect with a stream identifier acknowledged?",
        ambiguity: Some(DISCONNECT_ACK),
        run: |peer| Box::pin(disconnect_with_stream_id(peer)),
        ..CASE
    },
    Case {
        slug: "probe.second-connect",
        title: "what becomes of a second Connect?",
        roles: SERVER.roles,
        ambiguity: Some(SECOND_CONNECT),
        run: |peer| Box::pin(second_connect(peer)),
        ..CASE
    },
    Case {
        slug: "probe.server-resource",
        title: "where does the number of a server resource stand?",
        roles: SERVER.roles,
        ambiguity: Some(SERVER_RESOURCE),
        run: |peer| Box::pin(server_resource(peer)),
        ..CASE
    },
    Case {
        slug: "probe.generation-of-connect",
        title: "in which generation of PSON is a Connect that announces the second?",
        roles: SERVER.roles,
        ambiguity: Some(PSON_GENERATION),
        run: |peer| Box::pin(generation_of_connect(peer)),
        ..CASE
    },
];

/// The clause that is broken by whoever stays.
const ENDS: &str = "IOTMP25-DISCONNECT-001";

fn seen(ambiguity: &str, reading: &str) -> Outcome {
    Err(Stop::info(ambiguity, reading))
}

/// Whether the request, edited so, is answered by Ok.
async fn is_accepted(exchange: &mut Exchange, fields: &[Vec<u8>], what: &str) -> Outcome<bool> {
    exchange.send(fields, what).await?;
    let event = exchange.link.next().await;
    Ok(Want::Ok(exchange.id).allows(&event))
}

async fn field_order(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    fields.reverse();
    let accepted = is_accepted(
        &mut exchange,
        &fields,
        "with its fields in the opposite order",
    )
    .await?;
    seen(FIELD_ORDER, if accepted { "any" } else { "ascending" })
}

async fn non_minimal_varint(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    if let Some(first) = fields.first_mut() {
        *first = exchange
            .craft
            .key(exchange.id_field()?, exchange.craft.varint_wire());
        first.extend(padded_varint(exchange.id.into(), 4));
    }
    let accepted = is_accepted(
        &mut exchange,
        &fields,
        "with a stream identifier of four bytes",
    )
    .await?;
    seen(NON_MINIMAL, if accepted { "accept" } else { "reject" })
}

async fn duplicate_field(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let mut fields = exchange.fields()?;
    let second = exchange.link.id();
    fields.insert(
        1,
        exchange.craft.number(exchange.id_field()?, second.into()),
    );
    exchange
        .send(&fields, "with two stream identifiers")
        .await?;
    let event = exchange.link.next().await;
    let reading = if Want::Ok(exchange.id).allows(&event) {
        "first"
    } else if Want::Ok(second).allows(&event) {
        "last"
    } else {
        "reject"
    };
    seen(DUPLICATE_FIELD, reading)
}

/// Whether a Connect with these two intervals is answered by Ok.
async fn takes_intervals(peer: &Peer, first: u64, second: u64) -> Outcome<bool> {
    let payload = peer.credentials()?.payload();
    let mut link = peer.open().await?;
    let id = link.id();
    let mut message = connect(peer.spec(), id, &json!({"keep_alive": first}), &payload)?;
    twice(&mut message, second);
    link.send(message).await?;
    Ok(Want::Ok(id).allows(&link.next().await))
}

/// Gives the only key of each map another value behind the first.
fn twice(message: &mut Json, second: u64) {
    for field in message.as_object_mut().into_iter().flatten() {
        let Some((key, first)) = field.1.as_object().and_then(|map| map.iter().next()) else {
            continue;
        };
        *field.1 = json!({"type": "map", "value": [[key, first], [key, second]]});
    }
}

async fn duplicate_key(peer: &Peer) -> Outcome {
    let longest = peer.spec().timer("keep_alive_max");
    let Some(longest) = longest else {
        return Err(Stop::skip(
            "the spec sets no longest interval, by which the two could be told apart",
        ));
    };
    let good_last = takes_intervals(peer, longest + 1, longest).await?;
    let good_first = takes_intervals(peer, longest, longest + 1).await?;
    let reading = match (good_first, good_last) {
        (false, true) => "last",
        (true, false) => "first",
        (false, false) => "reject",
        (true, true) => "no interval is refused, whichever counts",
    };
    seen(DUPLICATE_KEY, reading)
}

async fn unknown_type(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = super::craft::Craft::new(link.codec());
    let id = link.id();
    let body = craft.number(craft.field("ok", "stream_id")?, id.into());
    let message = craft.frame(craft.unknown_code(), &body);
    link.send_raw(&message, "a message of an unknown type")
        .await;
    // In every reading the next message is seen.
    let settled = link.settle().await.blaming("IOTMP25-FRAME-004")?;
    let reading = match settled.messages.first() {
        _ if !settled.alive => "close",
        None => "ignore",
        Some(message) if message.is("error", id) => "error",
        Some(other) => return seen(UNKNOWN_TYPE, &phrase(&other.message)),
    };
    if settled.alive {
        peer.keep(link).await;
    }
    seen(UNKNOWN_TYPE, reading)
}

async fn disconnect_with_stream_id(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let mut message = disconnect(peer.spec(), id);
    if let Some(object) = message.as_object_mut() {
        object.insert("stream_id".to_owned(), id.into());
    }
    link.send(message).await?;
    let event = link.next().await;
    let reading = match &event {
        Event::Closed { .. } => "silent".to_owned(),
        event if Want::Ok(id).allows(event) => "ack".to_owned(),
        other => other.to_string(),
    };
    // Acknowledged or not, it is one.
    if !matches!(event, Event::Closed { .. }) {
        let ended = link.closed_in_the_end().await;
        ended
            .because(format!("the Disconnect had a stream identifier: {reading}"))
            .blaming(ENDS)?;
    }
    seen(DISCONNECT_ACK, &reading)
}

async fn second_connect(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let mut link = peer.connected().await?;
    let id = link.id();
    link.send(connect(peer.spec(), id, &Json::Null, &payload)?)
        .await?;
    let event = link.next().await;
    let reading = match &event {
        Event::Closed { .. } => "close",
        event if Want::Ok(id).allows(event) => "accept",
        event if Want::Error(id).allows(event) => {
            if link.settle().await?.alive {
                "error"
            } else {
                "close"
            }
        }
        other => return seen(SECOND_CONNECT, &other.to_string()),
    };
    seen(SECOND_CONNECT, reading)
}

/// Whether a Run of the server's is answered by Ok.
async fn is_run(link: &mut Link, resource: Json, parameters: Json) -> Outcome<bool> {
    let id = link.id();
    let run =
        json!({"type": "run", "stream_id": id, "resource": resource, "parameters": parameters});
    link.send(run).await?;
    let answer = link.answer(id).await?;
    Ok(answer.name() == "ok")
}

async fn server_resource(peer: &Peer) -> Outcome {
    let number = |name| vocabulary::number(peer.spec(), "server_resource", name);
    let (lock, unlock) = (number("lock")?, number("unlock")?);
    let mut link = peer.connected().await?;
    let target = json!(NO_SUCH_RESOURCE);
    let in_resource = is_run(&mut link, json!(lock), target.clone()).await?;
    if in_resource {
        is_run(&mut link, json!(unlock), target.clone()).await?;
    }
    let in_parameters = is_run(&mut link, target.clone(), json!(lock)).await?;
    if in_parameters {
        is_run(&mut link, target, json!(unlock)).await?;
    }
    match (in_resource, in_parameters) {
        (true, false) => seen(SERVER_RESOURCE, "resource"),
        (false, true) => seen(SERVER_RESOURCE, "parameters"),
        (true, true) => seen(SERVER_RESOURCE, "both"),
        (false, false) => Err(Stop::skip(
            "the server has no locks, by which the two could be told apart",
        )),
    }
}

async fn generation_of_connect(peer: &Peer) -> Outcome {
    let payload = peer.credentials()?.payload();
    let mut readings = Vec::new();
    let encodings = peer.codec().encodings();
    let [first, second] = encodings.as_slice() else {
        return Err(Stop::skip("the spec has one encoding only"));
    };
    for (encoding, reading) in [(second, "announced"), (first, "first")] {
        let mut link = peer.open().await?;
        link.set_encoding(*encoding);
        let id = link.id();
        let parts = json!({"protocol_version": 1});
        link.send(connect(peer.spec(), id, &parts, &payload)?)
            .await?;
        if Want::Ok(id).allows(&link.next().await) {
            readings.push(reading);
        }
    }
    match readings.as_slice() {
        [one] => seen(PSON_GENERATION, one),
        [] => Err(Stop::skip(
            "the server does not speak the second generation",
        )),
        _ => seen(PSON_GENERATION, "both"),
    }
}

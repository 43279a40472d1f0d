//! Messages that nobody sends by mistake.

pub(super) mod nested;
pub(super) mod odd;
pub(super) mod others;

use iotmp_ref::wire::Encoding;
use serde_json::{Value as Json, json};

use super::connect::payload::not_accepted;
use super::craft::Craft;
use super::exchange::Exchange;
use super::run::runnable;
use crate::case::{CASE, Case, DEVICE, Pace, Role, SERVER};
use crate::subject::{Credentials, Event, Link, NO_SUCH_RESOURCE, Peer, Want, phrase, vocabulary};
use crate::verdict::{Outcome, Step, Stop};

/// The clause that is broken by whoever takes half a message for one.
const NOT_YET: &str = "IOTMP25-FRAME-005";

/// A case after which the subject is seen to live, on the same connection or another.
const HOSTILE: Case = Case {
    clauses: &["IOTMP25-ROBUST-001"],
    control: Some("framing.request"),
    pace: Pace::Alone,
    ..CASE
};

/// The same for a server that does not know yet who is there.
const UNCONNECTED: Case = Case {
    roles: SERVER.roles,
    control: Some("connect.ok"),
    ..HOSTILE
};

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "hostile.endless-varint",
        title: "a header that never ends is given up",
        run: |peer| Box::pin(endless_varint(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.map-count",
        title: "a map of 2^64-1 pairs is no map",
        run: |peer| Box::pin(payload(peer, |craft| craft.lying_map(u64::MAX))),
        ..HOSTILE
    },
    Case {
        slug: "hostile.array-count",
        title: "an array of 2^31 elements is no array",
        run: |peer| Box::pin(payload(peer, |craft| craft.lying_array(1 << 31))),
        ..HOSTILE
    },
    Case {
        slug: "hostile.string-size",
        title: "a string of 4 GiB is no string",
        run: |peer| Box::pin(payload(peer, |craft| craft.lying_string(u32::MAX.into()))),
        ..HOSTILE
    },
    Case {
        slug: "hostile.short-name",
        title: "a name that ends a byte early is not the name without that byte",
        clauses: &["IOTMP25-PSON1-007", "IOTMP25-PSON2-007"],
        run: |peer| Box::pin(short_name(peer)),
        roles: DEVICE.roles,
        ..HOSTILE
    },
    Case {
        slug: "hostile.unconnected-short-credential",
        title: "a credential that ends a byte early is not the credential without that byte",
        clauses: &["IOTMP25-PSON1-007", "IOTMP25-PSON2-007"],
        run: |peer| Box::pin(unconnected_short_credential(peer)),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.not-utf-8",
        title: "a resource whose name is not UTF-8 is no resource",
        run: |peer| Box::pin(not_utf_8(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.cut-mid-message",
        title: "a connection that ends in the middle of a message just ends",
        clauses: &["IOTMP25-ROBUST-001", NOT_YET],
        run: |peer| Box::pin(cut_mid_message(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.noise",
        title: "random bytes end a connection, and nothing else",
        run: |peer| Box::pin(noise(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.answers-to-nothing",
        title: "answers and values that nobody waits for change nothing",
        control: Some("framing.coalesced"),
        run: |peer| Box::pin(answers_to_nothing(peer)),
        ..HOSTILE
    },
    Case {
        slug: "hostile.unconnected-varint",
        title: "a first message whose header never ends ends the connection",
        run: |peer| Box::pin(unconnected_varint(peer)),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-body",
        title: "a first message of 4 GiB ends the connection before it comes",
        clauses: &["IOTMP25-FRAME-006", "IOTMP25-ROBUST-001"],
        control: Some("framing.sizes"),
        run: |peer| Box::pin(unconnected_body(peer)),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-map-count",
        title: "a Connect with a map of 2^64-1 pairs is not accepted",
        run: |peer| Box::pin(unconnected_payload(peer, |craft| craft.lying_map(u64::MAX))),
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-string-size",
        title: "a Connect with a string of 4 GiB is not accepted",
        run: |peer| {
            Box::pin(unconnected_payload(peer, |craft| {
                craft.lying_string(u32::MAX.into())
            }))
        },
        ..UNCONNECTED
    },
    Case {
        slug: "hostile.unconnected-silence",
        title: "a connection that ends before its first message is forgotten",
        run: |peer| Box::pin(unconnected_silence(peer)),
        ..UNCONNECTED
    },
];

/// More bytes than any varint has, all of which say that another follows.
fn endless() -> Vec<u8> {
    vec![0xff; 64]
}

async fn endless_varint(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    link.send_raw(&endless(), "a varint without an end").await;
    link.closed().await?;
    witness.undisturbed().await
}

/// Sees what becomes of a connection: it may live or end, but the message is not answered by Ok.
async fn never_ok(link: &mut Link, id: u16) -> Outcome {
    taken(link, id).await?.map_or(Ok(()), Err)
}

/// The failure that it is where a message is answered by Ok.
pub(in crate::suite) async fn taken(link: &mut Link, id: u16) -> Outcome<Option<Stop>> {
    let settled = link.settle_spoiled().await?;
    let ok = settled.messages.iter().find(|message| message.is("ok", id));
    let expected = "an Error, no answer, or the end of the connection";
    Ok(ok.map(|ok| Stop::fail(expected, phrase(&ok.message))))
}

/// A Run of nothing with such a payload.
async fn payload(peer: &Peer, value: impl Fn(Craft) -> Outcome<Vec<u8>>) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let run = json!({"type": "run", "stream_id": id, "resource": NO_SUCH_RESOURCE});
    let mut body = craft.fields(&run)?.concat();
    body.extend(craft.key(craft.field("run", "payload")?, craft.value_wire()));
    body.extend(value(craft)?);
    link.send_raw(
        &craft.frame(craft.code("run")?, &body),
        "run with a hostile payload",
    )
    .await;
    never_ok(&mut link, id).await?;
    witness.undisturbed().await
}

/// A value whose last byte is missing, which would be the last character of a text.
fn ends_early(craft: Craft, value: &Json) -> Outcome<Vec<u8>> {
    let mut bytes = craft.bare_value(value)?;
    bytes.pop();
    Ok(bytes)
}

/// The clause about values that end early, of the generation in force.
fn early_end(craft: Craft) -> &'static str {
    match craft.encoding() {
        Encoding::Pson1 => "IOTMP25-PSON1-007",
        _ => "IOTMP25-PSON2-007",
    }
}

async fn short_name(peer: &Peer) -> Outcome {
    let resource = runnable(peer)?;
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let mut request = resource.run(Some(id));
    if let Some(parts) = request.as_object_mut() {
        parts.remove("resource");
    }
    let mut body = craft.fields(&request)?.concat();
    body.extend(craft.key(craft.field("run", "resource")?, craft.value_wire()));
    body.extend(ends_early(craft, &json!(format!("{}x", resource.name)))?);
    let message = craft.frame(craft.code("run")?, &body);
    link.send_raw(&message, "run of a name that ends early")
        .await;
    never_ok(&mut link, id).await.blaming(early_end(craft))
}

async fn unconnected_short_credential(peer: &Peer) -> Outcome {
    let mut exchange = Exchange::new(peer, None).await?;
    let craft = exchange.craft;
    let mut fields = exchange.fields()?;
    let right = peer.credentials()?;
    let longer = Credentials {
        credential: format!("{}x", right.credential),
        ..right.clone()
    };
    let field = craft.field("connect", "payload")?;
    let key = craft.key(field, craft.value_wire());
    let Some(at) = fields.iter().position(|bytes| bytes.starts_with(&key)) else {
        return Err(Stop::inconclusive("the Connect has no payload"));
    };
    fields.remove(at);
    fields.push([key, ends_early(craft, &longer.payload())?].concat());
    exchange
        .send(&fields, "with a credential that ends early")
        .await?;
    not_accepted(&mut exchange.link)
        .await
        .blaming(early_end(craft))
}

async fn not_utf_8(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let craft = Craft::new(link.codec());
    let id = link.id();
    let mut name = craft.bare_value(&json!("\u{1}\u{2}\u{3}"))?;
    for byte in name.iter_mut().rev().take(3) {
        *byte |= 0xf0;
    }
    let mut body = craft.number(craft.field("run", "stream_id")?, id.into());
    body.extend(craft.key(craft.field("run", "resource")?, craft.value_wire()));
    body.extend(name);
    link.send_raw(
        &craft.frame(craft.code("run")?, &body),
        "run of a resource that is not UTF-8",
    )
    .await;
    never_ok(&mut link, id).await
}

/// A request whose last field is a name, of which any part is a name as well.
fn ends_in_a_name(craft: Craft, id: u16) -> Outcome<Vec<u8>> {
    let body = [
        craft.number(craft.field("run", "stream_id")?, id.into()),
        craft.value(craft.field("run", "resource")?, &json!(NO_SUCH_RESOURCE))?,
    ];
    Ok(craft.frame(craft.code("run")?, &body.concat()))
}

async fn cut_mid_message(peer: &Peer) -> Outcome {
    let (witness, other) = (peer.witness().await?, peer.witness().await?);
    let mut link = peer.connected().await?;
    let id = link.id();
    let bytes = ends_in_a_name(Craft::new(link.codec()), id)?;
    let half = bytes.get(..bytes.len() - 1).unwrap_or_default();
    link.send_raw(half, "a request but for its last byte").await;
    // Others need not wait for the rest.
    other.undisturbed().await?;
    link.finish().await;
    match link.next().await {
        Event::Message(received) if Want::Answer(id).allows_message(&received) => {
            let expected = "no answer to half a message";
            return Err(Stop::fail(expected, phrase(&received.message)).blaming(NOT_YET));
        }
        _ => drop(link),
    }
    witness.undisturbed().await
}

/// Bytes without a pattern, the same for one seed.
fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..len).map(|_| next().to_le_bytes()[0]).collect()
}

async fn noise(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let seed = peer.subject().manner().seed;
    for round in 0..4 {
        let mut link = peer.connected().await?;
        let bytes = random(seed.wrapping_add(round), 256);
        link.send_raw(&bytes, "random bytes").await;
        // Whatever they mean, no more will come.
        link.finish().await;
        link.next().await;
    }
    witness.undisturbed().await
}

async fn answers_to_nothing(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let id = link.id();
    let spec = peer.spec();
    for name in ["ok", "error"].into_iter().chain(vocabulary::values(spec)) {
        let message = vocabulary::value(spec, name, id, &json!("nobody asked"));
        link.send(message).await?;
    }
    let settled = link.settle().await?;
    // A peer may end the connection over it, or answer Error; neither is Ok.
    match settled
        .messages
        .iter()
        .find(|message| message.name() == "ok")
    {
        None => Ok(()),
        Some(ok) => Err(Stop::fail("no Ok", phrase(&ok.message)).blaming("IOTMP25-ROBUST-001")),
    }
}

async fn unconnected_varint(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.open().await?;
    link.send_raw(&endless(), "a varint without an end").await;
    link.closed().await?;
    witness.undisturbed().await
}

async fn unconnected_body(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    let mut link = peer.open().await?;
    let craft = Craft::new(link.codec());
    let mut bytes = super::craft::varint(craft.code("connect")?);
    bytes.extend(super::craft::varint(u32::MAX.into()));
    link.send_raw(&bytes, "a connect of 4 GiB begins").await;
    link.closed().await.blaming("IOTMP25-FRAME-006")?;
    witness.undisturbed().await
}

async fn unconnected_payload(peer: &Peer, value: impl Fn(Craft) -> Outcome<Vec<u8>>) -> Outcome {
    debug_assert_eq!(
        peer.role(),
        Role::Server,
        "only a server waits for a Connect"
    );
    let witness = peer.witness().await?;
    let mut exchange = Exchange::new(peer, None).await?;
    let craft = exchange.craft;
    let mut fields = exchange.fields()?;
    if let Some(last) = fields.last_mut() {
        *last = craft.key(craft.field("connect", "payload")?, craft.value_wire());
        last.extend(value(craft)?);
    }
    exchange.send(&fields, "with a hostile payload").await?;
    not_accepted(&mut exchange.link).await?;
    witness.undisturbed().await
}

async fn unconnected_silence(peer: &Peer) -> Outcome {
    let witness = peer.witness().await?;
    for _ in 0..8 {
        peer.open().await?.close();
    }
    witness.undisturbed().await
}

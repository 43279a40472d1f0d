//! Numbers of a Connect that are one of its own once they are cut.

use serde_json::{Value as Json, json};

use super::payload::not_accepted;
use crate::case::{Case, SERVER};
use crate::subject::vocabulary::connect;
use crate::subject::{Peer, vocabulary};
use crate::suite::craft::Craft;
use crate::verdict::{Outcome, Step, Stop};

/// The clause that is broken by whoever cuts.
const NEVER_CUT: &str = "IOTMP25-VARINT-004";
/// Bits that are lost to those who keep such a number in a byte or two. Who keeps integers in four
/// bytes does so wherever there is one.
const LOST: [u32; 2] = [8, 16];

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "connect.auth-type-cut",
        title: "an authentication type is not taken for that of credentials if it is cut",
        clauses: &[NEVER_CUT],
        control: Some("connect.auth-type-credentials"),
        run: |peer| Box::pin(never_cut(peer, "auth_type", "auth_type", "credentials")),
        ..SERVER
    },
    Case {
        slug: "connect.version-cut",
        title: "a protocol version is not taken for the first one if it is cut",
        // Elsewhere the version selects nothing.
        specs: &["iotmp-2025"],
        clauses: &[NEVER_CUT],
        control: Some("connect.version-0"),
        run: |peer| {
            let (part, first) = ("protocol_version", "pson_generation_1");
            Box::pin(never_cut(peer, part, part, first))
        },
        ..SERVER
    },
    Case {
        slug: "connect.encoding-cut",
        title: "an encoding is not taken for PSON if it is cut",
        // The others choose none by number.
        specs: &["iotmp-2023"],
        clauses: &[NEVER_CUT],
        control: Some("encoding.pson"),
        run: |peer| Box::pin(never_cut(peer, "encoding", "payload_encoding", "pson")),
        ..SERVER
    },
];

/// Sees that a server does not take a Connect that says so, with valid credentials.
async fn refuses(peer: &Peer, part: &str, number: u64) -> Outcome {
    let payload = peer.credentials()?.payload();
    let mut link = peer.open().await?;
    let id = link.id();
    let message = connect(peer.spec(), id, &json!({part: number}), &payload)?;
    let bytes = match link.encode(&message) {
        Ok(bytes) => bytes,
        // What is a field of its own, and too long for it, is put together by hand.
        Err(_) => {
            let craft = Craft::new(link.codec());
            let mut fields = craft.fields(&connect(peer.spec(), id, &Json::Null, &payload)?)?;
            fields.push(craft.number(craft.field("connect", part)?, number));
            craft.frame(craft.code("connect")?, &fields.concat())
        }
    };
    link.send_raw(&bytes, &format!("connect with {part} {number}"))
        .await;
    not_accepted(&mut link).await
}

async fn never_cut(peer: &Peer, part: &str, enumeration: &str, name: &str) -> Outcome {
    let known = vocabulary::number(peer.spec(), enumeration, name)?;
    let values = peer.spec().enumeration(enumeration);
    let values = values.map_or(&[][..], |known| &known.values);
    let highest = values.iter().map(|value| value.value).max();
    // Whoever takes any number cuts none.
    if refuses(peer, part, highest.unwrap_or(0) + 1).await.is_err() {
        return Err(Stop::skip(format!("the server takes any {enumeration}")));
    }
    for bit in LOST {
        let long = known | 1 << bit;
        refuses(peer, part, long)
            .await
            .because(format!("the Connect named {enumeration} {long}"))?;
    }
    Ok(())
}

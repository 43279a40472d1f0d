//! Packets that a server refuses by their type or their structure.

use core::time::Duration;

use serde_json::Value as Json;

use super::SERVER;
use super::expect::{code_of, payload, refused, says};
use crate::case::{Case, Pace};
use crate::subject::nubison::{bytes, complete, response_within};
use crate::subject::{Link, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// What the rule of a packet of no type is, and that of one which is not laid out as its type says.
const NO_TYPE: &str = "NUB-ERROR-001";
const STRUCTURE: &str = "NUB-ERROR-002";

/// Letters that name no packet.
const NO_TYPES: &[u8] = b"XZdl0";
/// What a packet of no type may hold.
const BODY: &[u8] = b"conformance-unknown-0000";

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "refusal.type",
        title: "a packet of a type that there is not gets error code 0001",
        clauses: &[NO_TYPE],
        control: Some("heartbeat.bare"),
        run: |peer| Box::pin(no_type(peer)),
        ..SERVER
    },
    Case {
        slug: "refusal.type-first",
        title: "so does one that comes before the Login",
        clauses: &[NO_TYPE],
        control: Some("login.ok"),
        run: |peer| Box::pin(no_type_first(peer)),
        ..SERVER
    },
    Case {
        slug: "refusal.cut-short",
        title: "Data whose payload is shorter than its length says gets error code 0002",
        clauses: &[STRUCTURE, "NUB-DATA-003"],
        control: Some("data.ok"),
        pace: Pace::Slow,
        run: |peer| Box::pin(cut_short(peer)),
        ..SERVER
    },
    Case {
        slug: "refusal.login-cut-short",
        title: "a Login that ends in its product code gets error code 0002",
        clauses: &[STRUCTURE, "NUB-LOGIN-006"],
        control: Some("login.ok"),
        pace: Pace::Slow,
        run: |peer| Box::pin(login_cut_short(peer)),
        ..SERVER
    },
    Case {
        slug: "refusal.not-utf-8",
        title: "a client identifier that is not UTF-8 is refused",
        clauses: &[STRUCTURE, "NUB-ROBUST-001"],
        control: Some("login.ok"),
        run: |peer| Box::pin(not_utf_8(peer)),
        ..SERVER
    },
];

/// A packet of that type with a session identifier of its own, and that identifier.
pub(super) fn of_type(link: &mut Link, code: u8, body: &[u8]) -> (Vec<u8>, Json) {
    let name = link.transaction();
    let id = name.get("value").and_then(Json::as_str).unwrap_or_default();
    let id = hex::decode(id).unwrap_or_default();
    ([&[code], id.as_slice(), body].concat(), bytes(&id))
}

/// Sends a packet as it is, and waits for its response.
pub(super) async fn raw(
    link: &mut Link,
    packet: &[u8],
    what: &str,
) -> Outcome<crate::subject::Received> {
    let within = link.timeout();
    raw_within(link, packet, what, within).await
}

async fn raw_within(
    link: &mut Link,
    packet: &[u8],
    what: &str,
    within: Duration,
) -> Outcome<crate::subject::Received> {
    let name = packet.get(1..9).unwrap_or_default();
    // Whatever it is, its refusal is read as one.
    let like = [b"D", name, b"conformance-unknown-0000\0\0"].concat();
    link.sends(&like);
    let rule = match packet.first() {
        Some(b'L' | b'O' | b'D' | b'H') => STRUCTURE,
        _ => NO_TYPE,
    };
    link.refuses(name, rule);
    // An answer in passing would be taken for what is missing.
    link.hold();
    link.send_raw(packet, what).await;
    let response = response_within(link, &bytes(name), within).await;
    link.release().await;
    response.blaming(rule)
}

async fn no_type(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for &code in NO_TYPES {
        let (packet, _) = of_type(&mut link, code, BODY);
        let response = raw(&mut link, &packet, "a packet of no type").await?;
        refused(&link, &response, "packet_type")?;
        if !link.settle().await?.alive {
            link = peer.connected().await?;
        }
    }
    Ok(())
}

async fn no_type_first(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let (packet, _) = of_type(&mut link, b'X', &[]);
    let response = raw(&mut link, &packet, "a packet of no type").await?;
    refused(&link, &response, "packet_type")
}

/// Whoever waits for the rest may do so for as long as either end waits for the other.
async fn short_of(peer: &Peer, link: &mut Link, request: Json, less: usize, what: &str) -> Outcome {
    let answer = peer.spec().timer("answer").map(Duration::from_secs);
    let within = answer.map_or(peer.timeout(), |answer| answer.min(peer.patience()));
    let within = within.max(peer.timeout());
    let request = complete(link, request);
    let bytes = link.encode(&request)?;
    let cut = bytes
        .get(..bytes.len().saturating_sub(less))
        .unwrap_or_default();
    let response = raw_within(link, cut, what, within).await?;
    refused(link, &response, "packet_structure")
}

async fn cut_short(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let request = super::expect::data(&payload(peer));
    let what = "Data but for its last byte";
    short_of(peer, &mut link, request, 1, what).await
}

async fn login_cut_short(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let request = crate::subject::nubison::login(peer.spec(), peer.credentials()?)?;
    let identifier = request
        .get("identifier")
        .and_then(Json::as_str)
        .map_or(0, str::len);
    short_of(
        peer,
        &mut link,
        request,
        identifier + 5,
        "a Login that ends in its product code",
    )
    .await
}

async fn not_utf_8(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let request = crate::subject::nubison::login(peer.spec(), peer.credentials()?)?;
    let request = complete(&mut link, request);
    let mut bytes = link.encode(&request)?;
    if let Some(byte) = bytes.get_mut(12) {
        *byte = 0xff;
    }
    let response = raw(&mut link, &bytes, "a Login that is not UTF-8").await?;
    // Whether it is the structure that is wrong or the client, the order of checks decides.
    match (response.name(), code_of(&response)) {
        ("refused", Some(code)) if says(code, 2) || says(code, 3) => Ok(()),
        _ => {
            let got = phrase(&response.message);
            Err(Stop::fail("error code 0002 or 0003", got).blaming(STRUCTURE))
        }
    }
}

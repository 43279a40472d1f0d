//! Data and heartbeats, as a server takes them.

use super::SERVER;
use super::expect::{
    accepted, arrived, data, every_byte, heartbeat, in_other_case, nothing_more, payload, refused,
    with_wrong_token,
};
use crate::case::Case;
use crate::subject::nubison::ask;
use crate::subject::{Ask, Link, Peer};
use crate::verdict::{Outcome, Step, Stop};

/// Largest payload of Data, as its length of two bytes has it.
const LARGEST: usize = u16::MAX as usize;

/// Data is answered by success.
const TAKEN: &str = "NUB-DATA-002";
/// A payload is passed on as it is.
const UNTOUCHED: &str = "NUB-DATA-004";
/// Data one after another: who loses every hundredth loses one of them wherever the count stands.
const IN_A_ROW: usize = 150;
/// Steps before the last that are worth showing.
const SHOWN: usize = 8;
/// Bytes of a payload that is long for a Heartbeat.
const LONG: usize = 200;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "data.ok",
        title: "Data is answered by status 01 and nothing more",
        clauses: &["NUB-DATA-002", "NUB-RESPONSE-001", "NUB-SESSION-001"],
        run: |peer| Box::pin(taken(peer)),
        ..SERVER
    },
    Case {
        slug: "data.one-after-another",
        title: "150 Data one after another are all answered",
        clauses: &[TAKEN],
        control: Some("data.ok"),
        run: |peer| Box::pin(one_after_another(peer)),
        ..SERVER
    },
    Case {
        slug: "data.empty",
        title: "a payload of no bytes is a payload",
        clauses: &[TAKEN, UNTOUCHED],
        control: Some("data.ok"),
        run: |peer| Box::pin(untouched(peer, Vec::new(), TAKEN)),
        ..SERVER
    },
    Case {
        slug: "data.every-byte",
        title: "a payload of all bytes that there are arrives as it is",
        clauses: &[UNTOUCHED],
        control: Some("data.ok"),
        run: |peer| Box::pin(untouched(peer, every_byte(), UNTOUCHED)),
        ..SERVER
    },
    Case {
        slug: "data.packets-inside",
        title: "packets in a payload are a payload",
        clauses: &[UNTOUCHED],
        control: Some("data.ok"),
        run: |peer| {
            Box::pin(untouched(
                peer,
                b"Osession1conformance-unknown-0000Rsession1\x00\x00\x05".to_vec(),
                UNTOUCHED,
            ))
        },
        ..SERVER
    },
    Case {
        slug: "data.largest",
        title: "a payload of 65,535 bytes arrives as it is",
        clauses: &[TAKEN, UNTOUCHED],
        control: Some("packet.pieces"),
        run: |peer| {
            Box::pin(untouched(
                peer,
                every_byte().into_iter().cycle().take(LARGEST).collect(),
                TAKEN,
            ))
        },
        ..SERVER
    },
    Case {
        slug: "data.wrong-token",
        title: "Data with an access token that was not issued gets error code 0005",
        clauses: &["NUB-ERROR-005", "NUB-DATA-003"],
        control: Some("data.ok"),
        run: |peer| Box::pin(wrong_token(peer, data)),
        ..SERVER
    },
    Case {
        slug: "data.before-login",
        title: "Data of a device that is not logged in gets error code 0005",
        clauses: &["NUB-ERROR-005", "NUB-DATA-003"],
        control: Some("data.ok"),
        run: |peer| Box::pin(before_login(peer)),
        ..SERVER
    },
    Case {
        slug: "data.wrong-structure",
        title: "a payload without the registered structure gets error code 0006",
        clauses: &["NUB-ERROR-006", "NUB-DATA-003"],
        control: Some("data.ok"),
        run: |peer| Box::pin(wrong_structure(peer, data)),
        ..SERVER
    },
    Case {
        slug: "data.server-failure",
        title: "a payload on which the server fails gets error code 9999",
        clauses: &["NUB-ERROR-007", "NUB-DATA-003"],
        control: Some("data.ok"),
        run: |peer| Box::pin(server_failure(peer)),
        ..SERVER
    },
    Case {
        slug: "heartbeat.bare",
        title: "a Heartbeat without payload is answered by status 01 and nothing more",
        clauses: &["NUB-HEARTBEAT-003", "NUB-RESPONSE-001", "NUB-SESSION-001"],
        run: |peer| Box::pin(beats(peer, false)),
        ..SERVER
    },
    Case {
        slug: "heartbeat.payload",
        title: "a Heartbeat with a payload is answered by status 01, and its payload arrives",
        clauses: &["NUB-HEARTBEAT-003", "NUB-HEARTBEAT-002"],
        control: Some("heartbeat.bare"),
        run: |peer| Box::pin(beats(peer, true)),
        ..SERVER
    },
    Case {
        slug: "heartbeat.long",
        title: "a Heartbeat with a payload of 200 bytes is taken as well",
        clauses: &["NUB-HEARTBEAT-002"],
        control: Some("heartbeat.payload"),
        run: |peer| Box::pin(long_beat(peer)),
        ..SERVER
    },
    Case {
        slug: "heartbeat.wrong-token",
        title: "a Heartbeat with an access token that was not issued gets error code 0005",
        clauses: &["NUB-ERROR-005", "NUB-HEARTBEAT-004"],
        control: Some("heartbeat.bare"),
        run: |peer| Box::pin(wrong_token(peer, |_| heartbeat(None))),
        ..SERVER
    },
    Case {
        slug: "heartbeat.wrong-structure",
        title: "the payload of a Heartbeat is refused where that of Data would be",
        clauses: &["NUB-ERROR-006", "NUB-HEARTBEAT-002", "NUB-HEARTBEAT-004"],
        control: Some("heartbeat.payload"),
        run: |peer| Box::pin(wrong_structure(peer, |payload| heartbeat(Some(payload)))),
        ..SERVER
    },
];

async fn taken(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let response = ask(&mut link, data(&payload(peer))).await?;
    accepted(&response)?;
    link.quiet("one response to the Data").await
}

async fn one_after_another(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    for nth in 1..=IN_A_ROW {
        let response = ask(&mut link, data(&payload(peer))).await;
        let response = response.because(format!("Data {nth} of {IN_A_ROW}"))?;
        accepted(&response)?;
        peer.transcript().keep_last(SHOWN);
    }
    Ok(())
}

/// Sees that Data is taken, or else that `rule` is broken, and that its payload arrives.
async fn untouched(peer: &Peer, payload: Vec<u8>, rule: &str) -> Outcome {
    let mut link = peer.connected().await?;
    let response = ask(&mut link, data(&payload)).await.blaming(rule)?;
    if refused(&link, &response, "payload_structure").is_ok() {
        return Err(Stop::skip(
            "the server takes only payloads of a structure of its own",
        ));
    }
    accepted(&response).blaming(rule)?;
    let arrived = arrived(peer, Ask::Arrived(payload)).await;
    arrived.blaming(UNTOUCHED)?;
    let quiet = link.quiet("one response to the Data").await;
    quiet.blaming(TAKEN)
}

async fn wrong_token(peer: &Peer, request: impl FnOnce(&[u8]) -> serde_json::Value) -> Outcome {
    let mut link = peer.connected().await?;
    let right = request(&payload(peer));
    let wrong = with_wrong_token(&link, right.clone());
    let response = ask(&mut link, wrong).await?;
    refused(&link, &response, "access_token")?;
    if !nothing_more(&mut link, "one response").await? {
        link = peer.connected().await?;
    }
    let Some(token) = link.token().and_then(in_other_case) else {
        return Ok(());
    };
    let mut request = right;
    request["access_token"] = token.into();
    let response = ask(&mut link, request).await?;
    refused(&link, &response, "access_token")?;
    nothing_more(&mut link, "one response").await.map(drop)
}

async fn before_login(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let response = ask(&mut link, data(&payload(peer))).await?;
    refused(&link, &response, "access_token")
}

async fn wrong_structure(peer: &Peer, request: impl FnOnce(&[u8]) -> serde_json::Value) -> Outcome {
    let payload = peer.operator()?.payloads().wrong.as_deref();
    let payload =
        payload.ok_or_else(|| Stop::skip("no payload is known that the server refuses"))?;
    let mut link = peer.connected().await?;
    provoked(&mut link, request(payload), "payload_structure").await
}

async fn server_failure(peer: &Peer) -> Outcome {
    let payload = peer.operator()?.payloads().failing.as_deref();
    let payload =
        payload.ok_or_else(|| Stop::skip("no payload is known on which the server fails"))?;
    let mut link = peer.connected().await?;
    provoked(&mut link, data(payload), "server_error").await
}

async fn provoked(link: &mut Link, request: serde_json::Value, reason: &str) -> Outcome {
    let response = ask(link, request).await?;
    refused(link, &response, reason)
}

async fn beats(peer: &Peer, has_payload: bool) -> Outcome {
    let mut link = peer.connected().await?;
    let payload = payload(peer);
    let sent = has_payload.then_some(payload.as_slice());
    let response = ask(&mut link, heartbeat(sent)).await?;
    accepted(&response)?;
    if has_payload {
        arrived(peer, Ask::Arrived(payload)).await?;
    }
    link.quiet("one response to the Heartbeat").await
}

/// More bytes than a length has that is read as a signed number.
async fn long_beat(peer: &Peer) -> Outcome {
    let mut payload = payload(peer);
    // Blanks behind it leave most structures what they are.
    payload.resize(payload.len().max(LONG), b' ');
    let mut link = peer.connected().await?;
    let response = ask(&mut link, heartbeat(Some(&payload))).await?;
    if refused(&link, &response, "payload_structure").is_ok() {
        return Err(Stop::skip(
            "the server takes only payloads of a structure of its own",
        ));
    }
    accepted(&response)?;
    arrived(peer, Ask::Arrived(payload)).await?;
    link.quiet("one response to the Heartbeat").await
}

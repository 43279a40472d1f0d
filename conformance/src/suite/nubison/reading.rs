//! How a server reads what the sources leave open.

use serde_json::{Value as Json, json};

use super::SERVER;
use super::expect::{
    altered, code_of, data, heartbeat, log_in_as, payload, says, with_wrong_token,
};
use super::refusal::{of_type, raw};
use crate::case::{Case, Pace};
use crate::subject::nubison::{ask, complete, log_in, login};
use crate::subject::{Event, Peer, phrase};
use crate::verdict::{Outcome, Step, Stop};

/// A case that finds out a reading.
const PROBE: Case = SERVER;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "reading.boundary",
        title: "where a server takes a packet to end",
        ambiguity: Some("NUB-AMB-BOUNDARY"),
        run: |peer| Box::pin(boundary(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.byte-order",
        title: "in which order the bytes of an error code stand",
        ambiguity: Some("NUB-AMB-BYTE-ORDER"),
        run: |peer| Box::pin(byte_order(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.padding",
        title: "whether a text of the size of its field is taken as it is",
        ambiguity: Some("NUB-AMB-PADDING"),
        run: |peer| Box::pin(padding(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.encryption",
        title: "whether payloads stay as they are where there is an encryption key",
        ambiguity: Some("NUB-AMB-ENCRYPTION"),
        run: |peer| Box::pin(encryption(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.logout-failure",
        title: "how a Logout with an access token that was not issued is answered",
        ambiguity: Some("NUB-AMB-LOGOUT-FAILURE"),
        run: |peer| Box::pin(logout_failure(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.after-logout",
        title: "whether the connection stays after a Logout",
        ambiguity: Some("NUB-AMB-AFTER-LOGOUT"),
        run: |peer| Box::pin(after_logout(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.second-login",
        title: "what a second Login does",
        ambiguity: Some("NUB-AMB-SECOND-LOGIN"),
        run: |peer| Box::pin(second_login(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.unknown-session",
        title: "what a response to nothing does",
        ambiguity: Some("NUB-AMB-UNKNOWN-SESSION"),
        control: Some("packet.pieces"),
        run: |peer| Box::pin(unknown_session(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.unknown-type",
        title: "what is made of a packet of no type",
        ambiguity: Some("NUB-AMB-UNKNOWN-TYPE"),
        run: |peer| {
            Box::pin(unknown_type(
                peer,
                "NUB-AMB-UNKNOWN-TYPE",
                ["keep", "reject"],
            ))
        },
        ..PROBE
    },
    Case {
        slug: "reading.malformed",
        title: "what follows a packet that cannot be read",
        ambiguity: Some("NUB-AMB-MALFORMED"),
        run: |peer| Box::pin(malformed(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.error-order",
        title: "which of two faults is told",
        ambiguity: Some("NUB-AMB-ERROR-ORDER"),
        run: |peer| Box::pin(error_order(peer)),
        ..PROBE
    },
    Case {
        slug: "reading.timeout",
        title: "how long a server waits for a Login",
        ambiguity: Some("NUB-AMB-TIMEOUT"),
        pace: Pace::Slow,
        run: |peer| Box::pin(silence(peer, false)),
        ..PROBE
    },
    Case {
        slug: "reading.heartbeat-interval",
        title: "what a server does that misses heartbeats",
        ambiguity: Some("NUB-AMB-HEARTBEAT-INTERVAL"),
        pace: Pace::Slow,
        run: |peer| Box::pin(silence(peer, true)),
        ..PROBE
    },
    Case {
        slug: "reading.limits",
        title: "how many requests may wait for their responses",
        ambiguity: Some("NUB-AMB-LIMITS"),
        pace: Pace::Alone,
        run: |peer| Box::pin(limits(peer)),
        ..PROBE
    },
];

fn seen(ambiguity: &str, reading: impl Into<String>) -> Outcome {
    Err(Stop::info(ambiguity, reading))
}

async fn boundary(peer: &Peer) -> Outcome {
    let id = "NUB-AMB-BOUNDARY";
    let mut link = peer.connected().await?;
    let beat = complete(&mut link, heartbeat(None));
    let next = complete(&mut link, data(&payload(peer)));
    let both = [link.encode(&beat)?, link.encode(&next)?].concat();
    link.sends(&link.encode(&beat)?);
    link.sends(&link.encode(&next)?);
    link.send_raw(&both, "a Heartbeat and Data in one piece")
        .await;
    let mut accepted = 0;
    for _ in 0..2 {
        match link.next().await {
            Event::Message(received) if received.name() == "accepted" => accepted += 1,
            _ => break,
        }
    }
    if accepted < 2 {
        return seen(id, "write");
    }
    let mut link = peer.connected().await?;
    let tailed = ask(&mut link, heartbeat(Some(&payload(peer)))).await?;
    let more = link.settle().await?.messages;
    match tailed.name() == "accepted" && more.is_empty() {
        true => seen(id, "arrival"),
        false => seen(id, "never"),
    }
}

async fn byte_order(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let request = with_wrong_token(&link, heartbeat(None));
    let response = ask(&mut link, request).await?;
    match code_of(&response) {
        Some(0x0005) => seen("NUB-AMB-BYTE-ORDER", "big-endian"),
        Some(0x0500) => seen("NUB-AMB-BYTE-ORDER", "little-endian"),
        _ => Err(Stop::inconclusive(phrase(&response.message))),
    }
}

async fn padding(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    log_in(&mut link, peer.credentials()?)
        .await
        .unrelated("logging in")?;
    seen("NUB-AMB-PADDING", "exact")
}

async fn encryption(peer: &Peer) -> Outcome {
    let mut link = peer.open().await?;
    let answer = log_in(&mut link, peer.credentials()?)
        .await
        .unrelated("logging in")?;
    if answer.field("encryption_key").is_none() {
        return Err(Stop::skip("the server gives no encryption key"));
    }
    let response = ask(&mut link, data(&payload(peer))).await?;
    match response.name() {
        "accepted" => seen("NUB-AMB-ENCRYPTION", "opaque"),
        _ => seen("NUB-AMB-ENCRYPTION", "payload"),
    }
}

async fn logout_failure(peer: &Peer) -> Outcome {
    let id = "NUB-AMB-LOGOUT-FAILURE";
    let mut link = peer.connected().await?;
    let request = with_wrong_token(&link, json!({"type": "logout"}));
    let request = complete(&mut link, request);
    link.send(request).await?;
    let settled = link.settle().await?;
    match settled.messages.first() {
        None => seen(id, "silent"),
        Some(response) if response.name() == "accepted" => seen(id, "success"),
        Some(response) if response.name() == "refused" => seen(id, "error"),
        Some(other) => seen(id, phrase(&other.message)),
    }
}

async fn after_logout(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    ask(&mut link, json!({"type": "logout"})).await?;
    let is_open = link.settle().await?.alive;
    seen(
        "NUB-AMB-AFTER-LOGOUT",
        if is_open { "open" } else { "close" },
    )
}

async fn second_login(peer: &Peer) -> Outcome {
    let id = "NUB-AMB-SECOND-LOGIN";
    let mut link = peer.connected().await?;
    let former = link.token().unwrap_or_default().to_owned();
    let again = ask(&mut link, login(peer.spec(), peer.credentials()?)?).await?;
    if again.name() != "login_accepted" {
        return seen(id, "refuse");
    }
    if let Some(token) = again.field("access_token").and_then(Json::as_str) {
        link.set_token(token);
    }
    let mut beat = heartbeat(None);
    beat["access_token"] = former.into();
    let response = ask(&mut link, beat).await?;
    seen(
        id,
        if response.name() == "accepted" {
            "add"
        } else {
            "replace"
        },
    )
}

async fn unknown_session(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (packet, _) = of_type(&mut link, b'R', &[0]);
    link.send_raw(&packet, "a response to nothing").await;
    let is_open = link.settle().await?.alive;
    seen(
        "NUB-AMB-UNKNOWN-SESSION",
        if is_open { "ignore" } else { "close" },
    )
}

async fn unknown_type(peer: &Peer, id: &str, [keep, reject]: [&str; 2]) -> Outcome {
    let mut link = peer.connected().await?;
    let (packet, _) = of_type(&mut link, b'X', b"0123456789");
    match raw(&mut link, &packet, "a packet of no type").await {
        Ok(_) => seen(id, keep),
        Err(_) => seen(id, reject),
    }
}

async fn malformed(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    let (packet, _) = of_type(&mut link, b'X', b"0123456789");
    raw(&mut link, &packet, "a packet of no type")
        .await
        .unrelated("waiting for error code 0001")?;
    let is_open = link.settle().await?.alive;
    seen("NUB-AMB-MALFORMED", if is_open { "drop" } else { "close" })
}

async fn error_order(peer: &Peer) -> Outcome {
    let (_, response) = log_in_as(peer, |who| {
        who.credential = altered(&who.credential);
        who.device.push_str("-not-registered");
    })
    .await?;
    match code_of(&response) {
        Some(code) if says(code, 3) => seen("NUB-AMB-ERROR-ORDER", "outside-in"),
        _ => seen("NUB-AMB-ERROR-ORDER", "any"),
    }
}

async fn silence(peer: &Peer, is_logged_in: bool) -> Outcome {
    let (id, timer, in_time, otherwise) = match is_logged_in {
        true => (
            "NUB-AMB-HEARTBEAT-INTERVAL",
            "silence",
            "minute",
            "never-closed",
        ),
        false => ("NUB-AMB-TIMEOUT", "login", "seconds", "longer"),
    };
    let seconds = peer.spec().timer(timer).unwrap_or(0);
    let wait = core::time::Duration::from_secs(seconds) + peer.timeout();
    if peer.patience() < wait {
        let needed = wait.as_secs();
        return Err(Stop::skip(format!(
            "it takes {needed} s; give --patience {needed}"
        )));
    }
    peer.waits("the end of a silent connection", wait);
    let mut link = match is_logged_in {
        true => peer.connected().await?,
        false => peer.open().await?,
    };
    let began = tokio::time::Instant::now();
    match link.next_before(began + wait).await {
        Event::Closed { .. } if began.elapsed().as_secs() * 2 >= seconds => seen(id, in_time),
        Event::Closed { .. } => seen(id, format!("closed after {} s", began.elapsed().as_secs())),
        Event::Silence(_) => seen(id, otherwise),
        other => Err(Stop::inconclusive(other.to_string())),
    }
}

async fn limits(peer: &Peer) -> Outcome {
    let limit = peer.spec().limit("max_pending").unwrap_or(0);
    let mut link = peer.connected().await?;
    let mut packets = Vec::new();
    for _ in 0..=limit {
        let request = complete(&mut link, data(&payload(peer)));
        packets.extend(link.encode(&request)?);
    }
    link.send_raw(&packets, "more Data than may wait, in one piece")
        .await;
    let mut refused = 0;
    for _ in 0..=limit {
        match link.next().await {
            Event::Message(received) if received.name() == "accepted" => {}
            Event::Message(_) => refused += 1,
            Event::Closed { .. } => return seen("NUB-AMB-LIMITS", "bounded"),
            other => return Err(Stop::inconclusive(other.to_string())),
        }
    }
    match refused {
        0 => Err(Stop::skip(format!(
            "{} requests at once are all taken: no limit is seen",
            limit + 1
        ))),
        _ => seen("NUB-AMB-LIMITS", "bounded"),
    }
}

//! How a device logs in.

use core::time::Duration;

use serde_json::json;

use super::expect::{command, is_absence, made_to_send, next_request, payload};
use super::{DEVICE, FIRST_LOGIN, LET_IN};
use crate::case::Case;
use crate::subject::nubison::{answer, ask, bytes, bytes_in, refused};
use crate::subject::{Ask, Event, Link, Peer, phrase};
use crate::verdict::{Kind, Outcome, Step, Stop};

/// Connections that are looked at for what a device sends first.
const CONNECTIONS: usize = 2;
/// What a device is given.
const TOKEN: &str = "conformance-token-of-24b";
/// An error code that the source does not name.
const UNNAMED: u16 = 0x1234;

pub(super) const CASES: &[Case] = &[
    Case {
        slug: FIRST_LOGIN,
        title: "the first packet of a device is a Login in full",
        clauses: &["NUB-LOGIN-001", "NUB-LOGIN-002"],
        run: |peer| Box::pin(first(peer)),
        ..DEVICE
    },
    Case {
        slug: "login.waits",
        title: "a device whose Login is not answered yet sends nothing that takes an access token",
        clauses: &["NUB-LOGIN-002"],
        run: |peer| Box::pin(waits(peer)),
        ..DEVICE
    },
    Case {
        slug: "login.without-key",
        title: "a response without an encryption key logs a device in",
        clauses: &["NUB-LOGIN-005"],
        run: |peer| Box::pin(let_in(peer, None)),
        ..DEVICE
    },
    Case {
        slug: "login.with-key",
        title: "a response with an encryption key logs a device in",
        clauses: &["NUB-LOGIN-005"],
        run: |peer| Box::pin(let_in(peer, Some(b"0123456789abcdef"))),
        ..DEVICE
    },
    Case {
        slug: "login.with-empty-key",
        title: "a response with an encryption key of no bytes logs a device in",
        clauses: &["NUB-LOGIN-005"],
        run: |peer| Box::pin(let_in(peer, Some(b""))),
        ..DEVICE
    },
    Case {
        slug: "login.refused",
        title: "a device whose Login is refused does not behave as logged in",
        clauses: &["NUB-LOGIN-008"],
        control: Some(LET_IN[1]),
        run: |peer| Box::pin(turned_away(peer, None, "NUB-LOGIN-008")),
        ..DEVICE
    },
    Case {
        slug: "login.refused-unnamed",
        title: "an error code that has no name is a refusal all the same",
        clauses: &["NUB-ERROR-008", "NUB-LOGIN-008"],
        control: Some("login.refused"),
        run: |peer| Box::pin(turned_away(peer, Some(UNNAMED), "NUB-ERROR-008")),
        ..DEVICE
    },
];

async fn first(peer: &Peer) -> Outcome {
    for _ in 1..CONNECTIONS {
        peer.introduced().await?.close();
    }
    let link = peer.introduced().await?;
    let hello = link.hello().and_then(|hello| hello.field("identifier"));
    if hello.is_none() {
        return Err(Stop::fail("an identifier", "none").blaming("NUB-LOGIN-001"));
    }
    peer.accept(link).await
}

async fn waits(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await?;
    link.leave_keep_alive();
    // Whatever it has to say is ready by the time it has been asked for.
    made_to_send(peer);
    let deadline = tokio::time::Instant::now() + peer.timeout().min(Duration::from_millis(700));
    match link.next_before(deadline).await {
        Event::Message(received) if received.field("access_token").is_some() => Err(Stop::fail(
            "nothing with an access token before the response",
            phrase(&received.message),
        )),
        // It need not wait for ever.
        _ => Ok(()),
    }
}

async fn let_in(peer: &Peer, key: Option<&[u8]>) -> Outcome {
    let mut link = peer.introduced().await?;
    let hello = link.hello().cloned();
    let Some(hello) = hello else {
        return Err(Stop::inconclusive("there was no Login"));
    };
    let token = TOKEN;
    let mut accepted = answer("login_accepted", &hello);
    accepted["access_token"] = token.into();
    if let Some(key) = key {
        accepted["encryption_key"] = bytes(key);
    }
    link.set_token(token);
    link.send(accepted).await?;
    link.pause().await;
    // A Command with the token of the response is answered only by who has read it.
    if let Err(stop) = ask(&mut link, command(None)).await {
        let is_base = key.is_none() && is_absence(&stop);
        return Err(match is_base && is_in(peer, &mut link).await {
            true => stop.blaming("NUB-COMMAND-002"),
            false => stop,
        });
    }
    if key.is_none() {
        peer.keep(link).await;
        return Ok(());
    }
    let heard = next_own(peer, &mut link).await?;
    match heard {
        Some(other) if other != token => Err(Stop::fail(format!("access token {token}"), other)),
        _ => Ok(()),
    }
}

/// Whether a device that answers no Command shows by what it sends itself that it is logged in.
async fn is_in(peer: &Peer, link: &mut Link) -> bool {
    if !link.is_logged_in() && link.unfinished() == 0 {
        made_to_send(peer);
        // Whatever it is, it carries an access token or it does not.
        let _ = next_request(peer, link, &["data", "heartbeat"]).await;
    }
    link.is_logged_in()
}

/// The access token of what a device sends next, if it can be made to send.
async fn next_own(peer: &Peer, link: &mut Link) -> Outcome<Option<String>> {
    let Ok(operator) = peer.operator() else {
        return Ok(None);
    };
    drop(tokio::spawn(operator.ask(Ask::Data(payload(peer)))));
    let request = match next_request(peer, link, &["data"]).await {
        // Who is logged in can be made to send.
        Err(stop) if stop.verdict().kind() == Kind::Skip => {
            let got = stop.verdict().reason().unwrap_or_default();
            return Err(Stop::fail("data with the access token", got));
        }
        request => request.unrelated("waiting for Data")?,
    };
    link.send(answer("accepted", &request)).await?;
    let token = request
        .field("access_token")
        .and_then(|token| token.as_str());
    Ok(token.map(str::to_owned))
}

/// Sees that a device which is refused by that code, or by that of another client, is out, or else that
/// `rule` is broken.
async fn turned_away(peer: &Peer, code: Option<u16>, rule: &str) -> Outcome {
    let mut link = peer.introduced().await?;
    let Some(hello) = link.hello().cloned() else {
        return Err(Stop::inconclusive("there was no Login"));
    };
    let mut refusal = refused(peer.spec(), &hello, "client")?;
    if let Some(code) = code {
        refusal["error_code"] = code.into();
    }
    link.leave_keep_alive();
    link.turn_away();
    link.send(refusal).await?;
    // What it waits with until it is logged in must not come now.
    made_to_send(peer);
    let deadline = tokio::time::Instant::now() + peer.timeout().min(Duration::from_millis(500));
    loop {
        match link.next_before(deadline).await {
            Event::Message(received) if received.name() == "login" => {
                if bytes_in(&received, "session_id") == bytes_in(&hello, "session_id") {
                    return Err(Stop::fail(
                        "a Login of a new session identifier",
                        phrase(&received.message),
                    )
                    .blaming("NUB-SESSION-002"));
                }
                link.send(json!({
                    "type": "refused",
                    "session_id": received.field("session_id"),
                    "error_code": 3,
                }))
                .await?;
            }
            Event::Message(received) => {
                let got = phrase(&received.message);
                return Err(Stop::fail("a new Login or the end", got).blaming(rule));
            }
            Event::Garbage(why) | Event::Flood(why) => {
                return Err(Stop::fail("a new Login or the end", why));
            }
            Event::Closed { .. } | Event::Silence(_) => return Ok(()),
        }
    }
}

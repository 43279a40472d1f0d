//! How a device takes an answer to its Login that is odd, or not its own.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::expect::{accept, carries_token, is_absence, made_to_send};
use super::{DEVICE, LET_IN};
use crate::case::{Case, Pace};
use crate::subject::nubison::{answer, bytes_in};
use crate::subject::{Event, Link, Peer, Received, phrase};
use crate::verdict::{Outcome, Stop};

/// Access tokens that somebody may take for shorter or longer ones.
const ODD: [&str; 3] = [
    "jeton-é-de-24-octets-é",
    "six-blanks-follow.      ",
    "token-with\0-in-the-midst",
];
/// Access tokens of answers that log nobody in.
const FOREIGN: &str = "conformance-foreign-0024";
const UNREAD: &str = "conformance-unread-00024";
/// How long a device is given to do what it must not.
const WATCHED: Duration = Duration::from_millis(500);
/// How long it is given to read an answer.
const READ: Duration = Duration::from_millis(150);
/// How long it is given to send what it sends by itself.
const OWN: Duration = Duration::from_millis(1500);

pub(super) const CASES: &[Case] = &[
    Case {
        slug: "login.odd-token",
        title: "an access token of any text comes back byte for byte",
        clauses: &["NUB-DATA-001"],
        run: |peer| Box::pin(odd_token(peer)),
        ..DEVICE
    },
    Case {
        slug: "login.foreign-answer",
        title: "an answer to somebody else's Login logs nobody in",
        clauses: &["NUB-SESSION-004"],
        control: Some(LET_IN[1]),
        run: |peer| Box::pin(foreign_answer(peer)),
        ..DEVICE
    },
    Case {
        slug: "login.no-status",
        title: "a status that there is not is no success",
        clauses: &["NUB-RESPONSE-003"],
        control: Some(LET_IN[1]),
        pace: Pace::Alone,
        run: |peer| Box::pin(no_status(peer)),
        ..DEVICE
    },
    Case {
        slug: "abuse.login-answer",
        title: "answers to the Login that cannot be read cost a connection at most",
        clauses: &["NUB-ROBUST-001"],
        control: Some("packet.pieces"),
        pace: Pace::Alone,
        run: |peer| Box::pin(unreadable(peer)),
        ..DEVICE
    },
];

/// What a device sends next of what takes an access token, in answer to nothing.
async fn own_request(link: &mut Link, within: Duration) -> Outcome<Option<Received>> {
    let deadline = Instant::now() + within.min(link.timeout());
    match link.next_before(deadline).await {
        Event::Message(received) if matches!(received.name(), "data" | "heartbeat") => {
            Ok(Some(received))
        }
        Event::Silence(_) if link.unfinished() > 0 => Err(Stop::fail(
            "a whole packet",
            format!("{} bytes of one", link.unfinished()),
        )),
        Event::Garbage(why) => Err(Stop::fail("a packet", why)),
        // It may have nothing to say, or end the connection.
        _ => Ok(None),
    }
}

/// What a device sends by itself as soon as it is logged in, if it does.
async fn said_in(peer: &Peer, link: &mut Link) -> Outcome<Option<Received>> {
    // Before it knows, nothing can make it send.
    let early = match link.settle().await {
        Ok(settled) => settled.messages.into_iter(),
        // It may want no such token.
        Err(stop) if is_absence(&stop) && link.unfinished() == 0 => return Ok(None),
        Err(stop) => return Err(stop),
    };
    let mut early = early.filter(|one| one.field("access_token").is_some());
    match early.next() {
        Some(request) => Ok(Some(request)),
        None => {
            made_to_send(peer);
            own_request(link, OWN).await
        }
    }
}

/// What a device sends that should not know itself to be logged in, if it does.
async fn said_out(peer: &Peer, link: &mut Link) -> Outcome<Option<Received>> {
    match own_request(link, READ).await? {
        Some(request) => Ok(Some(request)),
        None => {
            made_to_send(peer);
            own_request(link, WATCHED).await
        }
    }
}

async fn odd_token(peer: &Peer) -> Outcome {
    let mut was_seen = false;
    for token in ODD {
        let mut link = peer.introduced().await?;
        link.leave_keep_alive();
        accept(&mut link, token).await?;
        if let Some(request) = said_in(peer, &mut link).await? {
            carries_token(&link, &request)?;
            link.send(answer("accepted", &request)).await?;
            was_seen = true;
        }
    }
    match was_seen {
        true => Ok(()),
        false => Err(Stop::skip("the device sent nothing by itself")),
    }
}

async fn foreign_answer(peer: &Peer) -> Outcome {
    let mut link = peer.introduced().await?;
    link.leave_keep_alive();
    link.issue(FOREIGN);
    let session_id = link.transaction();
    let stray =
        json!({"type": "login_accepted", "session_id": session_id, "access_token": FOREIGN});
    link.send(stray).await?;
    let early = said_out(peer, &mut link).await?;
    let token = "conformance-token-of-24b";
    accept(&mut link, token).await?;
    let request = match early {
        Some(early) => Some(early),
        None => said_in(peer, &mut link).await?,
    };
    match request {
        Some(request) if request.field("access_token") == Some(&FOREIGN.into()) => Err(Stop::fail(
            format!("access token {token}, of the answer to its own Login"),
            phrase(&request.message),
        )),
        _ => Ok(()),
    }
}

/// The answer to the Login of a connection, as bytes behind its session identifier.
async fn answered(peer: &Peer, rest: &[u8]) -> Outcome<Link> {
    let mut link = peer.introduced().await?;
    link.leave_keep_alive();
    let name = link
        .hello()
        .and_then(|hello| bytes_in(hello, "session_id"))
        .unwrap_or_default();
    let packet = [b"R", name.as_slice(), rest].concat();
    link.send_raw(&packet, "an answer to the Login that cannot be read")
        .await;
    Ok(link)
}

async fn no_status(peer: &Peer) -> Outcome {
    let mut link = answered(peer, &[&[2], UNREAD.as_bytes()].concat()).await?;
    link.issue(UNREAD);
    match said_out(peer, &mut link).await? {
        Some(request) if request.field("access_token") == Some(&UNREAD.into()) => Err(Stop::fail(
            "nothing from a device that is not logged in",
            phrase(&request.message),
        )),
        _ => Ok(()),
    }
}

async fn unreadable(peer: &Peer) -> Outcome {
    let not_utf_8 = [&[1], [0xff; 24].as_slice()].concat();
    for rest in [[2].as_slice(), &not_utf_8, &[0, 0]] {
        let mut link = answered(peer, rest).await?;
        // Gives it the time to read that by itself.
        let _ = own_request(&mut link, READ).await;
        link.close();
    }
    Ok(())
}

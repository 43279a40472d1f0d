//! A device: it dials the suite and introduces itself.

use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::event::{Event, Received, Want};
use super::live::{Credentials, Door};
use super::{Link, Peer};
use crate::suite;
use crate::verdict::{Outcome, Stop};

/// Connections that may come and go, or be turned away, before one counts.
const MAX_STRAY: usize = 64;

/// The next connection.
pub(super) async fn accept(peer: &Peer) -> Outcome<Link> {
    let Door::Listen { listener, wait, .. } = peer.subject().door() else {
        return Err(Stop::skip("only a device dials"));
    };
    // A parked connection of the device would keep it from dialling.
    drop(peer.subject().parked());
    let listener = listener.lock().await;
    match timeout_at(Instant::now() + *wait, listener.accept()).await {
        Ok(Ok((stream, from))) => Ok(peer.link(stream, format!("accepted from {from}"))),
        Ok(Err(error)) => Err(peer
            .subject()
            .lose(format!("no connection can be accepted: {error}"))),
        Err(_) => {
            let address = listener
                .local_addr()
                .map_or_else(|_| "the suite".to_owned(), |address| address.to_string());
            let waited = wait.as_secs_f32();
            Err(peer
                .subject()
                .lose(format!("no device dialled {address} within {waited} s")))
        }
    }
}

/// The next connection that begins with a Connect, of the device that is under test.
pub(super) async fn introduced(peer: &Peer) -> Outcome<Link> {
    for _ in 0..MAX_STRAY {
        let mut link = accept(peer).await?;
        let hello = match link.next().await {
            Event::Message(received) if received.name() == "connect" => received,
            // It gave up before the suite came to it, or while an older connection was served.
            Event::Closed { unfinished: 0, .. } => continue,
            other => {
                let broken = match other {
                    Event::Garbage(_) => suite::CONNECT_FIELDS,
                    _ => suite::CONNECT_FIRST,
                };
                let wanted = Want::Message("connect").to_string();
                return Err(Stop::fail(wanted, other.to_string()).blaming(broken));
            }
        };
        if !is_wanted(peer, &hello) {
            turn_away(&mut link, &hello).await?;
            continue;
        }
        if let Some(encoding) = peer.codec().announced(&hello.message) {
            link.set_encoding(encoding);
        }
        link.set_hello(hello);
        return Ok(link);
    }
    Err(Stop::inconclusive(format!(
        "{MAX_STRAY} connections came and went without a Connect of the device under test"
    )))
}

/// The next connection, its Connect answered by Ok.
pub(super) async fn connected(peer: &Peer) -> Outcome<Link> {
    let mut link = introduced(peer)
        .await
        .map_err(|stop| stop.unrelated("connecting"))?;
    accept_hello(&mut link).await?;
    Ok(link)
}

/// Answers the Connect by Ok.
pub(super) async fn accept_hello(link: &mut Link) -> Outcome {
    let Some(id) = link.hello().and_then(Received::stream_id) else {
        return Err(Stop::inconclusive(
            "connecting: the Connect has no stream identifier",
        ));
    };
    link.send(json!({"type": "ok", "stream_id": id})).await
}

fn is_wanted(peer: &Peer, hello: &Received) -> bool {
    let Door::Listen {
        credentials: Some(wanted),
        ..
    } = peer.subject().door()
    else {
        return true;
    };
    hello.field("payload") == Some(&Credentials::payload(wanted))
}

async fn turn_away(link: &mut Link, hello: &Received) -> Outcome {
    let Some(id) = hello.stream_id() else {
        return Ok(());
    };
    let code = link
        .codec()
        .spec()
        .enumeration("connect_error")
        .and_then(|codes| {
            let mut values = codes.values.iter();
            values
                .find(|value| value.name == "bad_credentials")
                .map(|value| value.value)
        });
    link.send(json!({"type": "error", "stream_id": id, "parameters": code}))
        .await
}

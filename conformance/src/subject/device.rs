//! A device: it dials the suite and introduces itself.

use iotmp_ref::transport::Stream;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::event::{Event, Received, Want};
use super::live::{Credentials, Door};
use super::{Link, Peer, Protocol, nubison, vocabulary};
use crate::verdict::{Outcome, Stop, Verdict};

/// Connections that may come and go, or be turned away, before one counts.
const MAX_STRAY: usize = 64;
/// Connections in a row that may end behind their Connect before that is what the device does, and
/// not that it gave up waiting.
const MAX_GIVEN_UP: usize = 8;

/// The next connection.
pub(super) async fn accept(peer: &Peer) -> Outcome<Link> {
    let Door::Listen { listener, wait, .. } = peer.subject().door() else {
        return Err(Stop::skip("only a device dials"));
    };
    // A parked connection of the device would keep it from dialling.
    drop(peer.subject().parked());
    let listener = listener.lock().await;
    match timeout_at(Instant::now() + *wait, listener.accept()).await {
        Ok(Ok((stream, from))) => {
            // Without it the kernel joins what a case sends in pieces.
            let _ = stream.set_nodelay(true);
            let own_address = stream.local_addr();
            let mut link = peer.link(Stream::new(stream), format!("accepted from {from}"));
            if let Ok(address) = own_address {
                link.set_own_address(address);
            }
            Ok(link)
        }
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
    let protocol = Protocol::of(peer.spec());
    let mut given_up = 0;
    for _ in 0..MAX_STRAY {
        let mut link = accept(peer).await?;
        let hello = match link.next().await {
            Event::Message(received) if received.name() == protocol.greeting() => received,
            // It gave up before the suite came to it, or while an older connection was served.
            Event::Closed { unfinished: 0, .. } => continue,
            other => {
                let broken = match other {
                    Event::Garbage(_) => protocol.greets_in_full(),
                    _ => protocol.greets_first(),
                };
                // Who says something else is not charged with what the case is about.
                if !matches!(other, Event::Closed { .. } | Event::Silence(_)) {
                    peer.transcript().accuse(broken);
                }
                let wanted = Want::Message(protocol.greeting()).to_string();
                return Err(Stop::fail(wanted, other.to_string()).blaming(broken));
            }
        };
        // It waited for its Ok while others were served, until it gave up.
        if given_up < MAX_GIVEN_UP && link.is_over().await {
            given_up += 1;
            continue;
        }
        if !is_wanted(peer, &hello) {
            turn_away(peer, &mut link, &hello).await?;
            continue;
        }
        if let Some(encoding) = peer.codec().announced(&hello.message) {
            link.set_encoding(encoding);
        }
        peer.subject().introduced_as(&hello);
        link.set_hello(hello);
        if protocol == Protocol::Nubison {
            link.before_answer().await;
        }
        return Ok(link);
    }
    Err(Stop::inconclusive(format!(
        "{MAX_STRAY} connections came and went without a {} of the device under test",
        protocol.greeting()
    )))
}

/// The next connection, its Connect answered by Ok.
pub(super) async fn connected(peer: &Peer) -> Outcome<Link> {
    let mut link = introduced(peer)
        .await
        .map_err(|stop| match stop.verdict() {
            // Every connection begins with a Connect, whatever it is for.
            Verdict::Fail(failure) if !failure.is_absence() => stop,
            _ => stop.unrelated("connecting"),
        })?;
    accept_hello(&mut link).await?;
    Ok(link)
}

/// Answers the Connect by Ok.
pub(super) async fn accept_hello(link: &mut Link) -> Outcome {
    if Protocol::of(link.codec().spec()) == Protocol::Nubison {
        return nubison::let_in(link).await;
    }
    let Some(id) = link.hello().and_then(Received::stream_id) else {
        return Err(Stop::inconclusive(
            "connecting: the Connect has no stream identifier",
        ));
    };
    link.send(json!({"type": "ok", "stream_id": id})).await?;
    // How a device takes an Ok and a request in one piece is the matter of other cases.
    link.pause().await;
    Ok(())
}

fn is_wanted(peer: &Peer, hello: &Received) -> bool {
    let Door::Listen {
        credentials: Some(wanted),
        ..
    } = peer.subject().door()
    else {
        return true;
    };
    match Protocol::of(peer.spec()) {
        Protocol::Iotmp => hello.field("payload") == Some(&Credentials::payload(wanted)),
        Protocol::Nubison => nubison::is_login_of(peer.spec(), hello, wanted),
    }
}

async fn turn_away(peer: &Peer, link: &mut Link, hello: &Received) -> Outcome {
    if Protocol::of(peer.spec()) == Protocol::Nubison {
        return link
            .send(nubison::refused(peer.spec(), hello, "client")?)
            .await;
    }
    let Some(id) = hello.stream_id() else {
        return Ok(());
    };
    let mut error = json!({"type": "error", "stream_id": id});
    // Where an Error has no code it says no more.
    if let (Ok(code), Some(object)) = (
        vocabulary::number(peer.spec(), "connect_error", "bad_credentials"),
        error.as_object_mut(),
    ) {
        object.insert("parameters".to_owned(), code.into());
    }
    link.send(error).await
}

//! A server: the suite dials it and introduces itself as a device.

use iotmp_ref::device::Address;
use iotmp_ref::transport::Transport;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::event::Want;
use super::{Credentials, Link, Peer, Protocol, nubison, vocabulary};
use crate::verdict::{Outcome, Step};

/// A new connection.
pub(super) async fn dial(peer: &Peer, address: &str, transport: &Transport) -> Outcome<Link> {
    let limit = peer.timeout();
    let server = Address::parse_or(address, transport.default_port())
        .map_err(|error| peer.subject().lose(error.to_string()))?;
    match timeout(limit, transport.dial(&server)).await {
        Ok(Ok(stream)) => {
            let note = match transport.name() {
                "tcp" => format!("dialled {address}"),
                name => format!("dialled {address} over {name}"),
            };
            Ok(peer.link(stream, note))
        }
        Ok(Err(error)) => Err(peer
            .subject()
            .lose(format!("{address} cannot be reached: {error}"))),
        Err(_) => {
            let waited = limit.as_millis();
            Err(peer.subject().lose(format!(
                "{address} does not take a connection within {waited} ms"
            )))
        }
    }
}

/// A new connection, established with valid credentials.
pub(super) async fn connected(peer: &Peer, credentials: &Credentials) -> Outcome<Link> {
    let mut link = peer.open().await?;
    if Protocol::of(peer.spec()) == Protocol::Nubison {
        nubison::log_in(&mut link, credentials)
            .await
            .unrelated("logging in")?;
        return Ok(link);
    }
    let id = link.id();
    let payload = credentials.payload();
    let connect = vocabulary::connect(peer.spec(), id, &Json::Null, &payload)?;
    link.send(connect).await?;
    link.message(&[Want::Ok(id)])
        .await
        .unrelated("connecting")?;
    Ok(link)
}

//! Server and device over real sockets.

#![cfg(all(feature = "device", feature = "server"))]

#[cfg(all(feature = "tls", feature = "ws"))]
#[path = "shells/certificates.rs"]
mod certificates;
#[path = "shells/client.rs"]
mod client;
#[path = "shells/hub.rs"]
mod hub;
#[path = "shells/peer.rs"]
mod peer;
#[path = "shells/resources.rs"]
mod resources;
#[path = "shells/revisions.rs"]
mod revisions;
#[path = "shells/server.rs"]
mod server;
#[cfg(all(feature = "tls", feature = "ws"))]
#[path = "shells/tls.rs"]
mod tls;
#[cfg(feature = "ws")]
#[path = "shells/ws.rs"]
mod ws;

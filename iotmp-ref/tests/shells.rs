//! Server and device over real sockets.

#![cfg(all(feature = "device", feature = "server"))]

#[path = "shells/client.rs"]
mod client;
#[path = "shells/hub.rs"]
mod hub;
#[path = "shells/peer.rs"]
mod peer;
#[path = "shells/revisions.rs"]
mod revisions;
#[path = "shells/server.rs"]
mod server;

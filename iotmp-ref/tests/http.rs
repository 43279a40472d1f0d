//! The HTTP face over real sockets.

#![cfg(all(feature = "device", feature = "gateway"))]

#[path = "http/calls.rs"]
mod calls;
#[path = "http/client.rs"]
mod client;
#[cfg(feature = "ws")]
#[path = "http/devices.rs"]
mod devices;
#[path = "http/hostile.rs"]
mod hostile;
#[path = "http/sockets.rs"]
mod sockets;
#[path = "http/streams.rs"]
mod streams;

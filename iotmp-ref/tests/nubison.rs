//! Nubison TCP/IP: sessions against bytes, against each other, and over sockets.

#[path = "nubison/boundary.rs"]
mod boundary;
#[path = "nubison/device.rs"]
mod device;
#[path = "nubison/packet.rs"]
mod packet;
#[path = "nubison/server.rs"]
mod server;
#[cfg(all(feature = "device", feature = "server"))]
#[path = "nubison/shells.rs"]
mod shells;

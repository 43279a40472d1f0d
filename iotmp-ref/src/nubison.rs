//! Nubison TCP/IP: devices and a server that speak packets of fixed layouts.
//!
//! Both ends send requests, and each answers those of the other. A transaction
//! is known by its [`SessionId`]; several are in flight at once, and answers
//! come in any order. What an answer holds can only be told from its request.
//!
//! [`DeviceSession`] and [`ServerSession`] are the two ends without clock or
//! socket: bytes and time in; bytes, events and the next deadline out. With the
//! features `device` and `server` both run on tokio: `client` and `cloud`.
//!
//! # Where packets end
//!
//! No length says where a packet ends, and some packets may lack their last
//! field. What has arrived is cut so that it comes out even: an optional tail is
//! there if bytes follow, unless only without it the rest is made of packets.
//! What ends inside a packet waits for more, but not for long; then it has not
//! the structure of its type. Fewer bytes than any packet has are not processed:
//! they are dropped after that time, or as soon as what comes next is whole
//! packets without them.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod boundary;
#[cfg(feature = "device")]
pub mod client;
#[cfg(feature = "server")]
pub mod cloud;
mod config;
mod device;
mod error;
mod exchange;
mod identity;
mod server;

pub use self::config::Config;
pub use self::device::{DeviceEvent, DeviceSession, DeviceState};
pub use self::error::{CloseReason, Ignored, Misuse};
pub use self::exchange::RequestId;
pub use self::identity::{AccessToken, DeviceKey, Identity, InvalidDeviceKey, SessionId};
pub use self::server::{LoginRequest, ServerEvent, ServerSession};

/// The end of a connection that a session plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Device,
    Server,
}

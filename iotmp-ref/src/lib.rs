//! Reference codec, sessions, device and server of IOTMP.
//!
//! Without features the crate is `no_std` + `alloc` and does no I/O: [`wire`]
//! reads and writes bytes, [`pson`] the self-describing values inside a
//! message, [`message`] the messages of each revision; [`framing`] cuts a byte
//! stream into messages, [`session`] is what both ends do with them, and
//! [`device`] has resources to be called.
//!
//! With the features `device` and `server` both ends run on tokio, over TCP
//! and, with the features `tls` and `ws`, over the other transports of
//! [`transport`]. With `gateway` the server has an HTTP face.

#![no_std]

// The examples of the front page are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// The expansion of `messages!` names this crate by an absolute path.
extern crate self as iotmp_ref;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "cli")]
pub mod cli;
pub mod device;
pub mod framing;
#[cfg(feature = "gateway")]
pub mod gateway;
#[cfg(feature = "gateway")]
mod json;
#[cfg(any(feature = "device", feature = "server"))]
mod link;
pub mod message;
pub mod nubison;
pub mod pson;
#[cfg(feature = "server")]
pub mod server;
pub mod session;
#[cfg(any(
    feature = "device",
    feature = "server",
    feature = "tls",
    feature = "ws"
))]
pub mod transport;
pub mod wire;

// The expansion of `messages!` knows no encoding by name.
#[doc(hidden)]
pub use pson::typed;

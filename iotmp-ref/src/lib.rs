//! Reference codec, sessions, device and server of IOTMP.
//!
//! Without features the crate is `no_std` + `alloc` and holds the codec alone:
//! [`wire`] reads and writes bytes, [`pson`] the self-describing values inside
//! a message.

#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// The expansion of `messages!` names this crate by an absolute path.
extern crate self as iotmp_ref;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod message;
pub mod pson;
pub mod wire;

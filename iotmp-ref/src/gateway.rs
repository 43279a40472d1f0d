//! The HTTP face of a server: resources of devices for programs and browsers.

mod sharing;

pub use self::sharing::{ListenerId, SharedStream, Step};

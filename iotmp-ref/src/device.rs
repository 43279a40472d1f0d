//! A device: resources with names, and the protocol that serves them.
//!
//! Like [`Session`], a [`Device`] does no I/O: it is driven by bytes and time.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

#[cfg(feature = "device")]
mod address;
#[cfg(feature = "device")]
mod backoff;
mod build;
#[cfg(feature = "device")]
mod client;
mod outcome;
mod path;
mod resources;
mod serve;

use alloc::collections::BTreeMap;
use core::time::Duration;

use self::resources::{Found, Resources};
use crate::pson::Value;
use crate::session::{Config, Event, Identity, Misuse, Session};

#[cfg(feature = "device")]
pub use self::address::{Address, DEFAULT_PORT, DEFAULT_TLS_PORT, InvalidAddress};
#[cfg(feature = "device")]
pub use self::backoff::Backoff;
#[cfg(feature = "device")]
pub use self::client::{Client, ClientConfig, ClientError, Handle, Status};
#[cfg(feature = "server")]
pub(crate) use self::outcome::ERROR_KEY;
pub use self::outcome::{Failure, IntoOutcome, Outcome};
pub use self::resources::Request;

/// A device with its resources, and its connection while it has one.
///
/// It is made by naming resources and what they do:
///
/// ```
/// use core::time::Duration;
/// use iotmp_ref::device::{Device, Failure};
///
/// let mut device = Device::new("user1", "sensor1", "secret123")
///     .keep_alive(Duration::from_secs(30))
///     .output("temperature", || 22.5)
///     .input("led", |on| match on.as_bool() {
///         Some(_) => Ok(()),
///         None => Err(Failure::new("expected a boolean").code(400)),
///     })
///     .input_output("echo", |value| value)
///     .run("reboot", || ())
///     .output_with("cfg/:name", |request| request.path("name").map(str::len));
/// device.connect(Duration::ZERO)?;
/// assert_eq!(device.poll_output()[0], 0x03);
/// # Ok::<(), iotmp_ref::session::Misuse>(())
/// ```
///
/// [`connect`](Self::connect) begins a connection, as often as needed; no
/// stream and no request survives into the next one. Then it is driven as a
/// [`Session`] is, in the same order: [`poll_event`](Self::poll_event) runs the
/// handlers that the server asks for and gives back only what they do not
/// settle.
///
/// A handler that panics costs its request an Error; without the feature `std`
/// nothing can catch it.
#[derive(Debug)]
pub struct Device {
    config: Config,
    identity: Identity,
    resources: Resources,
    session: Option<Session>,
    /// Open streams, by their identifiers.
    streams: BTreeMap<u16, Streaming>,
}

/// A stream that the server has opened.
#[derive(Debug)]
struct Streaming {
    found: Found,
    parameters: Option<Value>,
}

/// Getters.
impl Device {
    /// The connection, if there has been one.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The connection, to send requests of the device's own.
    pub const fn session_mut(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// Whether more bytes should be read from the transport now.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.session.as_ref().is_some_and(Session::wants_input)
    }

    /// Whether there is no connection, or it has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_closed)
    }

    /// Whether anybody streams `resource`.
    #[must_use]
    pub fn is_streaming(&self, resource: &str) -> bool {
        let mut streams = self.streams.values();
        streams.any(|stream| stream.found.name == resource)
    }
}

/// Input.
impl Device {
    /// The transport has just come up: begins a connection. The Connect waits
    /// in [`poll_output`](Self::poll_output).
    ///
    /// # Errors
    /// Those of [`Session::device`].
    pub fn connect(&mut self, now: Duration) -> Result<(), Misuse> {
        self.streams.clear();
        let session = Session::device(now, self.config.clone(), self.identity.clone())?;
        self.session = Some(session);
        Ok(())
    }

    /// Bytes have arrived; see [`Session::handle_input`].
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        if let Some(session) = &mut self.session {
            session.handle_input(now, bytes);
        }
    }

    /// The transport has taken bytes; see [`Session::handle_written`].
    pub fn handle_written(&mut self, now: Duration, count: usize) {
        if let Some(session) = &mut self.session {
            session.handle_written(now, count);
        }
    }

    /// The time is `now`; see [`Session::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Duration) {
        if let Some(session) = &mut self.session {
            session.handle_timeout(now);
        }
    }

    /// The transport has ended; see [`Session::handle_end`].
    pub fn handle_end(&mut self, now: Duration) {
        if let Some(session) = &mut self.session {
            session.handle_end(now);
        }
    }
}

/// Output.
impl Device {
    /// Runs what the server asks for, until something happens that the
    /// resources do not settle: [`Event::Connected`], the answers to the
    /// device's own requests, values of its own streams, what was ignored, and
    /// the end.
    pub fn poll_event(&mut self, now: Duration) -> Option<Event> {
        loop {
            let event = self.session.as_mut()?.poll_event()?;
            if let Some(event) = self.serve(now, event) {
                return Some(event);
            }
        }
    }

    /// The bytes that wait to be sent; see [`Session::poll_output`].
    #[must_use]
    pub fn poll_output(&self) -> &[u8] {
        self.session.as_ref().map_or(&[], Session::poll_output)
    }

    /// The next deadline; see [`Session::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.session.as_ref().and_then(Session::poll_timeout)
    }
}

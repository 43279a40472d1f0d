//! What a server is told at its start.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use super::registry::Registry;
use crate::message::nubison::ErrorCode;
use crate::nubison::{self, DeviceKey};

/// How a server listens, whom it lets in, and what it allows.
/// [`new`](Self::new) gives values for general use; every field may be changed.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Timers and limits of one connection; every connection has a seed of its
    /// own.
    pub session: nubison::Config,
    /// Whom to let in.
    pub registry: Registry,
    /// Which payloads to take.
    pub check: Check,
    /// What every device gets at its login: at most 255 bytes. Packets stay as
    /// they are.
    pub encryption_key: Option<Vec<u8>>,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once of devices that have not been let in yet.
    pub max_unauthenticated: usize,
    /// How long a peer may take before it reads any of what waits for it.
    pub write_timeout: Duration,
    /// How long a peer may take to close after the server has.
    pub linger: Duration,
    /// How long connections may take to end when the server stops.
    pub shutdown_timeout: Duration,
}

impl Config {
    /// A server that takes every payload.
    #[must_use]
    pub fn new(listen: SocketAddr, registry: Registry) -> Self {
        Self {
            listen,
            session: nubison::Config::new(0),
            registry,
            check: Check::new(|_, _| Ok(())),
            encryption_key: None,
            max_connections: 10_000,
            max_unauthenticated: 256,
            write_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(3),
        }
    }
}

/// The application's word on the payloads of Data and heartbeats.
#[derive(Clone)]
pub struct Check(Arc<Judge>);

type Judge = dyn Fn(&DeviceKey, &[u8]) -> Result<(), Rejection> + Send + Sync;

impl Check {
    /// A check that holds up the connection for as long as it takes.
    pub fn new(
        check: impl Fn(&DeviceKey, &[u8]) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(check))
    }

    pub(super) fn run(&self, device: &DeviceKey, payload: &[u8]) -> Result<(), Rejection> {
        (self.0)(device, payload)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check(..)")
    }
}

/// Why the application does not take a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It has not the structure that the device is registered with.
    Structure,
    /// The application failed.
    Failure,
}

impl Rejection {
    pub(super) const fn error_code(self) -> ErrorCode {
        match self {
            Self::Structure => ErrorCode::PAYLOAD_STRUCTURE,
            Self::Failure => ErrorCode::SERVER_ERROR,
        }
    }
}

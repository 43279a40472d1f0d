//! What a server is told at its start.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::resources::Limits;
use crate::session::{self, IotmpShipping};

/// How a server listens, whom it lets in, and what it allows.
/// [`new`](Self::new) gives values for general use; every field may be changed.
///
/// No specification speaks of the limits here; those that one speaks of are in
/// [`session`](Self::session).
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on over TCP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to listen on besides.
    pub endpoints: Vec<Endpoint>,
    /// Revision of the protocol, or revisions to tell apart
    /// ([`session::Config::detecting`]), encodings of values, timers, and the
    /// limits of one connection.
    pub session: session::Config,
    /// Whom to let in.
    pub credentials: Credentials,
    /// URL of another server, `iotmp://host:port`, to which every device is sent
    /// that could have been let in.
    pub redirect: Option<String>,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once of devices that have not been let in yet, and of
    /// which not even the handshakes of their transports need be done.
    pub max_unauthenticated: usize,
    /// Most values of a stream that wait for a slow listener, rounded up to a
    /// power of two; the oldest are dropped.
    pub max_lag: usize,
    /// How much is kept for each user.
    pub resources: Limits,
    /// How long a call may take.
    pub call_timeout: Duration,
    /// How long a peer may take before it reads any of what waits for it.
    pub write_timeout: Duration,
    /// How long a peer may take to close after the server has.
    pub linger: Duration,
    /// How long connections may take to end when the server stops.
    pub shutdown_timeout: Duration,
}

impl Config {
    /// A server of the shipping profile.
    #[must_use]
    pub fn new(listen: SocketAddr, credentials: Credentials) -> Self {
        Self {
            listen,
            endpoints: Vec::new(),
            session: session::Config::new(&IotmpShipping),
            credentials,
            redirect: None,
            max_connections: 10_000,
            max_unauthenticated: 256,
            max_lag: 64,
            resources: Limits::default(),
            call_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            shutdown_timeout: Duration::from_secs(3),
        }
    }
}

//! Who may come in, and how many at a time.

use alloc::sync::Arc;
use core::convert::Infallible;
use core::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::after;
use super::connection::{Connection, Shared};

/// Lets connections in that come up elsewhere, such as behind an HTTP upgrade.
/// They count and end as those do that the server has accepted itself.
#[derive(Debug, Clone)]
pub struct Acceptor {
    shared: Arc<Shared>,
    connections: Arc<Semaphore>,
    admissions: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
    /// Gone as soon as the server stops.
    alive: mpsc::WeakSender<Infallible>,
}

/// Room for one more connection, from its first byte on. It is given back when
/// it is dropped.
#[derive(Debug)]
pub struct Admission {
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
    connect_by: Instant,
    /// Held until the device is let in.
    stranger: OwnedSemaphorePermit,
    /// Held until the connection has ended.
    connection: OwnedSemaphorePermit,
    /// Held until the connection has ended: the server waits for it.
    alive: mpsc::Sender<Infallible>,
}

impl Acceptor {
    pub(super) fn new(
        shared: Arc<Shared>,
        stop: watch::Receiver<bool>,
        alive: &mpsc::Sender<Infallible>,
    ) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            connections: permits(shared.config.max_connections),
            admissions: permits(shared.config.max_unauthenticated),
            shared,
            stop,
            alive: alive.downgrade(),
        }
    }

    /// Makes room for a connection that has just begun, before any handshake on
    /// it. `None` where there are too many, or the server has stopped.
    ///
    /// From now on the clock runs: the peer has to be through with all
    /// handshakes and its Connect in the time that the configuration gives a
    /// Connect.
    #[must_use]
    pub fn admit(&self) -> Option<Admission> {
        Some(Admission {
            alive: self.alive.upgrade()?,
            connection: Arc::clone(&self.connections).try_acquire_owned().ok()?,
            stranger: Arc::clone(&self.admissions).try_acquire_owned().ok()?,
            shared: Arc::clone(&self.shared),
            stop: self.stop.clone(),
            connect_by: after(self.shared.config.session.connect_timeout),
        })
    }
}

impl Admission {
    /// When the handshakes have to be done.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.connect_by
    }

    /// Serves the device behind `stream`, all bytes of which belong to the
    /// protocol, until the connection ends or the server stops. `peer` is where
    /// it comes from.
    pub async fn serve<S: AsyncRead + AsyncWrite>(self, stream: S, peer: SocketAddr) {
        let Self {
            shared,
            stop,
            connect_by,
            stranger,
            connection,
            alive,
        } = self;
        let served = Connection::new(shared, stream, peer, stranger, connect_by);
        served.serve(stop).await;
        drop((connection, alive));
    }
}

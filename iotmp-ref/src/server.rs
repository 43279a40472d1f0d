//! A server of many devices, on tokio.
//!
//! [`Server::bind`] listens and serves in the background; the [`Hub`] that it
//! gives calls the devices that are connected.
//!
//! ```no_run
//! use iotmp_ref::server::{Config, Credentials, Server};
//! use iotmp_ref::session::Call;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new().with("user1", "sensor1", "secret123")?;
//! let config = Config::new(([127, 0, 0, 1], 0).into(), credentials);
//! let (server, hub) = Server::bind(config).await?;
//! println!("{}", server.local_addr());
//!
//! hub.wait_for("user1", "sensor1").await?;
//! let reply = hub.run("user1", "sensor1", Call::new("temperature")).await?;
//! println!("{:?}", reply.payload);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod command;
mod config;
mod connection;
mod credentials;
mod hub;
mod registry;
mod resources;
mod stream;

use alloc::string::String;
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, debug, error, info, info_span, warn};

use self::connection::{Connection, Shared};
use self::registry::Registry;
use crate::link::told;

pub use self::config::Config;
pub use self::credentials::{Credential, Credentials, DeviceId, InvalidCredential, MAX_CREDENTIAL};
pub use self::hub::{CallError, Hub};
pub use self::registry::{DeviceEvent, DeviceInfo};
pub use self::stream::{Sample, Stream};

/// How long to wait after the system could not give another connection, such as
/// for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most characters of a peer's text that are shown in a log.
const SHOWN: usize = 64;

/// A server that runs. Dropping it ends all connections at once;
/// [`shutdown`](Self::shutdown) says goodbye to them.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    shutdown_timeout: Duration,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens and begins to serve on a task of its own.
    ///
    /// # Errors
    /// Those of the system, where it does not let the server listen.
    pub async fn bind(config: Config) -> io::Result<(Self, Hub)> {
        let listener = TcpListener::bind(config.listen).await?;
        let local_addr = listener.local_addr()?;
        let registry = Arc::new(Registry::new());
        let hub = Hub::new(Arc::clone(&registry), config.call_timeout, config.max_lag);
        let shutdown_timeout = config.shutdown_timeout;
        let (stop, stopping) = watch::channel(false);
        let spec = match config.session.detect.is_empty() {
            true => config.session.dialect.name(),
            false => "auto",
        };
        info!(address = %local_addr, spec, "listening");
        let shared = Arc::new(Shared { config, registry });
        let task = tokio::spawn(accept(listener, shared, stopping));
        let server = Self {
            local_addr,
            shutdown_timeout,
            stop,
            task,
        };
        Ok((server, hub))
    }

    /// The address that it listens on, with the port that the system chose.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops listening, sends every device a Disconnect, and waits until all
    /// connections have ended, but not longer than configured.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let by = after(self.shutdown_timeout);
        if timeout_at(by, &mut self.task).await.is_err() {
            warn!("connections that would not end are cut off");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The tasks of the connections belong to this one and end with it.
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
    let connections = permits(shared.config.max_connections);
    let admissions = permits(shared.config.max_unauthenticated);
    let mut is_full = false;
    let mut tasks = JoinSet::new();
    let stopping = stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    error!(%error, "the task of a connection failed");
                }
                continue;
            }
            () = told(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "no connection could be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = Arc::clone(&connections).try_acquire_owned();
        let admission = Arc::clone(&admissions).try_acquire_owned();
        let (Ok(connection), Ok(admission)) = (connection, admission) else {
            // One warning for a flood, not one for every drop of it.
            if !core::mem::replace(&mut is_full, true) {
                warn!(%peer, "too many connections; new ones are closed");
            }
            debug!(%peer, "closed: too many connections");
            continue;
        };
        is_full = false;
        prepare(&stream);
        let served = Connection::new(Arc::clone(&shared), stream, peer, admission);
        let stopping = stopping.clone();
        let task = async move {
            served.serve(stopping).await;
            drop(connection);
        };
        tasks.spawn(task.instrument(info_span!("connection", %peer)));
    }
    drop(listener);
    info!(connections = tasks.len(), "stopping");
    while tasks.join_next().await.is_some() {}
    info!("stopped");
}

fn prepare(stream: &TcpStream) {
    // Messages are small and answers are waited for.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "messages may be held back by the system");
    }
}

/// The time after `timeout`, or one that nobody lives to see.
fn after(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + YEAR)
}

/// Text of a peer as it may stand in a log or an answer: short, and without
/// characters that do something.
fn shown(text: &str) -> String {
    let mut shown: String = text.escape_debug().take(SHOWN).collect();
    if text.escape_debug().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_peer_says_is_shown_short_and_harmless() {
        assert_eq!(shown("sensor é"), "sensor é");
        assert_eq!(shown("a\n\u{1b}[31m"), "a\\n\\u{1b}[31m");
        let long = "x".repeat(100);
        assert_eq!(shown(&long).chars().count(), 65);
    }
}

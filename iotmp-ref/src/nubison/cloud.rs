//! A server of many devices, on tokio.
//!
//! [`Server::bind`] listens and serves in the background; the [`Hub`] that it
//! gives commands the devices that are logged in.
//!
//! ```no_run
//! use iotmp_ref::nubison::cloud::{Config, Registry, Server};
//! use iotmp_ref::nubison::{DeviceKey, Identity};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let device: DeviceKey = "SENSOR01_kitchen".parse()?;
//! let identity = Identity::new("client-0000000000001", "secret-0000000000001", device.clone())?;
//! let registry = Registry::new().with(identity)?;
//! let (server, hub) = Server::bind(Config::new(([127, 0, 0, 1], 0).into(), registry)).await?;
//! println!("{}", server.local_addr());
//!
//! hub.wait_for(&device).await?;
//! let answer = hub.command(&device, Some(b"on")).await?;
//! println!("{answer:?}");
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod config;
mod connection;
mod hub;
mod registry;

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, error, info, info_span, warn};

use self::connection::{Connection, Shared};
use crate::link::told;

pub use self::config::{Check, Config, Rejection};
pub use self::hub::{CommandError, Hub, Notification};
pub use self::registry::{Registry, Taken};

/// How long to wait after the system could not give another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that runs. Dropping it ends all connections at once.
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
        let shutdown_timeout = config.shutdown_timeout;
        let hub = Hub::new(config.session.answer_timeout);
        let (stop, stopping) = watch::channel(false);
        info!(address = %local_addr, spec = crate::message::nubison::NAME, "listening");
        let shared = Arc::new(Shared {
            config,
            hub: hub.clone(),
        });
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

    /// Stops listening, closes all connections, and waits until they have
    /// ended, but not longer than configured.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if timeout(self.shutdown_timeout, &mut self.task)
            .await
            .is_err()
        {
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
            debug!(%peer, "closed: too many connections");
            continue;
        };
        // Packets are small and answers are waited for.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "packets may be held back by the system");
        }
        let served = match Connection::new(Arc::clone(&shared), stream, admission) {
            Ok(served) => served,
            Err(error) => {
                error!(%error, "no randomness for a connection");
                continue;
            }
        };
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

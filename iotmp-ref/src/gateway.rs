//! The HTTP face of a server: resources of devices for programs and browsers.
//!
//! [`Gateway::bind`] serves what `docs/http.md` describes, on behalf of a
//! [`Hub`]. Streams of one resource are shared between all who listen to it, as
//! [`SharedStream`] says.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod config;
#[cfg(feature = "ws")]
mod devices;
mod error;
mod feed;
mod guard;
mod kept;
mod listen;
mod query;
mod routes;
mod sharing;
mod socket;
mod sse;

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use self::feed::Feeds;
use crate::server::Hub;

pub use self::config::{Config, InvalidToken, Token};
pub use self::sharing::{ListenerId, SharedStream, Step};

/// An HTTP face that runs. Dropping it ends all of its connections at once.
#[derive(Debug)]
pub struct Gateway {
    local_addr: SocketAddr,
    shutdown_timeout: Duration,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What all requests share.
#[derive(Debug)]
struct Face {
    config: Config,
    hub: Hub,
    feeds: Feeds,
    /// WebSockets that may still be opened.
    sockets: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

impl Gateway {
    /// Listens and begins to serve the devices of `hub` on a task of its own.
    ///
    /// # Errors
    /// Those of the system, where it does not let the gateway listen.
    pub async fn bind(config: Config, hub: Hub) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let local_addr = listener.local_addr()?;
        let shutdown_timeout = config.shutdown_timeout;
        let (stop, stopping) = watch::channel(false);
        info!(address = %local_addr, "listening for HTTP");
        let face = Face {
            feeds: Feeds::new(hub.clone(), &config),
            sockets: permits(config.max_sockets),
            stop: stopping,
            config,
            hub,
        };
        let task = tokio::spawn(listen::accept(listener, Arc::new(face)));
        Ok(Self {
            local_addr,
            shutdown_timeout,
            stop,
            task,
        })
    }

    /// The address that it listens on, with the port that the system chose.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops listening, ends streams, and waits until what is being answered has
    /// been, but not longer than configured.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if timeout(self.shutdown_timeout, &mut self.task)
            .await
            .is_err()
        {
            warn!("HTTP connections that would not end are cut off");
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // The connections belong to this task and end with it.
        self.task.abort();
    }
}

fn permits(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}

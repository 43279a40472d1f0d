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

mod acceptor;
mod command;
mod config;
mod connection;
mod credentials;
mod endpoint;
mod hub;
mod registry;
mod resources;
mod stream;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, debug, error, info, info_span, warn};

use self::connection::Shared;
use self::registry::Registry;
use crate::link::told;

pub use self::acceptor::{Acceptor, Admission};
pub use self::config::Config;
#[cfg(feature = "gateway")]
pub(crate) use self::credentials::Secret;
pub use self::credentials::{Credential, Credentials, DeviceId, InvalidCredential, MAX_CREDENTIAL};
pub use self::endpoint::Endpoint;
pub use self::hub::{CallError, Hub};
pub use self::registry::{DeviceEvent, DeviceInfo};
pub use self::resources::{DEVICE_PROPERTY_UPDATE, DEVICE_TOPIC_PUBLISH, Limits, Point};
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
    endpoints: Vec<SocketAddr>,
    acceptor: Acceptor,
    shutdown_timeout: Duration,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// Held until the server stops, and by every connection.
    alive: Option<mpsc::Sender<Infallible>>,
    ended: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Listens and begins to serve on a task of its own.
    ///
    /// # Errors
    /// Those of the system, where it does not let the server listen, and the
    /// address.
    pub async fn bind(config: Config) -> io::Result<(Self, Hub)> {
        let mut listeners = Vec::new();
        let mut endpoints = Vec::new();
        let main = Endpoint::tcp(config.listen);
        let (listener, local_addr) = bind(config.listen).await?;
        listeners.push((listener, main));
        for endpoint in &config.endpoints {
            let (listener, address) = bind(endpoint.listen).await?;
            listeners.push((listener, endpoint.clone()));
            endpoints.push(address);
        }
        let registry = Arc::new(Registry::new());
        let hub = Hub::new(Arc::clone(&registry), &config);
        let shutdown_timeout = config.shutdown_timeout;
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let spec = match config.session.detect.is_empty() {
            true => config.session.dialect.name(),
            false => "auto",
        };
        info!(address = %local_addr, spec, "listening");
        for (endpoint, address) in config.endpoints.iter().zip(&endpoints) {
            info!(%address, over = endpoint.name(), "listening");
        }
        let shared = Arc::new(Shared {
            config,
            registry,
            hub: hub.clone(),
        });
        let acceptor = Acceptor::new(shared, stopping, &alive);
        let task = tokio::spawn(listen(listeners, acceptor.clone(), stop.subscribe()));
        let server = Self {
            local_addr,
            endpoints,
            acceptor,
            shutdown_timeout,
            stop,
            task,
            alive: Some(alive),
            ended,
        };
        Ok((server, hub))
    }

    /// The address that it listens on, with the port that the system chose.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The addresses of [`Config::endpoints`], in their order, with the ports
    /// that the system chose.
    #[must_use]
    pub fn endpoints(&self) -> &[SocketAddr] {
        &self.endpoints
    }

    /// Lets connections in that come up elsewhere.
    #[must_use]
    pub const fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// Stops listening, sends every device a Disconnect, and waits until all
    /// connections have ended, but not longer than configured.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.alive = None;
        let by = after(self.shutdown_timeout);
        let all = async {
            // The task of a defect has ended too.
            let _ = (&mut self.task).await;
            while self.ended.recv().await.is_some() {}
        };
        if timeout_at(by, all).await.is_err() {
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

/// Listens, and says where.
async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let bound = match TcpListener::bind(address).await {
        Ok(listener) => listener.local_addr().map(|address| (listener, address)),
        Err(error) => Err(error),
    };
    bound.map_err(|error| io::Error::new(error.kind(), alloc::format!("{address}: {error}")))
}

/// Accepts connections everywhere until the server stops.
async fn listen(
    listeners: Vec<(TcpListener, Endpoint)>,
    acceptor: Acceptor,
    stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    for (listener, endpoint) in listeners {
        tasks.spawn(accept(listener, endpoint, acceptor.clone(), stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            error!(%error, "the task of a listener failed");
        }
    }
    info!("stopped");
}

/// Accepts connections at one endpoint until the server stops.
async fn accept(
    listener: TcpListener,
    endpoint: Endpoint,
    acceptor: Acceptor,
    mut stop: watch::Receiver<bool>,
) {
    let endpoint = Arc::new(endpoint);
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
        let Some(admission) = acceptor.admit() else {
            // One warning for a flood, not one for every drop of it.
            if !core::mem::replace(&mut is_full, true) {
                warn!(%peer, "too many connections; new ones are closed");
            }
            debug!(%peer, "closed: too many connections");
            continue;
        };
        is_full = false;
        prepare(&stream);
        let over = endpoint.name();
        let task = serve(
            Arc::clone(&endpoint),
            admission,
            stream,
            peer,
            stopping.clone(),
        );
        tasks.spawn(task.instrument(info_span!("connection", %peer, over)));
    }
    drop(listener);
    info!(
        over = endpoint.name(),
        connections = tasks.len(),
        "stopping"
    );
    while tasks.join_next().await.is_some() {}
}

/// Does the handshakes of the transport, in time, and serves what comes after.
async fn serve(
    endpoint: Arc<Endpoint>,
    admission: Admission,
    stream: TcpStream,
    peer: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    let opened = tokio::select! {
        opened = timeout_at(admission.deadline(), endpoint.open(stream)) => opened,
        () = told(&mut stop) => return,
    };
    match opened {
        Ok(Ok(stream)) => admission.serve(stream, peer).await,
        Ok(Err(error)) => info!(%error, "closed: the handshake failed"),
        Err(_) => info!("closed: no handshake in time"),
    }
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

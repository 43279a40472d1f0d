//! A device on tokio: it dials, serves its resources, and dials again.

mod runner;

use alloc::string::String;
use core::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};

use self::runner::Runner;
use super::{Address, Backoff, Device};
use crate::pson::Value;
use crate::session::{ConnectError, Misuse};
use crate::transport::Transport;

/// How many events wait to be sent.
const EVENTS: usize = 64;

/// Where a [`Client`] dials and how patient it is. [`new`](Self::new) gives
/// values for general use; every field may be changed.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The server, unless it sends the device to another one.
    pub server: Address,
    /// What the connection runs over.
    pub transport: Transport,
    /// How long to wait before dialling again.
    pub backoff: Backoff,
    /// Most redirects that are followed in a row.
    pub max_redirects: u32,
    /// Whether to try again after a refusal that is not likely to change by
    /// itself: bad credentials, keep alive or encoding.
    pub retry_refused: bool,
    /// How long the transport may take to come up, with all handshakes.
    pub dial_timeout: Duration,
    /// How long the server may take before it reads any of what waits for it.
    pub write_timeout: Duration,
    /// How long the server may take to close after the device has.
    pub linger: Duration,
}

impl ClientConfig {
    /// The configuration of a client of `server`.
    #[must_use]
    pub fn new(server: impl Into<Address>) -> Self {
        Self {
            server: server.into(),
            transport: Transport::tcp(),
            backoff: Backoff::default(),
            max_redirects: 5,
            retry_refused: false,
            dial_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
        }
    }
}

/// A device that runs: it holds a connection, or tries to get one, until it is
/// stopped. Dropping it ends the connection at once;
/// [`stop`](Self::stop) says goodbye.
///
/// The handlers of its resources run on the task of the connection and hold it
/// up for as long as they take.
///
/// ```no_run
/// use iotmp_ref::device::{Address, Client, ClientConfig, Device};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let device = Device::new("user1", "sensor1", "secret123").output("temperature", || 22.5);
/// let server: Address = "127.0.0.1:25204".parse()?;
/// let (mut client, handle) = Client::start(device, ClientConfig::new(server));
/// handle.connected().await;
/// handle.event("temperature");
/// client.stopped().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ClientError>>,
}

/// Tells a running device of events and says how it fares. All clones are of
/// one device.
#[derive(Debug, Clone)]
pub struct Handle {
    pushes: mpsc::Sender<Push>,
    status: watch::Receiver<Status>,
}

/// How a [`Client`] fares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It dials this server, or waits for its answer.
    Connecting(Address),
    /// It was let in by this server.
    Connected(Address),
    /// It waits for so long before it dials again.
    Waiting(Duration),
    /// It has stopped.
    Stopped,
}

/// Why a client has stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server refused the device and would do so again.
    #[error("{server} refused the device: {}", explain(.error))]
    Refused {
        /// Which server.
        server: Address,
        /// Why.
        error: ConnectError,
    },
    /// The configuration of the device is not possible.
    #[error(transparent)]
    Config(Misuse),
    /// The task of the device failed, which is a defect.
    #[error("the task of the device failed: {0}")]
    Task(JoinError),
}

const fn explain(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::BadCredentials => "bad credentials; check user, device and credential",
        ConnectError::InvalidKeepAlive => "its keep alive interval is not acceptable",
        ConnectError::BadEncoding => "its encoding is not supported",
        _ => "no reason given",
    }
}

/// Something of the device's own accord.
#[derive(Debug)]
struct Push {
    resource: String,
    value: Option<Value>,
}

impl Client {
    /// Begins to dial, on a task of its own.
    #[must_use]
    pub fn start(device: Device, config: ClientConfig) -> (Self, Handle) {
        let (stop, stopping) = watch::channel(false);
        let (sender, pushes) = mpsc::channel(EVENTS);
        let (publish, status) = watch::channel(Status::Connecting(config.server.clone()));
        let runner = Runner {
            device,
            config,
            pushes,
            status: publish,
            stop: stopping,
        };
        let task = tokio::spawn(runner.run());
        let handle = Handle {
            pushes: sender,
            status,
        };
        (Self { stop, task }, handle)
    }

    /// Waits until it stops by itself. Nothing is lost when the future is
    /// dropped; once it has given an error, it must not be called again.
    ///
    /// # Errors
    /// Why it has stopped.
    pub async fn stopped(&mut self) -> Result<(), ClientError> {
        (&mut self.task)
            .await
            .unwrap_or_else(|error| Err(ClientError::Task(error)))
    }

    /// Sends the server a Disconnect, if it is connected, and waits until the
    /// connection has ended.
    ///
    /// # Errors
    /// Why it had stopped before.
    pub async fn stop(mut self) -> Result<(), ClientError> {
        self.stop.send_replace(true);
        self.stopped().await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Handle {
    /// Something has happened to `resource`: its value goes to whoever streams
    /// it. Says whether that will be done; it is not while too many wait, or
    /// after the end. Without a connection nobody streams, so nothing is sent.
    pub fn event(&self, resource: &str) -> bool {
        self.push(resource, None)
    }

    /// As [`event`](Self::event), with a value at hand.
    pub fn event_value(&self, resource: &str, value: impl Into<Value>) -> bool {
        self.push(resource, Some(value.into()))
    }

    /// How the device fares, now and from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits until the device is connected: whether it is, or has stopped.
    pub async fn connected(&self) -> bool {
        let mut status = self.status();
        let reached =
            status.wait_for(|status| matches!(status, Status::Connected(_) | Status::Stopped));
        matches!(reached.await.as_deref(), Ok(Status::Connected(_)))
    }

    fn push(&self, resource: &str, value: Option<Value>) -> bool {
        let resource = resource.into();
        self.pushes.try_send(Push { resource, value }).is_ok()
    }
}

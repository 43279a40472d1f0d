//! A device on tokio: it dials, logs in, and dials again.
//!
//! ```no_run
//! use iotmp_ref::device::Address;
//! use iotmp_ref::nubison::client::{Client, ClientConfig, Device};
//! use iotmp_ref::nubison::Identity;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::new(
//!     "client-0000000000001",
//!     "secret-0000000000001",
//!     "SENSOR01_kitchen".parse()?,
//! )?;
//! let device = Device::new(identity).on_command(|payload| Ok(payload.map(<[u8]>::to_vec)));
//! let server: Address = "127.0.0.1:25204".parse()?;
//! let (client, handle) = Client::start(device, ClientConfig::new(server));
//! handle.logged_in().await;
//! handle.data(b"21.5").await?;
//! client.stop().await?;
//! # Ok(())
//! # }
//! ```

mod runner;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle};

use self::runner::{Ask, Question, Runner};
use super::{Config, Identity, Misuse};
use crate::device::{Address, Backoff};
use crate::message::nubison::ErrorCode;

/// How many requests wait while the connection does something else.
const REQUESTS: usize = 64;

/// What a device is: who, and what it does when it is told.
pub struct Device {
    identity: Identity,
    on_command: Box<Handler>,
}

/// What a device does with the payload of a command.
type Handler = dyn FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, CommandFailed> + Send;

/// A command was not carried out. There is no way to tell the server why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, thiserror::Error)]
#[error("the command was not carried out")]
pub struct CommandFailed;

impl Device {
    /// A device that fails every command.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            on_command: Box::new(|_| Err(CommandFailed)),
        }
    }

    /// Does this with every command, from its payload to what came of it: at
    /// most 255 bytes, or it has failed. It holds up the connection for as long
    /// as it takes.
    #[must_use]
    pub fn on_command(
        mut self,
        handler: impl FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, CommandFailed> + Send + 'static,
    ) -> Self {
        self.on_command = Box::new(handler);
        self
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Where a [`Client`] dials and how patient it is. [`new`](Self::new) gives
/// values for general use; every field may be changed.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The server.
    pub server: Address,
    /// Timers and limits of a connection; every connection has a seed of its
    /// own.
    pub session: Config,
    /// How long to wait before dialling again.
    pub backoff: Backoff,
    /// Whether to try again after a login was refused.
    pub retry_refused: bool,
    /// How long the transport may take to come up.
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
            session: Config::new(0),
            backoff: Backoff::default(),
            retry_refused: false,
            dial_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
        }
    }
}

/// A device that runs: it is logged in, or tries to be, until it is stopped.
/// Dropping it ends the connection at once; [`stop`](Self::stop) logs out.
#[derive(Debug)]
pub struct Client {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ClientError>>,
}

/// Sends what a running device has to say. All clones are of one device.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Ask>,
    status: watch::Receiver<Status>,
}

/// How a [`Client`] fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It dials, or waits for the answer to its Login.
    Connecting,
    /// The server has let it in.
    LoggedIn,
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
    #[error("the login was refused: {0}; check client id, client secret and device key")]
    Refused(ErrorCode),
    /// The system has no randomness to give.
    #[error("no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The task of the device failed, which is a defect.
    #[error("the task of the device failed: {0}")]
    Task(JoinError),
}

/// Why the server has not taken a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server refused it.
    #[error("refused: {0}")]
    Refused(ErrorCode),
    /// No answer came in time.
    #[error("no answer in time")]
    TimedOut,
    /// The device is not logged in, or no longer.
    #[error("the device is not logged in")]
    NotLoggedIn,
    /// It could not be sent.
    #[error(transparent)]
    Misuse(Misuse),
}

impl From<Misuse> for RequestError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::NotLoggedIn | Misuse::Closed => Self::NotLoggedIn,
            other => Self::Misuse(other),
        }
    }
}

impl Client {
    /// Begins to dial, on a task of its own.
    #[must_use]
    pub fn start(device: Device, config: ClientConfig) -> (Self, Handle) {
        let (stop, stopping) = watch::channel(false);
        let (sender, requests) = mpsc::channel(REQUESTS);
        let (publish, status) = watch::channel(Status::Connecting);
        let runner = Runner {
            device,
            config,
            requests,
            status: publish,
            stop: stopping,
        };
        let task = tokio::spawn(runner.run());
        let handle = Handle {
            requests: sender,
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

    /// Logs out, if it is logged in, and waits until the connection has ended.
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
    /// Sends data and waits until the server has taken it.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn data(&self, payload: &[u8]) -> Result<(), RequestError> {
        self.ask(Question::Data(payload.to_vec())).await
    }

    /// Sends a heartbeat, with data if there is a payload, and waits until the
    /// server has taken it. Those that only show that the device lives go out by
    /// themselves.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn heartbeat(&self, payload: Option<&[u8]>) -> Result<(), RequestError> {
        self.ask(Question::Heartbeat(payload.map(<[u8]>::to_vec)))
            .await
    }

    /// How the device fares, now and from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits until the device is logged in: whether it is, or has stopped.
    pub async fn logged_in(&self) -> bool {
        let mut status = self.status();
        let reached = status.wait_for(|s| matches!(s, Status::LoggedIn | Status::Stopped));
        matches!(reached.await.as_deref(), Ok(Status::LoggedIn))
    }

    async fn ask(&self, question: Question) -> Result<(), RequestError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask { question, reply };
        // Where the device has stopped, nobody takes or answers it.
        let sent = self.requests.send(ask).await;
        sent.map_err(|_| RequestError::NotLoggedIn)?;
        answer.await.map_err(|_| RequestError::NotLoggedIn)?
    }
}

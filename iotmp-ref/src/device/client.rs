//! A device on tokio: it dials, serves its resources, and dials again.

use alloc::string::String;
use core::time::Duration;
use std::io;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::{Address, Backoff, Device, InvalidAddress};
use crate::link::{Link, Machine, Turn, told};
use crate::pson::Value;
use crate::session::{CloseReason, ConnectError, Event, Misuse};

/// How many events wait to be sent.
const EVENTS: usize = 64;

/// Where a [`Client`] dials and how patient it is. [`new`](Self::new) gives
/// values for general use; every field may be changed.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The server, unless it sends the device to another one.
    pub server: Address,
    /// How long to wait before dialling again.
    pub backoff: Backoff,
    /// Most redirects that are followed in a row.
    pub max_redirects: u32,
    /// Whether to try again after a refusal that is not likely to change by
    /// itself: bad credentials, keep alive or encoding.
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

impl Machine for Device {
    fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.handle_input(now, bytes);
    }

    fn handle_written(&mut self, now: Duration, count: usize) {
        self.handle_written(now, count);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.handle_timeout(now);
    }

    fn handle_end(&mut self, now: Duration) {
        self.handle_end(now);
    }

    fn poll_output(&self) -> &[u8] {
        self.poll_output()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.poll_timeout()
    }

    fn wants_input(&self) -> bool {
        self.wants_input()
    }
}

/// The task behind a [`Client`].
struct Runner {
    device: Device,
    config: ClientConfig,
    pushes: mpsc::Receiver<Push>,
    status: watch::Sender<Status>,
    stop: watch::Receiver<bool>,
}

/// How an attempt to hold a connection has ended.
enum End {
    /// The client was told to stop.
    Stopped,
    /// There was no connection.
    Unreachable(io::Error),
    /// The connection is over.
    Closed {
        reason: CloseReason,
        was_connected: bool,
    },
}

impl Runner {
    async fn run(mut self) -> Result<(), ClientError> {
        let result = self.dial_again_and_again().await;
        self.status.send_replace(Status::Stopped);
        result
    }

    async fn dial_again_and_again(&mut self) -> Result<(), ClientError> {
        let mut server = self.config.server.clone();
        let mut redirects = 0;
        let mut failures = 0;
        loop {
            match self.attempt(&server).await? {
                End::Stopped => return Ok(()),
                End::Unreachable(error) => warn!(%server, %error, "not reachable"),
                End::Closed {
                    reason: CloseReason::Refused { error, payload },
                    ..
                } => {
                    if error == ConnectError::Redirect && redirects < self.config.max_redirects {
                        match target(payload.as_ref()) {
                            Ok(target) => {
                                info!(%server, %target, "redirected");
                                redirects += 1;
                                server = target;
                                continue;
                            }
                            Err(error) => warn!(%server, %error, "redirected to nowhere"),
                        }
                    } else {
                        warn!(%server, ?error, "refused");
                    }
                    let is_final = matches!(
                        error,
                        ConnectError::BadCredentials
                            | ConnectError::InvalidKeepAlive
                            | ConnectError::BadEncoding
                    );
                    if is_final && !self.config.retry_refused {
                        return Err(ClientError::Refused { server, error });
                    }
                }
                End::Closed {
                    reason,
                    was_connected,
                } => {
                    warn!(%server, %reason, "disconnected");
                    if was_connected {
                        failures = 0;
                    }
                }
            }
            server = self.config.server.clone();
            redirects = 0;
            failures = u32::saturating_add(failures, 1);
            let wait = self.config.backoff.wait(failures);
            if !self.wait(wait).await {
                return Ok(());
            }
        }
    }

    /// Waits before the next attempt: whether there is to be one.
    async fn wait(&mut self, wait: Duration) -> bool {
        debug!(?wait, "waiting");
        self.status.send_replace(Status::Waiting(wait));
        tokio::select! {
            () = sleep(wait) => true,
            () = told(&mut self.stop) => false,
        }
    }

    /// Dials and serves until the connection ends.
    async fn attempt(&mut self, server: &Address) -> Result<End, ClientError> {
        debug!(%server, "dialling");
        self.status.send_replace(Status::Connecting(server.clone()));
        let dialled = TcpStream::connect((server.host.as_str(), server.port));
        let stream = tokio::select! {
            dialled = timeout(self.config.dial_timeout, dialled) => match dialled {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Ok(End::Unreachable(error)),
                Err(_) => return Ok(End::Unreachable(io::ErrorKind::TimedOut.into())),
            },
            () = told(&mut self.stop) => return Ok(End::Stopped),
        };
        // Messages are small and answers are waited for; without it they are late.
        let _ = stream.set_nodelay(true);
        let mut link = Link::new(stream, self.config.write_timeout);
        self.device
            .connect(link.now())
            .map_err(ClientError::Config)?;
        let mut was_connected = false;
        let mut is_stalled = false;
        let reason = loop {
            if let Some(reason) = self.handle_events(&link, server, &mut was_connected) {
                break reason;
            }
            tokio::select! {
                turn = link.turn(&mut self.device) => match turn {
                    Turn::Progress => {}
                    Turn::Ended(error) => debug!(?error, "the transport has ended"),
                    Turn::Stalled => {
                        warn!(%server, "the server does not read");
                        is_stalled = true;
                    }
                },
                Some(push) = self.pushes.recv() => self.push(link.now(), push),
                () = told(&mut self.stop) => {
                    if let Some(session) = self.device.session_mut() {
                        // It may have ended just now.
                        let _ = session.disconnect(link.now(), None);
                    }
                }
            }
        };
        if !is_stalled {
            link.finish(self.device.poll_output(), self.config.linger)
                .await;
        }
        if *self.stop.borrow() {
            info!(%server, "stopped");
            return Ok(End::Stopped);
        }
        Ok(End::Closed {
            reason,
            was_connected,
        })
    }

    /// Runs what the server asks for, until the connection ends.
    fn handle_events<S: tokio::io::AsyncRead + tokio::io::AsyncWrite>(
        &mut self,
        link: &Link<S>,
        server: &Address,
        was_connected: &mut bool,
    ) -> Option<CloseReason> {
        while let Some(event) = self.device.poll_event(link.now()) {
            match event {
                Event::Connected => {
                    info!(%server, "connected");
                    *was_connected = true;
                    self.status.send_replace(Status::Connected(server.clone()));
                }
                Event::Closed(reason) => return Some(reason),
                Event::Ignored(ignored) => debug!(?ignored, "ignored"),
                // The device asks nothing of the server.
                _ => {}
            }
        }
        None
    }

    fn push(&mut self, now: Duration, push: Push) {
        let Push { resource, value } = push;
        let sent = match value {
            Some(value) => self.device.event_value(now, &resource, value),
            None => self.device.event(now, &resource),
        };
        match sent {
            Ok(count) => debug!(resource, count, "event"),
            Err(error) => warn!(resource, %error, "an event could not be sent"),
        }
    }
}

/// Where a redirect leads.
fn target(payload: Option<&Value>) -> Result<Address, InvalidAddress> {
    let url = payload.and_then(Value::as_str);
    url.ok_or(InvalidAddress::NoHost)?.parse()
}

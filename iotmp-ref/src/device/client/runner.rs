//! The task of a device: dialling, serving, and dialling again.

use core::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::{ClientConfig, ClientError, Push, Status};
use crate::device::{Address, Device, InvalidAddress};
use crate::link::{Link, Machine, Turn, told};
use crate::pson::Value;
use crate::session::{CloseReason, ConnectError, Event};
use crate::transport::{DialError, Transport};

/// The task behind a [`Client`](super::Client).
pub(super) struct Runner {
    pub(super) device: Device,
    pub(super) config: ClientConfig,
    pub(super) pushes: mpsc::Receiver<Push>,
    pub(super) status: watch::Sender<Status>,
    pub(super) stop: watch::Receiver<bool>,
}

/// How an attempt to hold a connection has ended.
enum End {
    /// The client was told to stop.
    Stopped,
    /// There was no connection.
    Unreachable(DialError),
    /// The connection is over.
    Closed {
        reason: CloseReason,
        was_connected: bool,
    },
}

impl Runner {
    pub(super) async fn run(mut self) -> Result<(), ClientError> {
        let result = self.dial_again_and_again().await;
        self.status.send_replace(Status::Stopped);
        result
    }

    async fn dial_again_and_again(&mut self) -> Result<(), ClientError> {
        let mut server = self.config.server.clone();
        let mut transport = self.config.transport.clone();
        let mut redirects = 0;
        let mut failures = 0;
        loop {
            match self.attempt(&server, &transport).await? {
                End::Stopped => return Ok(()),
                End::Unreachable(error) => warn!(%server, %error, "not reachable"),
                End::Closed {
                    reason: CloseReason::Refused { error, payload },
                    ..
                } => {
                    if error == ConnectError::Redirect && redirects < self.config.max_redirects {
                        let was_tls = transport.is_tls() || server.is_tls;
                        match target(payload.as_ref()) {
                            // Whoever trusts the server has not agreed to be overheard.
                            Ok(target) if was_tls && !target.is_tls => {
                                warn!(%server, %target, "redirected away from TLS; not followed");
                            }
                            Ok(target) => {
                                info!(%server, %target, "redirected");
                                redirects += 1;
                                transport = self.config.transport.redirected(&target);
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
            transport = self.config.transport.clone();
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
    async fn attempt(
        &mut self,
        server: &Address,
        transport: &Transport,
    ) -> Result<End, ClientError> {
        debug!(%server, transport = transport.name(), "dialling");
        self.status.send_replace(Status::Connecting(server.clone()));
        let dialled = transport.dial(server);
        let stream = tokio::select! {
            dialled = timeout(self.config.dial_timeout, dialled) => match dialled {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Ok(End::Unreachable(error)),
                Err(_) => return Ok(End::Unreachable(DialError::TimedOut)),
            },
            () = told(&mut self.stop) => return Ok(End::Stopped),
        };
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
    fn handle_events<S: AsyncRead + AsyncWrite>(
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

//! The task of a device: dialling, serving, and dialling again.

use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;
use std::io;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::{ClientConfig, ClientError, Device, RequestError, Status};
use crate::link::{Link, Machine, Turn, told};
use crate::message::nubison::ErrorCode;
use crate::nubison::{CloseReason, DeviceEvent, DeviceSession, SessionId};

/// Something to ask the server.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) question: Question,
    pub(super) reply: Reply,
}

#[derive(Debug)]
pub(super) enum Question {
    Data(Vec<u8>),
    Heartbeat(Option<Vec<u8>>),
}

type Reply = oneshot::Sender<Result<(), RequestError>>;

/// The task behind a [`Client`](super::Client).
pub(super) struct Runner {
    pub(super) device: Device,
    pub(super) config: ClientConfig,
    pub(super) requests: mpsc::Receiver<Ask>,
    pub(super) status: watch::Sender<Status>,
    pub(super) stop: watch::Receiver<bool>,
}

/// How an attempt to hold a connection has ended.
enum End {
    /// The client was told to stop.
    Stopped,
    /// There was no connection.
    Unreachable(io::Error),
    /// The server did not let the device in.
    Refused(ErrorCode),
    /// The connection is over.
    Closed {
        reason: CloseReason,
        was_logged_in: bool,
    },
}

/// A connection while it lasts.
struct Attempt {
    session: DeviceSession,
    waiting: HashMap<SessionId, Reply>,
    was_logged_in: bool,
    refused: Option<ErrorCode>,
}

impl Runner {
    pub(super) async fn run(mut self) -> Result<(), ClientError> {
        let result = self.dial_again_and_again().await;
        self.status.send_replace(Status::Stopped);
        result
    }

    async fn dial_again_and_again(&mut self) -> Result<(), ClientError> {
        let mut failures = 0_u32;
        loop {
            let server = &self.config.server;
            info!(%server, "dialling");
            match self.attempt().await? {
                End::Stopped => return Ok(()),
                End::Unreachable(error) => {
                    warn!(server = %self.config.server, %error, "not reachable");
                }
                End::Refused(error) if self.config.retry_refused => warn!(%error, "refused"),
                End::Refused(error) => return Err(ClientError::Refused(error)),
                End::Closed {
                    reason,
                    was_logged_in,
                } => {
                    warn!(%reason, "disconnected");
                    if was_logged_in {
                        failures = 0;
                    }
                }
            }
            failures = failures.saturating_add(1);
            let wait = self.config.backoff.wait(failures);
            self.status.send_replace(Status::Waiting(wait));
            if !self.wait(wait).await {
                return Ok(());
            }
        }
    }

    /// Waits before the next attempt: whether there is to be one.
    async fn wait(&mut self, wait: Duration) -> bool {
        let pause = sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return true,
                () = told(&mut self.stop) => return false,
                // Whoever asked may have gone.
                Some(ask) = self.requests.recv() => {
                    let _ = ask.reply.send(Err(RequestError::NotLoggedIn));
                }
            }
        }
    }

    /// Dials and serves until the connection ends.
    async fn attempt(&mut self) -> Result<End, ClientError> {
        self.status.send_replace(Status::Connecting);
        let server = &self.config.server;
        let dialled = TcpStream::connect((server.host.as_str(), server.port));
        let stream = tokio::select! {
            dialled = timeout(self.config.dial_timeout, dialled) => match dialled {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Ok(End::Unreachable(error)),
                Err(_) => return Ok(End::Unreachable(io::ErrorKind::TimedOut.into())),
            },
            () = told(&mut self.stop) => return Ok(End::Stopped),
        };
        // Packets are small and answers are waited for; without it they are late.
        let _ = stream.set_nodelay(true);
        let mut link = Link::new(stream, self.config.write_timeout);
        let mut config = self.config.session.clone();
        config.seed = getrandom::u64().map_err(ClientError::Randomness)?;
        let mut attempt = Attempt {
            session: DeviceSession::new(link.now(), config),
            waiting: HashMap::new(),
            was_logged_in: false,
            refused: None,
        };
        let identity = &self.device.identity;
        // Of a session that has just been made nothing is in the way.
        let _ = attempt.session.login(link.now(), identity);
        let mut is_stalled = false;
        let mut is_stopping = false;
        let reason = loop {
            if let Some(reason) = self.handle_events(&mut attempt, link.now()) {
                break reason;
            }
            tokio::select! {
                turn = link.turn(&mut attempt.session) => match turn {
                    Turn::Progress => {}
                    Turn::Ended(error) => debug!(?error, "the transport has ended"),
                    Turn::Stalled => is_stalled = true,
                },
                Some(ask) = self.requests.recv() => attempt.ask(link.now(), ask),
                () = told(&mut self.stop), if !is_stopping => {
                    is_stopping = true;
                    if attempt.session.logout(link.now()).is_err() {
                        attempt.session.close(link.now());
                    }
                }
            }
        };
        // Whoever waits is told before the peer is waited for.
        drop(attempt.waiting);
        if !is_stalled {
            link.finish(attempt.session.poll_output(), self.config.linger)
                .await;
        }
        if is_stopping {
            info!("stopped");
            return Ok(End::Stopped);
        }
        Ok(match attempt.refused {
            Some(error) => End::Refused(error),
            None => End::Closed {
                reason,
                was_logged_in: attempt.was_logged_in,
            },
        })
    }

    /// Does what the server asks for, until the connection ends.
    fn handle_events(&mut self, attempt: &mut Attempt, now: Duration) -> Option<CloseReason> {
        while let Some(event) = attempt.session.poll_event() {
            match event {
                DeviceEvent::LoggedIn { .. } => {
                    info!(device = %self.device.identity.device(), "logged in");
                    attempt.was_logged_in = true;
                    self.status.send_replace(Status::LoggedIn);
                }
                DeviceEvent::LoginRefused(error) => {
                    attempt.refused = Some(error);
                    attempt.session.close(now);
                }
                // The device was told to stop.
                DeviceEvent::LoggedOut => attempt.session.close(now),
                DeviceEvent::Accepted { transaction } => attempt.tell(transaction, Ok(())),
                DeviceEvent::Refused { transaction, error } => {
                    warn!(%error, "refused");
                    attempt.tell(transaction, Err(RequestError::Refused(error)));
                }
                DeviceEvent::TimedOut { transaction } => {
                    attempt.tell(transaction, Err(RequestError::TimedOut));
                }
                DeviceEvent::Command { request, payload } => {
                    let done = (self.device.on_command)(payload.as_deref());
                    debug!(is_done = done.is_ok(), "command");
                    let session = &mut attempt.session;
                    let answered = match done {
                        Ok(answer) => session.answer_done(now, request, answer.as_deref()),
                        Err(_) => session.answer_failed(now, request),
                    };
                    if let Err(error) = answered {
                        warn!(%error, "an answer could not be sent");
                        // It is smaller; where even that is too much, the server gives up.
                        let _ = session.answer_failed(now, request);
                    }
                }
                DeviceEvent::Ignored(ignored) => debug!(?ignored, "ignored"),
                DeviceEvent::Closed(reason) => return Some(reason),
            }
        }
        None
    }
}

impl Attempt {
    fn ask(&mut self, now: Duration, ask: Ask) {
        let sent = match ask.question {
            Question::Data(payload) => self.session.data(now, &payload),
            Question::Heartbeat(payload) => self.session.heartbeat(now, payload.as_deref()),
        };
        match sent {
            Ok(transaction) => drop(self.waiting.insert(transaction, ask.reply)),
            // Whoever asked may have gone.
            Err(misuse) => drop(ask.reply.send(Err(misuse.into()))),
        }
    }

    fn tell(&mut self, transaction: SessionId, answer: Result<(), RequestError>) {
        if let Some(reply) = self.waiting.remove(&transaction) {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }
}

impl Machine for DeviceSession {
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

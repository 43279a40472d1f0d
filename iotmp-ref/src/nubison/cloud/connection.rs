//! One connection of a device, from its first byte to its last.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tracing::{debug, info, warn};

use super::config::Config;
use super::hub::{Ask, CommandError, Hub, Notification, Registration, Reply};
use crate::link::{Link, Machine, Turn, told};
use crate::message::nubison::ErrorCode;
use crate::nubison::{
    AccessToken, CloseReason, LoginRequest, RequestId, ServerEvent, ServerSession, SessionId,
};

/// How many commands wait while the connection does something else.
const COMMANDS: usize = 64;

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) hub: Hub,
}

/// A session, its transport, and who waits for what on it.
pub(super) struct Connection<S> {
    shared: Arc<Shared>,
    link: Link<S>,
    session: ServerSession,
    commands: mpsc::Receiver<Ask>,
    sender: mpsc::Sender<Ask>,
    waiting: HashMap<SessionId, Reply>,
    registration: Option<Registration>,
    /// Held until the device is let in.
    admission: Option<OwnedSemaphorePermit>,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    /// A connection that has just come up.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub(super) fn new(
        shared: Arc<Shared>,
        stream: S,
        admission: OwnedSemaphorePermit,
    ) -> Result<Self, getrandom::Error> {
        let link = Link::new(stream, shared.config.write_timeout);
        let mut config = shared.config.session.clone();
        config.seed = getrandom::u64()?;
        let session = ServerSession::new(link.now(), config);
        let (sender, commands) = mpsc::channel(COMMANDS);
        Ok(Self {
            shared,
            link,
            session,
            commands,
            sender,
            waiting: HashMap::new(),
            registration: None,
            admission: Some(admission),
        })
    }

    /// Serves the device until the connection ends or `stop` says so.
    pub(super) async fn serve(mut self, mut stop: watch::Receiver<bool>) {
        let mut is_stalled = false;
        let reason = loop {
            if let Some(reason) = self.handle_events() {
                break reason;
            }
            tokio::select! {
                turn = self.link.turn(&mut self.session) => match turn {
                    Turn::Progress => {}
                    Turn::Ended(error) => debug!(?error, "the transport has ended"),
                    Turn::Stalled => is_stalled = true,
                },
                Some(ask) = self.commands.recv() => self.command(ask),
                () = told(&mut stop) => self.session.close(self.link.now()),
            }
        };
        let device = self.registration.take();
        let device = device.as_ref().map(Registration::device);
        let device = device.map(alloc::string::ToString::to_string);
        if is_stalled {
            warn!(device, "closed: the peer does not read");
        } else {
            info!(device, %reason, "closed");
        }
        // Whoever waits is told before the peer is waited for.
        drop((self.waiting, self.commands));
        if !is_stalled {
            let linger = self.shared.config.linger;
            self.link.finish(self.session.poll_output(), linger).await;
        }
    }

    /// Does what the session asks for, until it ends.
    fn handle_events(&mut self) -> Option<CloseReason> {
        while let Some(event) = self.session.poll_event() {
            match event {
                ServerEvent::Login { request, login } => self.decide(request, &login),
                ServerEvent::LoggedOut => {
                    info!("logged out");
                    self.registration = None;
                }
                ServerEvent::Data { request, payload } => self.take(request, Some(payload)),
                ServerEvent::Heartbeat { request, payload } => self.take(request, payload),
                ServerEvent::Done {
                    transaction,
                    payload,
                } => self.tell(transaction, Ok(payload)),
                ServerEvent::Failed { transaction } => {
                    self.tell(transaction, Err(CommandError::Failed));
                }
                ServerEvent::TimedOut { transaction } => {
                    self.tell(transaction, Err(CommandError::TimedOut));
                }
                ServerEvent::Ignored(ignored) => debug!(?ignored, "ignored"),
                ServerEvent::Closed(reason) => return Some(reason),
            }
        }
        None
    }

    fn decide(&mut self, request: RequestId, login: &LoginRequest) {
        let device = match self.shared.config.registry.verify(login) {
            Ok(device) => device,
            Err(error) => {
                let client = shown(&login.client_id);
                info!(client, device = shown(&login.identifier), %error, "refused");
                return self.refuse(request, error);
            }
        };
        let Ok(token) = new_token() else {
            return self.refuse(request, ErrorCode::SERVER_ERROR);
        };
        let now = self.link.now();
        let key = self.shared.config.encryption_key.as_deref();
        match self.session.accept_login(now, request, token, key) {
            Ok(()) => {
                info!(%device, "logged in");
                // One connection is one device: an earlier login ends first.
                self.registration = None;
                let registration = self.shared.hub.add(device, self.sender.clone());
                self.registration = Some(registration);
                self.admission = None;
            }
            Err(error) => {
                warn!(%device, %error, "a login could not be answered");
                self.refuse(request, ErrorCode::SERVER_ERROR);
            }
        }
    }

    /// Takes the payload of Data or a heartbeat, if the application does.
    fn take(&mut self, request: RequestId, payload: Option<Vec<u8>>) {
        let Some(registration) = &self.registration else {
            // It has logged out behind its data.
            return self.refuse(request, ErrorCode::ACCESS_TOKEN);
        };
        let device = registration.device();
        if let Some(payload) = payload {
            if let Err(rejection) = self.shared.config.check.run(device, &payload) {
                debug!(%device, ?rejection, "a payload was refused");
                return self.refuse(request, rejection.error_code());
            }
            debug!(%device, bytes = payload.len(), "data");
            let device = device.clone();
            self.shared.hub.tell(Notification::Data { device, payload });
        }
        if let Err(error) = self.session.accept(self.link.now(), request) {
            debug!(%error, "an answer could not be sent");
        }
    }

    fn refuse(&mut self, request: RequestId, error: ErrorCode) {
        if let Err(error) = self.session.refuse(self.link.now(), request, error) {
            debug!(%error, "an answer could not be sent");
        }
    }

    fn command(&mut self, ask: Ask) {
        let payload = ask.payload.as_deref();
        match self.session.command(self.link.now(), payload) {
            Ok(transaction) => drop(self.waiting.insert(transaction, ask.reply)),
            // Whoever asked may have gone.
            Err(misuse) => drop(ask.reply.send(Err(misuse.into()))),
        }
    }

    fn tell(&mut self, transaction: SessionId, answer: Result<Option<Vec<u8>>, CommandError>) {
        if let Some(reply) = self.waiting.remove(&transaction) {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }
}

fn new_token() -> Result<AccessToken, getrandom::Error> {
    let mut bytes = [0; AccessToken::LEN];
    getrandom::fill(&mut bytes)?;
    Ok(AccessToken::from_random(bytes))
}

/// Text of a peer as it may stand in a log.
fn shown(text: &str) -> String {
    text.escape_debug().take(64).collect()
}

impl Machine for ServerSession {
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

//! The server's end of a connection.

mod event;

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::error::{CloseReason, Ignored, Misuse};
use super::exchange::{Arrival, Exchange, RequestId, refused};
use super::identity::{AccessToken, SessionId};
use super::{Config, Role};
use crate::message::nubison::{Accepted, Command, ErrorCode, LoginAccepted, Message, MessageType};

pub use self::event::{LoginRequest, ServerEvent};

/// The server's end of one connection: one device.
///
/// A session never looks at a clock: every call comes with the time, a
/// [`Duration`] since whatever moment its owner likes, which must not run
/// backwards.
///
/// **Input**: [`handle_input`](Self::handle_input) for bytes that arrived
/// together, [`handle_written`](Self::handle_written) for bytes that the
/// transport took, [`handle_timeout`](Self::handle_timeout) for a deadline that
/// was reached, [`handle_end`](Self::handle_end) for a transport that is gone.
///
/// **Commands**: [`accept_login`](Self::accept_login),
/// [`accept`](Self::accept), [`refuse`](Self::refuse) answer the device,
/// [`command`](Self::command) asks it, [`close`](Self::close) ends it all.
///
/// **Output**, to be polled in this order after every call:
/// [`poll_event`](Self::poll_event) until `None`,
/// [`poll_output`](Self::poll_output), [`poll_timeout`](Self::poll_timeout).
/// Read from the transport only while [`wants_input`](Self::wants_input).
///
/// The session itself refuses what has no known type, not the structure of its
/// type, or no valid access token (error codes 0001, 0002 and 0005), and answers
/// every Logout. The application decides the rest.
///
/// It holds at most one packet and what was handed in at once,
/// [`max_output`](Config::max_output) bytes of output, the events of
/// [`max_events`](Config::max_events) and one input, and
/// [`max_pending`](Config::max_pending) requests in each direction.
#[derive(Debug)]
pub struct ServerSession {
    exchange: Exchange,
    /// Of the device that is logged in.
    token: Option<AccessToken>,
    /// When a device has to be logged in.
    login_by: Option<Duration>,
    /// When the device has to have sent another packet.
    silent_by: Option<Duration>,
    events: VecDeque<ServerEvent>,
    is_closed: bool,
}

impl ServerSession {
    /// A connection that has just come up.
    #[must_use]
    pub fn new(now: Duration, config: Config) -> Self {
        let exchange = Exchange::new(now, config, Role::Server);
        Self {
            login_by: exchange.after(exchange.config.login_timeout),
            silent_by: exchange.after(exchange.config.silence),
            exchange,
            token: None,
            events: VecDeque::new(),
            is_closed: false,
        }
    }

    /// Whether a device is logged in.
    #[must_use]
    pub const fn is_logged_in(&self) -> bool {
        self.token.is_some()
    }

    /// Whether the connection has ended. Output may be left to send.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether more bytes should be read from the transport now.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.is_closed
            && !self.exchange.output.is_congested()
            && self.events.len() < self.exchange.config.max_events
    }
}

/// Input.
impl ServerSession {
    /// Bytes have arrived together. All are taken.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.exchange.set_time(now);
        if !self.is_closed {
            let arrivals = self.exchange.arrive(bytes);
            self.handle_arrivals(arrivals);
        }
    }

    /// The transport has taken the first `count` bytes of
    /// [`poll_output`](Self::poll_output).
    pub fn handle_written(&mut self, now: Duration, count: usize) {
        self.exchange.set_time(now);
        self.exchange.output.advance(count);
    }

    /// The time is `now`. Early and needless calls do no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.exchange.set_time(now);
        if self.is_closed {
            return;
        }
        let arrivals = self.exchange.expire_pieces();
        self.handle_arrivals(arrivals);
        while let Some((transaction, _)) = self.exchange.expired() {
            self.events.push_back(ServerEvent::TimedOut { transaction });
        }
        let is_due = |by: Option<Duration>| by.is_some_and(|by| by <= self.exchange.now);
        if is_due(self.login_by) {
            self.end(CloseReason::NoLogin);
        } else if is_due(self.silent_by) {
            self.end(CloseReason::Silence);
        }
    }

    /// The transport has ended.
    pub fn handle_end(&mut self, now: Duration) {
        self.exchange.set_time(now);
        self.end(CloseReason::Ended);
    }
}

/// Commands.
impl ServerSession {
    /// Lets a device in. A token that was issued before on this connection is no
    /// longer valid.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`] where that is no Login that waits,
    /// [`Misuse::Unencodable`] for a key of more than 255 bytes,
    /// [`Misuse::Backpressure`].
    pub fn accept_login(
        &mut self,
        now: Duration,
        request: RequestId,
        token: AccessToken,
        encryption_key: Option<&[u8]>,
    ) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        let (id, kind) = self.exchange.received(request)?;
        if kind != MessageType::LOGIN {
            return Err(Misuse::UnknownRequest);
        }
        let answer = LoginAccepted {
            session_id: id.0.to_vec().into(),
            access_token: token.as_str().to_string().into(),
            encryption_key: encryption_key.map(|key| key.to_vec().into()),
        };
        self.exchange.answer(request, answer)?;
        self.token = Some(token);
        self.login_by = None;
        Ok(())
    }

    /// Takes Data or a heartbeat.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`] where that is neither,
    /// [`Misuse::Backpressure`].
    pub fn accept(&mut self, now: Duration, request: RequestId) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        let (id, kind) = self.exchange.received(request)?;
        if kind == MessageType::LOGIN {
            return Err(Misuse::UnknownRequest);
        }
        self.exchange.answer(request, accepted(id))
    }

    /// Refuses a Login, Data or a heartbeat.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`], [`Misuse::Backpressure`].
    pub fn refuse(
        &mut self,
        now: Duration,
        request: RequestId,
        error: ErrorCode,
    ) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        let (id, _) = self.exchange.received(request)?;
        self.exchange.answer(request, refused(id, error))
    }

    /// Tells the device to do something: [`ServerEvent::Done`],
    /// [`ServerEvent::Failed`] or [`ServerEvent::TimedOut`] follows.
    ///
    /// # Errors
    /// [`Misuse::NotLoggedIn`], [`Misuse::TooManyRequests`],
    /// [`Misuse::Unencodable`] for more than 255 bytes,
    /// [`Misuse::Backpressure`].
    pub fn command(&mut self, now: Duration, payload: Option<&[u8]>) -> Result<SessionId, Misuse> {
        self.exchange.set_time(now);
        if self.is_closed {
            return Err(Misuse::Closed);
        }
        let token = self.token.as_ref().ok_or(Misuse::NotLoggedIn)?;
        let access_token = token.as_str().to_string();
        self.exchange.request(false, |id| {
            Command {
                session_id: id.0.to_vec().into(),
                access_token: access_token.into(),
                payload: payload.map(|payload| payload.to_vec().into()),
            }
            .into()
        })
    }

    /// Ends the connection.
    pub fn close(&mut self, now: Duration) {
        self.exchange.set_time(now);
        self.end(CloseReason::Disconnected);
    }
}

/// Output.
impl ServerSession {
    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// The bytes that wait to be sent.
    #[must_use]
    pub fn poll_output(&self) -> &[u8] {
        self.exchange.output.waiting()
    }

    /// When [`handle_timeout`](Self::handle_timeout) has to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let timers = [self.exchange.deadline(), self.login_by, self.silent_by];
        timers.into_iter().flatten().min()
    }
}

impl ServerSession {
    fn handle_arrivals(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            if self.is_closed {
                return;
            }
            if !matches!(
                arrival,
                Arrival::Ignored {
                    what: Ignored::Short(_),
                    ..
                }
            ) {
                self.silent_by = self.exchange.after(self.exchange.config.silence);
            }
            match arrival {
                Arrival::Request(id, message) => self.handle_request(id, message),
                Arrival::Answer(transaction, _, message) => {
                    self.events.push_back(match message {
                        Message::CommandAccepted(answer) => ServerEvent::Done {
                            transaction,
                            payload: answer.payload.map(Into::into),
                        },
                        _ => ServerEvent::Failed { transaction },
                    });
                }
                Arrival::Ignored { answer_to, what } => {
                    self.ignore(answer_to.map(|(id, _)| id), what);
                }
            }
        }
    }

    fn handle_request(&mut self, id: SessionId, message: Message<'static>) {
        let kind = message.message_type();
        let token = match &message {
            Message::Logout(logout) => {
                let is_valid = self.is_valid(&logout.access_token);
                self.send(&accepted(id));
                if is_valid {
                    self.token = None;
                    self.login_by = self.exchange.after(self.exchange.config.login_timeout);
                    self.events.push_back(ServerEvent::LoggedOut);
                } else {
                    self.events
                        .push_back(ServerEvent::Ignored(Ignored::Token(id)));
                }
                return;
            }
            Message::Data(data) => Some(&data.access_token),
            Message::Heartbeat(heartbeat) => Some(&heartbeat.access_token),
            _ => None,
        };
        if token.is_some_and(|token| !self.is_valid(token)) {
            self.ignore(Some(id), Ignored::Token(id));
            return;
        }
        let Some(request) = self.exchange.receive(id, kind) else {
            self.ignore(Some(id), Ignored::Excess(id));
            return;
        };
        self.events.push_back(match message {
            Message::Login(login) => ServerEvent::Login {
                request,
                login: login.into(),
            },
            Message::Data(data) => ServerEvent::Data {
                request,
                payload: data.payload.into_owned(),
            },
            Message::Heartbeat(heartbeat) => ServerEvent::Heartbeat {
                request,
                payload: heartbeat.payload.map(Into::into),
            },
            // The cutter lets no other request through.
            _ => return,
        });
    }

    fn is_valid(&self, presented: &str) -> bool {
        let token = self.token.as_ref();
        token.is_some_and(|token| token.matches(presented))
    }

    fn ignore(&mut self, answer_to: Option<SessionId>, what: Ignored) {
        let answer = answer_to.zip(what.refusal());
        self.events.push_back(ServerEvent::Ignored(what));
        if let Some((id, error)) = answer {
            self.send(&refused(id, error));
        }
    }

    /// Sends what the session itself has to say.
    fn send(&mut self, message: &Message<'_>) {
        // It can always be expressed.
        if self.exchange.send(message).is_err() {
            self.end(CloseReason::Overflow);
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if self.is_closed {
            return;
        }
        self.is_closed = true;
        self.exchange.clear();
        self.token = None;
        self.login_by = None;
        self.silent_by = None;
        self.events.push_back(ServerEvent::Closed(reason));
    }
}

fn accepted(id: SessionId) -> Message<'static> {
    Accepted {
        session_id: id.0.to_vec().into(),
    }
    .into()
}

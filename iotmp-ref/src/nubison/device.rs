//! The device's end of a connection.

mod event;

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::error::{CloseReason, Ignored, Misuse};
use super::exchange::{Arrival, Exchange, RequestId, Sent};
use super::identity::{AccessToken, Identity, SessionId};
use super::{Config, Role};
use crate::message::nubison::{
    CommandAccepted, CommandRefused, Data, Heartbeat, Logout, Message, MessageType,
};

pub use self::event::{DeviceEvent, DeviceState};

/// The device's end of one connection.
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
/// **Commands**: [`login`](Self::login) first; then [`data`](Self::data),
/// [`heartbeat`](Self::heartbeat), [`logout`](Self::logout) ask the server,
/// [`answer_done`](Self::answer_done) and
/// [`answer_failed`](Self::answer_failed) answer it, [`close`](Self::close) ends
/// it all.
///
/// **Output**, to be polled in this order after every call:
/// [`poll_event`](Self::poll_event) until `None`,
/// [`poll_output`](Self::poll_output), [`poll_timeout`](Self::poll_timeout).
/// Read from the transport only while [`wants_input`](Self::wants_input).
///
/// While it has sent nothing for the [`heartbeat`](Config::heartbeat) interval
/// the session sends a heartbeat by itself; where that is not answered in time,
/// the connection is over.
#[derive(Debug)]
pub struct DeviceSession {
    exchange: Exchange,
    state: DeviceState,
    token: Option<AccessToken>,
    heartbeat_at: Option<Duration>,
    events: VecDeque<DeviceEvent>,
}

impl DeviceSession {
    /// A connection that has just come up.
    #[must_use]
    pub fn new(now: Duration, config: Config) -> Self {
        Self {
            exchange: Exchange::new(now, config, Role::Device),
            state: DeviceState::LoggedOut,
            token: None,
            heartbeat_at: None,
            events: VecDeque::new(),
        }
    }

    /// Where the connection stands.
    #[must_use]
    pub const fn state(&self) -> DeviceState {
        self.state
    }

    /// Whether the connection has ended. Output may be left to send.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, DeviceState::Closed)
    }

    /// Whether more bytes should be read from the transport now.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.is_closed()
            && !self.exchange.output.is_congested()
            && self.events.len() < self.exchange.config.max_events
    }
}

/// Input.
impl DeviceSession {
    /// Bytes have arrived together. All are taken.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.exchange.set_time(now);
        if !self.is_closed() {
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
        if self.is_closed() {
            return;
        }
        let arrivals = self.exchange.expire_pieces();
        self.handle_arrivals(arrivals);
        while let Some((transaction, sent)) = self.exchange.expired() {
            if sent.is_own {
                return self.end(CloseReason::HeartbeatUnanswered);
            }
            match sent.kind {
                MessageType::LOGIN => return self.end(CloseReason::LoginUnanswered),
                MessageType::LOGOUT => self.leave(),
                _ => self.events.push_back(DeviceEvent::TimedOut { transaction }),
            }
        }
        if self.heartbeat_at.is_some_and(|at| at <= self.exchange.now)
            && let Err(misuse) = self.send_heartbeat(true, None)
        {
            match misuse {
                // As much waits already as may: that shows as well that the device lives.
                Misuse::TooManyRequests { .. } => self.put_off_heartbeat(),
                _ => self.end(CloseReason::Overflow),
            }
        }
    }

    /// The transport has ended.
    pub fn handle_end(&mut self, now: Duration) {
        self.exchange.set_time(now);
        self.end(CloseReason::Ended);
    }
}

/// Commands.
impl DeviceSession {
    /// Introduces the device: [`DeviceEvent::LoggedIn`] or
    /// [`DeviceEvent::LoginRefused`] follows.
    ///
    /// # Errors
    /// [`Misuse::LoggedIn`], [`Misuse::Closed`], [`Misuse::Backpressure`].
    pub fn login(&mut self, now: Duration, identity: &Identity) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        match self.state {
            DeviceState::LoggedOut => {}
            DeviceState::Closed => return Err(Misuse::Closed),
            _ => return Err(Misuse::LoggedIn),
        }
        let make = |id: &SessionId| Message::from(identity.login(id)).into_owned();
        self.exchange.request(false, make)?;
        self.state = DeviceState::Authenticating;
        Ok(())
    }

    /// Sends data: [`DeviceEvent::Accepted`], [`DeviceEvent::Refused`] or
    /// [`DeviceEvent::TimedOut`] follows.
    ///
    /// # Errors
    /// [`Misuse::NotLoggedIn`], [`Misuse::TooManyRequests`],
    /// [`Misuse::Unencodable`] for more than 65535 bytes,
    /// [`Misuse::Backpressure`].
    pub fn data(&mut self, now: Duration, payload: &[u8]) -> Result<SessionId, Misuse> {
        self.exchange.set_time(now);
        let access_token = self.presented()?;
        let sent = self.exchange.request(false, |id| {
            Data {
                session_id: id.0.to_vec().into(),
                access_token: access_token.into(),
                payload: payload.to_vec().into(),
            }
            .into()
        })?;
        self.put_off_heartbeat();
        Ok(sent)
    }

    /// Shows that the device lives, and brings data if there is a payload. The
    /// same events follow as to [`data`](Self::data).
    ///
    /// # Errors
    /// [`Misuse::NotLoggedIn`], [`Misuse::TooManyRequests`],
    /// [`Misuse::Unencodable`] for more than 255 bytes,
    /// [`Misuse::Backpressure`].
    pub fn heartbeat(
        &mut self,
        now: Duration,
        payload: Option<&[u8]>,
    ) -> Result<SessionId, Misuse> {
        self.exchange.set_time(now);
        self.send_heartbeat(false, payload)
    }

    /// Ends what the login began: [`DeviceEvent::LoggedOut`] follows, at the
    /// latest when the server has not answered in time.
    ///
    /// # Errors
    /// [`Misuse::NotLoggedIn`], [`Misuse::TooManyRequests`],
    /// [`Misuse::Backpressure`].
    pub fn logout(&mut self, now: Duration) -> Result<SessionId, Misuse> {
        self.exchange.set_time(now);
        let access_token = self.presented()?;
        let sent = self.exchange.request(false, |id| {
            Logout {
                session_id: id.0.to_vec().into(),
                access_token: access_token.into(),
            }
            .into()
        })?;
        self.state = DeviceState::Leaving;
        self.heartbeat_at = None;
        Ok(sent)
    }

    /// Says that a command was carried out, and what came of it.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`], [`Misuse::Unencodable`] for more than 255
    /// bytes, [`Misuse::Backpressure`].
    pub fn answer_done(
        &mut self,
        now: Duration,
        request: RequestId,
        payload: Option<&[u8]>,
    ) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        let (id, _) = self.exchange.received(request)?;
        let answer = CommandAccepted {
            session_id: id.0.to_vec().into(),
            payload: payload.map(|payload| payload.to_vec().into()),
        };
        self.exchange.answer(request, answer)?;
        self.put_off_heartbeat();
        Ok(())
    }

    /// Says that a command was not carried out; there is no way to say why.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`], [`Misuse::Backpressure`].
    pub fn answer_failed(&mut self, now: Duration, request: RequestId) -> Result<(), Misuse> {
        self.exchange.set_time(now);
        let (id, _) = self.exchange.received(request)?;
        self.exchange.answer(request, failed(id))?;
        self.put_off_heartbeat();
        Ok(())
    }

    /// Ends the connection.
    pub fn close(&mut self, now: Duration) {
        self.exchange.set_time(now);
        self.end(CloseReason::Disconnected);
    }
}

/// Output.
impl DeviceSession {
    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<DeviceEvent> {
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
        let timers = [self.exchange.deadline(), self.heartbeat_at];
        timers.into_iter().flatten().min()
    }
}

impl DeviceSession {
    fn handle_arrivals(&mut self, arrivals: Vec<Arrival>) {
        for arrival in arrivals {
            match arrival {
                _ if self.is_closed() => return,
                Arrival::Request(id, message) => self.handle_request(id, message),
                Arrival::Answer(id, sent, message) => self.handle_answer(id, sent, message),
                Arrival::Ignored { answer_to, what } => {
                    // Nothing but a command has an answer of the device.
                    let command = answer_to.filter(|(_, kind)| *kind == MessageType::COMMAND);
                    self.ignore(command.map(|(id, _)| id), what);
                }
            }
        }
    }

    fn handle_request(&mut self, id: SessionId, message: Message<'static>) {
        // The cutter lets no other request through.
        let Message::Command(command) = message else {
            return;
        };
        let token = self.token.as_ref();
        if !token.is_some_and(|token| token.matches(&command.access_token)) {
            return self.ignore(Some(id), Ignored::Token(id));
        }
        let Some(request) = self.exchange.receive(id, MessageType::COMMAND) else {
            return self.ignore(Some(id), Ignored::Excess(id));
        };
        self.events.push_back(DeviceEvent::Command {
            request,
            payload: command.payload.map(Into::into),
        });
    }

    fn handle_answer(&mut self, transaction: SessionId, sent: Sent, message: Message<'static>) {
        let event = match (sent.kind, message) {
            (_, Message::LoginAccepted(answer)) => {
                // The decoder has seen to its size.
                let Ok(token) = AccessToken::new(answer.access_token) else {
                    return;
                };
                self.token = Some(token);
                self.state = DeviceState::LoggedIn;
                self.put_off_heartbeat();
                DeviceEvent::LoggedIn {
                    encryption_key: answer.encryption_key.map(Into::into),
                }
            }
            (MessageType::LOGIN, Message::Refused(answer)) => {
                self.state = DeviceState::LoggedOut;
                DeviceEvent::LoginRefused(answer.error_code)
            }
            (MessageType::LOGOUT, _) => return self.leave(),
            // Nobody waits for the answer, as long as it comes.
            (_, Message::Accepted(_)) if sent.is_own => return,
            (_, Message::Refused(answer)) => DeviceEvent::Refused {
                transaction,
                error: answer.error_code,
            },
            _ => DeviceEvent::Accepted { transaction },
        };
        self.events.push_back(event);
    }

    fn leave(&mut self) {
        self.token = None;
        self.state = DeviceState::LoggedOut;
        self.heartbeat_at = None;
        self.events.push_back(DeviceEvent::LoggedOut);
    }

    /// The token to send.
    fn presented(&self) -> Result<alloc::string::String, Misuse> {
        match (&self.token, self.state) {
            (Some(token), DeviceState::LoggedIn) => Ok(token.as_str().to_string()),
            (_, DeviceState::Closed) => Err(Misuse::Closed),
            _ => Err(Misuse::NotLoggedIn),
        }
    }

    fn send_heartbeat(
        &mut self,
        is_own: bool,
        payload: Option<&[u8]>,
    ) -> Result<SessionId, Misuse> {
        let access_token = self.presented()?;
        let sent = self.exchange.request(is_own, |id| {
            Heartbeat {
                session_id: id.0.to_vec().into(),
                access_token: access_token.into(),
                payload: payload.map(|payload| payload.to_vec().into()),
            }
            .into()
        })?;
        self.put_off_heartbeat();
        Ok(sent)
    }

    fn put_off_heartbeat(&mut self) {
        let interval = self.exchange.config.heartbeat;
        let interval = interval.filter(|_| self.state == DeviceState::LoggedIn);
        self.heartbeat_at = interval.and_then(|interval| self.exchange.after(interval));
    }

    fn ignore(&mut self, command: Option<SessionId>, what: Ignored) {
        self.events.push_back(DeviceEvent::Ignored(what));
        if let Some(id) = command
            && self.exchange.send(&failed(id)).is_err()
        {
            self.end(CloseReason::Overflow);
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if self.is_closed() {
            return;
        }
        self.state = DeviceState::Closed;
        self.exchange.clear();
        self.token = None;
        self.heartbeat_at = None;
        self.events.push_back(DeviceEvent::Closed(reason));
    }
}

fn failed(id: SessionId) -> Message<'static> {
    CommandRefused {
        session_id: id.0.to_vec().into(),
    }
    .into()
}

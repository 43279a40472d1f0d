//! How a connection is established, from either end.

use alloc::string::String;
use core::time::Duration;

use super::dialect::{ConnectError, Introduction, Kind};
use super::event::{ConnectRequest, Ignored};
use super::keep_alive::KeepAlive;
use super::packet::{Answer, Connect, Packet};
use super::receive::{Body, Incoming};
use super::requests::SentKind;
use super::{
    CloseReason, Config, Event, Identity, Incompatible, Misbehaved, Misuse, Role, Session, State,
};
use crate::pson::Value;
use crate::wire::{EncodeError, Encoding};

/// Beginning.
impl Session {
    /// The device's end of a transport that has just come up. Its Connect waits
    /// in [`poll_output`](Self::poll_output).
    ///
    /// # Errors
    /// [`Misuse::Config`] for a keep alive interval that no server takes, a
    /// token where the revision has no authentication by one, or a
    /// protocol version or an encoding that the revision does not have or does
    /// not leave to the device; [`Misuse::TooLarge`]
    /// and [`Misuse::Backpressure`] where the limits leave no room for the
    /// Connect.
    pub fn device(now: Duration, config: Config, identity: Identity) -> Result<Self, Misuse> {
        let spec = config.dialect.constants();
        let keep_alive = identity.keep_alive.unwrap_or(spec.keep_alive_default);
        let is_whole = keep_alive.subsec_nanos() == 0;
        if keep_alive.is_zero() || keep_alive > config.keep_alive_max || !is_whole {
            return Err(Misuse::Config(alloc::format!(
                "keep alive of {keep_alive:?}; give whole seconds up to {:?}",
                config.keep_alive_max
            )));
        }
        let version = identity.protocol_version;
        let encoding = choose(&config, version, identity.encoding)?;
        let (auth_type, payload) = match identity.token {
            Some(token) => {
                let number = spec.auth_string.ok_or_else(|| {
                    let name = config.dialect.name();
                    Misuse::Config(alloc::format!("{name} has no authentication by a token"))
                })?;
                (number, token.into())
            }
            None => {
                let strings = [identity.username, identity.device, identity.credential];
                let strings = strings.into_iter().map(Value::from).collect();
                (spec.auth_credentials, Value::Array(strings))
            }
        };
        let mut session = Self::new(now, config, Role::Device, encoding);
        session.keep_alive_interval = keep_alive;
        let request = session.request(SentKind::Connect)?;
        let connect = Packet::Connect(Connect {
            stream_id: request.stream_id,
            payload,
            protocol_version: version,
            encoding: identity.encoding,
            keep_alive,
            auth_type,
            client_type: identity.client_type,
            firmware: identity.firmware,
        });
        let written = session.config.dialect.connect_encoding(encoding);
        session.queue_as(connect, written)?;
        session.state = State::Authenticating;
        Ok(session)
    }

    /// The server's end of a transport that has just come up.
    #[must_use]
    pub fn server(now: Duration, config: Config) -> Self {
        let encodings = config.dialect.encodings();
        let encoding = encodings.first().copied().unwrap_or(Encoding::Pson2);
        Self::new(now, config, Role::Server, encoding)
    }
}

/// Commands of a server while a Connect waits for its decision.
impl Session {
    /// Lets the device in.
    ///
    /// # Errors
    /// [`Misuse::NoConnect`] unless [`Event::ConnectRequested`] waits for this.
    pub fn accept(&mut self, now: Duration) -> Result<(), Misuse> {
        let Introduced {
            stream_id,
            encoding,
        } = self.decide(now)?;
        self.encoding = encoding;
        self.establish();
        let patience = self.config.keep_alive_patience(self.keep_alive_interval);
        self.keep_alive = KeepAlive::server(self.now, patience);
        self.send_or_close(Packet::Ok(Answer {
            stream_id,
            ..Answer::default()
        }));
        self.process();
        Ok(())
    }

    /// Turns the device away and ends the connection. The payload of a redirect
    /// is the URL of the other server.
    ///
    /// # Errors
    /// [`Misuse::NoConnect`] unless [`Event::ConnectRequested`] waits for this.
    pub fn refuse(
        &mut self,
        now: Duration,
        error: ConnectError,
        payload: Option<Value>,
    ) -> Result<(), Misuse> {
        let stream_id = self.decide(now)?.stream_id;
        self.close(CloseReason::Refused { error, payload }, Some(stream_id));
        Ok(())
    }

    fn decide(&mut self, now: Duration) -> Result<Introduced, Misuse> {
        self.set_time(now);
        if self.role == Role::Device {
            return Err(Misuse::WrongRole(self.role.name()));
        }
        self.introduced.take().ok_or(Misuse::NoConnect)
    }
}

impl Session {
    /// A server has received its first message.
    pub(super) fn receive_first(&mut self, incoming: Incoming) {
        match incoming.body {
            Ok(Body::Introduction(introduction)) => self.introduce(introduction),
            Ok(_) => {
                let code = incoming.code;
                self.close(
                    CloseReason::Misbehaved(Misbehaved::FirstMessage { code }),
                    None,
                );
            }
            Err(unreadable) => {
                self.stats.malformed += 1;
                self.encoding = unreadable.encoding;
                self.close(
                    CloseReason::Malformed(unreadable.error),
                    unreadable.stream_id,
                );
            }
        }
    }

    fn introduce(&mut self, introduction: Introduction) {
        let Introduction {
            connect,
            encoding,
            negotiated,
            ..
        } = introduction;
        // An Error is written as the device itself writes.
        self.encoding = encoding;
        let asked = Some(connect.stream_id);
        let supported = negotiated.and_then(|encoding| {
            let is_supported = self.config.supports(encoding);
            is_supported
                .then_some(encoding)
                .ok_or(Incompatible::Encoding(encoding))
        });
        let negotiated = match supported {
            Ok(encoding) => encoding,
            Err(fault) => return self.close(CloseReason::Incompatible(fault), asked),
        };
        if connect.auth_type != self.config.dialect.constants().auth_credentials {
            let fault = Incompatible::AuthType(connect.auth_type);
            return self.close(CloseReason::Incompatible(fault), asked);
        }
        if connect.keep_alive.is_zero() || connect.keep_alive > self.config.keep_alive_max {
            let fault = Misbehaved::KeepAlive(connect.keep_alive);
            return self.close(CloseReason::Misbehaved(fault), asked);
        }
        let Some([username, device, credential]) = three_strings(connect.payload) else {
            let fault = Misbehaved::Credentials;
            return self.close(CloseReason::Misbehaved(fault), asked);
        };
        self.state = State::Authenticating;
        self.introduced = Some(Introduced {
            stream_id: connect.stream_id,
            encoding: negotiated,
        });
        self.keep_alive_interval = connect.keep_alive;
        self.events
            .push_back(Event::ConnectRequested(ConnectRequest {
                username,
                device,
                credential,
                protocol_version: connect.protocol_version,
                encoding: negotiated,
                keep_alive: connect.keep_alive,
                client_type: connect.client_type,
                firmware: connect.firmware,
            }));
    }

    /// A device has received something while it waits to be let in. Requests
    /// are ignored unread.
    pub(super) fn receive_waiting(&mut self, incoming: Incoming) {
        match incoming.body {
            Ok(Body::Packet(Packet::Ok(answer))) => {
                if self.is_for_connect(answer.stream_id) {
                    self.establish();
                    let (interval, answer) =
                        (self.keep_alive_interval, self.config.keep_alive_answer);
                    self.keep_alive = KeepAlive::device(self.now, interval, answer);
                    self.events.push_back(Event::Connected);
                }
            }
            Ok(Body::Packet(Packet::Error(answer))) => {
                if self.is_for_connect(answer.stream_id) {
                    let code = answer.parameters.as_ref().and_then(Value::as_u64);
                    let reason = CloseReason::Refused {
                        error: self.config.dialect.refusal(code),
                        payload: answer.payload,
                    };
                    self.close(reason, None);
                }
            }
            Ok(Body::Packet(Packet::Disconnect(packet))) => self.disconnected(packet),
            Ok(_) => self.unexpected(incoming.kind),
            Err(unreadable) => {
                self.stats.malformed += 1;
                self.close(CloseReason::Malformed(unreadable.error), None);
            }
        }
    }

    fn is_for_connect(&mut self, stream_id: u16) -> bool {
        // The Connect is the only request that a device has made by now.
        if self.requests.answered(stream_id).is_some() {
            return true;
        }
        self.stats.unexpected_answers += 1;
        let event = Event::Ignored(Ignored::UnexpectedAnswer { stream_id });
        self.events.push_back(event);
        false
    }

    fn establish(&mut self) {
        self.state = State::Ready;
        self.connect_by = None;
    }

    pub(super) fn unexpected(&mut self, kind: Kind) {
        self.stats.unexpected += 1;
        let event = Event::Ignored(Ignored::Unexpected { kind });
        self.events.push_back(event);
    }
}

/// A Connect on which the server decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Introduced {
    pub(super) stream_id: u16,
    /// Encoding of all values from its Ok on.
    pub(super) encoding: Encoding,
}

/// The encoding that a device's own wishes come to.
fn choose(config: &Config, version: u64, asked: Option<Encoding>) -> Result<Encoding, Misuse> {
    let name = config.dialect.name();
    let Some(encoding) = config.dialect.negotiated(version, asked) else {
        let asked = asked.filter(|_| config.dialect.negotiated(version, None).is_some());
        return Err(Misuse::Config(match asked {
            Some(asked) => alloc::format!(
                "{name} does not let a device choose the encoding {}",
                asked.name()
            ),
            None => alloc::format!("{name} has no protocol version {version}"),
        }));
    };
    if !encoding.is_available() {
        let name = encoding.name();
        return Err(Misuse::Unencodable(EncodeError::NotCompiled { name }));
    }
    Ok(encoding)
}

pub(super) fn three_strings(payload: Value) -> Option<[String; 3]> {
    let Value::Array(elements) = payload else {
        return None;
    };
    let [username, device, credential] = <[Value; 3]>::try_from(elements).ok()?;
    match (username, device, credential) {
        (Value::String(username), Value::String(device), Value::String(credential)) => {
            Some([username, device, credential])
        }
        _ => None,
    }
}

//! What each message does to a session.

use core::time::Duration;

use super::dialect::{Introduction, Kind, detect};
use super::event::Ignored;
use super::packet::{Action, Answer, Describe, Disconnect, Packet, Run, StartStream, StreamData};
use super::requests::{Opening, SentKind};
use super::streams::Read;
use super::{CloseReason, Event, Misbehaved, Reply, Role, Session, State};
use crate::wire::{DecodeError, Encoding};

/// One message as it came.
pub(super) struct Incoming {
    pub(super) code: u32,
    pub(super) kind: Kind,
    pub(super) body: Result<Body, Unreadable>,
}

/// The body of a message, as far as the state calls for it.
pub(super) enum Body {
    Packet(Packet),
    Introduction(Introduction),
    /// Whatever it says, it is not heard in this state.
    Unread,
}

/// Why a body could not be read, and who may be told.
pub(super) struct Unreadable {
    pub(super) error: DecodeError,
    pub(super) stream_id: Option<u16>,
    /// Encoding under which the stream identifier was found.
    pub(super) encoding: Encoding,
}

impl Session {
    /// Reads on as far as the bounds allow.
    pub(super) fn process(&mut self) {
        while self.wants_input() {
            match self.next_incoming() {
                Ok(Some(incoming)) => {
                    self.stats.messages_received += 1;
                    self.receive(incoming);
                }
                Ok(None) => break,
                Err(error) => {
                    self.stats.malformed += 1;
                    self.close(CloseReason::Malformed(error), None);
                }
            }
        }
    }

    fn next_incoming(&mut self) -> Result<Option<Incoming>, DecodeError> {
        let Some(frame) = self.framer.next_frame()? else {
            return Ok(None);
        };
        if self.role == Role::Server
            && self.state == State::Connecting
            && let Some(found) = detect(&self.config.detect, frame.code, &frame.reader())
        {
            self.config.dialect = found;
        }
        let dialect = self.config.dialect;
        let (code, kind) = (frame.code, dialect.kind(frame.code));
        let unreadable = |error, encodings: &[Encoding]| {
            let read = |&encoding: &Encoding| {
                let stream_id = dialect.stream_id(&mut frame.reader(), encoding)?;
                Some((stream_id, encoding))
            };
            let found = encodings.iter().find_map(read);
            Unreadable {
                error,
                stream_id: found.map(|(stream_id, _)| stream_id),
                encoding: found.map_or(self.encoding, |(_, encoding)| encoding),
            }
        };
        let body = match (self.role, self.state, kind) {
            (Role::Server, State::Connecting, Kind::Connect) => dialect
                .decode_connect(&frame.reader())
                .map(Body::Introduction)
                .map_err(|error| unreadable(error, &dialect.encodings())),
            (_, State::Ready, _)
            | (Role::Device, State::Authenticating, Kind::Ok | Kind::Error | Kind::Disconnect) => {
                dialect
                    .decode(code, &mut frame.reader(), self.encoding)
                    .map(Body::Packet)
                    .map_err(|error| unreadable(error, &[self.encoding]))
            }
            _ => Ok(Body::Unread),
        };
        Ok(Some(Incoming { code, kind, body }))
    }

    fn receive(&mut self, incoming: Incoming) {
        match (self.role, self.state) {
            (Role::Server, State::Connecting) => self.receive_first(incoming),
            (Role::Device, State::Authenticating) => self.receive_waiting(incoming),
            _ => self.receive_ready(incoming),
        }
    }

    fn receive_ready(&mut self, incoming: Incoming) {
        if self.role == Role::Server && incoming.kind == Kind::Connect {
            return self.close(CloseReason::Misbehaved(Misbehaved::SecondConnect), None);
        }
        match incoming.body {
            Ok(Body::Packet(packet)) => self.receive_packet(packet),
            Ok(_) => self.unexpected(incoming.kind),
            Err(unreadable) => self.receive_malformed(incoming.kind, unreadable),
        }
    }

    fn receive_malformed(&mut self, kind: Kind, unreadable: Unreadable) {
        self.stats.malformed += 1;
        let error = unreadable.error;
        self.events
            .push_back(Event::Ignored(Ignored::Malformed { kind, error }));
        // A device is never asked to connect, so it does not answer that either.
        if kind.is_request()
            && kind != Kind::Connect
            && let Some(stream_id) = unreadable.stream_id
        {
            self.reject(stream_id);
        }
    }

    pub(super) fn receive_packet(&mut self, packet: Packet) {
        let Some(packet) = self.in_order(packet) else {
            return;
        };
        match packet {
            Packet::Ok(answer) => self.receive_answer(answer, true),
            Packet::Error(answer) => self.receive_answer(answer, false),
            Packet::Connect(_) => self.unexpected(Kind::Connect),
            Packet::Disconnect(packet) => self.disconnected(packet),
            Packet::KeepAlive => {
                self.keep_alive.received(self.now);
                if self.role == Role::Server {
                    self.send_or_close(Packet::KeepAlive);
                }
            }
            Packet::Run(run) => self.receive_run(run),
            Packet::Describe(packet) => self.receive_describe(packet),
            Packet::StartStream(packet) => self.receive_start_stream(packet),
            Packet::StopStream(packet) => self.receive_stop_stream(packet.stream_id),
            Packet::StreamData(packet) => self.receive_stream_data(packet),
            Packet::Unknown { code, body } => {
                self.stats.unknown += 1;
                let size = body.len();
                let event = Event::Ignored(Ignored::UnknownMessage { code, size });
                self.events.push_back(event);
            }
        }
    }

    pub(super) fn disconnected(&mut self, packet: Disconnect) {
        let reason = CloseReason::PeerDisconnected {
            reason: packet.reason,
            payload: packet.payload,
        };
        self.close(reason, packet.stream_id);
    }

    fn receive_describe(&mut self, packet: Describe) {
        if self.role == Role::Server {
            self.unexpected(Kind::Describe);
            return self.reject(packet.stream_id);
        }
        let Some(request) = self.admit(packet.stream_id, None) else {
            return;
        };
        self.events.push_back(Event::DescribeRequested {
            request,
            resource: packet.resource,
            parameters: packet.parameters,
        });
    }

    fn receive_run(&mut self, run: Run) {
        match (run.action, run.stream_id) {
            (Action::Run, _) => {}
            (Action::Describe, Some(stream_id)) => {
                return self.receive_describe(Describe {
                    stream_id,
                    resource: Some(run.resource),
                    parameters: run.parameters,
                });
            }
            // No other action is known to either end.
            (_, stream_id) => {
                self.unexpected(Kind::Run);
                if let Some(stream_id) = stream_id {
                    self.reject(stream_id);
                }
                return;
            }
        }
        let request = match run.stream_id {
            None => None,
            Some(stream_id) => match self.admit(stream_id, None) {
                None => return,
                admitted => admitted,
            },
        };
        self.events.push_back(Event::RunRequested {
            request,
            resource: run.resource,
            parameters: run.parameters,
            payload: run.payload,
        });
    }

    fn receive_start_stream(&mut self, packet: StartStream) {
        let stream_id = packet.stream_id;
        let Some(resource) = packet.resource else {
            return self.reconfigure(stream_id, packet.interval);
        };
        let opening = Opening {
            stream_id,
            resource: resource.clone(),
            interval: packet.interval,
        };
        let replaces = self.replaced(&opening);
        let open = self.streams.fed_len() + self.requests.streams_received();
        if replaces.is_none() && open >= self.config.max_streams {
            return self.reject(stream_id);
        }
        let Some(request) = self.admit(stream_id, Some(opening)) else {
            return;
        };
        self.events.push_back(Event::StreamRequested {
            request,
            replaces,
            resource,
            parameters: packet.parameters,
            interval: packet.interval,
            payload: packet.payload,
        });
    }

    fn reconfigure(&mut self, stream_id: u16, interval: Duration) {
        let is_busy = self.requests.is_received(stream_id);
        if is_busy || !self.streams.set_interval(self.now, stream_id, interval) {
            return self.reject(stream_id);
        }
        self.events.push_back(Event::StreamChanged {
            stream_id,
            interval,
        });
        self.confirm(stream_id);
    }

    /// The stream that gives way to a new one. A server feeds many streams of
    /// one resource, such as subscriptions to different events.
    pub(super) fn replaced(&self, opening: &Opening) -> Option<u16> {
        if self.streams.is_fed(opening.stream_id) {
            return Some(opening.stream_id);
        }
        match self.role {
            Role::Device => self.streams.of(&opening.resource),
            Role::Server => None,
        }
    }

    fn receive_stop_stream(&mut self, stream_id: u16) {
        let was_open = self.streams.unfeed(stream_id)
            || match self.streams.read(stream_id) {
                Some(Read::Open) => self.streams.unread(stream_id),
                // Both ends stop it at once; the answer to ours is on its way.
                Some(Read::Closing) => return self.confirm(stream_id),
                None => false,
            };
        if !was_open {
            return self.reject(stream_id);
        }
        self.events.push_back(Event::StreamStopped { stream_id });
        self.confirm(stream_id);
    }

    fn receive_stream_data(&mut self, packet: StreamData) {
        let stream_id = packet.stream_id;
        let is_open = match self.streams.read(stream_id) {
            // A device may feed a stream that it has opened itself, to publish.
            None if self.role == Role::Server && self.streams.is_fed(stream_id) => Some(Read::Open),
            read => read,
        };
        match is_open {
            Some(Read::Open) => self.events.push_back(Event::StreamData {
                stream_id,
                kind: packet.kind,
                parameters: packet.parameters,
                input: packet.input,
                payload: packet.payload,
            }),
            // It was sent before the peer heard of the end.
            Some(Read::Closing) => {}
            None => {
                self.stats.unexpected_data += 1;
                let event = Event::Ignored(Ignored::UnexpectedData { stream_id });
                self.events.push_back(event);
            }
        }
    }

    fn receive_answer(&mut self, answer: Answer, is_ok: bool) {
        let stream_id = answer.stream_id;
        let Some(sent) = self.requests.answered(stream_id) else {
            self.stats.unexpected_answers += 1;
            let event = Event::Ignored(Ignored::UnexpectedAnswer { stream_id });
            self.events.push_back(event);
            return;
        };
        match sent.kind {
            SentKind::StartStream if is_ok => {
                self.streams.set_read(stream_id, Read::Open);
                if sent.abandoned {
                    // Nobody wants it, so it must not go on.
                    return self.stop_unwanted(stream_id);
                }
            }
            // Whatever the answer, it brings no more values.
            SentKind::StopStream => {
                self.streams.unread(stream_id);
            }
            _ => {}
        }
        if sent.abandoned {
            return;
        }
        let reply = Reply {
            parameters: answer.parameters,
            payload: answer.payload,
        };
        self.events.push_back(Event::Answered {
            request: sent.request,
            result: if is_ok { Ok(reply) } else { Err(reply) },
        });
    }

    /// Takes note of a request that has to be answered, or answers it by Error.
    fn admit(&mut self, stream_id: u16, stream: Option<Opening>) -> Option<super::RequestId> {
        let is_full = self.requests.received_len() >= self.config.max_pending;
        if is_full || self.requests.is_received(stream_id) {
            self.reject(stream_id);
            return None;
        }
        Some(self.requests.receive(stream_id, stream))
    }

    fn confirm(&mut self, stream_id: u16) {
        self.send_or_close(Packet::Ok(Answer {
            stream_id,
            ..Answer::default()
        }));
    }

    /// Answers a request by Error without asking anyone.
    fn reject(&mut self, stream_id: u16) {
        self.stats.rejected += 1;
        self.send_or_close(Packet::Error(Answer {
            stream_id,
            ..Answer::default()
        }));
    }
}

//! What both ends do alike: cutting, matching answers to requests, sending.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::boundary::{Cutter, Fault, Rest, requests, session_id};
use super::error::{Ignored, Misuse};
use super::identity::{SessionId, SessionIds};
use super::{Config, Role};
use crate::message::nubison::{
    ErrorCode, FRAME, Message, MessageType, Refused, Response, decode, decode_answer,
};
use crate::session::output::Output;

/// A request of the peer that waits for an answer of this end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// A request that this end has sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) kind: MessageType,
    pub(super) deadline: Option<Duration>,
    /// Whether the session sent it by itself.
    pub(super) is_own: bool,
}

/// What has arrived.
#[derive(Debug)]
pub(super) enum Arrival {
    Request(SessionId, Message<'static>),
    Answer(SessionId, Sent, Message<'static>),
    /// `answer_to` is the request, if an answer is due.
    Ignored {
        answer_to: Option<(SessionId, MessageType)>,
        what: Ignored,
    },
}

/// One end of one connection, whichever it is.
#[derive(Debug)]
pub(super) struct Exchange {
    role: Role,
    pub(super) config: Config,
    pub(super) now: Duration,
    /// Bytes that are no whole packet yet.
    buffer: Vec<u8>,
    piece_by: Option<Duration>,
    pub(super) output: Output,
    ids: SessionIds,
    sent: BTreeMap<SessionId, Sent>,
    received: BTreeMap<RequestId, (SessionId, MessageType)>,
    next_request: u64,
}

impl Exchange {
    pub(super) fn new(now: Duration, config: Config, role: Role) -> Self {
        Self {
            role,
            now,
            buffer: Vec::new(),
            piece_by: None,
            output: Output::new(config.max_output),
            ids: SessionIds::new(config.seed),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            next_request: 0,
            config,
        }
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// The time after `timeout`, if it ever comes.
    pub(super) fn after(&self, timeout: Duration) -> Option<Duration> {
        self.now.checked_add(timeout)
    }

    /// Takes bytes that have arrived at once.
    pub(super) fn arrive(&mut self, bytes: &[u8]) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        if bytes.is_empty() {
            return arrivals;
        }
        let waiting = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        if (1..FRAME.min_size).contains(&waiting) {
            let is_whole = |bytes| self.cutter().comes_out_even(bytes);
            let is_apart = !is_whole(&self.buffer) && is_whole(bytes);
            if is_apart {
                self.buffer.drain(..waiting);
                arrivals.push(Arrival::Ignored {
                    answer_to: None,
                    what: Ignored::Short(waiting),
                });
            }
        }
        self.take_whole(false, &mut arrivals);
        arrivals
    }

    /// Gives up waiting for more, if it has taken too long.
    pub(super) fn expire_pieces(&mut self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        if self.piece_by.is_none_or(|by| by > self.now) {
            return arrivals;
        }
        self.take_whole(true, &mut arrivals);
        if !self.buffer.is_empty() {
            arrivals.push(Arrival::Ignored {
                answer_to: None,
                what: Ignored::Short(self.buffer.len()),
            });
            self.buffer.clear();
        }
        self.piece_by = None;
        arrivals
    }

    fn cutter(&self) -> Cutter<impl Fn(SessionId) -> Option<MessageType>> {
        Cutter {
            role: self.role,
            asked: |id| self.sent.get(&id).map(|sent| sent.kind),
        }
    }

    fn take_whole(&mut self, is_final: bool, arrivals: &mut Vec<Arrival>) {
        let partition = self.cutter().cut(&self.buffer, is_final);
        let mut buffer = core::mem::take(&mut self.buffer);
        let mut end = 0;
        for range in partition.packets {
            end = range.end;
            let packet = buffer.get(range).unwrap_or_default();
            arrivals.extend(self.read(packet));
        }
        match partition.rest {
            Rest::Nothing => buffer.clear(),
            Rest::Incomplete => drop(buffer.drain(..end)),
            Rest::Malformed(fault) => {
                arrivals.push(refuse(buffer.get(end..).unwrap_or_default(), fault));
                buffer.clear();
            }
        }
        self.buffer = buffer;
        self.piece_by = match self.buffer.is_empty() {
            true => None,
            false => self.after(self.config.piece_timeout),
        };
    }

    /// Reads a packet that is whole.
    fn read(&mut self, packet: &[u8]) -> Option<Arrival> {
        let session_id = session_id(packet)?;
        let is_answer = packet.first().copied().map(u32::from) == Some(Response::CODE);
        if !is_answer {
            let (message, _) = decode(packet).ok()?;
            return Some(Arrival::Request(session_id, message.into_owned()));
        }
        let Some(sent) = self.sent.remove(&session_id) else {
            return Some(Arrival::Ignored {
                answer_to: None,
                what: Ignored::UnknownSession(session_id),
            });
        };
        let request = requests(self.role, Some(sent.kind)).first()?;
        let (message, _) = decode_answer(packet, *request).ok()?;
        Some(Arrival::Answer(session_id, sent, message.into_owned()))
    }

    /// Takes a request that the application will answer; `None` beyond the
    /// limit.
    pub(super) fn receive(&mut self, id: SessionId, kind: MessageType) -> Option<RequestId> {
        if self.received.len() >= self.config.max_pending {
            return None;
        }
        let request = RequestId(self.next_request);
        self.next_request += 1;
        self.received.insert(request, (id, kind));
        Some(request)
    }

    /// What a request was, while it waits for its answer.
    pub(super) fn received(&self, request: RequestId) -> Result<(SessionId, MessageType), Misuse> {
        let found = self.received.get(&request).copied();
        found.ok_or(Misuse::UnknownRequest)
    }

    /// Sends the answer to a request, which then no longer waits.
    pub(super) fn answer(
        &mut self,
        request: RequestId,
        message: impl Into<Message<'static>>,
    ) -> Result<(), Misuse> {
        self.send(&message.into())?;
        self.received.remove(&request);
        Ok(())
    }

    /// Sends a request that `make` makes with a new session identifier.
    pub(super) fn request(
        &mut self,
        is_own: bool,
        make: impl FnOnce(&SessionId) -> Message<'static>,
    ) -> Result<SessionId, Misuse> {
        let limit = self.config.max_pending;
        if self.sent.len() >= limit {
            return Err(Misuse::TooManyRequests { limit });
        }
        // There are far more than may be in flight, so that a free one is near.
        let mut id = self.ids.draw();
        while self.sent.contains_key(&id) {
            id = self.ids.draw();
        }
        let message = make(&id);
        self.send(&message)?;
        let sent = Sent {
            kind: message.message_type(),
            deadline: self.after(self.config.answer_timeout),
            is_own,
        };
        self.sent.insert(id, sent);
        Ok(id)
    }

    /// Sends a packet.
    pub(super) fn send(&mut self, message: &Message<'_>) -> Result<(), Misuse> {
        let bytes = message.to_vec()?;
        if self.output.push(&bytes) {
            return Ok(());
        }
        Err(Misuse::Backpressure {
            waiting: self.output.len(),
            limit: self.output.limit(),
        })
    }

    /// A request that has waited long enough for its answer.
    pub(super) fn expired(&mut self) -> Option<(SessionId, Sent)> {
        let now = self.now;
        let mut all = self.sent.iter();
        let (&id, &sent) = all.find(|(_, sent)| sent.deadline.is_some_and(|by| by <= now))?;
        self.sent.remove(&id);
        Some((id, sent))
    }

    /// When something here is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let answers = self.sent.values().filter_map(|sent| sent.deadline).min();
        [answers, self.piece_by].into_iter().flatten().min()
    }

    /// Forgets everything but the output.
    pub(super) fn clear(&mut self) {
        self.buffer = Vec::new();
        self.piece_by = None;
        self.sent.clear();
        self.received.clear();
    }
}

/// The refusal of a request.
pub(super) fn refused(id: SessionId, error_code: ErrorCode) -> Message<'static> {
    Refused {
        session_id: id.0.to_vec().into(),
        error_code,
    }
    .into()
}

fn refuse(packet: &[u8], fault: Fault) -> Arrival {
    let code = packet.first().copied().map_or(0, u32::from);
    // Nobody waits for an answer to an answer.
    let id = session_id(packet).filter(|_| code != Response::CODE);
    Arrival::Ignored {
        answer_to: id.map(|id| (id, MessageType(code))),
        what: match fault {
            Fault::Type(code) => Ignored::Type(code),
            Fault::Structure(error) => Ignored::Structure(error),
        },
    }
}

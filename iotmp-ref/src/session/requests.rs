//! Requests in flight, both ways.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::event::RequestId;
use super::packet::{Packet, Resource};

/// Requests that wait for answers: of this end, and of the peer.
#[derive(Debug, Default)]
pub(super) struct Requests {
    sent: BTreeMap<u16, Sent>,
    received: BTreeMap<u16, Received>,
    serial: u64,
    last_id: u16,
}

/// A request of this end.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) request: RequestId,
    pub(super) kind: SentKind,
    /// Whether nobody wants to hear of the answer any more.
    pub(super) abandoned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentKind {
    Connect,
    Run,
    Describe,
    StartStream,
    /// A Start Stream for a stream that is open already.
    ChangeStream,
    StopStream,
}

/// A request of the peer.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) request: RequestId,
    /// What is to be streamed once the answer is Ok.
    pub(super) stream: Option<Opening>,
    /// What came on that stream in the meantime.
    pub(super) aside: Vec<Packet>,
}

/// A stream that the peer wants.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) stream_id: u16,
    pub(super) resource: Resource,
    pub(super) interval: Duration,
}

impl Requests {
    pub(super) fn sent_len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn received_len(&self) -> usize {
        self.received.len()
    }

    /// How many of the requests of the peer would open a stream.
    pub(super) fn streams_received(&self) -> usize {
        let received = self.received.values();
        received
            .filter(|received| received.stream.is_some())
            .count()
    }

    /// How many of the requests of this end would open a stream.
    pub(super) fn streams_sent(&self) -> usize {
        let sent = self.sent.values();
        sent.filter(|sent| sent.kind == SentKind::StartStream)
            .count()
    }

    /// A stream identifier that is taken neither here nor, says `taken`,
    /// elsewhere. Never 0, which some peers take for none.
    pub(super) fn free_id(&mut self, taken: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in 0..u16::MAX {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            let id = self.last_id;
            if !self.sent.contains_key(&id) && !self.received.contains_key(&id) && !taken(id) {
                return Some(id);
            }
        }
        None
    }

    pub(super) fn is_sent(&self, stream_id: u16) -> bool {
        self.sent.contains_key(&stream_id)
    }

    pub(super) fn is_received(&self, stream_id: u16) -> bool {
        self.received.contains_key(&stream_id)
    }

    pub(super) fn send(&mut self, stream_id: u16, kind: SentKind) -> RequestId {
        let request = self.identify(stream_id);
        let sent = Sent {
            request,
            kind,
            abandoned: false,
        };
        self.sent.insert(stream_id, sent);
        request
    }

    /// The request of this end that an answer belongs to; it is over.
    pub(super) fn answered(&mut self, stream_id: u16) -> Option<Sent> {
        self.sent.remove(&stream_id)
    }

    /// Says that nobody waits for the answer any more.
    pub(super) fn abandon(&mut self, request: RequestId) -> bool {
        match self.sent.get_mut(&request.stream_id) {
            Some(sent) if sent.request == request => {
                sent.abandoned = true;
                true
            }
            _ => false,
        }
    }

    /// Forgets the oldest request that was abandoned, to make room.
    pub(super) fn forget_abandoned(&mut self) -> bool {
        let abandoned = self.sent.iter().filter(|(_, sent)| sent.abandoned);
        let oldest = abandoned.min_by_key(|(_, sent)| sent.request.serial);
        let Some(stream_id) = oldest.map(|(&stream_id, _)| stream_id) else {
            return false;
        };
        self.sent.remove(&stream_id).is_some()
    }

    pub(super) fn receive(&mut self, stream_id: u16, stream: Option<Opening>) -> RequestId {
        let request = self.identify(stream_id);
        let received = Received {
            request,
            stream,
            aside: Vec::new(),
        };
        self.received.insert(stream_id, received);
        request
    }

    /// The request of the peer, if it still waits for its answer.
    pub(super) fn received(&self, request: RequestId) -> Option<&Received> {
        let received = self.received.get(&request.stream_id);
        received.filter(|received| received.request == request)
    }

    /// The request of the peer that opens this stream, if it waits for its answer.
    pub(super) fn opening_mut(&mut self, stream_id: u16) -> Option<&mut Received> {
        let received = self.received.get_mut(&stream_id);
        received.filter(|received| received.stream.is_some())
    }

    /// How many messages wait for the answers to requests before them.
    pub(super) fn aside_len(&self) -> usize {
        self.received
            .values()
            .map(|received| received.aside.len())
            .sum()
    }

    /// The request of the peer is answered: it is over.
    pub(super) fn answer(&mut self, request: RequestId) -> Option<Received> {
        self.received(request)?;
        self.received.remove(&request.stream_id)
    }

    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.received.clear();
    }

    fn identify(&mut self, stream_id: u16) -> RequestId {
        self.serial += 1;
        RequestId {
            stream_id,
            serial: self.serial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Requests, SentKind};

    #[test]
    fn identifiers_in_use_are_skipped_and_zero_is_never_given() {
        let mut requests = Requests::default();
        assert_eq!(requests.free_id(|_| false), Some(1));
        requests.send(2, SentKind::Run);
        requests.receive(3, None);
        assert_eq!(requests.free_id(|id| id == 4), Some(5));
        requests.last_id = u16::MAX;
        assert_eq!(requests.free_id(|_| false), Some(1));
        assert_eq!(requests.free_id(|_| true), None);
    }

    #[test]
    fn a_reused_identifier_is_another_request() {
        let mut requests = Requests::default();
        let first = requests.receive(7, None);
        assert!(requests.answer(first).is_some());
        let second = requests.receive(7, None);
        assert!(requests.answer(first).is_none());
        assert!(requests.answer(second).is_some());
        assert!(requests.answer(second).is_none());
    }

    #[test]
    fn the_oldest_abandoned_request_makes_room() {
        let mut requests = Requests::default();
        let late = requests.send(9, SentKind::Run);
        let early = requests.send(1, SentKind::Run);
        requests.send(2, SentKind::Run);
        assert!(!requests.forget_abandoned());
        assert!(requests.abandon(early) && requests.abandon(late));
        assert!(requests.forget_abandoned());
        assert!(!requests.is_sent(9) && requests.is_sent(1) && requests.is_sent(2));
    }
}

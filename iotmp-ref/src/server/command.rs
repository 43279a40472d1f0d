//! What the rest of the server asks of one connection, and who waits for it.

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::collections::HashMap;

use tokio::sync::{broadcast, oneshot};
use tokio::time::Instant;

use super::hub::CallError;
use super::stream::Sample;
use crate::session::{Call, Reply, RequestId, Resource};

/// Where an answer goes.
pub(super) type ReplyTo<T> = oneshot::Sender<Result<T, CallError>>;

/// Something to do on a connection.
#[derive(Debug)]
pub(super) enum Command {
    /// A request with one answer.
    Ask(Ask),
    /// Run a resource without an answer; says whether it went out.
    Tell { call: Call, reply: ReplyTo<()> },
    /// Open a stream.
    Start(Start),
    /// Give a stream another interval.
    Change(Change),
    /// Stop a stream.
    Stop(Stop),
    /// Send a value on a stream that the device has opened.
    Publish { stream_id: u16, reply: Reply },
    /// End the connection.
    Disconnect,
}

#[derive(Debug)]
pub(super) struct Ask {
    pub(super) question: Question,
    pub(super) deadline: Instant,
    pub(super) reply: ReplyTo<Reply>,
}

#[derive(Debug)]
pub(super) enum Question {
    Run(Call),
    Describe(Option<Resource>),
}

#[derive(Debug)]
pub(super) struct Start {
    pub(super) call: Call,
    pub(super) interval: Duration,
    pub(super) samples: broadcast::Sender<Sample>,
    pub(super) deadline: Instant,
    pub(super) reply: ReplyTo<RequestId>,
}

#[derive(Debug)]
pub(super) struct Change {
    /// The request that opened the stream.
    pub(super) request: RequestId,
    pub(super) interval: Duration,
    pub(super) deadline: Instant,
    pub(super) reply: ReplyTo<()>,
}

#[derive(Debug)]
pub(super) struct Stop {
    /// The request that opened the stream.
    pub(super) request: RequestId,
    pub(super) deadline: Instant,
    /// `None` if nobody waits.
    pub(super) reply: Option<ReplyTo<()>>,
}

/// Who waits for the answer to a request.
#[derive(Debug)]
pub(super) enum Waiting {
    Answer(ReplyTo<Reply>),
    Start {
        call: Call,
        samples: broadcast::Sender<Sample>,
        reply: ReplyTo<RequestId>,
    },
    Done(ReplyTo<()>),
}

impl Waiting {
    pub(super) fn fail(self, error: CallError) {
        // Whoever asked may have gone.
        let _ = match self {
            Self::Answer(reply) => reply.send(Err(error)).is_ok(),
            Self::Start { reply, .. } => reply.send(Err(error)).is_ok(),
            Self::Done(reply) => reply.send(Err(error)).is_ok(),
        };
    }
}

/// Requests that wait for their answers, and until when.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<RequestId, (Instant, Waiting)>,
    deadlines: BTreeSet<(Instant, RequestId)>,
}

impl Pending {
    pub(super) fn insert(&mut self, request: RequestId, deadline: Instant, waiting: Waiting) {
        self.deadlines.insert((deadline, request));
        self.waiting.insert(request, (deadline, waiting));
    }

    /// Who waits for the answer that has come.
    pub(super) fn answered(&mut self, request: RequestId) -> Option<Waiting> {
        let (deadline, waiting) = self.waiting.remove(&request)?;
        self.deadlines.remove(&(deadline, request));
        Some(waiting)
    }

    /// When the first of them has waited long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// One that has waited long enough at `now`.
    pub(super) fn expired(&mut self, now: Instant) -> Option<(RequestId, Waiting)> {
        let &(deadline, request) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let waiting = self.answered(request)?;
        Some((request, waiting))
    }
}

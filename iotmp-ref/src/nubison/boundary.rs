//! Where packets end on a byte stream.
//!
//! No length says where a packet ends, and some packets may lack their last
//! field. So what has arrived is cut in such a way that it comes out even: an
//! optional tail is there if bytes follow, unless only without it the rest is
//! made of packets. What ends inside a packet waits for more.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use super::Role;
use super::identity::SessionId;
use crate::message::nubison::{
    Command, CommandAccepted, FRAME, Heartbeat, LoginAccepted, Message, MessageType, Response,
    decode, decode_answer,
};
use crate::wire::{DecodeError, DecodeErrorKind};

/// Most bytes behind a packet that may leave open whether its tail is there.
/// With more of them it is.
const UNDECIDED: usize = 1024;

/// What has arrived, cut into packets.
#[derive(Debug)]
pub(super) struct Partition {
    /// Whole packets, one behind the other from the start.
    pub(super) packets: Vec<Range<usize>>,
    /// What stands behind them.
    pub(super) rest: Rest,
}

/// What stands behind the last whole packet.
#[derive(Debug, PartialEq)]
pub(super) enum Rest {
    Nothing,
    /// More has to come.
    Incomplete,
    /// No packet, whatever comes.
    Malformed(Fault),
}

/// Why bytes are no packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no packet of that type, or none that this end receives.
    Type(u32),
    /// They do not have the structure of their type.
    Structure(DecodeError),
}

/// Cuts what an end has received.
pub(super) struct Cutter<A> {
    /// The end that receives.
    pub(super) role: Role,
    /// The type of the request that waits for an answer of that identifier.
    pub(super) asked: A,
}

/// Where a packet may end.
#[derive(Debug)]
struct Ends {
    /// Relative to its start; with the tail before without.
    at: Vec<usize>,
    /// Why not at all, or not yet.
    otherwise: Option<Otherwise>,
}

#[derive(Debug, Clone, PartialEq)]
enum Otherwise {
    Incomplete(DecodeError),
    Malformed(Fault),
}

/// What comes of a start, at best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Malformed,
    Incomplete,
    Even,
}

/// A place where a packet may start.
struct Start {
    ends: Ends,
    outcome: Outcome,
    /// How many of `ends`, and of being incomplete, are better than malformed.
    viable: usize,
    /// The end that leads to the best outcome.
    best: Option<usize>,
}

impl<A: Fn(SessionId) -> Option<MessageType>> Cutter<A> {
    /// Cuts what has arrived. With `is_final` nothing more is waited for.
    pub(super) fn cut(&self, bytes: &[u8], is_final: bool) -> Partition {
        let starts = self.starts(bytes);
        let mut packets = Vec::new();
        let mut at = 0;
        let rest = loop {
            let left = bytes.len() - at;
            let Some(start) = starts.get(&at) else {
                // Every end is a start, but for that of the bytes.
                break Rest::Nothing;
            };
            if left < FRAME.min_size {
                break Rest::Incomplete;
            }
            let is_open = start.outcome == Outcome::Incomplete
                && start.viable > 1
                && left <= UNDECIDED
                && !is_final;
            match start.best {
                _ if is_open => break Rest::Incomplete,
                Some(end) => {
                    packets.push(at..end);
                    at = end;
                }
                None => match start.ends.otherwise.clone() {
                    Some(Otherwise::Malformed(fault)) => break Rest::Malformed(fault),
                    Some(Otherwise::Incomplete(error)) if is_final => {
                        break Rest::Malformed(Fault::Structure(error));
                    }
                    _ => break Rest::Incomplete,
                },
            }
        };
        Partition { packets, rest }
    }

    /// Whether the bytes are whole packets and nothing else.
    pub(super) fn comes_out_even(&self, bytes: &[u8]) -> bool {
        let starts = self.starts(bytes);
        let first = starts.get(&0);
        first.is_some_and(|start| start.outcome == Outcome::Even)
    }

    /// Every place that some way of cutting makes the start of a packet, with
    /// what comes of it.
    fn starts(&self, bytes: &[u8]) -> BTreeMap<usize, Start> {
        let mut found = Vec::new();
        let mut waiting = BTreeSet::from([0]);
        while let Some(at) = waiting.pop_first() {
            let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            let ends = self.ends(rest);
            waiting.extend(ends.at.iter().map(|end| at + end));
            found.push((at, ends));
        }
        let mut starts: BTreeMap<usize, Start> = BTreeMap::new();
        for (at, ends) in found.into_iter().rev() {
            let outcome_at = |end: usize| match starts.get(&end) {
                None => Outcome::Even,
                Some(start) => start.outcome,
            };
            let outcomes = ends.at.iter().map(|end| (at + end, outcome_at(at + end)));
            let alone = match ends.otherwise {
                Some(Otherwise::Incomplete(_)) => Outcome::Incomplete,
                _ => Outcome::Malformed,
            };
            let best = outcomes.clone().map(|(_, outcome)| outcome).max();
            let best = best.filter(|&best| best >= alone);
            // The first of equals: an end with the tail.
            let end = best.and_then(|best| outcomes.clone().find(|(_, outcome)| *outcome == best));
            let viable = outcomes
                .map(|(_, outcome)| outcome)
                .chain([alone])
                .filter(|outcome| *outcome > Outcome::Malformed)
                .count();
            let start = Start {
                outcome: best.unwrap_or(Outcome::Malformed).max(alone),
                viable,
                best: end.map(|(end, _)| end),
                ends,
            };
            starts.insert(at, start);
        }
        starts
    }

    /// Where the packet at the start of `bytes` may end.
    fn ends(&self, bytes: &[u8]) -> Ends {
        let malformed = |fault| Ends {
            at: Vec::new(),
            otherwise: Some(Otherwise::Malformed(fault)),
        };
        let code = bytes.first().copied().map_or(0, u32::from);
        if !self.receives(MessageType(code)) {
            return malformed(Fault::Type(code));
        }
        let Some(session_id) = session_id(bytes) else {
            return match decode(bytes) {
                Err(error) => Ends {
                    at: Vec::new(),
                    otherwise: Some(Otherwise::Incomplete(error)),
                },
                Ok(_) => malformed(Fault::Type(code)),
            };
        };
        if code != Response::CODE {
            return ends(bytes, decode);
        }
        let mut merged = Ends {
            at: Vec::new(),
            otherwise: None,
        };
        for &request in requests(self.role, (self.asked)(session_id)) {
            let one = ends(bytes, |bytes| decode_answer(bytes, request));
            for end in one.at {
                if !merged.at.contains(&end) {
                    merged.at.push(end);
                }
            }
            // Whatever may still become one is worth waiting for.
            match (&merged.otherwise, &one.otherwise) {
                (Some(Otherwise::Incomplete(_)), _) | (_, None) => {}
                _ => merged.otherwise = one.otherwise,
            }
        }
        merged
    }

    /// Whether this end receives packets of that type.
    fn receives(&self, code: MessageType) -> bool {
        match self.role {
            Role::Device => matches!(code, MessageType::COMMAND | MessageType::RESPONSE),
            Role::Server => matches!(
                code,
                MessageType::LOGIN
                    | MessageType::LOGOUT
                    | MessageType::DATA
                    | MessageType::HEARTBEAT
                    | MessageType::RESPONSE
            ),
        }
    }
}

/// The requests that a response may answer, as far as that decides how it is
/// read.
///
/// No refusal of a Logout is specified, but a server that sends one is
/// understood; and a response to nothing has to be cut off somewhere.
pub(super) fn requests(role: Role, asked: Option<MessageType>) -> &'static [MessageType] {
    match (role, asked) {
        (Role::Server, _) => &[MessageType::COMMAND],
        (Role::Device, Some(MessageType::LOGIN)) => &[MessageType::LOGIN],
        (Role::Device, Some(_)) => &[MessageType::DATA],
        (Role::Device, None) => &[MessageType::DATA, MessageType::LOGIN],
    }
}

/// The session identifier of the packet at the start of `bytes`.
pub(super) fn session_id(bytes: &[u8]) -> Option<SessionId> {
    let mut opened = FRAME.open(bytes).ok()?;
    opened.body.take_array().ok().map(SessionId)
}

fn ends<'a>(
    bytes: &'a [u8],
    decode: impl Fn(&'a [u8]) -> Result<(Message<'a>, usize), DecodeError>,
) -> Ends {
    match decode(bytes) {
        Ok((message, end)) => {
            let mut at = Vec::from([end]);
            at.extend(without_tail(message));
            Ends {
                at,
                otherwise: None,
            }
        }
        Err(error) if is_truncated(&error) => {
            // The tail may be what is incomplete: a length of one byte, and what
            // has come of it. Then what stands before it is a packet as well.
            let before = error
                .offset()
                .checked_sub(1)
                .and_then(|end| bytes.get(..end));
            let whole = before.and_then(|before| decode(before).ok());
            Ends {
                at: whole.map(|(_, end)| end).into_iter().collect(),
                otherwise: Some(Otherwise::Incomplete(error)),
            }
        }
        Err(error) => Ends {
            at: Vec::new(),
            otherwise: Some(Otherwise::Malformed(Fault::Structure(error))),
        },
    }
}

fn is_truncated(error: &DecodeError) -> bool {
    matches!(error.kind(), DecodeErrorKind::Truncated { .. })
}

/// The size of a packet that has its optional tail, if it had not.
fn without_tail(mut message: Message<'_>) -> Option<usize> {
    let tail = match &mut message {
        Message::Heartbeat(Heartbeat { payload, .. })
        | Message::Command(Command { payload, .. })
        | Message::CommandAccepted(CommandAccepted { payload, .. }) => payload,
        Message::LoginAccepted(LoginAccepted { encryption_key, .. }) => encryption_key,
        _ => return None,
    };
    tail.take()?;
    Some(message.encoded_len())
}

//! What a TCP connection carried, put together from its segments.

use core::net::SocketAddr;
use std::collections::BTreeMap;

use super::super::judge::End;
use super::packet::Segment;
use super::{end, role};
use crate::case::Role;

/// Default ports of servers, without and with encryption.
const SERVER_PORTS: [u16; 2] = [25204, 25206];

/// When a packet passed: its number in the capture, and its time in microseconds.
pub(super) type Stamp = (u64, u64);

/// What one side sent, as far as it was captured.
#[derive(Debug, Default)]
struct Half {
    /// The sequence number before the first byte; none before the first segment.
    base: Option<u32>,
    /// Whether `base` is from the segment that opened the connection.
    known: bool,
    /// Where the newest segment was, relative to `base`.
    newest: i64,
    /// Segments in the order of the capture, by position relative to `base`.
    segments: Vec<(Stamp, i64, Vec<u8>)>,
    /// When it ended, how, and behind which position.
    end: Option<(Stamp, End, i64)>,
}

/// Something that one side did.
#[derive(Debug)]
pub(super) enum Piece {
    /// It sent bytes.
    Bytes(Vec<u8>),
    /// It sent bytes that were not captured.
    Missing(u64),
    /// It ended.
    End(End),
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// The end that opened it, or that was seen first.
    first: SocketAddr,
    second: SocketAddr,
    /// Whether its first segment was captured.
    begun: bool,
    halves: [Half; 2],
    /// When anything of it was last seen.
    last: u64,
}

impl Half {
    /// Where a segment stands, unwrapped.
    fn position(&mut self, sequence: u32) -> i64 {
        let base = *self.base.get_or_insert(sequence.wrapping_sub(1));
        // The nearest position to the newest one that has this number.
        let newest = base.wrapping_add(self.newest as u32);
        self.newest + i64::from(sequence.wrapping_sub(newest) as i32)
    }

    fn add(&mut self, segment: &Segment<'_>, stamp: Stamp) {
        if segment.syn {
            self.base = Some(segment.sequence);
            self.known = true;
            self.newest = 0;
        }
        // What opens a connection takes a number, before the first byte.
        let position = self.position(segment.sequence) + i64::from(segment.syn);
        if !segment.payload.is_empty() {
            let payload = segment.payload.to_vec();
            self.segments.push((stamp, position, payload));
        }
        let behind = position + segment.payload.len() as i64;
        self.newest = self.newest.max(behind);
        if (segment.fin || segment.reset) && self.end.is_none() {
            self.end = Some((stamp, end(segment.reset), behind));
        }
    }

    /// Everything in order, each part at the time at which the receiver could have had it.
    fn pieces(self) -> Vec<(Stamp, Piece)> {
        let mut line = Line {
            next: 1,
            now: (0, 0),
            pieces: Vec::new(),
        };
        let mut early: BTreeMap<i64, Vec<(Stamp, Vec<u8>)>> = BTreeMap::new();
        for (stamp, position, bytes) in self.segments {
            if position > line.next {
                early.entry(position).or_default().push((stamp, bytes));
                continue;
            }
            line.deliver(stamp, position, &bytes);
            // What had come before its time may be next now.
            while let Some(first) = early.first_entry() {
                if *first.key() > line.next {
                    break;
                }
                let (position, segments) = first.remove_entry();
                for (stamp, bytes) in segments {
                    line.deliver(stamp, position, &bytes);
                }
            }
        }
        // What never came is missing.
        for (position, segments) in early {
            for (stamp, bytes) in segments {
                line.skip_to(stamp, position);
                line.deliver(stamp, position, &bytes);
            }
        }
        if let Some((stamp, end, behind)) = self.end {
            if end == End::Closed {
                line.skip_to(stamp, behind);
            }
            line.pieces.push((stamp.max(line.now), Piece::End(end)));
        }
        line.pieces
    }
}

/// One side in the making.
struct Line {
    /// Position of the next byte.
    next: i64,
    now: Stamp,
    pieces: Vec<(Stamp, Piece)>,
}

impl Line {
    /// Adds what is new of a segment; what came first wins over what repeats it.
    fn deliver(&mut self, stamp: Stamp, position: i64, bytes: &[u8]) {
        let known = usize::try_from(self.next - position).unwrap_or(usize::MAX);
        let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) else {
            return;
        };
        self.now = self.now.max(stamp);
        self.next += fresh.len() as i64;
        self.pieces.push((self.now, Piece::Bytes(fresh.to_vec())));
    }

    /// Says that everything before a position is missing that has not come.
    fn skip_to(&mut self, stamp: Stamp, position: i64) {
        if position > self.next {
            self.now = self.now.max(stamp);
            let missing = position.abs_diff(self.next);
            self.pieces.push((self.now, Piece::Missing(missing)));
            self.next = position;
        }
    }
}

impl Connection {
    /// A connection whose first captured segment is `segment`.
    pub(super) fn new(segment: &Segment<'_>, at: u64) -> Self {
        // The second segment of a connection is the answer to the first.
        let (first, second) = if segment.syn && segment.ack {
            (segment.to, segment.from)
        } else {
            (segment.from, segment.to)
        };
        Self {
            first,
            second,
            begun: segment.syn,
            halves: [Half::default(), Half::default()],
            last: at,
        }
    }

    /// Whether a segment belongs to another connection between the same ends.
    pub(super) fn is_over_for(&self, segment: &Segment<'_>) -> bool {
        if !segment.syn || segment.ack {
            return false;
        }
        let [one, another] = &self.halves;
        let half = if segment.from == self.first {
            one
        } else {
            another
        };
        // The same number is the same segment again.
        half.base != Some(segment.sequence) || !half.known
    }

    pub(super) fn add(&mut self, segment: &Segment<'_>, stamp: Stamp) {
        self.last = self.last.max(stamp.1);
        let [one, another] = &mut self.halves;
        if segment.from == self.first {
            one.add(segment, stamp);
        } else {
            another.add(segment, stamp);
        }
    }

    /// Whether its beginning was captured.
    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// Whether its end was captured.
    pub(super) fn is_over(&self) -> bool {
        self.halves.iter().any(|half| half.end.is_some())
    }

    /// When anything of it was last seen.
    pub(super) fn opened(&self) -> u64 {
        self.last
    }

    /// The device and the server: who opened it, where that was seen; else the port tells.
    pub(super) fn ends(&self, port: Option<u16>) -> (SocketAddr, SocketAddr) {
        let (first, second) = (self.first, self.second);
        if self.begun {
            return (first, second);
        }
        let serves = |end: SocketAddr| match port {
            Some(port) => end.port() == port,
            None => SERVER_PORTS.contains(&end.port()),
        };
        let swapped = match (serves(first), serves(second)) {
            (true, false) => true,
            (false, true) => false,
            // Ports that a system chooses are the higher ones.
            _ => first.port() < second.port(),
        };
        if swapped {
            (second, first)
        } else {
            (first, second)
        }
    }

    /// All that both sides did, in the order of time.
    pub(super) fn pieces(self, device: SocketAddr) -> Vec<(u64, Role, Piece)> {
        let first = role(self.first == device);
        let second = role(self.first != device);
        let [one, another] = self.halves;
        let mut all: Vec<(Stamp, Role, Piece)> = Vec::new();
        for (role, half) in [(first, one), (second, another)] {
            // Where the rest of a connection begins, a side may have sent something before.
            if self.begun && !half.known && half.base.is_some() {
                all.push(((0, 0), role, Piece::Missing(0)));
            }
            let pieces = half.pieces().into_iter();
            all.extend(pieces.map(|(stamp, piece)| (stamp, role, piece)));
        }
        // Stable: what one side did stays in its order.
        all.sort_by_key(|(stamp, ..)| *stamp);
        let all = all.into_iter();
        all.map(|((_, at), role, piece)| (at, role, piece))
            .collect()
    }
}

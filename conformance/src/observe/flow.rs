//! The bytes of one side, cut into messages.

use iotmp_spec::model::Spec;

use super::header::{self, Header};
use super::message::Passed;
use crate::case::Role;
use crate::codec::Codec;

/// Messages in a row that prove that a start which was searched for is one.
const PROOF: u32 = 8;

/// Whether it is known where messages begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// From the first byte on.
    Known,
    /// Searched for, with as many messages since.
    Found(u32),
    /// Not any more.
    Searching,
    /// The side broke it off itself.
    Broken,
}

/// One side of a connection.
#[derive(Debug)]
pub(super) struct Flow {
    from: Role,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were read.
    read: usize,
    /// Bytes of the side before the buffer.
    offset: u64,
    messages: u64,
    trust: Trust,
    /// Bytes that were passed over in the search for a start.
    passed_over: u64,
}

/// What comes next on one side.
#[derive(Debug)]
pub(super) enum Item {
    /// A message.
    Message(Box<Passed>),
    /// The bytes at this offset cannot begin a message; nothing behind them can be read.
    Broken {
        offset: u64,
        why: String,
        bytes: Vec<u8>,
    },
    /// The start that was searched for was none.
    Lost,
}

impl Flow {
    pub(super) fn new(from: Role) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            read: 0,
            offset: 0,
            messages: 0,
            trust: Trust::Known,
            passed_over: 0,
        }
    }

    /// Whether what it says may be held against its side.
    pub(super) fn is_trusted(&self) -> bool {
        match self.trust {
            Trust::Known => true,
            Trust::Found(messages) => messages >= PROOF,
            Trust::Searching | Trust::Broken => false,
        }
    }

    /// Bytes that were passed over in the search for the start of a message.
    pub(super) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Messages so far.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes of a message that has not ended yet.
    pub(super) fn unfinished(&self) -> usize {
        match self.trust {
            Trust::Known | Trust::Found(_) => self.buffer.len().saturating_sub(self.read),
            Trust::Searching | Trust::Broken => 0,
        }
    }

    /// Where the unfinished message begins, and its bytes.
    pub(super) fn rest(&self) -> (u64, &[u8]) {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        (self.offset + self.read as u64, rest)
    }

    /// Bytes are missing: `missing` of them, if that is known.
    pub(super) fn gap(&mut self, missing: u64) {
        let dropped = self.buffer.len() as u64;
        self.passed_over += dropped.saturating_sub(self.read as u64);
        self.offset += dropped + missing;
        self.buffer.clear();
        self.read = 0;
        if self.trust != Trust::Broken {
            self.trust = Trust::Searching;
        }
    }

    /// Takes bytes as they came in one piece.
    pub(super) fn push(&mut self, codec: Codec<'static>, bytes: &[u8]) {
        match self.trust {
            Trust::Known | Trust::Found(_) => {}
            Trust::Searching if begins(codec, bytes) => self.trust = Trust::Found(0),
            Trust::Searching => {
                self.passed_over += bytes.len() as u64;
                self.offset += bytes.len() as u64;
                return;
            }
            Trust::Broken => {
                self.offset += bytes.len() as u64;
                return;
            }
        }
        self.buffer.drain(..self.read);
        self.offset += self.read as u64;
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it has come.
    pub(super) fn next(&mut self, codec: Codec<'static>, at: u64) -> Option<Item> {
        let rest = self.buffer.get(self.read..)?;
        if rest.is_empty() {
            return None;
        }
        let offset = self.offset + self.read as u64;
        let length = match header::read(&codec.spec().framing, rest) {
            Some(Header::Whole(length)) if length <= rest.len() => length,
            Some(Header::Whole(_) | Header::Partial) | None => return None,
            Some(Header::Broken(why)) => {
                let bytes = rest.to_vec();
                let known = self.is_trusted();
                self.offset += self.buffer.len() as u64;
                self.buffer.clear();
                self.read = 0;
                if known {
                    self.trust = Trust::Broken;
                    return Some(Item::Broken { offset, why, bytes });
                }
                self.passed_over += bytes.len() as u64;
                self.trust = Trust::Searching;
                return Some(Item::Lost);
            }
        };
        let bytes = rest.get(..length).unwrap_or_default().to_vec();
        self.read += length;
        self.messages += 1;
        if let Trust::Found(messages) = &mut self.trust {
            *messages = messages.saturating_add(1);
        }
        let place = (at, self.messages, offset);
        let passed = Passed::read(codec, self.from, place, bytes);
        Some(Item::Message(Box::new(passed)))
    }
}

/// Whether `bytes` are whole messages that the specification knows, and nothing else.
fn begins(codec: Codec<'static>, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some(Header::Whole(length)) = header::read(&codec.spec().framing, rest) else {
            return false;
        };
        let Some((message, more)) = rest.split_at_checked(length) else {
            return false;
        };
        let known = codec.decode(message).is_ok_and(|decoded| {
            let name = decoded.message.get("type").and_then(|name| name.as_str());
            name.is_some_and(|name| codec.spec().message(name).is_some())
        });
        if !known {
            return false;
        }
        rest = more;
    }
    !bytes.is_empty()
}

/// Whether `bytes` begin like a message of that specification, whole or not.
pub(super) fn looks_like(spec: &'static Spec, bytes: &[u8]) -> bool {
    let codec = Codec::new(spec);
    let name = match codec.decode(bytes) {
        Ok(decoded) => {
            let name = decoded.message.get("type").and_then(|name| name.as_str());
            name.map(str::to_owned)
        }
        Err(refusal) => refusal.annotations.first().map(|first| first.path.clone()),
    };
    name.is_some_and(|name| spec.message(&name).is_some())
}

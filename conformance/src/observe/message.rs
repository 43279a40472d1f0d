//! One message that passed.

use iotmp_ref::pson::Value;
use serde_json::Value as Json;

use crate::case::Role;
use crate::codec::{Annotation, Class, Codec, Decoded, Refusal};
use crate::json;
use crate::subject::{Line, Received, Side, phrase};

/// Bytes of a message that are kept as evidence.
const KEPT: usize = 512;

/// A message as it passed, and what it means.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub(super) mark: Mark,
    pub(super) content: Result<Received, Refusal>,
    pub(super) annotations: Vec<Annotation>,
    /// All of its bytes.
    pub(super) bytes: Vec<u8>,
}

/// Where a message stands, and what is shown of it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) from: Role,
    /// Microseconds since the observation began.
    pub(super) at: u64,
    /// Messages of this side up to this one.
    pub(super) number: u64,
    /// Bytes of this side before it.
    pub(super) offset: u64,
    /// Its first bytes.
    shown: Vec<u8>,
    /// All of its bytes, counted.
    length: usize,
    /// What it is in words.
    phrase: String,
    codec: Codec<'static>,
}

impl Passed {
    /// Reads a message.
    pub(super) fn read(
        codec: Codec<'static>,
        from: Role,
        (at, number, offset): (u64, u64, u64),
        bytes: Vec<u8>,
    ) -> Self {
        let (content, annotations, phrase) = match codec.decode(&bytes) {
            Ok(Decoded {
                message,
                annotations,
                ..
            }) => {
                let phrase = phrase(&message);
                let received = Received {
                    message,
                    bytes: Vec::new(),
                };
                (Ok(received), annotations, phrase)
            }
            Err(refusal) => {
                let phrase = format!("a message that cannot be read ({refusal})");
                let annotations = refusal.annotations.clone();
                (Err(refusal), annotations, phrase)
            }
        };
        let mark = Mark {
            from,
            at,
            number,
            offset,
            shown: bytes.get(..KEPT).unwrap_or(&bytes).to_vec(),
            length: bytes.len(),
            phrase,
            codec,
        };
        Self {
            mark,
            content,
            annotations,
            bytes,
        }
    }

    /// What it is called, also where it cannot be read; empty without a type.
    pub(super) fn name(&self) -> &str {
        match &self.content {
            Ok(received) => received.name(),
            Err(_) => self
                .annotations
                .first()
                .map_or("", |first| first.path.as_str()),
        }
    }

    /// The stream identifier, as far as it can be read.
    pub(super) fn stream_id(&self) -> Option<u64> {
        match &self.content {
            Ok(received) => received.stream_id(),
            Err(_) => {
                let path = format!("{}.stream_id", self.name());
                let numbers = self.annotations.iter().rev();
                let mut numbers = numbers.filter(|note| note.label == "number");
                let number = numbers.find(|note| note.path == path)?;
                number.value.parse().ok()
            }
        }
    }

    /// What a field means, if the message was read and has it.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        let received = self.content.as_ref().ok()?;
        json::field_meaning(received.field(name)?).ok()
    }

    /// The field as it was read.
    pub(super) fn json(&self, name: &str) -> Option<&Json> {
        self.content.as_ref().ok()?.field(name)
    }

    /// The class of the fault in its bytes.
    pub(super) fn fault(&self) -> Option<Class> {
        self.content.as_ref().err().map(|refusal| refusal.class)
    }
}

impl Mark {
    /// The message as a line of evidence against `blamed`.
    pub(super) fn line(&self, connection: u64, blamed: Role) -> Line {
        let side = if self.from == blamed {
            Side::Subject
        } else {
            Side::Peer
        };
        let Self {
            from,
            number,
            offset,
            phrase,
            ..
        } = self;
        let mut note = format!("{from} message {number} at offset {offset}: {phrase}");
        if self.shown.len() < self.length {
            note.push_str(&format!(" (the first {KEPT} of {} bytes)", self.length));
        }
        Line::observed(self.at, connection, side, &self.shown, note, self.codec)
    }

    /// Where it stands, in words.
    pub(super) fn place(&self) -> String {
        format!("message {} at offset {}", self.number, self.offset)
    }

    /// What it is in words.
    pub(super) fn phrase(&self) -> &str {
        &self.phrase
    }
}

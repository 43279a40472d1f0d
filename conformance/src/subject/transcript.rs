//! Everything that passed on the wire while a case ran.

mod lines;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::lines::Lines;
use crate::codec::{Codec, explain, explain_refusal};

/// One step of a conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Microseconds since the run began.
    pub at_us: u64,
    /// Connection of the run, from 1.
    pub connection: u64,
    /// Who did it.
    pub from: Side,
    /// Bytes on the wire as lower-case hex; empty for what is not bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hex: String,
    /// What it is in words.
    pub note: String,
    /// The bytes field by field, one row a line; only where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// How to read the bytes.
    #[serde(skip)]
    codec: Option<Codec<'static>>,
}

/// Who did what a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The suite.
    Suite,
    /// The subject.
    Subject,
    /// The other end of a connection that the suite only watches.
    Peer,
}

/// Bytes of one line that are kept; what is longer is cut.
const KEPT: usize = 512;

/// A shared record, cheap to clone. Of a long one the middle is left out.
#[derive(Debug, Clone)]
pub struct Transcript {
    start: Instant,
    lines: Arc<Mutex<Lines>>,
    accused: Arc<OnceLock<&'static str>>,
    convicted: Arc<OnceLock<(String, String)>>,
    excused: Arc<OnceLock<&'static str>>,
    flooded: Arc<OnceLock<String>>,
}

impl Transcript {
    /// An empty record whose times count from `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            lines: Arc::default(),
            accused: Arc::default(),
            convicted: Arc::default(),
            excused: Arc::default(),
            flooded: Arc::default(),
        }
    }

    /// When the times begin.
    #[must_use]
    pub const fn start(&self) -> Instant {
        self.start
    }

    /// Says which clause was broken by what just came, whatever the case is about.
    pub(crate) fn accuse(&self, clause: &'static str) {
        // What came after it may be its consequence.
        let _ = self.accused.set(clause);
    }

    /// The clause that was broken by something that came, whatever the case is about.
    #[must_use]
    pub fn accused(&self) -> Option<&'static str> {
        self.accused.get().copied()
    }

    /// The same of what no case may pass with: what should have come, and what did.
    pub(super) fn convict(&self, clause: &'static str, expected: String, got: String) {
        self.accuse(clause);
        let _ = self.convicted.set((expected, got));
    }

    /// What came that no case may pass with, if anything: what should have come, and what did.
    pub(crate) fn convicted(&self) -> Option<&(String, String)> {
        self.convicted.get()
    }

    /// Says what the subject did of its own accord, as it may, so that a case may come to nothing.
    pub(super) fn excuse(&self, why: &'static str) {
        let _ = self.excused.set(why);
    }

    /// Why a case may have come to nothing although nobody broke a rule.
    #[must_use]
    pub fn excused(&self) -> Option<&'static str> {
        self.excused.get().copied()
    }

    /// Says that the subject sent more than is read.
    pub(super) fn flood(&self, what: String) {
        let _ = self.flooded.set(what);
    }

    /// What the subject sent where that is more than is read.
    #[must_use]
    pub fn flooded(&self) -> Option<&str> {
        self.flooded.get().map(String::as_str)
    }

    /// Adds a line.
    pub fn add(&self, connection: u64, from: Side, note: impl Into<String>) {
        self.push(connection, from, &[], note.into(), None);
    }

    /// Adds bytes, and how to read them.
    pub fn bytes(
        &self,
        connection: u64,
        from: Side,
        bytes: &[u8],
        note: impl Into<String>,
        codec: Codec<'static>,
    ) {
        self.push(connection, from, bytes, note.into(), Some(codec));
    }

    fn push(
        &self,
        connection: u64,
        from: Side,
        bytes: &[u8],
        mut note: String,
        codec: Option<Codec<'static>>,
    ) {
        let kept = bytes.get(..KEPT).unwrap_or(bytes);
        if kept.len() < bytes.len() {
            note.push_str(&format!(" (the first {KEPT} of {} bytes)", bytes.len()));
        }
        let line = Line {
            at_us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            connection,
            from,
            hex: hex::encode(kept),
            note,
            fields: Vec::new(),
            codec,
        };
        self.lines().push(line);
    }

    /// Takes over what another record holds.
    pub fn adopt(&self, other: &Self) {
        if Arc::ptr_eq(&self.lines, &other.lines) {
            return;
        }
        let taken = core::mem::take(&mut *other.lines());
        self.lines().append(taken);
    }

    /// Forgets all but the last `count` lines.
    pub(crate) fn keep_last(&self, count: usize) {
        self.lines().keep_last(count);
    }

    /// A copy of the lines so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Line> {
        self.lines().snapshot()
    }

    /// A copy of the lines so far, their bytes named field by field.
    #[must_use]
    pub fn annotated(&self) -> Vec<Line> {
        let mut lines = self.snapshot();
        for line in &mut lines {
            line.annotate();
        }
        lines
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
        // A line is pushed whole or not at all, so that a poisoned lock hides nothing broken.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// A message that passed between others, its bytes named field by field.
    pub(crate) fn observed(
        at_us: u64,
        connection: u64,
        from: Side,
        bytes: &[u8],
        note: String,
        codec: Codec<'static>,
    ) -> Self {
        let mut line = Self {
            at_us,
            connection,
            from,
            hex: hex::encode(bytes),
            note,
            fields: Vec::new(),
            codec: Some(codec),
        };
        line.annotate();
        line
    }

    /// Names the bytes field by field, message after message.
    fn annotate(&mut self) {
        let (Some(codec), Ok(bytes)) = (self.codec, hex::decode(&self.hex)) else {
            return;
        };
        self.fields = fields(codec, &bytes);
    }
}

/// Bytes field by field, message after message, one row a line.
#[must_use]
pub fn fields(codec: Codec<'static>, bytes: &[u8]) -> Vec<String> {
    let mut rows = Vec::new();
    let mut rest = bytes;
    let mut base = 0;
    while !rest.is_empty() {
        let (table, consumed) = match codec.decode(rest) {
            Ok(decoded) => (explain(rest, &decoded.annotations, base), decoded.consumed),
            Err(refusal) => (explain_refusal(rest, &refusal, base), rest.len()),
        };
        rows.extend(table.lines().map(str::to_owned));
        rest = rest.get(consumed.max(1)..).unwrap_or_default();
        base += consumed.max(1);
    }
    rows
}

//! Keep Alive, and its absence.

use std::collections::VecDeque;

use iotmp_spec::model::Spec;

use super::super::message::{Mark, Passed};
use super::super::rule;
use super::{Book, SECOND, SLACK};
use crate::case::Role;

/// Keep Alives that wait for their answers and are remembered.
const MOST_OPEN: usize = 64;

/// What is known of the life of a connection.
#[derive(Debug)]
pub(super) struct Alive {
    /// Interval, with the margin that the server allows; none before the session began.
    allowed: Option<u64>,
    /// How long an answer may take.
    answer: u64,
    margin: u64,
    patience: u64,
    /// The last Keep Alive of the device, or the beginning.
    last: u64,
    mark: Option<Mark>,
    /// Whether the next one is overdue, and was charged.
    overdue: bool,
    /// Whether the server was charged with keeping such a device.
    tolerated: bool,
    open: VecDeque<Mark>,
    /// The Keep Alive that was not answered in time.
    unanswered: Option<Mark>,
    /// Whether the device was charged with staying.
    stayed: bool,
}

impl Alive {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            allowed: None,
            answer: 0,
            margin: spec.timer("keep_alive_margin").unwrap_or(0),
            patience: spec.timer("keep_alive_answer").unwrap_or(10),
            last: 0,
            mark: None,
            overdue: false,
            tolerated: false,
            open: VecDeque::new(),
            unanswered: None,
            stayed: false,
        }
    }

    /// The session began, with an interval of so many seconds.
    pub(super) fn begin(&mut self, at: u64, seconds: u64) {
        let interval = seconds.saturating_mul(SECOND);
        self.allowed = Some(interval.saturating_add(interval / 100 * self.margin));
        self.answer = interval.min(self.patience.saturating_mul(SECOND));
        self.last = at;
    }

    /// Something was not seen: it may have been a Keep Alive.
    pub(super) fn forget(&mut self) {
        self.allowed = None;
        self.open.clear();
        self.unanswered = None;
    }

    /// A Keep Alive passed.
    pub(super) fn passed(&mut self, book: &mut Book, passed: &Passed) {
        let mark = &passed.mark;
        // The header takes two bytes, whatever the specification calls its type.
        let size = passed
            .annotations
            .iter()
            .find(|note| note.label == "body size");
        let end = size.map_or(passed.bytes.len(), |size| size.offset + size.length);
        if passed.bytes.len() > end {
            let got = format!("a body of {} bytes", passed.bytes.len() - end);
            book.broken(&rule::ALIVE_EMPTY, mark.from, ("no body", got), &[mark]);
        } else {
            book.kept(&rule::ALIVE_EMPTY, mark.from);
        }
        match mark.from {
            Role::Device => {
                if self.allowed.is_some() && !self.overdue {
                    book.kept(&rule::ALIVE_INTERVAL, mark.from);
                }
                self.overdue = false;
                self.tolerated = false;
                self.last = mark.at;
                self.mark = Some(mark.clone());
                if self.open.len() < MOST_OPEN {
                    self.open.push_back(mark.clone());
                }
            }
            Role::Server => {
                self.unanswered = None;
                if self.open.pop_front().is_some() {
                    book.kept(&rule::ALIVE_ANSWERED, mark.from);
                    book.kept(&rule::ALIVE_IN_TIME, mark.from);
                }
            }
        }
    }

    /// What was due by now.
    pub(super) fn tick(&mut self, book: &mut Book, at: u64) {
        let Some(allowed) = self.allowed else { return };
        let late = at.saturating_sub(self.last);
        if late > allowed.saturating_add(SLACK) && !self.overdue {
            self.overdue = true;
            let expected = format!("Keep Alive within {}", seconds(allowed));
            let texts = (expected, format!("none for {}", seconds(late)));
            let marks: Vec<&Mark> = self.mark.iter().collect();
            book.broken(&rule::ALIVE_INTERVAL, Role::Device, texts, &marks);
        }
        // A server that goes by a clock of its own is late by more than the network.
        let patience = allowed.saturating_add(3 * SLACK);
        if late > patience && !self.tolerated {
            self.tolerated = true;
            let expected = format!("the end of the connection within {}", seconds(allowed));
            let texts = (expected, format!("still open after {}", seconds(late)));
            let marks: Vec<&Mark> = self.mark.iter().collect();
            book.broken(&rule::ALIVE_MISSED, Role::Server, texts, &marks);
        }
        while let Some(first) = self.open.front() {
            let waited = at.saturating_sub(first.at);
            if waited <= self.answer.saturating_add(SLACK) {
                break;
            }
            let expected = format!("Keep Alive within {}", seconds(self.answer));
            let texts = (expected, format!("none for {}", seconds(waited)));
            book.broken(&rule::ALIVE_ANSWERED, Role::Server, texts, &[first]);
            let first = self.open.pop_front();
            if self.unanswered.is_none() {
                self.unanswered = first;
            }
        }
        if let Some(unanswered) = &self.unanswered
            && !self.stayed
            && at.saturating_sub(unanswered.at) > 2 * self.answer + 2 * SLACK
        {
            self.stayed = true;
            let texts = ("the end of the connection", "it goes on");
            book.broken(&rule::ALIVE_UNANSWERED, Role::Device, texts, &[unanswered]);
        }
    }

    /// A side left.
    pub(super) fn left(&mut self, book: &mut Book, from: Role, at: u64) {
        let Some(allowed) = self.allowed else { return };
        match from {
            Role::Server if at.saturating_sub(self.last) > allowed => {
                book.kept(&rule::ALIVE_MISSED, from);
            }
            Role::Device if self.unanswered.is_some() && !self.stayed => {
                book.kept(&rule::ALIVE_UNANSWERED, from);
            }
            _ => {}
        }
        self.allowed = None;
    }
}

/// A time in words.
pub(super) fn seconds(micros: u64) -> String {
    format!("{}.{:03} s", micros / SECOND, micros % SECOND / 1000)
}

//! How often each rule was kept, and how it was broken.

use std::collections::BTreeMap;

use super::rule::Rule;
use crate::case::Role;
use crate::subject::Line;
use crate::verdict::Failure;

/// Notes that are kept; of more, only that there were more.
const MOST_NOTES: usize = 100;

/// How one rule went for one side.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Times that it was kept.
    pub kept: u64,
    /// Times that it was broken.
    pub broken: u64,
    /// The first time that it was broken, with what proves it.
    pub first: Option<(Failure, Vec<Line>)>,
    /// Times that the traffic could not tell, and why the first time.
    pub unclear: Option<(u64, String)>,
    /// The reading of an ambiguity that was seen.
    pub reading: Option<(String, String)>,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.broken += other.broken;
        if self.first.is_none() {
            self.first = other.first;
        }
        self.unclear = match (self.unclear.take(), other.unclear) {
            (Some((count, why)), Some((more, _))) => Some((count + more, why)),
            (one, other) => one.or(other),
        };
        if self.reading.is_none() {
            self.reading = other.reading;
        }
    }
}

/// All that was found, on one connection or on many.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    scores: BTreeMap<(Role, &'static str), Score>,
    /// What else is worth knowing, in the order in which it was noticed.
    pub notes: Vec<String>,
    /// Messages that passed, by side: device, server.
    pub messages: [u64; 2],
}

impl Findings {
    pub(super) fn score(&mut self, rule: &Rule, side: Role) -> &mut Score {
        self.scores.entry((side, rule.slug)).or_default()
    }

    /// How a rule went for a side.
    #[must_use]
    pub fn get(&self, rule: &Rule, side: Role) -> Option<&Score> {
        self.scores.get(&(side, rule.slug))
    }

    /// Takes over what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        for (key, score) in other.scores {
            self.scores.entry(key).or_default().add(score);
        }
        let room = MOST_NOTES.saturating_sub(self.notes.len());
        if other.notes.len() > room && room > 0 {
            self.notes.extend(other.notes.into_iter().take(room - 1));
            self.notes.push("more notes are left out".to_owned());
        } else if room > 0 {
            self.notes.extend(other.notes);
        }
        for (count, more) in self.messages.iter_mut().zip(other.messages) {
            *count += more;
        }
    }
}

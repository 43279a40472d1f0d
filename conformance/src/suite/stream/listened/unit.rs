//! In which unit a server counts the interval of a stream, which some sources leave open.

use super::interval_of;
use crate::family;
use crate::subject::{Peer, Received};

/// Ambiguity that says in which unit the interval is.
pub(super) const UNIT: &str = "IOTMP25-AMB-INTERVAL";
/// What says so where it is no ambiguity any more.
const RULES: [&str; 2] = ["IOTMP20-STREAM-016", "IOTMPS-STREAM-001"];

/// How many of its units a server counts to a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PerSecond(u64);

impl PerSecond {
    /// What the readings of the ambiguity mean.
    const READINGS: [(&str, Self); 2] = [("seconds", Self(1)), ("milliseconds", Self(1000))];

    /// The unit that the specification reads the sources to mean.
    fn of(peer: &Peer) -> Self {
        let unit = family::ambiguity(peer.spec(), UNIT);
        let unit = unit.map(|unit| unit.reference.as_str());
        let mut readings = Self::READINGS.into_iter();
        let read = readings.find(|(reading, _)| unit == Some(*reading));
        read.map_or(Self(1), |(_, unit)| unit)
    }

    /// The reading of a server that opens a stream for a listener who wants a value every so many
    /// seconds: where a rule names the unit, or in no unit at all, that of the rule.
    pub(super) fn seen(peer: &Peer, start: &Received, seconds: u64) -> Self {
        if unit_rule(peer).is_some() {
            return Self::of(peer);
        }
        let interval = interval_of(peer, start);
        let mut readings = Self::READINGS.into_iter().map(|(_, unit)| unit);
        let read = readings.find(|unit| unit.count(seconds) == interval);
        read.unwrap_or_else(|| Self::of(peer))
    }

    pub(super) const fn count(self, seconds: u64) -> u64 {
        seconds.saturating_mul(self.0)
    }

    pub(super) fn reading(self) -> &'static str {
        let mut readings = Self::READINGS.into_iter();
        let own = readings.find(|(_, unit)| *unit == self);
        own.map_or("", |(reading, _)| reading)
    }
}

/// The rule of the unit, where the revision has one.
pub(super) fn unit_rule(peer: &Peer) -> Option<&'static str> {
    let mut rules = RULES.into_iter();
    rules.find(|rule| family::clause(peer.spec(), rule).is_some())
}

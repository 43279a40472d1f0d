//! How much of what a subject sends is read on one connection.
//!
//! A subject that sends without end would keep a case from its own: what comes
//! is always there, so that no wait ever ends in silence.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use iotmp_spec::model::Spec;

use super::watch::ONE_BEAT;
use crate::case::Role;
use crate::family;

/// Messages that a subject may send of its own accord while one case has the connection.
const MESSAGES: u64 = 20_000;
/// Messages of a subject that has flooded several connections.
const MESSAGES_THEN: u64 = 2000;
/// Connections that are read at length.
const AT_LENGTH: u32 = 2;
/// Bytes of the smallest message.
const SMALLEST: u64 = 2;
/// Bytes that a subject may send of its own accord: more than one message of any size that is read.
const BYTES: u64 = 48 << 20;
/// Bytes that it may send for each that it was sent: what is written one way comes back in another.
const EACH: u64 = 8;

/// A Keep Alive every interval.
const EVERY_INTERVAL: &str = "IOTMP25-KEEPALIVE-002";

/// Connections so far on which a subject sent more than it may, for all of them.
pub(super) type Floods = Arc<AtomicU32>;

/// The account of one connection.
#[derive(Debug)]
pub(super) struct Allowance {
    messages: u64,
    beats: u64,
    bytes: u64,
    /// Bytes that the suite has sent, but for its answers: those to a flood are one as well.
    sent: u64,
    spent: Option<String>,
    floods: Floods,
}

impl Allowance {
    pub(super) const fn new(floods: Floods) -> Self {
        Self {
            messages: 0,
            beats: 0,
            bytes: 0,
            sent: 0,
            spent: None,
            floods,
        }
    }

    /// The same for the next case on the connection.
    pub(super) fn renewed(&self) -> Self {
        Self::new(Arc::clone(&self.floods))
    }

    pub(super) const fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    pub(super) const fn read(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(super) fn message(&mut self, name: &str) {
        self.messages += 1;
        self.beats += u64::from(name == "keep_alive");
    }

    /// What came that is more than nobody asked for, in words.
    pub(super) fn spent(&mut self) -> Option<String> {
        if self.spent.is_none() {
            let allowed = match self.floods.load(Ordering::Relaxed) {
                AT_LENGTH.. => MESSAGES_THEN,
                _ => MESSAGES,
            };
            if self.messages > allowed + self.sent / SMALLEST
                || self.bytes > BYTES + EACH * self.sent
            {
                self.floods.fetch_add(1, Ordering::Relaxed);
                self.spent = Some(format!(
                    "{} messages, {} bytes, on one connection where it was sent {} bytes",
                    self.messages, self.bytes, self.sent
                ));
            }
        }
        self.spent.clone()
    }

    /// The clause that such a flood breaks, if most of it is Keep Alive: nothing else has a measure.
    pub(super) fn broken(&self, spec: &Spec, role: Role) -> Option<&'static str> {
        let clause = match role {
            Role::Device => EVERY_INTERVAL,
            Role::Server => ONE_BEAT,
        };
        let is_beat = self.beats * 2 > self.messages;
        (is_beat && family::clause(spec, clause).is_some()).then_some(clause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flooded(allowance: &mut Allowance, name: &str) -> u64 {
        (1..)
            .find(|_| {
                allowance.message(name);
                allowance.spent().is_some()
            })
            .unwrap()
    }

    #[test]
    fn what_is_asked_for_is_read_and_a_flood_is_not() {
        let floods = Floods::default();
        let mut asked = Allowance::new(Arc::clone(&floods));
        asked.sent(200_000);
        for _ in 0..100_000 {
            asked.message("ok");
            assert_eq!(asked.spent(), None);
        }
        for _ in 0..AT_LENGTH {
            let mut unasked = Allowance::new(Arc::clone(&floods));
            assert_eq!(flooded(&mut unasked, "run"), MESSAGES + 1);
        }
        let mut next = Allowance::new(floods).renewed();
        assert_eq!(flooded(&mut next, "run"), MESSAGES_THEN + 1);
    }

    #[test]
    fn only_keep_alive_has_a_measure() {
        let spec = crate::specs::by_name("iotmp-shipping").unwrap();
        let mut beats = Allowance::new(Floods::default());
        flooded(&mut beats, "keep_alive");
        assert_eq!(beats.broken(spec, Role::Device), Some(EVERY_INTERVAL));
        assert_eq!(beats.broken(spec, Role::Server), Some(ONE_BEAT));
        let mut calls = Allowance::new(Floods::default());
        flooded(&mut calls, "run");
        assert_eq!(calls.broken(spec, Role::Device), None);
    }
}

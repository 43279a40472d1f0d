//! Open streams, both ways, and the timers of those that this end feeds.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use super::packet::{DataKind, Resource};

/// Streams that are open on a connection.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Opened by the peer, fed by this end.
    fed: BTreeMap<u16, Fed>,
    /// Opened by this end, fed by the peer.
    read: BTreeMap<u16, Read>,
    /// When the next value of a fed stream is due.
    ticks: BTreeSet<(Duration, u16)>,
    /// Fed streams that are due, each once.
    due: VecDeque<u16>,
}

#[derive(Debug)]
struct Fed {
    resource: Resource,
    interval: Duration,
    next: Option<Duration>,
    is_due: bool,
}

/// A stream that the peer feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// It brings values.
    Open,
    /// Its end was asked for and not yet confirmed.
    Closing,
}

impl Streams {
    pub(super) fn fed_len(&self) -> usize {
        self.fed.len()
    }

    pub(super) fn read_len(&self) -> usize {
        self.read.len()
    }

    pub(super) fn is_fed(&self, stream_id: u16) -> bool {
        self.fed.contains_key(&stream_id)
    }

    pub(super) fn read(&self, stream_id: u16) -> Option<Read> {
        self.read.get(&stream_id).copied()
    }

    pub(super) fn is_taken(&self, stream_id: u16) -> bool {
        self.is_fed(stream_id) || self.read.contains_key(&stream_id)
    }

    /// The fed stream of a resource.
    pub(super) fn of(&self, resource: &Resource) -> Option<u16> {
        let mut fed = self.fed.iter();
        fed.find(|(_, fed)| fed.resource.same(resource))
            .map(|(&stream_id, _)| stream_id)
    }

    /// Opens a stream for this end to feed, every `interval` from `now` on, or
    /// never by itself if that is zero.
    pub(super) fn feed(
        &mut self,
        now: Duration,
        stream_id: u16,
        resource: Resource,
        interval: Duration,
    ) {
        self.unfeed(stream_id);
        // A time beyond what can be counted never comes.
        let next = now.checked_add(interval).filter(|_| !interval.is_zero());
        self.ticks.extend(next.map(|next| (next, stream_id)));
        let fed = Fed {
            resource,
            interval,
            next,
            is_due: false,
        };
        self.fed.insert(stream_id, fed);
    }

    /// Gives a stream that this end feeds another interval, from `now` on:
    /// whether there is one.
    pub(super) fn set_interval(
        &mut self,
        now: Duration,
        stream_id: u16,
        interval: Duration,
    ) -> bool {
        let Some(fed) = self.fed.get(&stream_id) else {
            return false;
        };
        let resource = fed.resource.clone();
        self.feed(now, stream_id, resource, interval);
        true
    }

    /// What brings the values of a stream about that this end feeds.
    pub(super) fn kind(&self, stream_id: u16) -> DataKind {
        match self.fed.get(&stream_id) {
            Some(fed) if !fed.interval.is_zero() => DataKind::Sample,
            _ => DataKind::Event,
        }
    }

    /// Closes a stream that this end feeds.
    pub(super) fn unfeed(&mut self, stream_id: u16) -> bool {
        let Some(fed) = self.fed.remove(&stream_id) else {
            return false;
        };
        if let Some(next) = fed.next {
            self.ticks.remove(&(next, stream_id));
        }
        if fed.is_due {
            self.due.retain(|&due| due != stream_id);
        }
        true
    }

    pub(super) fn set_read(&mut self, stream_id: u16, state: Read) {
        self.read.insert(stream_id, state);
    }

    pub(super) fn unread(&mut self, stream_id: u16) -> bool {
        self.read.remove(&stream_id).is_some()
    }

    /// When the next value is due.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        self.ticks.first().map(|&(next, _)| next)
    }

    /// Marks what is due at `now` and says how many values were skipped because
    /// their time had passed: a late timer makes no burst.
    pub(super) fn tick(&mut self, now: Duration) -> u64 {
        let mut skipped = 0;
        while let Some(&(next, stream_id)) = self.ticks.first() {
            if next > now {
                break;
            }
            self.ticks.pop_first();
            let Some(fed) = self.fed.get_mut(&stream_id) else {
                continue;
            };
            let (missed, following) = following(next, fed.interval, now);
            skipped += missed + u64::from(fed.is_due);
            fed.next = following;
            self.ticks.extend(following.map(|next| (next, stream_id)));
            if !core::mem::replace(&mut fed.is_due, true) {
                self.due.push_back(stream_id);
            }
        }
        skipped
    }

    /// The next stream that is due.
    pub(super) fn pop_due(&mut self) -> Option<u16> {
        let stream_id = self.due.pop_front()?;
        if let Some(fed) = self.fed.get_mut(&stream_id) {
            fed.is_due = false;
        }
        Some(stream_id)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// After a tick at `at` that is handled at `now`: how many more have passed,
/// and when the first one comes that has not.
pub(crate) fn following(
    at: Duration,
    interval: Duration,
    now: Duration,
) -> (u64, Option<Duration>) {
    let late = now.saturating_sub(at).as_nanos();
    let Some(missed) = late.checked_div(interval.as_nanos()) else {
        return (0, None);
    };
    let missed = u64::try_from(missed).unwrap_or(u64::MAX);
    let steps = missed.saturating_add(1);
    let next = u32::try_from(steps)
        .ok()
        .and_then(|steps| interval.checked_mul(steps))
        .and_then(|ahead| at.checked_add(ahead))
        // So far behind that the phase does not matter any more.
        .or_else(|| now.checked_add(interval));
    (missed, next)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Streams, following};

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_late_timer_keeps_its_phase_and_makes_no_burst() {
        assert_eq!(following(s(10), s(5), s(10)), (0, Some(s(15))));
        assert_eq!(following(s(10), s(5), s(14)), (0, Some(s(15))));
        assert_eq!(following(s(10), s(5), s(15)), (1, Some(s(20))));
        assert_eq!(following(s(10), s(5), s(27)), (3, Some(s(30))));
        assert_eq!(following(s(10), Duration::MAX, s(10)), (0, None));
        let nano = Duration::from_nanos(1);
        let (missed, next) = following(s(0), nano, s(1000));
        assert_eq!((missed, next), (1_000_000_000_000, Some(s(1000) + nano)));
    }

    #[test]
    fn ticks_come_by_stream_and_end_with_it() {
        let mut streams = Streams::default();
        streams.feed(s(0), 1, "a".into(), s(5));
        streams.feed(s(0), 2, "b".into(), s(3));
        streams.feed(s(0), 3, "c".into(), s(0));
        assert_eq!(streams.next_tick(), Some(s(3)));
        assert_eq!(streams.tick(s(3)), 0);
        assert_eq!((streams.pop_due(), streams.pop_due()), (Some(2), None));
        assert_eq!(streams.tick(s(6)), 0);
        assert_eq!(streams.pop_due(), Some(1));
        assert_eq!(streams.pop_due(), Some(2));
        assert_eq!(streams.next_tick(), Some(s(9)));
        streams.tick(s(9));
        assert!(streams.unfeed(2));
        assert_eq!(
            (streams.pop_due(), streams.next_tick()),
            (None, Some(s(10)))
        );
        assert!(!streams.unfeed(2));
    }

    #[test]
    fn what_nobody_polls_is_due_once() {
        let mut streams = Streams::default();
        streams.feed(s(0), 1, "a".into(), s(1));
        assert_eq!(streams.tick(s(1)), 0);
        assert_eq!(streams.tick(s(2)), 1);
        assert_eq!((streams.pop_due(), streams.pop_due()), (Some(1), None));
    }

    #[test]
    fn a_new_interval_replaces_the_old_timer() {
        let mut streams = Streams::default();
        streams.feed(s(0), 1, "a".into(), s(2));
        streams.feed(s(1), 1, "a".into(), s(10));
        assert_eq!((streams.next_tick(), streams.fed_len()), (Some(s(11)), 1));
    }
}

//! One stream of a device for all who listen to it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::pson::Value;
use crate::server::Sample;
use crate::session::{DataKind, following};

/// Shares one stream of a device's resource between listeners, each at its own
/// rate.
///
/// The device is asked for the greatest common divisor of the intervals: for
/// 6 s and 9 s it runs at 3 s, and each listener is handed the values that are
/// its own. It is computed again whenever one comes or goes. A listener with an
/// interval of zero wants events; while nobody else listens, so does the stream.
///
/// It has neither socket nor clock. Its owner tells it what happens
/// ([`join`](Self::join), [`leave`](Self::leave),
/// [`handle_sample`](Self::handle_sample), [`handle_done`](Self::handle_done),
/// [`handle_end`](Self::handle_end)), then does what
/// [`poll_step`](Self::poll_step) says. One step is under way at a time:
///
/// ```text
///          Start ──► handle_done(true)
///  idle ──────────────────────────────► open ──┐ Change,
///   ▲ ▲ └── handle_done(false) ──┐      │  ▲   │ handle_done
///   │ └──────────────────────────┘      │  └───┘
///   └────── Stop, handle_done ──────────┘
/// ```
#[derive(Debug)]
pub struct SharedStream {
    /// Shortest interval that the device is asked for.
    floor: Duration,
    listeners: BTreeMap<ListenerId, Listener>,
    joined: u64,
    phase: Phase,
    /// The last value, by which a change is told.
    last: Option<Value>,
}

/// One who listens, for as long as the [`SharedStream`] lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(u64);

/// What to do to the stream of the device; zero is an interval for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Open it.
    Start(Duration),
    /// Give it another interval.
    Change(Duration),
    /// Close it.
    Stop,
}

#[derive(Debug)]
struct Listener {
    interval: Duration,
    /// When its next value is due; at once if it has had none.
    due: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Starting(Duration),
    Open(Duration),
    Changing { from: Duration, to: Duration },
    Stopping,
}

impl SharedStream {
    /// A stream without listeners. The device is asked for no interval below
    /// `floor`, however the intervals divide; listeners then get the value that
    /// is nearest to their time.
    #[must_use]
    pub const fn new(floor: Duration) -> Self {
        Self {
            floor,
            listeners: BTreeMap::new(),
            joined: 0,
            phase: Phase::Idle,
            last: None,
        }
    }

    /// Adds a listener that wants a value every `interval`, or events if that
    /// is zero. The first value after this is its own in any case.
    pub fn join(&mut self, interval: Duration) -> ListenerId {
        let id = ListenerId(self.joined);
        self.joined += 1;
        let due = None;
        self.listeners.insert(id, Listener { interval, due });
        id
    }

    /// Removes a listener: whether there was one.
    pub fn leave(&mut self, id: ListenerId) -> bool {
        self.listeners.remove(&id).is_some()
    }

    /// Whether nobody listens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Whether the device has no stream and none is being opened.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// Whether values can come.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_) | Phase::Changing { .. })
    }

    /// The interval that all listeners together want of the device; `None` if
    /// nobody listens.
    #[must_use]
    pub fn wanted(&self) -> Option<Duration> {
        if self.listeners.is_empty() {
            return None;
        }
        let intervals = self.listeners.values().map(|listener| listener.interval);
        let common = intervals.fold(Duration::ZERO, common_divisor);
        match common.is_zero() {
            true => Some(common),
            false => Some(common.max(self.floor)),
        }
    }

    /// What to do next, to be confirmed by [`handle_done`](Self::handle_done).
    pub fn poll_step(&mut self) -> Option<Step> {
        let (phase, step) = match (self.phase, self.wanted()) {
            (Phase::Idle, Some(interval)) => (Phase::Starting(interval), Step::Start(interval)),
            (Phase::Open(from), Some(to)) if from != to => {
                (Phase::Changing { from, to }, Step::Change(to))
            }
            (Phase::Open(_), None) => (Phase::Stopping, Step::Stop),
            _ => return None,
        };
        self.phase = phase;
        Some(step)
    }

    /// The step is done, or has failed. What is returned are the listeners that
    /// end with it.
    ///
    /// A stream that the device would not change is closed: nobody could be
    /// given the rate that was promised.
    pub fn handle_done(&mut self, is_ok: bool) -> Vec<ListenerId> {
        self.phase = match (self.phase, is_ok) {
            (Phase::Starting(interval) | Phase::Changing { to: interval, .. }, true) => {
                Phase::Open(interval)
            }
            (Phase::Changing { from, .. }, false) => {
                self.phase = Phase::Open(from);
                return self.clear();
            }
            (Phase::Starting(_), false) => return self.handle_end(),
            (Phase::Stopping, _) => Phase::Idle,
            (Phase::Idle | Phase::Open(_), _) => return Vec::new(),
        };
        Vec::new()
    }

    /// The stream of the device has ended by itself. What is returned are the
    /// listeners that end with it: all.
    pub fn handle_end(&mut self) -> Vec<ListenerId> {
        self.phase = Phase::Idle;
        self.last = None;
        self.clear()
    }

    /// The device has sent a value at `now`. What is returned are the listeners
    /// that it is for.
    pub fn handle_sample(&mut self, now: Duration, sample: &Sample) -> Vec<ListenerId> {
        let interval = match self.phase {
            Phase::Open(interval) => interval,
            Phase::Changing { from, to } => from.min(to),
            _ => return Vec::new(),
        };
        let is_event = self.is_event(interval, sample);
        // A value may come a little early, by the jitter of the network.
        let by = now.saturating_add(interval / 4);
        let mut meant = Vec::new();
        for (&id, listener) in &mut self.listeners {
            if listener.takes(now, by, is_event) {
                meant.push(id);
            }
        }
        meant
    }

    /// Whether a value is one for those who want events. Where a stream with an
    /// interval does not tell, a value is an event if it is not the one before.
    fn is_event(&mut self, interval: Duration, sample: &Sample) -> bool {
        let value = sample.payload.as_ref().or(sample.input.as_ref());
        match sample.kind {
            _ if interval.is_zero() => true,
            DataKind::Event => true,
            DataKind::Sample => false,
            DataKind::Untold if self.last.as_ref() == value => false,
            DataKind::Untold => {
                let wants_events = |listener: &Listener| listener.interval.is_zero();
                if self.listeners.values().any(wants_events) {
                    self.last = value.cloned();
                }
                true
            }
        }
    }

    fn clear(&mut self) -> Vec<ListenerId> {
        let all = core::mem::take(&mut self.listeners);
        all.into_keys().collect()
    }
}

impl Listener {
    /// Whether a value that came at `now` is for it, and counts as being in time
    /// for all that is due at `by`.
    fn takes(&mut self, now: Duration, by: Duration, is_event: bool) -> bool {
        let Some(due) = self.due else {
            // A time beyond what can be counted never comes.
            self.due = Some(now.saturating_add(self.interval));
            return true;
        };
        if self.interval.is_zero() {
            return is_event;
        }
        if due > by {
            return false;
        }
        // The grid stays, so that a late value does not slow the rate down.
        let (_, next) = following(due, self.interval, by);
        self.due = Some(next.unwrap_or(Duration::MAX));
        true
    }
}

/// The greatest interval that goes into both, in milliseconds; zero goes into
/// any.
fn common_divisor(a: Duration, b: Duration) -> Duration {
    let (mut a, mut b) = (millis(a), millis(b));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    Duration::from_millis(a)
}

fn millis(interval: Duration) -> u64 {
    u64::try_from(interval.as_millis()).unwrap_or(u64::MAX)
}

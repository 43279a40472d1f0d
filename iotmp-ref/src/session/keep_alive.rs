//! When keep alives are sent, answered and missed.

use core::time::Duration;

use super::streams::following;

/// The keep alive of one end of an established connection.
#[derive(Debug)]
pub(super) enum KeepAlive {
    /// Not established.
    Off,
    /// A device sends one every interval and waits for each answer.
    Device {
        interval: Duration,
        patience: Duration,
        next: Option<Duration>,
        answer_by: Option<Duration>,
    },
    /// A server waits for the next one.
    Server {
        patience: Duration,
        by: Option<Duration>,
    },
}

/// What the time calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// A keep alive is to be sent.
    Send,
    /// The peer has missed its own.
    Missed,
}

impl KeepAlive {
    /// Sends from `now` on every `interval`; an answer may take `answer`, but
    /// not longer than the interval.
    pub(super) fn device(now: Duration, interval: Duration, answer: Duration) -> Self {
        Self::Device {
            interval,
            patience: answer.min(interval),
            next: now.checked_add(interval),
            answer_by: None,
        }
    }

    /// Waits from `now` on for `patience` at most.
    pub(super) fn server(now: Duration, patience: Duration) -> Self {
        Self::Server {
            patience,
            by: now.checked_add(patience),
        }
    }

    /// One has come from the peer.
    pub(super) fn received(&mut self, now: Duration) {
        match self {
            Self::Off => {}
            Self::Device { answer_by, .. } => *answer_by = None,
            Self::Server { patience, by } => *by = now.checked_add(*patience),
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match *self {
            Self::Off => None,
            Self::Device {
                next, answer_by, ..
            } => next.into_iter().chain(answer_by).min(),
            Self::Server { by, .. } => by,
        }
    }

    pub(super) fn tick(&mut self, now: Duration) -> Due {
        let reached = |time: Option<Duration>| time.is_some_and(|time| time <= now);
        match self {
            Self::Off => Due::Nothing,
            Self::Device {
                interval,
                patience,
                next,
                answer_by,
            } => {
                if reached(*answer_by) {
                    return Due::Missed;
                }
                let Some(at) = next.filter(|&at| at <= now) else {
                    return Due::Nothing;
                };
                *next = following(at, *interval, now).1;
                // One that is still waited for does not get longer because of the next.
                *answer_by = answer_by.or_else(|| now.checked_add(*patience));
                Due::Send
            }
            Self::Server { by, .. } if reached(*by) => Due::Missed,
            Self::Server { .. } => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Due, KeepAlive};

    #[test]
    fn a_late_timer_does_not_forgive_a_missed_answer() {
        let second = Duration::from_secs(1);
        let late = Duration::from_millis(1);
        let mut keep_alive = KeepAlive::device(Duration::ZERO, second, second * 10);
        assert_eq!(keep_alive.tick(second + late), Due::Send);
        // The next one is due before the answer to the first is missed.
        assert_eq!(keep_alive.tick(second * 2), Due::Send);
        assert_eq!(keep_alive.tick(second * 2 + late), Due::Missed);
    }
}

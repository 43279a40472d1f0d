//! How long to wait before dialling again.

use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::hash::RandomState;

/// The wait before the next attempt: it doubles with every failure up to a
/// limit, and up to half of it is left to chance, so that many devices that
/// lost one server do not come back all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait after the first failure.
    pub first: Duration,
    /// Longest wait at all.
    pub max: Duration,
}

impl Default for Backoff {
    /// From half a second to a minute.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            max: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// The wait after `failures` failures in a row, of which there is at least
    /// one.
    #[must_use]
    pub fn wait(&self, failures: u32) -> Duration {
        // The keys of a new hasher are random, and that is all that is needed.
        let chance = RandomState::new().build_hasher().finish();
        self.wait_by(failures, chance)
    }

    fn wait_by(&self, failures: u32, chance: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.first.saturating_mul(doubled).min(self.max);
        let half = longest / 2;
        let spread = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        let spread = spread.checked_add(1).map_or(chance, |count| chance % count);
        half.saturating_add(Duration::from_nanos(spread))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Backoff;

    #[test]
    fn doubles_up_to_the_limit_with_half_left_to_chance() {
        let backoff = Backoff {
            first: Duration::from_secs(2),
            max: Duration::from_secs(60),
        };
        let half = |seconds| Duration::from_secs(seconds) / 2;
        for (failures, longest) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (1000, 60)] {
            assert_eq!(backoff.wait_by(failures, 0), half(longest));
            let nanos = half(longest).as_nanos() as u64;
            let most = Duration::from_secs(longest);
            assert_eq!(backoff.wait_by(failures, nanos), most);
            assert_eq!(backoff.wait_by(failures, nanos + 1), half(longest));
            assert!((half(longest)..=most).contains(&backoff.wait(failures)));
        }
    }

    #[test]
    fn no_extreme_overflows() {
        let backoff = Backoff {
            first: Duration::MAX,
            max: Duration::MAX,
        };
        assert!(backoff.wait_by(u32::MAX, u64::MAX) >= Duration::MAX / 2);
        let backoff = Backoff {
            first: Duration::ZERO,
            max: Duration::ZERO,
        };
        assert_eq!(backoff.wait_by(0, u64::MAX), Duration::ZERO);
    }
}

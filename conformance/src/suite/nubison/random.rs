//! Whether session identifiers may have been chosen at random.

use crate::verdict::{Outcome, Stop};

/// Identifiers in a row that show whether they count.
pub(super) const ENOUGH: usize = 6;
/// Steps of a counter between two requests that were looked at, at most.
const STEPS: i64 = 1024;

/// Sees that session identifiers, in the order in which they came, do not count.
///
/// That they do is all that shows: what does not may be anything.
pub(super) fn seen(names: &[Vec<u8>]) -> Outcome {
    match READINGS.iter().any(|reading| count(names, *reading)) {
        true => {
            let shown: Vec<String> = names.iter().map(hex::encode).collect();
            let got = format!("identifiers that count: {}", shown.join(", "));
            Err(Stop::fail("session identifiers at random", got))
        }
        false => Ok(()),
    }
}

/// How an identifier may be a number.
type Reading = fn(&[u8]) -> Option<u64>;

const READINGS: [Reading; 4] = [
    |name| Some(u64::from_be_bytes(name.try_into().ok()?)),
    |name| Some(u64::from_le_bytes(name.try_into().ok()?)),
    |name| {
        let number = text(name)?.trim_start_matches(|first: char| !first.is_ascii_digit());
        number.parse().ok()
    },
    |name| u64::from_str_radix(text(name)?, 16).ok(),
];

/// A text without what fills it.
fn text(name: &[u8]) -> Option<&str> {
    Some(core::str::from_utf8(name).ok()?.trim_matches([' ', '\0']))
}

/// Whether every identifier follows the one before it by few steps, and all in one direction.
fn count(names: &[Vec<u8>], reading: Reading) -> bool {
    let numbers: Option<Vec<u64>> = names.iter().map(|name| reading(name)).collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() >= ENOUGH) else {
        return false;
    };
    let steps = || {
        numbers
            .windows(2)
            .map(|two| two[1].wrapping_sub(two[0]) as i64)
    };
    steps().all(|step| (1..=STEPS).contains(&step))
        || steps().all(|step| (-STEPS..=-1).contains(&step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_random(name: impl Fn(u64) -> Vec<u8>) -> bool {
        let names: Vec<Vec<u8>> = (0..6).map(|nth| name(7 + 3 * nth)).collect();
        seen(&names).is_ok()
    }

    #[test]
    fn counters_are_seen_however_they_are_written() {
        assert!(!are_random(|nth| nth.to_be_bytes().to_vec()));
        assert!(!are_random(|nth| nth.to_le_bytes().to_vec()));
        assert!(!are_random(|nth| (u64::MAX - nth).to_be_bytes().to_vec()));
        assert!(!are_random(|nth| format!("{:08}", 990 + nth).into_bytes()));
        assert!(!are_random(|nth| format!("S{:<7}", 990 + nth).into_bytes()));
        assert!(!are_random(
            |nth| format!("{:08x}", 0xff0 + nth).into_bytes()
        ));
    }

    #[test]
    fn what_does_not_count_may_be_random() {
        let mixed = |nth: u64| nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        assert!(are_random(|nth| mixed(nth).to_be_bytes().to_vec()));
        assert!(are_random(
            |nth| format!("{:08}", mixed(nth) % 100_000_000).into_bytes()
        ));
        assert!(are_random(
            |nth| format!("{:08}", mixed(nth) % 10_000).into_bytes()
        ));
    }
}

//! Numbers on the command line, each in its range: times that can be added to now, and as much at a
//! time as a machine bears.

use core::ops::RangeInclusive;

/// A year is longer than anybody waits.
const YEAR: u64 = 365 * 24 * 60 * 60;
/// Cases at a time.
const JOBS: u64 = 1024;
/// Runs of a case, and questions.
const OFTEN: u64 = 1_000_000_000;

/// Seconds to wait.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    within(text, 0..=YEAR)
}

/// Milliseconds to wait for an answer.
pub(super) fn milliseconds(text: &str) -> Result<u64, String> {
    within(text, 1..=YEAR * 1000)
}

/// How many at a time.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    count(text, 1..=JOBS)
}

/// How often.
pub(super) fn times(text: &str) -> Result<usize, String> {
    count(text, 1..=OFTEN)
}

fn count(text: &str, range: RangeInclusive<u64>) -> Result<usize, String> {
    let number = within(text, range)?;
    usize::try_from(number).map_err(|error| error.to_string())
}

fn within(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = range.into_inner();
    number.ok_or_else(|| format!("a number from {least} to {most} is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_range_each() {
        assert_eq!(seconds("0"), Ok(0));
        assert_eq!(jobs("1024"), Ok(1024));
        let jobs_are = Err("a number from 1 to 1024 is needed".to_owned());
        for text in ["0", "1025", "-1", "18446744073709551616", "x", ""] {
            assert_eq!(jobs(text), jobs_are, "{text}");
        }
        assert!(seconds("18446744073709551615").is_err());
        assert!(milliseconds("0").is_err());
        assert!(times("0").is_err());
    }
}

//! What stands behind the question mark.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::error::Refusal;

/// The parameters of a URL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub(super) fn new(text: Option<&'a str>) -> Self {
        Self(text.unwrap_or_default())
    }

    /// The value of the first parameter of that name.
    pub(super) fn get(self, name: &str) -> Option<Cow<'a, str>> {
        let mut pairs = form_urlencoded::parse(self.0.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The interval of a stream; zero, which is for events, if there is none.
    pub(super) fn interval(self, shortest: Duration) -> Result<Duration, Refusal> {
        let Some(text) = self.get("interval") else {
            return Ok(Duration::ZERO);
        };
        let seconds = text.parse::<f64>().ok();
        seconds
            .and_then(|seconds| interval(seconds, shortest))
            .ok_or_else(|| wrong(&text.escape_debug().take(40).collect::<String>(), shortest))
    }
}

/// Longest interval: a device counts in 32 bits of milliseconds.
const LONGEST: f64 = 86_400.0 * 49.0;

/// An interval in seconds, to the millisecond; `None` for one that cannot be.
pub(super) fn interval(seconds: f64, shortest: Duration) -> Option<Duration> {
    if !(0.0..=LONGEST).contains(&seconds) {
        return None;
    }
    let millis = (seconds * 1000.0).round();
    // In range, as was just seen.
    let interval = Duration::try_from_secs_f64(millis / 1000.0).ok()?;
    let interval = Duration::from_millis(u64::try_from(interval.as_millis()).ok()?);
    let is_zero = seconds == 0.0;
    (is_zero || interval >= shortest).then_some(interval)
}

/// The refusal of an interval.
pub(super) fn wrong(interval: &str, shortest: Duration) -> Refusal {
    let shortest = shortest.as_secs_f64();
    Refusal::bad_request(
        "bad_interval",
        format!("the interval {interval} is none: seconds from {shortest} to {LONGEST}, or 0"),
        "write seconds, such as ?interval=5 or ?interval=0.5; leave it out for events",
    )
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Query, interval};

    #[test]
    fn intervals_are_seconds_to_the_millisecond() {
        let shortest = Duration::from_millis(10);
        let check = |seconds, millis: Option<u64>| {
            let expected = millis.map(Duration::from_millis);
            assert_eq!(interval(seconds, shortest), expected, "{seconds}");
        };
        check(0.0, Some(0));
        check(5.0, Some(5000));
        check(0.06, Some(60));
        check(0.29, Some(290));
        check(0.01, Some(10));
        check(0.009, None);
        check(0.000_1, None);
        check(-1.0, None);
        check(1e300, None);
        check(f64::NAN, None);
        let query = Query::new(Some("a=1&interval=1%2E5&interval=2"));
        let millis = query
            .interval(shortest)
            .map(|interval| interval.as_millis());
        assert_eq!(millis.ok(), Some(1500));
        assert!(
            Query::new(Some("interval=soon"))
                .interval(shortest)
                .is_err()
        );
    }
}

//! Whether a stream keeps to its interval, whatever else goes on.

use core::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::timed::{
    EVERY_INTERVAL, LONG, TIMED, every_tick, pair, streaming, tick as tick_of, value,
};
use super::{best, opened, past_data, streamable};
use crate::case::Case;
use crate::subject::{Event, Link, Peer, Want};
use crate::verdict::{Outcome, Step, Stop};

/// An interval of which there is time for several.
const SHORT: Duration = Duration::from_millis(500);
/// Windows between values of a short interval that are looked at, at least.
const SEVERAL: usize = 5;
/// Windows of a long run, for short intervals and for others: on a busy machine values are held up
/// and come close behind each other, but no more of them come.
const LONG_RUNS: [usize; 2] = [20, 10];
/// The part of a long run whose windows are about an interval long, at least.
const REGULAR: usize = 5;
/// Within this no second value of an interval comes.
const SAME_MOMENT: Duration = Duration::from_millis(30);
/// An interval that whoever rounds down to tenths of a second makes a third shorter, in milliseconds.
const ODD: u64 = 150;
/// Requests in each interval.
const REQUESTS: u32 = 4;
/// Steps before the last that are worth showing.
const SHOWN: usize = 12;

pub(in crate::suite) const CASES: &[Case] = &[
    Case {
        slug: "stream.odd-interval",
        title: "an interval that is no multiple of a tenth of a second is kept",
        clauses: &["IOTMPS-STREAM-001", EVERY_INTERVAL],
        specs: &["iotmp-shipping"],
        control: Some("stream.interval"),
        run: |peer| Box::pin(odd_interval(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.beside-requests",
        title: "values come every interval also while requests come",
        clauses: &[EVERY_INTERVAL],
        control: Some("stream.interval"),
        run: |peer| Box::pin(beside_requests(peer)),
        ..TIMED
    },
    Case {
        slug: "stream.intervals-of-their-own",
        title: "of two streams each keeps to its own interval",
        clauses: &["IOTMP25-STREAM-007"],
        // Whoever cuts a long interval sends at another one.
        control: Some("number.interval-cut"),
        run: |peer| Box::pin(intervals_of_their_own(peer)),
        ..TIMED
    },
];

/// How the times between values look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// An interval lies between most of them.
    Kept,
    /// There are too few of them to tell.
    Unclear,
    /// No interval can be seen in them, or another one.
    Lost,
}

/// Judges the times between values of an interval.
///
/// One that was held up on its way makes one window longer and the next one shorter, never all of
/// them; a machine that is busy is so for some windows only.
fn pace(windows: &[Duration], tick: Duration) -> Pace {
    let (enough, long_run) = match tick < SHORT {
        true => (SEVERAL, LONG_RUNS[0]),
        false => (1, LONG_RUNS[1]),
    };
    // One that comes later can be one of an interval of twice the length.
    let regular = |window: &&Duration| **window >= tick * 4 / 5 && **window <= tick * 7 / 4;
    let regular = windows.iter().filter(regular).count();
    let whole: Duration = windows.iter().sum();
    let due = tick * u32::try_from(windows.len()).unwrap_or(u32::MAX);
    let is_about = whole >= due * 9 / 10 && whole <= due * 13 / 10;
    if windows.len() >= enough && 2 * regular > windows.len() && is_about {
        return Pace::Kept;
    }
    if windows.len() < long_run {
        return Pace::Unclear;
    }
    // The first value of the run may have been held up: the rate that is allowed is that of one window.
    let is_rate = whole + tick >= due && whole <= due * 29 / 20;
    match is_rate && regular * REGULAR >= windows.len() {
        true => Pace::Kept,
        false => Pace::Lost,
    }
}

/// Waits for values that are an interval apart, the one before which came at `start`.
pub(super) async fn keeps_time(
    link: &mut Link,
    id: u16,
    start: Instant,
    tick: Duration,
) -> Outcome {
    let (mut windows, mut since, mut next) = (Vec::new(), start, None);
    loop {
        let last = match next.take() {
            Some(at) => at,
            None => value(link, id, tick).await?,
        };
        windows.push(last - since);
        since = last;
        match pace(&windows, tick) {
            Pace::Unclear => {}
            Pace::Kept => match link.next_before(Instant::now() + SAME_MOMENT).await {
                Event::Silence(_) => return Ok(()),
                event if windows.len() < SEVERAL && Want::Sample(id).allows(&event) => {
                    next = Some(Instant::now());
                }
                event if Want::Data(id).allows(&event) => return Ok(()),
                other => return Err(Stop::fail(Want::Sample(id).to_string(), other.to_string())),
            },
            Pace::Lost => {
                let got: Vec<_> = windows.iter().map(Duration::as_millis).collect();
                return Err(Stop::fail(
                    format!("a value every {} ms", tick.as_millis()),
                    format!("values that came after {got:?} ms"),
                ));
            }
        }
    }
}

async fn odd_interval(peer: &Peer) -> Outcome {
    let resource = best(peer)?;
    let (mut link, id) = opened(peer, resource, &json!({"interval": ODD})).await?;
    let tick = Duration::from_millis(ODD);
    // The first may be the value of the moment.
    let since = value(&mut link, id, tick).await?;
    let since = match value(&mut link, id, tick).await? {
        // It came too soon after that one to begin with.
        at if at - since < tick * 4 / 5 => value(&mut link, id, tick).await?,
        at => at,
    };
    keeps_time(&mut link, id, since, tick)
        .await
        .blaming(EVERY_INTERVAL)
}

/// Values that show a stream to go on, of which the first may be that of the moment.
fn a_few(tick: Duration) -> usize {
    if tick < SHORT { 4 } else { 2 }
}

async fn beside_requests(peer: &Peer) -> Outcome {
    let (mut link, id, _, tick) = streaming(peer).await?;
    let (mut values, mut asked) = (0, Vec::new());
    let began = Instant::now();
    let limit = tick * 4 + link.timeout();
    while values < a_few(tick) {
        if began.elapsed() > limit {
            return Err(Stop::fail(
                format!("a value every {} ms", tick.as_millis()),
                format!("{values} within {} ms", limit.as_millis()),
            )
            .because("meanwhile requests came"));
        }
        let call = link.id();
        asked.push(Want::Answer(call));
        link.send(link.request(call)).await?;
        let next = Instant::now() + tick / REQUESTS;
        loop {
            match link.next_before(next).await {
                Event::Silence(_) => break,
                event if Want::Sample(id).allows(&event) => values += 1,
                event if Want::Data(id).allows(&event) => {}
                event => match asked.iter().position(|call| call.allows(&event)) {
                    Some(at) => drop(asked.swap_remove(at)),
                    None => {
                        let expected = Want::Sample(id).to_string();
                        return Err(Stop::fail(expected, event.to_string()));
                    }
                },
            }
        }
        peer.transcript().keep_last(SHOWN);
    }
    while !asked.is_empty() {
        let answer = past_data(&mut link, &asked, &[id]).await;
        let answer = answer.blaming("IOTMP25-DESCRIBE-001")?;
        asked.retain(|call| !call.allows(&answer));
    }
    Ok(())
}

async fn intervals_of_their_own(peer: &Peer) -> Outcome {
    let found = streamable(peer)?;
    let Some((first, second)) = pair(&found).filter(|_| found.len() > 1) else {
        return Err(Stop::skip(
            "the device describes only one resource that can be streamed",
        ));
    };
    let tick = tick_of(peer).1;
    let (mut link, one) = opened(peer, first, &every_tick(peer)).await?;
    let two = link.id();
    link.send_start_stream(two, &second.name, &json!({"interval": LONG}))
        .await?;
    let answer = past_data(&mut link, &[Want::Answer(two)], &[one]).await;
    if Want::Error(two).allows(&answer.unrelated("starting another stream")?) {
        return Err(Stop::skip(format!(
            "the device does not take an interval of {LONG}"
        )));
    }
    let (mut of_one, mut of_two) = (0, 0);
    while of_one < a_few(tick) && of_two < 2 * a_few(tick) {
        match link
            .next_before(Instant::now() + tick + link.timeout())
            .await
        {
            event if Want::Sample(one).allows(&event) => of_one += 1,
            event if Want::Sample(two).allows(&event) => of_two += 1,
            event if [one, two].iter().any(|id| Want::Data(*id).allows(&event)) => {}
            other => {
                return Err(
                    Stop::fail(Want::Sample(one).to_string(), other.to_string()).because(format!(
                        "stream {two} has an interval of {LONG}, stream {one} one of {}",
                        tick_of(peer).0
                    )),
                );
            }
        }
    }
    // One may be the value of the moment.
    if of_two > 1 && of_two + 1 >= of_one {
        return Err(Stop::fail(
            format!("one value of stream {two}, whose interval is {LONG}"),
            format!("{of_two}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(windows: &[u64]) -> Pace {
        let windows: Vec<_> = windows.iter().copied().map(Duration::from_millis).collect();
        pace(&windows, Duration::from_millis(100))
    }

    fn again(windows: &[u64]) -> Pace {
        let times = LONG_RUNS[0].div_ceil(windows.len());
        seen(&windows.repeat(times))
    }

    #[test]
    fn an_interval_is_kept_though_some_values_are_held_up() {
        assert_eq!(seen(&[100, 101, 99, 100, 100]), Pace::Kept);
        assert_eq!(seen(&[90, 110, 95, 105, 98]), Pace::Kept);
        assert_eq!(seen(&[190, 10, 100, 100, 100]), Pace::Kept);
        assert_eq!(again(&[200, 0, 100]), Pace::Kept);
        assert_eq!(again(&[140]), Pace::Kept);
    }

    #[test]
    fn few_values_say_nothing() {
        assert_eq!(seen(&[100, 100, 100]), Pace::Unclear);
        assert_eq!(seen(&[50, 50, 50, 50, 50]), Pace::Unclear);
    }

    #[test]
    fn another_interval_is_told() {
        for windows in [
            &[50][..],
            &[200],
            &[0, 0, 300],
            &[100, 0],
            &[200, 0],
            &[67],
            &[150],
        ] {
            assert_eq!(again(windows), Pace::Lost, "{windows:?}");
        }
    }
}

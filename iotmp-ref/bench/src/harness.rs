//! Measures alternatives in turns, so that what disturbs one disturbs all.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is done with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Into a buffer that is there already.
    Encode,
    /// Into a struct.
    Typed,
    /// Into whatever the codec has for data of unknown shape.
    Dynamic,
}

impl Op {
    /// Its name on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Typed => "typed",
            Self::Dynamic => "dynamic",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Encode => "encode",
            Self::Typed => "decode, typed",
            Self::Dynamic => "decode, dynamic",
        })
    }
}

/// One codec doing one thing with one payload.
pub struct Case {
    pub payload: &'static str,
    pub op: Op,
    pub codec: &'static str,
    /// Bytes on the wire.
    pub wire: usize,
    run: Box<dyn FnMut(u64)>,
}

impl Case {
    pub fn new<R>(
        payload: &'static str,
        op: Op,
        codec: &'static str,
        wire: usize,
        mut work: impl FnMut() -> R + 'static,
    ) -> Self {
        let run = Box::new(move |times| {
            for _ in 0..times {
                black_box(work());
            }
        });
        Self {
            payload,
            op,
            codec,
            wire,
            run,
        }
    }

    /// Does the work so often.
    pub fn run(&mut self, times: u64) {
        (self.run)(times);
    }

    fn time(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        self.run(times);
        start.elapsed()
    }
}

/// What came of a case.
#[derive(Debug, Clone)]
pub struct Measured {
    pub payload: &'static str,
    pub op: Op,
    pub codec: &'static str,
    pub wire: usize,
    /// Nanoseconds a time, one for every round.
    pub rounds: Vec<f64>,
    /// Allocations a time.
    pub allocations: u64,
    /// Bytes allocated a time.
    pub allocated: u64,
}

impl Measured {
    /// Nanoseconds, the median of the rounds.
    pub fn nanos(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// Nanoseconds, the least of the rounds: what nothing disturbed.
    pub fn least(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median, over the rounds, of the time of this by that of `other`.
    pub fn ratio(&self, other: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(mine, theirs)| mine / theirs).collect())
    }
}

/// How long one case runs in one round.
const SLICE: Duration = Duration::from_micros(1_500);

/// Runs the cases in turns, `rounds` times.
pub fn measure(mut cases: Vec<Case>, rounds: usize) -> Vec<Measured> {
    let times: Vec<u64> = cases.iter_mut().map(calibrate).collect();
    let mut measured: Vec<Measured> = cases.iter_mut().map(allocations).collect();
    for round in 0..rounds {
        let count = cases.len();
        // Whoever comes first in a round shall not do so in every one.
        for index in (0..count).map(|index| (index + round) % count) {
            let took = cases[index].time(times[index]);
            let nanos = took.as_nanos() as f64 / times[index] as f64;
            measured[index].rounds.push(nanos);
        }
    }
    measured
}

fn calibrate(case: &mut Case) -> u64 {
    let mut times = 1;
    loop {
        let took = case.time(times);
        if took >= SLICE / 4 {
            let wanted = SLICE.as_nanos() * u128::from(times) / took.as_nanos().max(1);
            return u64::try_from(wanted).unwrap_or(u64::MAX).max(1);
        }
        times *= 4;
    }
}

fn allocations(case: &mut Case) -> Measured {
    let info = allocation_counter::measure(|| case.run(1));
    Measured {
        payload: case.payload,
        op: case.op,
        codec: case.codec,
        wire: case.wire,
        rounds: Vec::new(),
        allocations: info.count_total,
        allocated: info.bytes_total,
    }
}

/// The middle of `numbers`; NaN where there are none.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

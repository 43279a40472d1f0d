//! What both ends are told at their start.

use core::time::Duration;

use crate::message::nubison::{limits, timers};

/// Timers and limits of one end of one connection. [`new`](Self::new) gives
/// those of the specification, and values for general use where it has none;
/// every field may be changed.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the random session identifiers of this end begin. Whoever knows it
    /// knows them all.
    pub seed: u64,
    /// How long this end waits for a response.
    pub answer_timeout: Duration,
    /// How long a server waits for a device to be logged in.
    pub login_timeout: Duration,
    /// How long a device sends nothing before it sends a heartbeat; `None` for
    /// as long as it likes.
    pub heartbeat: Option<Duration>,
    /// How long a server waits for any packet of a device.
    pub silence: Duration,
    /// How long the rest of a packet may take to arrive, from each piece to the
    /// next.
    pub piece_timeout: Duration,
    /// Most requests in flight, in each direction.
    pub max_pending: usize,
    /// Most bytes that wait to be sent.
    pub max_output: usize,
    /// With so many events waiting, the session wants no input.
    pub max_events: usize,
}

impl Config {
    /// The configuration of an end with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let seconds = Duration::from_secs;
        Self {
            seed,
            answer_timeout: seconds(timers::ANSWER),
            login_timeout: seconds(timers::LOGIN),
            heartbeat: Some(seconds(timers::HEARTBEAT)),
            silence: seconds(timers::SILENCE),
            piece_timeout: Duration::from_secs(1),
            max_pending: usize::try_from(limits::MAX_PENDING).unwrap_or(usize::MAX),
            max_output: 1 << 20,
            max_events: 256,
        }
    }
}

//! What a session is told at its start.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::dialect::{self, Dialect};
use crate::wire::Encoding;

/// How many events wait to be polled before the session stops reading on.
const DEFAULT_MAX_EVENTS: usize = 64;

/// How a session of either role behaves. [`new`](Self::new) gives the values of
/// the specification; every field may be changed.
#[derive(Debug, Clone)]
pub struct Config {
    /// Revision of the protocol.
    pub dialect: &'static dyn Dialect,
    /// Revisions that a server tells apart by the first message, as
    /// [`detect`](dialect::detect) says; of those that fit equally well the
    /// first counts, and limits and timers stay as they are here. Where it is
    /// empty, all speak [`dialect`](Self::dialect).
    pub detect: Vec<&'static dyn Dialect>,
    /// Encodings of values that a server supports, where the device chooses.
    /// What the revision makes every server support is supported anyway, as far
    /// as it is compiled in.
    pub encodings: Vec<Encoding>,
    /// Largest body accepted or sent, in bytes.
    pub max_message_size: usize,
    /// Most streams open at once, each way.
    pub max_streams: usize,
    /// Most requests waiting for their answers, each way.
    pub max_pending: usize,
    /// Most bytes waiting to be sent. Above half of it nothing more is read.
    pub max_output: usize,
    /// Most events waiting to be polled before nothing more is read.
    pub max_events: usize,
    /// How long the connection may take to be established.
    pub connect_timeout: Duration,
    /// How long a device waits for the answer to its keep alive, if its
    /// interval is not shorter.
    pub keep_alive_answer: Duration,
    /// Longest keep alive interval that a device may ask for.
    pub keep_alive_max: Duration,
    /// How much later than the interval a keep alive may reach the server, in
    /// percent of the interval.
    pub keep_alive_margin: u32,
}

impl Config {
    /// The values that the specification of `dialect` gives.
    ///
    /// No specification limits waiting output: it is four of the largest
    /// messages.
    #[must_use]
    pub fn new(dialect: &'static dyn Dialect) -> Self {
        let spec = dialect.constants();
        Self {
            dialect,
            detect: Vec::new(),
            encodings: Encoding::ALL.to_vec(),
            max_message_size: spec.max_message_size,
            max_streams: spec.max_streams,
            max_pending: spec.max_pending,
            max_output: spec.max_message_size.saturating_mul(4),
            max_events: DEFAULT_MAX_EVENTS,
            connect_timeout: spec.connect_answer,
            keep_alive_answer: spec.keep_alive_answer,
            keep_alive_max: spec.keep_alive_max,
            keep_alive_margin: spec.keep_alive_margin,
        }
    }

    /// The values for a server that tells by itself which of
    /// [all revisions](dialect::ALL) a device speaks.
    #[must_use]
    pub fn detecting() -> Self {
        let [preferred, ..] = dialect::ALL;
        Self {
            detect: dialect::ALL.to_vec(),
            ..Self::new(preferred)
        }
    }

    /// Whether a device may choose an encoding.
    pub(super) fn supports(&self, encoding: Encoding) -> bool {
        let required = self.dialect.constants().required_encodings;
        encoding.is_available()
            && (required.contains(&encoding) || self.encodings.contains(&encoding))
    }

    /// How long after a keep alive the next one may come at the latest.
    pub(super) fn keep_alive_patience(&self, interval: Duration) -> Duration {
        let margin = interval.saturating_mul(self.keep_alive_margin) / 100;
        interval.saturating_add(margin)
    }
}

/// Who a device is, and what it asks for when it connects.
#[derive(Clone)]
pub struct Identity {
    /// User that the device belongs to.
    pub username: String,
    /// Name of the device.
    pub device: String,
    /// Its secret.
    pub credential: String,
    /// A token or certificate, where the revision has authentication by one:
    /// it is sent instead of the three strings above.
    pub token: Option<String>,
    /// Interval of keep alives, in whole seconds; `None` for the default of the
    /// specification.
    pub keep_alive: Option<Duration>,
    /// Version of the protocol; 0 is what every server takes.
    pub protocol_version: u64,
    /// Encoding of values to ask for, where the revision lets a device choose;
    /// `None` for what it has by itself.
    pub encoding: Option<Encoding>,
    /// Kind of client.
    pub client_type: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
}

impl Identity {
    /// A device that asks for nothing but to be let in.
    #[must_use]
    pub fn new(
        username: impl Into<String>,
        device: impl Into<String>,
        credential: impl Into<String>,
    ) -> Self {
        Self {
            username: username.into(),
            device: device.into(),
            credential: credential.into(),
            token: None,
            keep_alive: None,
            protocol_version: 0,
            encoding: None,
            client_type: None,
            firmware: None,
        }
    }
}

/// The secret stays out of logs.
impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity")
            .field("username", &self.username)
            .field("device", &self.device)
            .field("keep_alive", &self.keep_alive)
            .field("protocol_version", &self.protocol_version)
            .field("encoding", &self.encoding)
            .field("client_type", &self.client_type)
            .field("firmware", &self.firmware)
            .finish_non_exhaustive()
    }
}

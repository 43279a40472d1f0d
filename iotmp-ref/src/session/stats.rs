//! Counters of a connection.

/// What a session has counted since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Bytes handed in.
    pub bytes_received: u64,
    /// Bytes that the transport has taken.
    pub bytes_sent: u64,
    /// Whole messages read.
    pub messages_received: u64,
    /// Messages queued to be sent.
    pub messages_sent: u64,
    /// Messages of unknown type.
    pub unknown: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages that the peer does not send in its role or at that time.
    pub unexpected: u64,
    /// Answers to what was not asked.
    pub unexpected_answers: u64,
    /// Values on streams that were not open.
    pub unexpected_data: u64,
    /// Requests that the session itself answered by Error.
    pub rejected: u64,
    /// Values not sent because too much output waited.
    pub data_dropped: u64,
    /// Values not asked for because the timer came late.
    pub ticks_skipped: u64,
}

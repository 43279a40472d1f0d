//! Why a connection ended, what was ignored, and misuse.

use super::identity::SessionId;
use crate::message::nubison::ErrorCode;
use crate::wire::{DecodeError, EncodeError};

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The device was not logged in in time.
    #[error("timed out: nobody has logged in")]
    NoLogin,
    /// The server did not answer the Login in time.
    #[error("timed out: the login was not answered")]
    LoginUnanswered,
    /// The server did not answer a heartbeat of the session's own in time.
    #[error("timed out: a heartbeat was not answered")]
    HeartbeatUnanswered,
    /// The device has sent nothing for too long.
    #[error("timed out: the device is silent")]
    Silence,
    /// The peer asks faster than it reads.
    #[error("the answers to the peer exceed the limit of waiting output")]
    Overflow,
    /// This end was told to close.
    #[error("disconnected")]
    Disconnected,
    /// The transport is gone.
    #[error("the transport has ended")]
    Ended,
}

/// What was received to no effect beyond the answer that may be due.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// A response to no request that waits for one; it may be late.
    UnknownSession(SessionId),
    /// So many bytes, fewer than any packet has.
    Short(usize),
    /// A packet of a type that this end does not receive, or that there is not;
    /// what had arrived behind it was dropped as well.
    Type(u32),
    /// Bytes that do not have the structure of their type; what had arrived
    /// behind them was dropped as well.
    Structure(DecodeError),
    /// A request with an access token that is not valid.
    Token(SessionId),
    /// A request beyond the limit of those in flight.
    Excess(SessionId),
}

/// What the caller of a session did wrong, or asked for in vain. The session
/// goes on as if the call had not been made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The connection has ended.
    #[error("the connection has ended")]
    Closed,
    /// The device is not logged in.
    #[error("the device is not logged in")]
    NotLoggedIn,
    /// The device is logged in, or about to be.
    #[error("the device is logged in or about to be; log out first")]
    LoggedIn,
    /// The request was answered already, or takes another answer.
    #[error("the request does not wait for such an answer")]
    UnknownRequest,
    /// As many requests are in flight as the configuration allows.
    #[error("{limit} requests are in flight; wait for answers")]
    TooManyRequests {
        /// The limit.
        limit: usize,
    },
    /// The peer does not read fast enough.
    #[error("{waiting} bytes wait to be sent, {limit} are allowed; try again later")]
    Backpressure {
        /// Bytes that wait.
        waiting: usize,
        /// The limit.
        limit: usize,
    },
    /// The packet cannot say it.
    #[error("not expressible: {0}")]
    Unencodable(#[from] EncodeError),
}

impl Ignored {
    /// What a server answers: the one place that says so.
    pub(super) const fn refusal(&self) -> Option<ErrorCode> {
        match self {
            Self::Type(_) => Some(ErrorCode::PACKET_TYPE),
            Self::Structure(_) => Some(ErrorCode::PACKET_STRUCTURE),
            Self::Token(_) => Some(ErrorCode::ACCESS_TOKEN),
            Self::Excess(_) => Some(ErrorCode::SERVER_ERROR),
            Self::UnknownSession(_) | Self::Short(_) => None,
        }
    }
}

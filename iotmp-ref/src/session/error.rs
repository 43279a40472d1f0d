//! Who is to blame for what, and what it costs on the wire.

use alloc::string::String;
use core::time::Duration;

use super::dialect::{ConnectError, Dialect};
use super::packet::{Answer, Disconnect, Packet};
use crate::pson::Value;
use crate::wire::{DecodeError, EncodeError, Encoding};

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer sent bytes that are no message, or none that can be read
    /// before the connection is established.
    #[error("malformed message: {0}")]
    Malformed(DecodeError),
    /// The peer sent a well-formed message that it must not send.
    #[error("the peer misbehaved: {0}")]
    Misbehaved(Misbehaved),
    /// The peer asked for what the protocol has, but this end has not.
    #[error("the peer is incompatible: {0}")]
    Incompatible(Incompatible),
    /// The peer did not send in time what it has to send.
    #[error("timed out: {0}")]
    TimedOut(TimedOut),
    /// The peer asks faster than it reads.
    #[error("the answers to the peer exceed the limit of waiting output")]
    Overflow,
    /// The server refused the Connect.
    #[error("the connection was refused: {error:?}")]
    Refused {
        /// Why.
        error: ConnectError,
        /// Details; for a redirect the URL.
        payload: Option<Value>,
    },
    /// The peer announced that it closes.
    #[error("the peer disconnected")]
    PeerDisconnected {
        /// Its reason.
        reason: Option<Value>,
        /// Further information.
        payload: Option<Value>,
    },
    /// This end was told to disconnect.
    #[error("disconnected")]
    Disconnected {
        /// The reason that was given.
        reason: Option<Value>,
    },
    /// The transport is gone.
    #[error("the transport has ended")]
    Ended,
}

/// What a peer must not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaved {
    /// The first message of a device is not Connect.
    #[error("the first message is of type {code:#04x} instead of Connect")]
    FirstMessage {
        /// Code of the message.
        code: u32,
    },
    /// A second Connect on one connection.
    #[error("a second Connect")]
    SecondConnect,
    /// The payload of Connect is not what its authentication type calls for.
    #[error("the payload of Connect is not an array of three strings")]
    Credentials,
    /// The keep alive interval is zero or beyond the longest allowed.
    #[error("a keep alive interval of {0:?}")]
    KeepAlive(Duration),
}

/// What a peer may ask for in vain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatible {
    /// An authentication type that is reserved.
    #[error("authentication type {0}")]
    AuthType(u64),
    /// A protocol version that does not exist, or that contradicts the encoding
    /// of the Connect itself.
    #[error("protocol version {0} in a Connect that is not encoded accordingly")]
    ProtocolVersion(u64),
    /// An encoding whose number the revision does not name.
    #[error("encoding number {0}")]
    EncodingNumber(u64),
    /// An encoding that this end does not support.
    #[error("encoding {}, which is not supported here", .0.name())]
    Encoding(Encoding),
}

/// What did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimedOut {
    /// The Connect, its answer, or the decision on it.
    #[error("the connection was not established")]
    Connect,
    /// The keep alive of the device, or the server's answer to it.
    #[error("keep alive missed")]
    KeepAlive,
}

impl CloseReason {
    /// What still goes to the peer before the connection is closed: the one
    /// place that says so.
    ///
    /// `asked` is the stream identifier of the message that brought about the
    /// end, where its sender waits for an answer.
    pub(super) fn last_words(&self, asked: Option<u16>, dialect: &dyn Dialect) -> Option<Packet> {
        let error = |refusal, payload: &Option<Value>| {
            Some(Packet::Error(Answer {
                stream_id: asked?,
                parameters: dialect.refusal_code(refusal).map(Value::from),
                payload: payload.clone(),
            }))
        };
        match self {
            // Nobody waits for an answer to what has no boundary or no identifier.
            Self::Malformed(_) => error(ConnectError::Refused, &None),
            Self::Misbehaved(Misbehaved::FirstMessage { .. } | Misbehaved::SecondConnect) => None,
            Self::Misbehaved(Misbehaved::Credentials) => error(ConnectError::BadCredentials, &None),
            Self::Misbehaved(Misbehaved::KeepAlive(_)) => {
                error(ConnectError::InvalidKeepAlive, &None)
            }
            Self::Incompatible(Incompatible::AuthType(_)) => error(ConnectError::Refused, &None),
            Self::Incompatible(
                Incompatible::ProtocolVersion(_)
                | Incompatible::EncodingNumber(_)
                | Incompatible::Encoding(_),
            ) => error(ConnectError::BadEncoding, &None),
            Self::Refused {
                error: refusal,
                payload,
            } => error(*refusal, payload),
            Self::PeerDisconnected { .. } => Some(Packet::Ok(Answer {
                stream_id: asked?,
                ..Answer::default()
            })),
            Self::Disconnected { reason } => Some(Packet::Disconnect(Disconnect {
                reason: reason.clone(),
                ..Disconnect::default()
            })),
            Self::TimedOut(_) | Self::Overflow | Self::Ended => None,
        }
    }
}

/// What the caller of a session did wrong, or asked for in vain. The session
/// goes on as if the call had not been made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The connection is not established yet.
    #[error("the connection is not established yet; wait for the event that says so")]
    NotReady,
    /// The connection has ended.
    #[error("the connection has ended")]
    Closed,
    /// The other role sends this.
    #[error("a {0} does not send this")]
    WrongRole(&'static str),
    /// No Connect waits for a decision.
    #[error("no Connect waits for a decision")]
    NoConnect,
    /// The request was answered already, or has never been made.
    #[error("request {0} does not wait for an answer: it has one, or was never made")]
    UnknownRequest(u16),
    /// No such stream is open.
    #[error("stream {0} is not open")]
    UnknownStream(u16),
    /// The stream identifier is taken by a request in flight.
    #[error("stream identifier {0} is taken by a request in flight")]
    Busy(u16),
    /// As many requests are in flight as the configuration allows.
    #[error("{limit} requests are in flight; wait for answers")]
    TooManyRequests {
        /// The limit.
        limit: usize,
    },
    /// As many streams are open as the configuration allows.
    #[error("{limit} streams are open; stop one first")]
    TooManyStreams {
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
    /// The message would be larger than the configuration allows.
    #[error("a body of {size} bytes, but at most {limit} are allowed")]
    TooLarge {
        /// Bytes of the body.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The revision of the protocol cannot say it.
    #[error("not expressible: {0}")]
    Unencodable(#[from] EncodeError),
    /// A value of the configuration is out of range.
    #[error("configuration: {0}")]
    Config(String),
}

#[cfg(test)]
mod tests {
    use super::super::dialect::Iotmp2025;
    use super::*;

    fn error(code: Option<u64>) -> Option<Packet> {
        Some(Packet::Error(Answer {
            stream_id: 9,
            parameters: code.map(Value::from),
            payload: None,
        }))
    }

    /// Every reason that ends a connection, with its reply.
    #[test]
    fn last_words() {
        let check = |reason: CloseReason, expected: Option<Packet>| {
            let said = reason.last_words(Some(9), &Iotmp2025);
            assert_eq!(said, expected, "{reason}");
        };
        let malformed = CloseReason::Malformed(DecodeError::custom("x"));
        check(malformed.clone(), error(None));
        assert_eq!(malformed.last_words(None, &Iotmp2025), None);
        let misbehaved = CloseReason::Misbehaved;
        check(misbehaved(Misbehaved::FirstMessage { code: 6 }), None);
        check(misbehaved(Misbehaved::SecondConnect), None);
        check(misbehaved(Misbehaved::Credentials), error(Some(2)));
        check(
            misbehaved(Misbehaved::KeepAlive(Duration::ZERO)),
            error(Some(3)),
        );
        let incompatible = CloseReason::Incompatible;
        check(incompatible(Incompatible::AuthType(2)), error(None));
        check(
            incompatible(Incompatible::ProtocolVersion(7)),
            error(Some(4)),
        );
        check(
            incompatible(Incompatible::EncodingNumber(7)),
            error(Some(4)),
        );
        check(
            incompatible(Incompatible::Encoding(Encoding::Bson)),
            error(Some(4)),
        );
        check(CloseReason::TimedOut(TimedOut::Connect), None);
        check(CloseReason::TimedOut(TimedOut::KeepAlive), None);
        check(CloseReason::Overflow, None);
        check(CloseReason::Ended, None);
        check(
            CloseReason::Refused {
                error: ConnectError::Redirect,
                payload: Some("iotmp://h".into()),
            },
            Some(Packet::Error(Answer {
                stream_id: 9,
                parameters: Some(1.into()),
                payload: Some("iotmp://h".into()),
            })),
        );
        let disconnected = CloseReason::PeerDisconnected {
            reason: None,
            payload: None,
        };
        let ok = Packet::Ok(Answer {
            stream_id: 9,
            ..Answer::default()
        });
        check(disconnected.clone(), Some(ok));
        assert_eq!(disconnected.last_words(None, &Iotmp2025), None);
        check(
            CloseReason::Disconnected { reason: None },
            Some(Packet::Disconnect(Disconnect::default())),
        );
    }
}

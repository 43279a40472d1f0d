//! What a device has to know or to do, and where it stands.

use alloc::vec::Vec;

#[cfg(doc)]
use super::DeviceSession;
use crate::message::nubison::ErrorCode;
use crate::nubison::error::{CloseReason, Ignored};
use crate::nubison::exchange::RequestId;
use crate::nubison::identity::SessionId;

/// Where the connection of a device stands.
///
/// ```text
/// LoggedOut ──login──► Authenticating ──accepted──► LoggedIn ──logout──► Leaving
///     ▲                      │                                             │
///     └──────refused─────────┴──────────────────answered──────────────────┘
/// ```
///
/// From each of them to `Closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// The transport is up.
    LoggedOut,
    /// The server decides on the Login.
    Authenticating,
    /// The server has issued an access token.
    LoggedIn,
    /// The server has yet to answer the Logout.
    Leaving,
    /// The connection has ended.
    Closed,
}

/// What a device has to know or to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// The server has let the device in.
    LoggedIn {
        /// For the application; packets stay as they are.
        encryption_key: Option<Vec<u8>>,
    },
    /// The server has not let the device in. It may try again.
    LoginRefused(ErrorCode),
    /// The device is logged out, and may log in again.
    LoggedOut,
    /// The server has taken Data or a heartbeat.
    Accepted {
        /// Of the request.
        transaction: SessionId,
    },
    /// The server has refused a request.
    Refused {
        /// Of the request.
        transaction: SessionId,
        /// Why.
        error: ErrorCode,
    },
    /// The server has not answered a request in time.
    TimedOut {
        /// Of the request.
        transaction: SessionId,
    },
    /// The server tells the device to do something:
    /// [`answer_done`](DeviceSession::answer_done) or
    /// [`answer_failed`](DeviceSession::answer_failed).
    Command {
        /// What to answer.
        request: RequestId,
        /// What to do, in the device's own form.
        payload: Option<Vec<u8>>,
    },
    /// Something was received to no effect; the answer that is due was sent.
    Ignored(Ignored),
    /// The connection has ended. Nothing follows.
    Closed(CloseReason),
}

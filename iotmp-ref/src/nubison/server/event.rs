//! What a server has to know or to decide.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(doc)]
use super::ServerSession;
use crate::message::nubison::Login;
use crate::nubison::error::{CloseReason, Ignored};
use crate::nubison::exchange::RequestId;
use crate::nubison::identity::SessionId;

/// What a server has to know or to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A device wants to log in: [`accept_login`](ServerSession::accept_login)
    /// or [`refuse`](ServerSession::refuse).
    Login {
        /// What to answer.
        request: RequestId,
        /// What it introduces itself with.
        login: LoginRequest,
    },
    /// The device has logged out; the connection stays.
    LoggedOut,
    /// Data: [`accept`](ServerSession::accept) or
    /// [`refuse`](ServerSession::refuse).
    Data {
        /// What to answer.
        request: RequestId,
        /// In the device's own form.
        payload: Vec<u8>,
    },
    /// A heartbeat: [`accept`](ServerSession::accept) or
    /// [`refuse`](ServerSession::refuse).
    Heartbeat {
        /// What to answer.
        request: RequestId,
        /// Data that comes with it, taken as that of Data is.
        payload: Option<Vec<u8>>,
    },
    /// The device did what a command told it.
    Done {
        /// Of the command.
        transaction: SessionId,
        /// What came of it, in the device's own form.
        payload: Option<Vec<u8>>,
    },
    /// The device did not do what a command told it.
    Failed {
        /// Of the command.
        transaction: SessionId,
    },
    /// The device has not answered a command in time.
    TimedOut {
        /// Of the command.
        transaction: SessionId,
    },
    /// Something was received to no effect; the answer that is due was sent.
    Ignored(Ignored),
    /// The connection has ended. Nothing follows.
    Closed(CloseReason),
}

/// What a device introduces itself with. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginRequest {
    /// Client identifier.
    pub client_id: String,
    /// Client secret. Compare it in constant time.
    pub client_secret: String,
    /// Product code; the first half of the device key.
    pub product_code: String,
    /// Identifier; the second half of the device key.
    pub identifier: String,
}

impl fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRequest")
            .field("client_id", &self.client_id)
            .field("product_code", &self.product_code)
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}

impl From<Login<'_>> for LoginRequest {
    fn from(login: Login<'_>) -> Self {
        Self {
            client_id: login.client_id.into_owned(),
            client_secret: login.client_secret.into_owned(),
            product_code: login.product_code.into_owned(),
            identifier: login.identifier.into_owned(),
        }
    }
}

//! What a session tells its owner.

use alloc::string::String;
use core::time::Duration;

use super::dialect::Kind;
use super::error::CloseReason;
use super::packet::{DataKind, Resource};
use crate::pson::Value;
use crate::wire::{DecodeError, Encoding};

/// Something that happened on the connection, from
/// [`poll_event`](super::Session::poll_event).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Server: a device wants in. Decide by [`accept`](super::Session::accept)
    /// or [`refuse`](super::Session::refuse).
    ConnectRequested(ConnectRequest),
    /// Device: the server has let it in.
    Connected,
    /// The peer runs a resource.
    RunRequested {
        /// What to answer; `None` where no answer is wanted.
        request: Option<RequestId>,
        /// What to run.
        resource: Resource,
        /// Parameters of the call.
        parameters: Option<Value>,
        /// Input of the resource.
        payload: Option<Value>,
    },
    /// Device: the server asks what resources there are.
    DescribeRequested {
        /// What to answer.
        request: RequestId,
        /// What to describe; `None` for everything.
        resource: Option<Resource>,
        /// Parameters of the request.
        parameters: Option<Value>,
    },
    /// The peer opens a stream, or changes one. It is open, and its timer runs,
    /// once the request is answered by Ok.
    StreamRequested {
        /// What to answer. Its stream identifier is that of the stream.
        request: RequestId,
        /// The stream that gives way when the answer is Ok: the one of the same
        /// identifier or, on a device, of the same resource.
        replaces: Option<u16>,
        /// What to stream.
        resource: Resource,
        /// Parameters, the interval among them.
        parameters: Option<Value>,
        /// Time between samples; zero for events only.
        interval: Duration,
        /// Input for the resource.
        payload: Option<Value>,
    },
    /// The peer has given an open stream another interval, without naming its
    /// resource again; the session has answered.
    StreamChanged {
        /// Stream identifier.
        stream_id: u16,
        /// Time between samples; zero for events only.
        interval: Duration,
    },
    /// The peer closed a stream; the session has answered.
    StreamStopped {
        /// Stream identifier.
        stream_id: u16,
    },
    /// A stream that the peer opened is due for a value.
    StreamDue {
        /// Stream identifier.
        stream_id: u16,
    },
    /// A value on a stream that this end opened.
    StreamData {
        /// Stream identifier.
        stream_id: u16,
        /// What brought it about.
        kind: DataKind,
        /// What the payload is.
        parameters: Option<Value>,
        /// Input of the resource, where it came beside the value.
        input: Option<Value>,
        /// The value.
        payload: Option<Value>,
    },
    /// The answer to a request of this end.
    Answered {
        /// The request.
        request: RequestId,
        /// What Ok or Error brought.
        result: Result<Reply, Reply>,
    },
    /// Something came that does not matter; the connection goes on.
    Ignored(Ignored),
    /// The connection has ended; nothing follows. Send the output that is left,
    /// then close the transport.
    Closed(CloseReason),
}

/// What a device says of itself in its Connect.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// User that the device belongs to.
    pub username: String,
    /// Name of the device.
    pub device: String,
    /// Its secret.
    pub credential: String,
    /// Version of the protocol.
    pub protocol_version: u64,
    /// Encoding of all values after it.
    pub encoding: Encoding,
    /// Interval of its keep alives.
    pub keep_alive: Duration,
    /// Kind of client.
    pub client_type: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
}

/// The secret stays out of logs.
impl core::fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ConnectRequest")
            .field("username", &self.username)
            .field("device", &self.device)
            .field("protocol_version", &self.protocol_version)
            .field("encoding", &self.encoding)
            .field("keep_alive", &self.keep_alive)
            .field("client_type", &self.client_type)
            .field("firmware", &self.firmware)
            .finish_non_exhaustive()
    }
}

/// One request of either end, told apart from every later one that reuses its
/// stream identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    pub(super) stream_id: u16,
    pub(super) serial: u64,
}

impl RequestId {
    /// The stream identifier on the wire.
    #[must_use]
    pub const fn stream_id(self) -> u16 {
        self.stream_id
    }
}

/// What an answer holds besides its stream identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Parameters; of an Error its code.
    pub parameters: Option<Value>,
    /// Value; of an Error its details.
    pub payload: Option<Value>,
}

impl Reply {
    /// An answer without anything.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            parameters: None,
            payload: None,
        }
    }

    /// An answer that brings a value.
    #[must_use]
    pub fn value(payload: impl Into<Value>) -> Self {
        Self {
            parameters: None,
            payload: Some(payload.into()),
        }
    }

    /// The same answer with parameters.
    #[must_use]
    pub fn parameters(mut self, parameters: impl Into<Value>) -> Self {
        self.parameters = Some(parameters.into());
        self
    }
}

/// What to run or to stream, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The resource.
    pub resource: Resource,
    /// Parameters of the call.
    pub parameters: Option<Value>,
    /// Input of the resource.
    pub payload: Option<Value>,
}

impl Call {
    /// A call without parameters and input.
    #[must_use]
    pub fn new(resource: impl Into<Resource>) -> Self {
        Self {
            resource: resource.into(),
            parameters: None,
            payload: None,
        }
    }

    /// The same call with parameters.
    #[must_use]
    pub fn parameters(mut self, parameters: impl Into<Value>) -> Self {
        self.parameters = Some(parameters.into());
        self
    }

    /// The same call with input for the resource.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<Value>) -> Self {
        self.payload = Some(payload.into());
        self
    }
}

/// What came without mattering.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// A message whose type the revision does not name.
    UnknownMessage {
        /// Code in the header.
        code: u32,
        /// Bytes of its body.
        size: usize,
    },
    /// A message that cannot be read. A request was answered by Error, if its
    /// stream identifier could be told.
    Malformed {
        /// What it should have been.
        kind: Kind,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A message that the peer does not send in its role or at this time.
    Unexpected {
        /// What it is.
        kind: Kind,
    },
    /// An answer to something that was not asked.
    UnexpectedAnswer {
        /// Stream identifier.
        stream_id: u16,
    },
    /// A value on a stream that this end has not opened.
    UnexpectedData {
        /// Stream identifier.
        stream_id: u16,
    },
}

//! Messages by what they mean, whatever the revision of the protocol.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::pson::{Map, Value};
use crate::wire::Encoding;

/// A message as a session sees it: what it means, without how it is written.
///
/// A [`Dialect`](super::Dialect) maps the messages of one revision to packets
/// and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Success of the request that carries the same stream identifier.
    Ok(Answer),
    /// Failure of the request that carries the same stream identifier.
    Error(Answer),
    /// Introduces a device; its first message.
    Connect(Connect),
    /// Announces that the sender is about to close the connection.
    Disconnect(Disconnect),
    /// Shows that the connection lives.
    KeepAlive,
    /// Runs a resource of the receiver.
    Run(Run),
    /// Asks which resources there are, or what one takes and gives.
    Describe(Describe),
    /// Opens a stream of a resource's values, or changes one.
    StartStream(StartStream),
    /// Closes a stream.
    StopStream(StopStream),
    /// One value on an open stream.
    StreamData(StreamData),
    /// A message whose type the revision does not name.
    Unknown {
        /// Code in the header.
        code: u32,
        /// Body, unread.
        body: Vec<u8>,
    },
}

/// What [`Packet::Ok`] and [`Packet::Error`] hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Stream identifier of the request.
    pub stream_id: u16,
    /// Parameters; of an Error its code.
    pub parameters: Option<Value>,
    /// Value; of an Error its details.
    pub payload: Option<Value>,
}

/// What [`Packet::Connect`] holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// Stream identifier of the answer.
    pub stream_id: u16,
    /// What authenticates.
    pub payload: Value,
    /// Version of the protocol that the device asks for.
    pub protocol_version: u64,
    /// Encoding of the values that follow, where the Connect itself names one.
    pub encoding: Option<Encoding>,
    /// Interval of its keep alives.
    pub keep_alive: Duration,
    /// What `payload` is, by number.
    pub auth_type: u64,
    /// Kind of client.
    pub client_type: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
}

/// What authenticates stays out of logs.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("stream_id", &self.stream_id)
            .field("protocol_version", &self.protocol_version)
            .field("encoding", &self.encoding)
            .field("keep_alive", &self.keep_alive)
            .field("auth_type", &self.auth_type)
            .field("client_type", &self.client_type)
            .field("firmware", &self.firmware)
            .finish_non_exhaustive()
    }
}

/// What [`Packet::Disconnect`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disconnect {
    /// Stream identifier of the acknowledgement; absent where none is wanted.
    pub stream_id: Option<u16>,
    /// Reason.
    pub reason: Option<Value>,
    /// Further information.
    pub payload: Option<Value>,
}

/// What [`Packet::Run`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Stream identifier; absent where no answer is wanted.
    pub stream_id: Option<u16>,
    /// What to do with the resource.
    pub action: Action,
    /// What to run.
    pub resource: Resource,
    /// Parameters of the call.
    pub parameters: Option<Value>,
    /// Input of the resource.
    pub payload: Option<Value>,
}

/// What a [`Packet::Run`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Action {
    /// Runs the resource: the only action of most revisions.
    #[default]
    Run,
    /// Describes the resource.
    Describe,
    /// Something else, by the number that the revision has for it.
    Other(u64),
}

/// What [`Packet::Describe`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Describe {
    /// Stream identifier of the answer.
    pub stream_id: u16,
    /// What to describe; absent for everything.
    pub resource: Option<Resource>,
    /// Parameters of the request.
    pub parameters: Option<Value>,
}

/// What [`Packet::StartStream`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartStream {
    /// Stream identifier, taken until Stop Stream.
    pub stream_id: u16,
    /// What to stream; absent where an open stream only gets another interval,
    /// which some revisions have.
    pub resource: Option<Resource>,
    /// Parameters as they stand on the wire. To send, the interval need not be
    /// among them.
    pub parameters: Option<Value>,
    /// Time between samples; zero for events only.
    pub interval: Duration,
    /// Input for the resource.
    pub payload: Option<Value>,
}

/// What [`Packet::StopStream`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StopStream {
    /// Stream identifier of the stream.
    pub stream_id: u16,
    /// Parameters of the request.
    pub parameters: Option<Value>,
    /// Further information.
    pub payload: Option<Value>,
}

/// What [`Packet::StreamData`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamData {
    /// Stream identifier of the stream.
    pub stream_id: u16,
    /// What brought it about.
    pub kind: DataKind,
    /// What the payload is.
    pub parameters: Option<Value>,
    /// Input of the resource, where it travels beside the value.
    pub input: Option<Value>,
    /// The value.
    pub payload: Option<Value>,
}

/// What brought a value of a stream about, where the revision tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DataKind {
    /// The revision does not tell.
    #[default]
    Untold,
    /// Its time came: the stream has an interval.
    Sample,
    /// Something happened: the stream has no interval.
    Event,
}

/// What names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// By name, which may be a path: `lights/kitchen`.
    Name(String),
    /// By number.
    Number(u64),
    /// By the segments of its path.
    Path(Vec<String>),
    /// By something that names nothing.
    Other(Value),
}

impl Resource {
    /// The name, segments joined by slashes; `None` for what has none.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Path(segments) => Some(segments.join("/")),
            Self::Number(_) | Self::Other(_) => None,
        }
    }

    /// Whether both name the same, however they say it.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self == other || self.name().is_some_and(|name| other.name() == Some(name))
    }
}

impl From<Value> for Resource {
    fn from(value: Value) -> Self {
        if let Some(number) = value.as_u64() {
            return Self::Number(number);
        }
        match value {
            Value::String(name) => Self::Name(name),
            Value::Array(elements) => {
                let segments: Option<Vec<String>> = elements
                    .iter()
                    .map(|element| element.as_str().map(String::from))
                    .collect();
                segments.map_or(Self::Other(Value::Array(elements)), Self::Path)
            }
            other => Self::Other(other),
        }
    }
}

impl From<Resource> for Value {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Name(name) => Self::from(name),
            Resource::Number(number) => Self::from(number),
            Resource::Path(segments) => Self::Array(segments.into_iter().map(Self::from).collect()),
            Resource::Other(value) => value,
        }
    }
}

impl From<&str> for Resource {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<String> for Resource {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<u64> for Resource {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => write!(f, "#{number}"),
            Self::Path(segments) => f.write_str(&segments.join("/")),
            Self::Other(value) => write!(f, "{value:?}"),
        }
    }
}

/// `parameters` with `key` set to `value`; anything but a map gives way to one.
pub(super) fn with_entry(parameters: Option<Value>, key: &str, value: Value) -> Value {
    let mut map = match parameters {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    };
    map.insert(key, value);
    Value::Map(map)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::Resource;
    use crate::pson::Value;

    #[test]
    fn a_resource_is_what_its_value_says() {
        let path = Value::Array(vec!["a".into(), "b".into()]);
        assert_eq!(Resource::from(Value::from("a/b")), Resource::from("a/b"));
        assert_eq!(Resource::from(Value::from(7)), Resource::Number(7));
        let segments = Resource::Path(vec!["a".into(), "b".into()]);
        assert_eq!(Resource::from(path.clone()), segments);
        assert_eq!(Value::from(segments), path);
        let mixed = Value::Array(vec!["a".into(), 1.into()]);
        assert_eq!(Resource::from(mixed.clone()), Resource::Other(mixed));
        assert_eq!(
            Resource::from(Value::from(-1)),
            Resource::Other((-1).into())
        );
    }

    #[test]
    fn a_path_and_its_joined_name_are_the_same() {
        let path = Resource::Path(vec!["a".into(), "b".into()]);
        assert!(path.same(&"a/b".into()));
        assert!(!path.same(&"a".into()));
        assert!(Resource::Number(1).same(&Resource::Number(1)));
        assert!(!Resource::Number(1).same(&Resource::Other(Value::Null)));
    }
}

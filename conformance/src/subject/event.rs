//! What a subject may do next, and what it did.

use core::fmt;
use core::time::Duration;

use serde_json::Value as Json;

use super::vocabulary;

/// What a subject did.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It sent a message.
    Message(Received),
    /// It sent bytes that are no message; why not.
    Garbage(String),
    /// It sent more than is read; how much. Nothing more is read.
    Flood(String),
    /// It closed the connection.
    Closed {
        /// Bytes of an unfinished message before it.
        unfinished: usize,
        /// Whether by a reset.
        reset: bool,
    },
    /// It did nothing for as long as the suite waited.
    Silence(Duration),
}

/// A message of the subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The message as JSON.
    pub message: Json,
    /// The message as it came.
    pub bytes: Vec<u8>,
}

impl Received {
    /// Its name, or its code in hex.
    #[must_use]
    pub fn name(&self) -> &str {
        self.message
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or_default()
    }

    /// A field, if it is there.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Json> {
        self.message.get(name)
    }

    /// The stream identifier, if it carries one.
    #[must_use]
    pub fn stream_id(&self) -> Option<u64> {
        self.field("stream_id").and_then(Json::as_u64)
    }

    /// Whether it is a message of that name and stream identifier.
    #[must_use]
    pub fn is(&self, name: &str, stream_id: u16) -> bool {
        self.name() == name && self.stream_id() == Some(stream_id.into())
    }
}

/// Longest text of a message in a sentence, in characters.
const SHOWN: usize = 160;

/// A message in one line.
#[must_use]
pub fn phrase(message: &Json) -> String {
    let name = message.get("type").and_then(Json::as_str).unwrap_or("?");
    let mut fields = String::new();
    if let Some(object) = message.as_object() {
        for (field, value) in object.iter().filter(|(field, _)| *field != "type") {
            fields.push_str(&format!(" {field}={value}"));
        }
    }
    let mut line = format!("{name}{fields}");
    if let Some((cut, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(received) => f.write_str(&phrase(&received.message)),
            Self::Garbage(why) => write!(f, "bytes that are no message ({why})"),
            Self::Flood(what) => write!(f, "messages without end ({what})"),
            Self::Closed { unfinished, reset } => {
                f.write_str(if *reset {
                    "connection reset"
                } else {
                    "connection closed"
                })?;
                match unfinished {
                    0 => Ok(()),
                    n => write!(f, " after {n} bytes of an unfinished message"),
                }
            }
            Self::Silence(waited) => write!(f, "nothing within {} ms", waited.as_millis()),
        }
    }
}

/// One outcome that a case allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Ok with this stream identifier.
    Ok(u16),
    /// Error with this stream identifier.
    Error(u16),
    /// Ok or Error with this stream identifier.
    Answer(u16),
    /// A value of this stream, by whatever message brings one.
    Data(u16),
    /// A value of this stream that its interval brings.
    Sample(u16),
    /// A message of this name.
    Message(&'static str),
    /// The end of the connection.
    Closed,
    /// Nothing for as long as the suite waits.
    Silence,
}

impl Want {
    /// Whether `event` is this outcome.
    #[must_use]
    pub fn allows(self, event: &Event) -> bool {
        match (self, event) {
            (Self::Closed, Event::Closed { .. }) | (Self::Silence, Event::Silence(_)) => true,
            (want, Event::Message(received)) => want.allows_message(received),
            _ => false,
        }
    }

    /// Whether a message is this outcome.
    #[must_use]
    pub fn allows_message(self, received: &Received) -> bool {
        match self {
            Self::Ok(id) => received.is("ok", id),
            Self::Error(id) => received.is("error", id),
            Self::Answer(id) => received.is("ok", id) || received.is("error", id),
            Self::Data(id) => {
                vocabulary::is_value(received.name()) && received.stream_id() == Some(id.into())
            }
            Self::Sample(id) => {
                vocabulary::is_sample(received.name()) && received.stream_id() == Some(id.into())
            }
            Self::Message(name) => received.name() == name,
            Self::Closed | Self::Silence => false,
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(id) => write!(f, "ok stream_id={id}"),
            Self::Error(id) => write!(f, "error stream_id={id}"),
            Self::Answer(id) => write!(f, "ok or error stream_id={id}"),
            Self::Data(id) => write!(f, "a value of stream_id={id}"),
            Self::Sample(id) => write!(f, "a sample of stream_id={id}"),
            Self::Message(name) => f.write_str(name),
            Self::Closed => f.write_str("connection closed"),
            Self::Silence => f.write_str("nothing"),
        }
    }
}

/// Outcomes that are named one by one.
const NAMED: usize = 4;

/// A set of outcomes in words.
#[must_use]
pub fn any_of(wants: &[Want]) -> String {
    let named = if wants.len() > NAMED { 1 } else { NAMED };
    let mut parts: Vec<String> = wants.iter().take(named).map(ToString::to_string).collect();
    if wants.len() > named {
        parts.push(format!("one of {} more like it", wants.len() - named));
    }
    parts.join(", or ")
}

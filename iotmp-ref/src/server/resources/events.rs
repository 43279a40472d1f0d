//! Subscriptions to events, and which of them an event is for.

use alloc::format;
use alloc::string::String;

use tokio::sync::mpsc;

use super::super::command::Command;
use super::target::{named, text};
use super::{Caller, DeviceId};
use crate::device::Failure;
use crate::message::iotmp_shipping::event_parameters as keys;
use crate::pson::{Map, Value};
use crate::session::Reply;

/// Event of a property that was set. A device hears of its own properties.
pub const DEVICE_PROPERTY_UPDATE: &str = "device_property_update";

/// Event of a value that a device has published under a topic. A device hears
/// of what all devices of its user publish.
pub const DEVICE_TOPIC_PUBLISH: &str = "device_topic_publish";

/// Key of the property, in the filters and in what an event says of itself.
const PROPERTY: &str = "property";

/// Key of the device that an event is about.
const DEVICE: &str = "device";

/// A stream by which a device hears of events, or publishes.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) device: DeviceId,
    pub(super) connection: u64,
    pub(super) stream_id: u16,
    pub(super) sender: mpsc::Sender<Command>,
    pub(super) event: String,
    /// Topic, or filter of topics.
    pub(super) topic: Option<String>,
    /// The only property that is of interest.
    pub(super) property: Option<String>,
    pub(super) is_publisher: bool,
    pub(super) retains: bool,
    pub(super) wants_current: bool,
}

/// Something that has happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum Happened<'a> {
    Property { id: &'a DeviceId, name: &'a str },
    Topic { topic: &'a str },
    Other { event: &'a str },
}

impl Subscription {
    /// Reads what a Start Stream asks for: a map, or the name of an event alone.
    pub(super) fn new(
        caller: Caller<'_>,
        stream_id: u16,
        sender: mpsc::Sender<Command>,
        target: &Value,
    ) -> Result<Self, Failure> {
        let empty = Map::new();
        let map = target.as_map().unwrap_or(&empty);
        let event = match target {
            Value::Map(map) => map.get(keys::EVENT).unwrap_or(&Value::Null),
            other => other,
        };
        let event = named(event).map_err(|_| wrong("no event; name it by a text"))?;
        let is_publisher = match text(map, keys::SCOPE).as_deref() {
            None | Some("subscribe") => false,
            Some("publish") => true,
            Some(_) => return Err(wrong("the scope is neither publish nor subscribe")),
        };
        let topic = map.get(keys::TOPIC).map(named).transpose()?;
        let is_pattern = |topic: &String| topic.contains(['+', '#']);
        if is_publisher && (event != DEVICE_TOPIC_PUBLISH || topic.as_ref().is_none_or(is_pattern))
        {
            return Err(wrong(
                "only device_topic_publish can be published, under a topic without + and #",
            ));
        }
        let flag = |key| map.get(key).and_then(Value::as_bool);
        let filters = map.get(keys::FILTERS);
        let property = filters.and_then(|filters| filters.get(PROPERTY));
        Ok(Self {
            device: caller.id.clone(),
            connection: caller.connection,
            stream_id,
            sender,
            property: property.map(named).transpose()?,
            topic,
            is_publisher,
            retains: flag(keys::RETAINED).unwrap_or(false),
            // What was retained is there to be sent.
            wants_current: flag(keys::CURRENT).unwrap_or(event == DEVICE_TOPIC_PUBLISH),
            event,
        })
    }

    /// Whether an event is for it.
    pub(super) fn wants(&self, happened: Happened<'_>) -> bool {
        if self.is_publisher {
            return false;
        }
        match happened {
            Happened::Property { id, name } => {
                self.event == DEVICE_PROPERTY_UPDATE
                    && self.device == *id
                    && self.property.as_deref().is_none_or(|wanted| wanted == name)
            }
            Happened::Topic { topic } => {
                self.event == DEVICE_TOPIC_PUBLISH
                    && self
                        .topic
                        .as_deref()
                        .is_none_or(|filter| matches(filter, topic))
            }
            Happened::Other { event } => self.event == event,
        }
    }

    /// Sends a value on the stream, unless the connection is too far behind.
    pub(super) fn send(&self, reply: Reply) -> bool {
        let command = Command::Publish {
            stream_id: self.stream_id,
            reply,
        };
        self.sender.try_send(command).is_ok()
    }
}

impl Happened<'_> {
    /// What is sent of it: the value, and beside it what it is about.
    pub(super) fn reply(self, value: &Value) -> Reply {
        let about = match self {
            Self::Property { id, name } => Map::from([
                (keys::EVENT, DEVICE_PROPERTY_UPDATE),
                (DEVICE, &id.device),
                (PROPERTY, name),
            ]),
            Self::Topic { topic } => {
                Map::from([(keys::EVENT, DEVICE_TOPIC_PUBLISH), (keys::TOPIC, topic)])
            }
            Self::Other { event } => Map::from([(keys::EVENT, event)]),
        };
        Reply::value(value.clone()).parameters(about)
    }
}

fn wrong(why: &str) -> Failure {
    Failure::new(format!("{why}, in {{\"{}\": …}}", keys::EVENT)).code(400)
}

/// Whether a filter of topics fits: `+` is one level, `#` at the end all that
/// are left.
fn matches(filter: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    let mut filters = filter.split('/');
    loop {
        match (filters.next(), levels.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_of_topics() {
        for (filter, topic, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/c", false),
            ("a/b", "a", false),
            ("a", "a/b", false),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("a/+", "a", false),
            ("+/b", "a/b", true),
            ("a/#", "a/b/c", true),
            ("a/#", "a", true),
            ("#", "a/b", true),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }
}

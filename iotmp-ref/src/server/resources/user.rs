//! What is kept for one user.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::time::SystemTime;

use super::events::{Happened, Subscription};
use super::{Caller, DeviceId, Limits, shown};
use crate::device::Failure;
use crate::pson::Value;
use crate::session::Reply;

/// A value in a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When it was written.
    pub at: SystemTime,
    /// Device that wrote it.
    pub device: String,
    /// The value.
    pub value: Value,
}

/// Everything of one user.
#[derive(Debug, Default)]
pub(super) struct User {
    /// By device and name.
    properties: BTreeMap<(String, String), Value>,
    buckets: BTreeMap<String, VecDeque<Point>>,
    locks: BTreeMap<String, Holder>,
    subscriptions: Vec<Subscription>,
    /// Last values of topics.
    retained: BTreeMap<String, Value>,
    /// Memory that the values take.
    bytes: usize,
}

#[derive(Debug)]
struct Holder {
    device: String,
    connection: u64,
}

impl User {
    pub(super) fn is_empty(&self) -> bool {
        self.properties.is_empty()
            && self.buckets.is_empty()
            && self.locks.is_empty()
            && self.subscriptions.is_empty()
            && self.retained.is_empty()
    }

    pub(super) fn property(&self, device: &str, name: &str) -> Option<&Value> {
        self.properties
            .get(&(String::from(device), String::from(name)))
    }

    pub(super) fn properties(&self, device: &str) -> impl Iterator<Item = (&str, &Value)> {
        let all = self
            .properties
            .range((String::from(device), String::new())..);
        all.take_while(move |((of, _), _)| of == device)
            .map(|((_, name), value)| (name.as_str(), value))
    }

    pub(super) fn set_property(
        &mut self,
        limits: &Limits,
        id: &DeviceId,
        name: &str,
        value: Value,
    ) -> Result<(), Failure> {
        let old = self.property(&id.device, name).map(weight);
        if old.is_none() && self.properties(&id.device).count() >= limits.max_properties {
            return Err(full("properties of this device", limits.max_properties));
        }
        self.account(limits, old.unwrap_or(0), &value)?;
        let key = (String::from(&id.device), String::from(name));
        let happened = Happened::Property { id, name };
        self.tell(happened, &value);
        self.properties.insert(key, value);
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        limits: &Limits,
        id: &DeviceId,
        bucket: &str,
        value: Value,
    ) -> Result<(), Failure> {
        let is_new = !self.buckets.contains_key(bucket);
        if is_new && self.buckets.len() >= limits.max_buckets {
            return Err(full("buckets", limits.max_buckets));
        }
        let points = self.buckets.get_mut(bucket);
        let oldest = points.and_then(|points| match points.len() >= limits.max_points {
            true => points.pop_front(),
            false => None,
        });
        let freed = oldest.map_or(0, |point| weight(&point.value));
        self.bytes = self.bytes.saturating_sub(freed);
        self.account(limits, 0, &value)?;
        let points = self.buckets.entry(String::from(bucket)).or_default();
        points.push_back(Point {
            at: SystemTime::now(),
            device: String::from(&id.device),
            value,
        });
        Ok(())
    }

    pub(super) fn bucket(&self, bucket: &str) -> Option<Vec<Point>> {
        let points = self.buckets.get(bucket)?;
        Some(points.iter().cloned().collect())
    }

    /// Takes a lock. Who holds it already holds it still.
    pub(super) fn lock(
        &mut self,
        limits: &Limits,
        name: String,
        id: &DeviceId,
        connection: u64,
    ) -> Result<(), Failure> {
        if let Some(holder) = self.locks.get(&name) {
            if holder.connection == connection {
                return Ok(());
            }
            let (name, device) = (shown(&name), shown(&holder.device));
            let why = format!("{device} holds the lock {name}; try again when it gives it back");
            return Err(Failure::new(why).code(409));
        }
        if self.locks.len() >= limits.max_locks {
            return Err(full("locks", limits.max_locks));
        }
        let device = String::from(&id.device);
        self.locks.insert(name, Holder { device, connection });
        Ok(())
    }

    pub(super) fn unlock(&mut self, name: &str, connection: u64) -> Result<(), Failure> {
        let is_own = |holder: &Holder| holder.connection == connection;
        if self.locks.get(name).is_some_and(is_own) {
            self.locks.remove(name);
            return Ok(());
        }
        let why = format!("the lock {} is not held on this connection", shown(name));
        Err(Failure::new(why).code(409))
    }

    pub(super) fn subscribe(
        &mut self,
        limits: &Limits,
        new: Subscription,
    ) -> Result<Vec<Reply>, Failure> {
        self.unsubscribe(new.connection, new.stream_id);
        if self.subscriptions.len() >= limits.max_subscriptions {
            return Err(full("subscriptions", limits.max_subscriptions));
        }
        let mut first = Vec::new();
        if new.wants_current {
            let id = new.device.clone();
            for (name, value) in self.properties(&id.device) {
                let happened = Happened::Property { id: &id, name };
                first.extend(new.wants(happened).then(|| happened.reply(value)));
            }
            for (topic, value) in &self.retained {
                let happened = Happened::Topic { topic };
                first.extend(new.wants(happened).then(|| happened.reply(value)));
            }
        }
        self.subscriptions.push(new);
        Ok(first)
    }

    pub(super) fn unsubscribe(&mut self, connection: u64, stream_id: u16) {
        self.subscriptions
            .retain(|old| (old.connection, old.stream_id) != (connection, stream_id));
    }

    pub(super) fn leave(&mut self, connection: u64) {
        self.subscriptions
            .retain(|old| old.connection != connection);
        self.locks
            .retain(|_, holder| holder.connection != connection);
    }

    pub(super) fn published(
        &mut self,
        limits: &Limits,
        caller: Caller<'_>,
        stream_id: u16,
        value: Value,
    ) {
        let mut subscriptions = self.subscriptions.iter();
        let by = subscriptions.find(|subscription| {
            subscription.is_publisher
                && (subscription.connection, subscription.stream_id)
                    == (caller.connection, stream_id)
        });
        let by = by.and_then(|by| Some((by.topic.clone()?, by.retains)));
        let Some((topic, retains)) = by else {
            return;
        };
        self.tell(Happened::Topic { topic: &topic }, &value);
        if !retains {
            return;
        }
        let old = self.retained.get(&topic).map(weight);
        let has_room = old.is_some() || self.retained.len() < limits.max_retained;
        // What there is no room for is heard, but not kept.
        if has_room && self.account(limits, old.unwrap_or(0), &value).is_ok() {
            self.retained.insert(topic, value);
        }
    }

    pub(super) fn publish(&self, event: &str, value: &Value) -> usize {
        self.tell(Happened::Other { event }, value)
    }

    /// Sends an event to those whom it is for: how many took it.
    fn tell(&self, happened: Happened<'_>, value: &Value) -> usize {
        let all = self.subscriptions.iter();
        let wanting = all.filter(|subscription| subscription.wants(happened));
        wanting
            .filter(|subscription| subscription.send(happened.reply(value)))
            .count()
    }

    /// Takes note of a value that replaces `old` bytes, if there is room.
    fn account(&mut self, limits: &Limits, old: usize, value: &Value) -> Result<(), Failure> {
        let new = weight(value);
        if new > limits.max_value {
            let most = limits.max_value;
            let why = format!("the value takes {new} bytes of memory; at most {most} are kept");
            return Err(Failure::new(why).code(413));
        }
        let bytes = self.bytes.saturating_sub(old).saturating_add(new);
        if bytes > limits.max_bytes {
            return Err(full("bytes of values", limits.max_bytes));
        }
        self.bytes = bytes;
        Ok(())
    }
}

fn full(what: &str, most: usize) -> Failure {
    Failure::new(format!(
        "there is room for {most} {what}, and all are taken"
    ))
    .code(507)
}

/// The memory that a value takes, in bytes. Its depth was bounded when it was
/// read.
fn weight(value: &Value) -> usize {
    let content = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(weight).sum(),
        Value::Map(map) => {
            let pairs = map.iter();
            let pairs = pairs.map(|(key, value)| size_of::<String>() + key.len() + weight(value));
            pairs.sum()
        }
        _ => 0,
    };
    size_of::<Value>() + content
}

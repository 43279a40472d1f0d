//! What a device may run on the server: properties, buckets, locks, other
//! devices of its user, and events.
//!
//! All of it is kept in memory, by user, within [`Limits`].

mod events;
mod limits;
mod target;
mod user;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use self::events::Subscription;
use self::target::{Wanted, named};
use self::user::User;
use super::command::Command;
use super::credentials::DeviceId;
use super::shown;
use crate::device::Failure;
use crate::message::iotmp_shipping::ServerResource;
use crate::pson::Value;
use crate::session::{Call, Reply, Resource};

pub use self::events::{DEVICE_PROPERTY_UPDATE, DEVICE_TOPIC_PUBLISH};
pub use self::limits::Limits;
pub use self::user::Point;

/// Everything that the server keeps for its devices.
#[derive(Debug)]
pub(super) struct Store {
    limits: Limits,
    users: Mutex<BTreeMap<String, User>>,
}

/// Who asks: a device, and on which of its connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) id: &'a DeviceId,
    pub(super) connection: u64,
}

/// What is to become of a Run.
#[derive(Debug)]
pub(super) enum Run {
    /// It is done; this is the answer.
    Done(Result<Reply, Reply>),
    /// Another device of the user has to be asked.
    Call { device: String, call: Call },
}

impl Store {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            users: Mutex::default(),
        }
    }

    /// Runs a resource of the server for a device.
    pub(super) fn run(
        &self,
        caller: Caller<'_>,
        resource: Resource,
        parameters: Option<Value>,
        payload: Option<Value>,
    ) -> Run {
        let Some(wanted) = target::wanted(&resource, parameters) else {
            return Run::Done(Err(unknown(&resource).into()));
        };
        if wanted.resource == ServerResource::CALL_DEVICE {
            return match target::call(caller.id, wanted.target, payload) {
                Ok((device, call)) => Run::Call { device, call },
                Err(failure) => Run::Done(Err(failure.into())),
            };
        }
        let result = self.run_own(caller, &wanted, payload);
        let reply = |payload| Reply {
            parameters: None,
            payload,
        };
        Run::Done(result.map(reply).map_err(Reply::from))
    }

    fn run_own(
        &self,
        caller: Caller<'_>,
        wanted: &Wanted,
        payload: Option<Value>,
    ) -> Result<Option<Value>, Failure> {
        let Caller { id, connection } = caller;
        let name = || named(&wanted.target);
        match wanted.resource {
            ServerResource::READ_DEVICE_PROPERTY => {
                let name = name()?;
                let value = self.property(id, &name);
                let unset = || Failure::new(format!("the property {} is not set", shown(&name)));
                value.map(Some).ok_or_else(|| unset().code(404))
            }
            ServerResource::SET_DEVICE_PROPERTY => {
                self.set_property(id, &name()?, payload.unwrap_or_default())?;
                Ok(None)
            }
            ServerResource::WRITE_BUCKET => {
                self.write(id, &name()?, payload.unwrap_or_default())?;
                Ok(None)
            }
            ServerResource::LOCK => {
                let name = name()?;
                self.with(&id.user, |user, limits| {
                    user.lock(limits, name, id, connection)
                })?;
                Ok(None)
            }
            ServerResource::UNLOCK => {
                let name = name()?;
                self.with(&id.user, |user, _| user.unlock(&name, connection))?;
                Ok(None)
            }
            ServerResource::CALL_ENDPOINT => {
                let why = format!("no endpoint {} on this server", shown(&name()?));
                Err(Failure::new(why).code(404))
            }
            _ => Err(Failure::new(
                "an event is subscribed to by Start Stream, not by Run",
            )),
        }
    }

    /// Subscribes a device to events by a stream that it opens: what to send on
    /// it at once.
    pub(super) fn subscribe(
        &self,
        caller: Caller<'_>,
        stream_id: u16,
        sender: mpsc::Sender<Command>,
        resource: &Resource,
        parameters: Option<Value>,
    ) -> Result<Vec<Reply>, Reply> {
        let wanted = target::wanted(resource, parameters);
        let wanted = wanted.ok_or_else(|| unknown(resource))?;
        if wanted.resource != ServerResource::SUBSCRIBE_EVENT {
            return Err(Failure::new("only events can be streamed from this server").into());
        }
        let subscription = Subscription::new(caller, stream_id, sender, &wanted.target)?;
        let user = &caller.id.user;
        let first = self.with(user, |user, limits| user.subscribe(limits, subscription));
        first.map_err(Reply::from)
    }

    /// The device sends a value on a stream by which it publishes.
    pub(super) fn published(&self, caller: Caller<'_>, stream_id: u16, value: Value) {
        self.with(&caller.id.user, |user, limits| {
            user.published(limits, caller, stream_id, value);
        });
    }

    /// The device has closed a stream.
    pub(super) fn unsubscribe(&self, caller: Caller<'_>, stream_id: u16) {
        self.with(&caller.id.user, |user, _| {
            user.unsubscribe(caller.connection, stream_id);
        });
    }

    /// A connection has ended: its locks are free, its subscriptions gone.
    pub(super) fn leave(&self, caller: Caller<'_>) {
        self.with(&caller.id.user, |user, _| user.leave(caller.connection));
    }

    /// A property of a device.
    pub(super) fn property(&self, id: &DeviceId, name: &str) -> Option<Value> {
        self.with(&id.user, |user, _| user.property(&id.device, name).cloned())
    }

    /// All properties of a device.
    pub(super) fn properties(&self, id: &DeviceId) -> Vec<(String, Value)> {
        self.with(&id.user, |user, _| {
            let all = user.properties(&id.device);
            all.map(|(name, value)| (name.to_string(), value.clone()))
                .collect()
        })
    }

    /// Sets a property of a device and tells who listens for that.
    pub(super) fn set_property(
        &self,
        id: &DeviceId,
        name: &str,
        value: Value,
    ) -> Result<(), Failure> {
        self.with(&id.user, |user, limits| {
            user.set_property(limits, id, name, value)
        })
    }

    /// Adds a value to a bucket.
    pub(super) fn write(&self, id: &DeviceId, bucket: &str, value: Value) -> Result<(), Failure> {
        self.with(&id.user, |user, limits| {
            user.write(limits, id, bucket, value)
        })
    }

    /// What a bucket holds, the oldest first; `None` if nothing was written.
    pub(super) fn bucket(&self, user: &str, bucket: &str) -> Option<Vec<Point>> {
        self.with(user, |user, _| user.bucket(bucket))
    }

    /// Tells of an event: how many subscriptions it is for.
    pub(super) fn publish(&self, user: &str, event: &str, value: &Value) -> usize {
        self.with(user, |user, _| user.publish(event, value))
    }

    fn with<T>(&self, user: &str, act: impl FnOnce(&mut User, &Limits) -> T) -> T {
        // Every change under the lock leaves the users whole.
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        match users.get_mut(user) {
            Some(user) => act(user, &self.limits),
            None => {
                let mut new = User::default();
                let result = act(&mut new, &self.limits);
                // Who only looks leaves no trace.
                if !new.is_empty() {
                    users.insert(user.to_string(), new);
                }
                result
            }
        }
    }
}

fn unknown(resource: &Resource) -> Failure {
    // A name that came from outside is not sent back at any length.
    let name = shown(&resource.to_string());
    Failure::new(format!("no resource {name} on this server"))
}

//! Which devices are connected.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, watch};

use super::command::Command;
use super::credentials::DeviceId;
use crate::session::CloseReason;
use crate::wire::Encoding;

/// How many changes wait for a slow subscriber.
const EVENTS: usize = 256;

/// A device that is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Which device.
    pub id: DeviceId,
    /// Where its newest connection comes from.
    pub peer: SocketAddr,
    /// Name of the revision that it speaks.
    pub spec: &'static str,
    /// How values are encoded.
    pub encoding: Encoding,
    /// Interval of its keep alives.
    pub keep_alive: Duration,
    /// What kind of client it says it is.
    pub client_type: Option<String>,
    /// What firmware it says it has.
    pub firmware: Option<String>,
    /// How many connections it has. Calls go to the newest.
    pub connections: usize,
}

/// A change of who is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// A connection of a device was let in.
    Connected {
        /// Which device.
        id: DeviceId,
    },
    /// A connection of a device has ended.
    Disconnected {
        /// Which device.
        id: DeviceId,
        /// Why.
        reason: CloseReason,
    },
}

/// Connections that were let in, by device.
#[derive(Debug)]
pub(super) struct Registry {
    devices: Mutex<Devices>,
    version: watch::Sender<u64>,
    events: broadcast::Sender<DeviceEvent>,
}

#[derive(Debug, Default)]
struct Devices {
    /// The newest connection last.
    connections: BTreeMap<DeviceId, Vec<Entry>>,
    serial: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    info: DeviceInfo,
    commands: mpsc::Sender<Command>,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            devices: Mutex::default(),
            version: watch::Sender::new(0),
            events: broadcast::Sender::new(EVENTS),
        }
    }

    /// Adds a connection, for as long as what is returned lives.
    pub(super) fn add(
        self: &Arc<Self>,
        info: DeviceInfo,
        commands: mpsc::Sender<Command>,
    ) -> Registration {
        let id = info.id.clone();
        let serial = {
            let mut devices = self.lock();
            devices.serial += 1;
            let serial = devices.serial;
            let entry = Entry {
                serial,
                info,
                commands,
            };
            let connections = devices.connections.entry(id.clone()).or_default();
            connections.push(entry);
            serial
        };
        self.changed(DeviceEvent::Connected { id: id.clone() });
        Registration {
            registry: Arc::clone(self),
            id,
            serial,
            reason: CloseReason::Ended,
        }
    }

    fn remove(&self, id: &DeviceId, serial: u64, reason: CloseReason) {
        {
            let mut devices = self.lock();
            if let Some(connections) = devices.connections.get_mut(id) {
                connections.retain(|entry| entry.serial != serial);
                if connections.is_empty() {
                    devices.connections.remove(id);
                }
            }
        }
        self.changed(DeviceEvent::Disconnected {
            id: id.clone(),
            reason,
        });
    }

    /// The newest connection of a device.
    pub(super) fn newest(&self, id: &DeviceId) -> Option<mpsc::Sender<Command>> {
        let devices = self.lock();
        let newest = devices.connections.get(id)?.last()?;
        Some(newest.commands.clone())
    }

    /// Every connection of a device.
    pub(super) fn all(&self, id: &DeviceId) -> Vec<mpsc::Sender<Command>> {
        let devices = self.lock();
        let connections = devices.connections.get(id).into_iter().flatten();
        connections.map(|entry| entry.commands.clone()).collect()
    }

    /// Every device that is connected, in order.
    pub(super) fn devices(&self) -> Vec<DeviceInfo> {
        let devices = self.lock();
        let connections = devices.connections.values();
        connections.filter_map(|entries| info(entries)).collect()
    }

    /// A device, if it is connected.
    pub(super) fn device(&self, id: &DeviceId) -> Option<DeviceInfo> {
        let devices = self.lock();
        info(devices.connections.get(id)?)
    }

    /// Wakes up at every change from now on.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(super) fn events(&self) -> broadcast::Receiver<DeviceEvent> {
        self.events.subscribe()
    }

    fn changed(&self, event: DeviceEvent) {
        self.version.send_modify(|version| *version += 1);
        // Nobody need listen.
        let _ = self.events.send(event);
    }

    fn lock(&self) -> MutexGuard<'_, Devices> {
        // Every change under the lock leaves the map whole.
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device by its connections.
fn info(connections: &[Entry]) -> Option<DeviceInfo> {
    let mut info = connections.last()?.info.clone();
    info.connections = connections.len();
    Some(info)
}

/// A connection in the registry; dropped, it is gone from there.
#[derive(Debug)]
pub(super) struct Registration {
    registry: Arc<Registry>,
    id: DeviceId,
    serial: u64,
    reason: CloseReason,
}

impl Registration {
    pub(super) const fn id(&self) -> &DeviceId {
        &self.id
    }

    /// Tells the connection from all others.
    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Removes the connection and says why it has ended.
    pub(super) fn close(mut self, reason: CloseReason) {
        self.reason = reason;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let reason = core::mem::replace(&mut self.reason, CloseReason::Ended);
        self.registry.remove(&self.id, self.serial, reason);
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;
    use core::time::Duration;

    use tokio::sync::mpsc;

    use super::{DeviceEvent, DeviceId, DeviceInfo, Registry};
    use crate::session::CloseReason;
    use crate::wire::Encoding;

    fn info(id: &DeviceId, port: u16) -> DeviceInfo {
        DeviceInfo {
            id: id.clone(),
            peer: ([127, 0, 0, 1], port).into(),
            spec: "iotmp-2025",
            encoding: Encoding::Pson1,
            keep_alive: Duration::from_secs(60),
            client_type: None,
            firmware: None,
            connections: 1,
        }
    }

    #[test]
    fn the_newest_connection_that_lives_is_the_one_to_call() {
        let registry = Arc::new(Registry::new());
        let id = DeviceId::new("u", "d");
        let mut events = registry.events();
        let (older, _older) = mpsc::channel(1);
        let (newer, _newer) = mpsc::channel(1);
        assert!(registry.newest(&id).is_none());

        let first = registry.add(info(&id, 1), older.clone());
        let second = registry.add(info(&id, 2), newer.clone());
        assert!(registry.newest(&id).unwrap().same_channel(&newer));
        let shown: Vec<_> = registry.devices();
        assert_eq!((shown[0].peer.port(), shown[0].connections), (2, 2));

        second.close(CloseReason::Overflow);
        assert!(registry.newest(&id).unwrap().same_channel(&older));
        drop(first);
        assert!(registry.newest(&id).is_none());
        assert_eq!(registry.devices(), []);

        let connected = DeviceEvent::Connected { id: id.clone() };
        assert_eq!(events.try_recv(), Ok(connected.clone()));
        assert_eq!(events.try_recv(), Ok(connected));
        for reason in [CloseReason::Overflow, CloseReason::Ended] {
            let id = id.clone();
            let expected = DeviceEvent::Disconnected { id, reason };
            assert_eq!(events.try_recv(), Ok(expected));
        }
    }
}

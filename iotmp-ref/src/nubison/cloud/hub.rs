//! What an application asks of the devices that are logged in.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::nubison::{DeviceKey, Misuse};

/// How much news waits for a slow subscriber.
const NEWS: usize = 256;

/// Commands the devices of a [`Server`](super::Server), and hears what they
/// send. All clones are of one server.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
    timeout: Duration,
}

#[derive(Debug)]
struct Inner {
    devices: Mutex<Devices>,
    version: watch::Sender<u64>,
    news: broadcast::Sender<Notification>,
}

#[derive(Debug, Default)]
struct Devices {
    /// The newest connection last.
    connections: BTreeMap<DeviceKey, Vec<(u64, mpsc::Sender<Ask>)>>,
    serial: u64,
}

/// A command for a connection.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) payload: Option<Vec<u8>>,
    pub(super) reply: Reply,
}

pub(super) type Reply = oneshot::Sender<Result<Option<Vec<u8>>, CommandError>>;

/// News of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// It has logged in.
    LoggedIn(DeviceKey),
    /// It has logged out, or its connection has ended.
    LoggedOut(DeviceKey),
    /// It has sent data that was taken, be it with a heartbeat.
    Data {
        /// Which device.
        device: DeviceKey,
        /// In the device's own form.
        payload: Vec<u8>,
    },
}

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The device is not logged in.
    #[error("{0} is not logged in")]
    NotLoggedIn(DeviceKey),
    /// The device did not do it.
    #[error("the device did not do it")]
    Failed,
    /// The device did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection has ended before the answer.
    #[error("the connection has ended")]
    Lost,
    /// The command could not be sent.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

impl Hub {
    pub(super) fn new(timeout: Duration) -> Self {
        let inner = Inner {
            devices: Mutex::default(),
            version: watch::Sender::new(0),
            news: broadcast::Sender::new(NEWS),
        };
        Self {
            inner: Arc::new(inner),
            timeout,
        }
    }

    /// The devices that are logged in.
    #[must_use]
    pub fn devices(&self) -> Vec<DeviceKey> {
        self.lock().connections.keys().cloned().collect()
    }

    /// What devices send from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Notification> {
        self.inner.news.subscribe()
    }

    /// Waits until a device is logged in, as long as for an answer.
    ///
    /// # Errors
    /// [`CommandError::NotLoggedIn`] where it does not come.
    pub async fn wait_for(&self, device: &DeviceKey) -> Result<(), CommandError> {
        let mut version = self.inner.version.subscribe();
        let there = version.wait_for(|_| self.lock().connections.contains_key(device));
        match timeout(self.timeout, there).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(CommandError::NotLoggedIn(device.clone())),
        }
    }

    /// Tells a device to do something: what came of it. Where it is logged in on
    /// several connections, the newest counts.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn command(
        &self,
        device: &DeviceKey,
        payload: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, CommandError> {
        let connection = {
            let devices = self.lock();
            let newest = devices.connections.get(device).and_then(|all| all.last());
            newest.map(|(_, sender)| sender.clone())
        };
        let connection = connection.ok_or_else(|| CommandError::NotLoggedIn(device.clone()))?;
        let (reply, answer) = oneshot::channel();
        let payload = payload.map(<[u8]>::to_vec);
        let ask = Ask { payload, reply };
        let asked = async {
            connection.send(ask).await.map_err(|_| CommandError::Lost)?;
            answer.await.map_err(|_| CommandError::Lost)?
        };
        // The session gives up first, unless it does not even get to the command.
        let patience = self.timeout.saturating_mul(2);
        timeout(patience, asked)
            .await
            .unwrap_or(Err(CommandError::TimedOut))
    }

    /// Adds a connection, for as long as what is returned lives.
    pub(super) fn add(&self, device: DeviceKey, sender: mpsc::Sender<Ask>) -> Registration {
        let serial = {
            let mut devices = self.lock();
            devices.serial += 1;
            let serial = devices.serial;
            let connections = devices.connections.entry(device.clone()).or_default();
            connections.push((serial, sender));
            serial
        };
        self.inner.version.send_modify(|version| *version += 1);
        self.tell(Notification::LoggedIn(device.clone()));
        Registration {
            hub: self.clone(),
            device,
            serial,
        }
    }

    pub(super) fn tell(&self, news: Notification) {
        // Maybe nobody listens.
        let _ = self.inner.news.send(news);
    }

    fn lock(&self) -> MutexGuard<'_, Devices> {
        // Nothing in there panics half-way.
        let devices = self.inner.devices.lock();
        devices.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is known to its hub.
#[derive(Debug)]
pub(super) struct Registration {
    hub: Hub,
    device: DeviceKey,
    serial: u64,
}

impl Registration {
    pub(super) const fn device(&self) -> &DeviceKey {
        &self.device
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        {
            let mut devices = self.hub.lock();
            if let Some(connections) = devices.connections.get_mut(&self.device) {
                connections.retain(|(serial, _)| *serial != self.serial);
                if connections.is_empty() {
                    devices.connections.remove(&self.device);
                }
            }
        }
        let device = self.device.clone();
        self.hub.tell(Notification::LoggedOut(device));
    }
}

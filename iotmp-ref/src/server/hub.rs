//! Calls to the devices that are connected.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::command::{Ask, Command, Question, ReplyTo, Start};
use super::config::Config;
use super::credentials::DeviceId;
use super::registry::{DeviceEvent, DeviceInfo, Registry};
use super::resources::{Point, Store};
use super::stream::Stream;
use crate::device::{ERROR_KEY, Failure};
use crate::pson::Value;
use crate::session::{Call, Misuse, Reply, RequestId, Resource};

/// Most values that can wait on one stream.
const MAX_LAG: usize = 1 << 16;

/// Why a call has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The device is not connected.
    #[error("{0} is not connected")]
    NotConnected(DeviceId),
    /// The device did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The device answered by Error.
    #[error("the device answered by Error{}", details(.0))]
    Failed(Reply),
    /// The connection ended before the answer came.
    #[error("the connection ended before the answer came")]
    Lost,
    /// The call could not be sent.
    #[error("not sent: {0}")]
    NotSent(Misuse),
}

impl CallError {
    /// The Error for a device that has called another one.
    pub(super) fn into_reply(self) -> Reply {
        let code = match self {
            Self::Failed(reply) => return reply,
            Self::NotConnected(_) => 404,
            Self::TimedOut => 504,
            Self::Lost => 502,
            Self::NotSent(_) => 503,
        };
        Failure::new(self).code(code).into()
    }
}

impl From<Misuse> for CallError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::Closed => Self::Lost,
            other => Self::NotSent(other),
        }
    }
}

/// The text that a device gives with its Error, if it does.
fn details(reply: &Reply) -> String {
    let text = reply.payload.as_ref().and_then(|payload| {
        let payload = payload.get(ERROR_KEY).unwrap_or(payload);
        payload.as_str()
    });
    text.map_or_else(String::new, |text| {
        alloc::format!(": {}", super::shown(text))
    })
}

/// Calls devices, from anywhere and many at once. All clones are one hub.
///
/// A device may have several connections; calls go to the newest. Every call
/// ends within the timeout: by its answer or by a [`CallError`].
#[derive(Debug, Clone)]
pub struct Hub {
    registry: Arc<Registry>,
    /// The devices that may connect.
    known: Arc<BTreeSet<DeviceId>>,
    store: Arc<Store>,
    timeout: Duration,
    max_lag: usize,
}

impl Hub {
    pub(super) fn new(registry: Arc<Registry>, config: &Config) -> Self {
        let known = config.credentials.devices().cloned().collect();
        Self {
            registry,
            known: Arc::new(known),
            store: Arc::new(Store::new(config.resources)),
            timeout: config.call_timeout,
            max_lag: config.max_lag,
        }
    }

    /// The same hub with another time that a call may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The devices that are connected, in order of user and name.
    #[must_use]
    pub fn devices(&self) -> Vec<DeviceInfo> {
        self.registry.devices()
    }

    /// A device, if it is connected.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<DeviceInfo> {
        self.registry.device(id)
    }

    /// Whether a device may connect, and so whether it can be offline.
    #[must_use]
    pub fn is_known(&self, id: &DeviceId) -> bool {
        self.known.contains(id)
    }

    /// The devices of a user that may connect, in order.
    pub fn known(&self, user: &str) -> impl Iterator<Item = &DeviceId> {
        let first = DeviceId::new(user, "");
        let devices = self.known.range(first..);
        devices.take_while(move |id| id.user == user)
    }

    /// Tells of every device that comes or goes from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<DeviceEvent> {
        self.registry.events()
    }

    /// Waits until a device is connected.
    ///
    /// # Errors
    /// [`CallError::NotConnected`] if it is not within the timeout.
    pub async fn wait_for(&self, user: &str, device: &str) -> Result<(), CallError> {
        let id = DeviceId::new(user, device);
        let mut changes = self.registry.watch();
        let connected = async {
            while self.registry.newest(&id).is_none() && changes.changed().await.is_ok() {}
        };
        let waited = timeout_at(super::after(self.timeout), connected).await;
        waited.map_err(|_| CallError::NotConnected(id))
    }

    /// Runs a resource of a device.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn run(&self, user: &str, device: &str, call: Call) -> Result<Reply, CallError> {
        self.ask(user, device, Question::Run(call)).await
    }

    /// Runs a resource of a device without an answer: it has been sent, no more
    /// is known.
    ///
    /// # Errors
    /// [`CallError`], but for [`CallError::Failed`].
    pub async fn run_unanswered(
        &self,
        user: &str,
        device: &str,
        call: Call,
    ) -> Result<(), CallError> {
        let deadline = super::after(self.timeout);
        let connection = self.newest(user, device)?;
        self.exchange(&connection, deadline, |reply| Command::Tell { call, reply })
            .await
    }

    /// As [`run_unanswered`](Self::run_unanswered), without waiting until it
    /// has been sent: where the device is behind, it is dropped.
    pub(super) fn run_soon(&self, user: &str, device: &str, call: Call) {
        let (reply, _) = oneshot::channel();
        if let Ok(connection) = self.newest(user, device) {
            let _ = connection.try_send(Command::Tell { call, reply });
        }
    }

    /// Asks a device for all its resources, or for samples of one.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn describe(
        &self,
        user: &str,
        device: &str,
        resource: Option<Resource>,
    ) -> Result<Reply, CallError> {
        self.ask(user, device, Question::Describe(resource)).await
    }

    /// Opens a stream of a device's resource: a value every `interval`, or at
    /// events only if that is zero.
    ///
    /// A device has one stream of a resource: a new one ends the one before.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn stream(
        &self,
        user: &str,
        device: &str,
        call: Call,
        interval: Duration,
    ) -> Result<Stream, CallError> {
        let deadline = super::after(self.timeout);
        let connection = self.newest(user, device)?;
        let (samples, listener) = broadcast::channel(self.max_lag.clamp(1, MAX_LAG));
        let start = |reply| {
            Command::Start(Start {
                call,
                interval,
                samples,
                deadline,
                reply,
            })
        };
        let request: RequestId = self.exchange(&connection, deadline, start).await?;
        Ok(Stream::new(listener, request, connection, self.timeout))
    }

    /// Ends every connection of a device and says how many there were. It may
    /// come back at once.
    pub async fn disconnect(&self, user: &str, device: &str) -> usize {
        let connections = self.registry.all(&DeviceId::new(user, device));
        let mut count = 0;
        for connection in connections {
            count += usize::from(connection.send(Command::Disconnect).await.is_ok());
        }
        count
    }

    /// A property of a device, if it is set. Devices read and set their own.
    #[must_use]
    pub fn property(&self, id: &DeviceId, name: &str) -> Option<Value> {
        self.store.property(id, name)
    }

    /// All properties of a device, by name.
    #[must_use]
    pub fn properties(&self, id: &DeviceId) -> Vec<(String, Value)> {
        self.store.properties(id)
    }

    /// Sets a property of a device, and tells the device if it has subscribed
    /// to that.
    ///
    /// # Errors
    /// Where there is no room for it.
    pub fn set_property(&self, id: &DeviceId, name: &str, value: Value) -> Result<(), Failure> {
        self.store.set_property(id, name, value)
    }

    /// What devices have written to a bucket of a user, the oldest first; `None`
    /// if none has.
    #[must_use]
    pub fn bucket(&self, user: &str, bucket: &str) -> Option<Vec<Point>> {
        self.store.bucket(user, bucket)
    }

    /// Tells the devices of a user of an event, by any name but those that the
    /// server itself tells of: how many subscriptions have taken it.
    pub fn publish(&self, user: &str, event: &str, value: &Value) -> usize {
        self.store.publish(user, event, value)
    }

    /// What the server keeps for its devices.
    pub(super) const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    async fn ask(&self, user: &str, device: &str, question: Question) -> Result<Reply, CallError> {
        let deadline = super::after(self.timeout);
        let connection = self.newest(user, device)?;
        let ask = |reply| {
            Command::Ask(Ask {
                question,
                deadline,
                reply,
            })
        };
        self.exchange(&connection, deadline, ask).await
    }

    async fn exchange<T>(
        &self,
        connection: &mpsc::Sender<Command>,
        deadline: Instant,
        command: impl FnOnce(ReplyTo<T>) -> Command,
    ) -> Result<T, CallError> {
        let (reply, answer) = oneshot::channel();
        let exchange = async {
            let sent = connection.send(command(reply)).await;
            sent.map_err(|_| CallError::Lost)?;
            answer.await.unwrap_or(Err(CallError::Lost))
        };
        timeout_at(deadline, exchange)
            .await
            .unwrap_or(Err(CallError::TimedOut))
    }

    fn newest(&self, user: &str, device: &str) -> Result<mpsc::Sender<Command>, CallError> {
        let id = DeviceId::new(user, device);
        let newest = self.registry.newest(&id);
        newest.ok_or(CallError::NotConnected(id))
    }
}

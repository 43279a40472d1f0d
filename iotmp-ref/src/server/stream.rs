//! Values of a device's resource, as they come.

use core::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::command::{Change, Command, Stop};
use super::hub::CallError;
use crate::pson::Value;
use crate::session::{DataKind, RequestId};

/// One value of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    /// What brought it about, where the revision tells.
    pub kind: DataKind,
    /// What the payload is, if the device says so.
    pub parameters: Option<Value>,
    /// Input of the resource, where it came beside the value.
    pub input: Option<Value>,
    /// The value.
    pub payload: Option<Value>,
}

/// A stream of a device's resource.
///
/// It holds a bounded number of values: when its owner falls behind, the oldest
/// are dropped and counted. Dropping it stops the stream of the device.
#[derive(Debug)]
pub struct Stream {
    samples: broadcast::Receiver<Sample>,
    handle: Handle,
    dropped: u64,
}

/// Where a stream is stopped.
#[derive(Debug)]
struct Handle {
    request: RequestId,
    commands: mpsc::Sender<Command>,
    timeout: Duration,
    is_stopped: bool,
}

impl Stream {
    pub(super) fn new(
        samples: broadcast::Receiver<Sample>,
        request: RequestId,
        commands: mpsc::Sender<Command>,
        timeout: Duration,
    ) -> Self {
        Self {
            samples,
            handle: Handle {
                request,
                commands,
                timeout,
                is_stopped: false,
            },
            dropped: 0,
        }
    }

    /// The next value; `None` when no more come because the connection has
    /// ended, or another stream of the resource has taken the place of this
    /// one. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Sample> {
        loop {
            match self.samples.recv().await {
                Ok(sample) => return Some(sample),
                Err(broadcast::error::RecvError::Lagged(count)) => self.dropped += count,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// How many values were dropped because they were not taken in time.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Its identifier on the wire.
    #[must_use]
    pub const fn stream_id(&self) -> u16 {
        self.handle.request.stream_id()
    }

    /// Gives the stream another interval, zero for events only, and waits until
    /// the device has confirmed it.
    ///
    /// # Errors
    /// Those of a call; [`CallError::NotSent`] for a stream that has ended.
    pub async fn set_interval(&self, interval: Duration) -> Result<(), CallError> {
        self.change(interval).await
    }

    /// As [`set_interval`](Self::set_interval), for an owner that reads on
    /// meanwhile.
    pub(crate) fn change(
        &self,
        interval: Duration,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<> {
        let deadline = super::after(self.handle.timeout);
        let (reply, answer) = oneshot::channel();
        let change = Command::Change(Change {
            request: self.handle.request,
            interval,
            deadline,
            reply,
        });
        let commands = self.handle.commands.clone();
        let exchange = async move {
            let sent = commands.send(change).await;
            sent.map_err(|_| CallError::Lost)?;
            answer.await.unwrap_or(Err(CallError::Lost))
        };
        async move {
            tokio::time::timeout_at(deadline, exchange)
                .await
                .unwrap_or(Err(CallError::TimedOut))
        }
    }

    /// Stops the stream and waits until the device has confirmed it. A stream
    /// that has ended before is stopped already.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn stop(mut self) -> Result<(), CallError> {
        self.handle.is_stopped = true;
        let Handle {
            request, timeout, ..
        } = self.handle;
        let deadline = super::after(timeout);
        let (reply, answer) = oneshot::channel();
        let stop = Command::Stop(Stop {
            request,
            deadline,
            reply: Some(reply),
        });
        let exchange = async {
            if self.handle.commands.send(stop).await.is_err() {
                return Ok(());
            }
            answer.await.unwrap_or(Ok(()))
        };
        tokio::time::timeout_at(deadline, exchange)
            .await
            .unwrap_or(Err(CallError::TimedOut))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.is_stopped {
            return;
        }
        // Where the queue is full, the connection finds out by the next value.
        let _ = self.commands.try_send(Command::Stop(Stop {
            request: self.request,
            deadline: super::after(self.timeout),
            reply: None,
        }));
    }
}

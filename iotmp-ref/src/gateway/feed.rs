//! Shared streams at work: one task for each resource that is listened to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tracing::debug;

use super::config::Config;
use super::error::Refusal;
use super::sharing::{ListenerId, SharedStream, Step};
use crate::json;
use crate::pson::Value;
use crate::server::{CallError, DeviceId, Hub, Sample, Stream};
use crate::session::Call;

/// What is listened to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    id: DeviceId,
    resource: String,
}

/// All shared streams of a gateway.
#[derive(Debug)]
pub(super) struct Feeds {
    hub: Hub,
    floor: Duration,
    max_lag: usize,
    permits: Arc<Semaphore>,
    table: Arc<Table>,
}

/// The tasks that run. Each has listeners, or is about to end, so that there are
/// no more than listeners.
type Table = Mutex<HashMap<Key, Arc<Feed>>>;

/// How a task is told of listeners.
#[derive(Debug, Default)]
struct Feed {
    newcomers: Mutex<Vec<Newcomer>>,
    wake: Notify,
}

#[derive(Debug)]
struct Newcomer {
    interval: Duration,
    values: mpsc::Sender<Arc<str>>,
    ready: oneshot::Sender<Result<(), CallError>>,
}

/// Values of a resource at the rate that was asked for, as JSON. Dropping it
/// ends the listening.
#[derive(Debug)]
pub(super) struct Listener {
    values: mpsc::Receiver<Arc<str>>,
    feed: Arc<Feed>,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// The next value; `None` when the stream of the device has ended.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Arc<str>>> {
        self.values.poll_recv(context)
    }

    /// As [`poll_next`](Self::poll_next).
    pub(super) async fn next(&mut self) -> Option<Arc<str>> {
        self.values.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.values.close();
        self.feed.wake.notify_one();
    }
}

impl Feeds {
    pub(super) fn new(hub: Hub, config: &Config) -> Self {
        Self {
            hub,
            floor: config.min_interval,
            max_lag: config.max_lag.max(1),
            permits: super::permits(config.max_listeners),
            table: Arc::default(),
        }
    }

    /// Listens to a resource; what is returned has been confirmed by the device.
    pub(super) async fn listen(
        &self,
        id: DeviceId,
        resource: String,
        interval: Duration,
    ) -> Result<Listener, Refusal> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Refusal::busy("too many listen already"))?;
        let (values, receiver) = mpsc::channel(self.max_lag);
        let (ready, is_ready) = oneshot::channel();
        let newcomer = Newcomer {
            interval,
            values,
            ready,
        };
        let feed = self.admit(Key { id, resource }, newcomer);
        let listener = Listener {
            values: receiver,
            feed,
            _permit: permit,
        };
        let opened = is_ready.await.unwrap_or(Err(CallError::Lost));
        opened.map_err(|error| Refusal::call(&self.hub, error))?;
        Ok(listener)
    }

    /// Hands a newcomer to the task of its resource.
    fn admit(&self, key: Key, newcomer: Newcomer) -> Arc<Feed> {
        let mut table = lock(&self.table);
        let feed = table.get(&key).map(Arc::clone);
        let feed = feed.unwrap_or_else(|| {
            let feed = Arc::new(Feed::default());
            table.insert(key.clone(), Arc::clone(&feed));
            let task = Task {
                key,
                hub: self.hub.clone(),
                table: Arc::clone(&self.table),
                feed: Arc::clone(&feed),
                started: Instant::now(),
                shared: SharedStream::new(self.floor),
                sinks: HashMap::new(),
                stream: None,
                step: None,
            };
            tokio::spawn(task.run());
            feed
        });
        // Under the lock of the table, where a task that ends looks once more.
        lock(&feed.newcomers).push(newcomer);
        feed.wake.notify_one();
        feed
    }
}

/// What a step has come to.
enum Done {
    Started(Result<Stream, CallError>),
    Changed(Result<(), CallError>),
    Stopped,
}

type Doing = Pin<Box<dyn Future<Output = Done> + Send>>;

/// Where the values of a listener go.
struct Sink {
    values: mpsc::Sender<Arc<str>>,
    ready: Option<oneshot::Sender<Result<(), CallError>>>,
}

/// The stream of one resource, and who listens to it.
struct Task {
    key: Key,
    hub: Hub,
    table: Arc<Table>,
    feed: Arc<Feed>,
    started: Instant,
    shared: SharedStream,
    sinks: HashMap<ListenerId, Sink>,
    stream: Option<Stream>,
    step: Option<Doing>,
}

impl Task {
    async fn run(mut self) {
        loop {
            self.take_newcomers();
            self.sweep();
            if self.is_over() {
                return;
            }
            if self.step.is_none()
                && let Some(step) = self.shared.poll_step()
            {
                self.step = Some(self.begin(step));
            }
            if self.step.is_none() && self.shared.is_open() {
                self.announce();
            }
            let feed = Arc::clone(&self.feed);
            tokio::select! {
                () = feed.wake.notified() => {}
                done = wait(&mut self.step) => {
                    self.step = None;
                    self.finish(done);
                }
                sample = next(&mut self.stream) => match sample {
                    Some(sample) => self.deliver(&sample),
                    None => {
                        self.stream = None;
                        let ended = self.shared.handle_end();
                        self.end(&ended, &CallError::Lost);
                    }
                },
            }
        }
    }

    fn take_newcomers(&mut self) {
        for newcomer in core::mem::take(&mut *lock(&self.feed.newcomers)) {
            let id = self.shared.join(newcomer.interval);
            let sink = Sink {
                values: newcomer.values,
                ready: Some(newcomer.ready),
            };
            self.sinks.insert(id, sink);
        }
    }

    /// Lets those go who do not listen any more.
    fn sweep(&mut self) {
        let shared = &mut self.shared;
        self.sinks.retain(|&id, sink| {
            let is_gone = sink.values.is_closed();
            if is_gone {
                shared.leave(id);
            }
            !is_gone
        });
    }

    /// Whether there is nothing left to do; the task is then out of the table.
    fn is_over(&self) -> bool {
        if !self.shared.is_empty() || !self.shared.is_idle() || self.step.is_some() {
            return false;
        }
        let mut table = lock(&self.table);
        let is_over = lock(&self.feed.newcomers).is_empty();
        if is_over {
            table.remove(&self.key);
        }
        is_over
    }

    fn begin(&mut self, step: Step) -> Doing {
        let Key { id, resource } = self.key.clone();
        debug!(device = %id, resource, ?step, "shared stream");
        match (step, &self.stream) {
            (Step::Start(interval), _) => {
                let hub = self.hub.clone();
                Box::pin(async move {
                    let call = Call::new(resource);
                    let stream = hub.stream(&id.user, &id.device, call, interval).await;
                    Done::Started(stream)
                })
            }
            (Step::Change(interval), Some(stream)) => {
                let change = stream.change(interval);
                Box::pin(async move { Done::Changed(change.await) })
            }
            (Step::Change(_), None) => Box::pin(async { Done::Changed(Err(CallError::Lost)) }),
            (Step::Stop, _) => {
                let stream = self.stream.take();
                Box::pin(async move {
                    if let Some(stream) = stream
                        && let Err(error) = stream.stop().await
                    {
                        debug!(%error, "a stream was not stopped");
                    }
                    Done::Stopped
                })
            }
        }
    }

    fn finish(&mut self, done: Done) {
        let result = match done {
            Done::Started(Ok(stream)) => {
                self.stream = Some(stream);
                Ok(())
            }
            Done::Started(Err(error)) => Err(error),
            Done::Changed(result) => result,
            Done::Stopped => Ok(()),
        };
        let ended = self.shared.handle_done(result.is_ok());
        if let Err(error) = result {
            self.end(&ended, &error);
        }
    }

    /// Tells those who wait for it that the device streams.
    fn announce(&mut self) {
        for sink in self.sinks.values_mut() {
            if let Some(ready) = sink.ready.take() {
                // Who has gone is swept out.
                let _ = ready.send(Ok(()));
            }
        }
    }

    fn end(&mut self, ended: &[ListenerId], error: &CallError) {
        for id in ended {
            let ready = self.sinks.remove(id).and_then(|sink| sink.ready);
            if let Some(ready) = ready {
                // Who has gone need not know.
                let _ = ready.send(Err(error.clone()));
            }
        }
    }

    fn deliver(&mut self, sample: &Sample) {
        let meant = self.shared.handle_sample(self.started.elapsed(), sample);
        if meant.is_empty() {
            return;
        }
        let value = sample.payload.as_ref().or(sample.input.as_ref());
        let text: Arc<str> = json::text(value.unwrap_or(&Value::Null)).into();
        for id in meant {
            if let Some(sink) = self.sinks.get(&id) {
                // Who is slow misses it.
                let _ = sink.values.try_send(Arc::clone(&text));
            }
        }
    }
}

/// Waits for a step, if one is under way.
async fn wait(step: &mut Option<Doing>) -> Done {
    match step {
        Some(step) => step.await,
        None => core::future::pending().await,
    }
}

/// Waits for a value, if there is a stream.
async fn next(stream: &mut Option<Stream>) -> Option<Sample> {
    match stream {
        Some(stream) => stream.next().await,
        None => core::future::pending().await,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under the lock leaves what it guards whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A byte stream and the machine that speaks over it.

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;
use std::io;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::session::Session;

/// How many bytes are read at once.
const READ_SIZE: usize = 16 * 1024;

/// A protocol without clock or socket, as a [`Link`] drives it.
pub(crate) trait Machine {
    /// Bytes have arrived.
    fn handle_input(&mut self, now: Duration, bytes: &[u8]);
    /// The transport has taken `count` bytes of the output.
    fn handle_written(&mut self, now: Duration, count: usize);
    /// The time is `now`.
    fn handle_timeout(&mut self, now: Duration);
    /// The transport has ended.
    fn handle_end(&mut self, now: Duration);
    /// What waits to be sent.
    fn poll_output(&self) -> &[u8];
    /// When [`handle_timeout`](Self::handle_timeout) is due.
    fn poll_timeout(&self) -> Option<Duration>;
    /// Whether to read on.
    fn wants_input(&self) -> bool;
}

impl Machine for Session {
    fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.handle_input(now, bytes);
    }

    fn handle_written(&mut self, now: Duration, count: usize) {
        self.handle_written(now, count);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.handle_timeout(now);
    }

    fn handle_end(&mut self, now: Duration) {
        self.handle_end(now);
    }

    fn poll_output(&self) -> &[u8] {
        self.poll_output()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.poll_timeout()
    }

    fn wants_input(&self) -> bool {
        self.wants_input()
    }
}

/// What a [`turn`](Link::turn) has brought.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The machine has been told something.
    Progress,
    /// The transport is gone; the machine has been told. A peer that has merely
    /// stopped sending may still read.
    Ended(Option<io::Error>),
    /// The peer takes no output; the machine has been told that all is over.
    Stalled,
}

/// One connection: its transport, and its clock that began with it.
#[derive(Debug)]
pub(crate) struct Link<S> {
    read: ReadHalf<S>,
    write: WriteHalf<S>,
    started: Instant,
    buffer: Box<[u8]>,
    write_timeout: Duration,
    /// When the peer has to have taken some of the output that waits.
    write_by: Option<Instant>,
    is_flushed: bool,
}

impl<S: AsyncRead + AsyncWrite> Link<S> {
    /// A link whose peer may take `write_timeout` before it takes any of the
    /// output that waits.
    pub(crate) fn new(stream: S, write_timeout: Duration) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            read,
            write,
            started: Instant::now(),
            buffer: vec![0; READ_SIZE].into_boxed_slice(),
            write_timeout,
            write_by: None,
            is_flushed: true,
        }
    }

    /// The time since the link began.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits for whatever happens first and tells the machine. Nothing is lost
    /// when the future is dropped.
    pub(crate) async fn turn(&mut self, machine: &mut impl Machine) -> Turn {
        let deadline = machine.poll_timeout();
        // A time beyond what the clock can say never comes.
        let deadline = deadline.and_then(|at| self.started.checked_add(at));
        let wants_input = machine.wants_input();
        let output = machine.poll_output();
        let has_output = !output.is_empty();
        let is_sending = has_output || !self.is_flushed;
        if !is_sending {
            self.write_by = None;
        } else if self.write_by.is_none() {
            self.write_by = Instant::now().checked_add(self.write_timeout);
        }
        let write_by = self.write_by;
        tokio::select! {
            sent = send(&mut self.write, output), if is_sending => match sent {
                Ok(count) => {
                    self.is_flushed = !has_output;
                    self.write_by = None;
                    if has_output {
                        machine.handle_written(self.started.elapsed(), count);
                    }
                    Turn::Progress
                }
                Err(error) => self.end(machine, Some(error)),
            },
            count = self.read.read(&mut self.buffer), if wants_input => match count {
                Ok(0) => self.end(machine, None),
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    machine.handle_input(self.started.elapsed(), bytes);
                    Turn::Progress
                }
                Err(error) => self.end(machine, Some(error)),
            },
            () = reached(deadline) => {
                machine.handle_timeout(self.started.elapsed());
                Turn::Progress
            }
            () = reached(write_by) => {
                machine.handle_end(self.started.elapsed());
                Turn::Stalled
            }
        }
    }

    fn end(&self, machine: &mut impl Machine, error: Option<io::Error>) -> Turn {
        machine.handle_end(self.started.elapsed());
        Turn::Ended(error)
    }

    /// Sends the `output` that is left and closes the transport, within
    /// `patience`.
    ///
    /// What the peer still sends is read and dropped: to close over unread
    /// bytes would reset the connection, and the peer might never see the last
    /// words.
    pub(crate) async fn finish(mut self, output: &[u8], patience: Duration) {
        let by = Instant::now() + patience.min(MAX_PATIENCE);
        let goodbye = async {
            self.write.write_all(output).await?;
            self.write.shutdown().await?;
            while self.read.read(&mut self.buffer).await? > 0 {}
            io::Result::Ok(())
        };
        // Whether it went well or not, the connection is over.
        let _ = timeout_at(by, goodbye).await;
    }
}

/// Hands over some of `output`, or what a layer below has kept of it before.
async fn send(write: &mut (impl AsyncWrite + Unpin), output: &[u8]) -> io::Result<usize> {
    if output.is_empty() {
        write.flush().await?;
        return Ok(0);
    }
    match write.write(output).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Longest wait for a peer to close after this end has.
const MAX_PATIENCE: Duration = Duration::from_secs(60);

/// Waits until an owner says that all is to stop, or is gone.
pub(crate) async fn told(stop: &mut watch::Receiver<bool>) {
    // An error says that nobody is left to say it.
    let _ = stop.wait_for(|&stop| stop).await;
}

/// Waits for a time that may never come.
pub(crate) async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

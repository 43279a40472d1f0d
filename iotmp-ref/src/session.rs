//! The protocol's behaviour, without clock, socket or task: bytes and time in,
//! bytes, events and the next deadline out.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod command;
mod config;
mod connect;
pub mod dialect;
mod error;
mod event;
mod keep_alive;
mod order;
pub(crate) mod output;
pub mod packet;
mod receive;
mod requests;
mod state;
mod stats;
mod streams;

use alloc::collections::VecDeque;
use core::time::Duration;

use self::connect::Introduced;
use self::dialect::Dialect;
use self::keep_alive::{Due, KeepAlive};
use self::output::Output;
use self::packet::{Disconnect, Packet};
use self::requests::{Requests, SentKind};
use self::streams::Streams;
use crate::framing::Framer;
use crate::wire::{self, Encoding, Reader};

pub use self::config::{Config, Identity};
pub use self::dialect::{ConnectError, Iotmp2020, Iotmp2023, Iotmp2025, IotmpShipping};
pub use self::error::{CloseReason, Incompatible, Misbehaved, Misuse, TimedOut};
pub use self::event::{Call, ConnectRequest, Event, Ignored, Reply, RequestId};
pub use self::packet::{DataKind, Resource};
pub use self::state::{Role, State};
pub use self::stats::Stats;
#[cfg(feature = "gateway")]
pub(crate) use self::streams::following;

/// One end of one connection: the whole protocol between the transport and the
/// application.
///
/// A session never looks at a clock. Every input and every command comes with
/// the time, a [`Duration`] since whatever moment its owner likes; it must not
/// run backwards.
///
/// # Methods
///
/// **Getters** say how things stand: [`role`](Self::role),
/// [`state`](Self::state), [`is_closed`](Self::is_closed),
/// [`dialect`](Self::dialect), [`encoding`](Self::encoding),
/// [`wants_input`](Self::wants_input), [`stats`](Self::stats).
///
/// **Input** (`handle_*`) says what happened outside:
/// [`handle_input`](Self::handle_input) for bytes that arrived,
/// [`handle_written`](Self::handle_written) for bytes that the transport took,
/// [`handle_timeout`](Self::handle_timeout) for a deadline that was reached,
/// [`handle_end`](Self::handle_end) for a transport that is gone.
///
/// **Commands** say what the application wants. Of a server:
/// [`accept`](Self::accept), [`refuse`](Self::refuse),
/// [`describe`](Self::describe). Of either end: [`run`](Self::run),
/// [`run_unanswered`](Self::run_unanswered),
/// [`start_stream`](Self::start_stream), [`change_stream`](Self::change_stream),
/// [`change_interval`](Self::change_interval),
/// [`stop_stream`](Self::stop_stream), [`stream_data`](Self::stream_data),
/// [`stream_input`](Self::stream_input),
/// [`drop_stream`](Self::drop_stream), [`answer_ok`](Self::answer_ok),
/// [`answer_error`](Self::answer_error), [`abandon`](Self::abandon),
/// [`disconnect`](Self::disconnect).
///
/// **Output** (`poll_*`) says what is to be done:
/// [`poll_event`](Self::poll_event), [`poll_output`](Self::poll_output),
/// [`poll_timeout`](Self::poll_timeout).
///
/// # Order
///
/// After the session is made, after every input and after every command:
///
/// 1. [`poll_event`](Self::poll_event) until `None`; what the application does
///    about an event may bring more.
/// 2. [`poll_output`](Self::poll_output); offer the bytes to the transport and
///    report by [`handle_written`](Self::handle_written) how many it took. As
///    that may let the session read on, begin again if it took any.
/// 3. [`poll_timeout`](Self::poll_timeout); wake up then, even if nothing came.
/// 4. Read from the transport only while [`wants_input`](Self::wants_input).
///
/// After [`Event::Closed`] only the output that is left is to be sent, then the
/// transport is closed.
///
/// # Bounds
///
/// Whatever a peer does, a session holds at most one message and what was
/// handed in at once, [`max_output`](Config::max_output) bytes of output,
/// [`max_events`](Config::max_events) events and a few more, and the configured
/// numbers of requests and streams. When output or events pile up it stops
/// reading: what has been handed in waits, and
/// [`wants_input`](Self::wants_input) is false.
#[derive(Debug)]
pub struct Session {
    config: Config,
    role: Role,
    state: State,
    encoding: Encoding,
    now: Duration,
    framer: Framer,
    output: Output,
    events: VecDeque<Event>,
    requests: Requests,
    streams: Streams,
    keep_alive: KeepAlive,
    keep_alive_interval: Duration,
    /// The Connect on which the server decides.
    introduced: Option<Introduced>,
    /// When the connection has to be established.
    connect_by: Option<Duration>,
    stats: Stats,
}

/// Getters.
impl Session {
    /// The end that this session plays.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Where the connection stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether the connection has ended. Output may be left to send.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// The revision of the protocol.
    #[must_use]
    pub const fn dialect(&self) -> &'static dyn Dialect {
        self.config.dialect
    }

    /// How values are encoded; final once the connection is established.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Interval of the device's keep alives; final once the connection is
    /// established.
    #[must_use]
    pub const fn keep_alive(&self) -> Duration {
        self.keep_alive_interval
    }

    /// Whether more bytes should be read from the transport now. False while
    /// output or events wait, while a server decides on a Connect, and after
    /// the end.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        let is_deciding = self.role == Role::Server && self.state == State::Authenticating;
        !self.is_closed()
            && !is_deciding
            && !self.output.is_congested()
            && self.events.len() < self.config.max_events
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }
}

/// Input.
impl Session {
    /// Bytes have arrived. All are taken, whatever
    /// [`wants_input`](Self::wants_input) says.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.set_time(now);
        if self.is_closed() {
            return;
        }
        self.stats.bytes_received += bytes.len() as u64;
        self.framer.push(bytes);
        self.process();
    }

    /// The transport has taken the first `count` bytes of
    /// [`poll_output`](Self::poll_output).
    pub fn handle_written(&mut self, now: Duration, count: usize) {
        self.set_time(now);
        self.stats.bytes_sent += count.min(self.output.len()) as u64;
        self.output.advance(count);
        self.process();
    }

    /// The time is `now`. Early and needless calls do no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.set_time(now);
        if self.connect_by.is_some_and(|by| by <= self.now) {
            self.close(CloseReason::TimedOut(TimedOut::Connect), None);
        }
        match self.keep_alive.tick(self.now) {
            Due::Nothing => {}
            Due::Send => self.send_or_close(Packet::KeepAlive),
            Due::Missed => self.close(CloseReason::TimedOut(TimedOut::KeepAlive), None),
        }
        self.stats.ticks_skipped += self.streams.tick(self.now);
    }

    /// The transport has ended, by itself or by an error. Output that is left
    /// cannot be sent any more.
    pub fn handle_end(&mut self, now: Duration) {
        self.set_time(now);
        self.close(CloseReason::Ended, None);
    }
}

/// Output.
impl Session {
    /// The next event, if any.
    ///
    /// While much output waits there is none, so that answers do not pile up
    /// behind a peer that does not read; ask again after
    /// [`handle_written`](Self::handle_written).
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.output.is_congested() && !self.is_closed() {
            return None;
        }
        if let Some(event) = self.events.pop_front() {
            self.process();
            return Some(event);
        }
        let stream_id = self.streams.pop_due()?;
        Some(Event::StreamDue { stream_id })
    }

    /// The bytes that wait to be sent. They stay until
    /// [`handle_written`](Self::handle_written) says that they are.
    #[must_use]
    pub fn poll_output(&self) -> &[u8] {
        self.output.waiting()
    }

    /// When [`handle_timeout`](Self::handle_timeout) has to be called at the
    /// latest, if nothing happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let timers = [
            self.connect_by,
            self.keep_alive.deadline(),
            self.streams.next_tick(),
        ];
        timers.into_iter().flatten().min()
    }
}

impl Session {
    fn new(now: Duration, config: Config, role: Role, encoding: Encoding) -> Self {
        Self {
            role,
            state: State::Connecting,
            encoding,
            now,
            framer: Framer::new(config.max_message_size),
            output: Output::new(config.max_output),
            events: VecDeque::new(),
            requests: Requests::default(),
            streams: Streams::default(),
            keep_alive: KeepAlive::Off,
            keep_alive_interval: config.dialect.constants().keep_alive_default,
            introduced: None,
            connect_by: now.checked_add(config.connect_timeout),
            stats: Stats::default(),
            config,
        }
    }

    fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    fn queue(&mut self, packet: Packet) -> Result<(), Misuse> {
        self.queue_as(packet, self.encoding)
    }

    fn queue_as(&mut self, packet: Packet, encoding: Encoding) -> Result<(), Misuse> {
        let bytes = self.config.dialect.encode(packet, encoding)?;
        let limit = self.config.max_message_size;
        let mut reader = Reader::new(&bytes);
        if let Ok((_, size)) = wire::read_header(&mut reader, u32::BITS, u64::BITS)
            && size > limit as u64
        {
            let size = reader.remaining();
            return Err(Misuse::TooLarge { size, limit });
        }
        if !self.output.push(&bytes) {
            return Err(Misuse::Backpressure {
                waiting: self.output.len(),
                limit: self.output.limit(),
            });
        }
        self.stats.messages_sent += 1;
        Ok(())
    }

    /// Sends what the session itself has to say and the peer waits for.
    fn send_or_close(&mut self, packet: Packet) {
        // What a session says by itself is small and can always be expressed.
        if self.queue(packet).is_err() {
            self.close(CloseReason::Overflow, None);
        }
    }

    fn close(&mut self, reason: CloseReason, asked: Option<u16>) {
        if self.is_closed() {
            return;
        }
        if let Some(packet) = reason.last_words(asked, self.config.dialect) {
            self.take_leave(packet);
        }
        self.state = State::Closed;
        self.framer = Framer::new(0);
        self.requests.clear();
        self.streams.clear();
        self.keep_alive = KeepAlive::Off;
        self.connect_by = None;
        self.introduced = None;
        self.events.push_back(Event::Closed(reason));
    }

    fn take_leave(&mut self, mut packet: Packet) {
        if let Packet::Disconnect(leave) = &mut packet
            && self.config.dialect.constants().disconnect_has_id
        {
            let streams = &self.streams;
            leave.stream_id = self.requests.free_id(|id| streams.is_taken(id));
        }
        let bare = match &packet {
            Packet::Disconnect(leave) => Some(Disconnect {
                stream_id: leave.stream_id,
                ..Disconnect::default()
            }),
            _ => None,
        };
        // Where it does not fit, closing has to say it all.
        if let (Err(Misuse::Unencodable(_)), Some(bare)) = (self.queue(packet), bare) {
            // A reason that the revision cannot say is no reason to stay silent.
            let _ = self.queue(Packet::Disconnect(bare));
        }
    }

    /// Allocates a stream identifier for a request of this end.
    fn request(&mut self, kind: SentKind) -> Result<RequestId, Misuse> {
        self.make_room()?;
        let limit = self.config.max_pending;
        let streams = &self.streams;
        let stream_id = self.requests.free_id(|id| streams.is_taken(id));
        let stream_id = stream_id.ok_or(Misuse::TooManyRequests { limit })?;
        Ok(self.requests.send(stream_id, kind))
    }

    fn make_room(&mut self) -> Result<(), Misuse> {
        let limit = self.config.max_pending;
        if self.requests.sent_len() < limit || self.requests.forget_abandoned() {
            return Ok(());
        }
        Err(Misuse::TooManyRequests { limit })
    }
}

//! A device and a server over a virtual network with a virtual clock.

use core::time::Duration;
use std::collections::VecDeque;

use iotmp_ref::device::Device;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{Config, ConnectError, Event, Reply, RequestId, Session};

use crate::script::millis;

/// How the network cuts what it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// As it was sent.
    Whole,
    /// Into pieces of so many bytes.
    Every(usize),
    /// Not before so much has come together, or nothing more is sent.
    Coalesced(usize),
}

/// One direction of the network.
#[derive(Debug)]
struct Link {
    latency: Duration,
    cut: Cut,
    under_way: VecDeque<(Duration, Vec<u8>)>,
    held: Vec<u8>,
    total: Vec<u8>,
}

impl Link {
    fn new(latency: Duration, cut: Cut) -> Self {
        Self {
            latency,
            cut,
            under_way: VecDeque::new(),
            held: Vec::new(),
            total: Vec::new(),
        }
    }

    fn carry(&mut self, now: Duration, bytes: &[u8]) {
        self.total.extend(bytes);
        let at = now + self.latency;
        match self.cut {
            Cut::Whole => self.under_way.push_back((at, bytes.to_vec())),
            Cut::Every(size) => {
                let pieces = bytes.chunks(size).map(|piece| (at, piece.to_vec()));
                self.under_way.extend(pieces);
            }
            Cut::Coalesced(size) => {
                self.held.extend(bytes);
                if self.held.len() >= size {
                    self.flush(now);
                }
            }
        }
    }

    fn flush(&mut self, now: Duration) -> bool {
        let held = core::mem::take(&mut self.held);
        let is_any = !held.is_empty();
        if is_any {
            self.under_way.push_back((now + self.latency, held));
        }
        is_any
    }

    fn arrives(&mut self, now: Duration) -> Option<Vec<u8>> {
        let (at, _) = self.under_way.front()?;
        if *at > now {
            return None;
        }
        self.under_way.pop_front().map(|(_, bytes)| bytes)
    }

    fn next(&self) -> Option<Duration> {
        self.under_way.front().map(|&(at, _)| at)
    }
}

/// Both ends.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) device: Device,
    pub(crate) server: Session,
    pub(crate) now: Duration,
    pub(crate) device_events: Vec<Event>,
    pub(crate) server_events: Vec<Event>,
    up: Link,
    down: Link,
}

impl Pair {
    /// The device has just dialled; the network takes 20 ms each way.
    pub(crate) fn new(device: Device, dialect: &'static dyn Dialect, cut: Cut) -> Self {
        let mut device = device.dialect(dialect);
        device.connect(Duration::ZERO).unwrap();
        Self {
            device,
            server: Session::server(Duration::ZERO, Config::new(dialect)),
            now: Duration::ZERO,
            device_events: Vec::new(),
            server_events: Vec::new(),
            up: Link::new(millis(20), cut),
            down: Link::new(millis(20), cut),
        }
    }

    /// Lets everything happen until `time`.
    pub(crate) fn run_until(&mut self, time: Duration) {
        for _ in 0..1_000_000 {
            while self.exchange() {}
            // Only when nothing else happens now does the network let go.
            if self.up.flush(self.now) | self.down.flush(self.now) {
                continue;
            }
            let next = [
                self.up.next(),
                self.down.next(),
                self.device.poll_timeout(),
                self.server.poll_timeout(),
            ];
            match next.into_iter().flatten().min() {
                Some(next) if next <= time => {
                    self.now = self.now.max(next);
                    while let Some(bytes) = self.up.arrives(self.now) {
                        self.server.handle_input(self.now, &bytes);
                        self.exchange();
                    }
                    while let Some(bytes) = self.down.arrives(self.now) {
                        self.device.handle_input(self.now, &bytes);
                        self.exchange();
                    }
                    self.device.handle_timeout(self.now);
                    self.server.handle_timeout(self.now);
                }
                _ => {
                    self.now = time;
                    return;
                }
            }
        }
        panic!("never quiet before {time:?}");
    }

    /// Lets everything happen for so long.
    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// What the server sent so far.
    pub(crate) fn sent_down(&self) -> &[u8] {
        &self.down.total
    }

    /// What the device sent so far.
    pub(crate) fn sent_up(&self) -> &[u8] {
        &self.up.total
    }

    /// What the server was answered.
    pub(crate) fn answer(&mut self, request: RequestId) -> Result<Reply, Reply> {
        let mut events = self.server_events.iter();
        let found = events.position(
            |event| matches!(event, Event::Answered { request: of, .. } if *of == request),
        );
        match self.server_events.remove(found.expect("an answer")) {
            Event::Answered { result, .. } => result,
            _ => unreachable!("it was found as one"),
        }
    }

    /// Values that the server got on a stream, and takes out of its events.
    pub(crate) fn values(&mut self, of: u16) -> Vec<iotmp_ref::pson::Value> {
        let mut values = Vec::new();
        self.server_events.retain_mut(|event| match event {
            Event::StreamData {
                stream_id,
                payload: Some(value),
                ..
            } if *stream_id == of => {
                values.push(core::mem::take(value));
                false
            }
            _ => true,
        });
        values
    }

    /// Moves events and output of both ends as far as they go now.
    fn exchange(&mut self) -> bool {
        let mut has_moved = false;
        while let Some(event) = self.device.poll_event(self.now) {
            self.device_events.push(event);
            has_moved = true;
        }
        while let Some(event) = self.server.poll_event() {
            has_moved = true;
            match event {
                Event::ConnectRequested(request) if request.credential == "secret123" => {
                    self.server.accept(self.now).unwrap();
                }
                Event::ConnectRequested(_) => {
                    let error = ConnectError::BadCredentials;
                    self.server.refuse(self.now, error, None).unwrap();
                }
                other => self.server_events.push(other),
            }
        }
        let output = self.device.poll_output().to_vec();
        if !output.is_empty() {
            self.up.carry(self.now, &output);
            self.device.handle_written(self.now, output.len());
            has_moved = true;
        }
        let output = self.server.poll_output().to_vec();
        if !output.is_empty() {
            self.down.carry(self.now, &output);
            self.server.handle_written(self.now, output.len());
            has_moved = true;
        }
        has_moved
    }
}

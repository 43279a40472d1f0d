//! One end against a script: send this, receive that, in grouped hex.

use core::fmt::Debug;
use core::time::Duration;

use iotmp_ref::device::Device;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{
    Config, Event, Identity, Iotmp2020, Iotmp2023, Iotmp2025, IotmpShipping, RequestId, Session,
    State,
};

pub(crate) const SHIPPING: &dyn Dialect = &IotmpShipping;
pub(crate) const Y2025: &dyn Dialect = &Iotmp2025;
pub(crate) const Y2023: &dyn Dialect = &Iotmp2023;
pub(crate) const Y2020: &dyn Dialect = &Iotmp2020;

/// Connect of u, d, c with stream identifier 1.
pub(crate) const CONNECT: &str = "03 0a  08 01  1a e3 8175 8164 8163";
/// The same in the 2025 revision.
pub(crate) const CONNECT_2025: &str = "03 0e  08 01  19 72 09 4a0175 4a0164 4a0163";
/// The same in the 2020 revision.
pub(crate) const CONNECT_2020: &str = "08 0e  01 01  63 72 09 4a0175 4a0164 4a0163";
/// The Ok that answers any but the last.
pub(crate) const OK: &str = "01 02  08 01";
/// The Ok of 2020.
pub(crate) const OK_2020: &str = "01 02  01 01";

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Bytes of hex in groups.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode(&digits).unwrap_or_else(|error| panic!("{hex}: {error}"))
}

/// What a script can drive: a session, or a whole device.
pub(crate) trait End: Debug {
    fn input(&mut self, now: Duration, bytes: &[u8]);
    fn written(&mut self, now: Duration, count: usize);
    fn timeout(&mut self, now: Duration);
    fn event(&mut self, now: Duration) -> Option<Event>;
    fn output(&self) -> &[u8];
    fn deadline(&self) -> Option<Duration>;
    fn wants_input(&self) -> bool;
    fn is_closed(&self) -> bool;
}

macro_rules! end {
    ($type:ty, |$this:ident, $now:ident| $event:expr) => {
        impl End for $type {
            fn input(&mut self, now: Duration, bytes: &[u8]) {
                self.handle_input(now, bytes);
            }
            fn written(&mut self, now: Duration, count: usize) {
                self.handle_written(now, count);
            }
            fn timeout(&mut self, now: Duration) {
                self.handle_timeout(now);
            }
            fn event(&mut self, now: Duration) -> Option<Event> {
                let ($this, $now) = (self, now);
                $event
            }
            fn output(&self) -> &[u8] {
                self.poll_output()
            }
            fn deadline(&self) -> Option<Duration> {
                self.poll_timeout()
            }
            fn wants_input(&self) -> bool {
                self.wants_input()
            }
            fn is_closed(&self) -> bool {
                self.is_closed()
            }
        }
    };
}

end!(Session, |session, _now| session.poll_event());
end!(Device, |device, now| device.poll_event(now));

/// One end and its virtual clock.
#[derive(Debug)]
pub(crate) struct Script<E> {
    pub(crate) end: E,
    pub(crate) now: Duration,
    events: Vec<Event>,
}

impl Script<Session> {
    /// A device that has sent its Connect.
    pub(crate) fn device(dialect: &'static dyn Dialect) -> Self {
        Self::device_with(dialect, |_, _| {})
    }

    pub(crate) fn device_with(
        dialect: &'static dyn Dialect,
        change: impl FnOnce(&mut Config, &mut Identity),
    ) -> Self {
        let (mut config, mut identity) = (Config::new(dialect), Identity::new("u", "d", "c"));
        change(&mut config, &mut identity);
        Self::new(Session::device(Duration::ZERO, config, identity).unwrap())
    }

    /// A device that has been let in at 0 s.
    pub(crate) fn connected_device(dialect: &'static dyn Dialect) -> Self {
        let mut device = Self::device(dialect);
        device.connected();
        device
    }

    /// Lets the device in.
    pub(crate) fn connected(&mut self) {
        let is_2020 = self.end.dialect().name() == Y2020.name();
        assert_eq!(self.taken()[0], if is_2020 { 0x08 } else { 0x03 });
        self.receives(if is_2020 { OK_2020 } else { OK });
        assert_eq!(self.event(), Event::Connected);
    }

    /// A server that waits for a Connect.
    pub(crate) fn server(dialect: &'static dyn Dialect) -> Self {
        Self::server_with(dialect, |_| {})
    }

    pub(crate) fn server_with(
        dialect: &'static dyn Dialect,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::new(dialect);
        change(&mut config);
        Self::new(Session::server(Duration::ZERO, config))
    }

    /// A server that has let a device in at 0 s.
    pub(crate) fn connected_server(dialect: &'static dyn Dialect) -> Self {
        let mut server = Self::server(dialect);
        server.accepts();
        server
    }

    /// Lets a device in.
    pub(crate) fn accepts(&mut self) {
        let (connect, ok) = match self.end.dialect().name() {
            "iotmp-2020" => (CONNECT_2020, OK_2020),
            // Both write the same three strings.
            "iotmp-2023" | "iotmp-2025" => (CONNECT_2025, OK),
            _ => (CONNECT, OK),
        };
        self.receives(connect);
        assert!(matches!(self.event(), Event::ConnectRequested(_)));
        self.end.accept(self.now).unwrap();
        self.sends(ok);
        assert_eq!(self.end.state(), State::Ready);
    }

    /// The request that the next event brings.
    pub(crate) fn request(&mut self) -> RequestId {
        match self.event() {
            Event::RunRequested {
                request: Some(request),
                ..
            }
            | Event::DescribeRequested { request, .. }
            | Event::StreamRequested { request, .. } => request,
            other => panic!("no request: {other:?}"),
        }
    }
}

impl<E: End> Script<E> {
    pub(crate) fn new(end: E) -> Self {
        Self {
            end,
            now: Duration::ZERO,
            events: Vec::new(),
        }
    }

    /// The peer sends this, and it arrives in one piece.
    pub(crate) fn receives(&mut self, hex: &str) {
        self.receives_bytes(&bytes(hex));
    }

    pub(crate) fn receives_bytes(&mut self, bytes: &[u8]) {
        self.end.input(self.now, bytes);
        self.poll_events();
    }

    /// Exactly this goes out now.
    #[track_caller]
    pub(crate) fn sends(&mut self, hex: &str) {
        let taken = self.taken();
        assert_eq!(hex::encode(&taken), hex::encode(bytes(hex)), "sent");
    }

    /// Nothing goes out and nothing is told.
    #[track_caller]
    pub(crate) fn is_quiet(&mut self) {
        self.sends("");
        self.poll_events();
        assert_eq!(self.events, [], "events");
    }

    /// What goes out now.
    pub(crate) fn taken(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            self.poll_events();
            let output = self.end.output().to_vec();
            if output.is_empty() {
                return all;
            }
            self.end.written(self.now, output.len());
            all.extend(output);
        }
    }

    /// The next event.
    #[track_caller]
    pub(crate) fn event(&mut self) -> Event {
        self.poll_events();
        assert!(!self.events.is_empty(), "no event");
        self.events.remove(0)
    }

    /// The next event, if there is one.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.poll_events();
        (!self.events.is_empty()).then(|| self.events.remove(0))
    }

    /// The connection ends, for this reason and with nothing more to say.
    #[track_caller]
    pub(crate) fn closes(&mut self, reason: iotmp_ref::session::CloseReason) {
        assert_eq!(self.event(), Event::Closed(reason));
        self.is_quiet();
        assert!(self.end.is_closed() && !self.end.wants_input());
        assert_eq!(self.end.deadline(), None);
    }

    /// The clock goes to `time`, by way of every deadline until then.
    pub(crate) fn at(&mut self, time: Duration) {
        for _ in 0..10_000 {
            match self.end.deadline() {
                Some(deadline) if deadline <= time => {
                    self.now = self.now.max(deadline);
                    self.end.timeout(self.now);
                    self.poll_events();
                }
                _ => {
                    self.now = time;
                    return;
                }
            }
        }
        panic!("deadlines do not end before {time:?}");
    }

    fn poll_events(&mut self) {
        while let Some(event) = self.end.event(self.now) {
            self.events.push(event);
        }
    }
}

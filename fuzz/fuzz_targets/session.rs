//! A server, a device, or a device with its resources, under any bytes and any commands: it keeps
//! its bounds, says only what can be read, and ends once.

#![no_main]

use core::time::Duration;

use arbitrary::Arbitrary;
use iotmp_ref::device::Device;
use iotmp_ref::framing::Framer;
use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping};
use iotmp_ref::pson::Value;
use iotmp_ref::session::dialect::{ALL, Dialect};
use iotmp_ref::session::packet::Packet;
use iotmp_ref::session::{
    Call, Config, ConnectError, Event, Identity, Reply, RequestId, Role, Session, State,
};
use libfuzzer_sys::fuzz_target;

const MAX_OUTPUT: usize = 400;
const MAX_EVENTS: usize = 5;
const MAX_MESSAGE: usize = 200;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    end: End,
    dialect: u8,
    /// Whether a server tells the revision by itself.
    detects: bool,
    /// Whether the connection is established before anything else.
    is_ready: bool,
    steps: Vec<Step<'a>>,
}

#[derive(Debug, Arbitrary)]
enum End {
    Server,
    Session,
    Device,
}

/// What may happen.
#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Bytes(&'a [u8]),
    Y2020(iotmp_2020::Message<'static>),
    Y2023(iotmp_2023::Message<'static>),
    Y2025(iotmp_2025::Message<'static>),
    Shipping(iotmp_shipping::Message<'static>),
    Pass(u16),
    Written(u8),
    Poll,
    Answer(bool, Value),
    Run(Value),
    Describe,
    Start(u8),
    Change(u16, u8),
    Stop(u16),
    Data(u16, Value),
    Feed(u16, Value),
    Abandon,
    Decide(bool),
    Disconnect(Option<Value>),
    End,
}

fuzz_target!(|input: Input<'_>| {
    let dialect = ALL[usize::from(input.dialect) % ALL.len()];
    let mut watched = Watched {
        end: begun(input.end, dialect, input.detects),
        now: Duration::ZERO,
        asked: Vec::new(),
        sent: Vec::new(),
        said: Vec::new(),
        has_ended: false,
    };
    if input.is_ready {
        watched.introduce(dialect);
    }
    for step in input.steps {
        watched.step(step);
    }
    watched.finish();
});

fn begun(end: End, dialect: &'static dyn Dialect, detects: bool) -> Ends {
    let mut config = Config::new(dialect);
    if detects {
        config.detect = ALL.to_vec();
    }
    config.max_output = MAX_OUTPUT;
    config.max_events = MAX_EVENTS;
    config.max_pending = 4;
    config.max_streams = 3;
    config.max_message_size = MAX_MESSAGE;
    match end {
        End::Server => Ends::Session(Box::new(Session::server(Duration::ZERO, config))),
        End::Session => {
            let identity = Identity::new("u", "d", "c");
            let session = Session::device(Duration::ZERO, config, identity);
            Ends::Session(Box::new(session.expect("these can be sent")))
        }
        End::Device => {
            let mut device = Device::new("u", "d", "c")
                .config(|given| *given = config)
                .output("a", || 1)
                .input("b", |_| ())
                .input_output("c", |value: Value| value)
                .output_with("d/:name", |request| request.path("name").map(str::len));
            device.connect(Duration::ZERO).expect("these can be sent");
            Ends::Device(Box::new(device))
        }
    }
}

enum Ends {
    Session(Box<Session>),
    Device(Box<Device>),
}

impl Ends {
    fn session(&self) -> &Session {
        match self {
            Self::Session(session) => session,
            Self::Device(device) => device.session().expect("it has begun"),
        }
    }

    fn session_mut(&mut self) -> &mut Session {
        match self {
            Self::Session(session) => session,
            Self::Device(device) => device.session_mut().expect("it has begun"),
        }
    }

    fn poll_event(&mut self, now: Duration) -> Option<Event> {
        match self {
            Self::Session(session) => session.poll_event(),
            Self::Device(device) => device.poll_event(now),
        }
    }
}

/// An end, what was seen of it, and what it said.
struct Watched {
    end: Ends,
    now: Duration,
    asked: Vec<RequestId>,
    sent: Vec<RequestId>,
    said: Vec<u8>,
    has_ended: bool,
}

impl Watched {
    fn step(&mut self, step: Step<'_>) {
        let now = self.now;
        let session = self.end.session_mut();
        let call = || Call::new("a");
        let seconds = |count: u8| Duration::from_secs(count.into());
        // Any refusal of a command is as good as its success, as long as it keeps the bounds.
        match step {
            Step::Bytes(bytes) => session.handle_input(now, bytes),
            Step::Y2020(message) => session.handle_input(now, &message.to_vec().unwrap()),
            Step::Y2023(message) => session.handle_input(now, &message.to_vec().unwrap()),
            Step::Y2025(message) => session.handle_input(now, &message.to_vec().unwrap()),
            Step::Shipping(message) => session.handle_input(now, &message.to_vec().unwrap()),
            Step::Pass(milliseconds) => {
                self.now += Duration::from_millis(milliseconds.into());
                session.handle_timeout(self.now);
                assert!(session.poll_timeout().is_none_or(|by| by > self.now));
            }
            Step::Written(count) => {
                let output = session.poll_output();
                let count = output.len().min(count.into());
                self.said.extend(&output[..count]);
                session.handle_written(now, count);
            }
            Step::Poll => self.poll(),
            Step::Answer(is_ok, value) => {
                if let Some(request) = self.asked.pop() {
                    let reply = Reply::value(value);
                    let _ = match is_ok {
                        true => session.answer_ok(now, request, reply),
                        false => session.answer_error(now, request, reply),
                    };
                    // One that was refused may still be given; after that there is none.
                    let _ = session.answer_ok(now, request, Reply::empty());
                    let third = session.answer_ok(now, request, Reply::empty());
                    assert!(third.is_err());
                }
            }
            Step::Run(value) => self
                .sent
                .extend(session.run(now, call().payload(value)).ok()),
            Step::Describe => self.sent.extend(session.describe(now, None).ok()),
            Step::Start(count) => {
                let started = session.start_stream(now, call(), seconds(count));
                self.sent.extend(started.ok());
            }
            Step::Change(id, count) => {
                let changed = session.change_interval(now, id, seconds(count));
                self.sent.extend(changed.ok());
            }
            Step::Stop(id) => self.sent.extend(session.stop_stream(now, id).ok()),
            Step::Data(id, value) => drop(session.stream_data(now, id, Reply::value(value))),
            Step::Feed(id, value) => drop(session.stream_input(now, id, value)),
            Step::Abandon => {
                if let Some(request) = self.sent.pop() {
                    let _ = session.abandon(request);
                }
            }
            Step::Decide(true) => drop(session.accept(now)),
            Step::Decide(false) => {
                let _ = session.refuse(now, ConnectError::Refused, None);
            }
            Step::Disconnect(reason) => drop(session.disconnect(now, reason)),
            Step::End => session.handle_end(now),
        }
        self.check();
    }

    /// Does with a good peer what random bytes would hardly hit upon.
    fn introduce(&mut self, dialect: &'static dyn Dialect) {
        let now = self.now;
        let session = self.end.session_mut();
        match session.role() {
            Role::Server => {
                let identity = Identity::new("u", "d", "c");
                let peer = Session::device(now, Config::new(dialect), identity);
                session.handle_input(now, peer.expect("these can be sent").poll_output());
                self.poll();
                let decided = self.end.session_mut().accept(now);
                decided.expect("a device has asked");
            }
            Role::Device => {
                let mut peer = Session::server(now, Config::new(dialect));
                peer.handle_input(now, session.poll_output());
                peer.poll_event();
                peer.accept(now).expect("a device has asked");
                session.handle_input(now, peer.poll_output());
                self.poll();
            }
        }
        assert_eq!(self.end.session().state(), State::Ready);
    }

    fn poll(&mut self) {
        // A few more than are queued: processing goes on while they are taken.
        for _ in 0..2 * MAX_EVENTS {
            let Some(event) = self.end.poll_event(self.now) else {
                return;
            };
            assert!(!self.has_ended, "{event:?} after the end");
            match event {
                Event::RunRequested {
                    request: Some(request),
                    ..
                }
                | Event::DescribeRequested { request, .. }
                | Event::StreamRequested { request, .. } => self.asked.push(request),
                Event::Closed(_) => self.has_ended = true,
                _ => {}
            }
        }
    }

    fn check(&self) {
        let session = self.end.session();
        assert!(session.poll_output().len() <= MAX_OUTPUT);
        assert!(session.is_closed() || !self.has_ended);
        if session.is_closed() {
            assert!(!session.wants_input());
            assert_eq!(session.poll_timeout(), None);
        }
    }

    fn finish(mut self) {
        let session = self.end.session();
        self.said.extend(session.poll_output());
        let dialect = session.dialect();
        let mut framer = Framer::new(MAX_MESSAGE);
        framer.push(&self.said);
        let mut is_first = true;
        while let Some(frame) = framer.next_frame().expect("it keeps to the size it takes") {
            let mut read = dialect.encodings().into_iter().filter_map(|encoding| {
                dialect
                    .decode(frame.code, &mut frame.reader(), encoding)
                    .ok()
            });
            let packet = read.next();
            let packet = packet.unwrap_or_else(|| panic!("{frame:02x?}"));
            let introduces = matches!(packet, Packet::Connect(_));
            assert_eq!(introduces, is_first && session.role() == Role::Device);
            assert!(!matches!(packet, Packet::Unknown { .. }));
            is_first = false;
        }
        assert_eq!(framer.buffered(), 0);
    }
}

//! Whatever comes in, in whatever order: a session keeps its bounds, says only
//! what can be read, and ends once.

use core::time::Duration;

use iotmp_ref::framing::Framer;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::packet::Packet;
use iotmp_ref::session::{
    Call, Config, ConnectError, Event, Identity, Misuse, Reply, RequestId, Role, Session,
};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::script::{CONNECT, CONNECT_2025, OK, SHIPPING, Y2025, bytes};

const MAX_OUTPUT: usize = 400;
const MAX_EVENTS: usize = 5;

/// What may happen to a session.
#[derive(Debug, Clone)]
enum Step {
    Input(Vec<u8>),
    Pass(u64),
    Written(usize),
    Poll,
    Answer(bool, usize),
    Run(usize),
    Start(u64),
    Stop(u16),
    Data(u16, usize),
    Decide(bool),
    Disconnect,
}

/// Whole messages that make sense somewhere, for the rest to stand between.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        CONNECT,
        CONNECT_2025,
        OK,
        "02 02  08 01",
        "04 00",
        "05 00",
        "06 05  08 07  22 81 61",
        "06 03  22 81 61",
        "06 02  08 07",
        "07 02  08 03",
        "08 08  08 09  10 e807  22 81 61",
        "08 05  08 02  22 81 61",
        "09 02  08 09",
        "09 02  08 02",
        "0a 04  08 02  1a 61",
        "01 02  08 02",
        "7f 01  00",
    ];
    let known: Vec<Vec<u8>> = known.iter().map(|hex| bytes(hex)).collect();
    prop::sample::select(known)
}

fn steps() -> impl Strategy<Value = Step> {
    let mutated = (messages(), any::<prop::sample::Index>(), any::<u8>());
    let mutated = mutated.prop_map(|(mut message, at, byte)| {
        let at = at.index(message.len());
        message[at] = byte;
        message
    });
    let crowd = (messages(), 1..40_usize).prop_map(|(message, count)| message.repeat(count));
    prop_oneof![
        4 => messages().prop_map(Step::Input),
        1 => crowd.prop_map(Step::Input),
        1 => mutated.prop_map(Step::Input),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Step::Input),
        2 => (0..20_000_u64).prop_map(Step::Pass),
        2 => (0..200_usize).prop_map(Step::Written),
        2 => Just(Step::Poll),
        2 => (any::<bool>(), 0..150_usize).prop_map(|(ok, size)| Step::Answer(ok, size)),
        1 => (0..150_usize).prop_map(Step::Run),
        1 => (0..3_u64).prop_map(Step::Start),
        1 => (0..10_u16).prop_map(Step::Stop),
        1 => (0..10_u16, 0..150_usize).prop_map(|(id, size)| Step::Data(id, size)),
        3 => prop::bool::weighted(0.9).prop_map(Step::Decide),
        1 => prop::bool::weighted(0.1).prop_map(|leave| match leave {
            true => Step::Disconnect,
            false => Step::Poll,
        }),
    ]
}

/// The same cases in every run: a red build must stay red until the code changes.
fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: 200,
        rng_seed: RngSeed::Fixed(0x1077_3902),
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

fn config(dialect: &'static dyn Dialect) -> Config {
    let mut config = Config::new(dialect);
    config.max_output = MAX_OUTPUT;
    config.max_events = MAX_EVENTS;
    config.max_pending = 4;
    config.max_streams = 3;
    config.max_message_size = 200;
    config
}

/// A session, what was seen of it, and what it said.
struct Watched {
    session: Session,
    now: Duration,
    asked: Vec<RequestId>,
    said: Vec<u8>,
    has_ended: bool,
}

impl Watched {
    fn step(&mut self, step: Step) {
        let now = self.now;
        let session = &mut self.session;
        match step {
            Step::Input(bytes) => session.handle_input(now, &bytes),
            Step::Pass(milliseconds) => {
                self.now += Duration::from_millis(milliseconds);
                session.handle_timeout(self.now);
            }
            Step::Written(count) => {
                let output = session.poll_output();
                let count = count.min(output.len());
                self.said.extend(&output[..count]);
                session.handle_written(now, count);
            }
            Step::Poll => self.poll(),
            Step::Answer(is_ok, size) => {
                if let Some(request) = self.asked.pop() {
                    let reply = Reply::value(vec![0; size]);
                    // Any refusal is as good as an answer, as long as it keeps the bounds.
                    let _ = match is_ok {
                        true => session.answer_ok(now, request, reply),
                        false => session.answer_error(now, request, reply),
                    };
                    // One that was refused may still be given; after that there is none.
                    let _ = session.answer_ok(now, request, Reply::empty());
                    let third = session.answer_ok(now, request, Reply::empty());
                    let stream_id = request.stream_id();
                    assert!(
                        matches!(
                            third,
                            Err(Misuse::UnknownRequest(id)) if id == stream_id
                        ) || third == Err(Misuse::Closed)
                    );
                }
            }
            Step::Run(size) => {
                let _ = session.run(now, Call::new("a").payload(vec![0; size]));
            }
            Step::Start(seconds) => {
                let interval = Duration::from_secs(seconds);
                let _ = session.start_stream(now, Call::new("a"), interval);
            }
            Step::Stop(stream_id) => {
                let _ = session.stop_stream(now, stream_id);
            }
            Step::Data(stream_id, size) => {
                let _ = session.stream_data(now, stream_id, Reply::value(vec![0; size]));
            }
            Step::Decide(true) => {
                let _ = session.accept(now);
            }
            Step::Decide(false) => {
                let _ = session.refuse(now, ConnectError::Refused, None);
            }
            Step::Disconnect => {
                let _ = session.disconnect(now, None);
            }
        }
        self.check();
    }

    fn poll(&mut self) {
        // A few more than are queued: processing goes on while they are taken.
        for _ in 0..2 * MAX_EVENTS {
            let Some(event) = self.session.poll_event() else {
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
                Event::Closed(_) => {
                    assert!(self.session.is_closed());
                    self.has_ended = true;
                }
                _ => {}
            }
        }
    }

    fn check(&self) {
        let session = &self.session;
        assert!(session.poll_output().len() <= MAX_OUTPUT);
        if session.is_closed() {
            assert!(!session.wants_input());
            assert_eq!(session.poll_timeout(), None);
        }
    }

    /// All that was said can be read, and begins as it must.
    fn finish(mut self) {
        self.said.extend(self.session.poll_output());
        let dialect = self.session.dialect();
        let mut framer = Framer::new(1 << 20);
        framer.push(&self.said);
        let mut is_first = true;
        while let Some(frame) = framer.next_frame().unwrap() {
            let encoding = self.session.encoding();
            let packet = dialect
                .decode(frame.code, &mut frame.reader(), encoding)
                .unwrap();
            let introduces = matches!(packet, Packet::Connect(_));
            assert_eq!(introduces, is_first && self.session.role() == Role::Device);
            is_first = false;
        }
        assert_eq!(framer.buffered(), 0);
    }
}

fn survives(session: impl Fn() -> Session) {
    let steps = prop::collection::vec(steps(), 1..60);
    let result = runner().run(&steps, |steps| {
        let mut watched = Watched {
            session: session(),
            now: Duration::ZERO,
            asked: Vec::new(),
            said: Vec::new(),
            has_ended: false,
        };
        for step in steps {
            watched.step(step);
        }
        watched.finish();
        Ok(())
    });
    result.unwrap();
}

#[test]
fn a_server_survives_anything() {
    for dialect in [SHIPPING, Y2025] {
        survives(|| Session::server(Duration::ZERO, config(dialect)));
        survives(|| {
            let mut session = Session::server(Duration::ZERO, config(dialect));
            let is_2025 = dialect.name() == Y2025.name();
            let connect = bytes(if is_2025 { CONNECT_2025 } else { CONNECT });
            session.handle_input(Duration::ZERO, &connect);
            session.poll_event();
            session.accept(Duration::ZERO).unwrap();
            session
        });
    }
}

#[test]
fn a_device_survives_anything() {
    for dialect in [SHIPPING, Y2025] {
        let device = || {
            let identity = Identity::new("u", "d", "c");
            Session::device(Duration::ZERO, config(dialect), identity).unwrap()
        };
        survives(device);
        survives(|| {
            let mut session = device();
            session.handle_input(Duration::ZERO, &bytes(OK));
            session.poll_event();
            session
        });
    }
}

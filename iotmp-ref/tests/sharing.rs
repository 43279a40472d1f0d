//! Many listeners on one stream of a device, on a virtual clock: a device and a
//! session of the server against each other, byte by byte.

#![cfg(all(feature = "device", feature = "gateway"))]

use core::time::Duration;
use std::collections::BTreeMap;

use iotmp_ref::device::Device;
use iotmp_ref::framing::Framer;
use iotmp_ref::gateway::{ListenerId, SharedStream, Step};
use iotmp_ref::pson::Value;
use iotmp_ref::server::Sample;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::packet::Packet;
use iotmp_ref::session::{
    Call, Config, DataKind, Event, Iotmp2020, Iotmp2025, IotmpShipping, RequestId, Session,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the device is asked for: when, and what.
#[derive(Debug, PartialEq)]
enum Asked {
    Stream(Duration),
    Stop,
}

/// A device, a server, and what is shared between its listeners.
struct World {
    now: Duration,
    dialect: &'static dyn Dialect,
    device: Device,
    server: Session,
    framer: Framer,
    shared: SharedStream,
    stream: Option<RequestId>,
    step: Option<RequestId>,
    asked: Vec<(u64, Asked)>,
    got: BTreeMap<ListenerId, Vec<u64>>,
}

impl World {
    fn new(dialect: &'static dyn Dialect) -> Self {
        let mut count = 0_u64;
        let device = Device::new("u", "d", "c").dialect(dialect);
        let mut device = device.output("r", move || {
            count += 1;
            count
        });
        device.connect(s(0)).unwrap();
        let mut world = Self {
            now: s(0),
            dialect,
            device,
            server: Session::server(s(0), Config::new(dialect)),
            framer: Framer::new(1 << 16),
            shared: SharedStream::new(Duration::from_millis(10)),
            stream: None,
            step: None,
            asked: Vec::new(),
            got: BTreeMap::new(),
        };
        world.settle();
        world
    }

    fn join(&mut self, seconds: u64) -> ListenerId {
        let id = self.shared.join(s(seconds));
        self.got.insert(id, Vec::new());
        self.settle();
        id
    }

    fn leave(&mut self, id: ListenerId) {
        assert!(self.shared.leave(id));
        self.settle();
    }

    /// Lets the time pass, timer by timer.
    fn until(&mut self, seconds: u64) {
        for _ in 0..10_000 {
            let timers = [self.device.poll_timeout(), self.server.poll_timeout()];
            let next = timers.into_iter().flatten().min();
            let next = next.filter(|&next| next <= s(seconds));
            self.now = next.unwrap_or(s(seconds)).max(self.now);
            self.device.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.settle();
            if next.is_none() {
                return;
            }
        }
        panic!("it never comes to {seconds} s");
    }

    /// Carries bytes and does steps until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let up = self.device.poll_output().to_vec();
            self.device.handle_written(self.now, up.len());
            self.server.handle_input(self.now, &up);
            while let Some(event) = self.server.poll_event() {
                self.handle(event);
            }
            if self.step.is_none()
                && let Some(step) = self.shared.poll_step()
            {
                self.take(step);
            }
            let down = self.server.poll_output().to_vec();
            self.note(&down);
            self.server.handle_written(self.now, down.len());
            self.device.handle_input(self.now, &down);
            while self.device.poll_event(self.now).is_some() {}
            if up.is_empty() && down.is_empty() && self.device.poll_output().is_empty() {
                return;
            }
        }
        panic!("both ends talk without end");
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::ConnectRequested(_) => self.server.accept(self.now).unwrap(),
            Event::Answered { request, result } => {
                assert_eq!(self.step.take(), Some(request));
                assert!(self.shared.handle_done(result.is_ok()).is_empty());
                if self.shared.is_idle() {
                    self.stream = None;
                }
            }
            Event::StreamData { kind, payload, .. } => {
                let sample = Sample {
                    kind,
                    payload,
                    ..Sample::default()
                };
                for id in self.shared.handle_sample(self.now, &sample) {
                    self.got.get_mut(&id).unwrap().push(self.now.as_secs());
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        let stream = self.stream.map(RequestId::stream_id);
        let request = match (step, stream) {
            (Step::Start(interval), None) => {
                self.server.start_stream(now, Call::new("r"), interval)
            }
            (Step::Change(interval), Some(stream)) => {
                let call = Call::new("r");
                self.server.change_stream(now, stream, call, interval)
            }
            (Step::Stop, Some(stream)) => self.server.stop_stream(now, stream),
            (step, stream) => panic!("{step:?} with {stream:?}"),
        };
        let request = request.unwrap();
        self.stream.get_or_insert(request);
        self.step = Some(request);
    }

    /// Reads what the server says, as the device would.
    fn note(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
        while let Some(frame) = self.framer.next_frame().unwrap() {
            let encoding = self.dialect.encodings()[0];
            let mut reader = frame.reader();
            let asked = match self.dialect.decode(frame.code, &mut reader, encoding) {
                Ok(Packet::StartStream(start)) => Asked::Stream(start.interval),
                Ok(Packet::StopStream(_)) => Asked::Stop,
                _ => continue,
            };
            self.asked.push((self.now.as_secs(), asked));
        }
    }
}

#[test]
fn six_and_nine_share_three_then_nine_then_nothing() {
    let dialects: [&dyn Dialect; 3] = [&IotmpShipping, &Iotmp2025, &Iotmp2020];
    for dialect in dialects {
        let mut world = World::new(dialect);
        let six = world.join(6);
        let nine = world.join(9);
        world.until(54);
        world.leave(six);
        world.until(108);
        world.leave(nine);
        world.until(200);
        let asked = [
            (0, Asked::Stream(s(6))),
            (0, Asked::Stream(s(3))),
            (54, Asked::Stream(s(9))),
            (108, Asked::Stop),
        ];
        assert_eq!(world.asked, asked, "{dialect:?}");
        // Where a device sends a value at once, the grids begin there.
        let first = if dialect.constants().echoes { 0 } else { 3 };
        let sixes: Vec<u64> = (0..)
            .map(|n| first + 6 * n)
            .take_while(|&at| at <= 54)
            .collect();
        assert_eq!(world.got[&six], sixes, "{dialect:?}");
        let nines = world.got[&nine].windows(2).map(|pair| pair[1] - pair[0]);
        let nines: Vec<u64> = nines.collect();
        match first {
            0 => assert_eq!(nines, [9; 12], "{dialect:?}"),
            // The device counts its nine seconds from the change at 54 s on.
            _ => assert_eq!(nines, [9, 9, 9, 9, 9, 15, 9, 9, 9, 9, 9], "{dialect:?}"),
        }
        assert!(world.shared.is_idle());
    }
}

#[test]
fn who_comes_later_gets_a_value_at_once_and_its_own_rate() {
    let mut world = World::new(&IotmpShipping);
    let four = world.join(4);
    world.until(10);
    let six = world.join(6);
    world.until(34);
    assert_eq!(world.asked[1], (10, Asked::Stream(s(2))));
    assert_eq!(world.got[&six], [10, 16, 22, 28, 34]);
    assert_eq!(world.got[&four], [0, 4, 8, 12, 16, 20, 24, 28, 32]);
    // A third that changes nothing of what the device is asked for.
    let two = world.join(2);
    assert_eq!(world.asked.len(), 2);
    world.until(39);
    assert_eq!(world.got[&two], [36, 38]);
}

#[test]
fn events_are_for_those_who_want_events() {
    let mut world = World::new(&IotmpShipping);
    let events = world.join(0);
    world.until(100);
    assert_eq!(world.asked, [(0, Asked::Stream(s(0)))]);
    assert_eq!(world.device.event(world.now, "r"), Ok(1));
    world.settle();
    assert_eq!(world.got[&events], [0, 100]);
    // With an interval beside it, samples are no events to a device that tells.
    let mut world = World::new(&Iotmp2020);
    let events = world.join(0);
    let five = world.join(5);
    world.until(20);
    assert_eq!(world.got[&events], [5]);
    assert_eq!(world.got[&five], [5, 10, 15, 20]);
    world.leave(five);
    assert_eq!(world.device.event(world.now, "r"), Ok(1));
    world.settle();
    assert_eq!(world.got[&events], [5, 20]);
}

fn opened(floor: Duration, intervals: &[Duration]) -> (SharedStream, Vec<ListenerId>) {
    let mut shared = SharedStream::new(floor);
    let ids = intervals.iter().map(|&interval| shared.join(interval));
    let ids = ids.collect();
    assert!(matches!(shared.poll_step(), Some(Step::Start(_))));
    assert_eq!(shared.poll_step(), None);
    assert_eq!(shared.handle_done(true), []);
    (shared, ids)
}

fn sample(value: u64) -> Sample {
    Sample {
        kind: DataKind::Untold,
        payload: Some(Value::from(value)),
        ..Sample::default()
    }
}

#[test]
fn where_the_device_does_not_tell_an_event_is_a_change() {
    let (mut shared, ids) = opened(s(0), &[s(0), s(1)]);
    let (events, samples) = (ids[0], ids[1]);
    let mut feed = |seconds, value| shared.handle_sample(s(seconds), &sample(value));
    assert_eq!(feed(0, 7), [events, samples]);
    assert_eq!(feed(1, 7), [samples]);
    assert_eq!(feed(2, 8), [events, samples]);
    assert_eq!(feed(2, 9), [events]);
    assert_eq!(feed(3, 9), [samples]);
}

#[test]
fn a_late_value_neither_slows_the_rate_nor_makes_a_burst() {
    let (mut shared, ids) = opened(s(0), &[s(10)]);
    let ms = Duration::from_millis;
    let mut is_taken = |at| shared.handle_sample(ms(at), &sample(at)) == ids;
    assert!(is_taken(0));
    assert!(is_taken(10_900));
    // A little early against the one before, in time against the grid.
    assert!(is_taken(19_900));
    assert!(!is_taken(21_000));
    // Three at once after the network stood still.
    assert!(is_taken(55_000));
    assert!(!is_taken(55_001));
    assert!(!is_taken(55_002));
    assert!(is_taken(60_000));
}

#[test]
fn intervals_that_hardly_divide_do_not_ask_for_more_than_the_floor() {
    let ms = Duration::from_millis;
    let mut shared = SharedStream::new(ms(100));
    let a = shared.join(ms(997));
    shared.join(ms(1009));
    assert_eq!(shared.wanted(), Some(ms(100)));
    assert_eq!(shared.poll_step(), Some(Step::Start(ms(100))));
    shared.handle_done(true);
    let ticks = (0..1000).map(|tick| ms(tick * 100));
    let taken = ticks.filter(|&at| shared.handle_sample(at, &sample(0)).contains(&a));
    assert_eq!(taken.count(), 101);
}

#[test]
fn a_refusal_ends_those_who_wait_and_an_end_ends_all() {
    let mut shared = SharedStream::new(s(0));
    let a = shared.join(s(2));
    assert_eq!(shared.poll_step(), Some(Step::Start(s(2))));
    let b = shared.join(s(3));
    assert_eq!(shared.handle_done(false), [a, b]);
    assert!(shared.is_idle() && shared.is_empty());
    assert_eq!(shared.poll_step(), None);

    // A change that the device refuses closes the stream for all.
    let (mut shared, ids) = opened(s(0), &[s(2)]);
    let c = shared.join(s(3));
    assert_eq!(shared.poll_step(), Some(Step::Change(s(1))));
    assert_eq!(shared.handle_done(false), [ids[0], c]);
    assert_eq!(shared.poll_step(), Some(Step::Stop));
    // Who comes while it closes has it opened again.
    let d = shared.join(s(5));
    assert_eq!(shared.poll_step(), None);
    assert_eq!(shared.handle_done(true), []);
    assert_eq!(shared.poll_step(), Some(Step::Start(s(5))));
    assert_eq!(shared.handle_end(), [d]);
    assert!(shared.is_idle());
    assert_eq!(shared.poll_step(), None);
}

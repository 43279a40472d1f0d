//! A device and a server against each other.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use iotmp_ref::device::Device;
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{Call, CloseReason, ConnectError, Event, Reply, State, TimedOut};

use crate::pair::{Cut, Pair};
use crate::script::{SHIPPING, Y2025, millis, secs};

const CUTS: [Cut; 4] = [Cut::Whole, Cut::Every(1), Cut::Every(3), Cut::Coalesced(64)];

/// A device that counts how often its value was asked for.
fn counting() -> Device {
    let count = AtomicU64::new(0);
    Device::new("user1", "sensor1", "secret123")
        .output("count", move || count.fetch_add(1, Ordering::Relaxed))
        .input_output("double", |value: Value| {
            value
                .as_u64()
                .map(|number| number * 2)
                .ok_or("not a number")
        })
        .run("nothing", || ())
}

fn connected(dialect: &'static dyn Dialect, cut: Cut) -> Pair {
    let mut pair = Pair::new(counting(), dialect, cut);
    pair.run_for(millis(40));
    assert_eq!(pair.device_events, [Event::Connected]);
    assert_eq!(pair.server.state(), State::Ready);
    pair.device_events.clear();
    pair
}

fn each(test: impl Fn(Pair, &'static dyn Dialect)) {
    for dialect in [SHIPPING, Y2025] {
        for cut in CUTS {
            test(connected(dialect, cut), dialect);
        }
    }
}

#[test]
fn requests_are_answered_whatever_the_network_does() {
    each(|mut pair, _| {
        let now = pair.now;
        let double = Call::new("double").payload(21);
        let double = pair.server.run(now, double).unwrap();
        let nothing = pair.server.run(now, Call::new("nothing")).unwrap();
        let absent = pair.server.run(now, Call::new("absent")).unwrap();
        let failing = Call::new("double").payload("x");
        let failing = pair.server.run(now, failing).unwrap();
        pair.run_for(millis(40));
        assert_eq!(pair.answer(double), Ok(Reply::value(42)));
        assert_eq!(pair.answer(nothing), Ok(Reply::empty()));
        assert_eq!(pair.answer(absent), Err(Reply::empty()));
        let error = Map::from([("error", "not a number")]);
        assert_eq!(pair.answer(failing), Err(Reply::value(error)));
        assert_eq!(
            (&*pair.device_events, &*pair.server_events),
            (&[][..], &[][..])
        );
    });
}

#[test]
fn an_idle_connection_lives_for_days_by_its_keep_alives() {
    each(|mut pair, _| {
        let (up, down) = (pair.sent_up().len(), pair.sent_down().len());
        // and a second for the last answer
        pair.run_for(secs(48 * 3600 + 1));
        assert_eq!(pair.server.state(), State::Ready);
        let sent = 2 * 48 * 60;
        assert_eq!(pair.sent_up().len() - up, sent);
        assert_eq!(pair.sent_down().len() - down, sent);
        assert_eq!(
            (&*pair.device_events, &*pair.server_events),
            (&[][..], &[][..])
        );
    });
}

#[test]
fn a_stream_brings_a_value_every_interval() {
    each(|mut pair, dialect| {
        let start = pair
            .server
            .start_stream(pair.now, Call::new("count"), secs(2))
            .unwrap();
        pair.run_for(secs(10));
        assert_eq!(pair.answer(start), Ok(Reply::empty()));
        // the shipping profile sends one at once: IOTMPS-STREAM-002
        let count = if dialect.constants().echoes { 5 } else { 4 };
        let expected: Vec<Value> = (0..count).map(Value::from).collect();
        assert_eq!(pair.values(start.stream_id()), expected);

        let stop = pair
            .server
            .stop_stream(pair.now, start.stream_id())
            .unwrap();
        pair.run_for(secs(10));
        assert_eq!(pair.answer(stop), Ok(Reply::empty()));
        assert_eq!(pair.values(start.stream_id()), []);
        assert!(!pair.device.is_streaming("count"));
    });
}

#[test]
fn a_thousand_requests_at_once() {
    for cut in [Cut::Whole, Cut::Every(7)] {
        let mut pair = connected(SHIPPING, cut);
        let requests: Vec<_> = (0..1000_u64)
            .map(|number| {
                let call = Call::new("double").payload(number);
                pair.server.run(pair.now, call).unwrap()
            })
            .collect();
        pair.run_for(millis(40));
        for (number, request) in (0_u64..).zip(requests) {
            assert_eq!(pair.answer(request), Ok(Reply::value(number * 2)));
        }
    }
}

#[test]
fn wrong_credentials_are_refused_and_the_device_closes() {
    for dialect in [SHIPPING, Y2025] {
        let device = Device::new("user1", "sensor1", "wrong");
        let mut pair = Pair::new(device, dialect, Cut::Every(1));
        pair.run_for(millis(40));
        let refused = Event::Closed(CloseReason::Refused {
            error: ConnectError::BadCredentials,
            payload: None,
        });
        assert_eq!(pair.device_events, core::slice::from_ref(&refused));
        assert_eq!(pair.server_events, [refused]);
        assert!(pair.device.is_closed());
    }
}

#[test]
fn a_dead_server_is_noticed() {
    let mut device = Device::new("user1", "sensor1", "secret123");
    device.connect(secs(0)).unwrap();
    // an unbounded silence, but for the Ok
    let count = device.poll_output().len();
    device.handle_written(secs(0), count);
    device.handle_input(secs(0), &[0x01, 0x02, 0x08, 0x01]);
    assert_eq!(device.poll_event(secs(0)), Some(Event::Connected));
    device.handle_timeout(secs(60));
    device.handle_timeout(secs(70));
    let missed = Event::Closed(CloseReason::TimedOut(TimedOut::KeepAlive));
    assert_eq!(device.poll_event(secs(70)), Some(missed));
}

/// IOTMP25-STREAM-009
#[test]
fn a_new_connection_starts_from_nothing() {
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let device = Device::new("user1", "sensor1", "secret123")
        .output("count", move || counted.fetch_add(1, Ordering::Relaxed));
    let mut pair = Pair::new(device, SHIPPING, Cut::Whole);
    pair.run_for(millis(40));
    pair.server
        .start_stream(pair.now, Call::new("count"), secs(1))
        .unwrap();
    pair.run_for(secs(5));
    assert!(pair.device.is_streaming("count"));
    let before = runs.load(Ordering::Relaxed);
    pair.device.handle_end(pair.now);
    pair.device.connect(pair.now).unwrap();
    assert!(!pair.device.is_streaming("count"));
    let count = pair.device.poll_output().len();
    pair.device.handle_written(pair.now, count);
    pair.device
        .handle_input(pair.now, &[0x01, 0x02, 0x08, 0x01]);
    pair.device.handle_timeout(pair.now + secs(30));
    assert_eq!(pair.device.poll_event(pair.now), Some(Event::Connected));
    assert_eq!(pair.device.poll_event(pair.now), None);
    assert_eq!(pair.device.poll_output(), b"");
    assert_eq!(runs.load(Ordering::Relaxed), before);
}

//! Streams: opened, timed, changed, stopped.

use iotmp_ref::session::{Call, DataKind, Event, Ignored, Misuse, Reply, Resource, Session};

use crate::script::{SHIPPING, Script, Y2025, millis, secs};

/// A device on which stream 7 of `a` is open, a value every 2 s.
fn streaming() -> Script<Session> {
    let mut device = Script::connected_device(SHIPPING);
    // {"interval": 2000}
    device.receives("08 13  08 07  12 c1 88696e74657276616c 1f d00f  22 81 61");
    accept(&mut device);
    device.sends("01 02  08 07");
    device
}

fn accept(device: &mut Script<Session>) {
    let request = device.request();
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
}

fn due(device: &mut Script<Session>, stream_id: u16) {
    assert_eq!(device.event(), Event::StreamDue { stream_id });
}

/// IOTMP25-STREAM-001, IOTMPS-STREAM-001, -004, IOTMP25-AMB-INTERVAL
#[test]
fn the_interval_is_in_the_unit_of_the_revision() {
    for (dialect, hex, expected) in [
        (
            SHIPPING,
            "08 13  08 07  12 c1 88696e74657276616c 1f d00f  22 81 61",
            millis(2000),
        ),
        (SHIPPING, "08 08  08 07  10 d00f  22 81 61", millis(2000)),
        (SHIPPING, "08 09  08 07  12 1f d00f  22 81 61", millis(2000)),
        (SHIPPING, "08 05  08 07  22 81 61", secs(0)),
        (SHIPPING, "08 07  08 07  12 c0  22 81 61", secs(0)),
        // {"interval": 5} in the first generation
        (
            Y2025,
            "08 14  08 07  11 6a0b 08696e74657276616c 0805  21 4a0161",
            secs(5),
        ),
        (Y2025, "08 09  08 07  11 0805  21 4a0161", secs(5)),
        (Y2025, "08 06  08 07  21 4a0161", secs(0)),
    ] {
        let mut device = Script::connected_device(dialect);
        device.receives(hex);
        let event = device.event();
        let Event::StreamRequested {
            request,
            replaces: None,
            resource,
            interval,
            payload: None,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        assert_eq!((resource, interval), ("a".into(), expected), "{hex}");
        assert_eq!(request.stream_id(), 7);
        device.is_quiet();
    }
}

#[test]
fn an_interval_that_is_no_number_is_refused() {
    let mut device = Script::connected_device(SHIPPING);
    // {"interval": -1}
    device.receives("08 11  08 07  12 c1 88696e74657276616c 21  22 81 61");
    device.sends("02 02  08 07");
    let event = device.event();
    let Event::Ignored(Ignored::Malformed { error, .. }) = event else {
        panic!("{event:?}");
    };
    assert_eq!(error.path().to_string(), "StartStream.parameters.interval");
}

/// IOTMP25-STREAM-003
#[test]
fn a_value_is_due_every_interval() {
    let mut device = streaming();
    assert_eq!(device.end.poll_timeout(), Some(secs(2)));
    device.at(millis(1_999));
    device.is_quiet();
    for round in 1..=3 {
        device.at(secs(2 * round));
        due(&mut device, 7);
        let sent = device.end.stream_data(device.now, 7, Reply::value(round));
        assert_eq!(sent, Ok(true));
        device.sends(&format!("0a 04  08 07  18 {round:02x}"));
        device.is_quiet();
    }
}

#[test]
fn the_timer_runs_from_the_answer_on() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("08 08  08 07  10 d00f  22 81 61");
    let request = device.request();
    device.at(secs(5));
    device.is_quiet();
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    assert_eq!(device.end.poll_timeout(), Some(secs(7)));
}

#[test]
fn a_late_timer_makes_no_burst() {
    let mut device = streaming();
    device.now = millis(9_500);
    device.end.handle_timeout(device.now);
    due(&mut device, 7);
    device.is_quiet();
    assert_eq!(device.end.stats().ticks_skipped, 3);
    assert_eq!(device.end.poll_timeout(), Some(secs(10)));
}

/// IOTMP25-STREAM-003: without an interval there are events only.
#[test]
fn without_an_interval_nothing_is_due() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("08 05  08 07  22 81 61");
    accept(&mut device);
    device.sends("01 02  08 07");
    device.at(secs(59));
    device.is_quiet();
    let sent = device.end.stream_data(device.now, 7, Reply::value("x"));
    assert_eq!(sent, Ok(true));
    device.sends("0a 05  08 07  1a 81 78");
}

/// IOTMP25-STREAM-004
#[test]
fn no_value_goes_where_nobody_listens() {
    let mut device = Script::connected_device(SHIPPING);
    let unknown = Err(Misuse::UnknownStream(7));
    let send = |device: &mut Script<Session>| {
        let now = device.now;
        device.end.stream_data(now, 7, Reply::value(1))
    };
    assert_eq!(send(&mut device), unknown);
    device.receives("08 05  08 07  22 81 61");
    let request = device.request();
    // not yet
    assert_eq!(send(&mut device), unknown);
    device
        .end
        .answer_error(device.now, request, Reply::empty())
        .unwrap();
    device.sends("02 02  08 07");
    assert_eq!(send(&mut device), unknown);
    device.is_quiet();
}

/// IOTMP25-STREAM-005
#[test]
fn a_stopped_stream_is_confirmed_and_silent() {
    let mut device = streaming();
    device.receives("09 02  08 07");
    device.sends("01 02  08 07");
    assert_eq!(device.event(), Event::StreamStopped { stream_id: 7 });
    let sent = device.end.stream_data(device.now, 7, Reply::value(1));
    assert_eq!(sent, Err(Misuse::UnknownStream(7)));
    device.at(secs(59));
    device.is_quiet();
}

/// IOTMP25-STREAM-006
#[test]
fn stopping_what_is_not_open_is_an_error() {
    let mut device = streaming();
    device.receives("09 02  08 08");
    device.sends("02 02  08 08");
    device.receives("09 02  08 07  09 02  08 07");
    device.sends("01 02  08 07  02 02  08 07");

    let mut server = Script::connected_server(SHIPPING);
    server.receives("09 02  08 08");
    server.sends("02 02  08 08");
    server.is_quiet();
}

/// IOTMP23-SID-005, IOTMP23-STREAM-012
#[test]
fn what_follows_a_start_waits_for_its_answer() {
    let mut device = Script::connected_device(SHIPPING);
    // Start, Stop, Start, Stop
    device.receives("08 05  08 07  22 81 61  09 02  08 07  08 05  08 07  22 81 61  09 02  08 07");
    device.sends("");
    accept(&mut device);
    device.sends("01 02  08 07  01 02  08 07");
    assert_eq!(device.event(), Event::StreamStopped { stream_id: 7 });
    accept(&mut device);
    device.sends("01 02  08 07  01 02  08 07");
    assert_eq!(device.event(), Event::StreamStopped { stream_id: 7 });
    device.is_quiet();

    // refused is not open
    device.receives("08 05  08 07  22 81 61  09 02  08 07");
    let request = device.request();
    device
        .end
        .answer_error(device.now, request, Reply::empty())
        .unwrap();
    device.sends("02 02  08 07  02 02  08 07");
    device.is_quiet();
}

/// A Start Stream in the place of one that waits is no order but a mistake.
#[test]
fn a_second_start_before_the_answer_is_an_error() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("08 05  08 07  22 81 61  08 05  08 07  22 81 61");
    device.sends("02 02  08 07");
    accept(&mut device);
    device.sends("01 02  08 07");
    device.is_quiet();
}

/// What waits is bounded like what was not polled yet.
#[test]
fn what_follows_a_start_is_bounded() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("08 05  08 07  22 81 61");
    let request = device.request();
    device.receives(&"09 02  08 07".repeat(64));
    device.sends("");
    device.receives("09 02  08 07");
    device.sends("02 02  08 07");
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    // One was open; of the others none was.
    let refused = "02 02  08 07".repeat(63);
    device.sends(&format!("01 02  08 07  01 02  08 07  {refused}"));
}

/// IOTMP25-STREAM-007
#[test]
fn several_streams_tick_for_themselves() {
    let mut device = streaming();
    // b every 3 s as stream 8
    device.receives("08 08  08 08  10 b817  22 81 62");
    accept(&mut device);
    device.taken();
    for (time, streams) in [(2, &[7][..]), (3, &[8]), (4, &[7]), (6, &[7, 8]), (8, &[7])] {
        device.at(secs(time));
        for &stream_id in streams {
            due(&mut device, stream_id);
        }
        device.is_quiet();
    }
}

/// IOTMP25-STREAM-008: the same identifier, another interval.
#[test]
fn a_repeated_start_replaces_the_interval() {
    let mut device = streaming();
    device.at(secs(1));
    device.receives("08 08  08 07  10 8827  22 81 61");
    let event = device.event();
    let Event::StreamRequested {
        request,
        replaces: Some(7),
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    device.sends("01 02  08 07");
    device.at(millis(5_999));
    device.is_quiet();
    device.at(secs(6));
    due(&mut device, 7);
}

/// IOTMP25-STREAM-008: the same resource, another identifier.
#[test]
fn a_start_of_a_streaming_resource_replaces_the_identifier() {
    let mut device = streaming();
    // named by its segments, which is the same
    device.receives("08 09  08 09  10 d00f  22 e1 81 61");
    let event = device.event();
    let Event::StreamRequested {
        request,
        replaces: Some(7),
        resource: Resource::Path(_),
        ..
    } = event
    else {
        panic!("{event:?}");
    };
    // until it is accepted, the old one goes on
    device.at(secs(2));
    due(&mut device, 7);
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    device.sends("01 02  08 09");
    device.at(secs(4));
    due(&mut device, 9);
    device.is_quiet();
    device.receives("09 02  08 07");
    device.sends("02 02  08 07");
}

/// A server feeds many streams of one resource, such as event subscriptions.
#[test]
fn a_server_keeps_streams_of_one_resource_apart() {
    let mut server = Script::connected_server(SHIPPING);
    for id in ["08", "09"] {
        server.receives(&format!("08 04  08 {id}  20 08"));
        let event = server.event();
        let Event::StreamRequested {
            request,
            replaces: None,
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        server
            .end
            .answer_ok(server.now, request, Reply::empty())
            .unwrap();
        server.sends(&format!("01 02  08 {id}"));
    }
    for stream_id in [8, 9] {
        let sent = server
            .end
            .stream_data(server.now, stream_id, Reply::value(1));
        assert_eq!(sent, Ok(true));
    }
    server.sends("0a 04  08 08  18 01  0a 04  08 09  18 01");
}

/// A server that reads `a` as stream 1.
fn reading() -> Script<Session> {
    let mut server = Script::connected_server(SHIPPING);
    let request = server
        .end
        .start_stream(server.now, Call::new("a"), secs(2))
        .unwrap();
    server.sends("08 13  08 01  12 c1 88696e74657276616c 1f d00f  22 81 61");
    server.receives("01 02  08 01");
    let result = Ok(Reply::empty());
    assert_eq!(server.event(), Event::Answered { request, result });
    server
}

#[test]
fn a_stream_of_its_own_brings_values() {
    let mut server = reading();
    server.receives("0a 06  08 01  10 02  1a 61");
    let event = Event::StreamData {
        stream_id: 1,
        kind: DataKind::Untold,
        parameters: Some(2.into()),
        input: None,
        payload: Some(true.into()),
    };
    assert_eq!(server.event(), event);
    // stream 2 was never opened
    server.receives("0a 04  08 02  1a 61");
    let event = Event::Ignored(Ignored::UnexpectedData { stream_id: 2 });
    assert_eq!(server.event(), event);
    assert_eq!(server.end.stats().unexpected_data, 1);
    server.is_quiet();
}

#[test]
fn a_refused_stream_is_not_open() {
    let mut server = Script::connected_server(SHIPPING);
    server
        .end
        .start_stream(server.now, Call::new("a"), secs(0))
        .unwrap();
    server.sends("08 05  08 01  22 81 61");
    server.receives("02 02  08 01  0a 04  08 01  1a 61");
    assert!(matches!(
        server.event(),
        Event::Answered { result: Err(_), .. }
    ));
    let event = Event::Ignored(Ignored::UnexpectedData { stream_id: 1 });
    assert_eq!(server.event(), event);
    let stopped = server.end.stop_stream(server.now, 1);
    assert_eq!(stopped, Err(Misuse::UnknownStream(1)));
}

#[test]
fn a_stream_of_its_own_is_changed_under_its_identifier() {
    let mut server = reading();
    let change = |server: &mut Script<Session>| {
        let now = server.now;
        server.end.change_stream(now, 1, Call::new("a"), secs(0))
    };
    change(&mut server).unwrap();
    server.sends("08 05  08 01  22 81 61");
    assert_eq!(change(&mut server), Err(Misuse::Busy(1)));
    // values come while the answer is under way
    server.receives("0a 04  08 01  1a 61  02 02  08 01  0a 04  08 01  1a 60");
    assert!(matches!(server.event(), Event::StreamData { .. }));
    // the change was refused, the stream goes on
    assert!(matches!(
        server.event(),
        Event::Answered { result: Err(_), .. }
    ));
    assert!(matches!(server.event(), Event::StreamData { .. }));
}

#[test]
fn a_stream_of_its_own_is_stopped() {
    let mut server = reading();
    let request = server.end.stop_stream(server.now, 1).unwrap();
    server.sends("09 02  08 01");
    let again = server.end.stop_stream(server.now, 1);
    assert_eq!(again, Err(Misuse::UnknownStream(1)));
    // what was under way is dropped in silence
    server.receives("0a 04  08 01  1a 61");
    server.is_quiet();
    // the identifier is not free before the answer
    let other = server.end.run(server.now, Call::new("b")).unwrap();
    assert_eq!(other.stream_id(), 2);
    server.receives("01 02  08 01");
    let result = Ok(Reply::empty());
    assert_eq!(server.event(), Event::Answered { request, result });
    server.receives("0a 04  08 01  1a 61");
    assert!(matches!(server.event(), Event::Ignored(_)));
}

#[test]
fn either_end_may_close_a_stream() {
    // the end that feeds it
    let mut device = streaming();
    device.end.stop_stream(device.now, 7).unwrap();
    device.sends("09 02  08 07");
    device.at(secs(4));
    device.is_quiet();

    let mut server = reading();
    server.receives("09 02  08 01");
    server.sends("01 02  08 01");
    assert_eq!(server.event(), Event::StreamStopped { stream_id: 1 });

    // both at once
    let mut server = reading();
    server.end.stop_stream(server.now, 1).unwrap();
    server.sends("09 02  08 01");
    server.receives("09 02  08 01");
    server.sends("01 02  08 01");
    server.is_quiet();
    server.receives("02 02  08 01");
    assert!(matches!(server.event(), Event::Answered { .. }));
}

#[test]
fn a_stream_that_nobody_waits_for_is_stopped() {
    let mut server = Script::connected_server(SHIPPING);
    let request = server
        .end
        .start_stream(server.now, Call::new("a"), secs(0))
        .unwrap();
    server.taken();
    server.end.abandon(request).unwrap();
    server.receives("01 02  08 01");
    server.sends("09 02  08 01");
    server.receives("01 02  08 01");
    server.is_quiet();
}

/// The 2025 revision counts in seconds and cannot say less.
#[test]
fn an_interval_that_the_revision_cannot_say_is_refused() {
    let mut server = Script::connected_server(Y2025);
    let error = server
        .end
        .start_stream(server.now, Call::new("a"), millis(1500));
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "not expressible: interval 1.5s is not a multiple of 1s"
    );
    server.is_quiet();
    server
        .end
        .start_stream(server.now, Call::new("a"), secs(5))
        .unwrap();
    server.sends("08 14  08 02  11 6a0b 08696e74657276616c 0805  21 4a0161");
}

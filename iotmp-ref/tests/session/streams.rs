//! Streams: opened, timed, changed, stopped.

use iotmp_ref::session::{Event, Ignored, Misuse, Reply, Resource, Session};

use crate::script::{SHIPPING, Script, Y2025, millis, secs};

/// A device on which stream 7 of `a` is open, a value every 2 s.
pub(crate) fn streaming() -> Script<Session> {
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

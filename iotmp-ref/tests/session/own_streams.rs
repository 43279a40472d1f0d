//! Streams that a session has opened itself.

use iotmp_ref::session::{Call, DataKind, Event, Ignored, Misuse, Reply, Session};

use crate::script::{SHIPPING, Script, Y2025, millis, secs};
use crate::streams::streaming;

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

//! What a session holds is bounded, whatever its peer does.

use iotmp_ref::session::{Call, CloseReason, Config, Event, Misuse, Reply, Session};

use crate::script::{SHIPPING, Script, bytes, secs};

fn server_with(change: impl FnOnce(&mut Config)) -> Script<Session> {
    let mut server = Script::server_with(SHIPPING, change);
    server.accepts();
    server
}

#[test]
fn requests_of_the_peer_are_bounded() {
    let mut server = server_with(|config| config.max_pending = 2);
    server.receives("06 05  08 01  22 81 61  06 05  08 02  22 81 61  06 05  08 03  22 81 61");
    server.sends("02 02  08 03");
    let request = server.request();
    server
        .end
        .answer_ok(server.now, request, Reply::empty())
        .unwrap();
    server.sends("01 02  08 01");
    server.receives("06 05  08 03  22 81 61");
    server.sends("");
    assert_eq!(server.end.stats().rejected, 1);
}

#[test]
fn requests_of_its_own_are_bounded() {
    let mut server = server_with(|config| config.max_pending = 2);
    let first = server.end.run(server.now, Call::new("a")).unwrap();
    server.end.run(server.now, Call::new("a")).unwrap();
    let error = server.end.run(server.now, Call::new("a"));
    assert_eq!(error, Err(Misuse::TooManyRequests { limit: 2 }));
    server.taken();
    // one that nobody waits for makes room
    server.end.abandon(first).unwrap();
    let third = server.end.run(server.now, Call::new("a")).unwrap();
    server.sends("06 05  08 03  22 81 61");
    // its late answer is not mistaken for another's
    server.receives("01 02  08 01  01 02  08 03");
    assert!(matches!(server.event(), Event::Ignored(_)));
    let result = Ok(Reply::empty());
    let request = third;
    assert_eq!(server.event(), Event::Answered { request, result });
}

#[test]
fn streams_of_the_peer_are_bounded() {
    let mut server = server_with(|config| config.max_streams = 2);
    server.receives("08 04  08 01  20 08  08 04  08 02  20 08");
    let (first, _second) = (server.request(), server.request());
    server
        .end
        .answer_ok(server.now, first, Reply::empty())
        .unwrap();
    server.sends("01 02  08 01");
    // one is open and one is asked for
    server.receives("08 04  08 03  20 08");
    server.sends("02 02  08 03");
    // a change of an open one is no new one
    server.receives("08 04  08 01  20 08");
    let change = server.request();
    // the end of it comes after the change
    server.receives("09 02  08 01");
    server.sends("");
    server
        .end
        .answer_ok(server.now, change, Reply::empty())
        .unwrap();
    server.sends("01 02  08 01  01 02  08 01");
}

#[test]
fn streams_of_its_own_are_bounded() {
    let mut server = server_with(|config| config.max_streams = 1);
    server
        .end
        .start_stream(server.now, Call::new("a"), secs(0))
        .unwrap();
    let error = server.end.start_stream(server.now, Call::new("b"), secs(0));
    assert_eq!(error, Err(Misuse::TooManyStreams { limit: 1 }));
}

#[test]
fn a_peer_that_does_not_read_is_not_read() {
    // 100 bytes of output at most, so above 50 nothing is read
    let mut server = server_with(|config| config.max_output = 100);
    let keep_alives = [0x05, 0x00].repeat(200);
    server.end.handle_input(server.now, &keep_alives);
    assert_eq!(server.end.poll_output().len(), 52);
    assert!(!server.end.wants_input());
    // what was handed in goes on as the output drains
    let mut sent = 0;
    for _ in 0..100 {
        let waiting = server.end.poll_output().len();
        assert!(waiting <= 52);
        server.end.handle_written(server.now, waiting);
        sent += waiting;
    }
    assert_eq!(sent, 400);
    assert!(server.end.wants_input());
}

#[test]
fn events_wait_for_the_output_to_drain() {
    let mut server = server_with(|config| config.max_output = 100);
    for id in 1..=9_u8 {
        server
            .end
            .handle_input(server.now, &[0x06, 5, 0x08, id, 0x22, 0x81, 0x61]);
    }
    let mut answered = 0;
    while let Some(event) = server.end.poll_event() {
        let Event::RunRequested {
            request: Some(request),
            ..
        } = event
        else {
            panic!("{event:?}");
        };
        let reply = Reply::value(vec![0; 20]);
        server.end.answer_ok(server.now, request, reply).unwrap();
        answered += 1;
    }
    // two answers of 26 bytes are above half
    assert_eq!(answered, 2);
    server.end.handle_written(server.now, 52);
    assert!(server.end.poll_event().is_some());
}

#[test]
fn too_much_output_is_told_to_whoever_asks_for_it() {
    let mut server = server_with(|config| config.max_output = 100);
    server.receives("08 04  08 09  20 08  06 05  08 0a  22 81 61");
    let (stream, run) = (server.request(), server.request());
    server
        .end
        .answer_ok(server.now, stream, Reply::empty())
        .unwrap();
    server.taken();
    // two requests of 50 bytes each
    for _ in 0..2 {
        let call = Call::new("a").payload(vec![0; 40]);
        server.end.run(server.now, call).unwrap();
    }
    let error = server.end.run(server.now, Call::new("a")).unwrap_err();
    let (waiting, limit) = (100, 100);
    assert_eq!(error, Misuse::Backpressure { waiting, limit });
    // a value is dropped, and counted
    let sent = server.end.stream_data(server.now, 9, Reply::value(1));
    assert_eq!((sent, server.end.stats().data_dropped), (Ok(false), 1));
    // an answer cannot be dropped
    let reply = Reply::value(vec![0; 40]);
    let error = server.end.answer_ok(server.now, run, reply).unwrap_err();
    assert!(matches!(error, Misuse::Backpressure { .. }), "{error:?}");
    assert_eq!(server.event(), Event::Closed(CloseReason::Overflow));
}

#[test]
fn events_are_bounded() {
    let mut server = server_with(|config| config.max_events = 4);
    let unknown = bytes("0b 00").repeat(100);
    server.end.handle_input(server.now, &unknown);
    assert_eq!(server.end.stats().unknown, 4);
    assert!(!server.end.wants_input());
    let mut told = 0;
    while let Some(event) = server.end.poll_event() {
        assert!(matches!(event, Event::Ignored(_)));
        told += 1;
        assert!(server.end.stats().unknown <= told + 4);
    }
    assert_eq!(told, 100);
    assert!(server.end.wants_input());
}

#[test]
fn the_end_is_told_even_when_events_are_many() {
    let mut server = server_with(|config| config.max_events = 1);
    server.end.handle_input(server.now, &bytes("0b 00 0b 00"));
    server.end.handle_end(server.now);
    assert!(matches!(server.end.poll_event(), Some(Event::Ignored(_))));
    let closed = Event::Closed(CloseReason::Ended);
    assert_eq!(server.end.poll_event(), Some(closed));
    assert_eq!(server.end.poll_event(), None);
}

//! Requests of either end: one answer each, whatever else goes on.

use iotmp_ref::pson::Value;
use iotmp_ref::session::{Call, Event, Ignored, Misuse, Reply, Resource};

use crate::script::{SHIPPING, Script, Y2025};

/// IOTMP25-RUN-001, -004, IOTMP25-SID-001
#[test]
fn a_run_is_told_and_answered_once() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("06 0b  08 07  12 05  1a 61  22 83 6c6564");
    let event = device.event();
    let Event::RunRequested {
        request: Some(request),
        resource,
        parameters,
        payload,
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(resource, Resource::from("led"));
    assert_eq!((parameters, payload), (Some(5.into()), Some(true.into())));
    assert_eq!(request.stream_id(), 7);
    device.is_quiet();
    device
        .end
        .answer_ok(device.now, request, Reply::value("on"))
        .unwrap();
    device.sends("01 06  08 07  1a 82 6f6e");
    let again = device.end.answer_ok(device.now, request, Reply::empty());
    assert_eq!(again, Err(Misuse::UnknownRequest(7)));
    let again = device.end.answer_error(device.now, request, Reply::empty());
    assert_eq!(again, Err(Misuse::UnknownRequest(7)));
    device.is_quiet();
}

#[test]
fn an_error_carries_code_and_details() {
    let mut server = Script::connected_server(SHIPPING);
    server.receives("06 07  08 07  22 83 6c6564");
    let request = server.request();
    let reply = Reply::value("no").parameters(418);
    server.end.answer_error(server.now, request, reply).unwrap();
    server.sends("02 09  08 07  10 a203  1a 82 6e6f");
}

/// IOTMP25-RUN-002
#[test]
fn a_run_without_identifier_is_not_to_be_answered() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("06 05  22 83 6c6564");
    let event = device.event();
    let Event::RunRequested { request: None, .. } = event else {
        panic!("{event:?}");
    };
    device.is_quiet();

    let mut server = Script::connected_server(SHIPPING);
    server
        .end
        .run_unanswered(server.now, Call::new("led"))
        .unwrap();
    server.sends("06 05  22 83 6c6564");
}

#[test]
fn an_identifier_of_zero_is_one() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("06 07  08 00  22 83 6c6564");
    let request = device.request();
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    device.sends("01 02  08 00");
}

/// IOTMP25-SID-003
#[test]
fn many_in_flight_each_with_its_own_answer() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives(
        "06 05  08 01  22 81 61
         06 05  08 02  22 81 62
         06 05  08 03  22 81 63",
    );
    let requests = [device.request(), device.request(), device.request()];
    for (index, hex) in [
        (2, "01 04  08 03  18 02"),
        (0, "01 04  08 01  18 00"),
        (1, "01 04  08 02  18 01"),
    ] {
        let reply = Reply::value(index as u64);
        device
            .end
            .answer_ok(device.now, requests[index], reply)
            .unwrap();
        device.sends(hex);
    }
}

/// IOTMP25-SID-003, -004
#[test]
fn own_requests_get_their_own_answers() {
    let mut server = Script::connected_server(SHIPPING);
    let first = server.end.run(server.now, Call::new("a")).unwrap();
    let second = server
        .end
        .run(server.now, Call::new("b").payload(1))
        .unwrap();
    server.sends(
        "06 05  08 01  22 81 61
         06 07  08 02  18 01  22 81 62",
    );
    server.receives("02 02  08 02  01 04  08 01  18 09");
    let error = Event::Answered {
        request: second,
        result: Err(Reply::empty()),
    };
    assert_eq!(server.event(), error);
    let ok = Event::Answered {
        request: first,
        result: Ok(Reply::value(9)),
    };
    assert_eq!(server.event(), ok);
    // answered is over
    server.receives("01 02  08 01");
    let event = Event::Ignored(Ignored::UnexpectedAnswer { stream_id: 1 });
    assert_eq!(server.event(), event);
    assert_eq!(server.end.stats().unexpected_answers, 1);
}

/// IOTMP25-SID-004
#[test]
fn an_answered_identifier_is_free_again() {
    let mut device = Script::connected_device(SHIPPING);
    for _ in 0..3 {
        device.receives("06 07  08 07  22 83 6c6564");
        let request = device.request();
        device
            .end
            .answer_ok(device.now, request, Reply::empty())
            .unwrap();
        device.sends("01 02  08 07");
    }
}

#[test]
fn an_identifier_in_flight_is_not() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("06 07  08 07  22 83 6c6564");
    let request = device.request();
    device.receives("06 07  08 07  22 83 6c6564");
    device.sends("02 02  08 07");
    device.is_quiet();
    device
        .end
        .answer_ok(device.now, request, Reply::empty())
        .unwrap();
    device.sends("01 02  08 07");
}

#[test]
fn own_identifiers_avoid_those_of_the_peer() {
    let mut device = Script::connected_device(SHIPPING);
    // the next of its own would be 2: taken by a request, 3 by a stream
    device.receives("06 05  08 02  22 81 61");
    device.request();
    device.receives("08 05  08 03  22 81 61");
    let stream = device.request();
    device
        .end
        .answer_ok(device.now, stream, Reply::empty())
        .unwrap();
    device.taken();
    let request = device.end.run(device.now, Call::new(1)).unwrap();
    assert_eq!(request.stream_id(), 4);
    device.sends("06 04  08 04  20 01");
}

#[test]
fn resources_are_named_as_the_revision_does() {
    let path = Resource::Path(vec!["a".into(), "b".into()]);
    for (dialect, resource, expected) in [
        (SHIPPING, Resource::from("a"), "06 05  08 01  22 81 61"),
        (SHIPPING, Resource::Number(5), "06 04  08 01  20 05"),
        (SHIPPING, path.clone(), "06 08  08 01  22 e2 8161 8162"),
        (Y2025, Resource::from("a"), "06 06  08 01  21 4a 01 61"),
        (Y2025, Resource::Number(5), "06 05  08 01  21 08 05"),
        (Y2025, path, "06 0b  08 01  21 72 06 4a0161 4a0162"),
    ] {
        let mut server = Script::connected_server(dialect);
        server
            .end
            .run(server.now, Call::new(resource.clone()))
            .unwrap();
        server.sends(expected);
        let mut device = Script::connected_device(dialect);
        device.receives(expected);
        let event = device.event();
        let Event::RunRequested { resource: got, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(got, resource);
    }
}

#[test]
fn a_server_describes_and_is_not_described() {
    let mut server = Script::connected_server(SHIPPING);
    server.end.describe(server.now, None).unwrap();
    server.end.describe(server.now, Some("a".into())).unwrap();
    server.sends("07 02  08 01  07 05  08 02  22 81 61");

    server.receives("07 02  08 09");
    server.sends("02 02  08 09");
    assert!(matches!(
        server.event(),
        Event::Ignored(Ignored::Unexpected { .. })
    ));

    let mut device = Script::connected_device(SHIPPING);
    device.receives("07 02  08 09");
    let event = device.event();
    let Event::DescribeRequested {
        request,
        resource: None,
        parameters: None,
    } = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(request.stream_id(), 9);
}

#[test]
fn an_abandoned_request_is_heard_of_no_more() {
    let mut server = Script::connected_server(SHIPPING);
    let request = server.end.run(server.now, Call::new("a")).unwrap();
    server.taken();
    server.end.abandon(request).unwrap();
    server.receives("01 02  08 01");
    server.is_quiet();
    assert_eq!(server.end.abandon(request), Err(Misuse::UnknownRequest(1)));
}

#[test]
fn what_cannot_be_sent_leaves_the_request_open() {
    let mut server = Script::server_with(SHIPPING, |config| config.max_message_size = 32);
    server.accepts();
    server.receives("06 05  08 07  22 81 61");
    let request = server.request();
    let large = Reply::value(vec![0_u8; 32]);
    let error = server
        .end
        .answer_ok(server.now, request, large)
        .unwrap_err();
    assert_eq!(
        error,
        Misuse::TooLarge {
            size: 37,
            limit: 32
        }
    );
    let mut deep = Value::Null;
    for _ in 0..200 {
        deep = Value::Array(vec![deep]);
    }
    let error = server
        .end
        .answer_ok(server.now, request, Reply::value(deep))
        .unwrap_err();
    assert!(matches!(error, Misuse::Unencodable(_)), "{error:?}");
    server.is_quiet();
    server
        .end
        .answer_error(server.now, request, Reply::empty())
        .unwrap();
    server.sends("02 02  08 07");
    // a request that cannot be sent takes no identifier
    let call = Call::new("a").payload(vec![0_u8; 32]);
    let error = server.end.run(server.now, call).unwrap_err();
    assert!(matches!(error, Misuse::TooLarge { .. }), "{error:?}");
    let request = server.end.run(server.now, Call::new("a")).unwrap();
    assert_eq!(request.stream_id(), 2);
}

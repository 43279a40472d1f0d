//! What only the 2020 revision has: its codes and keys, samples apart from
//! events, actions, and streams that change without their resource.

use iotmp_ref::device::{Device, Failure};
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::session::dialect::Kind;
use iotmp_ref::session::{
    Call, CloseReason, DataKind, Event, Ignored, Incompatible, Misbehaved, Misuse, Reply, Session,
    State,
};

use crate::pair::{Cut, Pair};
use crate::script::{CONNECT_2020, OK_2020, Script, Y2020, millis, secs};

/// IOTMP20-CONNECT-001, -003, -004
#[test]
fn a_device_introduces_itself_with_code_8() {
    Script::device(Y2020).sends(CONNECT_2020);
    let mut device = Script::device_with(Y2020, |_, identity| {
        identity.keep_alive = Some(secs(30));
    });
    device.sends("08 10  01 01  63 72 09 4a0175 4a0164 4a0163  05 1e");
}

#[test]
fn a_device_has_no_version_and_no_encoding_to_ask_for() {
    let refused = |change: fn(&mut iotmp_ref::session::Identity)| {
        let mut identity = iotmp_ref::session::Identity::new("u", "d", "c");
        change(&mut identity);
        let config = iotmp_ref::session::Config::new(Y2020);
        Session::device(secs(0), config, identity).unwrap_err()
    };
    let text = "iotmp-2020 has no protocol version 1";
    let error = refused(|identity| identity.protocol_version = 1);
    assert_eq!(error, Misuse::Config(text.into()));
    let text = "iotmp-2020 does not let a device choose the encoding json";
    let error = refused(|identity| identity.encoding = Some(iotmp_ref::wire::Encoding::Json));
    assert_eq!(error, Misuse::Config(text.into()));
}

/// IOTMP20-CONNECT-005: fields in any order, defaults written out or not
#[test]
fn a_connect_is_accepted() {
    for hex in [
        CONNECT_2020,
        "08 12  05 3c  04 01  63 72 09 4a0175 4a0164 4a0163  01 01",
        // an unknown field of each width is skipped
        "08 1e  01 01  1e 0102030405060708  5e 01020304  63 72 09 4a0175 4a0164 4a0163  0e 07",
    ] {
        let mut server = Script::server(Y2020);
        server.receives(hex);
        match server.event() {
            Event::ConnectRequested(request) => assert_eq!(
                (request.username, request.keep_alive),
                ("u".into(), secs(60)),
                "{hex}"
            ),
            other => panic!("{hex}: {other:?}"),
        }
        server.end.accept(server.now).unwrap();
        server.sends(OK_2020);
        assert_eq!(server.end.state(), State::Ready);
    }
}

/// IOTMP20-CONNECT-007: the Error has no code, as there are no parameters
#[test]
fn a_refusal_has_no_code() {
    let refused = |hex: &str, reason| {
        let mut server = Script::server(Y2020);
        server.receives(hex);
        server.sends("02 02  01 01");
        server.closes(reason);
    };
    refused(
        "08 10  01 01  63 72 09 4a0175 4a0164 4a0163  05 00",
        CloseReason::Misbehaved(Misbehaved::KeepAlive(secs(0))),
    );
    refused(
        "08 06  01 01  63 4a0175",
        CloseReason::Misbehaved(Misbehaved::Credentials),
    );
    // a certificate
    refused(
        "08 08  01 01  63 4a0175  04 02",
        CloseReason::Incompatible(Incompatible::AuthType(2)),
    );
    // what other revisions begin with
    let mut server = Script::server(Y2020);
    server.receives("03 00");
    let fault = Misbehaved::FirstMessage { code: 3 };
    server.closes(CloseReason::Misbehaved(fault));
}

/// IOTMP20-RUN-001, -002 and the names of resources
#[test]
fn a_resource_is_a_text_or_an_array_of_texts() {
    let mut device = Script::connected_device(Y2020);
    for (hex, name) in [
        // a value, an array of values, and a text behind its size
        ("04 06  01 07  62 4a0161", "a"),
        ("04 0b  01 07  62 72 06 4a0161 4a0162", "a/b"),
        ("04 05  01 07  22 01 61", "a"),
    ] {
        device.receives(hex);
        let Event::RunRequested {
            request: Some(request),
            resource,
            ..
        } = device.event()
        else {
            panic!("{hex}: no Run");
        };
        assert_eq!(resource.name().as_deref(), Some(name));
        let reply = Reply::value(5);
        device.end.answer_ok(device.now, request, reply).unwrap();
        device.sends("01 05  01 07  63 08 05");
    }
}

/// Actions: 1 runs, 2 describes, the reserved and the server's get an Error.
#[test]
fn a_run_says_what_to_do() {
    let mut device = Script::connected_device(Y2020);
    device.receives("04 08  01 07  62 4a0161  04 01");
    assert!(matches!(device.event(), Event::RunRequested { .. }));
    device.receives("04 08  01 08  62 4a0161  04 02");
    match device.event() {
        Event::DescribeRequested {
            request, resource, ..
        } => assert_eq!((request.stream_id(), resource), (8, Some("a".into()))),
        other => panic!("{other:?}"),
    }
    let unexpected = Event::Ignored(Ignored::Unexpected { kind: Kind::Run });
    for action in [3, 8, 9, 13, 14] {
        device.receives(&format!("04 08  01 09  62 4a0161  04 {action:02x}"));
        device.sends("02 02  01 09");
        assert_eq!(device.event(), unexpected, "{action}");
    }
    // without a stream identifier nobody waits for an Error
    device.receives("04 06  62 4a0161  04 03");
    device.sends("");
    assert_eq!(device.event(), unexpected);
    // nor does a server do any of that yet
    let mut server = Script::connected_server(Y2020);
    server.receives("04 08  01 09  62 4a0161  04 0b");
    server.sends("02 02  01 09");
    assert_eq!(server.event(), unexpected);
}

/// Without parameters nothing that needs them can be said, and nothing is sent.
#[test]
fn what_the_revision_cannot_say_is_refused() {
    let mut server = Script::connected_server(Y2020);
    let now = server.now;
    let call = Call::new("a").parameters(1);
    let error = server.end.run(now, call).unwrap_err();
    let text = "not expressible: iotmp-2020 has no parameters of Run";
    assert_eq!(error.to_string(), text);
    let error = server.end.start_stream(now, Call::new("a"), millis(1500));
    let text = "not expressible: interval 1.5s is not a multiple of 1s";
    assert_eq!(error.unwrap_err().to_string(), text);
    server.is_quiet();
}

/// A device on which stream 7 of `a` is open, a value every 2 s.
fn streaming() -> Script<Session> {
    let mut device = Script::connected_device(Y2020);
    device.receives("05 08  01 07  62 4a0161  04 02");
    let request = device.request();
    let (now, empty) = (device.now, Reply::empty());
    device.end.answer_ok(now, request, empty).unwrap();
    device.sends("01 02  01 07");
    device
}

/// Samples by interval, events without one.
#[test]
fn a_sample_and_an_event_are_different_messages() {
    let mut device = streaming();
    device.at(secs(2));
    assert_eq!(device.event(), Event::StreamDue { stream_id: 7 });
    let now = device.now;
    assert_eq!(device.end.stream_data(now, 7, Reply::value(5)), Ok(true));
    // Stream Sample, in field 3 the output
    device.sends("0b 05  01 07  63 08 05");
    // in field 2 the input
    assert_eq!(device.end.stream_input(now, 7, 6.into()), Ok(true));
    device.sends("0b 05  01 07  62 08 06");
    // interval 0: events only
    device.receives("05 02  01 07");
    device.sends("01 02  01 07");
    let (stream_id, interval) = (7, secs(0));
    let changed = Event::StreamChanged {
        stream_id,
        interval,
    };
    assert_eq!(device.event(), changed);
    device.at(secs(20));
    device.is_quiet();
    let now = device.now;
    assert_eq!(device.end.stream_data(now, 7, Reply::value(5)), Ok(true));
    // Stream Event
    device.sends("0a 05  01 07  63 08 05");
    assert_eq!(device.end.stream_input(now, 7, 6.into()), Ok(true));
    device.sends("0a 05  01 07  63 08 06");
}

/// A repeat without the resource changes the interval and nothing else.
#[test]
fn a_repeat_without_a_resource_changes_only_the_interval() {
    let mut device = streaming();
    device.at(secs(3));
    assert_eq!(device.event(), Event::StreamDue { stream_id: 7 });
    device.receives("05 04  01 07  04 05");
    device.sends("01 02  01 07");
    let (stream_id, interval) = (7, secs(5));
    let changed = Event::StreamChanged {
        stream_id,
        interval,
    };
    assert_eq!(device.event(), changed);
    device.at(secs(8) - millis(1));
    device.is_quiet();
    device.at(secs(8));
    assert_eq!(device.event(), Event::StreamDue { stream_id: 7 });
    device.at(secs(13));
    assert_eq!(device.event(), Event::StreamDue { stream_id: 7 });
    // a stream that is not open has no interval to change
    device.receives("05 04  01 09  04 05");
    device.sends("02 02  01 09");
    device.receives("06 02  01 07");
    device.sends("01 02  01 07");
    assert_eq!(device.event(), Event::StreamStopped { stream_id: 7 });
    device.receives("05 04  01 07  04 05");
    device.sends("02 02  01 07");
    device.at(secs(40));
    device.is_quiet();
}

/// What a stream's resource is, a repeat does not forget: naming it again under
/// another identifier moves the stream.
#[test]
fn a_changed_stream_keeps_its_resource() {
    let mut device = streaming();
    device.receives("05 04  01 07  04 05");
    device.sends("01 02  01 07");
    device.event();
    device.receives("05 08  01 08  62 4a0161  04 02");
    match device.event() {
        Event::StreamRequested { replaces, .. } => assert_eq!(replaces, Some(7)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_changes_an_interval_by_identifier_and_number_alone() {
    let mut server = Script::connected_server(Y2020);
    let now = server.now;
    server
        .end
        .start_stream(now, Call::new("a"), secs(1))
        .unwrap();
    server.sends("05 08  01 01  62 4a0161  04 01");
    server.receives("01 02  01 01");
    assert!(matches!(server.event(), Event::Answered { .. }));
    server.end.change_interval(now, 1, secs(10)).unwrap();
    server.sends("05 04  01 01  04 0a");
    server.receives("01 02  01 01");
    assert!(matches!(server.event(), Event::Answered { .. }));
    // a sample with input and output, and an event
    server.receives("0b 08  01 01  62 08 02  63 08 05");
    let event = |kind, input: Option<u64>| Event::StreamData {
        stream_id: 1,
        kind,
        parameters: None,
        input: input.map(Value::from),
        payload: Some(5.into()),
    };
    assert_eq!(server.event(), event(DataKind::Sample, Some(2)));
    server.receives("0a 05  01 01  63 08 05");
    assert_eq!(server.event(), event(DataKind::Event, None));
}

/// The identifier of a Disconnect is mandatory, both ways.
#[test]
fn a_disconnect_has_an_identifier_and_is_acknowledged() {
    let mut device = streaming();
    let now = device.now;
    device.end.disconnect(now, Some(3.into())).unwrap();
    device.sends("09 04  01 02  04 03");
    // a reason that is no number is left out rather than the farewell
    let mut device = streaming();
    let reason: Option<Value> = Some("bye".into());
    device.end.disconnect(now, reason).unwrap();
    device.sends("09 02  01 02");
    let mut server = Script::connected_server(Y2020);
    server.receives("09 04  01 05  04 03");
    server.sends("01 02  01 05");
    server.closes(CloseReason::PeerDisconnected {
        reason: Some(3.into()),
        payload: None,
    });
}

#[test]
fn keep_alives_have_code_3() {
    let mut device = Script::connected_device(Y2020);
    device.at(secs(60));
    device.sends("03 00");
    let mut server = Script::connected_server(Y2020);
    server.receives("03 00");
    server.sends("03 00");
}

/// A whole device under the virtual clock: sampled every second, changed to
/// three, stopped.
#[test]
fn a_device_samples_every_second_until_it_is_told_otherwise() {
    let mut count = 0_u64;
    let device = Device::new("user1", "sensor1", "secret123")
        .output("count", move || {
            count += 1;
            count
        })
        .run("fail", || Err::<(), _>(Failure::new("no").code(404)));
    let mut pair = Pair::new(device, Y2020, Cut::Every(1));
    pair.run_for(secs(1));
    let now = pair.now;
    let call = Call::new("count");
    let stream = pair.server.start_stream(now, call, secs(1)).unwrap();
    // The network takes 20 ms each way.
    pair.run_for(secs(5) + millis(40));
    let values = |values: &[u64]| values.iter().map(|&value| value.into()).collect::<Vec<_>>();
    assert_eq!(pair.values(stream.stream_id()), values(&[1, 2, 3, 4, 5]));
    let now = pair.now;
    pair.server
        .change_interval(now, stream.stream_id(), secs(3))
        .unwrap();
    pair.run_for(secs(6) + millis(40));
    assert_eq!(pair.values(stream.stream_id()), values(&[6, 7]));
    // the code of a failure has no place here, its text has
    let now = pair.now;
    let fail = pair.server.run(now, Call::new("fail")).unwrap();
    pair.run_for(millis(40));
    let error = Reply::value(Map::from([("error", "no")]));
    assert_eq!(pair.answer(fail), Err(error));
    let now = pair.now;
    pair.server.stop_stream(now, stream.stream_id()).unwrap();
    pair.run_for(secs(30));
    assert_eq!(pair.values(stream.stream_id()), values(&[]));
}

//! What only the 2023 revision has: fields of Connect, six encodings, the
//! resource in field 0.

use iotmp_ref::pson::{Map, Value};
use iotmp_ref::session::{
    Call, CloseReason, ConnectError, DataKind, Event, Incompatible, Misbehaved, Misuse, Reply,
    Session, State,
};
use iotmp_ref::wire::Encoding;

use crate::script::{CONNECT_2025, OK, Script, Y2023, millis, secs};

/// Whom a Connect of u, d, c is from, and what it asks for.
fn asks(hex: &str) -> (Encoding, u64, core::time::Duration) {
    let mut server = Script::server(Y2023);
    server.receives(hex);
    match server.event() {
        Event::ConnectRequested(request) => {
            assert_eq!(
                [request.username, request.device, request.credential],
                ["u", "d", "c"]
            );
            let asked = (
                request.encoding,
                request.protocol_version,
                request.keep_alive,
            );
            server.end.accept(server.now).unwrap();
            // IOTMP23-CONNECT-015
            server.sends(OK);
            assert_eq!(server.end.encoding(), asked.0);
            assert_eq!(server.end.state(), State::Ready);
            asked
        }
        other => panic!("{hex}: {other:?}"),
    }
}

/// IOTMP23-CONNECT-001, -003, -004
#[test]
fn a_device_says_in_fields_what_is_not_the_default() {
    Script::device(Y2023).sends(CONNECT_2025);
    let mut device = Script::device_with(Y2023, |_, identity| {
        identity.keep_alive = Some(secs(30));
        identity.encoding = Some(Encoding::Cbor);
        identity.protocol_version = 7;
    });
    // The Connect itself is PSON.
    device.sends("03 14  08 01  19 72 09 4a0175 4a0164 4a0163  20 1e  28 05  30 07");
    assert_eq!(device.end.encoding(), Encoding::Cbor);
}

#[test]
fn a_device_asks_for_no_encoding_that_has_no_number() {
    let refused = |encoding| {
        let mut identity = iotmp_ref::session::Identity::new("u", "d", "c");
        identity.encoding = Some(encoding);
        let config = iotmp_ref::session::Config::new(Y2023);
        Session::device(secs(0), config, identity).unwrap_err()
    };
    let text = "iotmp-2023 does not let a device choose the encoding pson2";
    assert_eq!(refused(Encoding::Pson2), Misuse::Config(text.into()));
}

/// IOTMP23-CONNECT-005, -017, -022; IOTMP23-AMB-CONNECT-ENCODING
#[test]
fn a_connect_is_read_in_pson_in_json_and_in_what_it_announces() {
    let pson = (Encoding::Pson1, 0, secs(60));
    assert_eq!(asks(CONNECT_2025), pson);
    // the defaults written out: authentication type 1, keep alive 60, PSON
    let hex = "03 14  08 01  10 01  19 72 09 4a0175 4a0164 4a0163  20 3c  28 01";
    assert_eq!(asks(hex), pson);
    // a version, and fields in another order
    let hex = "03 12  30 09  20 1e  19 72 09 4a0175 4a0164 4a0163  08 01";
    assert_eq!(asks(hex), (Encoding::Pson1, 9, secs(30)));
    // ["u","d","c"] as JSON under wire type 2, announced and not
    let json = "1a 0d 5b2275222c2264222c2263225d";
    assert_eq!(
        asks(&format!("03 13  08 01  {json}  28 02")).0,
        Encoding::Json
    );
    assert_eq!(asks(&format!("03 11  08 01  {json}")).0, Encoding::Pson1);
    // under wire type 7 in each encoding
    for (number, array) in [
        (1, "72094a01754a01644a0163"),
        (2, "5b2275222c2264222c2263225d"),
        (3, "93a175a164a163"),
        (5, "83617561646163"),
    ] {
        let size = array.len() / 2;
        let hex = format!(
            "03 {:02x}  08 01  1f {size:02x} {array}  28 {number:02x}",
            size + 6
        );
        let encodings = [
            Encoding::Pson1,
            Encoding::Json,
            Encoding::Messagepack,
            Encoding::Bson,
            Encoding::Cbor,
        ];
        assert_eq!(asks(&hex).0, encodings[number - 1], "{hex}");
    }
}

fn refused(hex: &str, reply: &str, reason: CloseReason) {
    let mut server = Script::server_with(Y2023, |config| config.encodings = vec![Encoding::Cbor]);
    server.receives(hex);
    server.sends(reply);
    server.closes(reason);
}

/// Error 4, in PSON or in the JSON that the device writes.
#[test]
fn an_encoding_that_is_not_supported_is_refused() {
    let pson = "19 72 09 4a0175 4a0164 4a0163";
    for (number, fault) in [
        (0, Incompatible::EncodingNumber(0)),
        (3, Incompatible::Encoding(Encoding::Messagepack)),
        (4, Incompatible::Encoding(Encoding::Bson)),
        (6, Incompatible::Encoding(Encoding::Ubjson)),
        (7, Incompatible::EncodingNumber(7)),
    ] {
        let hex = format!("03 10  08 01  {pson}  28 {number:02x}");
        let reason = CloseReason::Incompatible(fault);
        refused(&hex, "02 05  08 01  11 08 04", reason);
    }
    // what is written in it cannot be read, and need not be
    refused(
        "03 09  08 01  1f 03 ffffff  28 09",
        "02 05  08 01  11 08 04",
        CloseReason::Incompatible(Incompatible::EncodingNumber(9)),
    );
    refused(
        "03 13  08 01  1a 0d 5b2275222c2264222c2263225d  28 09",
        "02 05  08 01  12 01 34",
        CloseReason::Incompatible(Incompatible::EncodingNumber(9)),
    );
    // PSON, JSON and what is configured
    for number in [1, 2, 5] {
        let mut server = Script::server_with(Y2023, |config| {
            config.encodings = vec![Encoding::Cbor];
        });
        server.receives(&format!("03 10  08 01  {pson}  28 {number:02x}"));
        assert!(matches!(server.event(), Event::ConnectRequested(_)));
    }
}

/// IOTMP23-CONNECT-007, -009, -011, -018
#[test]
fn every_refusal_has_its_code() {
    let pson = "19 72 09 4a0175 4a0164 4a0163";
    for (seconds, interval) in [("00", 0), ("890e", 1801)] {
        let size = 15 + seconds.len() / 2;
        refused(
            &format!("03 {size:02x}  08 01  {pson}  20 {seconds}"),
            "02 05  08 01  11 08 03",
            CloseReason::Misbehaved(Misbehaved::KeepAlive(secs(interval))),
        );
    }
    // a string instead of three
    refused(
        "03 06  08 01  19 4a0175",
        "02 05  08 01  11 08 02",
        CloseReason::Misbehaved(Misbehaved::Credentials),
    );
    // a token
    refused(
        "03 08  08 01  10 02  19 4a0175",
        "02 02  08 01",
        CloseReason::Incompatible(Incompatible::AuthType(2)),
    );
    let mut server = Script::server(Y2023);
    server.receives(CONNECT_2025);
    server.event();
    let (error, payload) = (ConnectError::Redirect, Some(Value::from("iotmp://h")));
    server
        .end
        .refuse(server.now, error, payload.clone())
        .unwrap();
    server.sends("02 10  08 01  11 40  19 4a 09 696f746d703a2f2f68");
    server.closes(CloseReason::Refused { error, payload });
}

/// IOTMP23-CONNECT-014, -021
#[test]
fn a_device_reads_why_it_is_refused() {
    for (hex, error, payload) in [
        ("02 02  08 01", ConnectError::Refused, None),
        ("02 05  08 01  11 08 02", ConnectError::BadCredentials, None),
        (
            "02 05  08 01  12 01 33",
            ConnectError::InvalidKeepAlive,
            None,
        ),
        ("02 04  08 01  10 04", ConnectError::BadEncoding, None),
        (
            "02 10  08 01  11 40  19 4a 09 696f746d703a2f2f68",
            ConnectError::Redirect,
            Some("iotmp://h".into()),
        ),
    ] {
        let mut device = Script::device(Y2023);
        device.taken();
        device.receives(hex);
        device.closes(CloseReason::Refused { error, payload });
    }
}

/// A device that is connected under an encoding.
fn device(encoding: Encoding) -> Script<Session> {
    let mut device = Script::device_with(Y2023, |_, identity| identity.encoding = Some(encoding));
    device.connected();
    device
}

/// IOTMP23-RUN-007: the resource is field 0, under the wire type of its encoding
#[test]
fn a_value_travels_under_the_wire_type_of_its_encoding() {
    for (encoding, run, ok) in [
        (
            Encoding::Pson1,
            "06 0c  01 4a0161  08 07  19 6a 03 0174 28",
            "01 04  08 07  19 28",
        ),
        (
            Encoding::Json,
            "06 11  02 03 226122  08 07  1a 08 7b2274223a20317d",
            "01 08  08 07  1a 04 74727565",
        ),
        (
            Encoding::Messagepack,
            "06 0c  07 02 a161  08 07  1f 04 81a17401",
            "01 05  08 07  1f 01 c3",
        ),
        (
            Encoding::Cbor,
            "06 0c  07 02 6161  08 07  1f 04 a1617401",
            "01 05  08 07  1f 01 f5",
        ),
    ] {
        let mut device = device(encoding);
        // {"t": 1}, but for PSON, which has true there
        device.receives(run);
        let Event::RunRequested {
            request: Some(request),
            resource,
            payload: Some(Value::Map(payload)),
            ..
        } = device.event()
        else {
            panic!("{encoding:?}: no Run with a map");
        };
        let expected = match encoding {
            Encoding::Pson1 => Value::from(true),
            _ => 1.into(),
        };
        assert_eq!(
            (resource, payload),
            ("a".into(), Map::from([("t", expected)]))
        );
        device
            .end
            .answer_ok(device.now, request, Reply::value(true))
            .unwrap();
        device.sends(ok);
    }
}

/// Whatever was negotiated, wire types 1 and 2 say by themselves what they hold.
#[test]
fn pson_and_json_are_read_under_every_encoding() {
    let all = [
        Encoding::Pson1,
        Encoding::Json,
        Encoding::Messagepack,
        Encoding::Bson,
        Encoding::Cbor,
        Encoding::Ubjson,
    ];
    for encoding in all {
        let mut device = device(encoding);
        for resource in ["01 4a0161", "02 03 226122"] {
            let size = 4 + resource.replace(' ', "").len() / 2;
            // the payload is 1, first as a varint field
            device.receives(&format!("06 {size:02x}  {resource}  08 07  18 01"));
            let Event::RunRequested {
                request: Some(request),
                resource,
                payload,
                ..
            } = device.event()
            else {
                panic!("no Run");
            };
            assert_eq!((resource, payload), ("a".into(), Some(1.into())));
            let empty = Reply::empty();
            device.end.answer_ok(device.now, request, empty).unwrap();
            device.sends("01 02  08 07");
        }
    }
}

/// A value that JSON cannot say is an error of the caller, and nothing is sent.
#[test]
fn what_the_encoding_cannot_say_is_refused_and_told() {
    let mut device = device(Encoding::Json);
    let call = Call::new("a").payload(vec![1_u8, 2]);
    let error = device.end.run(device.now, call).unwrap_err();
    assert!(matches!(error, Misuse::Unencodable(_)), "{error:?}");
    device.is_quiet();
}

/// IOTMP23-DESCRIBE-006: the resource is field 3
#[test]
fn describe_names_its_resource_in_field_3() {
    let mut server = Script::connected_server(Y2023);
    let all = server.end.describe(server.now, None).unwrap();
    server.sends("07 02  08 01");
    let one = server.end.describe(server.now, Some("a".into())).unwrap();
    server.sends("07 06  08 02  19 4a0161");
    assert_eq!((all.stream_id(), one.stream_id()), (1, 2));
    let mut device = device(Encoding::Pson1);
    device.receives("07 06  08 02  19 4a0161");
    match device.event() {
        Event::DescribeRequested { resource, .. } => assert_eq!(resource, Some("a".into())),
        other => panic!("{other:?}"),
    }
}

/// IOTMP23-STREAM-001, -003, -005, -006, -020
#[test]
fn a_stream_counts_in_seconds_and_labels_its_values() {
    let mut device = device(Encoding::Pson1);
    // {"interval": 2}
    device.receives("08 14  01 4a0161  08 07  11 6a 0b 08 696e74657276616c 08 02");
    let Event::StreamRequested {
        request, interval, ..
    } = device.event()
    else {
        panic!("no stream");
    };
    assert_eq!(interval, secs(2));
    let (now, empty) = (device.now, Reply::empty());
    device.end.answer_ok(now, request, empty).unwrap();
    device.sends("01 02  08 07");
    device.at(secs(2) - millis(1));
    device.is_quiet();
    device.at(secs(2));
    assert_eq!(device.event(), Event::StreamDue { stream_id: 7 });
    let now = device.now;
    assert_eq!(device.end.stream_data(now, 7, Reply::value(5)), Ok(true));
    // parameters 2: the output
    device.sends("0a 08  08 07  11 08 02  19 08 05");
    assert_eq!(device.end.stream_input(now, 7, 6.into()), Ok(true));
    // parameters 1: the input
    device.sends("0a 07  08 07  11 40  19 08 06");
    device.receives("09 02  08 07");
    device.sends("01 02  08 07");
    assert_eq!(device.event(), Event::StreamStopped { stream_id: 7 });
    device.receives("09 02  08 07");
    device.sends("02 02  08 07");
}

/// Values of streams arrive with what the device says of them.
#[test]
fn a_server_is_told_what_a_value_is() {
    let mut server = Script::connected_server(Y2023);
    let now = server.now;
    let request = server
        .end
        .start_stream(now, Call::new("a"), secs(1))
        .unwrap();
    server.sends("08 13  01 4a0161  08 01  11 6a 0a 08 696e74657276616c 40");
    server.receives("01 02  08 01");
    assert!(matches!(server.event(), Event::Answered { .. }));
    server.receives("0a 08  08 01  11 08 02  19 08 05");
    let event = Event::StreamData {
        stream_id: request.stream_id(),
        kind: DataKind::Untold,
        parameters: Some(2.into()),
        input: None,
        payload: Some(5.into()),
    };
    assert_eq!(server.event(), event);
    // this revision names the resource in every Start Stream
    let error = server.end.change_interval(now, 1, secs(2)).unwrap_err();
    assert!(matches!(error, Misuse::Unencodable(_)), "{error:?}");
    server.is_quiet();
}

/// IOTMP23-DISCONNECT-002, -003
#[test]
fn a_disconnect_is_acknowledged_where_it_asks_for_it() {
    for (hex, reply) in [("04 00", ""), ("04 02  08 09", "01 02  08 09")] {
        let mut server = Script::connected_server(Y2023);
        server.receives(hex);
        server.sends(reply);
        server.closes(CloseReason::PeerDisconnected {
            reason: None,
            payload: None,
        });
    }
}

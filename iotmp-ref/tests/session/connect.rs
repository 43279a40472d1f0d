//! How a connection is established, and how not.

use iotmp_ref::pson::Value;
use iotmp_ref::session::dialect::Kind;
use iotmp_ref::session::{
    CloseReason, ConnectError, Event, Ignored, Incompatible, Misbehaved, Misuse, State, TimedOut,
};

use crate::script::{CONNECT, CONNECT_2025, OK, SHIPPING, Script, Y2025, bytes, millis, secs};

/// IOTMP25-CONNECT-001, -003, -004
#[test]
fn a_device_introduces_itself_first() {
    Script::device(SHIPPING).sends(CONNECT);
    Script::device(Y2025).sends(CONNECT_2025);
}

#[test]
fn a_device_says_what_is_not_the_default() {
    let mut device = Script::device_with(SHIPPING, |_, identity| {
        identity.keep_alive = Some(secs(30));
    });
    // parameters {"ka": 30}
    device.sends("03 10  08 01  12 c1 826b61 1e  1a e3 8175 8164 8163");

    let mut device = Script::device_with(Y2025, |_, identity| {
        identity.protocol_version = 1;
        identity.client_type = Some("t".into());
        identity.firmware = Some("f".into());
    });
    // parameters {"ct": "t", "fw": "f", "pv": 1}, all in the second generation,
    // which this revision has under wire type 1
    device.sends("03 1a  08 01  11 c3 826374 8174 826677 8166 827076 01  19 e3 8175 8164 8163");
}

#[test]
fn a_device_does_not_ask_for_what_no_server_gives() {
    let refused = |change: fn(&mut iotmp_ref::session::Identity)| {
        let mut identity = iotmp_ref::session::Identity::new("u", "d", "c");
        change(&mut identity);
        let config = iotmp_ref::session::Config::new(Y2025);
        let error = iotmp_ref::session::Session::device(secs(0), config, identity).unwrap_err();
        match error {
            Misuse::Config(text) => text,
            other => panic!("{other:?}"),
        }
    };
    let text = "keep alive of 1801s; give whole seconds up to 1800s";
    assert_eq!(refused(|i| i.keep_alive = Some(secs(1801))), text);
    let text = "keep alive of 0ns; give whole seconds up to 1800s";
    assert_eq!(refused(|i| i.keep_alive = Some(secs(0))), text);
    let text = "keep alive of 1.5s; give whole seconds up to 1800s";
    assert_eq!(refused(|i| i.keep_alive = Some(millis(1500))), text);
    let text = "iotmp-2025 has no protocol version 2";
    assert_eq!(refused(|i| i.protocol_version = 2), text);
}

/// IOTMP25-CONNECT-005, -015
#[test]
fn valid_credentials_are_answered_by_a_bare_ok() {
    for (dialect, connect) in [(SHIPPING, CONNECT), (Y2025, CONNECT_2025)] {
        let mut server = Script::server(dialect);
        assert_eq!(server.end.state(), State::Connecting);
        server.receives(connect);
        let Event::ConnectRequested(request) = server.event() else {
            panic!("no request");
        };
        assert_eq!(
            (request.username, request.device, request.credential),
            ("u".into(), "d".into(), "c".into())
        );
        assert_eq!(
            (request.keep_alive, request.protocol_version),
            (secs(60), 0)
        );
        assert_eq!(server.end.state(), State::Authenticating);
        server.is_quiet();
        server.end.accept(server.now).unwrap();
        server.sends("01 02  08 01");
        assert_eq!(server.end.state(), State::Ready);
        assert_eq!(server.end.accept(server.now), Err(Misuse::NoConnect));
    }
}

/// IOTMP25-CONNECT-006, -008
#[test]
fn a_refusal_carries_its_code() {
    let refuse = |error, payload: Option<Value>, expected: &str| {
        let mut server = Script::server(SHIPPING);
        server.receives(CONNECT);
        server.event();
        server
            .end
            .refuse(server.now, error, payload.clone())
            .unwrap();
        server.sends(expected);
        server.closes(CloseReason::Refused { error, payload });
    };
    refuse(ConnectError::BadCredentials, None, "02 04  08 01  10 02");
    refuse(ConnectError::Refused, None, "02 02  08 01");
    refuse(ConnectError::Other(9), None, "02 04  08 01  10 09");
    let url = Some("iotmp://h".into());
    refuse(
        ConnectError::Redirect,
        url,
        "02 0f  08 01  10 01  1a 89 696f746d703a2f2f68",
    );

    let mut server = Script::server(Y2025);
    server.receives(CONNECT_2025);
    server.event();
    let error = ConnectError::BadCredentials;
    server.end.refuse(server.now, error, None).unwrap();
    // a number is a value here: 08 02 is the first generation's 2
    server.sends("02 05  08 01  11 08 02");
}

/// IOTMP25-CONNECT-014
#[test]
fn a_refused_device_closes() {
    let refused = |hex: &str, error, payload: Option<Value>| {
        let mut device = Script::device(SHIPPING);
        device.taken();
        device.receives(hex);
        device.closes(CloseReason::Refused { error, payload });
    };
    refused("02 04  08 01  10 02", ConnectError::BadCredentials, None);
    refused(
        "02 05  08 01  12 1f 03",
        ConnectError::InvalidKeepAlive,
        None,
    );
    refused("02 02  08 01", ConnectError::Refused, None);
    refused("02 04  08 01  10 07", ConnectError::Other(7), None);
    refused(
        "02 0f  08 01  10 01  1a 89 696f746d703a2f2f68",
        ConnectError::Redirect,
        Some("iotmp://h".into()),
    );
}

/// IOTMP25-CONNECT-002
#[test]
fn anything_else_first_ends_the_connection_at_once() {
    for (code, hex) in [
        (0x01, "01 02  08 01"),
        (0x02, "02 02  08 01"),
        (0x04, "04 00"),
        (0x05, "05 00"),
        (0x06, "06 06  08 01  22 82 6c65"),
        (0x07, "07 02  08 01"),
        (0x08, "08 06  08 01  22 82 6c65"),
        (0x09, "09 02  08 01"),
        (0x0a, "0a 02  08 01"),
        (0x00, "00 00"),
        (0x7f, "7f 00"),
        // its body is not even looked at
        (0x06, "06 01  ff"),
    ] {
        let mut server = Script::server(SHIPPING);
        server.receives(&format!("{hex} {CONNECT}"));
        server.closes(CloseReason::Misbehaved(Misbehaved::FirstMessage { code }));
    }
}

/// IOTMP25-CONNECT-007
#[test]
fn a_payload_that_is_not_three_strings_is_refused() {
    for payload in [
        "e2 8175 8164",
        "e4 8175 8164 8163 8100",
        "e3 8175 8164 05",
        "e3 8175 8164 a163",
        "83 75 64 63",
        "c1 8175 8164",
        "e0",
        "62",
    ] {
        let payload = bytes(payload);
        let mut connect = vec![0x03, payload.len() as u8 + 3, 0x08, 0x01, 0x1a];
        connect.extend(payload);
        let mut server = Script::server(SHIPPING);
        server.receives_bytes(&connect);
        server.sends("02 04  08 01  10 02");
        server.closes(CloseReason::Misbehaved(Misbehaved::Credentials));
    }
}

/// IOTMP25-CONNECT-009
#[test]
fn the_keep_alive_asked_for_has_bounds() {
    // {"ka": 1800} and {"ka": 1}
    for (parameters, interval) in [("c1 826b61 1f 880e", 1800), ("c1 826b61 01", 1)] {
        let parameters = bytes(parameters);
        let mut server = Script::server(SHIPPING);
        server.receives_bytes(&connect_with(&parameters));
        let Event::ConnectRequested(request) = server.event() else {
            panic!("no request");
        };
        assert_eq!(request.keep_alive, secs(interval));
        server.end.accept(server.now).unwrap();
        assert_eq!(server.end.keep_alive(), secs(interval));
    }
    // {"ka": 1801} and {"ka": 0}
    for (parameters, interval) in [("c1 826b61 1f 890e", 1801), ("c1 826b61 00", 0)] {
        let mut server = Script::server(SHIPPING);
        server.receives_bytes(&connect_with(&bytes(parameters)));
        server.sends("02 04  08 01  10 03");
        let misbehaved = Misbehaved::KeepAlive(secs(interval));
        server.closes(CloseReason::Misbehaved(misbehaved));
    }
}

fn connect_with(parameters: &[u8]) -> Vec<u8> {
    let mut connect = vec![0x03, parameters.len() as u8 + 11, 0x08, 0x01, 0x12];
    connect.extend(parameters);
    connect.extend(bytes("1a e3 8175 8164 8163"));
    connect
}

/// IOTMP25-CONNECT-011
#[test]
fn reserved_authentication_types_are_refused() {
    for kind in [1, 2, 9] {
        let parameters = [bytes("c1 826174"), vec![kind]].concat();
        let mut server = Script::server(SHIPPING);
        server.receives_bytes(&connect_with(&parameters));
        server.sends("02 02  08 01");
        let fault = Incompatible::AuthType(kind.into());
        server.closes(CloseReason::Incompatible(fault));
    }
    // 0 is the default, said aloud
    let mut server = Script::server(SHIPPING);
    server.receives_bytes(&connect_with(&bytes("c1 826174 00")));
    assert!(matches!(server.event(), Event::ConnectRequested(_)));
}

/// IOTMP25-CONNECT-012
#[test]
fn client_type_and_firmware_change_nothing() {
    // {"ct": "t", "fw": "f"}, {"ct": 1, "fw": null}, {"zz": [{}]}
    for (parameters, client_type) in [
        ("c2 826374 8174 826677 8166", Some("t")),
        ("c2 826374 01 826677 62", None),
        ("c1 827a7a e1c0", None),
    ] {
        let mut server = Script::server(SHIPPING);
        server.receives_bytes(&connect_with(&bytes(parameters)));
        let Event::ConnectRequested(request) = server.event() else {
            panic!("no request");
        };
        assert_eq!(request.client_type.as_deref(), client_type);
        server.end.accept(server.now).unwrap();
        server.sends(OK);
    }
}

/// IOTMP25-CONNECT-010 and IOTMP25-AMB-PSON-GENERATION
#[test]
fn the_version_selects_the_generation() {
    use iotmp_ref::wire::Encoding::{Pson1, Pson2};
    let accepted = |hex: &str, version, encoding| {
        let mut server = Script::server(Y2025);
        server.receives(hex);
        let Event::ConnectRequested(request) = server.event() else {
            panic!("no request");
        };
        assert_eq!(request.protocol_version, version);
        server.end.accept(server.now).unwrap();
        assert_eq!(server.end.encoding(), encoding);
        server.sends(OK);
        let call = iotmp_ref::session::Call::new("a");
        server.end.run(server.now, call).unwrap();
        let name = if encoding == Pson1 {
            "4a 01 61"
        } else {
            "81 61"
        };
        let size = 3 + bytes(name).len();
        server.sends(&format!("06 {size:02x}  08 01  21 {name}"));
    };
    accepted(CONNECT_2025, 0, Pson1);
    // {"pv": 0} in the first generation
    accepted(
        "03 15  08 01  11 6a 04 02 7076 38  19 72 09 4a0175 4a0164 4a0163",
        0,
        Pson1,
    );
    // {"pv": 1} in the second
    accepted(
        "03 10  08 01  11 c1 827076 01  19 e3 8175 8164 8163",
        1,
        Pson2,
    );

    let refused = |hex: &str, version, error: &str| {
        let mut server = Script::server(Y2025);
        server.receives(hex);
        server.sends(error);
        let fault = Incompatible::ProtocolVersion(version);
        server.closes(CloseReason::Incompatible(fault));
    };
    let (first, second) = ("02 05  08 01  11 08 04", "02 04  08 01  11 04");
    // {"pv": 1} in the first generation contradicts itself
    refused(
        "03 15  08 01  11 6a 04 02 7076 40  19 72 09 4a0175 4a0164 4a0163",
        1,
        first,
    );
    // {"pv": 7}
    refused(
        "03 16  08 01  11 6a 05 02 7076 08 07  19 72 09 4a0175 4a0164 4a0163",
        7,
        first,
    );
    // the second generation without saying so
    refused("03 0a  08 01  19 e3 8175 8164 8163", 0, second);
}

/// IOTMP25-CONNECT-013
#[test]
fn until_it_is_let_in_a_device_hears_no_request() {
    let mut device = Script::device(SHIPPING);
    device.sends(CONNECT);
    for (hex, kind) in [
        ("06 06  08 07  22 82 6c65", Kind::Run),
        ("06 01  ff", Kind::Run),
        ("07 02  08 07", Kind::Describe),
        ("08 06  08 07  22 82 6c65", Kind::StartStream),
        ("09 02  08 07", Kind::StopStream),
        ("0a 02  08 07", Kind::StreamData),
        ("05 00", Kind::KeepAlive),
        ("00 00", Kind::Unknown),
    ] {
        device.receives(hex);
        let event = Event::Ignored(Ignored::Unexpected { kind });
        assert_eq!(device.event(), event);
        device.is_quiet();
    }
    for hex in ["01 02  08 02", "02 02  08 02"] {
        device.receives(hex);
        let event = Event::Ignored(Ignored::UnexpectedAnswer { stream_id: 2 });
        assert_eq!(device.event(), event);
        device.is_quiet();
    }
    assert_eq!(device.end.state(), State::Authenticating);
    device.receives(OK);
    assert_eq!(device.event(), Event::Connected);
    device.is_quiet();
}

#[test]
fn an_answer_without_identifier_lets_nobody_in() {
    for hex in ["01 00", "02 00", "01 02  08 80"] {
        let mut device = Script::device(SHIPPING);
        device.taken();
        device.receives(hex);
        let Event::Closed(CloseReason::Malformed(error)) = device.event() else {
            panic!("not closed for {hex}");
        };
        let (class, offset) = match hex {
            "01 02  08 80" => ("truncated", 3),
            _ => ("missing-field", 2),
        };
        assert_eq!((error.class(), error.offset()), (class, offset));
        device.is_quiet();
    }
}

/// IOTMP25-AMB-CONNECT-TIMEOUT
#[test]
fn neither_end_waits_for_ever() {
    let timed_out = || CloseReason::TimedOut(TimedOut::Connect);

    let mut device = Script::device(SHIPPING);
    device.taken();
    assert_eq!(device.end.poll_timeout(), Some(secs(10)));
    device.at(millis(9_999));
    device.is_quiet();
    device.at(secs(10));
    device.closes(timed_out());

    let mut server = Script::server(SHIPPING);
    assert_eq!(server.end.poll_timeout(), Some(secs(10)));
    server.at(secs(4));
    server.receives("03 0a  08 01");
    server.at(secs(10));
    server.closes(timed_out());

    // a decision that does not come is no reason to hold the socket
    let mut server = Script::server(SHIPPING);
    server.receives(CONNECT);
    assert!(matches!(server.event(), Event::ConnectRequested(_)));
    server.at(secs(10));
    server.closes(timed_out());
    assert_eq!(server.end.accept(server.now), Err(Misuse::NoConnect));
}

/// IOTMP25-AMB-SECOND-CONNECT
#[test]
fn a_second_connect_ends_the_connection() {
    for hex in [CONNECT, "03 01  ff"] {
        let mut server = Script::connected_server(SHIPPING);
        server.receives(hex);
        server.closes(CloseReason::Misbehaved(Misbehaved::SecondConnect));
    }
}

#[test]
fn while_a_server_decides_the_rest_waits() {
    let mut server = Script::server(SHIPPING);
    server.receives(&format!("{CONNECT} 05 00 {CONNECT}"));
    assert!(matches!(server.event(), Event::ConnectRequested(_)));
    assert!(!server.end.wants_input());
    server.is_quiet();
    server.end.accept(server.now).unwrap();
    server.sends("01 02  08 01  05 00");
    server.closes(CloseReason::Misbehaved(Misbehaved::SecondConnect));
}

#[test]
fn a_malformed_connect_is_answered_where_it_can_be() {
    let mut server = Script::server(SHIPPING);
    // the payload is cut short, the identifier is not
    server.receives("03 06  08 05  1a e3 8175");
    server.sends("02 02  08 05");
    let Event::Closed(CloseReason::Malformed(error)) = server.event() else {
        panic!("not closed");
    };
    assert_eq!(error.class(), "truncated");
    assert_eq!(
        (error.path().to_string(), error.offset()),
        ("Connect.payload".into(), 6)
    );

    // {"ka": "x"}
    let mut server = Script::server(SHIPPING);
    server.receives_bytes(&connect_with(&bytes("c1 826b61 8178")));
    server.sends("02 02  08 01");
    let Event::Closed(CloseReason::Malformed(error)) = server.event() else {
        panic!("not closed");
    };
    assert_eq!(
        error.to_string(),
        "offset 2, Connect.parameters.ka: string, but expected a non-negative integer"
    );

    // no identifier, no answer
    let mut server = Script::server(SHIPPING);
    server.receives("03 08  1a e3 8175 8164 8163");
    let Event::Closed(CloseReason::Malformed(error)) = server.event() else {
        panic!("not closed");
    };
    assert_eq!((error.class(), error.offset()), ("missing-field", 10));
    server.is_quiet();
}

#[test]
fn each_role_has_its_own_commands() {
    let mut device = Script::connected_device(SHIPPING);
    let role = Err(Misuse::WrongRole("device"));
    assert_eq!(device.end.accept(device.now), role);
    let refused = device.end.refuse(device.now, ConnectError::Refused, None);
    assert_eq!(refused, role);
    let described = device.end.describe(device.now, None);
    assert_eq!(described, Err(Misuse::WrongRole("device")));
    device.is_quiet();

    let mut device = Script::device(SHIPPING);
    let call = iotmp_ref::session::Call::new("x");
    assert_eq!(device.end.run(device.now, call), Err(Misuse::NotReady));
}

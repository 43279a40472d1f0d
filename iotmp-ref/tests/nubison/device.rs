//! The device's session against bytes.

use core::time::Duration;

use iotmp_ref::message::nubison::ErrorCode;
use iotmp_ref::nubison::{
    CloseReason, Config, DeviceEvent, DeviceKey, DeviceSession, DeviceState, Identity, Ignored,
    Misuse, SessionId,
};

use crate::packet::{ID, SECRET, T0, TOKEN, data, login, login_accepted, response, with_token};

pub(crate) fn identity() -> Identity {
    let device = DeviceKey::new("SENSOR01", "kitchen").unwrap();
    Identity::new(ID, SECRET, device).unwrap()
}

fn sent(device: &mut DeviceSession) -> Vec<u8> {
    let bytes = device.poll_output().to_vec();
    device.handle_written(T0, bytes.len());
    bytes
}

/// The session identifier of what was sent last.
fn session_id(packet: &[u8]) -> [u8; 8] {
    packet[1..9].try_into().unwrap()
}

fn events(device: &mut DeviceSession) -> Vec<DeviceEvent> {
    core::iter::from_fn(|| device.poll_event()).collect()
}

/// A session whose Login waits for its answer, and its identifier.
fn authenticating() -> (DeviceSession, [u8; 8]) {
    let mut device = DeviceSession::new(T0, Config::new(3));
    device.login(T0, &identity()).unwrap();
    let packet = sent(&mut device);
    let id = session_id(&packet);
    assert_eq!(packet, login(&id, ID, SECRET, "SENSOR01"));
    (device, id)
}

fn logged_in() -> DeviceSession {
    let (mut device, id) = authenticating();
    device.handle_input(T0, &login_accepted(&id));
    let expected = DeviceEvent::LoggedIn {
        encryption_key: None,
    };
    assert_eq!(events(&mut device), [expected]);
    device
}

#[test]
fn the_answer_to_a_login_is_read_with_and_without_a_key() {
    logged_in();
    let (mut device, id) = authenticating();
    let answer = [login_accepted(&id), b"\x03key".to_vec()].concat();
    device.handle_input(T0, &answer);
    let key = Some(b"key".to_vec());
    assert_eq!(
        events(&mut device),
        [DeviceEvent::LoggedIn {
            encryption_key: key
        }]
    );
    assert_eq!(device.state(), DeviceState::LoggedIn);
    assert_eq!(device.login(T0, &identity()), Err(Misuse::LoggedIn));
}

#[test]
fn a_refused_login_may_be_tried_again() {
    // One that the guide does not name is a refusal all the same.
    for (code, error) in [
        (b"\x00\x03", ErrorCode::CLIENT),
        (b"\x12\x34", ErrorCode(0x1234)),
    ] {
        let (mut device, id) = authenticating();
        device.handle_input(T0, &response(&id, &[b"\x00", &code[..]].concat()));
        assert_eq!(events(&mut device), [DeviceEvent::LoginRefused(error)]);
        assert_eq!(device.data(T0, b"x"), Err(Misuse::NotLoggedIn));
        device.login(T0, &identity()).unwrap();
    }
}

#[test]
fn nothing_goes_out_before_the_login_is_accepted() {
    let (mut device, _) = authenticating();
    assert_eq!(device.data(T0, b"x"), Err(Misuse::NotLoggedIn));
    assert_eq!(device.heartbeat(T0, None), Err(Misuse::NotLoggedIn));
    assert_eq!(device.logout(T0), Err(Misuse::NotLoggedIn));
    assert_eq!(sent(&mut device), b"");
}

#[test]
fn two_transactions_answered_out_of_order_go_to_their_requests() {
    let mut device = logged_in();
    let first = device.data(T0, b"21.5").unwrap();
    let second = device.heartbeat(T0, Some(b"22")).unwrap();
    let third = device.heartbeat(T0, None).unwrap();
    let expected = [
        data(&first.0, TOKEN, b"21.5"),
        with_token(b'H', &second.0, TOKEN, b"\x0222"),
        with_token(b'H', &third.0, TOKEN, b""),
    ];
    assert_eq!(sent(&mut device), expected.concat());
    let answers = [
        response(&third.0, b"\x01"),
        response(&first.0, b"\x00\x00\x06"),
        response(&second.0, b"\x01"),
    ];
    device.handle_input(T0, &answers.concat());
    let expected = [
        DeviceEvent::Accepted { transaction: third },
        DeviceEvent::Refused {
            transaction: first,
            error: ErrorCode::PAYLOAD_STRUCTURE,
        },
        DeviceEvent::Accepted {
            transaction: second,
        },
    ];
    assert_eq!(events(&mut device), expected);
}

#[test]
fn an_answer_to_nothing_is_ignored_whatever_it_holds() {
    let mut device = logged_in();
    let asked = device.data(T0, b"x").unwrap();
    sent(&mut device);
    let strange = [
        response(b"unknown1", b"\x01"),
        response(b"unknown2", b"\x00\x00\x05"),
        login_accepted(b"unknown3"),
        response(&asked.0, b"\x01"),
    ];
    device.handle_input(T0, &strange.concat());
    let unknown = |id: &[u8; 8]| DeviceEvent::Ignored(Ignored::UnknownSession(SessionId(*id)));
    let expected = [
        unknown(b"unknown1"),
        unknown(b"unknown2"),
        unknown(b"unknown3"),
        DeviceEvent::Accepted { transaction: asked },
    ];
    assert_eq!(events(&mut device), expected);
}

#[test]
fn commands_are_answered_by_success_or_failure() {
    let mut device = logged_in();
    let commands = [
        with_token(b'C', b"command1", TOKEN, b""),
        with_token(b'C', b"command2", TOKEN, b"\x02on"),
        with_token(b'C', b"command3", TOKEN, b"\x00"),
    ];
    device.handle_input(T0, &commands.concat());
    let mut requests = Vec::new();
    for (event, expected) in events(&mut device)
        .into_iter()
        .zip([None, Some("on"), Some("")])
    {
        let DeviceEvent::Command { request, payload } = event else {
            panic!("{event:?}");
        };
        assert_eq!(payload, expected.map(|text| text.as_bytes().to_vec()));
        requests.push(request);
    }
    device.answer_done(T0, requests[2], None).unwrap();
    device.answer_failed(T0, requests[1]).unwrap();
    device.answer_done(T0, requests[0], Some(b"off")).unwrap();
    let expected = [
        response(b"command3", b"\x01"),
        response(b"command2", b"\x00"),
        response(b"command1", b"\x01\x03off"),
    ];
    assert_eq!(sent(&mut device), expected.concat());
    assert_eq!(
        device.answer_failed(T0, requests[0]),
        Err(Misuse::UnknownRequest)
    );
}

#[test]
fn a_command_with_another_token_or_a_broken_one_fails() {
    let mut device = logged_in();
    device.handle_input(
        T0,
        &with_token(b'C', b"command1", &"x".repeat(24), b"\x02on"),
    );
    assert_eq!(sent(&mut device), response(b"command1", b"\x00"));
    let mut broken = with_token(b'C', b"command2", TOKEN, b"");
    broken[32] = 0xff;
    device.handle_input(T0, &broken);
    assert_eq!(sent(&mut device), response(b"command2", b"\x00"));
    // What a device does not receive has no answer.
    device.handle_input(T0, &data(b"data...1", TOKEN, b"x"));
    assert_eq!(sent(&mut device), b"");
    let [
        DeviceEvent::Ignored(Ignored::Token(id)),
        DeviceEvent::Ignored(Ignored::Structure(_)),
        DeviceEvent::Ignored(Ignored::Type(0x44)),
    ] = events(&mut device)[..]
    else {
        panic!("not ignored");
    };
    assert_eq!(id, SessionId(*b"command1"));
}

#[test]
fn heartbeats_go_out_in_silence_and_their_answers_matter() {
    let interval = Duration::from_secs(60);
    let mut device = logged_in();
    assert_eq!(device.poll_timeout(), Some(interval));
    let asked = device.data(Duration::from_secs(30), b"x").unwrap();
    sent(&mut device);
    device.handle_input(Duration::from_secs(31), &response(&asked.0, b"\x01"));
    assert_eq!(device.poll_timeout(), Some(Duration::from_secs(90)));
    device.handle_timeout(Duration::from_secs(89));
    assert_eq!(sent(&mut device), b"");
    device.handle_timeout(Duration::from_secs(90));
    let packet = sent(&mut device);
    let id = session_id(&packet);
    assert_eq!(packet, with_token(b'H', &id, TOKEN, b""));
    device.handle_input(Duration::from_secs(91), &response(&id, b"\x01"));
    assert_eq!(
        events(&mut device),
        [DeviceEvent::Accepted { transaction: asked }]
    );
    device.handle_timeout(Duration::from_secs(150));
    assert_eq!(sent(&mut device).len(), 33);
    device.handle_timeout(Duration::from_secs(160));
    let expected = DeviceEvent::Closed(CloseReason::HeartbeatUnanswered);
    assert_eq!(events(&mut device), [expected]);
}

#[test]
fn answers_that_do_not_come_are_told() {
    let (mut device, _) = authenticating();
    let timeout = Config::new(3).answer_timeout;
    assert_eq!(device.poll_timeout(), Some(timeout));
    device.handle_timeout(timeout);
    assert_eq!(
        events(&mut device),
        [DeviceEvent::Closed(CloseReason::LoginUnanswered)]
    );

    let mut device = logged_in();
    let asked = device.data(T0, b"x").unwrap();
    device.handle_timeout(timeout);
    assert_eq!(
        events(&mut device),
        [DeviceEvent::TimedOut { transaction: asked }]
    );
    // Late is too late.
    device.handle_input(timeout, &response(&asked.0, b"\x01"));
    let expected = DeviceEvent::Ignored(Ignored::UnknownSession(asked));
    assert_eq!(events(&mut device), [expected]);
}

#[test]
fn a_logout_is_over_when_it_is_answered_even_by_a_refusal() {
    for answer in [&b"\x01"[..], b"\x00\x00\x05"] {
        let mut device = logged_in();
        let asked = device.logout(T0).unwrap();
        assert_eq!(sent(&mut device), with_token(b'O', &asked.0, TOKEN, b""));
        assert_eq!(device.state(), DeviceState::Leaving);
        assert_eq!(device.data(T0, b"x"), Err(Misuse::NotLoggedIn));
        device.handle_input(T0, &response(&asked.0, answer));
        assert_eq!(events(&mut device), [DeviceEvent::LoggedOut]);
        device.login(T0, &identity()).unwrap();
    }
}

#[test]
fn payloads_that_no_length_can_say_are_refused() {
    let mut device = logged_in();
    let refused = device.data(T0, &[0; 65536]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not expressible: payload is 65536, but at most 65535 fits"
    );
    let refused = device.heartbeat(T0, Some(&[0; 256])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not expressible: payload is 256, but at most 255 fits"
    );
    device.data(T0, &[0; 65535]).unwrap();
    assert_eq!(sent(&mut device).len(), 65570);
}

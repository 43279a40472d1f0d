//! The server's session against bytes.

use core::time::Duration;

use iotmp_ref::message::nubison::ErrorCode;
use iotmp_ref::nubison::{
    AccessToken, CloseReason, Config, Ignored, Misuse, ServerEvent, ServerSession,
};

use crate::packet::{ID, SECRET, T0, TOKEN, data, login, packet, response, with_token};

pub(crate) fn token() -> AccessToken {
    AccessToken::new(TOKEN).unwrap()
}

/// What waits to be sent, which is then taken.
fn sent(server: &mut ServerSession) -> Vec<u8> {
    let bytes = server.poll_output().to_vec();
    server.handle_written(T0, bytes.len());
    bytes
}

fn events(server: &mut ServerSession) -> Vec<ServerEvent> {
    core::iter::from_fn(|| server.poll_event()).collect()
}

/// A session with a device that is logged in.
pub(crate) fn logged_in() -> ServerSession {
    let mut server = ServerSession::new(T0, Config::new(7));
    server.handle_input(T0, &login(b"login..1", ID, SECRET, "SENSOR01"));
    let Some(ServerEvent::Login { request, .. }) = server.poll_event() else {
        panic!("no login");
    };
    server.accept_login(T0, request, token(), None).unwrap();
    sent(&mut server);
    server
}

#[test]
fn a_login_is_asked_about_and_answered() {
    for (key, tail) in [(None, &b""[..]), (Some(&b"\xaa\xbb"[..]), b"\x02\xaa\xbb")] {
        let mut server = ServerSession::new(T0, Config::new(7));
        server.handle_input(T0, &login(b"login..1", ID, SECRET, "SENSOR01"));
        let Some(ServerEvent::Login { request, login }) = server.poll_event() else {
            panic!("no login");
        };
        assert_eq!(
            (login.client_id, login.client_secret),
            (ID.into(), SECRET.into())
        );
        assert_eq!(
            (login.product_code.as_str(), login.identifier.as_str()),
            ("SENSOR01", "kitchen")
        );
        assert_eq!(server.accept(T0, request), Err(Misuse::UnknownRequest));
        server.accept_login(T0, request, token(), key).unwrap();
        let expected = packet(&[b"Rlogin..1\x01", TOKEN.as_bytes(), tail]);
        assert_eq!(sent(&mut server), expected);
        let again = server.accept_login(T0, request, token(), key);
        assert_eq!(again, Err(Misuse::UnknownRequest));
    }
}

#[test]
fn refusals_carry_their_code() {
    for (error, code) in [
        (ErrorCode::CLIENT, b"\x00\x03"),
        (ErrorCode::DEVICE_NOT_REGISTERED, b"\x00\x04"),
        (ErrorCode::SERVER_ERROR, b"\x99\x99"),
    ] {
        let mut server = ServerSession::new(T0, Config::new(7));
        server.handle_input(T0, &login(b"login..1", ID, SECRET, "SENSOR01"));
        let Some(ServerEvent::Login { request, .. }) = server.poll_event() else {
            panic!("no login");
        };
        server.refuse(T0, request, error).unwrap();
        assert_eq!(sent(&mut server), packet(&[b"Rlogin..1\x00", code]));
        assert!(!server.is_logged_in());
    }
}

#[test]
fn data_and_heartbeats_are_passed_on_byte_for_byte() {
    let mut server = logged_in();
    let input = [
        data(b"data...1", TOKEN, b"\x00\xff{}"),
        with_token(b'H', b"heart..1", TOKEN, b"\x02hi"),
        with_token(b'H', b"heart..2", TOKEN, b"\x00"),
        with_token(b'H', b"heart..3", TOKEN, b""),
    ];
    for packet in input {
        server.handle_input(T0, &packet);
    }
    let mut events = events(&mut server).into_iter();
    let Some(ServerEvent::Data { request, payload }) = events.next() else {
        panic!("no data");
    };
    assert_eq!(payload, b"\x00\xff{}");
    let mut requests = vec![request];
    for expected in [Some(b"hi".to_vec()), Some(Vec::new()), None] {
        let Some(ServerEvent::Heartbeat { request, payload }) = events.next() else {
            panic!("no heartbeat");
        };
        assert_eq!(payload, expected);
        requests.push(request);
    }
    assert_eq!(events.next(), None);
    // In any order.
    server.accept(T0, requests[3]).unwrap();
    server
        .refuse(T0, requests[0], ErrorCode::PAYLOAD_STRUCTURE)
        .unwrap();
    server.accept(T0, requests[1]).unwrap();
    let expected = [
        response(b"heart..3", b"\x01"),
        response(b"data...1", b"\x00\x00\x06"),
        response(b"heart..1", b"\x01"),
    ];
    assert_eq!(sent(&mut server), expected.concat());
}

#[test]
fn a_wrong_token_is_refused_before_anybody_looks_at_the_payload() {
    let mut wrong = TOKEN.to_string();
    wrong.replace_range(23.., "N");
    let mut server = logged_in();
    server.handle_input(T0, &data(b"data...1", &wrong, b"x"));
    server.handle_input(T0, &with_token(b'H', b"heart..1", &wrong, b""));
    let expected = [
        response(b"data...1", b"\x00\x00\x05"),
        response(b"heart..1", b"\x00\x00\x05"),
    ];
    assert_eq!(sent(&mut server), expected.concat());
    let ignored =
        |id: &[u8; 8]| ServerEvent::Ignored(Ignored::Token(iotmp_ref::nubison::SessionId(*id)));
    assert_eq!(
        events(&mut server),
        [ignored(b"data...1"), ignored(b"heart..1")]
    );
    // Before a login no token is valid.
    let mut server = ServerSession::new(T0, Config::new(7));
    server.handle_input(T0, &data(b"data...2", TOKEN, b"x"));
    assert_eq!(sent(&mut server), response(b"data...2", b"\x00\x00\x05"));
}

#[test]
fn a_logout_ends_the_token_and_always_succeeds() {
    let mut server = logged_in();
    server.handle_input(T0, &with_token(b'O', b"out....1", &"x".repeat(24), b""));
    assert!(server.is_logged_in());
    server.handle_input(T0, &with_token(b'O', b"out....2", TOKEN, b""));
    assert!(!server.is_logged_in());
    server.handle_input(T0, &data(b"data...1", TOKEN, b"x"));
    let expected = [
        response(b"out....1", b"\x01"),
        response(b"out....2", b"\x01"),
        response(b"data...1", b"\x00\x00\x05"),
    ];
    assert_eq!(sent(&mut server), expected.concat());
    assert_eq!(server.command(T0, None), Err(Misuse::NotLoggedIn));
    assert!(!server.is_closed());
}

#[test]
fn unknown_types_and_broken_structures_are_refused_and_dropped() {
    let mut server = logged_in();
    server.handle_input(T0, b"Zsession1 whatever follows");
    assert_eq!(sent(&mut server), response(b"session1", b"\x00\x00\x01"));
    assert_eq!(
        events(&mut server),
        [ServerEvent::Ignored(Ignored::Type(0x5a))]
    );
    // A server receives no commands.
    server.handle_input(T0, &with_token(b'C', b"command1", TOKEN, b""));
    assert_eq!(sent(&mut server), response(b"command1", b"\x00\x00\x01"));
    events(&mut server);

    let mut broken = with_token(b'H', b"heart..1", TOKEN, b"");
    broken[12] = 0xff;
    server.handle_input(T0, &broken);
    assert_eq!(sent(&mut server), response(b"heart..1", b"\x00\x00\x02"));
    let [ServerEvent::Ignored(Ignored::Structure(error))] = &events(&mut server)[..] else {
        panic!("not ignored");
    };
    assert_eq!((error.class(), error.offset()), ("utf8", 12));
    // All goes on.
    server.handle_input(T0, &with_token(b'O', b"out....1", TOKEN, b""));
    assert_eq!(sent(&mut server), response(b"out....1", b"\x01"));
}

#[test]
fn the_end_inside_of_a_packet_is_a_broken_structure_once_it_has_taken_too_long() {
    let mut server = logged_in();
    let whole = data(b"data...1", TOKEN, b"12345");
    server.handle_input(T0, &whole[..whole.len() - 1]);
    assert_eq!((sent(&mut server), events(&mut server)), (vec![], vec![]));
    let due = server.poll_timeout().unwrap();
    assert_eq!(due, Config::new(7).piece_timeout);
    server.handle_timeout(due);
    assert_eq!(sent(&mut server), response(b"data...1", b"\x00\x00\x02"));
    let [ServerEvent::Ignored(Ignored::Structure(error))] = &events(&mut server)[..] else {
        panic!("not ignored");
    };
    assert_eq!((error.class(), error.offset()), ("truncated", 35));
}

#[test]
fn eight_bytes_are_not_processed() {
    for short in [&b"Hsession"[..], b"Zsession", b"L", b"HHHHHHHH"] {
        let mut server = logged_in();
        server.handle_input(T0, short);
        assert_eq!((sent(&mut server), events(&mut server)), (vec![], vec![]));
        // A packet that follows is understood.
        server.handle_input(T0, &with_token(b'O', b"out....1", TOKEN, b""));
        assert_eq!(sent(&mut server), response(b"out....1", b"\x01"));
        let ignored = ServerEvent::Ignored(Ignored::Short(short.len()));
        assert_eq!(
            events(&mut server),
            [ignored.clone(), ServerEvent::LoggedOut]
        );
        // If nothing follows, they are dropped.
        server.handle_input(T0, short);
        server.handle_timeout(Config::new(7).piece_timeout);
        assert_eq!(sent(&mut server), b"");
        assert_eq!(events(&mut server), [ignored]);
    }
}

#[test]
fn commands_are_answered_in_any_order() {
    let mut server = logged_in();
    let first = server.command(T0, None).unwrap();
    let second = server.command(T0, Some(b"on")).unwrap();
    let third = server.command(T0, Some(b"")).unwrap();
    let expected = [
        with_token(b'C', &first.0, TOKEN, b""),
        with_token(b'C', &second.0, TOKEN, b"\x02on"),
        with_token(b'C', &third.0, TOKEN, b"\x00"),
    ];
    assert_eq!(sent(&mut server), expected.concat());
    let answers = [
        response(&third.0, b"\x00"),
        response(b"unknown1", b"\x01\x03abc"),
        response(&second.0, b"\x01"),
        response(&first.0, b"\x01\x03off"),
        response(&first.0, b"\x01\x03off"),
    ];
    server.handle_input(T0, &answers.concat());
    let unknown = |id| ServerEvent::Ignored(Ignored::UnknownSession(id));
    let expected = [
        ServerEvent::Failed { transaction: third },
        unknown(iotmp_ref::nubison::SessionId(*b"unknown1")),
        ServerEvent::Done {
            transaction: second,
            payload: None,
        },
        ServerEvent::Done {
            transaction: first,
            payload: Some(b"off".to_vec()),
        },
        unknown(first),
    ];
    assert_eq!(events(&mut server), expected);
    assert_eq!(sent(&mut server), b"");
}

#[test]
fn a_status_that_is_neither_is_dropped_without_an_answer() {
    let mut server = logged_in();
    let asked = server.command(T0, None).unwrap();
    sent(&mut server);
    server.handle_input(T0, &response(&asked.0, b"\x02"));
    let [ServerEvent::Ignored(Ignored::Structure(error))] = &events(&mut server)[..] else {
        panic!("not ignored");
    };
    assert_eq!((error.class(), error.offset()), ("constant", 9));
    assert_eq!(sent(&mut server), b"");
    // The command still waits, until it has waited long enough.
    let due = server.poll_timeout().unwrap();
    server.handle_timeout(due);
    assert_eq!(
        events(&mut server),
        [ServerEvent::TimedOut { transaction: asked }]
    );
}

#[test]
fn time_ends_a_connection_without_a_login_and_a_silent_one() {
    let config = Config::new(7);
    let mut server = ServerSession::new(T0, config.clone());
    assert_eq!(server.poll_timeout(), Some(config.login_timeout));
    server.handle_timeout(config.login_timeout);
    assert_eq!(
        events(&mut server),
        [ServerEvent::Closed(CloseReason::NoLogin)]
    );
    assert_eq!((server.poll_timeout(), server.wants_input()), (None, false));

    let mut server = logged_in();
    let later = Duration::from_secs(100);
    server.handle_input(later, &with_token(b'H', b"heart..1", TOKEN, b""));
    assert_eq!(server.poll_timeout(), Some(later + config.silence));
    events(&mut server);
    server.handle_timeout(later + config.silence);
    assert_eq!(
        events(&mut server),
        [ServerEvent::Closed(CloseReason::Silence)]
    );
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let mut config = Config::new(7);
    config.max_pending = 1;
    let mut server = ServerSession::new(T0, config);
    for id in [b"login..1", b"login..2"] {
        server.handle_input(T0, &login(id, ID, SECRET, "SENSOR01"));
    }
    assert_eq!(sent(&mut server), response(b"login..2", b"\x00\x99\x99"));
    let Some(ServerEvent::Login { request, .. }) = server.poll_event() else {
        panic!("no login");
    };
    server.accept_login(T0, request, token(), None).unwrap();
    server.command(T0, None).unwrap();
    let again = server.command(T0, None);
    assert_eq!(again, Err(Misuse::TooManyRequests { limit: 1 }));
}

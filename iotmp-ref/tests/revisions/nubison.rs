//! Nubison TCP/IP: fixed layouts, optional tails, and responses typed by their requests.

use std::borrow::Cow;

use iotmp_ref::message::nubison::{
    Accepted, Command, CommandAccepted, CommandRefused, Data, ErrorCode, Heartbeat, Login,
    LoginAccepted, Logout, Message, MessageType, Refused, Response, Status, decode, decode_answer,
    limits,
};
use iotmp_ref::wire::{DecodeErrorKind, EncodeError, FieldValue};

const SESSION: [u8; 8] = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8];
const TOKEN: &str = "token-of-24-bytes-abcdef";

fn session() -> Cow<'static, [u8]> {
    Cow::Borrowed(&SESSION)
}

fn token() -> Cow<'static, str> {
    Cow::Borrowed(TOKEN)
}

/// A packet: its type, the session identifier, and the parts behind it.
fn packet(code: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![code];
    bytes.extend(SESSION);
    for part in parts {
        bytes.extend(*part);
    }
    bytes
}

/// Checks that a message is written as `bytes`, and read from them as the answer to `request`, or
/// as itself.
fn check(message: impl Into<Message<'static>>, bytes: &[u8], request: Option<MessageType>) {
    let message = message.into();
    assert_eq!(message.encoded_len(), bytes.len(), "{message:?}");
    assert_eq!(message.to_vec().as_deref(), Ok(bytes));
    let read = |bytes| match request {
        Some(request) => decode_answer(bytes, request),
        None => decode(bytes),
    };
    assert_eq!(read(bytes), Ok((message.clone(), bytes.len())));
    assert_eq!(message.clone().into_owned(), message);

    let mut fields = Vec::new();
    message.visit(&mut |name, value| {
        let value = match value {
            FieldValue::Number(number) => FieldValue::Number(number),
            FieldValue::Text(text) => FieldValue::Text(text.into_owned().into()),
            FieldValue::Bytes(bytes) => FieldValue::Bytes(bytes.into_owned().into()),
            other => panic!("{other:?}"),
        };
        fields.push((name, value));
    });
    let mut get = |name: &'static str| {
        let found = fields.iter().find(|(field, _)| *field == name);
        found.map(|(_, value)| value.clone())
    };
    let name = message.name().expect("it has a name");
    assert_eq!(Message::build(name, &mut get), Ok(message));
}

fn refused(bytes: &[u8], request: Option<MessageType>) -> (&'static str, usize, String) {
    let error = match request {
        Some(request) => decode_answer(bytes, request).unwrap_err(),
        None => decode(bytes).unwrap_err(),
    };
    (error.class(), error.offset(), error.path().to_string())
}

#[test]
fn login() {
    let login = Login {
        session_id: session(),
        client_id: "client-id-20-bytes-x".into(),
        client_secret: "client-secret-20-byt".into(),
        product_code: "PRODUCT1".into(),
        identifier: "thermo\u{e4}".into(),
    };
    let bytes = packet(
        b'L',
        &[
            b"client-id-20-bytes-x",
            b"client-secret-20-byt",
            b"PRODUCT1",
            &[8],
            "thermo\u{e4}".as_bytes(),
        ],
    );
    assert_eq!(bytes.len(), 1 + 8 + 20 + 20 + 8 + 1 + 8);
    check(login.clone(), &bytes, None);
    let empty = Login {
        identifier: "".into(),
        ..login
    };
    let mut shorter = bytes[..57].to_vec();
    shorter.push(0);
    check(empty, &shorter, None);
}

#[test]
fn logout_and_data() {
    let logout = Logout {
        session_id: session(),
        access_token: token(),
    };
    check(logout, &packet(b'O', &[TOKEN.as_bytes()]), None);
    let data = |payload: &'static [u8]| Data {
        session_id: session(),
        access_token: token(),
        payload: payload.into(),
    };
    let bytes = packet(
        b'D',
        &[TOKEN.as_bytes(), &[0x00, 0x03], &[0xff, 0x00, 0x7f]],
    );
    check(data(&[0xff, 0x00, 0x7f]), &bytes, None);
    check(data(&[]), &packet(b'D', &[TOKEN.as_bytes(), &[0, 0]]), None);
    let long: &'static [u8] = &[0x55; 0x1234];
    let bytes = packet(b'D', &[TOKEN.as_bytes(), &[0x12, 0x34], long]);
    check(data(long), &bytes, None);
}

#[test]
fn the_longest_packet_is_data() {
    let data = Data {
        session_id: session(),
        access_token: token(),
        payload: vec![0; 0xffff].into(),
    };
    let message = Message::from(data);
    assert_eq!(message.encoded_len() as u64, limits::MAX_MESSAGE_SIZE);
}

#[test]
fn command_and_heartbeat_with_and_without_payload() {
    let payload: Option<Cow<'static, [u8]>> = Some(Cow::Borrowed(&[1, 2]));
    let (short, long) = ([TOKEN.as_bytes()], [TOKEN.as_bytes(), &[2_u8, 1, 2][..]]);
    for (payload, parts) in [(None, &short[..]), (payload, &long[..])] {
        let command = Command {
            session_id: session(),
            access_token: token(),
            payload: payload.clone(),
        };
        check(command, &packet(b'C', parts), None);
        let heartbeat = Heartbeat {
            session_id: session(),
            access_token: token(),
            payload,
        };
        check(heartbeat, &packet(b'H', parts), None);
    }
    let empty = Heartbeat {
        session_id: session(),
        access_token: token(),
        payload: Some(Cow::Borrowed(&[])),
    };
    check(empty, &packet(b'H', &[TOKEN.as_bytes(), &[0]]), None);
}

#[test]
fn responses_are_typed_by_their_requests() {
    let accepted = || Accepted {
        session_id: session(),
    };
    let refused = |error_code| Refused {
        session_id: session(),
        error_code,
    };
    for request in [
        MessageType::LOGOUT,
        MessageType::DATA,
        MessageType::HEARTBEAT,
    ] {
        check(accepted(), &packet(b'R', &[&[1]]), Some(request));
    }
    for request in [
        MessageType::LOGIN,
        MessageType::DATA,
        MessageType::HEARTBEAT,
    ] {
        let bytes = packet(b'R', &[&[0, 0x00, 0x05]]);
        check(refused(ErrorCode::ACCESS_TOKEN), &bytes, Some(request));
        let bytes = packet(b'R', &[&[0, 0x99, 0x99]]);
        check(refused(ErrorCode::SERVER_ERROR), &bytes, Some(request));
        let bytes = packet(b'R', &[&[0, 0x12, 0x34]]);
        check(refused(ErrorCode(0x1234)), &bytes, Some(request));
    }
    let login = |encryption_key| LoginAccepted {
        session_id: session(),
        access_token: token(),
        encryption_key,
    };
    let request = Some(MessageType::LOGIN);
    let bytes = packet(b'R', &[&[1], TOKEN.as_bytes()]);
    check(login(None), &bytes, request);
    let bytes = packet(b'R', &[&[1], TOKEN.as_bytes(), &[3, 7, 8, 9]]);
    check(login(Some(Cow::Borrowed(&[7, 8, 9]))), &bytes, request);

    let command = |payload| CommandAccepted {
        session_id: session(),
        payload,
    };
    let request = Some(MessageType::COMMAND);
    check(command(None), &packet(b'R', &[&[1]]), request);
    let bytes = packet(b'R', &[&[1, 2, 0xaa, 0xbb]]);
    check(command(Some(Cow::Borrowed(&[0xaa, 0xbb]))), &bytes, request);
    let failed = CommandRefused {
        session_id: session(),
    };
    check(failed, &packet(b'R', &[&[0]]), request);
}

#[test]
fn without_its_request_a_response_is_status_and_bytes() {
    let response = |status, rest: &'static [u8]| Response {
        session_id: session(),
        status,
        rest: rest.into(),
    };
    check(response(Status::SUCCESS, &[]), &packet(b'R', &[&[1]]), None);
    let bytes = packet(b'R', &[&[0, 0, 5]]);
    check(response(Status::FAILURE, &[0, 5]), &bytes, None);
    let bytes = packet(b'R', &[&[1]]);
    let unasked = decode_answer(&bytes, MessageType(0x5a));
    assert_eq!(unasked, Ok((response(Status::SUCCESS, &[]).into(), 10)));
    assert_eq!(MessageType(0x52).name(), Some("response"));
    assert_eq!(MessageType::ACCEPTED, MessageType::REFUSED);
}

#[test]
fn a_request_is_read_as_itself_whatever_was_asked() {
    let bytes = packet(b'C', &[TOKEN.as_bytes()]);
    assert_eq!(decode_answer(&bytes, MessageType::LOGIN), decode(&bytes));
}

#[test]
fn a_status_that_there_is_not_is_refused() {
    let bytes = packet(b'R', &[&[2]]);
    let error = decode_answer(&bytes, MessageType::LOGIN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "offset 9, Response.status: number 2, but expected 1 or 0"
    );
    // Whoever answered what.
    let error = decode(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "offset 9, Response.status: number 2, but expected 0 or 1"
    );
    let unasked = Response {
        session_id: session(),
        status: Status(2),
        rest: (&[]).into(),
    };
    let error = Message::from(unasked).to_vec().unwrap_err();
    assert_eq!(error.to_string(), "status is 2, but expected 0 or 1");
    // One answer only: its own constant refuses.
    let bytes = packet(b'R', &[&[0]]);
    let error = decode_answer(&bytes, MessageType::LOGOUT).unwrap_err();
    assert_eq!(
        error.to_string(),
        "offset 9, Accepted.status: number 0, but expected 1"
    );
}

#[test]
fn fewer_than_nine_bytes_are_no_packet() {
    for size in 0..9 {
        let error = decode(&packet(b'O', &[])[..size]).unwrap_err();
        let kind = DecodeErrorKind::Truncated {
            what: "message",
            needed: 9,
            exact: false,
            left: size,
        };
        assert_eq!((error.offset(), error.kind()), (0, &kind));
    }
    let bytes = packet(b'O', &[]);
    let path = "Logout.access_token".to_owned();
    assert_eq!(refused(&bytes, None), ("truncated", 9, path));
}

#[test]
fn a_packet_cut_anywhere_is_truncated_in_the_field_that_is_cut() {
    let login = packet(b'L', &[&[b'x'; 48], &[2], b"id"]);
    let at = |size: usize| match size {
        9..29 => ("client_id", 9),
        29..49 => ("client_secret", 29),
        49..57 => ("product_code", 49),
        57 => ("identifier", 57),
        _ => ("identifier", 58),
    };
    for size in 9..login.len() {
        let (field, offset) = at(size);
        let expected = ("truncated", offset, format!("Login.{field}"));
        assert_eq!(refused(&login[..size], None), expected, "{size} bytes");
    }
    let refusal = packet(b'R', &[&[0, 5]]);
    let path = "Refused.error_code".to_owned();
    let request = Some(MessageType::DATA);
    assert_eq!(refused(&refusal, request), ("truncated", 10, path));
    let path = "Response.status".to_owned();
    assert_eq!(refused(&refusal[..9], request), ("truncated", 9, path));
}

#[test]
fn a_tail_is_there_if_bytes_are_left() {
    let mut bytes = packet(b'H', &[TOKEN.as_bytes(), &[5, 1]]);
    let path = "Heartbeat.payload".to_owned();
    assert_eq!(refused(&bytes, None), ("truncated", 34, path));
    bytes.truncate(33);
    assert_eq!(decode(&bytes).map(|(_, size)| size), Ok(33));
    // Without a tail, what follows is the next packet's.
    let mut two = packet(b'O', &[TOKEN.as_bytes()]);
    two.extend(packet(b'D', &[TOKEN.as_bytes(), &[0, 0]]));
    assert_eq!(decode(&two).map(|(_, size)| size), Ok(33));
    assert_eq!(decode(&two[33..]).map(|(_, size)| size), Ok(35));
}

#[test]
fn text_is_utf8_and_session_identifiers_are_bytes() {
    let mut bytes = packet(b'O', &[TOKEN.as_bytes()]);
    assert!(decode(&bytes).is_ok(), "the session identifier is no text");
    bytes[20] = 0xff;
    let path = "Logout.access_token".to_owned();
    assert_eq!(refused(&bytes, None), ("utf8", 20, path));
}

#[test]
fn fields_of_fixed_size_take_no_other() {
    let logout = |session_id: &'static [u8], access_token: &'static str| {
        let logout = Logout {
            session_id: session_id.into(),
            access_token: access_token.into(),
        };
        Message::from(logout).to_vec().unwrap_err()
    };
    let size = |field, found, expected| EncodeError::Size {
        field,
        found,
        expected,
    };
    assert_eq!(logout(&SESSION[1..], TOKEN), size("session_id", 7, 8));
    assert_eq!(logout(&SESSION, "short"), size("access_token", 5, 24));
    let heartbeat = Heartbeat {
        session_id: session(),
        access_token: token(),
        payload: Some(vec![0; 256].into()),
    };
    let error = Message::from(heartbeat).to_vec().unwrap_err();
    let expected = EncodeError::TooLarge {
        what: "payload",
        found: 256,
        limit: 255,
    };
    assert_eq!(error, expected);
}

#[test]
fn a_packet_of_an_unknown_type_is_kept() {
    let bytes = packet(b'Z', &[&[1, 2, 3]]);
    let (message, size) = decode(&bytes).expect("its type alone is not known");
    assert_eq!(size, bytes.len());
    assert_eq!((message.name(), message.message_type().0), (None, 0x5a));
    assert_eq!(message.to_vec(), Ok(bytes));
}

#[cfg(feature = "serde")]
#[test]
fn messages_serialize_with_their_own_names() {
    let refused = Message::from(Refused {
        session_id: session(),
        error_code: ErrorCode::CLIENT,
    });
    let json = serde_json::to_value(&refused).expect("plain data");
    let expected = serde_json::json!({
        "type": "refused",
        "session_id": [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8],
        "error_code": 3,
    });
    assert_eq!(json, expected);
}

//! IOTMP of 2020: the wire type above the field identifier, numbers of fixed width, PSON generation
//! 1 under wire type 6.

use iotmp_ref::message::iotmp_2020::{
    self, Action, AuthType, Connect, Describe, Disconnect, Error, KeepAlive, Message, MessageType,
    Ok as Success, Run, StartStream, StopStream, StreamEvent, StreamSample, timers,
};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::{Any, EncodeError, Encoding};

checks!(iotmp_2020);

fn value(value: impl Into<Value>) -> Any<'static> {
    Any::from_value(&value.into(), iotmp_2020::DEFAULT_ENCODING, false).expect("PSON says it")
}

#[test]
fn answers() {
    let (stream_id, payload) = (7, None);
    check(Success { stream_id, payload }, "01 02 01 07");
    let payload = Some(value("a"));
    check(Success { stream_id, payload }, "01 06 01 07 63 4a 01 61");
    let (stream_id, payload) = (0xffff, None);
    check(Error { stream_id, payload }, "02 04 01 ff ff 03");
    let payload = Some(value(Value::Null));
    check(Error { stream_id, payload }, "02 06 01 ff ff 03 63 00");
}

#[test]
fn connect() {
    let credentials = || value(vec![Value::from("u"), "d".into(), "c".into()]);
    let connect = Connect {
        stream_id: 1,
        payload: credentials(),
        auth_type: None,
        keep_alive: None,
    };
    assert_eq!(connect.auth_type_or_default(), AuthType::CREDENTIALS);
    assert_eq!(
        u64::from(connect.keep_alive_or_default()),
        timers::KEEP_ALIVE_DEFAULT
    );
    let payload = "63 72 09 4a 01 75 4a 01 64 4a 01 63";
    check(connect, &format!("08 0e 01 01 {payload}"));
    let connect = Connect {
        stream_id: 1,
        payload: credentials(),
        auth_type: Some(AuthType::CREDENTIALS),
        keep_alive: Some(300),
    };
    check(connect, &format!("08 13 01 01 {payload} 04 01 05 ac 02"));
    let connect = Connect {
        stream_id: 1,
        payload: value("pem"),
        auth_type: Some(AuthType::CERTIFICATE),
        keep_alive: None,
    };
    check(connect, "08 0a 01 01 63 4a 03 70 65 6d 04 02");
}

#[test]
fn keep_alive_and_disconnect() {
    check(KeepAlive {}, "03 00");
    let (stream_id, reason) = (3, None);
    check(Disconnect { stream_id, reason }, "09 02 01 03");
    let reason = Some(200);
    check(Disconnect { stream_id, reason }, "09 05 01 03 04 c8 01");
}

#[test]
fn run() {
    let run = Run {
        stream_id: None,
        resource: value("t"),
        payload: None,
        action: None,
    };
    assert_eq!(run.action_or_default(), Action::RUN);
    check(run, "04 04 62 4a 01 74");
    let run = Run {
        stream_id: Some(300),
        resource: value(vec![Value::from("a"), "b".into()]),
        payload: Some(value(0_u64)),
        action: Some(Action::SET_DEVICE_PROPERTY),
    };
    check(run, "04 10 01 ac 02 62 72 06 4a 01 61 4a 01 62 63 38 04 0d");
}

#[test]
fn describe() {
    let (stream_id, resource) = (2, None);
    let describe = Describe {
        stream_id,
        resource,
    };
    check(describe, "07 02 01 02");
    let describe = Describe {
        stream_id,
        resource: Some(value("t")),
    };
    check(describe, "07 06 01 02 62 4a 01 74");
}

#[test]
fn streams() {
    let start = StartStream {
        stream_id: 5,
        resource: Some(value("t")),
        interval: Some(10),
    };
    check(start, "05 08 01 05 62 4a 01 74 04 0a");
    let reconfigure = StartStream {
        stream_id: 5,
        resource: None,
        interval: Some(1),
    };
    check(reconfigure, "05 04 01 05 04 01");
    let events = StartStream {
        stream_id: 5,
        resource: Some(value("t")),
        interval: None,
    };
    assert_eq!(events.interval_or_default(), 0);
    check(events, "05 06 01 05 62 4a 01 74");
    check(StopStream { stream_id: 5 }, "06 02 01 05");

    let (stream_id, payload) = (5, None);
    check(StreamEvent { stream_id, payload }, "0a 02 01 05");
    let payload = Some(value(1_u64));
    check(StreamEvent { stream_id, payload }, "0a 04 01 05 63 40");
    let sample = StreamSample {
        stream_id,
        input: None,
        output: None,
    };
    check(sample, "0b 02 01 05");
    let sample = StreamSample {
        stream_id,
        input: Some(value(true)),
        output: Some(value(-2_i64)),
    };
    check(sample, "0b 07 01 05 62 28 63 10 02");
}

#[test]
fn values_of_every_wire_type() {
    let event = |payload: Any<'static>| StreamEvent {
        stream_id: 1,
        payload: Some(payload),
    };
    check(event(Any::Varint(300)), "0a 05 01 01 03 ac 02");
    check(
        event(Any::Fixed64([1, 2, 3, 4, 5, 6, 7, 8])),
        "0a 0b 01 01 13 01 02 03 04 05 06 07 08",
    );
    check(
        event(Any::Fixed32([1, 2, 3, 4])),
        "0a 07 01 01 53 01 02 03 04",
    );
    let text = Any::Bytes(b"temp".into());
    assert_eq!(text.to_value(), Ok(Value::from("temp")));
    check(event(text), "0a 08 01 01 23 04 74 65 6d 70");
    check(event(value(1.5)), "0a 08 01 01 63 1d 00 00 c0 3f");
}

#[test]
fn unknown_fields_of_every_wire_type_are_skipped() {
    let known = Message::from(StopStream { stream_id: 5 });
    let fields = [
        "09 05",
        "19 01 02 03 04 05 06 07 08",
        "59 01 02 03 04",
        "29 02 ff ff",
        "69 4a 01 61",
    ];
    for field in fields {
        let body = bytes(&format!("{field} 01 05"));
        let mut message = vec![6, u8::try_from(body.len()).expect("short")];
        message.extend(body);
        let expected = Ok((known.clone(), message.len()));
        assert_eq!(iotmp_2020::decode(&message), expected, "{field}");
    }
}

#[test]
fn refusals_say_where() {
    let refusal = |class, offset, path: &str| (class, offset, path.to_owned());
    // Wire types 3, 4 and 7 under field 1.
    assert_eq!(
        refused("06 02 31 05"),
        refusal("wire-type", 2, "StopStream.stream_id")
    );
    assert_eq!(
        refused("06 02 41 05"),
        refusal("wire-type", 2, "StopStream.stream_id")
    );
    assert_eq!(
        refused("06 02 71 05"),
        refusal("wire-type", 2, "StopStream.stream_id")
    );
    // Wire type 8, in a key of two bytes, under a field that is not known.
    assert_eq!(
        refused("06 05 01 05 89 01 00"),
        refusal("wire-type", 4, "StopStream")
    );
    // A number of fixed width where a varint belongs.
    assert_eq!(
        refused("06 05 51 01 00 00 00"),
        refusal("wrong-type", 2, "StopStream.stream_id")
    );
    assert_eq!(
        refused("06 00"),
        refusal("missing-field", 2, "StopStream.stream_id")
    );
    assert_eq!(
        refused("04 02 01 05"),
        refusal("missing-field", 4, "Run.resource")
    );
    assert_eq!(
        refused("06 04 01 80 80 04"),
        refusal("range", 3, "StopStream.stream_id")
    );
    assert_eq!(
        refused("0a 04 01 01 63 7f"),
        refusal("tag", 5, "StreamEvent.payload")
    );
    assert_eq!(
        refused("0a 05 01 01 23 05 00"),
        refusal("truncated", 6, "StreamEvent.payload")
    );
}

#[test]
fn another_encoding_is_not_written() {
    let payload = Any::from_value(&Value::from("x"), Encoding::Pson2, false).expect("it says it");
    let message = Message::from(StreamEvent {
        stream_id: 1,
        payload: Some(payload),
    });
    let expected = EncodeError::Encoding { name: "pson2" };
    assert_eq!(message.to_vec(), Err(expected));
}

#[test]
fn codes_are_those_of_2020() {
    assert_eq!(MessageType::CONNECT.0, 8);
    assert_eq!(MessageType::KEEP_ALIVE.0, 3);
    assert_eq!(MessageType(0x0b).name(), Some("stream_sample"));
    assert_eq!(MessageType(0x0c).name(), None);
}

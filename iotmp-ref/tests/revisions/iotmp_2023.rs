//! IOTMP of 2023: the resource as field 0, an encoding that Connect negotiates, and JSON under a wire
//! type of its own.

use iotmp_ref::message::iotmp_2023::{
    self, AuthType, Connect, ConnectError, Describe, Disconnect, Error, KeepAlive, Message,
    Ok as Success, PayloadEncoding, Run, StartStream, StopStream, StreamData,
};
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::wire::{Any, Encoding};

checks!(iotmp_2023);

fn value(value: impl Into<Value>) -> Any<'static> {
    Any::from_value(&value.into(), iotmp_2023::DEFAULT_ENCODING, false).expect("PSON says it")
}

#[test]
fn answers() {
    let success = Success {
        stream_id: 7,
        parameters: None,
        payload: None,
    };
    check(success, "01 02 08 07");
    let success = Success {
        stream_id: 7,
        parameters: Some(value(2_u64)),
        payload: Some(value("a")),
    };
    check(success, "01 09 08 07 11 08 02 19 4a 01 61");
    let error = Error {
        stream_id: 300,
        parameters: Some(Any::Varint(ConnectError::REDIRECT.0.into())),
        payload: Some(value("iotmp://b")),
    };
    check(
        error,
        "02 11 08 ac 02 10 01 19 4a 09 69 6f 74 6d 70 3a 2f 2f 62",
    );
    let error = Error {
        stream_id: 1,
        parameters: None,
        payload: None,
    };
    check(error, "02 02 08 01");
}

#[test]
fn connect() {
    let payload = "19 72 09 4a 01 75 4a 01 64 4a 01 63";
    let connect = |payload: Any<'static>| Connect {
        stream_id: 1,
        auth_type: None,
        payload,
        keep_alive: None,
        encoding: None,
        version: None,
    };
    let credentials = || value(vec![Value::from("u"), "d".into(), "c".into()]);
    let minimal = connect(credentials());
    assert_eq!(minimal.auth_type_or_default(), AuthType::CREDENTIALS);
    assert_eq!(minimal.keep_alive_or_default(), 60);
    assert_eq!(minimal.encoding_or_default(), PayloadEncoding::PSON);
    check(minimal, &format!("03 0e 08 01 {payload}"));
    let full = Connect {
        auth_type: Some(AuthType::CREDENTIALS),
        keep_alive: Some(30),
        encoding: Some(PayloadEncoding::CBOR),
        version: Some(1),
        ..connect(credentials())
    };
    check(
        full,
        &format!("03 16 08 01 10 01 {payload} 20 1e 28 05 30 01"),
    );
    let token = Connect {
        auth_type: Some(AuthType::TOKEN),
        ..connect(value("t"))
    };
    check(token, "03 08 08 01 10 02 19 4a 01 74");
}

#[test]
fn keep_alive_and_disconnect() {
    check(KeepAlive {}, "05 00");
    let disconnect = Disconnect {
        stream_id: None,
        parameters: None,
        payload: None,
    };
    check(disconnect, "04 00");
    let disconnect = Disconnect {
        stream_id: Some(3),
        parameters: Some(value(1_u64)),
        payload: Some(value("b")),
    };
    check(disconnect, "04 08 08 03 11 40 19 4a 01 62");
}

#[test]
fn run_and_describe() {
    let run = Run {
        resource: value("t"),
        stream_id: None,
        parameters: None,
        payload: None,
    };
    check(run, "06 04 01 4a 01 74");
    let run = Run {
        resource: Any::Varint(9),
        stream_id: Some(2),
        parameters: Some(value(0_u64)),
        payload: Some(value(false)),
    };
    check(run, "06 08 00 09 08 02 11 38 19 30");

    let describe = Describe {
        stream_id: 4,
        parameters: None,
        resource: None,
    };
    check(describe, "07 02 08 04");
    let describe = Describe {
        stream_id: 4,
        parameters: Some(value(true)),
        resource: Some(value("t")),
    };
    check(describe, "07 08 08 04 11 28 19 4a 01 74");
}

#[test]
fn streams() {
    let start = StartStream {
        resource: value("t"),
        stream_id: 5,
        parameters: None,
        payload: None,
    };
    check(start, "08 06 01 4a 01 74 08 05");
    let interval = Map::from([(iotmp_2023::stream_parameters::INTERVAL, 10_u64)]);
    let start = StartStream {
        resource: value("t"),
        stream_id: 5,
        parameters: Some(value(interval)),
        payload: Some(value(1_u64)),
    };
    check(
        start,
        "08 16 01 4a 01 74 08 05 11 6a 0b 08 69 6e 74 65 72 76 61 6c 08 0a 19 40",
    );
    let stop = |parameters, payload| StopStream {
        stream_id: 5,
        parameters,
        payload,
    };
    check(stop(None, None), "09 02 08 05");
    let (parameters, payload) = (Some(value(0_u64)), Some(value(1_u64)));
    check(stop(parameters, payload), "09 06 08 05 11 38 19 40");
    let data = |parameters, payload| StreamData {
        stream_id: 5,
        parameters,
        payload,
    };
    check(data(None, None), "0a 02 08 05");
    let parameters = Some(Any::Varint(iotmp_2023::StreamPayload::OUTPUT.0.into()));
    check(
        data(parameters, Some(value(2.5))),
        "0a 0a 08 05 10 02 19 1d 00 00 20 40",
    );
}

#[test]
fn the_numbers_of_encodings() {
    let numbers = [
        (1, Encoding::Pson1),
        (2, Encoding::Json),
        (3, Encoding::Messagepack),
        (4, Encoding::Bson),
        (5, Encoding::Cbor),
        (6, Encoding::Ubjson),
    ];
    for (number, encoding) in numbers {
        assert_eq!(PayloadEncoding(number).encoding(), Some(encoding));
        let expected = Some(PayloadEncoding(number));
        assert_eq!(PayloadEncoding::of_encoding(encoding), expected);
    }
    assert_eq!(PayloadEncoding::RESERVED.encoding(), None);
    assert_eq!(PayloadEncoding(7).encoding(), None);
    assert_eq!(PayloadEncoding::of_encoding(Encoding::Pson2), None);
}

/// `{"a": 1}` in each encoding, behind the key and the size of wire type 7.
#[cfg(feature = "encodings")]
const NEGOTIATED: [(Encoding, &str); 6] = [
    (Encoding::Pson1, "1f 05 6a 03 01 61 40"),
    (Encoding::Json, "1f 07 7b 22 61 22 3a 31 7d"),
    (Encoding::Messagepack, "1f 04 81 a1 61 01"),
    (Encoding::Bson, "1f 0c 0c 00 00 00 10 61 00 01 00 00 00 00"),
    (Encoding::Cbor, "1f 04 a1 61 61 01"),
    (Encoding::Ubjson, "1f 07 7b 69 01 61 69 01 7d"),
];

#[cfg(feature = "encodings")]
#[test]
fn a_value_in_every_negotiated_encoding() {
    let expected = Value::from(Map::from([("a", 1_u64)]));
    for (encoding, field) in NEGOTIATED {
        let body = bytes(&format!("08 05 {field}"));
        let mut message = vec![0x0a, u8::try_from(body.len()).expect("short")];
        message.extend(&body);
        let (decoded, size) = iotmp_2023::decode_as(&message, encoding).expect("it is right");
        assert_eq!(size, message.len());
        let Message::StreamData(data) = decoded else {
            panic!("{decoded:?}")
        };
        let payload = data.payload.clone().expect("it has one");
        assert_eq!(payload.to_value(), Ok(expected.clone()), "{encoding:?}");
        let Any::Encoded(encoded) = payload else {
            panic!("{payload:?}")
        };
        assert_eq!(encoded.encoding(), encoding);
        // PSON and JSON have wire types of their own, which are shorter or as short.
        let again = Message::from(data).to_vec().expect("it was read");
        let own = match encoding {
            Encoding::Pson1 => bytes("0a 08 08 05 19 6a 03 01 61 40"),
            Encoding::Json => bytes("0a 0b 08 05 1a 07 7b 22 61 22 3a 31 7d"),
            _ => message.clone(),
        };
        assert_eq!(again, own);
        let (same, _) = iotmp_2023::decode_as(&again, encoding).expect("it was written");
        assert_eq!(same.to_vec(), Ok(own));
    }
}

#[cfg(feature = "encodings")]
#[test]
fn a_value_fills_its_size() {
    let refusal = |text: &str, encoding| {
        let error = iotmp_2023::decode_as(&bytes(text), encoding).unwrap_err();
        (error.class(), error.offset(), error.path().to_string())
    };
    let path = || "StreamData.payload".to_owned();
    let cbor = Encoding::Cbor;
    assert_eq!(
        refusal("0a 06 08 05 1f 02 01 01", cbor),
        ("trailing-bytes", 7, path())
    );
    assert_eq!(
        refusal("0a 05 08 05 1f 02 01", cbor),
        ("truncated", 6, path())
    );
}

#[test]
fn refusals_say_where() {
    let refusal = |class, offset, path: &str| (class, offset, path.to_owned());
    for wire in 3..=6 {
        let text = format!("0a 04 08 05 {:02x} 00", 3 << 3 | wire);
        assert_eq!(
            refused(&text),
            refusal("wire-type", 4, "StreamData.payload")
        );
    }
    assert_eq!(
        refused("06 02 08 05"),
        refusal("missing-field", 4, "Run.resource")
    );
    assert_eq!(
        refused("08 04 01 4a 01 74"),
        refusal("missing-field", 6, "StartStream.stream_id")
    );
    assert_eq!(
        refused("09 02 09 38"),
        refusal("wrong-type", 2, "StopStream.stream_id")
    );
    assert_eq!(
        refused("03 0a 08 01 19 4a 01 74 28 80 80 04"),
        refusal("range", 9, "Connect.encoding")
    );
}

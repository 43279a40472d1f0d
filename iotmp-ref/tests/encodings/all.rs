//! What all encodings do alike.

use iotmp_ref::pson::{MAX_DEPTH, Map, Value};
use iotmp_ref::wire::{Any, EncodeError, Encoded, Encoding, Reader, Writer};

/// A value that every encoding can say.
fn telemetry() -> Value {
    Map::from([
        ("active", Value::from(true)),
        (
            "counts",
            [0.into(), 65_536.into(), i64::MIN.into(), i64::MAX.into()].into(),
        ),
        (
            "empty",
            [[].into(), Map::new().into(), "".into(), Value::Null].into(),
        ),
        ("humidity", 65.0.into()),
        (
            "ñandú 𝄞",
            Map::from([("temperature", 23.5), ("tenth", 0.1)]).into(),
        ),
    ])
    .into()
}

#[test]
fn a_nested_value_arrives_equal() {
    assert_eq!(Encoding::ALL.len(), 7);
    for &encoding in Encoding::ALL {
        assert!(encoding.is_available());
        let bytes = encoding.to_vec(&telemetry()).unwrap();
        assert_eq!(encoding.decode(&bytes), Ok(telemetry()), "{encoding:?}");
        let encoded = Encoded::new(encoding, &bytes, 3).unwrap();
        assert_eq!(encoded.to_value(), Ok(telemetry()));
        assert_eq!(Encoded::from_value(encoding, &telemetry()), Ok(encoded));
    }
}

#[test]
fn equal_values_give_the_same_bytes() {
    let mut shuffled: Vec<_> = match telemetry() {
        Value::Map(map) => map.into_iter().collect(),
        other => panic!("{other:?}"),
    };
    shuffled.reverse();
    let mut shuffled: Map = shuffled.into_iter().collect();
    shuffled.insert("humidity", 65);
    let shuffled = Value::from(shuffled);
    assert_eq!(shuffled, telemetry());
    for &encoding in Encoding::ALL {
        assert_eq!(encoding.to_vec(&shuffled), encoding.to_vec(&telemetry()));
    }
}

#[test]
fn a_buffer_of_the_announced_length_is_enough() {
    for &encoding in Encoding::ALL {
        let bytes = encoding.to_vec(&telemetry()).unwrap();
        assert_eq!(encoding.encoded_len(&telemetry()), Ok(bytes.len()));
        let mut buffer = vec![0; bytes.len()];
        let mut writer = Writer::new(&mut buffer);
        assert_eq!(encoding.encode(&telemetry(), &mut writer), Ok(()));
        assert_eq!((writer.finish(), &buffer), (bytes.len(), &bytes));
        let short = buffer.len() - 1;
        let mut writer = Writer::new(&mut buffer[..short]);
        let error = encoding.encode(&telemetry(), &mut writer).unwrap_err();
        assert!(
            matches!(error, EncodeError::BufferTooSmall { .. }),
            "{error:?}"
        );
    }
}

/// JSON takes all that is left; the others leave what follows a value.
#[test]
fn what_follows_a_value_is_left_or_refused() {
    for &encoding in Encoding::ALL {
        let value = Value::from("a");
        let mut bytes = encoding.to_vec(&value).unwrap();
        let len = bytes.len();
        bytes.extend_from_slice(b"\0\0");
        let mut reader = Reader::at(&bytes, 10);
        let read = Encoded::read(&mut reader, encoding, 1);
        if encoding == Encoding::Json {
            let error = read.unwrap_err();
            assert_eq!(
                (error.class(), error.offset()),
                ("trailing-bytes", 10 + len)
            );
            assert_eq!(reader.offset(), 10);
        } else {
            let read = read.unwrap();
            assert_eq!((read.bytes(), read.to_value()), (&bytes[..len], Ok(value)));
            assert_eq!((reader.offset(), reader.rest()), (10 + len, &b"\0\0"[..]));
        }
        let error = Encoded::new(encoding, &bytes, 1).unwrap_err();
        assert_eq!(
            (error.class(), error.offset()),
            ("trailing-bytes", len),
            "{encoding:?}"
        );
        assert_eq!(encoding.decode(&bytes), Err(error));
    }
}

#[test]
fn no_bytes_are_no_value() {
    for &encoding in Encoding::ALL {
        let error = encoding.decode(&[]).unwrap_err();
        assert_eq!(
            (error.class(), error.offset()),
            ("truncated", 0),
            "{encoding:?}"
        );
    }
}

#[test]
fn an_integer_may_still_travel_as_a_varint() {
    for &encoding in Encoding::ALL {
        assert_eq!(
            Any::from_value(&7.into(), encoding, true),
            Ok(Any::Varint(7))
        );
        let encoded = Any::from_value(&7.into(), encoding, false).unwrap();
        assert_eq!(encoded.to_value(), Ok(7.into()));
    }
}

/// Arrays and maps in turn: `depth` of them around a string, so that bytes and
/// scalars at the bottom are seen to take no level.
fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::from("bottom"), |inside, level| match level % 2 {
        0 => [inside].into(),
        _ => Map::from([("k", inside)]).into(),
    })
}

#[test]
fn nesting_ends_at_the_limit() {
    for &encoding in Encoding::ALL {
        let deepest = nested(MAX_DEPTH);
        let bytes = encoding.to_vec(&deepest).unwrap();
        assert_eq!(encoding.decode(&bytes), Ok(deepest), "{encoding:?}");
        let deeper = encoding.to_vec(&nested(MAX_DEPTH + 1));
        assert_eq!(deeper, Err(EncodeError::TooDeep { limit: MAX_DEPTH }));

        let bytes = encoding.to_vec(&nested(4)).unwrap();
        assert_eq!(encoding.skip(&mut Reader::new(&bytes), 4), Ok(()));
        let error = encoding.read(&mut Reader::new(&bytes), 3).unwrap_err();
        assert_eq!(error.class(), "depth", "{encoding:?}");
        assert_eq!(error.path().to_string(), "k[0].k");
        let skipped = encoding.skip(&mut Reader::new(&bytes), 3);
        assert_eq!(skipped, Err(error.clone()));
        let opening = match encoding {
            Encoding::Json => bytes.iter().rposition(|&byte| byte == b'['),
            Encoding::Ubjson => bytes.iter().rposition(|&byte| byte == b'['),
            Encoding::Messagepack => bytes.iter().rposition(|&byte| byte == 0x91),
            Encoding::Cbor => bytes.iter().rposition(|&byte| byte == 0x81),
            // The type of the element that is the array.
            Encoding::Bson => bytes.iter().rposition(|&byte| byte == 0x04),
            _ => continue,
        };
        assert_eq!(Some(error.offset()), opening, "{encoding:?}");
    }
}

#[test]
fn bytes_at_the_limit_take_no_level() {
    let deepest = (0..MAX_DEPTH).fold(Value::from(&b"b"[..]), |inside, _| [inside].into());
    for &encoding in Encoding::ALL {
        if encoding != Encoding::Json {
            let bytes = encoding.to_vec(&deepest).unwrap();
            assert_eq!(
                encoding.decode(&bytes).as_ref(),
                Ok(&deepest),
                "{encoding:?}"
            );
        }
    }
}

#[test]
fn the_deepest_value_needs_little_stack() {
    let walk_all = || {
        for &encoding in Encoding::ALL {
            let bytes = encoding.to_vec(&nested(MAX_DEPTH)).unwrap();
            assert_eq!(encoding.decode(&bytes), Ok(nested(MAX_DEPTH)));
            assert_eq!(encoding.skip(&mut Reader::new(&bytes), MAX_DEPTH), Ok(()));
        }
    };
    let thread = std::thread::Builder::new().stack_size(1024 * 1024);
    thread.spawn(walk_all).unwrap().join().unwrap();
}

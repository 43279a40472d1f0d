//! PSON through `serde`: what is written, what is borrowed, what is refused
//! and where.

#![cfg(feature = "serde")]

use std::collections::BTreeMap;

use iotmp_ref::pson::{self, Integer, Map, Value, gen1};
use iotmp_ref::wire::{DecodeError, EncodeError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Telemetry<'a> {
    temperature: f64,
    humidity: u8,
    #[serde(borrow)]
    status: &'a str,
    #[serde(borrow)]
    unit: Option<&'a str>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Command {
    Stop,
    Wait(u32),
    Move(i8, i8),
    Say { text: String },
}

fn round_trip<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug,
{
    let bytes = pson::to_vec(value).unwrap();
    assert_eq!(pson::from_slice::<T>(&bytes).as_ref(), Ok(value));
    let bytes = gen1::to_vec(value).unwrap();
    assert_eq!(gen1::from_slice::<T>(&bytes).as_ref(), Ok(value));
    let owned = pson::to_value(value).unwrap();
    assert_eq!(pson::from_value::<T>(&owned).as_ref(), Ok(value));
}

fn refusal<'de, T: Deserialize<'de> + core::fmt::Debug>(bytes: &'de [u8]) -> DecodeError {
    pson::from_slice::<T>(bytes).unwrap_err()
}

#[test]
fn a_struct_is_a_map_sorted_by_key() {
    let telemetry = Telemetry {
        temperature: 21.0,
        humidity: 65,
        status: "ok",
        unit: None,
    };
    let bytes = pson::to_vec(&telemetry).unwrap();
    let expected = "c4 8868756d6964697479 1f41 86737461747573 826f6b \
                    8b74656d7065726174757265 15 84756e6974 62";
    assert_eq!(hex::encode(&bytes), expected.replace(' ', ""));
    let read: Telemetry<'_> = pson::from_slice(&bytes).unwrap();
    assert_eq!(read, telemetry);
    assert!(bytes.as_ptr_range().contains(&read.status.as_ptr()));
}

#[test]
fn text_and_bytes_are_borrowed() {
    assert_eq!(pson::from_slice::<&str>(&[0x82, b'o', b'k']), Ok("ok"));
    assert_eq!(pson::from_slice::<&[u8]>(&[0xa2, 1, 2]), Ok(&[1, 2][..]));
    assert_eq!(gen1::from_slice::<&str>(&[0x50]), Ok(""));
    assert_eq!(gen1::from_slice::<&[u8]>(&[0x5a, 1, 7]), Ok(&[7][..]));
}

#[test]
fn enums_are_tagged_from_outside() {
    for command in [
        Command::Stop,
        Command::Wait(300),
        Command::Move(-1, 1),
        Command::Say { text: "hi".into() },
    ] {
        round_trip(&command);
    }
    let bytes = pson::to_vec(&Command::Wait(300)).unwrap();
    assert_eq!(hex::encode(bytes), "c184576169741fac02");
    let null = [0xc1, 0x84, b'S', b't', b'o', b'p', 0x62];
    assert_eq!(pson::from_slice::<Command>(&null), Ok(Command::Stop));
}

#[test]
fn everything_else_comes_back() {
    round_trip(&(true, 'ñ', -5_i64, u64::MAX, i64::MIN, 0.5_f32, 3.0_f64));
    round_trip(&Some(Some(1_u8)));
    round_trip(&None::<u8>);
    round_trip(&());
    round_trip(&vec![vec![0_u16; 40]; 3]);
    round_trip(&BTreeMap::from([
        (-1_i8, "a".to_owned()),
        (2, "b".to_owned()),
    ]));
    round_trip(&BTreeMap::from([(true, 1), (false, 2)]));
    round_trip(&-i128::from(u64::MAX));
    round_trip(&Value::from(Integer::new(true, u64::MAX)));
    round_trip(&Value::from([
        Value::Null,
        Value::from(&b"\x00\xff"[..]),
        Value::from(Map::from([("b", 1), ("a", 2)])),
    ]));
}

#[test]
fn numbers_are_one_kind() {
    assert_eq!(pson::from_slice::<f64>(&[0x03]), Ok(3.0));
    assert_eq!(pson::from_slice::<f32>(&[0x23]), Ok(-3.0));
    let three = [0x40, 0, 0, 0x40, 0x40];
    assert_eq!(pson::from_slice::<u8>(&three), Ok(3));
    let error = refusal::<u8>(&[0x40, 0, 0, 0, 0x3f]);
    assert_eq!((error.class(), error.offset()), ("custom", 0));
    let error = refusal::<u8>(&[0x1f, 0xac, 0x02]);
    assert_eq!(
        error.to_string(),
        "offset 0: invalid value: integer `300`, expected u8"
    );
}

#[test]
fn a_repeated_key_reaches_a_value() {
    let bytes = [0xc2, 0x81, b'a', 0x01, 0x81, b'a', 0x02];
    let value: Value = pson::from_slice(&bytes).unwrap();
    assert_eq!(value, Map::from([("a", 1), ("a", 2)]).into());
}

#[test]
fn refusals_say_where() {
    let bytes = pson::to_vec(&Value::from(Map::from([
        ("humidity", Value::from("wet")),
        ("status", Value::from("ok")),
    ])));
    let bytes = bytes.unwrap();
    let error = refusal::<Telemetry<'_>>(&bytes);
    assert_eq!(
        error.to_string(),
        "offset 10, humidity: invalid type: string \"wet\", expected u8"
    );
    let error = refusal::<Vec<Telemetry<'_>>>(&[0xe1, 0xc0]);
    assert_eq!(
        error.to_string(),
        "offset 1, [0]: mandatory field temperature is absent"
    );
    assert_eq!(error.class(), "missing-field");
    let error = refusal::<(u8, u8)>(&[0xe3, 1, 2, 3]);
    assert_eq!(error.to_string(), "offset 3: more values than expected");
    let error = refusal::<Vec<Command>>(&[0xe2, 0x84, b'S', b't', b'o', b'p', 0x05]);
    assert_eq!((error.class(), error.offset()), ("wrong-type", 6));
    assert_eq!(error.path().to_string(), "[1]");
    let error = refusal::<Command>(&[0xc0]);
    assert_eq!((error.class(), error.offset()), ("custom", 0));
    let error = refusal::<Command>(&[0xc1, 0x84, b'W', b'a', b'i', b't', 0x61]);
    assert_eq!((error.class(), error.offset()), ("custom", 6));
    assert_eq!(error.path().to_string(), "Wait");
}

#[test]
fn what_is_ignored_is_checked() {
    let error = refusal::<IgnoredAny>(&[0xe1, 0x81, 0xff]);
    assert_eq!((error.class(), error.offset()), ("utf8", 2));
    let error = refusal::<IgnoredAny>(&[0x00, 0x00]);
    assert_eq!((error.class(), error.offset()), ("trailing-bytes", 1));
    let deep = [0xe1; pson::MAX_DEPTH + 1];
    let mut deep = deep.to_vec();
    deep.push(0x00);
    for error in [refusal::<IgnoredAny>(&deep), refusal::<Value>(&deep)] {
        assert_eq!((error.class(), error.offset()), ("depth", pson::MAX_DEPTH));
    }
    assert!(pson::from_slice::<Value>(&deep[1..]).is_ok());
}

#[test]
fn keys_must_have_a_text() {
    let keyed = BTreeMap::from([((1, 2), 3)]);
    let refused = EncodeError::Custom("array as a map key, but keys must be strings".into());
    assert_eq!(pson::to_vec(&keyed), Err(refused));
    let wide = u128::from(u64::MAX) + 1;
    let refused =
        EncodeError::Custom("18446744073709551616 does not fit a sign and 64 bits".into());
    assert_eq!(pson::to_vec(&wide), Err(refused));
}

#[cfg(feature = "std")]
#[test]
fn written_to_a_writer() {
    let mut bytes = Vec::new();
    pson::to_writer(&mut bytes, "ok").unwrap();
    assert_eq!(bytes, [0x82, b'o', b'k']);
    let refused = gen1::to_writer(&mut bytes, &u128::MAX).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(bytes.len(), 3);
}

#[test]
fn a_view_serialises_as_its_value() {
    let value = Value::from([
        Value::from(Map::from([("a", Value::from(0.5))])),
        Value::from(&[1_u8][..]),
    ]);
    let bytes = pson::to_vec(&value).unwrap();
    let view = pson::View::new(&bytes).unwrap();
    assert_eq!(pson::to_value(&view), Ok(value));
}

//! The expansion of a specification whose names clash with everything compiles and works.

// Names of the prelude that the expansion must not rely on.
#![allow(non_camel_case_types, reason = "the point is to shadow primitives")]

iotmp_derive::messages!("specs/awkward.yaml");

use awkward_names::{
    Door, Error, Gate, Message, MessageType, None as Nothing, Ok as Fine, Option as Maybe,
    Result as Outcome,
};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::{Any, EncodeError};

fn round_trip(message: &Message<'_>, bytes: &[u8]) {
    let encoded = message.to_vec().expect("every value has a wire type");
    assert_eq!(encoded, bytes);
    assert_eq!(message.encoded_len(), bytes.len());
    let (decoded, consumed) = awkward_names::decode(bytes).expect("what was encoded decodes");
    assert_eq!(consumed, bytes.len());
    assert_eq!(&decoded, message);
}

#[test]
fn keywords_and_prelude_names() {
    let payload =
        Any::from_value(&Value::from("x"), awkward_names::DEFAULT_ENCODING, true).unwrap();
    let fine = Fine {
        r#type: 300,
        self_: Some(payload),
        value: None,
    };
    assert_eq!(fine.value_or_default(), 7);
    round_trip(&fine.into(), &[1, 6, 0x08, 0xac, 0x02, 0x11, 0x81, b'x']);
}

#[test]
fn a_field_above_15_takes_a_longer_key() {
    let fine = Fine {
        r#type: 1,
        self_: None,
        value: Some(200),
    };
    round_trip(&fine.into(), &[1, 6, 0x08, 1, 0x80, 0x01, 0xc8, 0x01]);
}

#[test]
fn a_code_above_127_takes_a_longer_header() {
    round_trip(&Nothing {}.into(), &[0xac, 0x02, 0]);
}

#[test]
fn open_enums_keep_what_they_do_not_know() {
    let error = Error {
        result: Some(Outcome(9)),
        reader: Any::Varint(5),
    };
    assert_eq!(format!("{:?}", error.result), "Some(Result(0x09))");
    assert_eq!(Outcome::SELF.to_string(), "self");
    round_trip(&error.into(), &[2, 4, 0x08, 9, 0x10, 5]);
    assert_eq!(MessageType(77).to_string(), "0x4d");
    assert_eq!(MessageType::ERROR.to_string(), "error");
}

#[test]
fn wide_numbers() {
    let message = Maybe {
        some: Some(u64::MAX),
        none: Some(u32::MAX),
    };
    round_trip(
        &message.into(),
        &[
            3, 17, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x10, 0xff,
            0xff, 0xff, 0xff, 0x0f,
        ],
    );
}

#[test]
fn constants_come_from_the_file() {
    assert_eq!(awkward_names::timers::LOOP, 60);
    assert_eq!(awkward_names::r#fn::MATCH, "match");
    assert_eq!(awkward_names::r#fn::MATCH_DEFAULT, 3);
    assert_eq!(awkward_names::LAYOUT.max_depth, 8);
}

#[test]
fn refusals_name_message_and_field() {
    let check = |bytes: &[u8], text: &str| {
        assert_eq!(awkward_names::decode(bytes).unwrap_err().to_string(), text);
    };
    check(&[1, 0], "offset 2, Ok.type: mandatory field type is absent");
    check(
        &[1, 2, 0x09, 0x00],
        "offset 2, Ok.type: an encoded value, but expected a varint",
    );
    check(
        &[2, 2, 0x10, 0x80],
        "offset 3, Error.reader: varint of at least 2 bytes, but only 1 byte is left",
    );
}

#[test]
fn a_closed_enum_has_no_other_number() {
    let door = |gate, back| Door {
        gate,
        back,
        value: None,
    };
    round_trip(&door(Gate::SHUT, None).into(), &[0xad, 0x02, 2, 0x08, 3]);
    round_trip(
        &door(Gate::OPEN, Some(Gate::SHUT)).into(),
        &[0xad, 0x02, 4, 0x08, 7, 0x10, 3],
    );
    let check = |bytes: &[u8], text: &str| {
        assert_eq!(awkward_names::decode(bytes).unwrap_err().to_string(), text);
        let typed = awkward_names::typed::Door::<Value>::decode(bytes);
        assert_eq!(typed.unwrap_err().to_string(), text);
    };
    let said = "number 0, but expected 3 or 7";
    check(
        &[0xad, 0x02, 2, 0x08, 0],
        &format!("offset 4, Door.gate: {said}"),
    );
    check(
        &[0xad, 0x02, 4, 0x08, 3, 0x10, 0],
        &format!("offset 6, Door.back: {said}"),
    );
    // In whatever order.
    check(
        &[0xad, 0x02, 4, 0x10, 0, 0x08, 3],
        &format!("offset 4, Door.back: {said}"),
    );
}

#[test]
fn no_other_number_of_a_closed_enum_is_written() {
    let doors = [(Gate(0), None), (Gate::SHUT, Some(Gate(0)))];
    for ((gate, back), field) in doors.into_iter().zip(["gate", "back"]) {
        let expected = EncodeError::Constant {
            field,
            found: 0,
            expected: &[3, 7],
        };
        let door = Door {
            gate,
            back,
            value: None,
        };
        assert_eq!(Message::from(door).to_vec(), Err(expected.clone()));
        let typed = awkward_names::typed::Door::<Value> {
            gate,
            back,
            value: None,
        };
        assert_eq!(typed.encode(&mut [0; 16]), Err(expected));
    }
}

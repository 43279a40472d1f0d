//! The expansion of fixed layouts: every type, both byte orders, tails, constants and answers.

iotmp_derive::messages!("specs/fixed.yaml");

use fixed_names::{
    Answer, Ask, Door, Error, Gate, Message, MessageType, Numbers, Ok as Fine, Only,
    Option as Maybe, Result as Outcome, Tail, Wide, decode, decode_answer,
};
use iotmp_ref::wire::{BuildError, EncodeError, FieldValue};

fn round_trip(message: impl Into<Message<'static>>, bytes: &[u8]) {
    let message = message.into();
    assert_eq!(message.to_vec().as_deref(), Ok(bytes));
    assert_eq!(message.encoded_len(), bytes.len());
    assert_eq!(decode(bytes), Ok((message, bytes.len())));
}

fn refused(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

#[test]
fn numbers_of_every_width() {
    let numbers = Numbers {
        self_: 0x0102,
        u: 0xa0,
        there: 0x0304,
        reader: 0x0506_0708,
        writer: 0x1112_1314_1516_1718,
        result: Outcome::ERR,
        wide: Wide::MOST,
    };
    let mut bytes = vec![0x01, 0x00, 29, 0, 0x02, 0x01, 0xa0, 0x04, 0x03];
    bytes.extend([0x08, 0x07, 0x06, 0x05]);
    bytes.extend([0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
    bytes.extend([0x04, 0x03, 0x02, 0x01]);
    bytes.extend([0xff; 8]);
    round_trip(numbers, &bytes);
}

fn lengths() -> Maybe<'static> {
    Maybe {
        self_: 1,
        some: "abc".into(),
        none: vec![1, 2].into(),
        string: "\u{e4}x".into(),
        vec: vec![9].into(),
        r#type: "t".into(),
    }
}

#[test]
fn lengths_of_every_width() {
    let mut bytes = vec![0x01, 0x01, 27, 0, 1, 0];
    bytes.extend(b"abc");
    bytes.extend([2, 1, 2]);
    bytes.extend([3, 0, 0xc3, 0xa4, b'x']);
    bytes.extend([1, 0, 0, 0, 9]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, b't']);
    round_trip(lengths(), &bytes);
}

#[test]
fn tails_are_there_as_far_as_bytes_go() {
    let tail = |first, second: Option<&'static str>, third: Option<&'static [u8]>| Tail {
        self_: 1,
        first,
        second: second.map(Into::into),
        third: third.map(Into::into),
    };
    round_trip(tail(None, None, None), &[1, 2, 2, 0, 1, 0]);
    round_trip(tail(Some(5), None, None), &[1, 2, 3, 0, 1, 0, 5]);
    let bytes = [1, 2, 5, 0, 1, 0, 5, b'a', b'b'];
    round_trip(tail(Some(5), Some("ab"), None), &bytes);
    let bytes = [1, 2, 6, 0, 1, 0, 5, b'a', b'b', 9];
    round_trip(tail(Some(5), Some("ab"), Some(&[9])), &bytes);

    let gap = |field, missing| EncodeError::Gap { field, missing };
    let refused = |tail: Tail<'static>| Message::from(tail).to_vec().unwrap_err();
    assert_eq!(
        refused(tail(None, Some("ab"), None)),
        gap("second", "first")
    );
    assert_eq!(
        refused(tail(Some(5), None, Some(&[9]))),
        gap("third", "second")
    );
    assert_eq!(
        refused(tail(Some(5), Some("ab"), Some(&[0; 5]))).to_string(),
        "third is 5, but at most 4 fits"
    );
}

#[test]
fn answers_are_told_apart_by_their_constants() {
    let asked = |bytes: &'static [u8], request| decode_answer(bytes, request);
    let bytes = &[1, 4, 5, 0, 9, 0, 0x34, 0x12, 7];
    let fine = Fine {
        self_: 9,
        number: 7,
    };
    assert_eq!(
        Message::from(fine.clone()).to_vec().as_deref(),
        Ok(&bytes[..])
    );
    assert_eq!(asked(bytes, MessageType::ASK), Ok((fine.into(), 9)));
    let bytes = &[1, 4, 8, 0, 9, 0, 0x35, 0x12, 4, 3, 2, 1];
    let error = Error { self_: 9 };
    assert_eq!(
        Message::from(error.clone()).to_vec().as_deref(),
        Ok(&bytes[..])
    );
    assert_eq!(asked(bytes, MessageType::ASK), Ok((error.into(), 12)));
    assert_eq!((Fine::KIND, Error::KIND), (0x1234, 0x1235));
    assert_eq!(Error::RESULT, Outcome::ERR);
    let bytes = &[1, 4, 4, 0, 9, 0, 7, 0];
    let only = Only { self_: 9 };
    assert_eq!(asked(bytes, MessageType::TAIL), Ok((only.into(), 8)));
    let generic = Answer {
        self_: 9,
        kind: 7,
        rest: (&[]).into(),
    };
    assert_eq!(decode(bytes), Ok((generic.into(), 8)));
    let unasked = decode_answer(bytes, MessageType::NUMBERS);
    assert_eq!(unasked, decode(bytes));
    assert_eq!(MessageType(0x0104).name(), Some("answer"));
    assert_eq!(Message::from(Only { self_: 9 }).name(), Some("only"));
}

#[test]
fn wrong_constants_say_what_they_may_be() {
    let asked = |bytes: &[u8], request| decode_answer(bytes, request).unwrap_err().to_string();
    assert_eq!(
        asked(&[1, 4, 4, 0, 9, 0, 7, 0], MessageType::ASK),
        "offset 6, Answer.kind: number 7, but expected 4660 or 4661"
    );
    assert_eq!(
        asked(
            &[1, 4, 8, 0, 9, 0, 0x35, 0x12, 4, 3, 2, 0],
            MessageType::ASK
        ),
        "offset 8, Error.result: number 131844, but expected 16909060"
    );
    assert_eq!(
        asked(&[1, 4, 3, 0, 9, 0, 7], MessageType::ASK),
        "offset 6, Answer.kind: number of 2 bytes, but only 1 byte is left"
    );
    assert_eq!(
        asked(&[1, 4, 4, 0, 9, 0, 8, 0], MessageType::TAIL),
        "offset 6, Only.kind: number 8, but expected 7"
    );
}

#[test]
fn refusals_name_message_and_field() {
    assert_eq!(
        refused(&[1, 3, 2, 0, 1]),
        "offset 0: message of at least 6 bytes, but only 5 bytes are left"
    );
    assert_eq!(
        refused(&[1, 3, 3, 0, 1, 0]),
        "offset 4: body of 3 bytes, but only 2 bytes are left"
    );
    assert_eq!(
        refused(&[1, 3, 3, 0, 1, 0, 0]),
        "offset 6: 1 byte left over after the end"
    );
    assert_eq!(
        refused(&[1, 0, 3, 0, 1, 0, 0]),
        "offset 7, Numbers.there: number of 2 bytes, but no bytes are left"
    );
    assert_eq!(
        refused(&[1, 1, 7, 0, 1, 0, b'a', b'b', b'c', 9, 0]),
        "offset 10, Option.none: bytes of 9 bytes, but only 1 byte is left"
    );
    assert_eq!(
        refused(&[1, 1, 8, 0, 1, 0, b'a', b'b', b'c', 0, 6, 0]),
        "offset 10, Option.string: length, in bytes, is 6, but at most 5 is allowed"
    );
    assert_eq!(
        refused(&[1, 1, 6, 0, 1, 0, b'a', 0xc3, b'c', 0]),
        "offset 7, Option.some: text is not valid UTF-8"
    );
    assert_eq!(
        refused(&[1, 2, 10, 0, 1, 0, 5, b'a', b'b', 1, 2, 3, 4, 5]),
        "offset 9, Tail.third: length, in bytes, is 5, but at most 4 is allowed"
    );
}

#[test]
fn views_give_text_and_bytes_their_own_kinds() {
    let message = Message::from(lengths());
    let mut kinds = Vec::new();
    message.visit(&mut |name, value| {
        kinds.push(match value {
            FieldValue::Number(_) => (name, "number"),
            FieldValue::Text(_) => (name, "text"),
            FieldValue::Bytes(_) => (name, "bytes"),
            _ => (name, "other"),
        });
    });
    let expected = [
        ("self", "number"),
        ("some", "text"),
        ("none", "bytes"),
        ("string", "text"),
        ("vec", "bytes"),
        ("type", "text"),
    ];
    assert_eq!(kinds, expected);
    let built = Message::build("option", &mut |name| {
        Some(if name == "self" {
            FieldValue::Number(1)
        } else {
            FieldValue::Text("abc".into())
        })
    });
    let expected = BuildError::WrongType {
        field: "none",
        expected: "bytes",
    };
    assert_eq!(built, Err(expected));
    let ask = Message::build("ask", &mut |_| Some(FieldValue::Number(7)));
    assert_eq!(ask, Ok(Ask { self_: 7 }.into()));
}

#[test]
fn an_unknown_message_survives() {
    let bytes = [0x7f, 0xff, 3, 0, 1, 2, 3];
    let (message, size) = decode(&bytes).expect("only its code is not known");
    assert_eq!((size, message.to_vec().as_deref()), (7, Ok(&bytes[..])));
}

/// What the enum of all messages does with `$message`, the message does alone.
macro_rules! alone {
    ($type:ident, $message:expr) => {{
        let message: $type = $message;
        let any = Message::from(message.clone());
        let bytes = any.to_vec().unwrap();
        let mut buffer = vec![0; bytes.len()];
        assert_eq!(message.encode(&mut buffer), Ok(bytes.len()));
        assert_eq!(buffer, bytes);
        assert_eq!($type::decode(&bytes), Ok((message.clone(), bytes.len())));
        for short in 0..bytes.len() {
            let refused = any.encode(&mut buffer[..short]).unwrap_err();
            assert_eq!(message.encode(&mut buffer[..short]), Err(refused));
            let refused = decode(&bytes[..short]).unwrap_err();
            assert_eq!($type::decode(&bytes[..short]), Err(refused));
        }
    }};
}

#[test]
fn a_message_alone_is_that_of_the_enum() {
    alone!(Maybe, lengths());
    let numbers = Numbers {
        self_: 0x0102,
        u: 0xa0,
        there: 0x0304,
        reader: 0x0506_0708,
        writer: 0x1112_1314_1516_1718,
        result: Outcome::ERR,
        wide: Wide::MOST,
    };
    alone!(Numbers, numbers);
    let tail = |first, second: Option<&'static str>, third: Option<&'static [u8]>| Tail {
        self_: 1,
        first,
        second: second.map(Into::into),
        third: third.map(Into::into),
    };
    for tail in [
        tail(None, None, None),
        tail(Some(5), Some("ab"), Some(&[9])),
    ] {
        alone!(Tail, tail);
    }
    let refused = [
        tail(None, Some("ab"), None),
        tail(Some(5), None, Some(&[9])),
        tail(Some(5), Some("ab"), Some(&[0; 5])),
    ];
    for tail in refused {
        let error = tail.encode(&mut [0; 64]).unwrap_err();
        assert_eq!(Message::from(tail).encode(&mut [0; 64]), Err(error));
    }
    let error = Tail::decode(&[1, 1, 2, 0, 1, 0]).unwrap_err();
    assert_eq!(error.to_string(), "offset 0: number 257, but expected 258");
}

#[test]
fn a_closed_enum_has_no_other_number() {
    let door = Door {
        self_: 1,
        gate: Gate::SHUT,
        back: Some(Gate::OPEN),
    };
    round_trip(door, &[0x01, 0x10, 6, 0, 1, 0, 3, 0, 7, 0]);
    let said = "but expected 3 or 7";
    assert_eq!(
        refused(&[0x01, 0x10, 4, 0, 1, 0, 4, 0]),
        format!("offset 6, Door.gate: number 4, {said}")
    );
    // What the second byte makes of it counts as well.
    assert_eq!(
        refused(&[0x01, 0x10, 6, 0, 1, 0, 3, 0, 7, 1]),
        format!("offset 8, Door.back: number 263, {said}")
    );
}

#[test]
fn no_other_number_of_a_closed_enum_is_written() {
    let doors = [(Gate(0), None), (Gate::SHUT, Some(Gate(0)))];
    for ((gate, back), field) in doors.into_iter().zip(["gate", "back"]) {
        let door = Door {
            self_: 1,
            gate,
            back,
        };
        let expected = EncodeError::Constant {
            field,
            found: 0,
            expected: &[3, 7],
        };
        assert_eq!(door.encode(&mut [0; 16]), Err(expected.clone()));
        assert_eq!(Message::from(door).to_vec(), Err(expected));
    }
}

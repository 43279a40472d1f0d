//! Any bytes, under every revision: what is read can be written, in no more bytes, and is read
//! from these as the same message.

#![no_main]

use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping, nubison};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::{Any, DecodeError, Encoding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let encoding = Encoding::ALL[usize::from(choice) % Encoding::ALL.len()];
    comes_back!(iotmp_2020, bytes, encoding);
    comes_back!(iotmp_2023, bytes, encoding);
    comes_back!(iotmp_2025, bytes, encoding);
    comes_back!(iotmp_shipping, bytes, encoding);
    packets(bytes, encoding);

    typed!(iotmp_2020, StreamEvent, bytes, encoding, [payload]);
    typed!(
        iotmp_2023,
        StreamData,
        bytes,
        encoding,
        [parameters, payload]
    );
    typed!(
        iotmp_2025,
        StreamData,
        bytes,
        encoding,
        [parameters, payload]
    );
    typed!(
        iotmp_shipping,
        StreamData,
        bytes,
        encoding,
        [parameters, payload]
    );
});

fn refused(bytes: &[u8], error: &DecodeError) {
    assert!(error.offset() <= bytes.len(), "{error}");
    assert!(!error.to_string().is_empty());
}

macro_rules! comes_back {
    ($module:ident, $bytes:expr, $encoding:expr) => {
        match $module::decode_as($bytes, $encoding) {
            Err(error) => refused($bytes, &error),
            Ok((message, taken)) => {
                let alone = &$bytes[..taken];
                assert_eq!(
                    $module::decode_as(alone, $encoding),
                    Ok((message.clone(), taken))
                );
                let cut = $module::decode_as(&alone[..taken - 1], $encoding).unwrap_err();
                assert_eq!(cut.class(), "truncated");
                let written = message.to_vec().expect("what was read can be written");
                assert_eq!(written.len(), message.encoded_len());
                assert!(written.len() <= taken);
                let again = $module::decode_as(&written, $encoding);
                assert_eq!(again, Ok((message, written.len())));
            }
        }
    };
}
use comes_back;

/// Fixed layouts leave no choice: the bytes are the same.
fn packets(bytes: &[u8], encoding: Encoding) {
    use nubison::MessageType;
    let requests = [MessageType::LOGIN, MessageType::DATA, MessageType::COMMAND];
    let answers = requests.map(|request| nubison::decode_answer_as(bytes, request, encoding));
    for read in [nubison::decode_as(bytes, encoding)]
        .into_iter()
        .chain(answers)
    {
        match read {
            Err(error) => refused(bytes, &error),
            Ok((message, taken)) => {
                assert_eq!(message.encoded_len(), taken);
                assert_eq!(message.to_vec().as_deref(), Ok(&bytes[..taken]));
            }
        }
    }
}

/// Typed messages are read from PSON and varints alone.
fn is_untyped(error: &DecodeError) -> bool {
    matches!(error.class(), "wrong-type" | "encoding")
}

/// Where the values have types, they are those that the plain message has.
macro_rules! typed {
    ($module:ident, $name:ident, $bytes:expr, $encoding:expr, [$($field:ident),*]) => {{
        use $module::typed::$name as Typed;
        let plain = match $module::decode_as($bytes, $encoding) {
            Ok(($module::Message::$name(plain), taken)) => Some((plain, taken)),
            _ => None,
        };
        let typed = Typed::<$(typed!(@any $field)),*>::decode_as($bytes, $encoding);
        match (plain.clone(), typed) {
            (Some((plain, taken)), Ok((typed, also_taken))) => {
                assert_eq!((typed.stream_id, also_taken), (plain.stream_id, taken));
                $(assert_eq!(typed.$field, plain.$field);)*
            }
            (Some(_), Err(error)) => assert!(is_untyped(&error), "{error}"),
            (None, typed) => assert!(typed.is_err()),
        }
        match (plain, Typed::decode_as($bytes, $encoding)) {
            (Some((plain, _)), Ok((typed, _))) => {$(
                let value: Option<Value> = typed.$field;
                assert_eq!(value, plain.$field.map(|any| any.to_value().unwrap()));
            )*}
            (Some(_), Err(error)) => assert!(is_untyped(&error), "{error}"),
            (None, typed) => assert!(typed.is_err()),
        }
    }};
    (@any $field:ident) => { Any<'_> };
}
use typed;

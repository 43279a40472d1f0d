//! Any bytes as a value of every encoding: what is read passes through every other encoding as the
//! same value, or is refused by it. Any value likewise.

#![no_main]

use arbitrary::Arbitrary;
use iotmp_ref::pson::{MAX_DEPTH, Value};
use iotmp_ref::wire::{EncodeError, Encoded, Encoding, Reader};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Bytes(u8, &'a [u8]),
    Value(Value),
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Value(value) => through_all(&value),
        Input::Bytes(choice, bytes) => {
            let encoding = Encoding::ALL[usize::from(choice) % Encoding::ALL.len()];
            let mut reader = Reader::new(bytes);
            let skipped = encoding.skip(&mut reader, MAX_DEPTH);
            let checked = skipped.and_then(|()| reader.finish());
            let decoded = encoding.decode(bytes);
            assert_eq!(checked.as_ref().err(), decoded.as_ref().err());
            match decoded {
                Ok(value) => {
                    assert!(Encoded::new(encoding, bytes, MAX_DEPTH).is_ok());
                    assert!(!matches!(
                        encoding.to_vec(&value),
                        Err(EncodeError::TooDeep { .. })
                    ));
                    through_all(&value);
                }
                Err(error) => assert!(error.offset() <= bytes.len(), "{error}"),
            }
        }
    }
});

fn through_all(value: &Value) {
    for &encoding in Encoding::ALL {
        let Ok(bytes) = encoding.to_vec(value) else {
            assert!(!matches!(encoding, Encoding::Pson1 | Encoding::Pson2));
            continue;
        };
        let read = encoding.decode(&bytes);
        assert_eq!(read.as_ref(), Ok(value), "{encoding:?}");
        assert_eq!(encoding.to_vec(value), Ok(bytes), "{encoding:?}");
    }
}

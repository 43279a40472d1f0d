use iotmp_ref::pson::{Integer, MAX_DEPTH, Map, Value};
use iotmp_ref::wire::{EncodeError, Encoding, Reader};
use proptest::prelude::*;

fn encodings() -> impl Strategy<Value = Encoding> {
    prop::sample::select(Encoding::ALL)
}

/// Numbers of every width, so that every form of an integer occurs.
fn magnitudes() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64).prop_map(|(bits, shift)| bits >> shift)
}

pub(crate) fn values() -> impl Strategy<Value = Value> {
    let edges = [
        i128::from(i64::MIN) - 1,
        i64::MIN.into(),
        i64::MAX.into(),
        i128::from(i64::MAX) + 1,
        u64::MAX.into(),
        -i128::from(u64::MAX),
    ];
    let edges = edges.map(|edge| Value::from(Integer::try_from(edge).unwrap()));
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (any::<bool>(), magnitudes())
            .prop_map(|(negative, magnitude)| Integer::new(negative, magnitude).into()),
        prop::sample::select(edges.to_vec()),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(|bits| Value::from(f64::from_bits(bits))),
        any::<u32>().prop_map(|bits| Value::from(f32::from_bits(bits))),
        magnitudes().prop_map(|integral| Value::from(integral as f64)),
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 64, 20, |inside| {
        let keys = prop_oneof![
            9 => "[a-cñ]{0,2}",
            1 => Just("$value".to_owned()),
            1 => Just("\0".to_owned()),
        ];
        let pairs = prop::collection::vec((keys, inside.clone()), 0..20);
        prop_oneof![
            prop::collection::vec(inside, 0..20).prop_map(Value::from),
            pairs.prop_map(|pairs| pairs.into_iter().collect::<Map>().into()),
        ]
    })
}

/// Whether an encoding can say a value: the table of the documentation once
/// more, written without a look at the code.
fn can_say(encoding: Encoding, value: &Value) -> bool {
    use Encoding::{Bson, Cbor, Json, Messagepack, Pson1, Pson2, Ubjson};

    match value {
        Value::Array(elements) => elements.iter().all(|value| can_say(encoding, value)),
        Value::Map(map) => map.iter().all(|(key, value)| {
            let key = encoding != Bson || !key.contains('\0');
            key && can_say(encoding, value)
        }),
        Value::Bytes(_) => encoding != Json,
        Value::Float(float) if !float.is_finite() => !matches!(encoding, Json | Ubjson),
        Value::Integer(integer) => {
            let integer = i128::from(*integer);
            match encoding {
                Json | Messagepack => integer >= i64::MIN.into(),
                // From 2^63 on, floats are 2048 apart.
                Bson if integer > i64::MAX.into() => integer % 2048 == 0,
                Bson => integer >= i64::MIN.into(),
                Pson1 | Pson2 | Cbor | Ubjson => true,
                other => panic!("{other:?}"),
            }
        }
        _ => true,
    }
}

/// The same cases in every run: a red build must stay red until the code changes.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1024,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x1077_3902),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_value_comes_back_or_is_refused(encoding in encodings(), value in values()) {
        let bytes = match encoding.to_vec(&value) {
            Ok(bytes) => bytes,
            Err(EncodeError::Unrepresentable(what)) => {
                prop_assert!(!can_say(encoding, &value), "{what}");
                prop_assert_eq!(what.encoding, encoding);
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        prop_assert!(can_say(encoding, &value), "{value:?}");
        prop_assert_eq!(encoding.encoded_len(&value), Ok(bytes.len()));
        let decoded = encoding.decode(&bytes);
        prop_assert_eq!(decoded.as_ref(), Ok(&value));
        prop_assert_eq!(encoding.to_vec(&decoded.unwrap()), Ok(bytes));
    }

    #[test]
    fn every_prefix_is_cut_short(encoding in encodings(), value in values()) {
        let Ok(bytes) = encoding.to_vec(&value) else { return Ok(()) };
        // A JSON number that is cut is a number.
        let closed = encoding != Encoding::Json || !matches!(value, Value::Integer(_) | Value::Float(_));
        for end in 0..bytes.len() {
            let Err(error) = encoding.decode(&bytes[..end]) else {
                prop_assert!(!closed, "{encoding:?} {end}");
                continue;
            };
            prop_assert!(error.offset() <= end);
            // Text may be cut within a character or an escape.
            if encoding != Encoding::Json {
                prop_assert_eq!(error.class(), "truncated");
            }
        }
    }

    #[test]
    fn any_bytes(encoding in encodings(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        whatever(encoding, &bytes)?;
    }

    #[test]
    fn good_bytes_gone_bad(
        encoding in encodings(),
        value in values(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let Ok(mut bytes) = encoding.to_vec(&value) else { return Ok(()) };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        whatever(encoding, &bytes)?;
    }
}

/// All ways to read the same bytes agree, and what is read can be written.
fn whatever(encoding: Encoding, bytes: &[u8]) -> Result<(), TestCaseError> {
    let decoded = encoding.decode(bytes);
    if let Err(error) = &decoded {
        prop_assert!(error.offset() <= bytes.len(), "{error}");
        prop_assert!(!error.to_string().is_empty());
    }
    let mut reader = Reader::new(bytes);
    let skipped = encoding.skip(&mut reader, MAX_DEPTH);
    let skipped = skipped.and_then(|()| reader.finish());
    prop_assert_eq!(skipped.as_ref().err(), decoded.as_ref().err());

    // Offsets count from the start of the whole.
    let mut reader = Reader::at(bytes, 100);
    if let (Err(here), Err(there)) = (&decoded, encoding.read(&mut reader, MAX_DEPTH)) {
        prop_assert_eq!(here.offset() + 100, there.offset());
    }

    let Ok(value) = decoded else { return Ok(()) };
    match encoding.to_vec(&value) {
        Ok(written) => prop_assert_eq!(encoding.decode(&written), Ok(value)),
        // Some bytes say what is never written, such as NaN in UBJSON.
        Err(EncodeError::Unrepresentable(_)) => prop_assert!(!can_say(encoding, &value)),
        Err(error) => panic!("{error}"),
    }
    Ok(())
}

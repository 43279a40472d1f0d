//! What holds for every value, and for any bytes whatever.

use iotmp_ref::pson::{Generation, Integer, MAX_DEPTH, Map, Value, View};
use iotmp_ref::wire::Reader;
use proptest::prelude::*;

const DEPTH: usize = 4;

fn generations() -> impl Strategy<Value = Generation> {
    prop_oneof![Just(Generation::One), Just(Generation::Two)]
}

/// Numbers of every width, so that every length of a varint occurs.
fn magnitudes() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64).prop_map(|(bits, shift)| bits >> shift)
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (any::<bool>(), magnitudes())
            .prop_map(|(negative, magnitude)| Integer::new(negative, magnitude).into()),
        any::<u64>().prop_map(|bits| Value::from(f64::from_bits(bits))),
        any::<u32>().prop_map(|bits| Value::from(f32::from_bits(bits))),
        magnitudes().prop_map(|integral| Value::from(integral as f64)),
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Value::from),
    ];
    scalar.prop_recursive(DEPTH as u32, 64, 40, |inside| {
        let pairs = prop::collection::vec(("[a-cñ]{0,2}", inside.clone()), 0..40);
        prop_oneof![
            prop::collection::vec(inside, 0..40).prop_map(Value::from),
            pairs.prop_map(|pairs| pairs.into_iter().collect::<Map>().into()),
        ]
    })
}

/// The same cases in every run: a red build must stay red until the code changes.
fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x1077_3901),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_value_comes_back_from_its_bytes(generation in generations(), value in values()) {
        let bytes = generation.to_vec(&value).unwrap();
        prop_assert_eq!(generation.encoded_len(&value), Ok(bytes.len()));
        let decoded = generation.decode(&bytes);
        prop_assert_eq!(decoded.as_ref(), Ok(&value));
        prop_assert_eq!(generation.to_vec(&decoded.unwrap()), Ok(bytes));
    }

    #[test]
    fn every_prefix_is_cut_short(generation in generations(), value in values()) {
        let bytes = generation.to_vec(&value).unwrap();
        for end in 0..bytes.len() {
            let error = generation.decode(&bytes[..end]).unwrap_err();
            prop_assert_eq!(error.class(), "truncated");
            prop_assert!(error.offset() <= end);
        }
    }

    #[test]
    fn any_bytes(generation in generations(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        whatever(generation, &bytes)?;
    }

    #[test]
    fn good_bytes_gone_bad(
        generation in generations(),
        value in values(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = generation.to_vec(&value).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        whatever(generation, &bytes)?;
    }
}

/// All ways to read the same bytes agree, and what is read can be written.
fn whatever(generation: Generation, bytes: &[u8]) -> Result<(), TestCaseError> {
    let decoded = generation.decode(bytes);
    if let Err(error) = &decoded {
        prop_assert!(error.offset() <= bytes.len());
        prop_assert!(!error.to_string().is_empty());
    }

    let mut reader = Reader::at(bytes, 0);
    let skipped = generation.skip(&mut reader, MAX_DEPTH);
    let skipped = skipped.and_then(|()| reader.finish());
    prop_assert_eq!(skipped.as_ref().err(), decoded.as_ref().err());

    let mut reader = Reader::at(bytes, 0);
    if let Ok(view) = View::read(generation, &mut reader, MAX_DEPTH) {
        let value = generation.decode(view.encoded());
        prop_assert_eq!(Ok(view.to_value()), value);
        prop_assert_eq!(walk(view), view.to_value());
    }

    let Ok(value) = decoded else { return Ok(()) };
    let written = generation.to_vec(&value);
    // Not always shorter: a large integral float of four bytes becomes an integer of up to ten.
    let written = written.unwrap();
    prop_assert_eq!(generation.decode(&written), Ok(value));
    Ok(())
}

/// The value of a view, by its accessors.
fn walk(view: View<'_>) -> Value {
    if let Some(elements) = view.elements() {
        return Value::from(elements.map(walk).collect::<Vec<_>>());
    }
    if let Some(pairs) = view.pairs() {
        let pairs = pairs.map(|(key, value)| (key, walk(value)));
        return Value::from(pairs.collect::<Map>());
    }
    let text = view.as_str().map(Value::from);
    let text = text.or_else(|| view.as_bytes().map(Value::from));
    let number = text.or_else(|| view.as_integer().map(Value::from));
    let number = number.or_else(|| view.as_f64().map(Value::from));
    number.unwrap_or_else(|| view.as_bool().into())
}

#[cfg(feature = "serde")]
proptest! {
    #[test]
    fn serde_reads_the_same(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = iotmp_ref::pson::to_vec(&value).unwrap();
        prop_assert_eq!(Generation::Two.to_vec(&value), Ok(bytes.clone()));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let read = iotmp_ref::pson::from_slice::<Value>(&bytes);
        prop_assert_eq!(read, Generation::Two.decode(&bytes));
    }
}

/// Arrays in arrays: `depth` of them, the innermost empty.
fn nested(generation: Generation, depth: usize) -> Vec<u8> {
    let value = (0..depth).fold(None, |inside: Option<Value>, _| {
        Some(inside.into_iter().collect::<Vec<_>>().into())
    });
    generation.to_vec(&value.unwrap()).unwrap()
}

#[test]
fn the_deepest_value_needs_little_stack() {
    let walk_all = || {
        for generation in [Generation::One, Generation::Two] {
            let bytes = nested(generation, MAX_DEPTH);
            let value = generation.decode(&bytes).unwrap();
            let mut reader = Reader::new(&bytes);
            let view = View::read(generation, &mut reader, MAX_DEPTH).unwrap();
            assert_eq!(walk(view), value);
            assert_eq!(generation.to_vec(&value), Ok(bytes));
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(walk_all).unwrap().join().unwrap();
}

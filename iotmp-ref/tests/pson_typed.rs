//! Structs that derive `Pson`: the same bytes and values as by way of a
//! [`Value`] and of serde, and every refusal.

use iotmp_ref::pson::{self, Generation, Ignored, Map, Pson, Tape, Value, gen1};
use iotmp_ref::wire::EncodeError;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const BOTH: [Generation; 2] = [Generation::One, Generation::Two];

#[derive(Debug, Clone, PartialEq, Pson, Serialize, Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    name: &'a str,
    #[pson(rename = "lat")]
    #[serde(rename = "lat")]
    latitude: f64,
    #[pson(rename = "lon")]
    #[serde(rename = "lon")]
    longitude: f32,
}

/// Fields of every sort, in an order that is not that of their keys.
#[derive(Debug, Clone, PartialEq, Pson, Serialize, Deserialize)]
struct Report<'a> {
    temperature: f64,
    active: bool,
    count: u64,
    offset: i32,
    small: i8,
    #[serde(borrow)]
    status: Option<&'a str>,
    #[serde(borrow)]
    place: Place<'a>,
    #[serde(borrow)]
    others: Vec<Place<'a>>,
    pair: [u16; 2],
    owned: String,
    nothing: Option<u8>,
    r#type: u8,
    /// A key that takes a longer tag.
    a_key_of_more_than_thirty_bytes_in_all: u32,
}

fn report() -> Report<'static> {
    let place = Place {
        name: "roof",
        latitude: -1.5,
        longitude: 0.1,
    };
    Report {
        temperature: 23.5,
        active: true,
        count: 1 << 40,
        offset: -70_000,
        small: -3,
        status: Some("ok"),
        place: place.clone(),
        others: vec![place; 3],
        pair: [7, 40_000],
        owned: "text of more than sixteen bytes".into(),
        nothing: None,
        r#type: 31,
        a_key_of_more_than_thirty_bytes_in_all: 127,
    }
}

fn by_serde<T: Serialize>(generation: Generation, value: &T) -> Vec<u8> {
    match generation {
        Generation::One => gen1::to_vec(value),
        Generation::Two => pson::to_vec(value),
    }
    .unwrap()
}

fn encoded<T: pson::Encode>(generation: Generation, value: &T) -> Vec<u8> {
    let len = pson::encoded_len(value, generation);
    let mut buffer = vec![0; len];
    assert_eq!(pson::encode(value, generation, &mut buffer), Ok(len));
    for cut in 0..len {
        let full = EncodeError::BufferTooSmall {
            needed: len,
            left: cut,
        };
        assert_eq!(
            pson::encode(value, generation, &mut buffer[..cut].to_vec()),
            Err(full)
        );
    }
    buffer
}

#[test]
fn the_bytes_are_those_of_serde() {
    for generation in BOTH {
        let bytes = encoded(generation, &report());
        assert_eq!(bytes, by_serde(generation, &report()), "{generation:?}");
        assert_eq!(pson::decode(generation, &bytes), Ok(report()));
    }
}

#[test]
fn any_order_and_keys_that_nobody_knows() {
    for generation in BOTH {
        let bytes = encoded(generation, &report());
        let mut map: Vec<_> = match generation.decode(&bytes).unwrap() {
            Value::Map(map) => map.into_iter().collect(),
            other => panic!("{other:?}"),
        };
        map.reverse();
        map.insert(3, ("unknown".into(), Value::from([1, 2].map(Value::from))));
        let parts: Vec<_> = map
            .iter()
            .map(|(key, value)| pair(generation, key, value))
            .collect();
        let bytes = container(generation, &parts);
        assert_eq!(pson::decode(generation, &bytes), Ok(report()));
    }
}

/// A pair of a map, for maps in an order of our own.
fn pair(generation: Generation, key: &str, value: &Value) -> Vec<u8> {
    let alone = Value::from(Map::from([(key, value.clone())]));
    let bytes = generation.to_vec(&alone).unwrap();
    let inside = match generation {
        Generation::One if bytes[1] >= 0x80 => 3,
        Generation::One => 2,
        Generation::Two => 1,
    };
    bytes[inside..].to_vec()
}

fn container(generation: Generation, parts: &[Vec<u8>]) -> Vec<u8> {
    let inside = parts.concat();
    let (tag, mut number) = match generation {
        Generation::One => (0x6a, inside.len()),
        Generation::Two => (0xdf, parts.len()),
    };
    let mut bytes = vec![tag];
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes.extend(inside);
    bytes
}

#[derive(Debug, PartialEq, Pson, Serialize, Deserialize)]
struct Small {
    a: u8,
    b: Option<i16>,
}

/// Of the second generation: class, offset and text.
fn refused<'a, T: pson::Decode<'a> + core::fmt::Debug>(bytes: &'a [u8], class: &str, text: &str) {
    let error = pson::decode::<T>(Generation::Two, bytes).unwrap_err();
    assert_eq!(
        (error.class(), error.to_string()),
        (class, text.to_string())
    );
}

#[test]
fn refusals_of_structs_say_where_and_what() {
    refused::<Small>(
        b"\xc0",
        "missing-field",
        "offset 0: mandatory field a is absent",
    );
    refused::<Small>(
        b"\xc2\x81a\x01\x81a\x02",
        "custom",
        "offset 0: duplicate field `a`",
    );
    refused::<Small>(
        b"\xc1\x81a\x1f\x80\x02",
        "wrong-type",
        "offset 3, a: integer, but expected integer from 0 to 255",
    );
    refused::<Small>(
        b"\xc2\x81a\x01\x81b\x61",
        "wrong-type",
        "offset 6, b: bool, but expected integer from -32768 to 32767",
    );
    refused::<Small>(
        b"\xe1\x01",
        "wrong-type",
        "offset 0: array, but expected map",
    );
    refused::<Small>(
        b"\xc2\x81a",
        "truncated",
        "offset 1: map of at least 4 bytes, but only 2 bytes are left",
    );
    refused::<Small>(
        b"\xc2\x81a\x01\x81b",
        "truncated",
        "offset 6, b: value of at least 1 byte, but no bytes are left",
    );
    refused::<Small>(
        b"\xc1\x01\x01",
        "key",
        "offset 1: integer as a map key, but keys must be strings",
    );
    refused::<Small>(
        b"\xc1\x81z\x63\x00",
        "tag",
        "offset 3, z: tag 0x63 is not valid: a discrete value is 0 (false), 1 (true) or 2 (null)",
    );
    refused::<Small>(
        b"\xc1\x81a\x01\x00",
        "trailing-bytes",
        "offset 4: 1 byte left over after the end",
    );
}

#[test]
fn refusals_of_other_types_say_where_and_what() {
    refused::<bool>(
        b"\x01",
        "wrong-type",
        "offset 0: integer, but expected bool",
    );
    refused::<&str>(
        b"\xa1a",
        "wrong-type",
        "offset 0: bytes, but expected string",
    );
    refused::<&str>(b"\x81\xff", "utf8", "offset 1: string is not valid UTF-8");
    refused::<&[u8]>(
        b"\x01",
        "wrong-type",
        "offset 0: integer, but expected bytes",
    );
    refused::<f64>(b"\x61", "wrong-type", "offset 0: bool, but expected number");
    refused::<f64>(
        b"\x40\0\0",
        "truncated",
        "offset 1: float of 4 bytes, but only 2 bytes are left",
    );
    refused::<u64>(
        b"\x21",
        "wrong-type",
        "offset 0: integer, but expected integer from 0 to 2^64 - 1",
    );
    refused::<()>(b"\x61", "wrong-type", "offset 0: bool, but expected null");
    refused::<Vec<u16>>(
        b"\xe2\x01\x61",
        "wrong-type",
        "offset 2, [1]: bool, but expected integer from 0 to 65535",
    );
    refused::<[u16; 2]>(
        b"\xe1\x01",
        "custom",
        "offset 0: 1 elements, but expected 2",
    );
    refused::<[u16; 1]>(
        b"\xe2\x01\x02",
        "custom",
        "offset 0: more than the 1 elements expected",
    );
    refused::<[u8; 2]>(b"\xa1\x01", "custom", "offset 0: 1 bytes, but expected 2");
    refused::<[u16; 2]>(
        b"\xe2\x01\x61",
        "wrong-type",
        "offset 2, [1]: bool, but expected integer from 0 to 65535",
    );
}

#[derive(Debug, PartialEq, Pson)]
struct Chain {
    next: Option<Box<Self>>,
}

#[test]
fn nesting_ends_at_the_limit() {
    let mut chain = Chain { next: None };
    for _ in 1..pson::MAX_DEPTH {
        chain = Chain {
            next: Some(Box::new(chain)),
        };
    }
    for generation in BOTH {
        let bytes = encoded(generation, &chain);
        assert_eq!(
            pson::decode::<Chain>(generation, &bytes).as_ref(),
            Ok(&chain)
        );
    }
    let deeper = Chain {
        next: Some(Box::new(chain)),
    };
    let mut buffer = [0; 4096];
    for generation in BOTH {
        let too_deep = EncodeError::TooDeep {
            limit: pson::MAX_DEPTH,
        };
        assert_eq!(
            pson::encode(&deeper, generation, &mut buffer),
            Err(too_deep)
        );
    }
    let deep = [b"\xc1\x84next".repeat(pson::MAX_DEPTH + 1), vec![0x62]].concat();
    let error = pson::decode::<Chain>(Generation::Two, &deep).unwrap_err();
    assert_eq!(
        (error.class(), error.offset()),
        ("depth", 6 * pson::MAX_DEPTH)
    );
}

#[test]
fn bytes_are_bytes_in_whatever_holds_them() {
    for generation in BOTH {
        let value = Value::from(&[1_u8, 2][..]);
        let bytes = generation.to_vec(&value).unwrap();
        assert_eq!(encoded(generation, &vec![1_u8, 2]), bytes);
        assert_eq!(encoded(generation, &[1_u8, 2]), bytes);
        assert_eq!(encoded(generation, &&[1_u8, 2][..]), bytes);
        assert_eq!(pson::decode(generation, &bytes), Ok(vec![1_u8, 2]));
        assert_eq!(pson::decode(generation, &bytes), Ok([1_u8, 2]));
        assert_eq!(pson::decode(generation, &bytes), Ok(&[1_u8, 2][..]));
        let array = Value::from([Value::from(1), Value::from(2)]);
        let bytes = generation.to_vec(&array).unwrap();
        assert_eq!(pson::decode(generation, &bytes), Ok(vec![1_u8, 2]));
        assert_eq!(pson::decode(generation, &bytes), Ok([1_u8, 2]));
    }
}

#[derive(Pson)]
#[pson(encode)]
struct Slices<'a> {
    small: &'a [Small],
    words: &'a [u16],
}

#[test]
fn slices_are_written_only() {
    let slices = Slices {
        small: &[Small { a: 1, b: None }],
        words: &[300; 200],
    };
    for generation in BOTH {
        let bytes = encoded(generation, &slices);
        let value = generation.decode(&bytes).unwrap();
        assert_eq!(generation.to_vec(&value), Ok(bytes));
        let words = value.as_map().and_then(|map| map.get("words")).unwrap();
        assert_eq!(words, &Value::from(vec![Value::from(300); 200]));
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x1077_3901),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn generations() -> impl Strategy<Value = Generation> {
    prop_oneof![Just(Generation::One), Just(Generation::Two)]
}

#[derive(Debug, Clone, PartialEq, Pson, Serialize, Deserialize)]
struct Anything {
    boolean: bool,
    double: f64,
    single: f32,
    signed: i64,
    unsigned: Option<u64>,
    text: String,
    words: Vec<u16>,
}

fn anything() -> impl Strategy<Value = Anything> {
    let float = prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        any::<u32>().prop_map(|bits| f32::from_bits(bits).into()),
        any::<i64>().prop_map(|whole| whole as f64),
        any::<i16>().prop_map(f64::from),
    ];
    let signed = (any::<i64>(), 0..64).prop_map(|(bits, shift)| bits >> shift);
    let unsigned = (any::<u64>(), 0..64).prop_map(|(bits, shift)| bits >> shift);
    (
        any::<bool>(),
        float,
        any::<f32>(),
        signed,
        prop::option::of(unsigned),
        any::<String>(),
        prop::collection::vec(any::<u16>(), 0..80),
    )
        .prop_map(
            |(boolean, double, single, signed, unsigned, text, words)| Anything {
                boolean,
                double,
                single,
                signed,
                unsigned,
                text,
                words,
            },
        )
}

fn from_serde(
    generation: Generation,
    bytes: &[u8],
) -> Result<Anything, iotmp_ref::wire::DecodeError> {
    match generation {
        Generation::One => gen1::from_slice(bytes),
        Generation::Two => pson::from_slice(bytes),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn written_as_serde_writes(generation in generations(), value in anything()) {
        let len = pson::encoded_len(&value, generation);
        let mut buffer = vec![0; len];
        prop_assert_eq!(pson::encode(&value, generation, &mut buffer), Ok(len));
        prop_assert_eq!(&buffer, &by_serde(generation, &value));
        let typed: Anything = pson::decode(generation, &buffer).unwrap();
        let again = by_serde(generation, &typed);
        prop_assert_eq!(again, buffer);
    }

    /// Bytes with a mistake or two are taken by all ways of reading or by none, at the same place,
    /// and mean the same.
    #[test]
    fn all_ways_of_reading_agree(
        generation in generations(),
        value in anything(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut bytes = by_serde(generation, &value);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let tree = generation.decode(&bytes);
        let mut nodes = Vec::new();
        let tape = Tape::read(generation, &bytes, &mut nodes).map(|tape| tape.root().to_value());
        prop_assert_eq!(&tape, &tree);
        prop_assert_eq!(pson::decode::<Value>(generation, &bytes), tree.clone());
        let ignored = pson::decode::<Ignored>(generation, &bytes);
        prop_assert_eq!(ignored.map(|_| ()), tree.as_ref().map(|_| ()).map_err(Clone::clone));
        let typed = pson::decode::<Anything>(generation, &bytes);
        let serde = from_serde(generation, &bytes);
        match (typed, serde) {
            (Ok(typed), Ok(serde)) => {
                prop_assert_eq!(by_serde(generation, &typed), by_serde(generation, &serde));
            }
            (Err(typed), Err(serde)) => match typed.class() {
                // A type that serde did not ask for is a refusal in its words.
                "wrong-type" => prop_assert_eq!(typed.offset(), serde.offset()),
                "custom" | "missing-field" => {}
                _ => prop_assert_eq!(typed, serde),
            },
            // An array of the values in their order is a struct to serde alone; the negative
            // integers beyond 64 bits are floats here alone.
            (typed, serde) => prop_assert!(
                matches!(tree, Ok(Value::Array(_))) || typed.is_ok(),
                "{typed:?} {serde:?}"
            ),
        }
    }
}

//! Structs that derive `Pson`: the same bytes and values as by way of a
//! [`Value`] and of serde, and every refusal.

use iotmp_ref::pson::{self, Generation, Ignored, Integer, Map, Pson, Value, View, gen1};
use iotmp_ref::wire::{DecodeErrorKind, EncodeError};
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

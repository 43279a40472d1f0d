//! Any bytes as a value of either generation: every way to read them takes or refuses the same, and
//! finds the same content.

#![no_main]

use iotmp_ref::pson::{self, Generation, Ignored, Item, Map, Node, Pson, Tape, Value, View, gen1};
use iotmp_ref::wire::{DecodeError, DecodeErrorKind};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

fuzz_target!(|bytes: &[u8]| {
    for generation in [Generation::One, Generation::Two] {
        agree(generation, bytes);
    }
});

#[derive(Debug, PartialEq, Pson, Deserialize)]
struct Typed<'a> {
    a: Option<&'a str>,
    b: Option<u8>,
    c: Option<i64>,
    d: Option<f64>,
    e: Option<bool>,
    #[serde(default)]
    f: Option<Inner>,
}

#[derive(Debug, PartialEq, Pson, Deserialize)]
struct Inner {
    x: Vec<u16>,
    y: Option<String>,
    z: Option<[u64; 2]>,
}

fn agree(generation: Generation, bytes: &[u8]) {
    let tree = generation.decode(bytes);
    let refusal = tree.as_ref().err();

    let view = match generation {
        Generation::One => gen1::view(bytes),
        Generation::Two => View::new(bytes),
    };
    assert_eq!(view.as_ref().err(), refusal);
    let mut nodes = Vec::new();
    let tape = Tape::read(generation, bytes, &mut nodes);
    assert_eq!(tape.as_ref().err(), refusal);
    let ignored = pson::decode::<Ignored>(generation, bytes);
    assert_eq!(ignored.as_ref().err(), refusal);
    let typed = pson::decode::<Value>(generation, bytes);
    assert_eq!(typed, tree);
    let by_serde = from_slice::<Value>(generation, bytes);
    assert_eq!(by_serde, tree);

    let typed = pson::decode::<Typed<'_>>(generation, bytes);
    let by_serde = from_slice::<Typed<'_>>(generation, bytes);
    match (&typed, &by_serde) {
        (Ok(typed), Ok(by_serde)) => assert_eq!(format!("{typed:?}"), format!("{by_serde:?}")),
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) if is_laxer_by_serde(error) => {}
        other => panic!("{other:?}"),
    }

    let (Ok(tree), Ok(view), Ok(tape)) = (tree, view, tape) else {
        return;
    };
    let mut room = vec![Node::default(); tape.len()];
    let exact = Tape::read_into(generation, bytes, &mut room).expect("there is room");
    let mut tight = vec![Node::default(); tape.len() - 1];
    let too_few = Tape::read_into(generation, bytes, &mut tight).unwrap_err();
    assert_eq!(too_few.class(), "too-large");
    assert_eq!(by_view(view), tree);
    assert_eq!(by_tape(tape.root()), tree);
    assert_eq!(by_tape(exact.root()), tree);
    assert_eq!(
        (view.to_value(), tape.root().to_value()),
        (tree.clone(), tree.clone())
    );
    assert_eq!(format!("{view:?}"), format!("{tape:?}"));

    let written = generation
        .to_vec(&tree)
        .expect("what was read can be written");
    assert_eq!(generation.decode(&written).as_ref(), Ok(&tree));
    let mut buffer = vec![0; written.len()];
    assert_eq!(
        pson::encode(&tree, generation, &mut buffer),
        Ok(written.len())
    );
    assert_eq!(buffer, written);
    assert_eq!(pson::encoded_len(&tree, generation), written.len());
}

/// Serde takes the fields of a struct from an array as well, and text from bytes.
fn is_laxer_by_serde(error: &DecodeError) -> bool {
    let DecodeErrorKind::WrongType { found, expected } = error.kind() else {
        return false;
    };
    matches!((*found, *expected), ("array", "map") | ("bytes", "string"))
}

fn from_slice<'a, T: Deserialize<'a>>(
    generation: Generation,
    bytes: &'a [u8],
) -> Result<T, DecodeError> {
    match generation {
        Generation::One => gen1::from_slice(bytes),
        Generation::Two => pson::from_slice(bytes),
    }
}

/// The value at `$part`, by the accessors that a view and an item of a tape share.
macro_rules! walk {
    ($part:expr, $walk:ident) => {{
        let part = $part;
        if let Some(elements) = part.elements() {
            return Value::from(elements.map($walk).collect::<Vec<_>>());
        }
        if let Some(pairs) = part.pairs() {
            let pairs = pairs.map(|(key, value)| (key, $walk(value)));
            return Value::from(pairs.collect::<Map>());
        }
        let text = part.as_str().map(Value::from);
        let text = text.or_else(|| part.as_bytes().map(Value::from));
        let number = text.or_else(|| part.as_integer().map(Value::from));
        let number = number.or_else(|| part.as_f64().map(Value::from));
        number.unwrap_or_else(|| part.as_bool().into())
    }};
}

fn by_view(view: View<'_>) -> Value {
    walk!(view, by_view)
}

fn by_tape(item: Item<'_, '_>) -> Value {
    walk!(item, by_tape)
}

//! A value as a flat list: what is found in it, and what is refused.

use iotmp_ref::pson::{Generation, Item, Map, Node, Tape, Value};

const BOTH: [Generation; 2] = [Generation::One, Generation::Two];

fn value() -> Value {
    Map::from([
        ("a", Value::from([1, 2, 300].map(Value::from))),
        ("b", Map::from([("inner", Value::from("text"))]).into()),
        ("c", Value::from(&[9_u8][..])),
        ("d", Value::from(2.5)),
        ("e", Value::Null),
        ("f", Value::from(true)),
    ])
    .into()
}

#[test]
fn finds_what_is_there() {
    for generation in BOTH {
        let bytes = generation.to_vec(&value()).unwrap();
        let mut nodes = Vec::new();
        let tape = Tape::read(generation, &bytes, &mut nodes).unwrap();
        let root = tape.root();
        assert_eq!(tape.len(), 11);
        let a = root.get("a").unwrap();
        assert_eq!(a.at(2).and_then(Item::as_u64), Some(300));
        assert!(a.at(3).is_none());
        let inner = root.get("b").and_then(|b| b.get("inner"));
        assert_eq!(inner.and_then(Item::as_str), Some("text"));
        assert_eq!(root.get("c").and_then(Item::as_bytes), Some(&[9][..]));
        assert_eq!(root.get("d").and_then(Item::as_f64), Some(2.5));
        assert!(root.get("e").is_some_and(Item::is_null));
        assert_eq!(root.get("f").and_then(Item::as_bool), Some(true));
        assert!(root.get("g").is_none());
        let keys: Vec<_> = root.pairs().unwrap().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(root.to_value(), value());
        assert_eq!(a.elements().unwrap().count(), 3);
        assert!(a.pairs().is_none() && root.elements().is_none());
    }
}

#[test]
fn the_last_of_a_repeated_key_wins() {
    let mut nodes = Vec::new();
    let bytes = [0xc2, 0x81, b'a', 0x01, 0x81, b'a', 0x02];
    let tape = Tape::read(Generation::Two, &bytes, &mut nodes).unwrap();
    assert_eq!(tape.root().get("a").and_then(Item::as_u64), Some(2));
}

#[test]
fn a_list_that_does_not_grow_takes_as_many_as_it_has() {
    for generation in BOTH {
        let bytes = generation.to_vec(&value()).unwrap();
        let mut nodes = [Node::default(); 12];
        let tape = Tape::read_into(generation, &bytes, &mut nodes).unwrap();
        assert_eq!((tape.len(), tape.root().to_value()), (11, value()));
        let error = Tape::read_into(generation, &bytes, &mut nodes[..10]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "offset 0: the number of values is 11, but at most 10 is allowed"
        );
    }
}

#[test]
fn errors_are_those_of_a_tree() {
    for bytes in [
        &[0xe2, 0x01, 0x42][..],
        &[0x01, 0x01],
        &[],
        &[0xc1, 0x01, 0x01],
    ] {
        let mut nodes = Vec::new();
        let tape = Tape::read(Generation::Two, bytes, &mut nodes).map(|_| ());
        assert_eq!(tape, Generation::Two.decode(bytes).map(|_| ()));
        assert!(tape.is_err());
    }
}

#[test]
fn nothing_is_allocated_once_the_list_is_long_enough() {
    let bytes = Generation::Two.to_vec(&value()).unwrap();
    let mut nodes = Vec::new();
    Tape::read(Generation::Two, &bytes, &mut nodes).unwrap();
    let measured = allocation_counter::measure(|| {
        let tape = Tape::read(Generation::Two, &bytes, &mut nodes).unwrap();
        assert_eq!(tape.root().get("d").and_then(Item::as_f64), Some(2.5));
    });
    assert_eq!(measured.count_total, 0);
}

#[test]
fn what_is_behind_the_first_value_is_left() {
    for generation in BOTH {
        let mut bytes = generation.to_vec(&value()).unwrap();
        let len = bytes.len();
        bytes.extend([0xff, 0xff]);
        let mut nodes = Vec::new();
        let (tape, taken) = Tape::read_first(generation, &bytes, &mut nodes).unwrap();
        assert_eq!((tape.len(), taken), (11, len));
        assert_eq!(tape.root().to_value(), value());
        let error = Tape::read(generation, &bytes, &mut nodes).unwrap_err();
        assert_eq!((error.class(), error.offset()), ("trailing-bytes", len));
        let error = Tape::read_into(generation, &bytes, &mut [Node::default(); 12]).unwrap_err();
        assert_eq!((error.class(), error.offset()), ("trailing-bytes", len));
        let error = Tape::read_first(generation, &bytes[..len - 1], &mut nodes).unwrap_err();
        assert_eq!(error.class(), "truncated");
    }
}

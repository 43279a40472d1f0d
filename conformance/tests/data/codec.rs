//! The interpreting codec: every byte is named, every form survives.

use iotmp_conformance::codec::{Annotation, Class, Codec, Refusal};
use iotmp_conformance::json::{value_from, value_to};
use iotmp_conformance::specs;
use iotmp_conformance::subject::Question;
use iotmp_conformance::vector::{self, Kind, Vector, VectorSet};
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, Shape, Spec, WireType};
use serde_json::{Value as Json, json};

/// Asserts that annotations follow on each other from the first byte, and
/// returns where they end.
pub(crate) fn end_of(annotations: &[Annotation]) -> usize {
    let mut end = 0;
    for annotation in annotations {
        assert_eq!(annotation.offset, end, "{annotation:?}");
        assert!(
            annotation.length > 0 && !annotation.label.is_empty(),
            "{annotation:?}"
        );
        end += annotation.length;
    }
    end
}

/// Asserts that a refusal names what stands before it, and nothing behind
/// unless it is a body that ends early.
pub(crate) fn check_refusal(refusal: &Refusal, length: usize) {
    let end = end_of(&refusal.annotations);
    assert!(refusal.offset <= length, "{refusal}");
    let early = refusal.class == Class::Truncated && refusal.path.is_empty();
    if early {
        assert!(end >= refusal.offset && end <= length, "{refusal}");
    } else {
        assert_eq!(end, refusal.offset, "{refusal}");
    }
}

#[test]
fn every_byte_of_every_vector_is_named() {
    for set in vector::all() {
        for vector in &set.vectors {
            let Some(bytes) = &vector.bytes else { continue };
            let codec = question(set, vector).codec();
            match (vector.kind, vector.encoding) {
                (Kind::Value, Some(encoding)) => match codec.decode_value(encoding, bytes) {
                    Ok(decoded) => assert_eq!(end_of(&decoded.annotations), bytes.len()),
                    Err(refusal) => check_refusal(&refusal, bytes.len()),
                },
                _ => match codec.decode(bytes) {
                    Ok(decoded) => assert_eq!(end_of(&decoded.annotations), decoded.consumed),
                    Err(refusal) => check_refusal(&refusal, bytes.len()),
                },
            }
        }
    }
}

/// What a vector asks.
pub(crate) fn question<'v>(set: &'v VectorSet, vector: &Vector) -> Question<'v> {
    Question {
        spec: set.spec,
        kind: vector.kind,
        request: vector.answers,
        encoding: vector.encoding,
    }
}

#[test]
fn every_form_of_a_value_survives_json() {
    for set in vector::all() {
        for vector in set.vectors.iter().filter(|v| v.kind == Kind::Value) {
            let (Some(bytes), Some(encoding)) = (&vector.bytes, vector.encoding) else {
                continue;
            };
            let codec = Codec::new(set.spec);
            let Ok(decoded) = codec.decode_value(encoding, bytes) else {
                continue;
            };
            let back = value_from(&value_to(&decoded.value)).unwrap();
            let again = codec.encode_value(encoding, &back).unwrap();
            // Lengths may shrink and maps be sorted; then the form is settled.
            let settled = codec.decode_value(encoding, &again).unwrap().value;
            assert_eq!(
                settled.to_value(),
                decoded.value.to_value(),
                "{}",
                vector.id
            );
            assert_eq!(
                codec.encode_value(encoding, &settled).unwrap(),
                again,
                "{}",
                vector.id
            );
        }
    }
}

#[test]
fn floats_keep_their_width() {
    let codec = Codec::new(specs::by_name("iotmp-shipping").unwrap());
    for hex in [
        "4000004040",         // 3.0 in four bytes
        "410000000000000840", // 3.0 in eight bytes
        "400000bc41",         // 23.5 in four bytes
        "410000000000803740", // 23.5 in eight bytes
        "4000000080",         // -0.0
        "400100c07f",         // a NaN that says more
        "41010000000000f07f", // a signalling one
        "41000000000000f0ff", // -Infinity
    ] {
        let bytes = hex::decode(hex).unwrap();
        let decoded = codec.decode_value(Encoding::Pson2, &bytes).unwrap();
        let json = value_to(&decoded.value);
        let value = value_from(&json).unwrap();
        assert_eq!(
            codec.encode_value(Encoding::Pson2, &value).unwrap(),
            bytes,
            "{json}"
        );
    }
}

fn shipping() -> Codec<'static> {
    Codec::new(specs::by_name("iotmp-shipping").unwrap())
}

fn refused(message: &Json) -> (Class, String) {
    let refusal = shipping().encode(message).unwrap_err();
    (refusal.class, refusal.reason())
}

#[test]
fn what_cannot_be_encoded_says_why() {
    use Class::{Depth, Json, MissingField, Range, UnknownField, UnknownMessage, WrongType};
    for (message, class, reason) in [
        (json!(1), Json, "a message is an object with a `type`"),
        (
            json!({}),
            Json,
            "a message needs a `type`: its name, or its code such as \"0x7f\"",
        ),
        (
            json!({"type": "conect"}),
            UnknownMessage,
            "iotmp-shipping has no message \"conect\"; did you mean connect?",
        ),
        (
            json!({"type": "ok", "stream": 1}),
            UnknownField,
            "ok has no field \"stream\"; did you mean stream_id?",
        ),
        (
            json!({"type": "keep_alive", "payload": 1}),
            UnknownField,
            "keep_alive has no field \"payload\"; there are none",
        ),
        (
            json!({"type": "ok"}),
            MissingField,
            "ok: mandatory field stream_id is absent",
        ),
        (
            json!({"type": "ok", "stream_id": 65536}),
            Range,
            "ok.stream_id: number 65536, but only 0 to 65535 is allowed",
        ),
        (
            json!({"type": "ok", "stream_id": -1}),
            Range,
            "ok.stream_id: number -1, but only 0 to 65535 is allowed",
        ),
        (
            json!({"type": "ok", "stream_id": "1"}),
            WrongType,
            "ok.stream_id: a number from 0 to 65535 is needed",
        ),
        (
            json!({"type": "run", "resource": ["a", {"type": "x"}]}),
            Json,
            "run.resource[1]: there is no tag \"x\" (bytes, float, integer, map, string); \
             a map with a key `type` is {\"type\":\"map\",\"value\":[[\"type\",…],…]}",
        ),
        (
            json!({"type": "0x7f", "body": "00"}),
            Json,
            "0x7f.body: the body of a message by code is {\"type\":\"bytes\",\"value\":\"…\"}",
        ),
    ] {
        assert_eq!(refused(&message), (class, reason.to_owned()), "{message}");
    }
    let mut deep = json!([]);
    for _ in 0..128 {
        deep = json!([deep]);
    }
    assert_eq!(
        refused(&json!({"type": "run", "resource": deep})),
        (
            Depth,
            "run.resource: nested deeper than 128 levels".to_owned()
        )
    );
}

#[test]
fn a_message_by_code_has_any_body() {
    let codec = shipping();
    let bytes = hex::decode("7f020801").unwrap();
    let message = json!({"type": "0x7f", "body": {"type": "bytes", "value": "0801"}});
    assert_eq!(codec.encode(&message).unwrap(), bytes);
    assert_eq!(codec.decode(&bytes).unwrap().message, message);
    let run = json!({"type": "0x06", "body": {"type": "bytes", "value": "ff"}});
    assert_eq!(hex::encode(codec.encode(&run).unwrap()), "0601ff");
}

#[test]
fn a_varint_where_the_protocol_writes_a_value_is_tagged() {
    let codec = Codec::new(specs::by_name("iotmp-2025").unwrap());
    let message = json!({"type": "run", "resource": {"type": "varint", "value": "2"}});
    let bytes = codec.encode(&message).unwrap();
    assert_eq!(hex::encode(&bytes), "06022002");
    assert_eq!(codec.decode(&bytes).unwrap().message, message);
    // The shipping profile writes it so by itself.
    assert_eq!(shipping().encode(&message).unwrap(), bytes);
    assert_eq!(
        shipping().decode(&bytes).unwrap().message,
        json!({"type": "run", "resource": 2})
    );
}

#[test]
fn a_connect_is_in_the_generation_that_it_announces() {
    let codec = Codec::new(specs::by_name("iotmp-2025").unwrap());
    let connect = |version: Json| json!({"type": "connect", "stream_id": 1, "parameters": version, "payload": ["u", "d", "c"]});
    for (parameters, array) in [
        (json!({"ka": 30}), "7209"),
        (json!({"pv": 0}), "7209"),
        (json!({"pv": 1}), "e3"),
        // A version that nobody knows selects nothing.
        (json!({"pv": 2}), "7209"),
    ] {
        let message = connect(parameters);
        let bytes = codec.encode(&message).unwrap();
        assert!(
            hex::encode(&bytes).contains(&format!("19{array}")),
            "{message}"
        );
        assert_eq!(codec.decode(&bytes).unwrap().message, message);
    }
    // What the caller says goes before what the message says.
    let second = codec.with_encoding(Encoding::Pson2);
    let message = connect(json!({"pv": 0}));
    let bytes = second.encode(&message).unwrap();
    assert_eq!(second.decode(&bytes).unwrap().message, message);
    assert_eq!(codec.decode(&bytes).unwrap_err().class, Class::Tag);
}

/// The shipping profile with the wire types of older revisions.
fn with_more_wire_types() -> Spec {
    let mut spec = specs::by_name("iotmp-shipping").unwrap().clone();
    let Body::KeyValue(layout) = &mut spec.body else {
        panic!("its fields have keys")
    };
    let mut add = |id, name: &str, shape| {
        layout.wire_types.push(WireType {
            name: name.to_owned(),
            id,
            shape,
            doc: String::new(),
        });
    };
    add(1, "fixed64", Shape::Fixed(8));
    add(5, "fixed32", Shape::Fixed(4));
    add(6, "opaque", Shape::Sized(Vec::new()));
    add(7, "negotiated", Shape::Sized(vec!["pson2".to_owned()]));
    spec
}

#[test]
fn fixed_and_sized_wire_types() {
    let spec = with_more_wire_types();
    let codec = Codec::new(&spec);
    let payload = |hex: &str| {
        let body = hex::decode(hex).unwrap();
        let mut bytes = vec![4, u8::try_from(body.len()).unwrap()];
        bytes.extend(body);
        match codec.decode(&bytes) {
            Ok(decoded) => {
                assert_eq!(end_of(&decoded.annotations), bytes.len());
                Ok(decoded.message.get("payload").cloned())
            }
            Err(refusal) => {
                check_refusal(&refusal, bytes.len());
                Err((refusal.class, refusal.offset))
            }
        }
    };
    assert_eq!(payload("190100000000000000"), Ok(Some(json!(1))));
    assert_eq!(payload("1d01000000"), Ok(Some(json!(1))));
    assert_eq!(payload("1e026f6b"), Ok(Some(json!("ok"))));
    assert_eq!(
        payload("1e01ff"),
        Ok(Some(json!({"type": "bytes", "value": "ff"})))
    );
    assert_eq!(payload("1f03826f6b"), Ok(Some(json!("ok"))));
    assert_eq!(payload("1d010000"), Err((Class::Truncated, 3)));
    assert_eq!(payload("1e036f6b"), Err((Class::Truncated, 4)));
    assert_eq!(payload("1f020102"), Err((Class::TrailingBytes, 5)));
    assert_eq!(payload("1f0181"), Err((Class::Truncated, 5)));
    // Unknown fields are skipped by their size, whatever is in them.
    assert_eq!(payload("4f02ffff1862"), Ok(Some(json!(98))));
    assert_eq!(payload("4d010203041862"), Ok(Some(json!(98))));
}

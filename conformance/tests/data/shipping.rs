//! Bytes of shipping implementations, against both codecs. Whatever they refuse
//! is listed here, with the class and the offset, and why.

use std::collections::{BTreeMap, BTreeSet};

use iotmp_conformance::codec::Codec;
use iotmp_conformance::json::{self, meaning_from};
use iotmp_conformance::specs;
use iotmp_conformance::subject::{CodecSubject, Interpreting, Question, Reference, Reply};
use iotmp_conformance::vector::Kind;
use iotmp_ref::pson::Value;
use iotmp_spec::model::Spec;
use serde_json::Value as Json;

fn lines(file: &str) -> Vec<Json> {
    let path = format!("{}/vectors/shipping/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| json::parse(line).unwrap())
        .collect()
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json[key].as_str().unwrap()
}

fn bytes(json: &Json) -> Vec<u8> {
    hex::decode(text(json, "hex")).unwrap()
}

fn spec() -> &'static Spec {
    specs::by_name("iotmp-shipping").unwrap()
}

fn question() -> Question<'static> {
    Question {
        spec: spec(),
        kind: Kind::Message,
        request: None,
        encoding: None,
    }
}

fn subjects() -> [Box<dyn CodecSubject>; 2] {
    [Box::new(Interpreting), Box::new(Reference)]
}

type Refused = (&'static str, usize);

/// Messages that the shipping encoder writes although a mandatory field is absent.
const MESSAGES_REFUSED: &[(&str, Refused)] = &[
    ("ok_empty", ("missing-field", 2)),
    ("unknown_field_9_pson", ("missing-field", 9)),
    ("unknown_field_9_varint", ("missing-field", 6)),
];

/// Fields by number, with what they mean.
fn listed(message: &Json) -> BTreeMap<u64, Json> {
    let fields = message["fields"].as_array().unwrap();
    fields
        .iter()
        .map(|field| (field["field"].as_u64().unwrap(), field["value"].clone()))
        .collect()
}

fn decoded(message: &Json) -> BTreeMap<u64, Json> {
    let schema = spec().message(text(message, "type")).unwrap();
    let fields = message
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "type");
    fields
        .map(|(name, value)| (schema.field(name).unwrap().id.into(), value.clone()))
        .collect()
}

fn meanings(fields: &BTreeMap<u64, Json>) -> BTreeMap<u64, Value> {
    let mut meanings = BTreeMap::new();
    for (id, value) in fields {
        meanings.insert(*id, meaning_from(value).unwrap());
    }
    meanings
}

#[test]
fn every_message_decodes_to_its_fields_and_back() {
    for mut subject in subjects() {
        let mut refused = Vec::new();
        for line in lines("messages.jsonl") {
            let name = text(&line, "name");
            let code = u32::try_from(line["type"].as_u64().unwrap()).unwrap();
            let bytes = bytes(&line);
            let value = match subject.decode(question(), &bytes) {
                Reply::Decoded { value, consumed } => {
                    assert_eq!(consumed, bytes.len(), "{name}");
                    value
                }
                Reply::Refused { class, offset, .. } => {
                    refused.push((name.to_owned(), class, offset.unwrap()));
                    continue;
                }
                reply => panic!("{name}: {}", reply.describe()),
            };
            if spec().message_by_code(code).is_none() {
                assert_eq!(value["type"], format!("0x{code:02x}"), "{name}");
                assert_eq!(value["body"]["value"], hex::encode(&bytes[2..]), "{name}");
                continue;
            }
            assert_eq!(
                meanings(&decoded(&value)),
                meanings(&listed(&line)),
                "{name}"
            );
            // Written again the fields stand in another order, in as many bytes.
            let Reply::Encoded(again) = subject.encode(question(), &value) else {
                panic!("{name} is not encoded");
            };
            assert_eq!(again.len(), bytes.len(), "{name}");
            let Reply::Decoded { value: back, .. } = subject.decode(question(), &again) else {
                panic!("{name} is not decoded again");
            };
            assert_eq!(
                meanings(&decoded(&back)),
                meanings(&listed(&line)),
                "{name}"
            );
        }
        let expected: Vec<_> = MESSAGES_REFUSED
            .iter()
            .map(|(name, (class, offset))| ((*name).to_owned(), (*class).to_owned(), *offset))
            .collect();
        assert_eq!(refused, expected, "{}", subject.name());
    }
}

/// Messages that the recording server sent wrong on purpose, by their probe.
const SESSIONS_REFUSED: &[(&str, &str, Refused)] = &[
    // No stream identifier, or no resource.
    ("basic", "describe_all_no_sid", ("missing-field", 2)),
    ("basic", "run_no_resource", ("missing-field", 4)),
    ("basic", "ok_no_sid", ("missing-field", 2)),
    ("connect", "connect_ok_no_sid", ("missing-field", 2)),
    // A stream identifier beyond 16 bits, or that is a value.
    ("basic", "run_sid_65536", ("range", 3)),
    ("basic", "run_sid_2^32", ("varint-overflow", 3)),
    ("basic", "run_sid_pson", ("wrong-type", 2)),
    ("basic", "run_sid_pson_string", ("wrong-type", 2)),
    // A payload under a reserved wire type behind the resource; a shipping device stops reading there and runs it.
    ("basic", "run_wiretype1_payload_after", ("wire-type", 18)),
    ("basic", "run_wiretype3_payload_after", ("wire-type", 18)),
    ("basic", "run_wiretype4_payload_after", ("wire-type", 18)),
    ("basic", "run_wiretype5_payload_after", ("wire-type", 18)),
    ("basic", "run_wiretype6_payload_after", ("wire-type", 18)),
    ("basic", "run_wiretype7_payload_after", ("wire-type", 18)),
    // The same before the resource, which a shipping device then misses.
    (
        "basic",
        "run_wiretype1_field_before_resource",
        ("wire-type", 5),
    ),
    (
        "basic",
        "run_wiretype3_field_before_resource",
        ("wire-type", 5),
    ),
    (
        "basic",
        "run_wiretype4_field_before_resource",
        ("wire-type", 5),
    ),
    (
        "basic",
        "run_wiretype5_field_before_resource",
        ("wire-type", 5),
    ),
    (
        "basic",
        "run_wiretype6_field_before_resource",
        ("wire-type", 5),
    ),
    (
        "basic",
        "run_wiretype7_field_before_resource",
        ("wire-type", 5),
    ),
    ("basic", "run_wiretype1_resource", ("wire-type", 5)),
];

#[test]
fn every_message_of_every_session_is_read_or_wrong_on_purpose() {
    let expected: BTreeSet<_> = SESSIONS_REFUSED
        .iter()
        .map(|(file, probe, (class, offset))| {
            (
                file.to_string(),
                probe.to_string(),
                class.to_string(),
                *offset,
            )
        })
        .collect();
    for mut subject in subjects() {
        let mut refused = BTreeSet::new();
        let mut messages = 0;
        for file in ["basic", "calls", "connect", "events"] {
            for line in lines(&format!("sessions/{file}.jsonl")) {
                let probe = text(&line, "probe");
                let all = bytes(&line);
                let mut rest = all.as_slice();
                while !rest.is_empty() {
                    messages += 1;
                    match subject.decode(question(), rest) {
                        Reply::Decoded { consumed, .. } => rest = &rest[consumed..],
                        Reply::Refused { class, offset, .. } => {
                            // A device that ships never sends what is refused.
                            assert_eq!(text(&line, "from"), "server", "{probe}");
                            let new = (file.to_owned(), probe.to_owned(), class, offset.unwrap());
                            assert!(refused.insert(new), "{probe} twice");
                            // The frame tells where the next message starts.
                            let size = usize::from(rest[1]);
                            assert!(size < 0x80 && rest.len() >= 2 + size, "{probe}");
                            rest = &rest[2 + size..];
                        }
                        reply => panic!("{probe}: {}", reply.describe()),
                    }
                }
            }
        }
        assert_eq!(refused, expected, "{}", subject.name());
        assert_eq!(messages, 492, "{}", subject.name());
    }
}

/// What becomes of a malformed body of Run.
enum Body {
    /// Refused, at an offset counted from the start of the body.
    Refused(Refused),
    /// Read as the reference reads an ambiguity.
    Ambiguity(&'static str),
    /// Read, as a clause demands.
    Clause(&'static str),
}

const BODIES: &[(&str, Body)] = &[
    ("empty", Body::Refused(("missing-field", 0))),
    ("sid_only", Body::Refused(("missing-field", 2))),
    ("tag_only_sid", Body::Refused(("truncated", 1))),
    ("sid_cut", Body::Refused(("truncated", 1))),
    ("sid_nonminimal", Body::Ambiguity("IOTMP25-AMB-NON-MINIMAL")),
    ("sid_6byte", Body::Refused(("varint-overflow", 1))),
    ("wiretype_3", Body::Refused(("wire-type", 2))),
    ("wiretype_6", Body::Refused(("wire-type", 2))),
    ("field16", Body::Clause("IOTMP25-KEY-004")),
    ("field256(->0)", Body::Clause("IOTMP25-KEY-004")),
    ("field260(->4 alias)", Body::Clause("IOTMP25-KEY-004")),
    ("field_2^28", Body::Clause("IOTMP25-KEY-004")),
    ("tag_nonminimal", Body::Ambiguity("IOTMP25-AMB-NON-MINIMAL")),
    (
        "tag_5byte_nonminimal",
        Body::Ambiguity("IOTMP25-AMB-NON-MINIMAL"),
    ),
    ("dup_sid", Body::Ambiguity("IOTMP25-AMB-DUPLICATE-FIELD")),
    (
        "dup_resource",
        Body::Ambiguity("IOTMP25-AMB-DUPLICATE-FIELD"),
    ),
    // A resource is of any type; whether there is one of that name is for the device to say.
    ("resource_as_map", Body::Clause("IOTMPS-WIRE-001")),
    ("sid_as_null", Body::Refused(("wrong-type", 0))),
    ("sid_as_map", Body::Refused(("wrong-type", 0))),
    ("sid_as_f64_1e300", Body::Refused(("wrong-type", 0))),
    ("payload_varint_cut", Body::Refused(("truncated", 3))),
    ("two_payloads", Body::Refused(("missing-field", 7))),
    ("payload_before_err", Body::Refused(("wire-type", 7))),
];

/// What the bodies that are read say: stream identifier and resource.
const BODIES_READ: &[(&str, u64, &str)] = &[
    ("sid_nonminimal", 7, "\"temperature\""),
    ("field16", 7, "\"temperature\""),
    ("field256(->0)", 7, "\"temperature\""),
    ("field260(->4 alias)", 7, "\"temperature\""),
    ("field_2^28", 7, "\"temperature\""),
    ("tag_nonminimal", 7, "\"temperature\""),
    ("tag_5byte_nonminimal", 7, "\"temperature\""),
    ("dup_sid", 8, "\"temperature\""),
    ("dup_resource", 7, "\"b\""),
    ("resource_as_map", 7, "{}"),
];

#[test]
fn every_malformed_body_is_refused_or_open_to_reading() {
    let all = lines("malformed.jsonl");
    let bodies: Vec<_> = all
        .iter()
        .filter(|line| text(line, "decoder") == "msg")
        .collect();
    let names: Vec<_> = bodies.iter().map(|line| text(line, "name")).collect();
    let known: Vec<_> = BODIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
    let header = Codec::new(spec());
    for mut subject in subjects() {
        for (line, (name, expected)) in bodies.iter().zip(BODIES) {
            let message = serde_json::json!({"type": "0x06", "body": {"type": "bytes", "value": line["hex"]}});
            let bytes = header.encode(&message).unwrap();
            let start = bytes.len() - text(line, "hex").len() / 2;
            match (subject.decode(question(), &bytes), expected) {
                (Reply::Refused { class, offset, .. }, Body::Refused(refused)) => {
                    assert_eq!(
                        (class.as_str(), offset.unwrap() - start),
                        *refused,
                        "{name}"
                    );
                }
                (Reply::Decoded { value, .. }, Body::Ambiguity(id)) => {
                    assert!(spec().ambiguities.iter().any(|a| a.id == *id), "{id}");
                    check_read(name, &value);
                }
                (Reply::Decoded { value, .. }, Body::Clause(id)) => {
                    assert!(spec().clause(id).is_some(), "{id}");
                    check_read(name, &value);
                }
                (reply, _) => panic!("{name}: {}", reply.describe()),
            }
        }
    }
}

fn check_read(name: &str, value: &Json) {
    let (_, stream_id, resource) = BODIES_READ.iter().find(|(read, ..)| *read == name).unwrap();
    assert_eq!(value["stream_id"], *stream_id, "{name}");
    assert_eq!(value["resource"].to_string(), *resource, "{name}");
}

//! The vectors keep their own rules: the schema, the loader's checks, and that
//! every clause about bytes is proved.

use std::collections::BTreeSet;
use std::path::Path;

use iotmp_conformance::codec::Class;
use iotmp_conformance::vector::{self, Expected, Operation};
use iotmp_conformance::{json, specs};
use iotmp_spec::model::Party;
use serde_json::Value as Json;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");

fn schema() -> Json {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("schema.json")).unwrap();
    json::parse(&text).unwrap()
}

#[test]
fn every_file_keeps_the_schema() {
    let schema = schema();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for (file, text) in vector::FILES {
        let json = json::parse(text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{file}{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}

/// The words that the schema has for `name`.
fn words(name: &str) -> BTreeSet<String> {
    let schema = schema();
    let words = schema["$defs"][name]["oneOf"].as_array().unwrap();
    words
        .iter()
        .map(|word| word["const"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_schema_has_the_classes_and_flags_of_the_code() {
    let classes = Class::DECODE
        .iter()
        .map(|class| class.as_str().to_owned())
        .collect();
    assert_eq!(words("class"), classes);
    let text = |flag: &str| {
        let edit = (
            "\"flags\": [\"exact-bytes\"]",
            format!("\"flags\": [\"{flag}\"]"),
        );
        load_with(&[(edit.0, &edit.1)])
    };
    for flag in words("flag") {
        assert_eq!(text(&flag), Ok(()), "{flag}");
    }
    assert!(
        text("other")
            .unwrap_err()
            .contains("unknown variant `other`")
    );
}

#[test]
fn every_file_is_part_of_the_program() {
    let mut found = Vec::new();
    for spec in specs::names() {
        for entry in std::fs::read_dir(Path::new(FOLDER).join(spec)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            found.push(format!("{spec}/{name}"));
        }
    }
    found.sort();
    let mut embedded: Vec<_> = vector::FILES.iter().map(|(path, _)| *path).collect();
    embedded.sort_unstable();
    assert_eq!(found, embedded);
}

#[test]
fn every_clause_about_bytes_is_proved() {
    for set in vector::all() {
        let proved = |party: Party, clause: &str| {
            let operation = match party {
                Party::Encoder => Operation::Encode,
                _ => Operation::Decode,
            };
            let mut vectors = set.vectors.iter();
            vectors.any(|vector| {
                vector.asks(operation)
                    && vector.clauses.iter().any(|id| id == clause)
                    && !matches!(vector.expected, Expected::Acceptable { .. })
            })
        };
        let mut unproved = Vec::new();
        for clause in set.spec.clauses.iter().filter(|c| c.untestable.is_none()) {
            for party in &clause.binds {
                if matches!(party, Party::Encoder | Party::Decoder) && !proved(*party, &clause.id) {
                    unproved.push(format!("{} {party:?}", clause.id));
                }
            }
        }
        assert!(
            unproved.is_empty(),
            "{}: {}",
            set.spec.name,
            unproved.join(", ")
        );
    }
}

/// Ambiguities that no bytes alone can show: they are about what a peer does, or does not write.
const OF_BEHAVIOUR: &[&str] = &[
    "IOTMP20-AMB-CONNECT-TIMEOUT",
    "IOTMP20-AMB-DESCRIBE-ANSWER",
    "IOTMP20-AMB-DISCONNECT-ACK",
    "IOTMP20-AMB-INTERVAL",
    "IOTMP20-AMB-KEEP-ALIVE-ANSWER",
    "IOTMP20-AMB-KEEP-ALIVE-LIMIT",
    "IOTMP20-AMB-SECOND-CONNECT",
    "IOTMP20-AMB-SERVER-ACTION",
    "IOTMP20-AMB-SHARED-STREAM",
    "IOTMP20-AMB-STOP-STREAM",
    "IOTMP23-AMB-CONNECT-TIMEOUT",
    "IOTMP23-AMB-DESCRIBE-ANSWER",
    "IOTMP23-AMB-DISCONNECT-ACK",
    "IOTMP23-AMB-INTERVAL",
    "IOTMP23-AMB-KEEP-ALIVE-ANSWER",
    "IOTMP23-AMB-KEEP-ALIVE-LIMIT",
    "IOTMP23-AMB-SECOND-CONNECT",
    "IOTMP23-AMB-SHARED-STREAM",
    "IOTMP23-AMB-STOP-STREAM",
    "IOTMP23-AMB-UNREPRESENTABLE",
    "IOTMP23-AMB-VERSION",
    "IOTMP25-AMB-CONNECT-TIMEOUT",
    "IOTMP25-AMB-DESCRIBE-RESOURCE",
    "IOTMP25-AMB-DISCONNECT-ACK",
    "IOTMP25-AMB-INTERVAL",
    "IOTMP25-AMB-KEEP-ALIVE-ANSWER",
    "IOTMP25-AMB-SECOND-CONNECT",
    "IOTMP25-AMB-SHARED-STREAM",
    "IOTMPS-AMB-RUN-WITHOUT-ID",
    "IOTMPS-AMB-SERVER-RESOURCE",
    "NUB-AMB-AFTER-LOGOUT",
    "NUB-AMB-COMMAND-TOKEN",
    "NUB-AMB-ENCRYPTION",
    "NUB-AMB-ERROR-ORDER",
    "NUB-AMB-HEARTBEAT-INTERVAL",
    "NUB-AMB-LIMITS",
    "NUB-AMB-MALFORMED",
    "NUB-AMB-SECOND-LOGIN",
    "NUB-AMB-TIMEOUT",
    "NUB-AMB-UNKNOWN-SESSION",
];

/// What a codec gets wrong is charged to a clause that binds the half of it that was asked.
#[test]
fn every_operation_of_a_vector_is_bound_by_one_of_its_clauses() {
    let mut unbound = Vec::new();
    for set in vector::all() {
        for vector in &set.vectors {
            let binds = |party: Party| {
                let mut clauses = set.spec.clauses.iter();
                clauses.any(|clause| {
                    clause.binds.contains(&party) && vector.clauses.contains(&clause.id)
                })
            };
            for operation in &vector.applies {
                let party = match operation {
                    Operation::Encode => Party::Encoder,
                    Operation::Decode => Party::Decoder,
                };
                if !binds(party) {
                    unbound.push(format!("{} {operation}", vector.id));
                }
            }
        }
    }
    assert!(unbound.is_empty(), "{}", unbound.join("\n"));
}

#[test]
fn every_ambiguity_about_bytes_has_an_acceptable_vector() {
    for set in vector::all() {
        let shown: BTreeSet<&str> = set
            .vectors
            .iter()
            .filter_map(|vector| match &vector.expected {
                Expected::Acceptable { ambiguity, .. } => Some(ambiguity.as_str()),
                _ => None,
            })
            .collect();
        let expected: BTreeSet<&str> = set
            .spec
            .ambiguities
            .iter()
            .map(|ambiguity| ambiguity.id.as_str())
            .filter(|id| !OF_BEHAVIOUR.contains(id))
            .collect();
        assert_eq!(shown, expected, "{}", set.spec.name);
    }
}

#[test]
fn there_are_enough_vectors_of_every_specification() {
    for set in vector::all() {
        assert!(
            set.vectors.len() >= 100,
            "{}: {}",
            set.spec.name,
            set.vectors.len()
        );
    }
}

const SMALL: &str = r#"{
  "$schema": "../schema.json",
  "spec": "iotmp-shipping",
  "area": "framing",
  "doc": "Two vectors.",
  "vectors": [
    {
      "id": "iotmp-shipping/framing/keep-alive",
      "since": "0.1.0",
      "doc": "The smallest message.",
      "clauses": ["IOTMP25-FRAME-001"],
      "level": "MUST",
      "result": "valid",
      "flags": ["exact-bytes"],
      "kind": "message",
      "hex": "0500",
      "value": {"type": "keep_alive"},
      "applies": ["decode", "encode"],
      "source": "S1"
    },
    {
      "id": "iotmp-shipping/framing/type-only",
      "since": "0.1.0",
      "doc": "A type without a size.",
      "clauses": ["IOTMP25-FRAME-005"],
      "level": "MUST",
      "result": "invalid",
      "control": "iotmp-shipping/framing/keep-alive",
      "kind": "message",
      "hex": "05",
      "reject": {"class": "truncated", "offset": 1},
      "applies": ["decode"],
      "source": "S1"
    }
  ]
}"#;

/// Loads the small file after replacing the first occurrence of each pattern.
fn load_with(edits: &[(&str, &str)]) -> Result<(), String> {
    let mut text = SMALL.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "nothing to replace: {from}");
        text = text.replacen(from, to, 1);
    }
    vector::load(&[("iotmp-shipping/framing.json", &text)])
        .map(|_| ())
        .map_err(|errors| errors.to_string())
}

#[test]
fn a_good_file_loads() {
    assert_eq!(load_with(&[]), Ok(()));
}

#[test]
fn the_loader_says_what_is_wrong_in_which_vector() {
    let first = "iotmp-shipping/framing.json: iotmp-shipping/framing/keep-alive: ";
    let second = "iotmp-shipping/framing.json: iotmp-shipping/framing/type-only: ";
    let refused = |edits: &[(&str, &str)], expected: &str| {
        assert_eq!(load_with(edits).unwrap_err(), expected, "{edits:?}");
    };
    refused(
        &[(
            "iotmp-shipping/framing/type-only",
            "iotmp-shipping/framing/keep-alive",
        )],
        &format!(
            "{first}the id iotmp-shipping/framing/keep-alive is taken, in iotmp-shipping/framing.json"
        ),
    );
    refused(
        &[(
            "\"id\": \"iotmp-shipping/framing/keep-alive\"",
            "\"id\": \"iotmp-shipping/varint/keep-alive\"",
        )],
        "iotmp-shipping/framing.json: iotmp-shipping/varint/keep-alive: an id here is iotmp-shipping/framing/ and a \
         slug of a-z, 0-9, `.` and `-`",
    );
    refused(
        &[("FRAME-001", "FRAME-099")],
        &format!("{first}there is no clause IOTMP25-FRAME-099; did you mean IOTMP25-FRAME-001?"),
    );
    refused(
        &[("FRAME-001", "PSON1-001")],
        &format!("{first}IOTMP25-PSON1-001 is a clause of iotmp-2025, not of iotmp-shipping"),
    );
    refused(
        &[("\"level\": \"MUST\"", "\"level\": \"SHOULD\"")],
        &format!("{first}the level is SHOULD, but its clauses and its result make it MUST"),
    );
    refused(
        &[("\"hex\": \"0500\"", "\"hex\": \"050\"")],
        &format!("{first}bytes are an even number of lower-case hex digits"),
    );
    refused(
        &[("\"source\": \"S1\"", "\"source\": \"S9\"")],
        &format!(
            "{first}iotmp-shipping has no source \"S9\"; there are C, D20, D23, D25, P1, P2, REF, S0, S1, S2, S4"
        ),
    );
    refused(
        &[(
            "\"hex\": \"0500\"",
            "\"hex\": \"0500\", \"encoding\": \"pson1\"",
        )],
        &format!("{first}iotmp-shipping has no encoding \"pson1\""),
    );
    refused(
        &[("\"class\": \"truncated\"", "\"class\": \"short\"")],
        &format!(
            "{second}there is no class \"short\"; there are constant, depth, encoding, key, missing-field, range, tag, \
                  too-large, trailing-bytes, truncated, utf8, varint-overflow, wire-type, wrong-type"
        ),
    );
    refused(
        &[("\"offset\": 1", "\"offset\": 2")],
        &format!("{second}`offset` is 2, but there are 1 bytes"),
    );
    refused(
        &[("\"reject\": {", "\"outcomes\": [], \"reject\": {")],
        &format!("{second}`outcomes` has no place in a vector of this result"),
    );
    refused(
        &[(
            "\"control\": \"iotmp-shipping/framing/keep-alive\"",
            "\"control\": \"iotmp-shipping/framing/type-only\"",
        )],
        &format!("{second}the control iotmp-shipping/framing/type-only is not valid"),
    );
    refused(
        &[("\"value\": {\"type\": \"keep_alive\"}", "\"value\": 1")],
        &format!("{first}a message is an object with a `type`"),
    );
    refused(
        &[("\"spec\": \"iotmp-shipping\"", "\"spec\": \"iotmp-2025\"")],
        "iotmp-shipping/framing.json: vectors of iotmp-2025/framing belong into iotmp-2025/framing.json",
    );
}

#[test]
fn keys_that_nobody_knows_are_refused() {
    for (from, to) in [
        ("\"doc\": \"Two", "\"docs\": \"\", \"doc\": \"Two"),
        ("\"since\"", "\"sinse\": \"\", \"since\""),
        ("\"offset\"", "\"ofset\": 1, \"offset\""),
    ] {
        let error = load_with(&[(from, to)]).unwrap_err();
        assert!(error.contains("unknown field `"), "{error}");
    }
}

#[test]
fn outcomes_are_readings_of_the_ambiguity() {
    let acceptable = (
        "\"result\": \"valid\",\n      \"flags\": [\"exact-bytes\"],",
        "\"result\": \"acceptable\", \"ambiguity\": \"IOTMP25-AMB-NON-MINIMAL\",",
    );
    let level = ("\"level\": \"MUST\"", "\"level\": \"MAY\"");
    let decode = (
        "\"applies\": [\"decode\", \"encode\"]",
        "\"applies\": [\"decode\"]",
    );
    // Without a valid twin the other vector has no control.
    let load = |outcomes: &str| {
        let value = ("\"value\": {\"type\": \"keep_alive\"}", outcomes);
        let error = load_with(&[acceptable, level, decode, value]).unwrap_err();
        error.lines().next().unwrap_or_default().to_owned()
    };
    let first = "iotmp-shipping/framing.json: iotmp-shipping/framing/keep-alive: ";
    assert_eq!(
        load("\"outcomes\": [{\"reading\": \"accept\", \"any\": true}]"),
        "iotmp-shipping/framing.json: iotmp-shipping/framing/type-only: the control \
         iotmp-shipping/framing/keep-alive is not valid"
    );
    assert_eq!(
        load("\"outcomes\": [{\"reading\": \"accepts\", \"any\": true}]"),
        format!("{first}IOTMP25-AMB-NON-MINIMAL has no reading \"accepts\"; did you mean accept?")
    );
    assert_eq!(
        load("\"outcomes\": [{\"reading\": \"accept\"}]"),
        format!("{first}an outcome has one of `value`, `reject` and `any`")
    );
    assert_eq!(
        load("\"outcomes\": []"),
        format!("{first}`outcomes` is empty")
    );
}

//! The specifications that are published with the crate.

use std::path::{Path, PathBuf};

use iotmp_spec::model::{Body, Extent, FieldType, IntEncoding, Shape, Spec};
use iotmp_spec::{load, load_str};

const ALL: [&str; 5] = [
    "iotmp-2020.yaml",
    "iotmp-2023.yaml",
    "iotmp-2025.yaml",
    "iotmp-shipping.yaml",
    "nubison.yaml",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn published(name: &str) -> Spec {
    load(&path(name)).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn counts(spec: &Spec) -> String {
    let count = |clauses: fn(&iotmp_spec::model::Clause) -> bool| {
        spec.clauses.iter().filter(|clause| clauses(clause)).count()
    };
    let fields: usize = spec
        .messages
        .iter()
        .map(|message| message.fields.len())
        .sum();
    format!(
        "{}: {} messages, {fields} fields, {} enums, {} maps, {} states, {} timers, {} limits, {} clauses ({} untestable), {} ambiguities",
        spec.name,
        spec.messages.len(),
        spec.enums.len(),
        spec.maps.len(),
        spec.states.len(),
        spec.timers.len(),
        spec.limits.len(),
        spec.clauses.len(),
        count(|clause| clause.untestable.is_some()),
        spec.ambiguities.len(),
    )
}

#[test]
fn the_counts_are_known() {
    let all = ALL.map(|name| counts(&published(name)));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn shipping_is_2025_with_its_own_changes() {
    let parent = published("iotmp-2025.yaml");
    let spec = published("iotmp-shipping.yaml");
    assert_eq!(spec.extends, ["iotmp-2025"]);
    assert_eq!(
        spec.files,
        [path("iotmp-shipping.yaml"), path("iotmp-2025.yaml")]
    );
    assert_eq!(spec.revision, "2026");

    let Body::KeyValue(body) = &spec.body else {
        panic!("its fields have keys")
    };
    let types: Vec<_> = body
        .wire_types
        .iter()
        .map(|ty| (ty.name.as_str(), ty.id))
        .collect();
    assert_eq!(types, [("varint", 0), ("pson_v2", 2)]);
    assert_eq!(
        body.wire_types[1].shape,
        Shape::Encoded(vec!["pson2".to_owned()])
    );

    let ids = |spec: &Spec| -> Vec<String> { spec.clauses.iter().map(|c| c.id.clone()).collect() };
    let mut expected = ids(&parent);
    expected.retain(|id| id != "IOTMP25-CONNECT-010" && !id.starts_with("IOTMP25-PSON1-"));
    let own = ids(&spec).split_off(expected.len());
    assert_eq!(ids(&spec)[..expected.len()], expected);
    assert!(own.iter().all(|id| id.starts_with("IOTMPS-")), "{own:?}");
    assert_eq!(own.len(), 13);

    assert_eq!(spec.messages.len(), parent.messages.len());
    assert!(
        spec.ambiguities
            .iter()
            .all(|a| a.id != "IOTMP25-AMB-PSON1-MISMATCH")
    );
}

#[test]
fn an_overridden_ambiguity_keeps_its_id_and_its_place_in_the_list() {
    let find = |spec: &Spec| {
        let at = spec
            .ambiguities
            .iter()
            .position(|a| a.id == "IOTMP25-AMB-INTERVAL");
        spec.ambiguities[at.expect("it is there")].clone()
    };
    assert_eq!(find(&published("iotmp-2025.yaml")).reference, "seconds");
    assert_eq!(
        find(&published("iotmp-shipping.yaml")).reference,
        "milliseconds"
    );
}

#[test]
fn places_say_which_file_a_thing_is_in() {
    let spec = published("iotmp-shipping.yaml");
    let file = |id: &str| spec.clause(id).map(|clause| clause.position.file);
    assert_eq!(file("IOTMPS-WIRE-001"), Some(0));
    assert_eq!(file("IOTMP25-FRAME-001"), Some(1));
    let text = std::fs::read_to_string(&spec.files[1]).expect("it was read before");
    for message in &spec.messages {
        let at = &message.position;
        let line = text.lines().nth(at.line - 1).expect("the line is there");
        assert_eq!(&line[at.column - 1..], format!("{}:", message.name));
    }
}

#[test]
fn embedded_text_gives_the_same_as_the_files() {
    let text = |name: &str| std::fs::read_to_string(path(name)).expect("published");
    let main = path("iotmp-shipping.yaml");
    let resolve = |word: &str| (word == "iotmp-2025.yaml").then(|| text(word));
    let spec = load_str(
        &main.to_string_lossy(),
        &text("iotmp-shipping.yaml"),
        &resolve,
    );
    assert_eq!(spec, Ok(published("iotmp-shipping.yaml")));
}

#[test]
fn fixed_layouts_begin_with_their_prefix() {
    let spec = published("nubison.yaml");
    let Body::Fixed(layout) = &spec.body else {
        panic!("its fields have no keys")
    };
    assert_eq!(layout.prefix.len(), 1);
    for message in &spec.messages {
        assert_eq!(message.fields.first(), layout.prefix.first());
        let places: Vec<_> = message.fields.iter().map(|field| field.id).collect();
        assert_eq!(places, (0..message.fields.len() as u32).collect::<Vec<_>>());
    }
    let data = spec.message("data").expect("it is there");
    let types: Vec<_> = data.fields.iter().map(|field| &field.ty).collect();
    assert_eq!(
        types,
        [
            &FieldType::Bytes(Extent::Exact(8)),
            &FieldType::Text(Extent::Exact(24)),
            &FieldType::Bytes(Extent::Prefixed(IntEncoding::BigEndian(2))),
        ]
    );
    let heartbeat = spec.message("heartbeat").expect("it is there");
    let mandatory: Vec<_> = heartbeat.fields.iter().map(|f| f.mandatory).collect();
    assert_eq!(mandatory, [true, true, false]);
}

#[test]
fn a_response_is_told_by_its_request_and_its_status() {
    let spec = published("nubison.yaml");
    let generic = spec.message_by_code(0x52).expect("it is there");
    assert_eq!(
        (generic.name.as_str(), generic.answers_to.len()),
        ("response", 0)
    );
    let cases = |request: &str| {
        let answers = spec.answers_by_code(0x52, request);
        let selector = spec.selector(&answers)?;
        assert_eq!(
            (selector.field.as_str(), selector.offset, selector.encoding),
            ("status", 8, IntEncoding::BigEndian(1))
        );
        Some(selector.cases)
    };
    let case = |value: u64, name: &str| (value, name.to_owned());
    assert_eq!(
        cases("login"),
        Some(vec![case(1, "login_accepted"), case(0, "refused")])
    );
    assert_eq!(
        cases("data"),
        Some(vec![case(1, "accepted"), case(0, "refused")])
    );
    assert_eq!(cases("heartbeat"), cases("data"));
    assert_eq!(cases("logout"), Some(vec![case(1, "accepted")]));
    assert_eq!(
        cases("command"),
        Some(vec![
            case(1, "command_accepted"),
            case(0, "command_refused")
        ])
    );
    assert_eq!(cases("response"), None);
    let login = spec.message("login").expect("it is there");
    assert_eq!(login.answers, ["login_accepted", "refused"]);
}

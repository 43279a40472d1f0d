//! What a file takes over from the file that it extends.

use std::path::Path;

use iotmp_spec::model::Spec;
use iotmp_spec::{Diagnostics, load_str};

const IDENTITY: &str = "title: T\nrevision: 2026\nstatus: profile\ndoc: D\n";

/// Loads `text`, which may extend `middle.yaml`, or the base of the bad files as `base.yaml`.
fn load(text: &str, middle: &str) -> Result<Spec, Diagnostics> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base.yaml");
    let base = std::fs::read_to_string(base).expect("the base");
    let resolve = |word: &str| match word {
        "base.yaml" => Some(base.clone()),
        "middle.yaml" => Some(middle.to_owned()),
        _ => None,
    };
    load_str("specs/child.yaml", text, &resolve)
}

fn child(text: &str) -> String {
    format!("spec: child\nextends: base.yaml\n{IDENTITY}{text}")
}

fn right(text: &str) -> Spec {
    load(&child(text), "").unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn codes(result: Result<Spec, Diagnostics>) -> Vec<(&'static str, usize)> {
    let diagnostics = result.expect_err("a mistake");
    diagnostics
        .iter()
        .map(|d| (d.code, d.primary.line))
        .collect()
}

#[test]
fn names_of_the_parent_come_first() {
    let spec = right(
        "messages:\n  aaa: { code: 9, direction: both, source: DOC, doc: New. }\n\
         limits:\n  aaa: { value: 1, unit: bytes, source: DOC }\n",
    );
    let limits: Vec<_> = spec
        .limits
        .iter()
        .map(|limit| limit.name.as_str())
        .collect();
    assert_eq!(limits, ["max_depth", "aaa"]);
    let codes: Vec<_> = spec.messages.iter().map(|message| message.code).collect();
    assert_eq!(codes, [1, 2, 9]);
}

#[test]
fn a_part_of_an_item_can_be_replaced() {
    let spec =
        right("messages:\n  ping:\n    fields:\n      number: { mandatory: false, default: 7 }\n");
    let ping = spec.message("ping").expect("inherited");
    let number = ping.field("number").expect("inherited");
    assert_eq!(
        (number.id, number.mandatory, number.default),
        (1, false, Some(7))
    );
    assert_eq!(number.doc, "Its number.");
    assert_eq!(ping.fields.len(), 2);
    // The field was changed in the child, the message itself was not.
    assert_eq!((number.position.file, number.position.line), (0, 10));
    assert_eq!(ping.position.file, 1);
}

#[test]
fn a_list_is_replaced_as_a_whole() {
    let spec = right("messages:\n  ping:\n    answers: []\n");
    assert_eq!(
        spec.message("ping").expect("inherited").answers,
        Vec::<String>::new()
    );
}

#[test]
fn a_tilde_deletes() {
    let spec = right("messages:\n  ping:\n    fields:\n      value: ~\ntimers: ~\n");
    let ping = spec.message("ping").expect("inherited");
    assert!(ping.field("value").is_none() && ping.field("number").is_some());
    assert_eq!(spec.timers, []);
}

#[test]
fn a_tilde_in_a_file_that_extends_nothing_is_refused() {
    let text = "spec: child\ntimers: ~\n";
    assert!(codes(load(text, "")).contains(&("delete-nothing", 2)));
}

#[test]
fn what_a_file_says_of_itself_is_not_inherited() {
    assert_eq!(
        codes(load("spec: child\nextends: base.yaml\n", "")),
        [("missing-key", 1)]
    );
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let middle = format!(
        "spec: middle\nextends: base.yaml\n{IDENTITY}limits:\n  max_depth: {{ value: 9 }}\n"
    );
    let text = format!("spec: child\nextends: middle.yaml\n{IDENTITY}");
    let spec = load(&text, &middle).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    assert_eq!(spec.extends, ["middle", "base"]);
    let files: Vec<_> = spec
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    assert_eq!(
        files,
        ["specs/child.yaml", "specs/middle.yaml", "specs/base.yaml"]
    );
    assert_eq!(spec.limit("max_depth"), Some(9));
    assert_eq!(spec.revision, "2026");
}

#[test]
fn a_mistake_in_the_parent_is_told_with_its_place() {
    let middle = format!("spec: middle\nextends: base.yaml\n{IDENTITY}limits: [1]\n");
    let text = format!("spec: child\nextends: middle.yaml\n{IDENTITY}");
    let diagnostics = load(&text, &middle).expect_err("a mistake");
    assert_eq!(
        diagnostics.to_string(),
        "error[wrong-type]: `limits` has to be a map, as in what is extended\n \
         --> specs/middle.yaml:7:9\n  |\n7 | limits: [1]\n  |         ^^^\n  \
         ::: specs/base.yaml:72:1  the extended map\n  \
         = help: write the names that change, each with a value"
    );
}

#[test]
fn a_map_that_is_replaced_by_mistake_is_told_once() {
    assert_eq!(
        codes(load(&child("messages: 5\n"), "")),
        [("wrong-type", 7)]
    );
    assert_eq!(
        codes(load(&child("sources: [A]\n"), "")),
        [("wrong-type", 7)]
    );
}

#[test]
fn a_circle_is_cut() {
    let middle = "spec: middle\nextends: ./child.yaml\n";
    let text = format!("spec: child\nextends: middle.yaml\n{IDENTITY}");
    assert_eq!(codes(load(&text, middle)), [("extends-cycle", 2)]);
}

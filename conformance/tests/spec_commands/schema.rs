//! `spec schema`, held against an independent validator.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::command::{spec, tests};

fn validator() -> Validator {
    let printed = spec(&["schema"]);
    assert_eq!(printed.code, Some(0), "{}", printed.err);
    let schema: Value = serde_json::from_str(&printed.out).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

/// Where the validator finds fault with a text, as paths into it.
fn faults(validator: &Validator, text: &str) -> Vec<String> {
    let value: Value = serde_yaml::from_str(text).expect("YAML");
    validator
        .iter_errors(&value)
        .map(|error| error.instance_path().to_string())
        .collect()
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn published() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec")
}

#[test]
fn the_committed_schema_is_up_to_date() {
    let ran = spec(&["schema", "--out", "../spec/schema.json", "--check"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

#[test]
fn what_is_out_of_date_is_told_with_the_command_to_run() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stale-schema.json");
    fs::write(&file, "{}").expect("a file");
    let out = file.to_string_lossy();
    let ran = spec(&["schema", "--out", &out, "--check"]);
    insta::assert_snapshot!(ran.all().replace(&*out, "OUT"));
}

#[test]
fn every_good_file_is_accepted() {
    let validator = validator();
    let mut files = yaml_files(&tests("spec_diff"));
    files.extend(
        fs::read_dir(published())
            .expect("a folder")
            .filter_map(|entry| {
                let path = entry.expect("an entry").path();
                path.extension()
                    .is_some_and(|e| e == "yaml")
                    .then_some(path)
            }),
    );
    assert!(files.len() > 60, "{}", files.len());
    for path in files {
        let faults = faults(&validator, &read(&path));
        assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn mistakes_of_every_kind_are_refused_where_they_stand() {
    let validator = validator();
    let good = read(&tests("spec_diff/base.yaml"));
    assert_eq!(faults(&validator, &good), Vec::<String>::new());
    for (from, to, at) in [
        // A misspelt key.
        (
            "    direction: to-device\n",
            "    directon: to-device\n",
            "/messages/set",
        ),
        ("timers:\n", "timer:\n", ""),
        // A wrong type.
        ("    bits: 8\n", "    bits: eight\n", "/enums/colour/bits"),
        (
            "max_size: { value: 1000",
            "max_size: { value: -1",
            "/limits/max_size/value",
        ),
        (
            "binds: [device]",
            "binds: device",
            "/clauses/LAMP-SET-001/binds",
        ),
        // A word that there is not.
        ("shape: varint", "shape: variant", "/body"),
        ("status: current", "status: recent", "/status"),
        (
            "level: MUST",
            "level: MUSTARD",
            "/clauses/LAMP-SET-001/level",
        ),
        ("  code: varint32", "  code: varint31", "/framing/code"),
        // A key that is missing, or empty, or deleted where there is nothing to delete.
        ("revision: \"1\"\n", "", ""),
        (
            "    reference: nearest\n",
            "",
            "/ambiguities/LAMP-AMB-UNKNOWN",
        ),
        ("doc: Switches lamps.\n", "doc:\n", "/doc"),
        (
            "  closed:\n    doc: Dark.\n",
            "  closed: ~\n",
            "/states/closed",
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from:?} is not there");
        assert!(
            faults(&validator, &bad).contains(&at.to_owned()),
            "{to:?}: {:?}",
            faults(&validator, &bad)
        );
    }
}

#[test]
fn a_file_that_extends_may_leave_out_and_delete_but_not_misspell() {
    let validator = validator();
    let identity = "spec: b\nextends: a.yaml\ntitle: B\nrevision: 2\nstatus: current\ndoc: B.\n";
    let bare = "spec: b\nextends: a.yaml\ntitle: ~\nrevision: 2\nstatus: current\n";
    assert_eq!(faults(&validator, bare), ["", "/title"]);
    let faults = |text: &str| faults(&validator, &format!("{identity}{text}"));
    assert_eq!(
        faults("messages:\n  set: ~\n  ok: { code: 7 }\n"),
        Vec::<String>::new()
    );
    assert_eq!(faults("timers: ~\n"), Vec::<String>::new());
    assert_eq!(faults("messages:\n  ok: { cod: 7 }\n"), ["/messages/ok"]);
}

#[test]
fn what_stands_in_one_place_is_seen_without_the_reader() {
    let validator = validator();
    let folder = published().join("tests/bad");
    let refused: Vec<_> = yaml_files(&folder)
        .into_iter()
        .filter(|path| {
            let value = serde_yaml::from_str::<Value>(&read(path));
            value.is_ok_and(|value| !validator.is_valid(&value))
        })
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    for mistake in [
        "bad-bits",
        "missing-key-at-the-top",
        "unknown-byte-order",
        "unknown-direction",
        "unknown-encoding",
        "unknown-integer",
        "unknown-key",
        "unknown-key-part",
        "unknown-layout",
        "unknown-level",
        "unknown-party",
        "unknown-shape",
        "unknown-status",
        "unknown-unit",
        "wrong-type",
    ] {
        assert!(refused.iter().any(|name| name == mistake), "{mistake}");
    }
}

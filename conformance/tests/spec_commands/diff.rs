//! `spec diff`: one snapshot for each pair of files.

use std::collections::BTreeSet;

use iotmp_conformance::spec_tools::diff::{RULES, Severity, diff};
use iotmp_spec::load;

use super::command::{spec, tests};

#[test]
fn every_pair() {
    insta::glob!(tests("spec_diff"), "*/new.yaml", |new| {
        let old = new.with_file_name("old.yaml");
        let words = ["diff", &old.to_string_lossy(), &new.to_string_lossy()];
        insta::assert_snapshot!(spec(&words).all());
    });
}

#[test]
fn every_rule_has_a_pair() {
    let mut shown = BTreeSet::new();
    for folder in std::fs::read_dir(tests("spec_diff")).expect("pairs") {
        let folder = folder.expect("a pair").path();
        if folder.is_dir() {
            let [old, new] = ["old.yaml", "new.yaml"].map(|name| folder.join(name));
            let (old, new) = (load(&old).expect("older"), load(&new).expect("newer"));
            shown.extend(
                diff(&old, &new)
                    .changes
                    .iter()
                    .map(|change| change.rule.name),
            );
        }
    }
    let missing: Vec<_> = RULES
        .iter()
        .map(|rule| rule.name)
        .filter(|name| !shown.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn only_a_breaking_change_fails() {
    let code = |pair: &str| {
        let [old, new] = ["old", "new"].map(|side| format!("tests/spec_diff/{pair}/{side}.yaml"));
        spec(&["diff", &old, &new]).code
    };
    assert_eq!(code("nothing"), Some(0));
    assert_eq!(code("words"), Some(0));
    assert_eq!(code("compatible_only"), Some(0));
    assert_eq!(code("enum_value_removed"), Some(1));
}

#[test]
fn a_change_backwards_is_as_breaking() {
    let old = load(&tests("spec_diff/field_identifiers/old.yaml")).expect("older");
    let new = load(&tests("spec_diff/field_identifiers/new.yaml")).expect("newer");
    let names = |changes: Vec<&str>| changes.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let forth = diff(&old, &new);
    let back = diff(&new, &old);
    let of = |diff: &iotmp_conformance::spec_tools::diff::Diff| {
        names(diff.of(Severity::Breaking).map(|c| c.rule.name).collect())
    };
    assert_eq!(of(&forth), of(&back));
}

#[test]
fn built_in_specifications_go_by_name() {
    let ran = spec(&["diff", "iotmp-2025", "../spec/iotmp-2025.yaml"]);
    assert_eq!(
        ran.all(),
        "exit code 0\n--- stdout\niotmp-2025: no difference\n"
    );
}

#[test]
fn what_is_no_specification_is_wrong_usage() {
    insta::assert_snapshot!(spec(&["diff", "iotmp-2052", "iotmp-2025"]).all());
    let bad = "tests/spec_check/two-mistakes.yaml";
    insta::assert_snapshot!(spec(&["diff", "iotmp-2025", bad]).all());
}

#[test]
fn the_help_states_the_policy() {
    insta::assert_snapshot!(spec(&["diff", "--help"]).out);
}

//! `spec check`.

use super::command::spec;

#[test]
fn our_own_files_are_good() {
    let ran = spec(&[
        "check",
        "../spec/iotmp-2025.yaml",
        "../spec/iotmp-shipping.yaml",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.err, "");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2);
    for (line, name) in lines.iter().zip(["iotmp-2025", "iotmp-shipping"]) {
        let start = format!("../spec/{name}.yaml: {name}: 10 messages, 29 fields, ");
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn everything_held_is_counted() {
    insta::assert_snapshot!(spec(&["check", "tests/spec_diff/base.yaml"]).all());
}

#[test]
fn a_bad_file_is_told_with_all_its_mistakes_and_hides_no_good_one() {
    let bad = "tests/spec_check/two-mistakes.yaml";
    insta::assert_snapshot!(spec(&["check", bad, "tests/spec_diff/base.yaml"]).all());
}

#[test]
fn a_file_that_cannot_be_read_weighs_more_than_a_bad_one() {
    let bad = "tests/spec_check/two-mistakes.yaml";
    insta::assert_snapshot!(spec(&["check", "nowhere.yaml", bad, ".."]).all());
}

#[test]
fn a_file_that_extends_nothing_that_can_be_read_is_bad_itself() {
    let ran = spec(&["check", "../spec/tests/bad/unreadable.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("error[unreadable]"), "{}", ran.err);
}

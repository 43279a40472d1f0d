//! `spec docs`, and the documentation that is committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use iotmp_conformance::{spec_tools::docs::docs, specs};

use super::command::spec;

#[test]
fn the_committed_documentation_is_up_to_date() {
    let ran = spec(&["docs", "--check", "--out", "../docs"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

#[test]
fn what_is_out_of_date_is_told_with_the_command_to_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stale-docs");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("iotmp-2025.md"), "# Old\n").expect("a file");
    let out = folder.to_string_lossy();
    let ran = spec(&[
        "docs",
        "iotmp-2025",
        "lamp-that-is-not",
        "--check",
        "--out",
        &out,
    ]);
    assert_eq!(ran.code, Some(2), "an unknown name is wrong usage");
    let ran = spec(&["docs", "iotmp-2025", "--check", "--out", &out]);
    insta::assert_snapshot!(ran.all().replace(&*out, "OUT"));
    let written = spec(&["docs", "iotmp-2025", "--out", &out]);
    assert_eq!(written.code, Some(0), "{}", written.err);
    let ran = spec(&["docs", "iotmp-2025", "--check", "--out", &out]);
    assert_eq!(
        ran.all().replace(&*out, "OUT"),
        "exit code 0\n--- stdout\nOUT/iotmp-2025.md: up to date\n"
    );
}

#[test]
fn a_small_specification_of_each_layout() {
    for name in ["base", "base_fixed"] {
        let path = format!("tests/spec_diff/{name}.yaml");
        let spec = iotmp_spec::load(Path::new(&path)).expect("good");
        insta::assert_snapshot!(name, docs(&spec, "make docs"));
    }
}

#[test]
fn every_link_leads_somewhere() {
    for spec in specs::all() {
        let text = docs(spec, "make docs");
        let anchors: BTreeSet<&str> = text
            .split("<a id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let links: BTreeSet<&str> = text
            .split("](#")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .collect();
        assert!(links.len() > 15, "{}: {links:?}", spec.name);
        let lost: Vec<_> = links.difference(&anchors).collect();
        assert_eq!(lost, Vec::<&&str>::new(), "{}", spec.name);
        for clause in &spec.clauses {
            assert!(anchors.contains(clause.id.as_str()), "{}", clause.id);
        }
    }
}

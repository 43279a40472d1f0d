//! One file for each mistake, and what is said of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iotmp_spec::{Diagnostics, load, load_str};

/// Rules that no file in `bad/` breaks, and why.
const ELSEWHERE: [(&str, &str); 3] = [
    ("incomplete", "no input leads to it"),
    ("not-utf8", "tested below, so that every file is text"),
    ("too-large", "tested below, so that no file is large"),
];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What is said of a file, without the folder that the repository is in.
fn said(diagnostics: &Diagnostics) -> String {
    let folder = format!("{}/", tests().display());
    diagnostics.to_string().replace(&folder, "")
}

#[test]
fn every_mistake_is_told() {
    insta::glob!(tests(), "bad/*.yaml", |path| {
        let stem = path.file_stem().expect("a file").to_string_lossy();
        let diagnostics = load(path).expect_err("it holds a mistake");
        let codes: Vec<_> = diagnostics.iter().map(|d| d.code).collect();
        if stem != "several-mistakes" {
            assert!(
                codes.iter().all(|code| stem.starts_with(code)),
                "{stem}: {codes:?}"
            );
        }
        insta::assert_snapshot!(said(&diagnostics));
    });
}

#[test]
fn every_rule_has_a_file() {
    let mut text = String::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else {
            let source = std::fs::read_to_string(path).expect("source");
            text.extend(source.split("#[cfg(test)]").next());
        }
    }
    // A code is the only kind of string that is lower-case words joined by dashes.
    let words = text.split('"').filter(|word| {
        word.contains('-')
            && word
                .split('-')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase()))
    });
    let not_codes = [
        "key-value",
        "wire-type",
        "fixed",
        "to-server",
        "to-device",
        "big-endian",
        "little-endian",
        "read-page",
    ];
    let codes: BTreeSet<_> = words.filter(|word| !not_codes.contains(word)).collect();
    assert!(codes.contains("duplicate-code"), "the source is read");
    for code in codes {
        let file = tests().join(format!("bad/{code}.yaml"));
        let elsewhere = ELSEWHERE.iter().any(|(other, _)| *other == code);
        assert!(file.exists() != elsewhere, "{code}");
    }
}

#[test]
fn there_are_many_rules() {
    let files = std::fs::read_dir(tests().join("bad")).expect("a folder");
    assert!(files.count() >= 100);
}

#[test]
fn the_bases_of_the_bad_files_are_right() {
    let spec = load(&tests().join("base.yaml")).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(spec.messages.len(), 2);
    assert_eq!(
        spec.clause("BASE-LATE-001").map(|c| c.id.as_str()),
        Some("BASE-PING-002")
    );
    let spec = load(&tests().join("fixed.yaml")).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(spec.messages.len(), 5);
}

#[test]
fn a_diagnostic_says_where_in_numbers_too() {
    let diagnostics = load(&tests().join("bad/duplicate-code.yaml")).expect_err("a mistake");
    let all: Vec<_> = diagnostics.iter().collect();
    let [only] = all.as_slice() else {
        panic!("{diagnostics}")
    };
    assert_eq!(only.code, "duplicate-code");
    assert_eq!(only.primary.path, tests().join("bad/duplicate-code.yaml"));
    assert_eq!(
        (only.primary.line, only.primary.column, only.primary.length),
        (10, 11, 4)
    );
    let [first] = only.secondary.as_slice() else {
        panic!("{diagnostics}")
    };
    assert_eq!(first.path, tests().join("bad/../base.yaml"));
    assert_eq!((first.line, first.column), (54, 11));
}

#[test]
fn bytes_that_are_no_text_are_told_by_their_place() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("not-utf8.yaml");
    std::fs::write(&path, b"spec: bad\ntitle: \xc3\xa4\xff\n").expect("a temporary file");
    let diagnostics = load(&path).expect_err("a mistake");
    let all: Vec<_> = diagnostics
        .iter()
        .map(|d| (d.code, d.primary.line, d.primary.column))
        .collect();
    assert_eq!(all, [("not-utf8", 2, 9)]);
}

#[test]
fn a_large_text_is_not_read() {
    let text = "#".repeat((4 << 20) + 1);
    let diagnostics = load_str("large.yaml", &text, &|_| None).expect_err("a mistake");
    assert_eq!(
        diagnostics.to_string(),
        "error[too-large]: the file is larger than the 4194304 bytes that are read\n --> large.yaml"
    );
}

#[test]
fn embedded_text_that_extends_what_is_not_there_is_refused() {
    let diagnostics = load_str("a.yaml", "extends: b.yaml\n", &|_| None).expect_err("a mistake");
    assert_eq!(
        diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(),
        ["unreadable"]
    );
}

#[test]
fn a_chain_without_an_end_is_cut() {
    let text = |word: &str| Some(format!("extends: {word}x\n"));
    let diagnostics = load_str("a", "extends: x\n", &text).expect_err("a mistake");
    assert_eq!(
        diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(),
        ["extends-cycle"]
    );
}

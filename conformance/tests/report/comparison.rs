//! Two runs: what is worse, what is better, and the exit codes of `diff`.

use std::path::PathBuf;
use std::process::{Command, Output};

use iotmp_conformance::comparison::Comparison;
use iotmp_conformance::report::{CaseResult, Format, Report};
use iotmp_conformance::verdict::Verdict;

use crate::fixture::{RUN, case, fail, inconclusive, info, report, run, skip, written};

fn of(cases: Vec<CaseResult>) -> Report {
    report(run(cases))
}

fn before() -> Report {
    of(vec![
        case("server.run.a", &[RUN], Verdict::Pass),
        case(
            "server.run.b",
            &["IOTMP25-CONNECT-008"],
            fail(None, "Ok", "Error"),
        ),
        case("server.run.c", &["IOTMP25-KEEPALIVE-001"], Verdict::Pass),
        case("server.run.d", &[], skip()),
        case("server.run.e", &[], info("ignore")),
        case("server.run.f", &[], Verdict::Pass),
    ])
}

fn after() -> Report {
    of(vec![
        case("server.run.a", &[RUN], fail(Some(RUN), "one answer", "two")),
        case("server.run.b", &["IOTMP25-CONNECT-008"], Verdict::Pass),
        case("server.run.c", &["IOTMP25-KEEPALIVE-001"], inconclusive()),
        case("server.run.d", &[], Verdict::Pass),
        case("server.run.e", &[], info("close")),
        case("server.run.g", &[], Verdict::Pass),
    ])
}

fn text(comparison: &Comparison) -> String {
    let mut out = Vec::new();
    comparison.write_text(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn every_change_is_told_worst_first() {
    let comparison = Comparison::new(("old.json", &before()), ("new.json", &after()));
    assert!(comparison.is_worse());
    insta::assert_snapshot!("comparison", text(&comparison));
}

#[test]
fn the_way_back_is_better_but_for_what_passed_elsewhere() {
    let better = of(vec![case("server.run.a", &[RUN], Verdict::Pass)]);
    let worse = of(vec![case("server.run.a", &[RUN], fail(None, "one", "two"))]);
    let comparison = Comparison::new(("a", &worse), ("b", &better));
    assert_eq!(comparison.exit_code(), 0);
    assert!(text(&comparison).ends_with("0 worse, 2 better, 0 other: nothing got worse\n"));
}

#[test]
fn a_clause_that_is_no_longer_proved_is_worse_and_a_case_alone_is_not() {
    let both = of(vec![
        case("server.run.a", &[RUN], Verdict::Pass),
        case("server.run.b", &[RUN], Verdict::Pass),
    ]);
    let one = of(vec![case("server.run.a", &[RUN], Verdict::Pass)]);
    let none = of(vec![case("server.run.f", &[], Verdict::Pass)]);
    assert_eq!(Comparison::new(("a", &both), ("b", &one)).exit_code(), 0);
    assert_eq!(Comparison::new(("a", &both), ("b", &none)).exit_code(), 1);
}

#[test]
fn a_subject_that_died_is_worse() {
    let mut dead = run(vec![case("server.run.a", &[RUN], Verdict::Pass)]);
    dead.gone = Some("it refuses connections".to_owned());
    let (alive, dead) = (
        of(vec![case("server.run.a", &[RUN], Verdict::Pass)]),
        report(dead),
    );
    assert_eq!(Comparison::new(("a", &alive), ("b", &dead)).exit_code(), 1);
    assert_eq!(Comparison::new(("a", &dead), ("b", &dead)).exit_code(), 0);
}

/// A folder of its own that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("iotmp-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn diff(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"));
    command.arg("diff").args(arguments).output().unwrap()
}

#[test]
fn diff_ends_with_0_1_or_2() {
    let folder = Folder::new("diff");
    let old = folder.file("old.json", &written(&before(), Format::Json));
    let new = folder.file("new.json", &written(&after(), Format::Json));
    let bad = folder.file("bad.json", "{\"model\": 1, \"tool\": 7}");
    let page = folder.file("page.html", "");

    let same = diff(&[&old, &old]);
    assert_eq!(same.status.code(), Some(0));
    let said = String::from_utf8(same.stdout).unwrap();
    assert!(
        said.ends_with("0 worse, 0 better, 0 other: nothing changed\n"),
        "{said}"
    );

    let to = format!("html={page}");
    let worse = diff(&[&old, &new, "--report", &to, "--report", "json=-"]);
    assert_eq!(worse.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&worse.stdout).unwrap();
    assert_eq!(json["cases"][0]["turn"], "worse");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("something got worse"));
    assert!(!page.contains("<two>"));

    for arguments in [[old.as_str(), &bad], [&old, "/nowhere/at/all.json"]] {
        let wrong = diff(&arguments);
        assert_eq!(wrong.status.code(), Some(2));
        let said = String::from_utf8(wrong.stderr).unwrap();
        assert!(
            said.starts_with(&format!("error: {}", arguments[1])),
            "{said}"
        );
        assert_eq!(wrong.stdout, b"");
    }
}

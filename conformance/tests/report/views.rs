//! The formats for machines, read by other programs and against their schemas.

use std::io::Write;
use std::process::{Command, Stdio};

use iotmp_conformance::baseline::Baseline;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::report::{Format, Report};
use iotmp_conformance::verdict::Verdict;
use serde_json::{Value as Json, json};

use crate::fixture::{case, everything, report, run, written};
use crate::has;

/// What Python makes of a JUnit file: it checks the structure, and prints what it read.
fn read_back(junit: &str) -> Option<Json> {
    if !has("python3") {
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/junit.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(junit.as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn junit_is_read_by_another_parser() {
    let junit = written(&everything(), Format::Junit);
    insta::assert_snapshot!("junit", junit);
    let Some(read) = read_back(&junit) else {
        return;
    };
    let cases = read["cases"].as_array().unwrap();
    let said: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| {
            (
                case["name"].as_str().unwrap(),
                case["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("server.run.no-resource", "success"),
            ("server.run.one-answer", "failure"),
            ("server.keep-alive.missed", "error"),
            ("server.describe.all", "skipped"),
            ("server.probe.unknown-type", "success"),
            ("IOTMP25-KEEPALIVE-001", "error"),
        ]
    );
    assert_eq!(cases[1]["message"], "expected 0101, got 0102ff");
    assert_eq!(cases[1]["type"], "IOTMP25-RUN-001");
    let text = cases[1]["text"].as_str().unwrap();
    assert!(
        text.contains("does # \"this\" & </script><b>that</b>"),
        "{text}"
    );
    assert!(text.ends_with("--select server.run.one-answer"), "{text}");
}

#[test]
fn a_dead_subject_and_a_stale_entry_are_red_in_junit() {
    let mut lost = run(vec![case("server.run.no-resource", &[], Verdict::Pass)]);
    lost.gone = Some("it refuses connections".to_owned());
    let mut lost = report(lost);
    let entry = "expected: [{case: server.run.no-resource, reason: 'ticket 12'}]";
    lost.hold_against(&Baseline::read(entry).unwrap(), &Selection::default());
    let Some(read) = read_back(&written(&lost, Format::Junit)) else {
        return;
    };
    assert_eq!(
        read["totals"],
        json!({ "tests": 3, "failures": 1, "errors": 1, "skipped": 0 })
    );
}

fn validate(report: &Report) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let written: Json = serde_json::from_str(&written(report, Format::Json)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&written)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn json_keeps_its_schema_and_is_read_back_as_it_was() {
    let mut all = everything();
    validate(&all);
    let entries = "expected:\n\
                   - {case: server.run.one-answer, reason: known, spec: iotmp-shipping, subject: server}\n\
                   - {case: server.keep-alive.missed, verdict: inconclusive, reason: slow}\n\
                   - {case: 'server.conn*', reason: nothing}\n";
    all.hold_against(&Baseline::read(entries).unwrap(), &Selection::default());
    validate(&all);
    let json = written(&all, Format::Json);
    let read = Report::read(&json).unwrap();
    assert_eq!(written(&read, Format::Json), json);
}

#[test]
fn a_report_of_another_model_is_refused() {
    let json = written(&everything(), Format::Json).replace("\"model\": 1", "\"model\": 9");
    assert_eq!(
        Report::read(&json).unwrap_err().to_string(),
        "the report is of model 9, and this program reads 1; run it again"
    );
    let error = Report::read("{\"model\": 1}").unwrap_err().to_string();
    assert!(
        error.starts_with("not a JSON report: missing field `tool`"),
        "{error}"
    );
}

#[test]
fn text_is_a_tree_with_the_proof() {
    let text = written(&everything(), Format::Text);
    insta::assert_snapshot!("text", anstream::adapter::strip_str(&text).to_string());
}

#[test]
fn a_badge_says_what_the_exit_code_says() {
    let badge = |report: &Report| -> Json {
        serde_json::from_str(&written(report, Format::Badge)).unwrap()
    };
    let failed = badge(&everything());
    assert_eq!(
        failed,
        json!({ "schemaVersion": 1, "label": "iotmp-shipping", "message": "MUST 0/2, 1 broken", "color": "red", "isError": false })
    );
    let passing = report(run(vec![case(
        "server.run.no-resource",
        &["IOTMP25-RUN-001"],
        Verdict::Pass,
    )]));
    assert_eq!(badge(&passing)["message"], "MUST 1/1");
    assert_eq!(badge(&passing)["color"], "brightgreen");
    let untested = report(run(vec![
        case("server.run.no-resource", &[], Verdict::Pass),
        case(
            "server.describe.all",
            &["IOTMP25-RUN-001"],
            crate::fixture::skip(),
        ),
    ]));
    assert_eq!(badge(&untested)["message"], "MUST 0/1, untested");
    assert_eq!(badge(&untested)["color"], "yellow");
    let picture = written(&passing, Format::BadgeSvg);
    assert!(
        picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""),
        "{picture}"
    );
    assert!(
        picture.contains("<title>iotmp-shipping: MUST 1/1</title>"),
        "{picture}"
    );
}

#[test]
fn the_path_of_a_badge_tells_its_sort() {
    assert_eq!(Format::named("badge", "b.json"), Some(Format::Badge));
    assert_eq!(Format::named("badge", "B.SVG"), Some(Format::BadgeSvg));
    assert_eq!(Format::named("text", "b.svg"), Some(Format::Text));
    assert_eq!(Format::named("xml", "b.xml"), None);
}

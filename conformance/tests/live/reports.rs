//! What is written down is what the schema says, and the reference passes.

use iotmp_conformance::specs;
use serde_json::Value as Json;

use crate::exit_codes::{program, text};
use crate::mini_server::{Fault, MiniServer};

fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn check(report: &str) -> Json {
    let report: Json = serde_json::from_str(report).unwrap();
    let errors: Vec<String> = schema()
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    report
}

#[tokio::test]
async fn a_report_of_every_verdict_keeps_the_schema() {
    let server = MiniServer::start(Fault::RefusesKeepAliveParameter).await;
    let address = server.address.to_string();
    let mut arguments = vec![
        "server",
        &address,
        "--user",
        "u",
        "--device",
        "d",
        "--credential",
        "secret",
    ];
    // The control of the second is not kept: the interval is refused.
    for select in [
        "server.keep-alive.*",
        "server.connect.keep-alive-*",
        "server.run.*",
        "server.probe.*",
    ] {
        arguments.extend(["--select", select]);
    }
    arguments.extend(["--timeout", "1500", "--report", "json=-"]);
    let output = program(&arguments).await;
    let report = check(text(&output.stdout));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["exit_code"], 1);
    for verdict in ["pass", "info", "skip", "inconclusive", "fail"] {
        assert!(
            report["counts"][verdict].is_u64(),
            "no {verdict} in {}",
            report["counts"]
        );
    }
    let cases = report["runs"][0]["cases"].as_array().unwrap();
    let failed = cases.iter().find(|case| case["verdict"] == "fail").unwrap();
    assert_eq!(failed["id"], "server.connect.keep-alive-longest");
    assert!(
        !failed["transcript"][1]["fields"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_reference_passes_its_own_suite() {
    let output = program(&["self", "--report", "json=-"]).await;
    let report = check(text(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(report["counts"]["fail"], Json::Null);
    assert_eq!(report["counts"]["inconclusive"], Json::Null);
    let ledgers = report["ledgers"].as_array().unwrap();
    for spec in specs::names() {
        let ledger = ledgers.iter().find(|ledger| ledger["spec"] == spec);
        let clauses = ledger.unwrap()["clauses"].as_array().unwrap();
        let spec = specs::by_name(spec).unwrap();
        for clause in clauses
            .iter()
            .filter(|clause| clause["status"] == "untested")
        {
            let id = clause["clause"].as_str().unwrap();
            let excused = &spec.clause(id).unwrap().untestable;
            assert_eq!(clause["reason"].as_str(), excused.as_deref(), "{id}");
        }
    }
    for spec in specs::names() {
        let runs = report["runs"].as_array().unwrap().iter();
        let subjects: Vec<&str> = runs
            .filter(|run| run["spec"] == spec)
            .map(|run| run["subject"].as_str().unwrap())
            .collect();
        assert_eq!(subjects, ["codec", "server", "device"], "{spec}");
    }
}

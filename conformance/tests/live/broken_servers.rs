//! A server that breaks a rule fails by the clause of that rule, and by no other.

use core::time::Duration;
use std::sync::Arc;

use iotmp_conformance::case::Role;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Finished, Settings};
use iotmp_conformance::specs;
use iotmp_conformance::subject::{Manner, Subject};
use iotmp_conformance::verdict::Kind;
use iotmp_spec::model::Party;

use crate::mini_server::{Fault, MiniServer, credentials};

/// Answers of this machine come faster; only what does not come takes so long.
pub(crate) fn manner() -> Manner {
    Manner {
        timeout: Duration::from_millis(1500),
        patience: Duration::from_secs(3),
        ..Manner::default()
    }
}

pub(crate) async fn run(fault: Fault, select: &[&str]) -> (Finished, Ledger) {
    let server = MiniServer::start(fault).await;
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let subject = Subject::server(spec, server.address.to_string(), credentials(), manner());
    let selection = Selection {
        select: select.iter().map(|&pattern| pattern.to_owned()).collect(),
        ..Selection::default()
    };
    let cases = selection.cases(spec, Role::Server);
    assert!(!cases.is_empty(), "{select:?} selects nothing");
    let subjects = [Arc::new(subject)];
    let finished = runner::run(&subjects, cases, &Settings::default())
        .await
        .unwrap();
    let claims: Vec<_> = finished
        .results
        .iter()
        .map(|result| result.claim())
        .collect();
    let ledger = Ledger::reckon(spec, &[Party::Server], None, &claims);
    (finished, ledger)
}

/// What failed, and how.
pub(crate) fn failures(finished: &Finished) -> Vec<(&str, String)> {
    let failed = finished
        .results
        .iter()
        .filter(|result| matches!(result.verdict.kind(), Kind::Fail | Kind::Inconclusive));
    failed
        .map(|result| {
            (
                result.id.as_str(),
                result.verdict.reason().unwrap_or_default(),
            )
        })
        .collect()
}

/// Asserts that `fault` is found by `case`, and that it breaks `clause` alone.
async fn breaks(fault: Fault, select: &[&str], case: &str, clause: &str) {
    let (finished, ledger) = run(fault, select).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    let why = failures(&finished);
    assert_eq!(broken, [clause], "{fault:?}: {why:#?}");
    let failed: Vec<&str> = finished
        .results
        .iter()
        .filter(|result| result.verdict.kind() == Kind::Fail)
        .map(|result| result.id.as_str())
        .collect();
    assert!(failed.contains(&case), "{fault:?} failed {failed:?} only");
}

#[tokio::test]
async fn one_that_breaks_nothing_passes() {
    let select = [
        "server.connect.*",
        "server.first-message.*",
        "server.keep-alive.*",
    ];
    let select = [
        &select[..],
        &["server.run.*", "server.disconnect.*", "server.stream.*"],
    ]
    .concat();
    let select = [
        &select[..],
        &["server.framing.*", "server.fields.*", "server.hostile.*"],
    ]
    .concat();
    let (finished, ledger) = run(Fault::None, &select).await;
    let bad: Vec<_> = finished
        .results
        .iter()
        .filter(|result| !matches!(result.verdict.kind(), Kind::Pass | Kind::Info))
        // It has nothing that could be mixed up, and no two connections at a time.
        .filter(|result| {
            !["server.run.under-load", "server.run.two-connections"].contains(&result.id.as_str())
        })
        // It has no resources of its own.
        .filter(|result| result.id != "server.connect.refused-not-served")
        .filter(|result| result.id != "server.stream.unsubscribed-twice")
        .filter(|result| result.id != "server.stream.subscribed-id")
        .filter(|result| result.id != "server.stream.stop-of-another")
        .filter(|result| result.id != "server.stream.stop-beside-one")
        .filter(|result| result.id != "server.stream.subscribed-disconnect")
        // There is no time for what takes long.
        .filter(|result| result.id != "server.keep-alive.not-early")
        .filter(|result| result.id != "server.run.server-resource-forms")
        .filter(|result| result.id != "server.hostile.unread")
        // Nobody makes this server turn to its devices.
        .filter(|result| !result.id.starts_with("server.stream.listened-"))
        .map(|result| (&result.id, &result.verdict))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let untested: Vec<&str> = ledger
        .untested()
        .map(|(entry, _)| entry.clause.as_str())
        .collect();
    assert_eq!(untested, ["IOTMP25-SHARE-001", "IOTMP25-SHARE-002"]);
    assert_eq!(finished.gone, None);
}

#[tokio::test]
async fn run_answered_twice() {
    let select = ["server.run.one-answer"];
    let (finished, ledger) = run(Fault::AnswersRunTwice, &select).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    assert_eq!(broken, ["IOTMP25-RUN-001"]);
    let verdict = &finished.results[0].verdict;
    assert_eq!(
        verdict.reason().unwrap(),
        "expected one answer, got error stream_id=102"
    );
    assert!(!finished.results[0].transcript.is_empty());
}

#[tokio::test]
async fn run_answered_without_an_identifier() {
    let case = "server.run.no-stream-id";
    breaks(
        Fault::AnswersRunWithoutId,
        &["server.run.*"],
        case,
        "IOTMP25-RUN-002",
    )
    .await;
}

#[tokio::test]
async fn run_answered_under_another_identifier() {
    let case = "server.framing.request";
    breaks(
        Fault::AnswersUnderAnotherId,
        &[case],
        case,
        "IOTMP25-SID-001",
    )
    .await;
}

#[tokio::test]
async fn any_prefix_of_the_credential_accepted() {
    let case = "server.connect.credential-prefix";
    breaks(
        Fault::AcceptsAnyPrefix,
        &["server.connect.*"],
        case,
        "IOTMP25-CONNECT-006",
    )
    .await;
}

#[tokio::test]
async fn four_strings_accepted() {
    let case = "server.connect.payload-four-strings";
    breaks(
        Fault::AcceptsFourStrings,
        &["server.connect.*"],
        case,
        "IOTMP25-CONNECT-007",
    )
    .await;
}

#[tokio::test]
async fn refusal_without_a_code() {
    let case = "server.connect.refusal-code";
    breaks(
        Fault::RefusesWithoutCode,
        &["server.connect.*"],
        case,
        "IOTMP25-CONNECT-008",
    )
    .await;
}

#[tokio::test]
async fn ok_of_connect_with_a_payload() {
    let case = "server.connect.ok-is-bare";
    breaks(
        Fault::OkWithPayload,
        &["server.connect.*"],
        case,
        "IOTMP25-CONNECT-015",
    )
    .await;
}

#[tokio::test]
async fn wrong_first_message_borne() {
    let case = "server.first-message.run";
    let select = ["server.connect.ok", "server.first-message.*"];
    breaks(
        Fault::KeepsWrongFirstMessage,
        &select,
        case,
        "IOTMP25-CONNECT-002",
    )
    .await;
}

#[tokio::test]
async fn disconnect_ignored() {
    let case = "server.disconnect.ends";
    breaks(
        Fault::KeepsAfterDisconnect,
        &["server.disconnect.*"],
        case,
        "IOTMP25-DISCONNECT-001",
    )
    .await;
}

#[tokio::test]
async fn keep_alive_not_answered() {
    let case = "server.keep-alive.answered";
    breaks(
        Fault::IgnoresKeepAlive,
        &[case],
        case,
        "IOTMP25-KEEPALIVE-003",
    )
    .await;
}

#[tokio::test]
async fn keep_alive_with_a_body() {
    let case = "server.keep-alive.answered";
    breaks(
        Fault::KeepAliveWithBody,
        &[case],
        case,
        "IOTMP25-KEEPALIVE-001",
    )
    .await;
}

#[tokio::test]
async fn missing_keep_alive_borne() {
    let case = "server.keep-alive.missed";
    breaks(
        Fault::NeverMisses,
        &["server.keep-alive.*"],
        case,
        "IOTMP25-KEEPALIVE-004",
    )
    .await;
}

#[tokio::test]
async fn second_message_of_one_piece_forgotten() {
    let case = "server.framing.coalesced";
    let select = [
        "server.framing.coalesced",
        "server.keep-alive.answered-each",
    ];
    let (finished, ledger) = run(Fault::ForgetsSecondOfOnePiece, &select).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    assert!(broken.contains(&"IOTMP25-FRAME-004"), "{broken:?}");
    assert_eq!(finished.results.len(), 2);
    let failed = finished.results.iter().find(|result| result.id == case);
    assert_eq!(failed.unwrap().verdict.kind(), Kind::Fail);
}

#[tokio::test]
async fn stream_identifier_cut() {
    let case = "server.fields.stream-id-17-bits";
    let (finished, ledger) = run(Fault::CutsStreamId, &[case]).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    assert_eq!(broken, ["IOTMP25-VARINT-004", "IOTMP25-SID-002"]);
    assert_eq!(finished.results[0].verdict.kind(), Kind::Fail);
}

#[tokio::test]
async fn stop_of_no_stream_accepted() {
    let case = "server.stream.stop-unknown";
    breaks(
        Fault::StopsUnknownStream,
        &[case],
        case,
        "IOTMP25-STREAM-006",
    )
    .await;
}

#[tokio::test]
async fn death_is_charged_to_one_case_and_ends_the_run() {
    let select = [
        "server.connect.ok",
        "server.framing.body-of-4-gib",
        "server.hostile.noise",
    ];
    let (finished, ledger) = run(Fault::DiesOfHugeBody, &select).await;
    assert!(finished.gone.is_some());
    let verdicts: Vec<(&str, Kind)> = finished
        .results
        .iter()
        .map(|result| (result.id.as_str(), result.verdict.kind()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("server.connect.ok", Kind::Pass),
            ("server.framing.body-of-4-gib", Kind::Fail),
            ("server.hostile.noise", Kind::Inconclusive),
        ]
    );
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    assert_eq!(broken, ["IOTMP25-ROBUST-001"]);
}

#[tokio::test]
async fn refused_interval_leaves_its_clauses_untested() {
    let (finished, ledger) = run(Fault::RefusesKeepAliveParameter, &["server.keep-alive.*"]).await;
    let untested: Vec<(&str, &str)> = ledger
        .untested_must()
        .filter(|(entry, _)| entry.clause.contains("KEEPALIVE"))
        .map(|(entry, reason)| (entry.clause.as_str(), reason))
        .collect();
    let reason = |case: &str, seconds: u32| {
        format!(
            "server.keep-alive.{case}: the server does not accept a keep alive of {seconds} s: \
             expected ok stream_id=101, got error stream_id=101 parameters=3"
        )
    };
    assert_eq!(
        untested,
        [
            ("IOTMP25-KEEPALIVE-004", reason("missed", 1).as_str()),
            ("IOTMP25-KEEPALIVE-005", reason("in-margin", 2).as_str()),
        ]
    );
    let failed = finished
        .results
        .iter()
        .any(|result| result.verdict.kind() == Kind::Fail);
    assert!(!failed);
}

#[tokio::test]
async fn one_connection_a_device_is_noticed_and_respected() {
    let (finished, _) = run(
        Fault::ServesOneAtATime,
        &["server.run.*", "server.framing.*"],
    )
    .await;
    assert_eq!(finished.notes.len(), 1);
    assert_eq!(failures(&finished), []);
    let passed = finished
        .results
        .iter()
        // It has nothing that could be mixed up, and no two connections at a time.
        .filter(|result| {
            !["server.run.under-load", "server.run.two-connections"].contains(&result.id.as_str())
        })
        // It has no resources of its own.
        .filter(|result| result.id != "server.run.server-resource-forms")
        .all(|result| matches!(result.verdict.kind(), Kind::Pass | Kind::Info));
    assert!(passed);
}

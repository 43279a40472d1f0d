//! A device that breaks a rule fails by the clause of that rule, and by no other.

use core::time::Duration;
use std::sync::Arc;

use iotmp_conformance::case::Role;
use iotmp_conformance::codec::Codec;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Finished, Settings};
use iotmp_conformance::specs;
use iotmp_conformance::subject::Subject;
use iotmp_conformance::verdict::Kind;
use iotmp_spec::model::Party;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::broken_servers::{failures, manner};
use crate::mini_device::{Fault, MiniDevice};

pub(crate) async fn run(fault: Fault, select: &[&str]) -> (Finished, Ledger) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = MiniDevice::start(listener.local_addr().unwrap(), fault);
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let subject = Subject::device(spec, listener, Duration::from_secs(5), None, manner());
    let selection = Selection {
        select: select.iter().map(|&pattern| pattern.to_owned()).collect(),
        ..Selection::default()
    };
    let cases = selection.cases(spec, Role::Device);
    assert!(!cases.is_empty(), "{select:?} selects nothing");
    let subjects = [Arc::new(subject)];
    let finished = runner::run(&subjects, cases, &Settings::default())
        .await
        .unwrap();
    drop(device);
    let claims: Vec<_> = finished
        .results
        .iter()
        .map(|result| result.claim())
        .collect();
    let ledger = Ledger::reckon(spec, &[Party::Device], None, &claims);
    (finished, ledger)
}

/// Asserts that `fault` is found by `case`, and that it breaks `clauses` alone.
pub(crate) async fn breaks(fault: Fault, select: &[&str], case: &str, clauses: &[&str]) {
    let (finished, ledger) = run(fault, select).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    let why = failures(&finished);
    assert_eq!(broken, clauses, "{fault:?}: {why:#?}");
    let result = finished.results.iter().find(|result| result.id == case);
    assert_eq!(result.unwrap().verdict.kind(), Kind::Fail, "{why:#?}");
}

/// A device may dial, wait in vain while the suite is busy elsewhere, and dial again.
#[tokio::test]
async fn one_that_gave_up_waiting_is_tested_when_it_dials_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let hello = json!({"type": "connect", "stream_id": 1, "payload": ["user1", "mini", "secret"]});
    let hello = Codec::new(spec).encode(&hello).unwrap();
    for _ in 0..3 {
        let mut given_up = TcpStream::connect(address).await.unwrap();
        given_up.write_all(&hello).await.unwrap();
    }
    let _device = MiniDevice::start(address, Fault::None);
    let subject = Subject::device(spec, listener, Duration::from_secs(5), None, manner());
    let mut link = Arc::new(subject).peer().connected().await.unwrap();
    link.fence().await.unwrap();
}

#[tokio::test]
async fn one_that_breaks_nothing_passes() {
    let (finished, ledger) = run(Fault::None, &["device.*"]).await;
    assert_eq!(failures(&finished), []);
    assert_eq!(finished.gone, None);
    let untested: Vec<(&str, &str)> = ledger
        .untested()
        .map(|(entry, reason)| (entry.clause.as_str(), reason))
        .collect();
    assert_eq!(
        untested,
        [
            (
                "IOTMPS-RESOURCE-001",
                "device.run.path-parameter: the device describes no path with a parameter"
            ),
            (
                "IOTMPS-RESOURCE-002",
                "device.run.path-as-array: the device does not take an array for a name, and need not"
            ),
        ]
    );
}

#[tokio::test]
async fn keep_alive_before_connect() {
    let case = "device.connect.first-message";
    let select = [case, "device.run.*"];
    breaks(
        Fault::BeginsWithKeepAlive,
        &select,
        case,
        &["IOTMP25-CONNECT-001"],
    )
    .await;
}

#[tokio::test]
async fn credentials_of_two_strings() {
    let case = "device.connect.three-strings";
    breaks(
        Fault::TwoStrings,
        &["device.connect.*"],
        case,
        &["IOTMP25-CONNECT-004"],
    )
    .await;
}

#[tokio::test]
async fn answer_before_it_is_let_in() {
    let case = "device.connect.waits-for-ok";
    breaks(
        Fault::AnswersBeforeOk,
        &[case],
        case,
        &["IOTMP25-CONNECT-013"],
    )
    .await;
}

#[tokio::test]
async fn function_that_there_is_not() {
    let case = "device.describe.function";
    breaks(
        Fault::FunctionNine,
        &["device.describe.*"],
        case,
        &["IOTMP25-DESCRIBE-002"],
    )
    .await;
}

#[tokio::test]
async fn alias_that_is_no_number() {
    let case = "device.describe.types";
    breaks(
        Fault::AliasIsText,
        &["device.describe.*"],
        case,
        &["IOTMP25-DESCRIBE-005"],
    )
    .await;
}

#[tokio::test]
async fn description_without_a_sample() {
    let case = "device.describe.one";
    breaks(
        Fault::NoSample,
        &["device.describe.*"],
        case,
        &["IOTMP25-DESCRIBE-003"],
    )
    .await;
}

#[tokio::test]
async fn description_of_what_is_not_there() {
    let case = "device.describe.unknown";
    breaks(
        Fault::DescribesWhatItHasNot,
        &["device.describe.*"],
        case,
        &["IOTMP25-DESCRIBE-004"],
    )
    .await;
}

#[tokio::test]
async fn run_that_gives_nothing() {
    let case = "device.run.output";
    breaks(
        Fault::RunsWithoutPayload,
        &["device.run.*"],
        case,
        &["IOTMP25-RUN-004"],
    )
    .await;
}

#[tokio::test]
async fn run_answered_without_an_identifier() {
    let case = "device.run.no-stream-id";
    breaks(
        Fault::AnswersRunWithoutId,
        &["device.run.*"],
        case,
        &["IOTMP25-RUN-002"],
    )
    .await;
}

#[tokio::test]
async fn values_after_the_stop() {
    let case = "device.stream.stop";
    breaks(
        Fault::StreamsAfterStop,
        &[case],
        case,
        &["IOTMP25-STREAM-005"],
    )
    .await;
}

#[tokio::test]
async fn two_streams_of_one_resource() {
    let case = "device.stream.replace-id";
    breaks(
        Fault::StreamsTwice,
        &["device.stream.replace-*"],
        case,
        &["IOTMP25-STREAM-008"],
    )
    .await;
}

#[tokio::test]
async fn milliseconds_taken_for_seconds() {
    let case = "device.stream.interval";
    breaks(
        Fault::StreamsInSeconds,
        &[case],
        case,
        &["IOTMPS-STREAM-001"],
    )
    .await;
}

#[tokio::test]
async fn values_that_nobody_asked_for() {
    let case = "device.stream.unopened";
    breaks(
        Fault::StreamsUnasked,
        &[case],
        case,
        &["IOTMP25-STREAM-004"],
    )
    .await;
}

#[tokio::test]
async fn streams_that_outlive_their_connection() {
    let case = "device.stream.ends-with-connection";
    breaks(Fault::KeepsStreams, &[case], case, &["IOTMP25-STREAM-009"]).await;
}

#[tokio::test]
async fn no_sign_of_life() {
    let case = "device.keep-alive.goes-on";
    breaks(
        Fault::NoKeepAlive,
        &["device.keep-alive.*"],
        case,
        &["IOTMP25-KEEPALIVE-002"],
    )
    .await;
}

#[tokio::test]
async fn dead_server_not_noticed() {
    let case = "device.keep-alive.sent-and-needed";
    let (finished, ledger) = run(Fault::BearsSilence, &[case]).await;
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    assert_eq!(
        broken,
        ["IOTMP25-KEEPALIVE-006"],
        "{:?}",
        failures(&finished)
    );
    // What came before it was kept.
    let untested = ledger
        .untested()
        .find(|(entry, _)| entry.clause == "IOTMP25-KEEPALIVE-002");
    assert_eq!(untested, None);
}

#[tokio::test]
async fn disconnect_ignored() {
    let case = "device.disconnect.ends";
    breaks(
        Fault::IgnoresDisconnect,
        &["device.disconnect.*"],
        case,
        &["IOTMP25-DISCONNECT-001"],
    )
    .await;
}

//! The reference of 2020 with one rule broken fails by the clause of that rule, and by no other.

use core::time::Duration;
use std::sync::Arc;

use iotmp_conformance::case::Role;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Finished, Settings};
use iotmp_conformance::specs;
use iotmp_conformance::subject::{HubOperator, Subject};
use iotmp_conformance::verdict::Kind;
use iotmp_ref::device::{Backoff, Client, ClientConfig, Device};
use iotmp_ref::server::{self, Server};
use iotmp_ref::session::{self, Iotmp2020};
use iotmp_spec::model::{Party, Spec};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::broken_servers::{failures, manner};
use crate::middleman::{Fate, Fault, Middleman, Tamper, Way};
use crate::mini_server::credentials;

fn spec() -> &'static Spec {
    specs::by_name("iotmp-2020").unwrap()
}

fn selected(role: Role, select: &[&str]) -> Vec<&'static iotmp_conformance::case::Case> {
    let selection = Selection {
        select: select.iter().map(|&pattern| pattern.to_owned()).collect(),
        ..Selection::default()
    };
    let cases = selection.cases(spec(), role);
    assert!(!cases.is_empty(), "{select:?} selects nothing");
    cases
}

async fn server(fault: Fault, select: &[&str]) -> Finished {
    let who = credentials();
    let accepted = server::Credentials::new()
        .with(&who.user, &who.device, &who.credential)
        .unwrap();
    let mut config = server::Config::new("127.0.0.1:0".parse().unwrap(), accepted);
    config.session = session::Config::new(&Iotmp2020);
    let (server, hub) = Server::bind(config).await.unwrap();
    let upstream = server.local_addr();
    let middleman = Middleman::start(spec(), upstream, Way::ToReference, fault).await;
    let subject = Subject::server(spec(), middleman.address.to_string(), who, manner())
        .operated_by(Arc::new(HubOperator::new(hub)));
    let cases = selected(Role::Server, select);
    runner::run(&[Arc::new(subject)], cases, &Settings::default())
        .await
        .unwrap()
}

async fn device(fault: Fault, select: &[&str]) -> Finished {
    let who = credentials();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let suite = listener.local_addr().unwrap();
    let middleman = Middleman::start(spec(), suite, Way::ToSuite, fault).await;
    let device = Device::new(who.user, who.device, who.credential)
        .dialect(&Iotmp2020)
        .output("temperature", || 22.5)
        .input_output("text", |value| value)
        .sample("a");
    let mut config = ClientConfig::new(middleman.address);
    config.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(20),
    };
    let (client, handle) = Client::start(device, config);
    // Something happens all the time.
    let events = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_millis(50));
        loop {
            beat.tick().await;
            handle.event("text");
        }
    });
    let subject = Subject::device(spec(), listener, Duration::from_secs(5), None, manner());
    let cases = selected(Role::Device, select);
    let finished = runner::run(&[Arc::new(subject)], cases, &Settings::default())
        .await
        .unwrap();
    events.abort();
    drop(client);
    finished
}

/// Asserts that the case failed, and that these clauses alone are broken.
fn broke(finished: &Finished, party: Party, case: &str, clauses: &[&str]) {
    let claims: Vec<_> = finished
        .results
        .iter()
        .map(|result| result.claim())
        .collect();
    let ledger = Ledger::reckon(spec(), &[party], None, &claims);
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    let why = failures(finished);
    assert_eq!(broken, clauses, "{why:#?}");
    let result = finished.results.iter().find(|result| result.id == case);
    assert_eq!(result.unwrap().verdict.kind(), Kind::Fail, "{why:#?}");
}

async fn device_breaks(fault: Fault, case: &str, clauses: &[&str]) {
    let finished = device(fault, &[case]).await;
    broke(&finished, Party::Device, case, clauses);
}

async fn server_breaks(fault: Fault, case: &str, clauses: &[&str]) {
    let finished = server(fault, &[case]).await;
    broke(&finished, Party::Server, case, clauses);
}

/// Breaks nothing.
fn honest() -> Tamper {
    Box::new(|_, _, _| None)
}

/// A request of the suite's of that name.
fn asks(way: Way, message: &Json, name: &str) -> bool {
    way == Way::ToReference && message["type"] == name
}

/// An answer to the suite instead of the reference's.
fn answer(message: &Json, name: &str) -> Fate {
    let answer = json!({"type": name, "stream_id": message["stream_id"]});
    Some(vec![(Way::ToSuite, answer)])
}

/// The same message with one field changed, or without it.
fn with(message: &Json, field: &str, value: Option<Json>) -> Json {
    let mut message = message.clone();
    let fields = message.as_object_mut().unwrap();
    match value {
        Some(value) => drop(fields.insert(field.to_owned(), value)),
        None => drop(fields.shift_remove(field)),
    }
    message
}

/// What is done to runs with that action.
fn action(numbers: core::ops::RangeInclusive<u64>, then: fn(&Json) -> Fate) -> Tamper {
    Box::new(move |way, message, _| {
        let action = message["action"].as_u64();
        let meant = asks(way, message, "run") && action.is_some_and(|a| numbers.contains(&a));
        if meant { then(message) } else { None }
    })
}

/// Runs whatever the action says.
fn run_anyway(message: &Json) -> Fate {
    Some(vec![(Way::ToReference, with(message, "action", None))])
}

/// What is done to a Start Stream without a resource.
fn change(then: fn(&Json) -> Fate) -> Tamper {
    Box::new(move |way, message, _| {
        let change = asks(way, message, "start_stream") && message.get("resource").is_none();
        if change { then(message) } else { None }
    })
}

/// Refuses a field that is a delimited text, whose key is this byte; none of the texts holds it.
fn text_refused(key: u8, answered: &'static str) -> Tamper {
    Box::new(move |way, message, bytes| {
        let delimited = asks(way, message, "run") && bytes.contains(&key);
        if delimited {
            answer(message, answered)
        } else {
            None
        }
    })
}

#[tokio::test]
async fn the_reference_behind_a_middleman_breaks_nothing() {
    let select = [
        "*.run.action-*",
        "*.fields.text-*",
        "*.stream.event",
        "*.stream.first-without-resource",
        "*.stream.interval",
        "*.stream.listened-*",
        "*.stream.no-sample-*",
        "*.stream.reconfigure*",
    ];
    let of_server = [
        &select[..],
        &["server.probe.server-action", "server.probe.shared-stream"],
    ]
    .concat();
    let (server, device) = tokio::join!(server(honest, &of_server), device(honest, &select));
    // Who takes streams from a hub shares none.
    let unshared = ["server.stream.listened-shared"];
    for (finished, may_skip) in [(server, &unshared[..]), (device, &[])] {
        assert_eq!(failures(&finished), []);
        let skipped: Vec<&str> = finished
            .results
            .iter()
            .filter(|result| result.verdict.kind() == Kind::Skip)
            .map(|result| result.id.as_str())
            .collect();
        assert_eq!(skipped, may_skip);
    }
}

#[tokio::test]
async fn delimited_resource_not_found() {
    let case = "device.fields.text-resource";
    device_breaks(|| text_refused(0x22, "error"), case, &["IOTMP20-WIRE-003"]).await;
}

#[tokio::test]
async fn delimited_payload_refused() {
    let case = "device.fields.text-payload";
    device_breaks(|| text_refused(0x23, "error"), case, &["IOTMP20-WIRE-003"]).await;
}

#[tokio::test]
async fn delimited_resource_found_where_there_is_none() {
    let case = "server.fields.text-resource";
    server_breaks(|| text_refused(0x22, "ok"), case, &["IOTMP20-WIRE-003"]).await;
}

#[tokio::test]
async fn action_of_running_unknown() {
    let device_fault = || action(1..=1, |message| answer(message, "error"));
    let server_fault = || action(1..=1, |message| answer(message, "ok"));
    let clauses = ["IOTMP20-RUN-008"];
    device_breaks(device_fault, "device.run.action-run", &clauses).await;
    server_breaks(server_fault, "server.run.action-run", &clauses).await;
}

#[tokio::test]
async fn action_of_describing_taken_for_running() {
    let case = "device.run.action-describe";
    device_breaks(|| action(2..=2, run_anyway), case, &["IOTMP20-RUN-009"]).await;
}

#[tokio::test]
async fn what_is_not_there_described_by_an_action() {
    let fault = || {
        action(2..=2, |message| match message["resource"].as_str() {
            Some("temperature" | "text") => None,
            _ => answer(message, "ok"),
        })
    };
    device_breaks(fault, "device.run.action-describe", &["IOTMP20-RUN-009"]).await;
}

#[tokio::test]
async fn reserved_actions_taken_for_running() {
    let case = "device.run.action-reserved";
    device_breaks(|| action(3..=8, run_anyway), case, &["IOTMP20-RUN-010"]).await;
}

#[tokio::test]
async fn one_reserved_action_accepted() {
    let device_fault = || action(8..=8, run_anyway);
    let server_fault = || action(5..=5, |message| answer(message, "ok"));
    let clauses = ["IOTMP20-RUN-010"];
    device_breaks(device_fault, "device.run.action-reserved", &clauses).await;
    server_breaks(server_fault, "server.run.action-reserved", &clauses).await;
}

#[tokio::test]
async fn actions_of_the_server_answered_twice() {
    let fault = || {
        action(0x0a..=0x0a, |message| {
            let error = json!({"type": "error", "stream_id": message["stream_id"]});
            Some(vec![(Way::ToSuite, error.clone()), (Way::ToSuite, error)])
        })
    };
    // That a server has these actions is left to it; that it answers is not.
    let case = "server.run.action-of-server";
    server_breaks(fault, case, &["IOTMP20-RUN-001"]).await;
}

#[tokio::test]
async fn a_sample_without_an_interval() {
    let fault = || -> Tamper {
        let mut without = Vec::new();
        Box::new(move |way, message, _| {
            let id = message["stream_id"].clone();
            let interval = message["interval"].as_u64().unwrap_or(0);
            if asks(way, message, "start_stream") && interval == 0 {
                without.push(id);
                return None;
            }
            let opened = way == Way::ToSuite && message["type"] == "ok" && without.contains(&id);
            opened.then(|| {
                let sample = json!({"type": "stream_sample", "stream_id": id, "output": 1});
                vec![(way, message.clone()), (way, sample)]
            })
        })
    };
    let case = "device.stream.no-sample-without-interval";
    device_breaks(fault, case, &["IOTMP20-STREAM-011"]).await;
}

#[tokio::test]
async fn the_interval_0_taken_for_the_shortest() {
    let fault = || -> Tamper {
        Box::new(|way, message, _| {
            let zero = asks(way, message, "start_stream") && message["interval"] == 0;
            let shortest = || with(message, "interval", Some(json!(1)));
            zero.then(|| vec![(way, shortest())])
        })
    };
    let case = "device.stream.no-sample-at-interval-0";
    device_breaks(fault, case, &["IOTMP20-STREAM-011"]).await;
}

#[tokio::test]
async fn events_sent_as_samples() {
    let fault = || -> Tamper {
        Box::new(|way, message, _| {
            let event = way == Way::ToSuite && message["type"] == "stream_event";
            event.then(|| {
                let id = &message["stream_id"];
                let value = &message["payload"];
                let sample = json!({"type": "stream_sample", "stream_id": id, "output": value});
                vec![(way, sample)]
            })
        })
    };
    device_breaks(fault, "device.stream.event", &["IOTMP20-STREAM-011"]).await;
}

#[tokio::test]
async fn another_interval_refused() {
    let fault = || change(|message| answer(message, "error"));
    let clauses = ["IOTMP20-STREAM-013"];
    device_breaks(fault, "device.stream.reconfigure", &clauses).await;
}

#[tokio::test]
async fn another_interval_confirmed_and_forgotten() {
    let fault = || change(|message| answer(message, "ok"));
    let clauses = ["IOTMP20-STREAM-013"];
    device_breaks(fault, "device.stream.reconfigure", &clauses).await;
    device_breaks(fault, "device.stream.reconfigure-to-events", &clauses).await;
}

#[tokio::test]
async fn stream_without_a_resource_opened() {
    let fault = || change(|message| answer(message, "ok"));
    let case = "device.stream.first-without-resource";
    device_breaks(fault, case, &["IOTMP20-STREAM-015"]).await;
}

/// Takes an interval for another number of seconds.
fn scaled(way: Way, scale: fn(u64) -> u64) -> Tamper {
    Box::new(move |going, message, _| {
        let start = going == way && message["type"] == "start_stream";
        let interval = message["interval"].as_u64().filter(|_| start)?;
        let scaled = with(message, "interval", Some(json!(scale(interval))));
        Some(vec![(going, scaled)])
    })
}

#[tokio::test]
async fn seconds_taken_for_minutes() {
    let fault = || scaled(Way::ToReference, |interval| interval * 60);
    let clauses = ["IOTMP20-STREAM-003", "IOTMP20-STREAM-016"];
    device_breaks(fault, "device.stream.interval", &clauses).await;
}

#[tokio::test]
async fn interval_of_a_listener_in_milliseconds() {
    let fault = || scaled(Way::ToSuite, |interval| interval * 1000);
    let clauses = ["IOTMP20-STREAM-016"];
    server_breaks(fault, "server.stream.listened-interval", &clauses).await;
}

#[tokio::test]
async fn another_interval_with_the_resource() {
    let fault = || -> Tamper {
        Box::new(|way, message, _| {
            let start = way == Way::ToSuite && message["type"] == "start_stream";
            let named = || with(message, "resource", Some(json!("temperature")));
            start.then(|| vec![(way, named())])
        })
    };
    let clauses = ["IOTMP20-STREAM-014"];
    server_breaks(fault, "server.stream.listened-reconfigured", &clauses).await;
}

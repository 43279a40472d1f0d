//! The reference with one rule of what a server asks of its devices broken fails by the clause of
//! that rule, and by no other.

use std::sync::Arc;

use iotmp_conformance::case::Role;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Settings};
use iotmp_conformance::specs;
use iotmp_conformance::subject::{HubOperator, Subject};
use iotmp_conformance::verdict::Kind;
use iotmp_ref::server::{self, Server};
use iotmp_ref::session::{self, Iotmp2023};
use iotmp_spec::model::Party;
use serde_json::{Value as Json, json};

use crate::broken_servers::{failures, manner};
use crate::middleman::{Fault, Middleman, Way};
use crate::mini_server::credentials;

/// Asserts that the case comes out so, and that these clauses alone are broken.
async fn server(case: &str, fault: Fault, kind: Kind, clauses: &[&str]) {
    let spec = specs::by_name("iotmp-2023").unwrap();
    let who = credentials();
    let accepted = server::Credentials::new()
        .with(&who.user, &who.device, &who.credential)
        .unwrap();
    let mut config = server::Config::new("127.0.0.1:0".parse().unwrap(), accepted);
    config.session = session::Config::new(&Iotmp2023);
    let (server, hub) = Server::bind(config).await.unwrap();
    let upstream = server.local_addr();
    let middleman = Middleman::start(spec, upstream, Way::ToReference, fault).await;
    let subject = Subject::server(spec, middleman.address.to_string(), who, manner())
        .operated_by(Arc::new(HubOperator::new(hub)));
    let selection = Selection {
        select: vec![case.to_owned()],
        ..Selection::default()
    };
    let cases = selection.cases(spec, Role::Server);
    assert_eq!(cases.len(), 1, "{case}");
    let finished = runner::run(&[Arc::new(subject)], cases, &Settings::default())
        .await
        .unwrap();
    let results = &finished.results;
    let claims: Vec<_> = results.iter().map(|result| result.claim()).collect();
    let ledger = Ledger::reckon(spec, &[Party::Server], None, &claims);
    let broken: Vec<&str> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
    let why = failures(&finished);
    assert_eq!(broken, clauses, "{case}: {why:#?}");
    let result = results.iter().find(|result| result.id == case);
    assert_eq!(result.unwrap().verdict.kind(), kind, "{case}: {why:#?}");
}

#[tokio::test]
async fn the_honest_one_keeps_them() {
    for case in [
        "call.answered",
        "call.failed",
        "call.in-flight",
        "call.describe",
        "stream.listened-values",
        "stream.listened-stop",
    ] {
        let fault: Fault = || Box::new(|_, _, _| None);
        server(&format!("server.{case}"), fault, Kind::Pass, &[]).await;
    }
}

#[tokio::test]
async fn mixes_up_two_answers() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let number = message["payload"]["answers"].as_u64()?;
            let mut other = message.clone();
            other["payload"]["answers"] = json!(number ^ 1);
            (way == Way::ToReference).then(|| vec![(way, other)])
        })
    };
    let case = "server.call.in-flight";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn uses_an_identifier_that_is_in_use() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let mut other = message.clone();
            other["stream_id"] = json!(7);
            // The control runs no number but 0 by itself.
            let is_one = message["payload"].as_u64().is_some_and(|input| input > 0);
            let is_run = way == Way::ToSuite && message["type"] == "run" && is_one;
            is_run.then(|| vec![(way, other)])
        })
    };
    let case = "server.call.in-flight";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-006"]).await;
}

#[tokio::test]
async fn tells_of_a_failure_as_if_there_was_none() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let ok = json!({"type": "ok", "stream_id": message["stream_id"]});
            let is_error = way == Way::ToReference && message["type"] == "error";
            is_error.then(|| vec![(way, ok)])
        })
    };
    let case = "server.call.failed";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn brings_what_another_call_brought() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let mut other = message.clone();
            other["payload"] = json!("brought before");
            let is_bare = message["type"] == "run" && message["payload"].is_null();
            (way == Way::ToSuite && is_bare).then(|| vec![(way, other)])
        })
    };
    let case = "server.call.nothing-left";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn mixes_up_two_streams() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let is_of_one = message["payload"]["of"].is_string();
            (way == Way::ToReference && is_of_one).then(|| {
                let mut other = message.clone();
                other["payload"]["of"] = json!("humidity");
                vec![(way, other)]
            })
        })
    };
    let case = "server.stream.listened-two";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn never_stops_a_stream() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            (way == Way::ToSuite && message["type"] == "stop_stream").then(Vec::new)
        })
    };
    let case = "server.stream.listened-stop";
    server(case, fault, Kind::Fail, &["IOTMP23-SHARE-002"]).await;
}

#[tokio::test]
async fn keeps_values_to_itself() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            (way == Way::ToReference && message["type"] == "stream_data").then(Vec::new)
        })
    };
    let case = "server.stream.listened-values";
    server(case, fault, Kind::Fail, &["IOTMP23-SHARE-001"]).await;
}

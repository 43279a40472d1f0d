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
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{self, Iotmp2023, IotmpShipping};
use iotmp_spec::model::Party;
use serde_json::{Value as Json, json};

use crate::broken_servers::{failures, manner};
use crate::middleman::{Fault, Middleman, Way, as_bytes};
use crate::mini_server::credentials;

pub(crate) async fn server(case: &str, fault: Fault, kind: Kind, clauses: &[&str]) {
    speaking(&Iotmp2023, case, fault, kind, clauses).await;
}

async fn shipping(case: &str, fault: Fault, clause: &str) {
    speaking(&IotmpShipping, case, fault, Kind::Fail, &[clause]).await;
}

/// Asserts that the case comes out so, and that these clauses alone are broken.
async fn speaking(
    dialect: &'static dyn Dialect,
    case: &str,
    fault: Fault,
    kind: Kind,
    clauses: &[&str],
) {
    let spec = specs::by_name(dialect.name()).unwrap();
    let who = credentials();
    let accepted = server::Credentials::new()
        .with(&who.user, &who.device, &who.credential)
        .unwrap();
    let mut config = server::Config::new("127.0.0.1:0".parse().unwrap(), accepted);
    config.session = session::Config::new(dialect);
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
        "call.low-byte",
        "call.beside-many",
        "call.disconnect",
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
async fn takes_the_lower_byte_of_an_answer_for_the_whole() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let is_other = message["payload"] == "to no call";
            (way == Way::ToReference && is_other).then(|| {
                let mut taken = message.clone();
                taken["stream_id"] =
                    json!(message["stream_id"].as_u64().unwrap_or_default() ^ 0x100);
                vec![(way, taken)]
            })
        })
    };
    let case = "server.call.low-byte";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn takes_the_answer_of_another_connection() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let is_right = message["payload"] == "from the one that was asked";
            (way == Way::ToReference && is_right).then(|| {
                let mut other = message.clone();
                other["payload"] = json!("from the other");
                vec![(way, other)]
            })
        })
    };
    let case = "server.call.other-connection";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-003"]).await;
}

#[tokio::test]
async fn uses_an_identifier_again_that_has_long_been_in_use() {
    let fault: Fault = || {
        let mut held = Json::Null;
        Box::new(move |way, message: &Json, _| {
            let is_run = way == Way::ToSuite && message["type"] == "run";
            if is_run && message["payload"] == "stays open" {
                held = message["stream_id"].clone();
            }
            (is_run && message["payload"] == 40).then(|| {
                let mut other = message.clone();
                other["stream_id"] = held.clone();
                vec![(way, other)]
            })
        })
    };
    let case = "server.call.beside-many";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-006"]).await;
}

#[tokio::test]
async fn ignores_a_disconnect_while_a_user_waits() {
    let fault: Fault = || {
        let mut is_open = false;
        Box::new(move |way, message: &Json, _| {
            is_open |= way == Way::ToSuite && message["type"] == "run";
            is_open &= !(way == Way::ToReference && message["type"] == "ok");
            let is_goodbye = way == Way::ToReference && message["type"] == "disconnect";
            (is_open && is_goodbye).then(Vec::new)
        })
    };
    let case = "server.call.disconnect";
    server(case, fault, Kind::Fail, &["IOTMP23-DISCONNECT-001"]).await;
}

#[tokio::test]
async fn cuts_what_is_large() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let text = message["payload"].as_str()?;
            (way == Way::ToReference && text.starts_with("oo") && text.len() > 16_383).then(|| {
                let mut other = message.clone();
                other["payload"] = json!(text.get(..16_383));
                vec![(way, other)]
            })
        })
    };
    shipping("server.call.large", fault, "IOTMP25-SID-003").await;
}

#[tokio::test]
async fn writes_keys_as_they_come() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, bytes| {
            let (sorted, unsorted) = (b"\x81c\x03\x81d\x02", b"\x81d\x02\x81c\x03");
            let mut windows = bytes.windows(sorted.len());
            let at = windows.position(|window| window == sorted)?;
            let mut other = bytes.to_vec();
            other.splice(at..at + sorted.len(), *unsorted);
            let is_run = way == Way::ToSuite && message["type"] == "run";
            is_run.then(|| vec![(way, as_bytes(&other))])
        })
    };
    shipping("server.call.sorted-keys", fault, "IOTMPS-WIRE-006").await;
}

#[tokio::test]
async fn calls_under_the_identifier_of_an_open_stream() {
    let fault: Fault = || {
        let mut open = None;
        Box::new(move |way, message: &Json, _| {
            if message["type"] == "start_stream" {
                open = Some(message["stream_id"].clone());
            }
            let mut other = message.clone();
            other["stream_id"] = open.clone()?;
            (way == Way::ToSuite && message["type"] == "run").then(|| vec![(way, other)])
        })
    };
    let case = "server.stream.listened-id-kept";
    server(case, fault, Kind::Fail, &["IOTMP23-SID-006"]).await;
}

#[tokio::test]
async fn tells_of_an_event_under_another_identifier() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let mut other = message.clone();
            other["stream_id"] = json!(message["stream_id"].as_u64()? + 1);
            let is_event = way == Way::ToSuite && message["type"] == "stream_data";
            is_event.then(|| vec![(way, other)])
        })
    };
    let case = "server.stream.subscribed-id";
    shipping(case, fault, "IOTMP25-STREAM-010").await;
}

#[tokio::test]
async fn knows_its_resources_by_varints_alone() {
    // Field 4 of a Run, a resource, as a value that is a small number.
    const AS_VALUE: u8 = 0x22;
    let fault: Fault = || {
        Box::new(|_, message: &Json, bytes| {
            let is_value = matches!(bytes, [.., AS_VALUE, 0..=20]);
            let error = json!({"type": "error", "stream_id": message["stream_id"]});
            let is_run = message["type"] == "run" && message["resource"].is_u64();
            (is_run && is_value).then(|| vec![(Way::ToSuite, error)])
        })
    };
    let case = "server.run.server-resource-forms";
    shipping(case, fault, "IOTMPS-WIRE-003").await;
}

#[tokio::test]
async fn loses_a_value_that_comes_with_the_ok() {
    let fault: Fault = || {
        Box::new(|way, message: &Json, _| {
            let is_together = message["payload"]["with"] == "its ok";
            (way == Way::ToReference && is_together).then(Vec::new)
        })
    };
    shipping("server.stream.listened-with-ok", fault, "IOTMP25-FRAME-004").await;
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

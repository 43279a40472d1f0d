//! A peer of 2023 that breaks a rule fails by the clause of that rule.

use std::collections::BTreeSet;
use std::sync::Arc;

use core::time::Duration;

use iotmp_conformance::case::Role;
use iotmp_conformance::codec::Codec;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Settings};
use iotmp_conformance::subject::Subject;
use iotmp_conformance::verdict::Kind;
use iotmp_conformance::{specs, suite};
use iotmp_ref::device::Device;
use iotmp_ref::session::Iotmp2023;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Party;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::broken_servers::{failures, manner};
use crate::meddler::{Deed, Meddle, Meddled, Passing};
use crate::mini_server::credentials;

/// Key of field 3 under the wire type of JSON.
const FIELD_3_IN_JSON: u8 = 0x1a;

/// Key of field 0 under the wire type whose encoding a Connect chooses.
const FIELD_0_NEGOTIATED: u8 = 0x07;

/// Key of field 0 under the wire type of PSON, and of a field that no message has under that of JSON.
const FIELD_0_IN_PSON: u8 = 0x01;
const FIELD_15_IN_JSON: u8 = 0x7a;

/// Key of field 4 under the wire type of PSON.
const FIELD_4_IN_PSON: u8 = 0x21;

/// Key of field 5 of a Connect, its encoding.
const FIELD_5_IN_VARINT: u8 = 0x28;

/// Code of a Run.
const RUN: u8 = 6;

/// One broken rule: the clause, the case that has to find it, and how it is broken.
struct Saboteur {
    clause: &'static str,
    case: &'static str,
    device: fn(Device) -> Device,
    meddle: Meddle,
}

const fn server(clause: &'static str, case: &'static str, meddle: Meddle) -> Saboteur {
    Saboteur {
        clause,
        case,
        device: |device| device,
        meddle,
    }
}

const fn device(clause: &'static str, case: &'static str, meddle: Meddle) -> Saboteur {
    server(clause, case, meddle)
}

const fn device_with(
    clause: &'static str,
    case: &'static str,
    device: fn(Device) -> Device,
    meddle: Meddle,
) -> Saboteur {
    Saboteur {
        clause,
        case,
        device,
        meddle,
    }
}

/// Whether a deed is done, or the message passes.
pub(crate) fn when(condition: bool, deed: impl FnOnce() -> Deed) -> Deed {
    if condition { deed() } else { Deed::Pass }
}

/// Whether the body has that key behind its stream identifier.
fn has_key(passing: &Passing<'_>, key: u8) -> bool {
    passing.bytes.get(4) == Some(&key)
}

/// Whether the suite had opened this very stream.
fn follows_start(passing: &Passing<'_>) -> bool {
    let mut before = passing.before.iter();
    before.any(|old| old["type"] == "start_stream" && old["stream_id"] == *passing.id())
}

const SERVERS: &[Saboteur] = &[
    server("WIRE-002", "encoding.wire-types", |p| {
        let is_json = p.asks("connect") && has_key(p, FIELD_3_IN_JSON);
        when(is_json, || Deed::Answer(p.answer("error")))
    }),
    server("WIRE-002", "encoding.pson-beside-json", |p| {
        let is_pson = p.asks("run") && p.bytes.get(2) == Some(&FIELD_0_IN_PSON);
        when(is_pson && *p.connect("encoding") == 2, || Deed::Close)
    }),
    server("KEY-002", "fields.unknown-sized", |p| {
        when(has_key(p, FIELD_15_IN_JSON), || Deed::Close)
    }),
    server("WIRE-003", "encoding.sized-exactly", |p| {
        let is_overfull = p.message.is_null() && p.bytes.first() == Some(&3);
        let ok = || json!({"type": "ok", "stream_id": p.bytes[3]});
        when(is_overfull, || Deed::Answer(ok()))
    }),
    server("ENCODING-001", "encoding.json", |p| {
        let refused = p.asks("connect") && p.message["encoding"] == 2;
        when(refused, || Deed::Answer(p.answer("error")))
    }),
    server("ENCODING-001", "encoding.pson", |p| {
        let refused = p.asks("run") && *p.connect("encoding") == 1;
        when(refused, || Deed::Close)
    }),
    server("ENCODING-003", "encoding.chosen", |p| {
        let confused = p.asks("run") && *p.connect("encoding") == 3;
        when(confused, || Deed::Close)
    }),
    server("ENCODING-004", "encoding.unchosen", |p| {
        let is_negotiated = p.asks("run") && has_key(p, FIELD_0_NEGOTIATED);
        let confused = is_negotiated && p.connect("encoding").is_null();
        when(confused, || Deed::Close)
    }),
    server("ENCODING-005", "encoding.reserved", |p| {
        when(p.says("error"), || Deed::Become(p.without("parameters")))
    }),
    server("ENCODING-005", "encoding.unknown", |p| {
        let unknown = p.asks("connect") && p.message["encoding"] == 7;
        when(unknown, || Deed::Answer(p.answer("ok")))
    }),
    server("ENCODING-006", "encoding.loses-nothing", |p| {
        let lost = p.says("error") && *p.connect("encoding") == 4;
        when(lost, || Deed::Become(p.with("parameters", json!({}))))
    }),
    server("SID-005", "sid.in-order", |p| {
        when(p.asks("start_stream"), || Deed::Close)
    }),
    server("SID-006", "sid.opener-chooses", |p| {
        let is_theirs = p.says("error") && *p.id() == 40_001;
        when(is_theirs, || Deed::Lose)
    }),
    server("SID-007", "sid.either-end", |p| {
        when(p.asks("start_stream"), || Deed::Close)
    }),
    server("STREAM-012", "stream.stop-at-once", |p| {
        when(p.asks("stop_stream"), || Deed::Close)
    }),
    server("STREAM-006", "stream.stop-unknown", |p| {
        when(p.asks("stop_stream"), || Deed::Lose)
    }),
    server("CONNECT-009", "connect.keep-alive-too-long", |p| {
        let refused = p.asks("connect") && p.message["keep_alive"] == 1801;
        when(refused, || Deed::Close)
    }),
    server("VARINT-004", "connect.encoding-cut", |p| {
        // 257, whose upper bits are lost.
        let (long, cut) = ([FIELD_5_IN_VARINT, 0x81, 2], [FIELD_5_IN_VARINT, 0x81, 0]);
        let at = p.bytes.windows(long.len()).position(|w| w == long);
        let mut bytes = p.bytes.to_vec();
        at.map_or(Deed::Pass, |at| {
            bytes.splice(at..at + cut.len(), cut);
            let codec = Codec::new(specs::by_name("iotmp-2023").unwrap());
            Deed::Become(codec.decode(&bytes).unwrap().message)
        })
    }),
    server("CONNECT-011", "connect.auth-type-unknown", |p| {
        when(p.asks("connect"), || Deed::Become(p.without("auth_type")))
    }),
    server("CONNECT-017", "keep-alive.in-seconds", |p| {
        when(p.asks("connect"), || Deed::Become(p.without("keep_alive")))
    }),
    server("CONNECT-018", "connect.keep-alive-code", |p| {
        when(p.says("error"), || Deed::Become(p.without("parameters")))
    }),
    server("CONNECT-019", "connect.redirect", |p| {
        let elsewhere = || {
            let mut error = p.answer("error");
            error["parameters"] = json!(1);
            error["payload"] = json!("http://elsewhere");
            Deed::Answer(error)
        };
        when(p.asks("connect"), elsewhere)
    }),
    server("CONNECT-022", "connect.any-version", |p| {
        let confused = p.asks("run") && *p.connect("version") == 1;
        when(confused, || Deed::Close)
    }),
    server("DISCONNECT-002", "disconnect.unanswered", |p| {
        let ok = json!({"type": "ok", "stream_id": 0});
        when(p.asks("disconnect"), || Deed::Answer(ok))
    }),
    server("DISCONNECT-003", "disconnect.with-a-reason", |p| {
        when(p.asks("disconnect"), || Deed::Lose)
    }),
    server("RUN-007", "run.resource-in-field-0", |p| {
        when(p.asks("start_stream"), || Deed::Close)
    }),
];

const DEVICES: &[Saboteur] = &[
    device_with(
        "WIRE-002",
        "encoding.wire-types",
        |device| device.encoding(Encoding::Json),
        |p| {
            let is_json = p.asks("describe") && has_key(p, FIELD_3_IN_JSON);
            when(is_json, || Deed::Answer(p.answer("error")))
        },
    ),
    device("WIRE-003", "encoding.fills-its-size", |p| {
        let is_overfull = p.message.is_null() && p.bytes.first() == Some(&RUN);
        let ok = || json!({"type": "ok", "stream_id": p.bytes[3]});
        when(is_overfull, || Deed::Answer(ok()))
    }),
    device("ENCODING-002", "encoding.pson-or-json", |p| {
        let named = p.asks("describe") && !p.message["resource"].is_null();
        when(named, || Deed::Answer(p.answer("error")))
    }),
    device_with(
        "ENCODING-003",
        "encoding.chosen",
        |device| device.encoding(Encoding::Json),
        |p| when(p.asks("run"), || Deed::Answer(p.answer("error"))),
    ),
    device("ENCODING-004", "encoding.unchosen", |p| {
        when(p.asks("run"), || Deed::Answer(p.answer("error")))
    }),
    device_with(
        "ENCODING-006",
        "encoding.loses-nothing",
        |device| device.encoding(Encoding::Bson),
        |p| {
            let scalar = p.says("ok") && p.message["payload"].is_number();
            when(scalar, || Deed::Become(p.without("payload")))
        },
    ),
    device("SID-005", "sid.in-order", |p| {
        let is_again = p.asks("start_stream") && follows_start(p);
        when(is_again, || Deed::Answer(p.answer("error")))
    }),
    device("SID-006", "sid.opener-chooses", |p| {
        let is_theirs = p.says("ok") && *p.id() == 40_001;
        when(is_theirs, || Deed::Lose)
    }),
    device("SID-007", "sid.either-end", |p| {
        let closed_twice = || Deed::PassAndAnswer(vec![p.answer("ok")]);
        when(p.asks("stop_stream"), closed_twice)
    }),
    device("STREAM-012", "stream.stop-at-once", |p| {
        let earlier = p.before.iter().any(|old| old["type"] == "stop_stream");
        let refused = p.asks("stop_stream") && earlier;
        when(refused, || Deed::Answer(p.answer("error")))
    }),
    device("STREAM-006", "stream.stop-unknown", |p| {
        when(p.asks("stop_stream"), || Deed::Lose)
    }),
    device_with(
        "CONNECT-016",
        "connect.single-string",
        |device| device.token("token"),
        |p| {
            let array = || Deed::Become(p.with("payload", json!(["token"])));
            when(p.says("connect"), array)
        },
    ),
    device("CONNECT-017", "keep-alive.in-seconds", |p| {
        let hurry = || Deed::PassAndAnswer(vec![json!({"type": "keep_alive"}); 3]);
        when(p.asks("ok"), hurry)
    }),
    device("CONNECT-020", "connect.follows-redirect", |p| {
        when(p.asks("error"), || Deed::Become(p.answer("error")))
    }),
    device("CONNECT-021", "connect.refused-without-reason", |p| {
        let refused = p.before.iter().any(|old| old["type"] == "error");
        match () {
            () if p.asks("error") => Deed::Lose,
            () if refused => Deed::Answer(p.answer("ok")),
            () => Deed::Pass,
        }
    }),
    device("DISCONNECT-002", "disconnect.unanswered", |p| {
        let ok = json!({"type": "ok", "stream_id": 0});
        when(p.asks("disconnect"), || Deed::Answer(ok))
    }),
    device("DISCONNECT-003", "disconnect.with-a-reason", |p| {
        when(p.asks("disconnect"), || Deed::Lose)
    }),
    device("RUN-007", "run.resource-in-field-0", |p| {
        // Without a resource of its own it is no Run to whoever reads it here.
        let is_later = p.message.is_null() && p.bytes.first() == Some(&RUN);
        let ok = || json!({"type": "ok", "stream_id": p.bytes[3]});
        match has_key(p, FIELD_4_IN_PSON) && is_later {
            true => Deed::Answer(ok()),
            false => when(p.asks("run"), || Deed::Answer(p.answer("error"))),
        }
    }),
    device("DESCRIBE-006", "describe.resource-in-field-3", |p| {
        when(p.asks("describe"), || Deed::Become(p.without("resource")))
    }),
    device("STREAM-020", "stream.label", |p| {
        when(p.says("stream_data"), || {
            Deed::Become(p.without("parameters"))
        })
    }),
];

/// A device that has what the cases ask for.
fn reference_device() -> Device {
    let who = credentials();
    Device::new(who.user, who.device, who.credential)
        .dialect(&Iotmp2023)
        .keep_alive(Duration::from_secs(1))
        .output("temperature", || 22.5)
}

/// Which clauses break when one case runs against the reference, meddled with.
pub(crate) async fn broken(
    role: Role,
    case: &str,
    device: fn(Device) -> Device,
    meddle: Meddle,
) -> Seen {
    let spec = specs::by_name("iotmp-2023").unwrap();
    let (subject, _meddled) = match role {
        Role::Server => {
            let server = Meddled::server(meddle).await;
            let address = server.address.to_string();
            let subject = Subject::server(spec, address, credentials(), manner());
            (subject, server)
        }
        Role::Device => {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let suite = listener.local_addr().unwrap();
            let device = Meddled::device(suite, device(reference_device()), meddle).await;
            let wait = Duration::from_secs(5);
            let subject = Subject::device(spec, listener, wait, None, manner());
            (subject, device)
        }
    };
    judged(subject, case).await
}

/// Which clauses break when one case runs against a subject of this revision.
pub(crate) async fn judged(subject: Subject, case: &str) -> Seen {
    let (spec, role) = (subject.spec(), subject.role());
    let id = format!("{role}.{case}");
    let selection = Selection {
        select: vec![id.clone()],
        ..Selection::default()
    };
    let cases = selection.cases(spec, role);
    assert_eq!(cases.len(), 1, "{id}");
    let finished = runner::run(&[Arc::new(subject)], cases, &Settings::default())
        .await
        .unwrap();
    let result = finished.results.iter().find(|result| result.id == id);
    let kind = result.unwrap().verdict.kind();
    let claims: Vec<_> = finished.results.iter().map(|one| one.claim()).collect();
    let party = match role {
        Role::Server => Party::Server,
        Role::Device => Party::Device,
    };
    let ledger = Ledger::reckon(spec, &[party], None, &claims);
    let broken = ledger.broken().map(|entry| entry.clause.clone()).collect();
    let why = failures(&finished);
    let why = why.into_iter().map(|(_, why)| why).collect();
    Seen {
        id,
        kind,
        broken,
        why,
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "a failed assertion prints why")]
pub(crate) struct Seen {
    id: String,
    pub(crate) kind: Kind,
    pub(crate) broken: Vec<String>,
    why: Vec<String>,
}

fn roles() -> [(Role, &'static [Saboteur]); 2] {
    [(Role::Server, SERVERS), (Role::Device, DEVICES)]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_found_by_the_case_of_its_clause() {
    let mut tasks = JoinSet::new();
    for (role, saboteurs) in roles() {
        for saboteur in saboteurs {
            tasks.spawn(async move {
                let seen = broken(role, saboteur.case, saboteur.device, saboteur.meddle).await;
                (saboteur.clause, seen)
            });
        }
    }
    let spec = specs::by_name("iotmp-2023").unwrap();
    let mut survivors = Vec::new();
    for (clause, seen) in tasks.join_all().await {
        let clause = format!("IOTMP23-{clause}");
        let mut cases = suite::all();
        let case = cases.find(|case| case.roles.iter().any(|role| case.id(*role) == seen.id));
        let claimed = case.unwrap().claims(spec);
        // It may break more than one clause of its case, and none of another.
        let is_caught = seen.kind == Kind::Fail && seen.broken.contains(&clause);
        if !is_caught
            || !seen
                .broken
                .iter()
                .all(|one| claimed.contains(&one.as_str()))
        {
            survivors.push((clause, seen));
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_left_alone_passes() {
    let mut tasks = JoinSet::new();
    for (role, saboteurs) in roles() {
        for saboteur in saboteurs {
            // A server that sends nobody elsewhere has nothing to show.
            let case = Some(saboteur.case).filter(|case| *case != "connect.redirect");
            let Some(case) = case else { continue };
            tasks.spawn(broken(role, case, saboteur.device, |_| Deed::Pass));
        }
    }
    let mut seen = tasks.join_all().await;
    seen.retain(|seen| !matches!(seen.kind, Kind::Pass | Kind::Info));
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn every_clause_of_this_revision_has_one() {
    let spec = specs::by_name("iotmp-2023").unwrap();
    for (role, saboteurs) in roles() {
        let own = suite::fitting(spec, role).flat_map(|case| case.clauses.iter());
        let own = own.filter_map(|id| id.strip_prefix("IOTMP23-"));
        let own: BTreeSet<&str> = own.collect();
        let sabotaged: BTreeSet<&str> = saboteurs.iter().map(|one| one.clause).collect();
        let spared: Vec<_> = own.difference(&sabotaged).collect();
        assert_eq!(spared, Vec::<&&str>::new(), "{role}");
    }
}

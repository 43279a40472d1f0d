//! Peers of Nubison that break one rule each: the case that proves the rule finds them.

mod device;
mod server;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

use iotmp_conformance::case::Role;
use iotmp_conformance::ledger::Ledger;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::runner::{self, Settings};
use iotmp_conformance::self_test::nubison::{credentials, dial, serve};
use iotmp_conformance::specs;
use iotmp_conformance::subject::{Manner, Subject};
use iotmp_conformance::verdict::Kind;
use iotmp_spec::model::{Level, Party};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::interceptor::{Fate, Fault, Interceptor, Tamper, Way};

/// A rule, the case that proves it, and a peer that breaks it.
#[derive(Clone, Copy)]
struct Saboteur {
    clause: &'static str,
    case: &'static str,
    fault: Fault,
}

/// Offsets in a packet.
const SESSION_ID: core::ops::Range<usize> = 1..9;
const STATUS: usize = 9;
/// Bytes of a response that holds a status alone, and of one with an error code.
const BARE: usize = 10;
const REFUSED: usize = 12;
/// Bytes of a packet that holds an access token alone.
const TOKEN_ONLY: usize = 33;

/// Answers of this machine come faster; only what does not come takes so long.
fn manner() -> Manner {
    Manner {
        timeout: Duration::from_millis(1200),
        patience: Duration::from_millis(1200),
        ..Manner::default()
    }
}

/// Changes what goes one way, where `change` says so.
fn tamper(way: Way, mut change: impl FnMut(&mut Vec<u8>) + Send + 'static) -> Tamper {
    Box::new(move |going, bytes| {
        if going != way {
            return Fate::Pass;
        }
        let mut bytes = bytes.to_vec();
        change(&mut bytes);
        Fate::Instead(vec![(way, bytes)])
    })
}

/// Changes the packets of that type which the reference sends.
fn says(code: u8, mut change: impl FnMut(&mut Vec<u8>) + Send + 'static) -> Tamper {
    tamper(Way::ToSuite, move |bytes| {
        if bytes.first() == Some(&code) {
            change(bytes);
        }
    })
}

/// Changes the packets of that type which the reference gets.
fn hears(code: u8, mut change: impl FnMut(&mut Vec<u8>) + Send + 'static) -> Tamper {
    tamper(Way::ToReference, move |bytes| {
        if bytes.first() == Some(&code) {
            change(bytes);
        }
    })
}

/// Answers eight bytes.
fn answers_eight_bytes() -> Tamper {
    Box::new(|way, bytes| match way {
        Way::ToReference if bytes.len() == 8 => {
            let refusal = [b"R", &bytes[1..], b"\0\0\0\x02"].concat();
            Fate::Instead(vec![(Way::ToSuite, refusal)])
        }
        _ => Fate::Pass,
    })
}

/// Breaks down where as much as noise arrives.
fn dies_of_noise() -> Tamper {
    Box::new(|way, bytes| match way {
        Way::ToReference if bytes.len() > 4000 => Fate::Die,
        _ => Fate::Pass,
    })
}

/// Takes zero bytes in a session identifier for spaces.
fn spoils_session_ids() -> Tamper {
    says(b'R', |bytes| {
        for byte in &mut bytes[SESSION_ID] {
            *byte = if *byte == 0 { b' ' } else { *byte };
        }
    })
}

/// Uses one session identifier for all requests of these types.
fn one_session_id(codes: &'static [u8]) -> Tamper {
    let mut real = [0; 8];
    Box::new(move |way, bytes| {
        let mut bytes = bytes.to_vec();
        match way {
            Way::ToSuite if codes.contains(&bytes[0]) => {
                real.copy_from_slice(&bytes[SESSION_ID]);
                bytes[SESSION_ID].copy_from_slice(b"only-one");
            }
            Way::ToReference if bytes[0] == b'R' => bytes[SESSION_ID].copy_from_slice(&real),
            _ => return Fate::Pass,
        }
        Fate::Instead(vec![(way, bytes)])
    })
}

/// Counts the session identifiers of all requests of these types.
fn counts_session_ids(codes: &'static [u8]) -> Tamper {
    // It goes on over all connections.
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut real: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    Box::new(move |way, bytes| {
        let mut bytes = bytes.to_vec();
        match way {
            Way::ToSuite if codes.contains(&bytes[0]) => {
                let count = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                real.insert(count.to_vec(), bytes[SESSION_ID].to_vec());
                bytes[SESSION_ID].copy_from_slice(&count);
            }
            Way::ToReference if bytes[0] == b'R' => {
                if let Some(id) = real.get(&bytes[SESSION_ID]) {
                    bytes[SESSION_ID].copy_from_slice(id);
                }
            }
            _ => return Fate::Pass,
        }
        Fate::Instead(vec![(way, bytes)])
    })
}

/// Gives responses to the requests of that type in the order of the requests.
fn matches_by_order(code: u8) -> Tamper {
    let mut asked: Vec<Vec<u8>> = Vec::new();
    let size = move |bytes: &[u8]| match code {
        b'D' => 35 + usize::from(bytes[34]),
        _ if bytes.len() > TOKEN_ONLY => 34 + usize::from(bytes[33]),
        _ => TOKEN_ONLY,
    };
    Box::new(move |way, bytes| {
        let mut rest = bytes;
        while way == Way::ToSuite && rest.first() == Some(&code) {
            asked.push(rest[SESSION_ID].to_vec());
            rest = &rest[size(rest)..];
        }
        if way == Way::ToSuite || bytes[0] != b'R' || asked.is_empty() {
            return Fate::Pass;
        }
        let mut bytes = bytes.to_vec();
        let mut at = 0;
        while at + BARE <= bytes.len() && !asked.is_empty() {
            bytes[at + 1..at + 9].copy_from_slice(&asked.remove(0));
            at += match (code, bytes[at + STATUS]) {
                (b'D', 0) => REFUSED,
                (b'D', _) => BARE,
                _ if at + BARE < bytes.len() => 11 + usize::from(bytes[at + BARE]),
                _ => BARE,
            };
        }
        Fate::Instead(vec![(way, bytes)])
    })
}

/// What `saboteur` failed, and the clauses that it broke.
async fn run(role: Role, saboteur: Saboteur) -> (Option<Kind>, Vec<String>, String) {
    let spec = specs::by_name("nubison").unwrap();
    let selection = Selection {
        select: vec![format!("{role}.{}", saboteur.case)],
        ..Selection::default()
    };
    let cases = selection.cases(spec, role);
    assert_eq!(cases.len(), 1, "{}", saboteur.case);
    assert!(
        cases[0].clauses.contains(&saboteur.clause),
        "{}",
        saboteur.case
    );
    // Whatever is held here lives until the run is over.
    let (subject, party, _held) = match role {
        Role::Server => {
            let (server, application) = serve().await.unwrap();
            let way = Way::ToReference;
            let between = Interceptor::start(server.local_addr(), way, saboteur.fault).await;
            let address = between.address.to_string();
            let subject = Subject::server(spec, address, credentials(), manner());
            let held = (Some(server), between);
            (subject.operated_by(application), Party::Server, held)
        }
        Role::Device => {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let upstream = listener.local_addr().unwrap();
            let between = Interceptor::start(upstream, Way::ToSuite, saboteur.fault).await;
            let application = dial(between.address).unwrap();
            let wait = Duration::from_secs(2);
            let subject = Subject::device(spec, listener, wait, Some(credentials()), manner());
            (
                subject.operated_by(application),
                Party::Device,
                (None, between),
            )
        }
    };
    let finished = runner::run(&[Arc::new(subject)], cases, &Settings::default())
        .await
        .unwrap();
    let claims: Vec<_> = finished
        .results
        .iter()
        .map(|result| result.claim())
        .collect();
    let ledger = Ledger::reckon(spec, &[party], None, &claims);
    let broken = ledger.broken().map(|entry| entry.clause.clone()).collect();
    let verdict = finished
        .results
        .first()
        .map(|result| result.verdict.clone());
    let reason = verdict.as_ref().and_then(|verdict| verdict.reason());
    (
        verdict.map(|verdict| verdict.kind()),
        broken,
        reason.unwrap_or_default(),
    )
}

async fn all_are_found(role: Role, saboteurs: &'static [Saboteur]) {
    let mut runs = JoinSet::new();
    for saboteur in saboteurs {
        runs.spawn(async move { (saboteur, run(role, *saboteur).await) });
    }
    let mut survivors = Vec::new();
    while let Some(done) = runs.join_next().await {
        let (Saboteur { clause, case, .. }, (verdict, broken, reason)) = done.unwrap();
        if verdict != Some(Kind::Fail) || !broken.iter().any(|other| other == clause) {
            survivors.push(format!("{clause}, {case}: {verdict:?} {broken:?} {reason}"));
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// Every MUST of a role has a saboteur.
fn none_is_left_out(party: Party, saboteurs: &[Saboteur]) {
    let spec = specs::by_name("nubison").unwrap();
    let binding = spec.clauses.iter().filter(|clause| {
        clause.level == Level::Must && clause.binds.contains(&party) && clause.untestable.is_none()
    });
    let left: Vec<&str> = binding
        .map(|clause| clause.id.as_str())
        .filter(|id| !saboteurs.iter().any(|saboteur| saboteur.clause == *id))
        .collect();
    assert_eq!(left, Vec::<&str>::new());
}

#[tokio::test]
async fn every_rule_of_a_server_has_a_case_that_finds_who_breaks_it() {
    none_is_left_out(Party::Server, server::SABOTEURS);
    all_are_found(Role::Server, server::SABOTEURS).await;
}

#[tokio::test]
async fn every_rule_of_a_device_has_a_case_that_finds_who_breaks_it() {
    none_is_left_out(Party::Device, device::SABOTEURS);
    all_are_found(Role::Device, device::SABOTEURS).await;
}

/// Without a fault the same way of testing finds nothing.
#[tokio::test]
async fn who_breaks_nothing_passes() {
    for (role, saboteurs) in [
        (Role::Server, server::SABOTEURS),
        (Role::Device, device::SABOTEURS),
    ] {
        let mut runs = JoinSet::new();
        for saboteur in saboteurs {
            let fault: Fault = || Box::new(|_, _| Fate::Pass);
            let honest = Saboteur { fault, ..*saboteur };
            runs.spawn(async move { (honest.case, run(role, honest).await) });
        }
        while let Some(done) = runs.join_next().await {
            let (case, (verdict, broken, reason)) = done.unwrap();
            assert_eq!(
                verdict,
                Some(Kind::Pass),
                "{role}.{case}: {broken:?} {reason}"
            );
        }
    }
}

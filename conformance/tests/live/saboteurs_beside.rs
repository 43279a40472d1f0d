//! Peers of 2023 that break a rule beside what a case is about: in what they ask themselves, by what
//! another connection has agreed on, or before anything was asked of them.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use iotmp_conformance::case::Role;
use iotmp_conformance::specs;
use iotmp_conformance::subject::Subject;
use iotmp_conformance::verdict::Kind;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::broken_servers::manner;
use crate::meddler::{Deed, Meddle, Passing};
use crate::saboteurs_2023::{broken, judged, when};

/// A case in which a device is asked something while a stream is open.
const MEANWHILE: &str = "stream.run-meanwhile";

/// A Connect that asks for BSON, and whose payload, of the negotiated wire type, is in MessagePack.
const MISCOUNTED: &[u8] = b"\x03\x12\x08\x05\x28\x04\x1f\x0c\x93\xa1u\xa1d\xa6secret";

/// The identifier of a stream that the suite has asked for.
fn of_stream(passing: &Passing<'_>) -> Option<Json> {
    let mut before = passing.before.iter();
    let start = before.find(|old| old["type"] == "start_stream")?;
    Some(start["stream_id"].clone())
}

fn asks_for(id: &Json) -> Json {
    json!({"type": "run", "stream_id": id, "resource": "clock"})
}

async fn only(role: Role, case: &str, meddle: Meddle, clauses: &[&str]) {
    let seen = broken(role, case, |device| device, meddle).await;
    let kind = if clauses.is_empty() {
        Kind::Pass
    } else {
        Kind::Fail
    };
    assert_eq!(seen.kind, kind, "{seen:?}");
    assert_eq!(seen.broken, clauses, "{seen:?}");
}

#[tokio::test]
async fn a_device_asks_under_the_identifier_of_an_open_stream() {
    let meddle: Meddle = |p| {
        let id = of_stream(p).filter(|_| p.asks("run"));
        id.map_or(Deed::Pass, |id| Deed::PassAndAnswer(vec![asks_for(&id)]))
    };
    only(Role::Device, MEANWHILE, meddle, &["IOTMP23-SID-006"]).await;
}

#[tokio::test]
async fn a_device_asks_twice_at_once_under_one_identifier() {
    let meddle: Meddle = |p| {
        let twice = || Deed::PassAndAnswer(vec![asks_for(&json!(40_000)); 2]);
        when(p.asks("run") && of_stream(p).is_some(), twice)
    };
    only(Role::Device, MEANWHILE, meddle, &["IOTMP23-SID-006"]).await;
}

#[tokio::test]
async fn a_device_may_ask_what_it_likes_under_free_identifiers() {
    let meddle: Meddle = |p| {
        let asked = [40_000, 40_001].map(|id| asks_for(&json!(id)));
        let is_beside = p.asks("run") && of_stream(p).is_some();
        when(is_beside, || Deed::PassAndAnswer(asked.to_vec()))
    };
    only(Role::Device, MEANWHILE, meddle, &[]).await;
}

#[tokio::test]
async fn a_device_streams_on_after_it_has_closed_the_stream() {
    let meddle: Meddle = |p| {
        let stop = || json!({"type": "stop_stream", "stream_id": p.id()});
        let starts = p.says("ok") && of_stream(p).as_ref() == Some(p.id());
        match of_stream(p) {
            // The Ok of the suite to the Stop Stream is nothing that the device waits for.
            Some(id) if p.asks("ok") && *p.id() == id => Deed::Lose,
            _ if starts => Deed::BecomeBoth(p.message.clone(), stop()),
            _ => Deed::Pass,
        }
    };
    only(
        Role::Device,
        "stream.interval",
        meddle,
        &["IOTMP23-STREAM-004"],
    )
    .await;
}

/// The encoding that the last Connect asked for, of whichever connection.
static LATEST: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn a_server_takes_the_encoding_of_one_connection_for_that_of_all() {
    let meddle: Meddle = |p| {
        let own = |connect: &Json| connect.as_u64().unwrap_or_default();
        if p.asks("connect") {
            LATEST.store(own(&p.message["encoding"]), Ordering::Relaxed);
        }
        let is_lost = own(p.connect("encoding")) != LATEST.load(Ordering::Relaxed);
        when(p.asks("run") && is_lost, || Deed::Close)
    };
    let case = "encoding.of-its-connection";
    only(Role::Server, case, meddle, &["IOTMP23-ENCODING-003"]).await;
    only(Role::Server, case, |_| Deed::Pass, &[]).await;
}

#[tokio::test]
async fn a_device_says_its_connect_in_another_encoding_than_it_names() {
    let spec = specs::by_name("iotmp-2023").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let suite = listener.local_addr().unwrap();
    let device = tokio::spawn(async move {
        while let Ok(mut stream) = TcpStream::connect(suite).await {
            let mut rest = Vec::new();
            if stream.write_all(MISCOUNTED).await.is_ok() {
                // Until the suite has seen enough of it.
                let _ = stream.read_to_end(&mut rest).await;
            }
        }
    });
    let subject = Subject::device(spec, listener, Duration::from_secs(5), None, manner());
    let seen = judged(subject, "connect.first-message").await;
    device.abort();
    assert_eq!(seen.broken, ["IOTMP23-ENCODING-003"], "{seen:?}");
}

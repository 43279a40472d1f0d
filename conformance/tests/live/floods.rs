//! Peers that send without end: the run ends, and so does what it keeps of them.

use core::net::SocketAddr;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::specs;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::exit_codes::{against, program, text};

/// Lines of a transcript that are kept, and the one that counts the others.
const KEPT: usize = 201;

fn bytes(message: &Json) -> Vec<u8> {
    let codec = Codec::new(specs::by_name("iotmp-shipping").unwrap());
    codec.encode(message).unwrap()
}

/// Sends `what` until the other end has had enough. It reads nothing.
async fn flood(stream: &mut TcpStream, what: &[u8]) {
    let many = what.repeat(1000);
    while stream.write_all(&many).await.is_ok() {}
}

/// A device that introduces itself, again and again, and floods.
async fn device(address: SocketAddr, what: Vec<u8>) {
    let payload = ["user1", "flood", "secret"];
    let hello = bytes(&json!({"type": "connect", "stream_id": 1, "payload": payload}));
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            // Where that fails the connection is over, and so is the flood.
            let _ = stream.write_all(&hello).await;
            flood(&mut stream, &what).await;
        }
        tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    }
}

/// A server that answers every Connect by Ok, and floods.
async fn server(what: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let codec = Codec::new(specs::by_name("iotmp-shipping").unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let what = what.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                let Ok(connect) = codec.decode(&buffer[..read]) else {
                    return;
                };
                let id = &connect.message["stream_id"];
                let ok = bytes(&json!({"type": "ok", "stream_id": id}));
                if stream.write_all(&ok).await.is_ok() {
                    flood(&mut stream, &what).await;
                }
            });
        }
    });
    address
}

/// The device behind an address that is free by then, against the program.
async fn against_device(what: &Json, select: &str) -> (Option<i32>, Json) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let flooding = tokio::spawn(device(address, bytes(what)));
    let listen = address.to_string();
    let mut arguments = vec!["device", "--listen", &listen, "--wait", "20"];
    arguments.extend(["--timeout", "1000", "--patience", "1", "--report", "json=-"]);
    arguments.extend(["--select", select]);
    let output = program(&arguments).await;
    flooding.abort();
    let report = serde_json::from_str(text(&output.stdout)).unwrap();
    (output.status.code(), report)
}

/// The case of a report of one.
fn only(report: &Json) -> &Json {
    let cases = report["runs"][0]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1);
    let lines = cases[0]["transcript"].as_array().unwrap();
    assert!(lines.len() <= KEPT, "{}", lines.len());
    &cases[0]
}

#[tokio::test]
async fn a_device_that_floods_with_keep_alive_breaks_its_interval() {
    let beat = json!({"type": "keep_alive"});
    let (code, report) = against_device(&beat, "device.framing.request").await;
    let case = only(&report);
    assert_eq!(code, Some(1), "{case}");
    assert_eq!(case["clause"], "IOTMP25-KEEPALIVE-002", "{case}");
    let lines = case["transcript"].as_array().unwrap();
    assert_eq!(lines.len(), KEPT);
    let left_out = lines[100]["note"].as_str().unwrap();
    assert!(left_out.contains("lines are left out here"), "{left_out}");
}

#[tokio::test]
async fn a_flood_that_no_rule_limits_says_nothing_of_any() {
    let call = json!({"type": "run", "stream_id": 9, "resource": "x"});
    let (_, report) = against_device(&call, "device.framing.request").await;
    let case = only(&report);
    assert_eq!(case["verdict"], "inconclusive", "{case}");
    let reason = case["reason"].as_str().unwrap();
    assert!(reason.contains("messages without end"), "{reason}");
}

#[tokio::test]
async fn a_server_that_floods_with_keep_alive_answers_what_nobody_sent() {
    let address = server(bytes(&json!({"type": "keep_alive"}))).await;
    let select = ["--select", "server.keep-alive.missed"];
    let output = against(
        &address.to_string(),
        &[&select[..], &["--report", "json=-"]].concat(),
    )
    .await;
    let report = serde_json::from_str(text(&output.stdout)).unwrap();
    let case = only(&report);
    assert_eq!(output.status.code(), Some(1), "{case}");
    assert_eq!(case["clause"], "IOTMP25-KEEPALIVE-003", "{case}");
}

//! Devices that come by WebSocket, by TLS, and by both.

use iotmp_conformance::observe::{End, Findings, Judge};
use iotmp_conformance::specs;
use iotmp_conformance::verdict::Kind;
use iotmp_ref::device::{Client, ClientConfig, Device as Reference};
use iotmp_ref::server::{Config, Credentials, Endpoint, Server as ReferenceServer};
use iotmp_ref::session::Call;
use iotmp_ref::transport::Transport;
use iotmp_ref::transport::tls::{Certificate, Trust};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::talk::{Device, PATIENCE, Server, Talk, cases, failed, report_on, text, verdicts};
use crate::tapped::secured;

const REQUEST: &[u8] =
    b"GET /iotmp HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: iotmp\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn frame(opcode: OpCode, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        opcode,
        mask,
        ..FrameHeader::default()
    };
    let mut bytes = Vec::new();
    header.format(payload.len() as u64, &mut bytes).unwrap();
    let mask = mask.unwrap_or_default();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    bytes
}

/// A talk with a fault of the device in it, and one long message.
fn talk() -> Talk {
    Talk::connected("iotmp-shipping")
        .say(
            Server,
            json!({"type": "run", "stream_id": 7, "resource": "t"}),
        )
        .say(
            Device,
            json!({"type": "ok", "stream_id": 7, "payload": "x".repeat(70_000)}),
        )
        .say(Device, json!({"type": "ok", "stream_id": 7}))
}

/// The same in frames, each message in two of them with a ping between, in pieces of `size` bytes.
fn tunnelled(talk: &Talk, size: usize) -> Findings {
    let mut judge = Judge::new(talk.spec, 1, PATIENCE);
    let mut said = vec![
        (0, Device, REQUEST.to_vec()),
        (0, Server, RESPONSE.to_vec()),
    ];
    for (at, side, bytes) in &talk.steps {
        let mask = (*side == Device).then_some([1, 0xf0, 3, 0x80]);
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        let framed = [
            frame(OpCode::Data(Data::Binary), mask, first),
            frame(OpCode::Control(Control::Ping), mask, b"beside it"),
            frame(OpCode::Data(Data::Continue), mask, rest),
        ];
        said.push((*at, *side, framed.concat()));
    }
    let mut last = 0;
    for (at, side, bytes) in said {
        last = at;
        for piece in bytes.chunks(size) {
            judge.bytes(side, at, piece);
        }
    }
    for side in [Device, Server] {
        judge.closed(side, last, End::Closed);
    }
    judge.finish(last)
}

#[test]
fn what_a_web_socket_carries_is_judged_like_what_passes_without() {
    let talk = talk();
    let plain = talk.report();
    assert_eq!(failed(&plain), ["device.observed.run.one-answer"]);
    for size in [1, 3, 1000, usize::MAX] {
        let report = report_on(talk.spec, tunnelled(&talk, size));
        assert_eq!(verdicts(&report), verdicts(&plain), "{}", text(&report));
    }
}

/// The notes on a connection by WebSocket on which the server sends this.
fn notes(server: &[&[u8]]) -> Vec<String> {
    let spec = specs::by_name("iotmp-shipping").unwrap();
    let mut judge = Judge::new(spec, 1, PATIENCE);
    judge.bytes(Device, 0, REQUEST);
    for bytes in server {
        judge.bytes(Server, 1, bytes);
    }
    judge.bytes(Server, 2, b"\x04\x00");
    for side in [Device, Server] {
        judge.closed(side, 2, End::Closed);
    }
    let findings = judge.finish(2);
    let report = report_on(spec, findings.clone());
    assert_eq!(failed(&report), [] as [&str; 0], "{}", text(&report));
    findings.notes
}

#[test]
fn what_cannot_be_taken_out_is_said_once_and_charged_to_nobody() {
    let before = "connection 1: what the server sends by WebSocket cannot be read from here on: ";
    let refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".as_slice();
    let refusal = format!("{before}the WebSocket was refused: HTTP/1.1 403 Forbidden");
    assert_eq!(notes(&[refused]), [refusal]);
    let compressed = [0xc2, 1, 0].as_slice();
    let extension = format!("{before}its frames follow an extension, such as compression");
    assert_eq!(notes(&[RESPONSE, compressed, compressed]), [extension]);
    let endless = [b'x'; 20_000].as_slice();
    let long = format!("{before}its head is longer than 16384 bytes");
    assert_eq!(notes(&[endless]), [long]);
}

#[test]
fn a_gap_ends_what_can_be_read_of_a_side() {
    let talk = talk();
    let mut judge = Judge::new(talk.spec, 1, PATIENCE);
    judge.bytes(Device, 0, REQUEST);
    judge.bytes(Server, 0, RESPONSE);
    judge.missed(Device, 1, 10);
    // Taken for messages, these would be broken ones.
    judge.bytes(Device, 2, &[0xff; 64]);
    let report = report_on(talk.spec, judge.finish(3));
    assert_eq!(failed(&report), [] as [&str; 0], "{}", text(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_judged_over_every_transport() {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (pem, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let certificate = Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    let trust = Trust::from_pem(pem.as_bytes()).unwrap();
    let credentials = Credentials::new().with("u", "d", "c").unwrap();
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), credentials);
    let plain = Endpoint::tcp(config.listen);
    let over_tls = plain.clone().with_tls(certificate.clone());
    config.endpoints = vec![
        plain.with_web_socket(),
        over_tls.clone(),
        over_tls.with_web_socket(),
    ];
    let (server, hub) = ReferenceServer::bind(config).await.unwrap();
    let (tcp, tls) = (Transport::tcp(), Transport::tcp().with_tls(trust));
    let dialled = [
        (tcp.clone().with_web_socket(), tcp, None),
        (tls.clone(), tls.clone(), Some(certificate.clone())),
        (tls.clone().with_web_socket(), tls, Some(certificate)),
    ];
    for (upstream, (device, through, shown)) in server.endpoints().iter().zip(dialled) {
        let name = device.name();
        let (address, watched) = secured(*upstream, shown, through).await;
        let mut client = ClientConfig::new(address);
        client.transport = device;
        let echo = Reference::new("u", "d", "c").input_output("echo", |value| value);
        let (client, _handle) = Client::start(echo, client);
        hub.wait_for("u", "d").await.unwrap();
        let reply = hub.run("u", "d", Call::new("echo").payload("there")).await;
        assert_eq!(reply.unwrap().payload.unwrap().as_str(), Some("there"));
        client.stop().await.unwrap();
        let report = report_on(
            specs::by_name("iotmp-shipping").unwrap(),
            watched.await.unwrap().findings,
        );
        assert_eq!(
            failed(&report),
            [] as [&str; 0],
            "{name}: {}",
            text(&report)
        );
        let kept = cases(&report, Kind::Pass);
        for rule in [
            "server.observed.connect.accepted",
            "device.observed.run.one-answer",
        ] {
            assert!(kept.contains(&rule), "{name}: {}", text(&report));
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_device_that_does_not_speak_tls_is_said() {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (pem, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let certificate = Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    // Nobody dials the server, so that anything may stand for it.
    let upstream = ([127, 0, 0, 1], 9).into();
    let (address, watched) = secured(upstream, Some(certificate), Transport::tcp()).await;
    let mut device = TcpStream::connect(address).await.unwrap();
    device.write_all(b"\x03\x0a\x08\x01\x1a\xe3").await.unwrap();
    let mut rest = Vec::new();
    let _ = device.read_to_end(&mut rest).await;
    drop(device);
    let watched = watched.await.unwrap();
    let (count, why) = watched.without_tls.unwrap();
    assert_eq!(count, 1);
    assert!(why.starts_with("no TLS with a device: "), "{why}");
    assert_eq!(watched.findings.messages, [0, 0]);
}

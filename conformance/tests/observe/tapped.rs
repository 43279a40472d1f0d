//! A tap between the reference device and server, and between peers that do wrong.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use iotmp_conformance::observe::tap::{Tap, Watched};
use iotmp_conformance::report::Report;
use iotmp_conformance::specs;
use iotmp_conformance::verdict::Kind;
use iotmp_ref::device::{Client, ClientConfig, Device};
use iotmp_ref::server::{Config, Credentials, Server};
use iotmp_ref::session::Call;
use iotmp_ref::transport::Transport;
use iotmp_ref::transport::tls::Certificate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::pcap_file::{Capture, Link};
use crate::talk::{PATIENCE, cases, failed, report_on, seen, text, verdicts};

/// Requests, each with its answer.
const REQUESTS: usize = 5000;
/// Requests that are open at once.
const AT_ONCE: usize = 4;

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn tap(upstream: SocketAddr) -> (SocketAddr, JoinHandle<Watched>) {
    secured(upstream, None, Transport::tcp()).await
}

/// A tap that shows devices a certificate, and dials the server over something.
pub(crate) async fn secured(
    upstream: SocketAddr,
    certificate: Option<Certificate>,
    transport: Transport,
) -> (SocketAddr, JoinHandle<Watched>) {
    let (listener, address) = listen().await;
    let tap = Tap {
        listener,
        certificate,
        upstream: upstream.into(),
        transport,
        spec: specs::by_name("iotmp-shipping").unwrap(),
        wait: Duration::from_secs(20),
        during: None,
        patience: Duration::from_micros(PATIENCE),
    };
    let run = async { tap.run(core::future::pending()).await.unwrap() };
    (address, tokio::spawn(run))
}

/// What passed: when, whether from the device, and the bytes.
type Record = Arc<Mutex<Vec<(u64, bool, Vec<u8>)>>>;

/// Forwards one connection and keeps all of it.
async fn recorder(upstream: SocketAddr, began: Instant) -> (SocketAddr, Record) {
    let (listener, address) = listen().await;
    let record = Record::default();
    let kept = record.clone();
    tokio::spawn(async move {
        let (device, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(upstream).await.unwrap();
        for stream in [&device, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let (from_device, to_device) = device.into_split();
        let (from_server, to_server) = server.into_split();
        let directions = [
            (from_device, to_server, true),
            (from_server, to_device, false),
        ];
        for (mut from, mut to, device) in directions {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut chunk = [0; 4096];
                loop {
                    let count = from.read(&mut chunk).await.unwrap_or(0);
                    let at = u64::try_from(began.elapsed().as_micros()).unwrap();
                    let bytes = chunk[..count].to_vec();
                    kept.lock().unwrap().push((at, device, bytes));
                    if count == 0 || to.write_all(&chunk[..count]).await.is_err() {
                        let _ = to.shutdown().await;
                        return;
                    }
                }
            });
        }
    });
    (address, record)
}

/// All bytes of one side.
fn side(record: &Record, device: bool) -> Vec<u8> {
    let record = record.lock().unwrap();
    let pieces = record.iter().filter(|(_, from, _)| *from == device);
    pieces.flat_map(|(.., bytes)| bytes.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_messages_pass_byte_for_byte_and_a_capture_says_the_same() {
    let began = Instant::now();
    let accepted = Credentials::new().with("u", "d", "c").unwrap();
    let config = Config::new((Ipv4Addr::LOCALHOST, 0).into(), accepted);
    let (server, hub) = Server::bind(config).await.unwrap();
    // The device, a recorder, the tap, another recorder, the server.
    let (behind, after) = recorder(server.local_addr(), began).await;
    let (tapped, watched) = tap(behind).await;
    let (front, before) = recorder(tapped, began).await;
    let device = Device::new("u", "d", "c").input_output("echo", |value| value);
    let (client, _handle) = Client::start(device, ClientConfig::new(front));
    hub.wait_for("u", "d").await.unwrap();
    hub.describe("u", "d", None).await.unwrap();
    let mut callers = Vec::new();
    for caller in 0..AT_ONCE {
        let hub = hub.clone();
        callers.push(tokio::spawn(async move {
            for number in 0..REQUESTS / AT_ONCE {
                let text = format!("{caller} {number}");
                let call = Call::new("echo").payload(text.as_str());
                let reply = hub.run("u", "d", call).await.unwrap();
                assert_eq!(reply.payload.unwrap().as_str(), Some(text.as_str()));
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    client.stop().await.unwrap();
    let watched = watched.await.unwrap();
    server.shutdown().await;

    for device in [true, false] {
        let (sent, came) = (side(&before, device), side(&after, device));
        let (sent, came) = if device { (sent, came) } else { (came, sent) };
        assert!(sent == came, "{} bytes and {}", sent.len(), came.len());
    }
    let spec = specs::by_name("iotmp-shipping").unwrap();
    assert_eq!(watched.connections, 1);
    let total: u64 = watched.findings.messages.iter().sum();
    assert!(total >= 2 * REQUESTS as u64, "{total}");
    let live = report_on(spec, watched.findings);
    assert_eq!(failed(&live), [] as [&str; 0], "{}", text(&live));
    assert_eq!(
        seen(&live, "device.observed.run.one-answer"),
        REQUESTS as u64
    );
    let passed = cases(&live, Kind::Pass);
    assert!(passed.contains(&"server.observed.connect.accepted"));
    assert!(passed.contains(&"device.observed.describe.all"));

    let mut capture = Capture::new(Link::Ethernet, false).open();
    let record = after.lock().unwrap().clone();
    for (at, device, bytes) in record.iter().filter(|(.., bytes)| !bytes.is_empty()) {
        capture.send(*at, *device, bytes);
    }
    capture.close(record.last().unwrap().0);
    let file = capture.pcapng();
    let read = iotmp_conformance::observe::capture::Capture::read(file.as_slice());
    let findings = read.unwrap().judge(spec, None, PATIENCE);
    let offline = report_on(spec, findings);
    // How much was open at once, and which of two ends came first, depends on where between the two
    // one watches.
    let depends = ["id.interleaved", "server.observed.disconnect.last"];
    let comparable = |report: &Report| {
        let mut all = verdicts(report);
        all.retain(|(id, ..)| !depends.iter().any(|end| id.ends_with(end)));
        all
    };
    assert_eq!(
        comparable(&offline),
        comparable(&live),
        "{}",
        text(&offline)
    );
}

/// Bytes that a side waits for, and then sends.
type Lines = &'static [(usize, &'static str)];

async fn play(mut stream: TcpStream, lines: Lines) {
    for (awaited, hex) in lines {
        let mut came = vec![0; *awaited];
        stream.read_exact(&mut came).await.unwrap();
        stream.write_all(&hex::decode(hex).unwrap()).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
}

/// What a tap finds between two peers that follow a script.
async fn between(device: Lines, server: Lines) -> Report {
    let (listener, upstream) = listen().await;
    let serving = tokio::spawn(async move {
        play(listener.accept().await.unwrap().0, server).await;
    });
    let (address, watched) = tap(upstream).await;
    play(TcpStream::connect(address).await.unwrap(), device).await;
    serving.await.unwrap();
    let spec = specs::by_name("iotmp-shipping").unwrap();
    report_on(spec, watched.await.unwrap().findings)
}

/// Connect of u, d, c; it takes 12 bytes.
const CONNECT: &str = "030a08011ae3817581648163";

#[tokio::test]
async fn faults_of_either_side_are_charged_to_it_live() {
    let good = between(
        &[(0, CONNECT), (4 + 9, "01020803")],
        &[(12, "01020801"), (0, "060608032282616200"), (4, "")],
    )
    .await;
    // The Run ends with a byte too many for its size: a message of its own begins with it.
    assert_eq!(failed(&good), ["server.observed.framing.message"]);
    let twice = between(
        &[(0, CONNECT), (4 + 7, "01020803"), (0, "01020803")],
        &[(12, "01020801"), (0, "06050803228161"), (8, "")],
    )
    .await;
    assert_eq!(failed(&twice), ["device.observed.run.one-answer"]);
    let mixed_up = between(&[(0, CONNECT), (4, "")], &[(12, "01020809")]).await;
    assert_eq!(failed(&mixed_up), ["server.observed.id.of-request"]);
    let unfinished = between(&[(0, CONNECT), (4, "0605")], &[(12, "01020801"), (2, "")]).await;
    assert_eq!(failed(&unfinished), ["device.observed.framing.message"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said() {
    let (listener, upstream) = listen().await;
    drop(listener);
    let (address, watched) = tap(upstream).await;
    let mut device = TcpStream::connect(address).await.unwrap();
    let mut rest = Vec::new();
    device.read_to_end(&mut rest).await.unwrap();
    let watched = watched.await.unwrap();
    let why = watched.unreachable.unwrap();
    assert!(
        why.starts_with(&format!("{upstream} cannot be dialled")),
        "{why}"
    );
}

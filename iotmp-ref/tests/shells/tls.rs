//! Server and device over TLS, and over WebSocket above it.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_ref::device::{Address, Backoff, Client, ClientConfig, Device, Status};
use iotmp_ref::server::{Config, Endpoint, Hub, Server};
use iotmp_ref::session::{Call, Reply};
use iotmp_ref::transport::tls::{Certificate, TlsError, Trust};
use iotmp_ref::transport::{DialError, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::certificates::Authority;
use crate::peer::{Peer, config, connect, within};

const NOWHERE: SocketAddr =
    SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 0);

/// A server that speaks TLS, WebSocket, and both, in this order.
async fn server(authority: &Authority, mut config: Config) -> (Server, Hub) {
    let tls = Endpoint::tcp(NOWHERE).with_tls(authority.certificate());
    let ws = Endpoint::tcp(NOWHERE).with_web_socket();
    config.endpoints = vec![tls.clone(), ws, tls.with_web_socket()];
    Server::bind(config).await.unwrap()
}

fn dial(server: impl Into<Address>, transport: Transport) -> ClientConfig {
    let mut config = ClientConfig::new(server);
    config.transport = transport;
    config.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(10),
    };
    config
}

fn device() -> Device {
    Device::new("user1", "sensor1", "secret123").input_output("echo", |value| value)
}

#[tokio::test]
async fn every_transport_carries_calls_both_ways_and_the_goodbye() {
    let authority = Authority::new("127.0.0.1");
    let trust = authority.trust();
    for (index, transport) in [
        Transport::tcp().with_tls(trust.clone()),
        Transport::tcp().with_web_socket(),
        Transport::tcp().with_tls(trust).with_web_socket(),
    ]
    .into_iter()
    .enumerate()
    {
        let (server, hub) = server(&authority, config()).await;
        let address = server.endpoints()[index];
        let name = transport.name();
        let (client, handle) = Client::start(device(), dial(address, transport));
        assert!(within(handle.connected()).await, "{name}");
        // Longer than a record, a frame and a buffer.
        for text in [String::new(), "é".repeat(50_000)] {
            let call = Call::new("echo").payload(text.as_str());
            let reply = within(hub.run("user1", "sensor1", call)).await;
            assert_eq!(reply, Ok(Reply::value(text.as_str())), "{name}");
        }
        let mut status = handle.status();
        within(server.shutdown()).await;
        let waits = status.wait_for(|status| matches!(status, Status::Waiting(_)));
        within(waits).await.map(drop).unwrap();
        within(client.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_stops_over_every_transport() {
    let authority = Authority::new("127.0.0.1");
    let (server, hub) = server(&authority, config()).await;
    let tls = Transport::tcp().with_tls(Trust::insecure().unwrap());
    for (index, transport) in [
        tls.clone(),
        Transport::tcp().with_web_socket(),
        tls.with_web_socket(),
    ]
    .into_iter()
    .enumerate()
    {
        let config = dial(server.endpoints()[index], transport);
        let mut events = hub.events();
        let (client, handle) = Client::start(device(), config);
        assert!(within(handle.connected()).await);
        within(events.recv()).await.unwrap();
        within(client.stop()).await.unwrap();
        within(events.recv()).await.unwrap();
        assert_eq!(hub.devices(), []);
    }
}

/// Why there is no connection to `server`.
async fn refused(server: Address, transport: Transport) -> DialError {
    within(transport.dial(&server)).await.unwrap_err()
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_and_says_what_to_do() {
    let authority = Authority::new("127.0.0.1");
    let (server, _) = server(&authority, config()).await;
    let [tls, ws, wss] = *server.endpoints() else {
        unreachable!()
    };
    let trust = Authority::new("127.0.0.1").trust();
    let stranger = Transport::tcp().with_tls(trust.clone());
    for (address, transport) in [(tls, stranger.clone()), (wss, stranger.with_web_socket())] {
        let error = refused(address.into(), transport).await;
        assert!(matches!(error, DialError::Tls(..)), "{error:?}");
        let said = error.to_string();
        let start = "TLS: invalid peer certificate: ";
        assert!(said.starts_with(start), "{said}");
        assert!(said.ends_with("trust the CA that issued it"), "{said}");
    }
    let local = Address::parse_or("localhost", tls.port()).unwrap();
    let error = refused(local, Transport::tcp().with_tls(authority.trust())).await;
    let said = error.to_string();
    assert!(said.ends_with("dial a name that stands in it"), "{said}");

    // Neither of these speaks TLS.
    for address in [ws, server.local_addr()] {
        let transport = Transport::tcp().with_tls(trust.clone());
        let error = refused(address.into(), transport).await;
        let said = error.to_string();
        assert!(said.ends_with("not seem to speak TLS here"), "{said}");
    }
}

#[tokio::test]
async fn who_is_slow_with_a_handshake_keeps_nobody_else_waiting() {
    let authority = Authority::new("127.0.0.1");
    let (server, _hub) = server(&authority, config()).await;
    let mut slow = Vec::new();
    for address in server.endpoints() {
        for begun in [&b""[..], b"\x16\x03\x01\x02", b"GET /iotmp HTTP/1.1\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun).await.unwrap();
            slow.push(stream);
        }
    }
    let transport = Transport::tcp().with_tls(authority.trust());
    let config = dial(server.endpoints()[2], transport.with_web_socket());
    let (_client, handle) = Client::start(device(), config);
    assert!(within(handle.connected()).await);
    // A server that stops does not wait for them either.
    within(server.shutdown()).await;
}

#[tokio::test]
async fn a_handshake_ends_with_the_time_of_a_connect() {
    let authority = Authority::new("127.0.0.1");
    let mut config = config();
    config.session.connect_timeout = Duration::from_millis(1);
    let (server, _hub) = server(&authority, config).await;
    for address in server.endpoints() {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(within(stream.read(&mut [0])).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn handshakes_count_as_devices_that_are_not_let_in() {
    let authority = Authority::new("127.0.0.1");
    let mut limited = config();
    limited.max_unauthenticated = 3;
    let (server, _hub) = server(&authority, limited).await;
    let mut slow = Vec::new();
    for address in server.endpoints() {
        slow.push(TcpStream::connect(address).await.unwrap());
    }
    // Each listener accepts by itself: only who is turned away shows that all of
    // them are in.
    assert!(eventually(server.local_addr(), false).await);
    drop(slow);
    assert!(eventually(server.local_addr(), true).await);
}

/// Whether a device is let in, or turned away, at last.
async fn eventually(address: SocketAddr, is_let_in: bool) -> bool {
    for _ in 0..1000 {
        let mut peer = Peer::dial(address).await;
        peer.send(connect("sensor1", "secret123")).await;
        if peer.receive().await.is_some() == is_let_in {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_redirect_leads_to_tls_but_not_away_from_it() {
    let authority = Authority::new("127.0.0.1");
    let (last, hub) = server(&authority, config()).await;
    let mut redirecting = config();
    redirecting.redirect = Some(format!("iotmps://{}", last.endpoints()[0]));
    let (first, _) = server(&authority, redirecting).await;
    let transport = Transport::tcp().with_tls(authority.trust());
    let (client, handle) = Client::start(device(), dial(first.endpoints()[0], transport.clone()));
    assert!(within(handle.connected()).await);
    assert_eq!(hub.devices().len(), 1);
    within(client.stop()).await.unwrap();

    let mut redirecting = config();
    redirecting.redirect = Some(format!("iotmp://{}", last.local_addr()));
    let (first, _) = server(&authority, redirecting).await;
    let (client, handle) = Client::start(device(), dial(first.endpoints()[0], transport));
    let mut status = handle.status();
    let waits = status.wait_for(|status| {
        assert!(!matches!(status, Status::Connected(_)));
        matches!(status, Status::Waiting(_))
    });
    within(waits).await.map(drop).unwrap();
    within(client.stop()).await.unwrap();
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (one, other) = (Authority::new("a.example"), Authority::new("b.example"));
    let error = |certificate: &str, key: &str| {
        Certificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err()
    };
    let mixed = error(&one.certificate, &other.key);
    assert!(matches!(mixed, TlsError::Mismatch { .. }), "{mixed:?}");
    let swapped = error(&one.key, &one.certificate);
    assert!(
        matches!(swapped, TlsError::NoCertificate { .. }),
        "{swapped:?}"
    );
    let keyless = error(&one.certificate, &one.certificate);
    assert!(matches!(keyless, TlsError::NoKey { .. }), "{keyless:?}");
    let broken = one.certificate.replace("-----END", "-----EMD");
    let broken = error(&broken, &one.key);
    assert!(matches!(broken, TlsError::Pem { .. }), "{broken:?}");
    let absent = Trust::from_file("/nowhere/at/all.pem").unwrap_err();
    assert!(
        absent
            .to_string()
            .starts_with("/nowhere/at/all.pem cannot be read: "),
        "{absent}"
    );
    let empty = Trust::from_pem(b"").unwrap_err();
    assert!(matches!(empty, TlsError::NoCertificate { .. }), "{empty:?}");
}

//! The server against a WebSocket that is written byte by byte.

use core::net::SocketAddr;

use iotmp_ref::device::Address;
use iotmp_ref::server::{Endpoint, Hub, Server};
use iotmp_ref::transport::ws::ByteStream;
use iotmp_ref::transport::{DialError, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::{config, within};

const BINARY: u8 = 2;
const TEXT: u8 = 1;
const CONTINUATION: u8 = 0;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// Of the last frame of a message.
const FIN: u8 = 0x80;

const CONNECT: &[u8] = b"\x03\x1c\x08\x01\x1a\xe3\x85user1\x87sensor1\x89secret123";
const OK: &[u8] = b"\x01\x02\x08\x01";
const KEEP_ALIVE: &[u8] = b"\x05\x00";

async fn server() -> (Server, Hub, SocketAddr) {
    let mut config = config();
    let endpoint = Endpoint::tcp(config.listen).with_web_socket();
    config.endpoints.push(endpoint);
    let (server, hub) = Server::bind(config).await.unwrap();
    let address = server.endpoints()[0];
    (server, hub, address)
}

/// Asks for an upgrade: the head of the answer, and the connection.
async fn upgrade(address: SocketAddr, path: &str, header: &str) -> (String, TcpStream) {
    let mut stream = within(TcpStream::connect(address)).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n"
    );
    within(stream.write_all(request.as_bytes())).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(stream.read_u8()).await.unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

struct Socket(TcpStream);

impl Socket {
    async fn open(address: SocketAddr) -> Self {
        let header = "Sec-WebSocket-Protocol: mqtt, iotmp\r\n";
        let (head, stream) = upgrade(address, "/iotmp", header).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let head = head.to_lowercase();
        assert!(
            head.contains("\r\nsec-websocket-protocol: iotmp\r\n"),
            "{head}"
        );
        // The answer to this key that RFC 6455, 1.3 gives.
        let accept = "\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n";
        assert!(head.contains(accept), "{head}");
        Self(stream)
    }

    async fn send_raw(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.unwrap();
    }

    /// Sends a frame, masked by a key of zeros.
    async fn send(&mut self, first: u8, payload: &[u8]) {
        let len = u8::try_from(payload.len()).unwrap();
        assert!(len < 126);
        self.send_raw(&[&[first, 0x80 | len, 0, 0, 0, 0], payload].concat())
            .await;
    }

    /// The next frame: its first byte, and its payload.
    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let first = within(self.0.read_u8()).await.unwrap();
        let len = within(self.0.read_u8()).await.unwrap();
        assert!(len < 126);
        let mut payload = vec![0; len.into()];
        within(self.0.read_exact(&mut payload)).await.unwrap();
        (first, payload)
    }

    /// A Close with this code has to come, then the end.
    async fn refused(mut self, code: u16) {
        let (first, payload) = self.receive().await;
        assert_eq!(first, FIN | CLOSE);
        assert_eq!(u16::from_be_bytes([payload[0], payload[1]]), code);
        assert!(payload.len() > 2, "it says why");
        // The server closes the connection as soon as it is answered.
        self.send(FIN | CLOSE, &payload[..2]).await;
        assert_eq!(within(self.0.read(&mut [0])).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn how_bytes_are_cut_into_messages_means_nothing() {
    let (_server, hub, address) = server().await;
    let mut socket = Socket::open(address).await;
    for byte in CONNECT {
        socket.send(FIN | BINARY, &[]).await;
        socket.send(FIN | BINARY, &[*byte]).await;
    }
    assert_eq!(socket.receive().await, (FIN | BINARY, OK.to_vec()));
    assert_eq!(hub.devices().len(), 1);

    // Two messages of the protocol in one message of three frames, with a ping between.
    socket.send(BINARY, &KEEP_ALIVE[..1]).await;
    socket
        .send(CONTINUATION, &[KEEP_ALIVE[1], KEEP_ALIVE[0]])
        .await;
    socket.send(FIN | PING, b"?").await;
    assert_eq!(socket.receive().await, (FIN | PONG, b"?".to_vec()));
    socket.send(FIN | CONTINUATION, &KEEP_ALIVE[1..]).await;
    let mut answers = Vec::new();
    while answers.len() < 2 * KEEP_ALIVE.len() {
        let (first, payload) = socket.receive().await;
        assert_eq!(first, FIN | BINARY);
        answers.extend(payload);
    }
    assert_eq!(answers, [KEEP_ALIVE, KEEP_ALIVE].concat());

    let mut events = hub.events();
    socket.send(FIN | CLOSE, &1000_u16.to_be_bytes()).await;
    assert_eq!(socket.receive().await.0, FIN | CLOSE);
    within(events.recv()).await.unwrap();
    assert_eq!(hub.devices(), []);
}

#[tokio::test]
async fn a_text_message_is_refused_by_1003() {
    let (_server, hub, address) = server().await;
    let mut socket = Socket::open(address).await;
    // What stands before it counts, what stands behind it does not.
    socket.send(FIN | BINARY, CONNECT).await;
    assert_eq!(socket.receive().await, (FIN | BINARY, OK.to_vec()));
    socket.send(FIN | TEXT, b"{}").await;
    socket.send(FIN | BINARY, KEEP_ALIVE).await;
    socket.refused(1003).await;
    assert_eq!(hub.devices(), []);
}

#[tokio::test]
async fn a_giant_message_is_refused_by_1009_before_it_comes() {
    let (_server, _hub, address) = server().await;
    for len in [512 * 1024 + 1, 1 << 40, i64::MAX as u64] {
        let mut socket = Socket::open(address).await;
        let header = [&[FIN | BINARY, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat();
        socket.send_raw(&header).await;
        // More than is read at once: what is not read must not cost the answer.
        socket.send_raw(&[0; 100_000]).await;
        let (first, payload) = socket.receive().await;
        assert_eq!(
            (first, &payload[..2]),
            (FIN | CLOSE, &1009_u16.to_be_bytes()[..])
        );
    }
    // Nor does it help to send it in pieces.
    let mut socket = Socket::open(address).await;
    let len = 65_535_u16;
    let mut first = BINARY;
    for _ in 0..9 {
        let header = [&[first, 0xfe][..], &len.to_be_bytes(), &[0; 4]].concat();
        socket.send_raw(&header).await;
        socket.send_raw(&vec![0; len.into()]).await;
        first = CONTINUATION;
    }
    let (first, payload) = socket.receive().await;
    assert_eq!(
        (first, &payload[..2]),
        (FIN | CLOSE, &1009_u16.to_be_bytes()[..])
    );
}

#[tokio::test]
async fn a_broken_frame_is_refused_by_1002() {
    let (_server, _hub, address) = server().await;
    for frame in [
        // A client has to mask.
        &[FIN | BINARY, 1, 0][..],
        // Bits and codes that mean nothing.
        &[FIN | 0x40 | BINARY, 0x80, 0, 0, 0, 0],
        &[FIN | 3, 0x80, 0, 0, 0, 0],
        // A continuation of nothing.
        &[FIN | CONTINUATION, 0x80, 0, 0, 0, 0],
    ] {
        let mut socket = Socket::open(address).await;
        socket.send_raw(frame).await;
        let (first, payload) = socket.receive().await;
        assert_eq!(
            (first, &payload[..2]),
            (FIN | CLOSE, &1002_u16.to_be_bytes()[..])
        );
    }
}

#[tokio::test]
async fn another_path_is_404_and_no_subprotocol_is_400() {
    let (_server, _hub, address) = server().await;
    let iotmp = "Sec-WebSocket-Protocol: iotmp\r\n";
    for (path, header, status) in [
        ("/", iotmp, "404"),
        ("/iotmp/", iotmp, "404"),
        ("/iotmp2", iotmp, "404"),
        ("/iotmp", "", "400"),
        ("/iotmp", "Sec-WebSocket-Protocol: mqtt, iotmp2\r\n", "400"),
    ] {
        let (head, mut stream) = upgrade(address, path, header).await;
        let start = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&start), "{path} {header}: {head}");
        let mut body = Vec::new();
        within(stream.read_to_end(&mut body)).await.unwrap();
        assert!(body.ends_with(b"\n"), "it says why: {body:?}");
    }
}

#[tokio::test]
async fn what_is_no_websocket_says_so_to_who_dials_it() {
    let (server, _hub, _) = server().await;
    let dial = async |address: SocketAddr| {
        let transport = Transport::tcp().with_web_socket();
        let error = within(transport.dial(&Address::from(address))).await;
        let error = error.unwrap_err();
        assert!(matches!(error, DialError::WebSocket(_)), "{error:?}");
        error.to_string()
    };
    let said = dial(server.local_addr()).await;
    assert!(said.starts_with("WebSocket: "), "{said}");

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnot\tme\n",
            "WebSocket: /iotmp was answered by 404 Not Found",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "WebSocket: ",
        ),
    ];
    for (answer, expected) in answers {
        let serves = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            let head = String::from_utf8(head).unwrap().to_lowercase();
            assert!(head.starts_with("get /iotmp http/1.1\r\n"), "{head}");
            assert!(
                head.contains("\r\nsec-websocket-protocol: iotmp\r\n"),
                "{head}"
            );
        };
        let (said, ()) = within(async { tokio::join!(dial(address), serves) }).await;
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn a_connection_from_elsewhere_is_served_counted_and_waited_for() {
    let (server, hub, _) = server().await;
    let (near, far) = tokio::io::duplex(64);
    let admission = server.acceptor().admit().unwrap();
    let acceptor = server.acceptor().clone();
    let from = SocketAddr::from(([192, 0, 2, 1], 7));
    let served = tokio::spawn(async move {
        // An HTTP server has done the upgrade.
        let stream = ByteStream::server(far, 4096).await;
        admission.serve(stream, from).await;
    });
    let mut stream = ByteStream::client(near, 4096).await;
    within(stream.write_all(CONNECT)).await.unwrap();
    within(stream.flush()).await.unwrap();
    let mut answer = [0; 4];
    within(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, *OK);
    assert_eq!(hub.devices()[0].peer, from);

    let goodbye = async {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        drop(stream);
        rest
    };
    let ((), rest) = within(async { tokio::join!(server.shutdown(), goodbye) }).await;
    assert_eq!(rest[0], 4, "a Disconnect");
    assert!(served.is_finished());
    assert!(acceptor.admit().is_none(), "the server has stopped");
}

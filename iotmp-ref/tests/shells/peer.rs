//! A peer of the server that does what it is told, byte by byte.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_ref::framing::Framer;
use iotmp_ref::message::iotmp_shipping as spec;
use iotmp_ref::server::{Config, Credentials};
use iotmp_ref::session::IotmpShipping;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::packet::{Connect, Packet};
use iotmp_ref::wire::Encoding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a busy machine; only a failing test waits for so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const ENCODING: Encoding = Encoding::Pson2;

/// A server on a free port that lets `user1/sensor1` and `user1/sensor2` in.
pub(crate) fn config() -> Config {
    let credentials = Credentials::new()
        .with("user1", "sensor1", "secret123")
        .and_then(|credentials| credentials.with("user1", "sensor2", "secret456"));
    Config::new(([127, 0, 0, 1], 0).into(), credentials.unwrap())
}

/// Waits for what has to happen.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("nothing happened")
}

pub(crate) fn connect(device: &str, credential: &str) -> Packet {
    Packet::Connect(Connect {
        stream_id: 1,
        payload: ["user1".into(), device.into(), credential.into()].into(),
        protocol_version: spec::connect_parameters::PROTOCOL_VERSION_DEFAULT,
        encoding: None,
        keep_alive: Duration::from_secs(spec::timers::KEEP_ALIVE_DEFAULT),
        auth_type: spec::connect_parameters::AUTH_TYPE_DEFAULT,
        client_type: None,
        firmware: None,
    })
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    framer: Framer,
}

impl Peer {
    pub(crate) async fn dial(address: SocketAddr) -> Self {
        Self {
            stream: within(TcpStream::connect(address)).await.unwrap(),
            framer: Framer::new(1 << 20),
        }
    }

    /// Dials and is let in.
    pub(crate) async fn connected(address: SocketAddr, device: &str, credential: &str) -> Self {
        let mut peer = Self::dial(address).await;
        peer.send(connect(device, credential)).await;
        assert!(matches!(peer.receive().await, Some(Packet::Ok(_))));
        peer
    }

    pub(crate) async fn send(&mut self, packet: Packet) {
        let bytes = IotmpShipping.encode(packet, ENCODING).unwrap();
        self.send_bytes(&bytes).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    /// The next message; `None` when the server has closed.
    pub(crate) async fn receive(&mut self) -> Option<Packet> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.framer.next_frame().unwrap() {
                let mut reader = frame.reader();
                let packet = IotmpShipping.decode(frame.code, &mut reader, ENCODING);
                return Some(packet.unwrap());
            }
            match within(self.stream.read(&mut buffer)).await {
                Ok(0) => return None,
                Ok(count) => self.framer.push(&buffer[..count]),
                // The server closed over bytes that it had not read.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

//! A server with its HTTP face, a device, and an HTTP client that says exactly
//! what it is told.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_ref::device::{Client, ClientConfig, Device, Failure, Handle};
use iotmp_ref::gateway::{self, Gateway};
use iotmp_ref::pson::Value;
use iotmp_ref::server::{Config, Credentials, Hub, Server};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a busy machine; only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const TOKEN: &str = "s3cret";

/// Where the resources of the device are that is connected.
pub(crate) const RESOURCES: &str = "/v3/users/user1/devices/sensor1/resources";

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("nothing happened")
}

/// Everything that runs.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    pub(crate) device: Handle,
    pub(crate) server: Server,
    pub(crate) gateway: Gateway,
    _client: Client,
}

fn device() -> Device {
    let mut count = 0_u64;
    Device::new("user1", "sensor1", "secret123")
        .output("temperature", || 22.5)
        .input("led", |on| match on.as_bool() {
            Some(_) => Ok(()),
            None => Err(Failure::new("expected a boolean").code(400)),
        })
        .input_output("echo", |value| value)
        .run("reboot", || ())
        .output_with("cfg/:id", |request| request.path("id").map(str::len))
        .output("bytes", || Value::from(&b"\x00\xff"[..]))
        .output("counter", move || {
            count += 1;
            count
        })
}

/// A server that knows `sensor1`, which is connected, and `sensor2`, which is
/// not.
pub(crate) async fn world(change: impl FnOnce(&mut gateway::Config)) -> World {
    let credentials = Credentials::new()
        .with("user1", "sensor1", "secret123")
        .and_then(|credentials| credentials.with("user1", "sensor2", "secret456"));
    let listen = ([127, 0, 0, 1], 0).into();
    let (server, hub) = Server::bind(Config::new(listen, credentials.unwrap()))
        .await
        .unwrap();
    let mut config = gateway::Config::new(listen, TOKEN.parse().unwrap());
    config.devices = Some(server.acceptor().clone());
    change(&mut config);
    let gateway = Gateway::bind(config, hub.clone()).await.unwrap();
    let (client, handle) = Client::start(device(), ClientConfig::new(server.local_addr()));
    assert!(within(handle.connected()).await);
    World {
        address: gateway.local_addr(),
        hub,
        device: handle,
        server,
        gateway,
        _client: client,
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a refusal, which has a hint as well.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let text = |key: &str| body["error"][key].as_str().unwrap_or_default().to_owned();
        assert!(
            !text("message").is_empty() && !text("hint").is_empty(),
            "{self:?}"
        );
        text("code")
    }
}

impl World {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&request("GET", path, "", "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(&request("POST", path, "", body)).await
    }

    /// Sends what may be a request, and reads the answer.
    pub(crate) async fn send(&self, bytes: &str) -> Answer {
        let mut wire = self.dial().await;
        wire.write(bytes).await;
        wire.answer().await
    }

    pub(crate) async fn dial(&self) -> Wire {
        let stream = within(TcpStream::connect(self.address)).await.unwrap();
        Wire(BufReader::new(stream))
    }

    /// Listens by Server-Sent Events.
    pub(crate) async fn listen(&self, path: &str) -> Wire {
        let mut wire = self.dial().await;
        let accept = "Accept: text/event-stream\r\n";
        wire.write(&request("GET", path, accept, "")).await;
        let (status, head) = wire.head().await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        wire
    }
}

/// A request with the right token, closed after one answer unless it streams.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// One connection.
pub(crate) struct Wire(pub(crate) BufReader<TcpStream>);

impl Wire {
    pub(crate) async fn write(&mut self, text: &str) {
        within(self.0.write_all(text.as_bytes())).await.unwrap();
    }

    pub(crate) async fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let count = within(self.0.read_line(&mut head)).await.unwrap();
            assert!(count > 0, "the head breaks off: {head:?}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase())
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        let (status, head) = self.head().await;
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        within(self.0.read_exact(&mut body)).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        Answer { status, head, body }
    }

    /// The next event of a stream: its name and its data.
    pub(crate) async fn event(&mut self) -> Option<(String, Json)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            let count = within(self.0.read_line(&mut line)).await.unwrap();
            // The last chunk of a body is empty.
            if count == 0 || line == "0\r\n" {
                return None;
            }
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.trim().into();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// The next value of a stream.
    pub(crate) async fn value(&mut self) -> Json {
        match self.event().await {
            Some((name, value)) if name.is_empty() => value,
            other => panic!("{other:?}"),
        }
    }
}

//! Devices over WebSocket, where HTTP is.

use iotmp_ref::device::{Address, Client, ClientConfig, Device};
use iotmp_ref::transport::Transport;
use serde_json::json;

use crate::client::{request, within, world};

/// The head of a handshake, but for the subprotocol.
fn handshake(more: &str) -> String {
    format!(
        "GET /iotmp HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn a_device_connects_at_the_http_listener_and_is_called_there() {
    let world = world(|_| ()).await;
    let device = Device::new("user1", "sensor2", "secret456").output("where", || "over HTTP");
    let server: Address = world.address.to_string().parse().unwrap();
    let mut config = ClientConfig::new(server);
    config.transport = Transport::tcp().with_web_socket();
    let (_client, handle) = Client::start(device, config);
    assert!(within(handle.connected()).await);
    let answer = world
        .get("/v3/users/user1/devices/sensor2/resources/where")
        .await;
    assert_eq!((answer.status, answer.json()), (200, json!("over HTTP")));
    // It ends with the server, as other connections do.
    within(world.server.shutdown()).await;
}

#[tokio::test]
async fn the_handshake_is_answered_for_the_subprotocol_alone() {
    let world = world(|_| ()).await;
    let mut wire = world.dial().await;
    wire.write(&handshake("Sec-WebSocket-Protocol: mqtt, iotmp\r\n"))
        .await;
    let (status, head) = wire.head().await;
    assert_eq!(status, 101, "{head}");
    assert!(head.contains("sec-websocket-protocol: iotmp\r\n"), "{head}");
    // As RFC 6455, section 1.3, works it out, in lower case as the head is here.
    let accept = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n";
    assert!(head.contains(accept), "{head}");

    for (bytes, code) in [
        (handshake(""), "bad_subprotocol"),
        (
            handshake("Sec-WebSocket-Protocol: mqtt\r\n"),
            "bad_subprotocol",
        ),
        (request("GET", "/iotmp", "", ""), "bad_upgrade"),
    ] {
        let answer = world.send(&bytes).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
}

#[tokio::test]
async fn without_a_server_for_them_devices_find_nothing() {
    let world = world(|config| config.devices = None).await;
    let answer = world
        .send(&handshake("Sec-WebSocket-Protocol: iotmp\r\n"))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "no_such_path")
    );
}

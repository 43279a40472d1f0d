//! WebSockets.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::client::{RESOURCES, TOKEN, World, within, world};

type Socket = WebSocketStream<TcpStream>;

async fn open(world: &World, path: &str) -> Result<Socket, Error> {
    let url = format!("ws://{}{path}", world.address);
    let mut request: Request = url.into_client_request().unwrap();
    let token = format!("Bearer {TOKEN}").parse().unwrap();
    request.headers_mut().insert("authorization", token);
    let stream = within(TcpStream::connect(world.address)).await.unwrap();
    within(client_async(request, stream))
        .await
        .map(|(socket, _)| socket)
}

async fn next(socket: &mut Socket) -> Json {
    match within(socket.next()).await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn say(socket: &mut Socket, frame: Json) {
    within(socket.send(Message::text(frame.to_string())))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_socket_on_a_resource_shows_its_values() {
    let world = world(|_| ()).await;
    let mut socket = open(&world, &format!("{RESOURCES}/counter?interval=0.02"))
        .await
        .unwrap();
    let first = next(&mut socket).await.as_u64().unwrap();
    assert!(next(&mut socket).await.as_u64().unwrap() > first);
    say(&mut socket, json!(1)).await;
    loop {
        let frame = next(&mut socket).await;
        if frame.is_object() {
            assert_eq!(frame["error"]["code"], "not_heard");
            break;
        }
    }
    assert_eq!(world.hub.disconnect("user1", "sensor1").await, 1);
    loop {
        match within(socket.next()).await {
            Some(Ok(Message::Text(_))) => {}
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!(u16::from(frame.code), 1001);
                assert_eq!(frame.reason.as_str(), "the stream of the device has ended");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn frames_switch_resources_on_and_off() {
    let world = world(|config| config.max_resources = 2).await;
    let mut socket = open(&world, RESOURCES).await.unwrap();
    say(
        &mut socket,
        json!({"resource": "counter", "interval": 0.02, "enabled": true}),
    )
    .await;
    assert_eq!(next(&mut socket).await["resource"], "counter");
    say(
        &mut socket,
        json!({"resource": "counter", "enabled": false}),
    )
    .await;
    say(&mut socket, json!({"resource": "temperature"})).await;
    loop {
        let frame = next(&mut socket).await;
        if frame["resource"] == "temperature" {
            assert_eq!(frame, json!({"resource": "temperature", "value": 22.5}));
            break;
        }
    }
    // Whatever the counter has sent before it was switched off has come, and a
    // frame that is no switch tells that nothing has come since.
    say(&mut socket, json!({"interval": 1})).await;
    let frame = next(&mut socket).await;
    assert_eq!(frame["error"]["code"], "bad_frame");
    say(&mut socket, json!({"resource": "nothing", "interval": 1})).await;
    let frame = next(&mut socket).await;
    assert_eq!(
        (&frame["resource"], &frame["error"]["code"]),
        (&json!("nothing"), &json!("device_error"))
    );
    say(&mut socket, json!({"resource": "echo"})).await;
    say(&mut socket, json!({"resource": "bytes"})).await;
    let frame = next(&mut socket).await;
    assert_eq!(
        (&frame["resource"], &frame["error"]["code"]),
        (&json!("bytes"), &json!("busy"))
    );
    assert!(world.device.event_value("temperature", 30));
    assert_eq!(
        next(&mut socket).await,
        json!({"resource": "temperature", "value": 30})
    );
}

#[tokio::test]
async fn a_browser_shows_its_token_in_the_query() {
    let world = world(|_| ()).await;
    for (token, is_let_in) in [(TOKEN, true), ("wrong", false)] {
        let url = format!(
            "ws://{}{RESOURCES}/counter?access_token={token}",
            world.address
        );
        let stream = within(TcpStream::connect(world.address)).await.unwrap();
        let opened = within(client_async(url, stream)).await;
        assert_eq!(opened.is_ok(), is_let_in, "{token}");
    }
    // Only where a header cannot be given.
    let path =
        format!("GET {RESOURCES}/temperature?access_token={TOKEN} HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(world.send(&path).await.status, 401);
}

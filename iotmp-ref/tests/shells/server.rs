//! The server against a peer that speaks in raw messages.

use core::time::Duration;

use iotmp_ref::pson::{Map, Value};
use iotmp_ref::server::{CallError, DeviceEvent, DeviceId, Server};
use iotmp_ref::session::packet::{Action, Answer, Disconnect, Packet, Run, StartStream};
use iotmp_ref::session::{Call, CloseReason, Misbehaved, TimedOut};

use crate::peer::{Peer, config, connect, within};

pub(crate) const fn ok(stream_id: u16) -> Packet {
    Packet::Ok(Answer {
        stream_id,
        parameters: None,
        payload: None,
    })
}

fn error(stream_id: u16, code: u64) -> Packet {
    Packet::Error(Answer {
        stream_id,
        parameters: Some(code.into()),
        payload: None,
    })
}

#[tokio::test]
async fn the_example_of_the_specification_is_let_in() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::dial(server.local_addr()).await;
    let request = b"\x03\x1c\x08\x01\x1a\xe3\x85user1\x87sensor1\x89secret123";
    peer.send_bytes(request).await;
    assert_eq!(peer.receive().await, Some(ok(1)));
    peer.send_bytes(&[5, 0]).await;
    assert_eq!(peer.receive().await, Some(Packet::KeepAlive));
    let devices = hub.devices();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].id, DeviceId::new("user1", "sensor1"));
    assert_eq!(devices[0].keep_alive, Duration::from_secs(60));
}

#[tokio::test]
async fn the_wrong_are_refused_alike_and_the_connection_is_closed() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    for (device, credential) in [
        ("sensor1", "secret124"),
        ("sensor1", "secret456"),
        ("sensor1", ""),
        ("sensor3", "secret123"),
    ] {
        let mut peer = Peer::dial(server.local_addr()).await;
        peer.send(connect(device, credential)).await;
        assert_eq!(peer.receive().await, Some(error(1, 2)), "{device}");
        assert_eq!(peer.receive().await, None, "{device}");
    }
    assert_eq!(hub.devices(), []);
}

#[tokio::test]
async fn what_is_no_connect_ends_the_connection_without_a_word() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    for packet in [Packet::KeepAlive, ok(1)] {
        let mut peer = Peer::dial(server.local_addr()).await;
        peer.send(packet).await;
        assert_eq!(peer.receive().await, None);
    }
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let mut config = config();
    config.session.connect_timeout = Duration::from_millis(1);
    let (server, _hub) = Server::bind(config).await.unwrap();
    let mut peer = Peer::dial(server.local_addr()).await;
    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn beyond_a_limit_connections_are_closed_and_then_taken_again() {
    let mut limited = config();
    limited.max_unauthenticated = 1;
    let (server, hub) = Server::bind(limited).await.unwrap();
    let address = server.local_addr();
    // Connections that were let in do not count.
    let _first = Peer::connected(address, "sensor1", "secret123").await;
    let mut waiting = Peer::dial(address).await;
    let mut surplus = Peer::dial(address).await;
    assert_eq!(surplus.receive().await, None);
    waiting.send(connect("sensor2", "secret456")).await;
    assert_eq!(waiting.receive().await, Some(ok(1)));
    let _third = Peer::connected(address, "sensor1", "secret123").await;
    assert_eq!(hub.devices().len(), 2);

    let mut limited = config();
    limited.max_connections = 1;
    let (server, _hub) = Server::bind(limited).await.unwrap();
    let _first = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let mut surplus = Peer::dial(server.local_addr()).await;
    assert_eq!(surplus.receive().await, None);
}

#[tokio::test]
async fn a_second_connect_ends_the_connection_and_the_hub_says_why() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut events = hub.events();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let id = DeviceId::new("user1", "sensor1");
    let connected = DeviceEvent::Connected { id: id.clone() };
    assert_eq!(within(events.recv()).await, Ok(connected));
    peer.send(connect("sensor1", "secret123")).await;
    assert_eq!(peer.receive().await, None);
    let reason = CloseReason::Misbehaved(Misbehaved::SecondConnect);
    let disconnected = DeviceEvent::Disconnected { id, reason };
    assert_eq!(within(events.recv()).await, Ok(disconnected));
    assert_eq!(hub.devices(), []);
}

#[tokio::test]
async fn a_disconnect_is_acknowledged() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    peer.send(Packet::Disconnect(Disconnect {
        stream_id: Some(9),
        ..Disconnect::default()
    }))
    .await;
    assert_eq!(peer.receive().await, Some(ok(9)));
    assert_eq!(peer.receive().await, None);
}

#[tokio::test]
async fn a_missed_keep_alive_ends_the_connection() {
    let mut config = config();
    config.session.keep_alive_margin = 0;
    let (server, hub) = Server::bind(config).await.unwrap();
    let mut events = hub.events();
    let mut peer = Peer::dial(server.local_addr()).await;
    let Packet::Connect(mut request) = connect("sensor1", "secret123") else {
        unreachable!();
    };
    request.keep_alive = Duration::from_secs(1);
    peer.send(Packet::Connect(request)).await;
    assert_eq!(peer.receive().await, Some(ok(1)));
    assert_eq!(peer.receive().await, None);
    let id = DeviceId::new("user1", "sensor1");
    let connected = DeviceEvent::Connected { id: id.clone() };
    assert_eq!(within(events.recv()).await, Ok(connected));
    let reason = CloseReason::TimedOut(TimedOut::KeepAlive);
    let disconnected = DeviceEvent::Disconnected { id, reason };
    assert_eq!(within(events.recv()).await, Ok(disconnected));
}

#[tokio::test]
async fn what_the_server_does_not_have_is_answered_by_error() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let run = |stream_id| {
        Packet::Run(Run {
            stream_id,
            action: Action::Run,
            resource: 9.into(),
            parameters: Some("bucket".into()),
            payload: Some(1.into()),
        })
    };
    // Nobody waits for the answer to the first.
    peer.send(run(None)).await;
    peer.send(run(Some(300))).await;
    peer.send(Packet::StartStream(StartStream {
        stream_id: 301,
        resource: Some(10.into()),
        parameters: None,
        interval: Duration::ZERO,
        payload: None,
    }))
    .await;
    for (stream_id, name) in [(300, "#9"), (301, "#10")] {
        let text = format!("no resource {name} on this server");
        let error = Packet::Error(Answer {
            stream_id,
            parameters: None,
            payload: Some(Map::from([("error", text)]).into()),
        });
        assert_eq!(peer.receive().await, Some(error));
    }
}

#[tokio::test]
async fn who_does_not_read_is_given_up() {
    let mut config = config();
    config.write_timeout = Duration::from_millis(100);
    let (server, hub) = Server::bind(config).await.unwrap();
    let mut events = hub.events();
    let _peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    within(events.recv()).await.unwrap();
    let chunk = Value::from(vec![0_u8; 100_000]);
    // More than the buffers of the system and of the session hold.
    let mut sent = 0;
    let refused = loop {
        let call = Call::new("a").payload(chunk.clone());
        match within(hub.run_unanswered("user1", "sensor1", call)).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 10_000, "everything was taken");
    };
    let id = DeviceId::new("user1", "sensor1");
    assert!(
        matches!(refused, CallError::NotSent(_) | CallError::Lost),
        "{refused:?}"
    );
    let reason = CloseReason::Ended;
    let disconnected = DeviceEvent::Disconnected { id, reason };
    assert_eq!(within(events.recv()).await, Ok(disconnected));
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let address = server.local_addr();
    let mut first = Peer::connected(address, "sensor1", "secret123").await;
    let mut second = Peer::connected(address, "sensor2", "secret456").await;
    let mut halfway = Peer::dial(address).await;
    let call = hub.run("user1", "sensor1", Call::new("a"));
    let stop = async {
        let run = first.receive().await;
        assert!(matches!(run, Some(Packet::Run(_))), "{run:?}");
        let goodbye = Packet::Disconnect(Disconnect::default());
        let watch = async {
            assert_eq!(first.receive().await, Some(goodbye.clone()));
            assert_eq!(first.receive().await, None);
            assert_eq!(second.receive().await, Some(goodbye.clone()));
            assert_eq!(halfway.receive().await, Some(goodbye.clone()));
            drop((first, second, halfway));
        };
        tokio::join!(server.shutdown(), watch);
    };
    let (reply, ()) = within(async { tokio::join!(call, stop) }).await;
    assert_eq!(reply, Err(CallError::Lost));
    assert_eq!(hub.devices(), []);
    let refused = tokio::net::TcpStream::connect(address).await;
    assert_eq!(
        refused.map(drop).map_err(|error| error.kind()),
        Err(std::io::ErrorKind::ConnectionRefused)
    );
}

#[tokio::test]
async fn a_server_that_is_dropped_is_gone() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let mut events = hub.events();
    drop(server);
    assert_eq!(peer.receive().await, None);
    let id = DeviceId::new("user1", "sensor1");
    let reason = CloseReason::Ended;
    let disconnected = DeviceEvent::Disconnected { id, reason };
    assert_eq!(within(events.recv()).await, Ok(disconnected));
}

#[tokio::test]
async fn a_redirect_names_the_other_server_to_devices_that_are_known() {
    let mut config = config();
    config.redirect = Some("iotmp://127.0.0.1:1".into());
    let (server, _hub) = Server::bind(config).await.unwrap();
    let mut peer = Peer::dial(server.local_addr()).await;
    peer.send(connect("sensor1", "secret123")).await;
    let redirect = Packet::Error(Answer {
        stream_id: 1,
        parameters: Some(1.into()),
        payload: Some("iotmp://127.0.0.1:1".into()),
    });
    assert_eq!(peer.receive().await, Some(redirect));
    let mut stranger = Peer::dial(server.local_addr()).await;
    stranger.send(connect("sensor1", "wrong")).await;
    assert_eq!(stranger.receive().await, Some(error(1, 2)));
}

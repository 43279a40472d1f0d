//! Calls and streams through the hub, answered by a peer in raw messages.

use core::time::Duration;

use iotmp_ref::pson::Value;
use iotmp_ref::server::{CallError, DeviceEvent, DeviceId, Hub, Server, Stream};
use iotmp_ref::session::packet::{Answer, Disconnect, Packet, StopStream, StreamData};
use iotmp_ref::session::{Call, Reply, Resource};

use crate::peer::{Peer, config, within};
use crate::server::ok;

/// The resource that the server runs, and how to answer.
async fn receive_run(peer: &mut Peer) -> (u16, Resource) {
    match peer.receive().await {
        Some(Packet::Run(run)) => (run.stream_id.unwrap(), run.resource),
        other => panic!("expected Run, got {other:?}"),
    }
}

#[tokio::test]
async fn calls_go_to_the_newest_connection_and_back_to_the_older() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut events = hub.events();
    let mut older = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let mut newer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    assert_eq!(hub.devices()[0].connections, 2);
    for (peer, value) in [(&mut newer, 1), (&mut older, 2)] {
        let call = hub.run("user1", "sensor1", Call::new("where"));
        let answer = async {
            let (stream_id, resource) = receive_run(peer).await;
            assert_eq!(resource, "where".into());
            peer.send(Packet::Ok(Answer {
                stream_id,
                parameters: None,
                payload: Some(value.into()),
            }))
            .await;
            peer.send(Packet::Disconnect(Disconnect::default())).await;
        };
        let (reply, ()) = within(async { tokio::join!(call, answer) }).await;
        assert_eq!(reply, Ok(Reply::value(value)));
        while !matches!(
            within(events.recv()).await,
            Ok(DeviceEvent::Disconnected { .. })
        ) {}
    }
    let id = DeviceId::new("user1", "sensor1");
    assert_eq!(
        hub.run("user1", "sensor1", Call::new("where")).await,
        Err(CallError::NotConnected(id))
    );
}

#[tokio::test]
async fn a_call_ends_by_error_by_time_or_with_the_connection() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;

    let call = hub.run("user1", "sensor1", Call::new("a"));
    let answer = async {
        let (stream_id, _) = receive_run(&mut peer).await;
        peer.send(Packet::Error(Answer {
            stream_id,
            parameters: Some(404.into()),
            payload: Some("no".into()),
        }))
        .await;
    };
    let (reply, ()) = within(async { tokio::join!(call, answer) }).await;
    let failed = Reply::value("no").parameters(404);
    assert_eq!(reply, Err(CallError::Failed(failed)));

    let hasty = hub.clone().with_timeout(Duration::from_millis(1));
    let reply = within(hasty.run("user1", "sensor1", Call::new("b"))).await;
    assert_eq!(reply, Err(CallError::TimedOut));
    // It may or may not have been sent; an answer that comes too late is
    // ignored, and the next call gets its own.
    let call = hub.run("user1", "sensor1", Call::new("c"));
    let answer = async {
        loop {
            let (stream_id, resource) = receive_run(&mut peer).await;
            peer.send(Packet::Ok(Answer {
                stream_id,
                parameters: None,
                payload: Some(resource.name().into()),
            }))
            .await;
            if resource == "c".into() {
                break;
            }
        }
    };
    let (reply, ()) = within(async { tokio::join!(call, answer) }).await;
    assert_eq!(reply, Ok(Reply::value("c")));

    let call = hub.run("user1", "sensor1", Call::new("d"));
    let end = async {
        receive_run(&mut peer).await;
        drop(peer);
    };
    let (reply, ()) = within(async { tokio::join!(call, end) }).await;
    assert_eq!(reply, Err(CallError::Lost));
}

/// Opens a stream of `resource` and answers for the device.
async fn open(hub: &Hub, peer: &mut Peer, resource: &str) -> Stream {
    let start = hub.stream("user1", "sensor1", Call::new(resource), Duration::ZERO);
    let answer = async {
        let Some(Packet::StartStream(start)) = peer.receive().await else {
            panic!("expected Start Stream");
        };
        assert_eq!(start.resource, Some(resource.into()));
        peer.send(ok(start.stream_id)).await;
    };
    let (stream, ()) = within(async { tokio::join!(start, answer) }).await;
    stream.unwrap()
}

fn data(stream_id: u16, payload: impl Into<Value>) -> Packet {
    Packet::StreamData(StreamData {
        stream_id,
        payload: Some(payload.into()),
        ..StreamData::default()
    })
}

#[tokio::test]
async fn a_stream_brings_values_until_it_is_stopped() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let mut stream = open(&hub, &mut peer, "a").await;
    let stream_id = stream.stream_id();
    for value in 0..3 {
        peer.send(data(stream_id, value)).await;
        let sample = within(stream.next()).await.unwrap();
        assert_eq!(sample.payload, Some(value.into()));
    }
    let confirm = async {
        let stop = Packet::StopStream(StopStream {
            stream_id,
            ..StopStream::default()
        });
        assert_eq!(peer.receive().await, Some(stop));
        peer.send(ok(stream_id)).await;
    };
    let (stopped, ()) = within(async { tokio::join!(stream.stop(), confirm) }).await;
    assert_eq!(stopped, Ok(()));
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_replaced_is_stopped() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let dropped = open(&hub, &mut peer, "a").await;
    let mut replaced = open(&hub, &mut peer, "b").await;
    let stops = [dropped.stream_id(), replaced.stream_id()];
    drop(dropped);
    let stop = |stream_id| {
        Packet::StopStream(StopStream {
            stream_id,
            ..StopStream::default()
        })
    };
    assert_eq!(peer.receive().await, Some(stop(stops[0])));
    let replacing = open(&hub, &mut peer, "b").await;
    assert_eq!(peer.receive().await, Some(stop(stops[1])));
    assert_eq!(within(replaced.next()).await, None);
    // To stop what has ended is no mistake, and no message.
    assert_eq!(within(replaced.stop()).await, Ok(()));
    drop(replacing);
    assert!(matches!(peer.receive().await, Some(Packet::StopStream(_))));
}

#[tokio::test]
async fn who_listens_slowly_loses_the_oldest_values_and_is_told_how_many() {
    let mut config = config();
    config.max_lag = 4;
    let (server, hub) = Server::bind(config).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let mut stream = open(&hub, &mut peer, "a").await;
    for value in 0..10 {
        peer.send(data(stream.stream_id(), value)).await;
    }
    // The answer says that all before it has been read.
    peer.send(Packet::KeepAlive).await;
    assert_eq!(peer.receive().await, Some(Packet::KeepAlive));
    for value in 6..10 {
        let sample = within(stream.next()).await.unwrap();
        assert_eq!(sample.payload, Some(value.into()));
    }
    assert_eq!(stream.dropped(), 6);
}

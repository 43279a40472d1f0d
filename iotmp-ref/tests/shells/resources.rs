//! Resources of the server, run by a peer in raw messages and in both layouts.

use iotmp_ref::pson::{Map, Value};
use iotmp_ref::server::{DeviceId, Limits, Server};
use iotmp_ref::session::packet::{
    Action, Answer, Packet, Run, StartStream, StopStream, StreamData,
};
use iotmp_ref::session::{Call, Resource};

use crate::peer::{Peer, config, within};
use crate::server::ok;

const GET: u64 = 1;
const SET: u64 = 2;
const CALL: u64 = 3;
const ENDPOINT: u64 = 4;
const WRITE: u64 = 5;
const LOCK: u64 = 6;
const UNLOCK: u64 = 7;
const SUBSCRIBE: u64 = 8;

/// Where the number of the server's resource stands.
#[derive(Debug, Clone, Copy)]
enum Layout {
    InResource,
    InParameters,
}

const LAYOUTS: [Layout; 2] = [Layout::InResource, Layout::InParameters];

fn run(id: u16, layout: Layout, number: u64, target: &str, payload: Option<Value>) -> Packet {
    let (resource, parameters) = match layout {
        Layout::InResource => (Resource::Number(number), Value::from(target)),
        Layout::InParameters => (target.into(), number.into()),
    };
    Packet::Run(Run {
        stream_id: Some(id),
        action: Action::Run,
        resource,
        parameters: Some(parameters),
        payload,
    })
}

async fn ask(peer: &mut Peer, request: Packet) -> Result<Option<Value>, (Option<u64>, String)> {
    peer.send(request).await;
    match peer.receive().await {
        Some(Packet::Ok(answer)) => Ok(answer.payload),
        Some(Packet::Error(answer)) => {
            let text = answer
                .payload
                .as_ref()
                .and_then(|payload| payload.get("error"));
            let text = text.and_then(Value::as_str).unwrap_or_default();
            let code = answer.parameters.as_ref().and_then(Value::as_u64);
            Err((code, text.into()))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn properties_and_buckets_are_kept_in_either_layout() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let id = DeviceId::new("user1", "sensor1");
    for layout in LAYOUTS {
        let name = format!("{layout:?}");
        let unset = ask(&mut peer, run(2, layout, GET, &name, None)).await;
        let (code, text) = unset.unwrap_err();
        assert_eq!(
            (code, text),
            (Some(404), format!("the property {name} is not set"))
        );
        let value = Value::from(Map::from([("a", 1)]));
        let set = run(3, layout, SET, &name, Some(value.clone()));
        assert_eq!(ask(&mut peer, set).await, Ok(None));
        let read = ask(&mut peer, run(4, layout, GET, &name, None)).await;
        assert_eq!(read, Ok(Some(value.clone())));
        assert_eq!(hub.property(&id, &name), Some(value));

        for point in 0..2 {
            let write = run(5, layout, WRITE, &name, Some(point.into()));
            assert_eq!(ask(&mut peer, write).await, Ok(None));
        }
        let points = hub.bucket("user1", &name).unwrap();
        let values: Vec<_> = points.into_iter().map(|point| point.value).collect();
        assert_eq!(values, [Value::from(0), Value::from(1)]);
        let (code, _) = ask(&mut peer, run(6, layout, ENDPOINT, &name, None))
            .await
            .unwrap_err();
        assert_eq!(code, Some(404));
    }
    assert_eq!(hub.bucket("user2", "InResource"), None);
    // A device has its own properties.
    let mut other = Peer::connected(server.local_addr(), "sensor2", "secret456").await;
    let read = run(2, Layout::InResource, GET, "InResource", None);
    assert!(
        ask(&mut other, read)
            .await
            .is_err_and(|(code, _)| code == Some(404))
    );
    for number in [0, 9, 300] {
        let unknown = run(7, Layout::InResource, number, "x", None);
        let (_, text) = ask(&mut peer, unknown).await.unwrap_err();
        assert_eq!(text, format!("no resource #{number} on this server"));
    }
}

#[tokio::test]
async fn a_lock_has_one_holder_and_ends_with_the_connection() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let address = server.local_addr();
    let mut first = Peer::connected(address, "sensor1", "secret123").await;
    let mut second = Peer::connected(address, "sensor2", "secret456").await;
    for layout in LAYOUTS {
        for _ in 0..2 {
            assert_eq!(
                ask(&mut first, run(2, layout, LOCK, "door", None)).await,
                Ok(None)
            );
        }
        let (code, text) = ask(&mut second, run(2, layout, LOCK, "door", None))
            .await
            .unwrap_err();
        let why = "sensor1 holds the lock door; try again when it gives it back";
        assert_eq!((code, text.as_str()), (Some(409), why));
        let unlocked = ask(&mut second, run(3, layout, UNLOCK, "door", None)).await;
        assert!(unlocked.is_err_and(|(code, _)| code == Some(409)));
        assert_eq!(
            ask(&mut first, run(3, layout, UNLOCK, "door", None)).await,
            Ok(None)
        );
        assert_eq!(
            ask(&mut second, run(4, layout, LOCK, "door", None)).await,
            Ok(None)
        );
        assert_eq!(
            ask(&mut second, run(5, layout, UNLOCK, "door", None)).await,
            Ok(None)
        );
    }
    let lock = || run(6, Layout::InResource, LOCK, "gate", None);
    assert_eq!(ask(&mut first, lock()).await, Ok(None));
    first
        .send(Packet::Disconnect(
            iotmp_ref::session::packet::Disconnect::default(),
        ))
        .await;
    // The locks are free before the server says its last words.
    assert_eq!(first.receive().await, None);
    assert_eq!(ask(&mut second, lock()).await, Ok(None));
}

#[tokio::test]
async fn a_device_calls_another_of_its_user() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let address = server.local_addr();
    let mut caller = Peer::connected(address, "sensor1", "secret123").await;
    let mut callee = Peer::connected(address, "sensor2", "secret456").await;
    for layout in LAYOUTS {
        let target = "sensor2/lights/on";
        caller
            .send(run(7, layout, CALL, target, Some(true.into())))
            .await;
        let Some(Packet::Run(called)) = callee.receive().await else {
            panic!("the other device is not called");
        };
        assert_eq!(called.resource, "lights/on".into());
        assert_eq!(called.payload, Some(true.into()));
        let stream_id = called.stream_id.unwrap();
        let answer = |stream_id| {
            Packet::Ok(Answer {
                stream_id,
                parameters: None,
                payload: Some("lit".into()),
            })
        };
        callee.send(answer(stream_id)).await;
        assert_eq!(caller.receive().await, Some(answer(7)));
        let (code, text) = ask(&mut caller, run(8, layout, CALL, "sensor3/a", None))
            .await
            .unwrap_err();
        assert_eq!(
            (code, text.as_str()),
            (Some(404), "user1/sensor3 is not connected")
        );
        let unclear = ask(&mut caller, run(9, layout, CALL, "sensor2", None)).await;
        assert!(unclear.is_err_and(|(code, _)| code == Some(400)));
    }
}

fn subscribe(id: u16, parameters: impl Into<Value>) -> Packet {
    Packet::StartStream(StartStream {
        stream_id: id,
        resource: Some(Resource::Number(SUBSCRIBE)),
        parameters: Some(parameters.into()),
        interval: core::time::Duration::ZERO,
        payload: None,
    })
}

async fn event(peer: &mut Peer) -> (u16, Value, Value) {
    match peer.receive().await {
        Some(Packet::StreamData(data)) => (
            data.stream_id,
            data.parameters.unwrap(),
            data.payload.unwrap(),
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn events_reach_those_who_have_subscribed() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let address = server.local_addr();
    let mut peer = Peer::connected(address, "sensor1", "secret123").await;
    let id = DeviceId::new("user1", "sensor1");
    hub.set_property(&id, "mode", "eco".into()).unwrap();
    // One property, with its value now.
    let mut parameters = Map::from([("event", Value::from("device_property_update"))]);
    parameters.insert("filters", Map::from([("property", "mode")]));
    parameters.insert("current", true);
    peer.send(subscribe(5, parameters)).await;
    assert_eq!(peer.receive().await, Some(ok(5)));
    let about = |name: &str| {
        let event = "device_property_update";
        Value::from(Map::from([
            ("event", event),
            ("device", "sensor1"),
            ("property", name),
        ]))
    };
    assert_eq!(event(&mut peer).await, (5, about("mode"), "eco".into()));
    hub.set_property(&id, "other", 1.into()).unwrap();
    hub.set_property(&id, "mode", "full".into()).unwrap();
    assert_eq!(event(&mut peer).await, (5, about("mode"), "full".into()));

    // Any name, as the embedded layout has it: the number is no interval.
    peer.send(Packet::StartStream(StartStream {
        stream_id: 6,
        resource: Some("alarm".into()),
        parameters: Some(SUBSCRIBE.into()),
        interval: core::time::Duration::ZERO,
        payload: None,
    }))
    .await;
    assert_eq!(peer.receive().await, Some(ok(6)));
    assert_eq!(hub.publish("user1", "alarm", &7.into()), 1);
    assert_eq!(hub.publish("user2", "alarm", &8.into()), 0);
    let named = Map::from([("event", "alarm")]);
    assert_eq!(event(&mut peer).await, (6, named.into(), 7.into()));
    peer.send(Packet::StopStream(StopStream {
        stream_id: 6,
        ..StopStream::default()
    }))
    .await;
    assert_eq!(peer.receive().await, Some(ok(6)));
    assert_eq!(hub.publish("user1", "alarm", &9.into()), 0);

    let nothing = subscribe(7, Map::from([("topic", "a")]));
    assert!(
        ask(&mut peer, nothing)
            .await
            .is_err_and(|(code, _)| code == Some(400))
    );
    drop(peer);
}

#[tokio::test]
async fn a_topic_is_heard_by_all_devices_of_the_user_and_may_be_retained() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let address = server.local_addr();
    let mut publisher = Peer::connected(address, "sensor1", "secret123").await;
    let mut early = Peer::connected(address, "sensor2", "secret456").await;
    let topic = |scope: &str, topic: &str| {
        let mut map = Map::from([
            ("event", "device_topic_publish"),
            ("scope", scope),
            ("topic", topic),
        ]);
        map.insert("retained", true);
        map
    };
    early.send(subscribe(3, topic("subscribe", "home/+"))).await;
    assert_eq!(early.receive().await, Some(ok(3)));
    publisher
        .send(subscribe(4, topic("publish", "home/door")))
        .await;
    assert_eq!(publisher.receive().await, Some(ok(4)));
    publisher
        .send(Packet::StreamData(StreamData {
            stream_id: 4,
            payload: Some("open".into()),
            ..StreamData::default()
        }))
        .await;
    let about = Map::from([("event", "device_topic_publish"), ("topic", "home/door")]);
    let expected = |id| (id, about.clone().into(), Value::from("open"));
    assert_eq!(event(&mut early).await, expected(3));
    early.send(subscribe(9, topic("subscribe", "#"))).await;
    assert_eq!(early.receive().await, Some(ok(9)));
    assert_eq!(event(&mut early).await, expected(9));
    let wild = subscribe(5, topic("publish", "home/+"));
    assert!(
        ask(&mut publisher, wild)
            .await
            .is_err_and(|(code, _)| code == Some(400))
    );
}

#[tokio::test]
async fn what_is_kept_has_its_limits() {
    let mut config = config();
    config.resources = Limits {
        max_bytes: 1000,
        max_value: 600,
        max_properties: 2,
        max_buckets: 1,
        max_points: 3,
        max_locks: 1,
        max_subscriptions: 1,
        max_retained: 1,
    };
    let (server, hub) = Server::bind(config).await.unwrap();
    let mut peer = Peer::connected(server.local_addr(), "sensor1", "secret123").await;
    let run = |number, target: &str, payload| run(2, Layout::InResource, number, target, payload);
    let full = Err(Some(507));
    let mut try_run = async |packet| {
        ask(&mut peer, packet)
            .await
            .map(drop)
            .map_err(|(code, _)| code)
    };
    let text = |length| Some(Value::from("x".repeat(length)));
    assert_eq!(try_run(run(SET, "a", text(601))).await, Err(Some(413)));
    assert_eq!(try_run(run(SET, "a", text(500))).await, Ok(()));
    assert_eq!(try_run(run(SET, "b", text(500))).await, full);
    // The room of what it replaces is its own.
    assert_eq!(try_run(run(SET, "a", text(550))).await, Ok(()));
    assert_eq!(try_run(run(SET, "a", text(1))).await, Ok(()));
    assert_eq!(try_run(run(SET, "b", text(1))).await, Ok(()));
    assert_eq!(try_run(run(SET, "c", text(1))).await, full);
    for point in 0..5 {
        assert_eq!(try_run(run(WRITE, "log", Some(point.into()))).await, Ok(()));
    }
    let points = hub.bucket("user1", "log").unwrap();
    let values: Vec<_> = points.iter().map(|point| point.value.clone()).collect();
    assert_eq!(values, [2, 3, 4].map(Value::from));
    assert_eq!(try_run(run(WRITE, "other", None)).await, full);
    assert_eq!(try_run(run(LOCK, "a", None)).await, Ok(()));
    assert_eq!(try_run(run(LOCK, "b", None)).await, full);
    assert_eq!(try_run(subscribe(5, "e")).await, Ok(()));
    assert_eq!(try_run(subscribe(6, "e")).await, full);
    // The same stream again takes its own place.
    assert_eq!(try_run(subscribe(5, "e")).await, Ok(()));
    assert_eq!(
        try_run(run(LOCK, &"x".repeat(129), None)).await,
        Err(Some(400))
    );
    within(hub.run_unanswered("user1", "sensor1", Call::new("r")))
        .await
        .unwrap();
}

//! Whole devices against the server.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::sync::Arc;

use iotmp_ref::device::{
    Address, Backoff, Client, ClientConfig, ClientError, Device, Failure, Handle, Status,
};
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::server::{CallError, DeviceEvent, DeviceId, Hub, Server};
use iotmp_ref::session::{Call, CloseReason, ConnectError, Iotmp2025, Reply};
use tokio::net::TcpListener;

use crate::peer::{config, within};

/// A device with a resource of every sort; `heading` counts how often it was
/// asked.
fn device(name: &str, credential: &str) -> Device {
    let heading = Arc::new(AtomicU64::new(0));
    Device::new("user1", name, credential)
        .output("temperature", || 22.5)
        .input("led", |on| match on.as_bool() {
            Some(_) => Ok(()),
            None => Err(Failure::new("expected a boolean").code(400)),
        })
        .input_output("echo", |value| value)
        .run("reboot", || ())
        .output_with("cfg/:id", |request| request.path("id").map(str::len))
        .output("heading", move || heading.fetch_add(1, Relaxed))
}

/// How to reach `server`, without waiting for long in between.
fn dial(server: impl Into<Address>) -> ClientConfig {
    let mut config = ClientConfig::new(server);
    config.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(10),
    };
    config
}

async fn connected(server: &Server, name: &str, credential: &str) -> (Client, Handle) {
    let (client, handle) = Client::start(device(name, credential), dial(server.local_addr()));
    assert!(within(handle.connected()).await);
    (client, handle)
}

async fn run(hub: &Hub, call: Call) -> Result<Reply, CallError> {
    within(hub.run("user1", "sensor1", call)).await
}

#[tokio::test]
async fn every_sort_of_resource_is_called_through_the_hub() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let (client, _) = connected(&server, "sensor1", "secret123").await;
    let reply = run(&hub, Call::new("temperature")).await;
    assert_eq!(reply, Ok(Reply::value(22.5)));
    let reply = run(&hub, Call::new("led").payload(true)).await;
    assert_eq!(reply, Ok(Reply::empty()));
    let failed = Reply::value(Map::from([("error", "expected a boolean")])).parameters(400);
    let reply = run(&hub, Call::new("led").payload(1)).await;
    assert_eq!(reply, Err(CallError::Failed(failed)));
    let value = Value::from(["a".into(), Map::from([("b", -1.5)]).into(), Value::Null]);
    let reply = run(&hub, Call::new("echo").payload(value.clone())).await;
    assert_eq!(reply, Ok(Reply::value(value)));
    let reply = run(&hub, Call::new("cfg/abcd")).await;
    assert_eq!(reply, Ok(Reply::value(4)));
    let reply = run(&hub, Call::new("nothing")).await;
    assert_eq!(reply, Err(CallError::Failed(Reply::empty())));
    within(hub.run_unanswered("user1", "sensor1", Call::new("reboot")))
        .await
        .unwrap();

    let all = within(hub.describe("user1", "sensor1", None))
        .await
        .unwrap();
    let all = all.payload.unwrap();
    let function = |name: &str| all.get(name)?.get("fn")?.as_u64();
    assert_eq!(function("reboot"), Some(1));
    assert_eq!(function("led"), Some(2));
    assert_eq!(function("cfg/:id"), Some(3));
    assert_eq!(function("echo"), Some(4));
    let one = within(hub.describe("user1", "sensor1", Some("temperature".into()))).await;
    let out = Map::from([("out", 22.5)]);
    assert_eq!(one, Ok(Reply::value(out)));
    within(client.stop()).await.unwrap();
}

#[tokio::test]
async fn large_values_pass_both_ways() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let (_client, _) = connected(&server, "sensor1", "secret123").await;
    let value = Value::from(vec![7_u8; 200_000]);
    let calls = (0..8).map(|_| {
        let (hub, value) = (hub.clone(), value.clone());
        tokio::spawn(async move { run(&hub, Call::new("echo").payload(value)).await })
    });
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(reply) => assert_eq!(reply, Reply::value(value.clone())),
            // More than the limit of what may wait for one device.
            Err(error) => assert!(matches!(error, CallError::NotSent(_)), "{error:?}"),
        }
    }
    let too_large = Value::from(vec![7_u8; 300_000]);
    let reply = run(&hub, Call::new("echo").payload(too_large)).await;
    assert!(matches!(reply, Err(CallError::NotSent(_))), "{reply:?}");
    let reply = run(&hub, Call::new("echo").payload(1)).await;
    assert_eq!(reply, Ok(Reply::value(1)));
}

#[tokio::test]
async fn several_devices_are_called_at_once() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let (_first, _) = connected(&server, "sensor1", "secret123").await;
    let (_second, _) = connected(&server, "sensor2", "secret456").await;
    let devices = hub.devices();
    let names: Vec<_> = devices.iter().map(|info| info.id.to_string()).collect();
    assert_eq!(names, ["user1/sensor1", "user1/sensor2"]);
    let calls = (0..200).map(|value| {
        let hub = hub.clone();
        let device = ["sensor1", "sensor2"][value % 2];
        tokio::spawn(async move {
            let call = Call::new("echo").payload(value);
            let reply = within(hub.run("user1", device, call)).await;
            assert_eq!(reply, Ok(Reply::value(value)));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_samples_by_interval_and_an_event_by_push() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let (client, handle) = connected(&server, "sensor1", "secret123").await;
    let interval = Duration::from_millis(1);
    let samples = hub.stream("user1", "sensor1", Call::new("temperature"), interval);
    let mut samples = within(samples).await.unwrap();
    for _ in 0..5 {
        let sample = within(samples.next()).await.unwrap();
        assert_eq!(sample.payload, Some(22.5.into()));
    }
    assert_eq!(within(samples.stop()).await, Ok(()));

    let events = hub.stream("user1", "sensor1", Call::new("heading"), Duration::ZERO);
    let mut events = within(events).await.unwrap();
    // The value now comes at once, the next ones only when something happens.
    let first = within(events.next()).await.unwrap().payload.unwrap();
    assert_eq!(first, Value::from(0));
    for count in 1..4 {
        assert!(handle.event("heading"));
        let sample = within(events.next()).await.unwrap();
        assert_eq!(sample.payload, Some(count.into()));
    }
    assert!(handle.event_value("heading", "north"));
    let sample = within(events.next()).await.unwrap();
    assert_eq!(sample.payload, Some("north".into()));
    // An input of a resource that is streamed comes back on the stream.
    let echo = hub.stream("user1", "sensor1", Call::new("echo"), Duration::ZERO);
    let mut echo = within(echo).await.unwrap();
    run(&hub, Call::new("echo").payload(5)).await.unwrap();
    let sample = within(echo.next()).await.unwrap();
    assert_eq!(sample.payload, Some(5.into()));
    // A new stream of one resource takes the place of the one before.
    let again = hub.stream("user1", "sensor1", Call::new("heading"), Duration::ZERO);
    let mut again = within(again).await.unwrap();
    assert_eq!(within(events.next()).await, None);
    assert!(within(again.next()).await.is_some());
    within(client.stop()).await.unwrap();
    assert_eq!(within(again.next()).await, None);
    let status = handle.status();
    assert_eq!(*status.borrow(), Status::Stopped);
}

#[tokio::test]
async fn a_resource_that_cannot_be_streamed_is_refused() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let (_client, _) = connected(&server, "sensor1", "secret123").await;
    for resource in ["reboot", "nothing"] {
        let call = Call::new(resource);
        let stream = hub.stream("user1", "sensor1", call, Duration::ZERO);
        let error = within(stream).await.map(drop);
        assert_eq!(error, Err(CallError::Failed(Reply::empty())), "{resource}");
    }
}

#[tokio::test]
async fn a_device_that_was_dropped_comes_back() {
    let (server, hub) = Server::bind(config()).await.unwrap();
    let mut events = hub.events();
    let (_client, _) = connected(&server, "sensor1", "secret123").await;
    let id = DeviceId::new("user1", "sensor1");
    for _ in 0..3 {
        let connected = DeviceEvent::Connected { id: id.clone() };
        assert_eq!(within(events.recv()).await, Ok(connected));
        assert_eq!(within(hub.disconnect("user1", "sensor1")).await, 1);
        let reason = CloseReason::Disconnected { reason: None };
        let disconnected = DeviceEvent::Disconnected {
            id: id.clone(),
            reason,
        };
        assert_eq!(within(events.recv()).await, Ok(disconnected));
    }
    within(hub.wait_for("user1", "sensor1")).await.unwrap();
    assert!(run(&hub, Call::new("temperature")).await.is_ok());
}

#[tokio::test]
async fn a_device_waits_for_a_server_that_comes_late_or_again() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let (_client, handle) = Client::start(device("sensor1", "secret123"), dial(address));
    let mut status = handle.status();
    let waits = status.wait_for(|status| matches!(status, Status::Waiting(_)));
    within(waits).await.map(drop).unwrap();
    for _ in 0..2 {
        let mut config = config();
        config.listen = address;
        let (server, hub) = Server::bind(config).await.unwrap();
        within(hub.wait_for("user1", "sensor1")).await.unwrap();
        assert!(run(&hub, Call::new("temperature")).await.is_ok());
        within(server.shutdown()).await;
    }
}

#[tokio::test]
async fn a_refused_device_stops_and_says_why_unless_it_is_to_go_on() {
    let (server, _hub) = Server::bind(config()).await.unwrap();
    let address = Address::from(server.local_addr());
    let (mut client, handle) = Client::start(device("sensor1", "wrong"), dial(address.clone()));
    match within(client.stopped()).await {
        Err(ClientError::Refused { server, error }) => {
            assert_eq!(
                (server, error),
                (address.clone(), ConnectError::BadCredentials)
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!within(handle.connected()).await);
    assert!(!handle.event("heading"));

    let mut config = dial(address);
    config.retry_refused = true;
    let (client, handle) = Client::start(device("sensor1", "wrong"), config);
    let mut status = handle.status();
    for _ in 0..3 {
        let waits = status.wait_for(|status| matches!(status, Status::Waiting(_)));
        within(waits).await.map(drop).unwrap();
        let dials = status.wait_for(|status| matches!(status, Status::Connecting(_)));
        within(dials).await.map(drop).unwrap();
    }
    within(client.stop()).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_followed_but_not_for_ever() {
    let (last, hub) = Server::bind(config()).await.unwrap();
    let mut redirecting = config();
    redirecting.redirect = Some(format!("iotmp://{}", last.local_addr()));
    let (middle, _) = Server::bind(redirecting).await.unwrap();
    let mut redirecting = config();
    redirecting.redirect = Some(format!("iotmp://{}", middle.local_addr()));
    let (first, _) = Server::bind(redirecting).await.unwrap();
    let (client, handle) = connected(&first, "sensor1", "secret123").await;
    let server = Address::from(last.local_addr());
    assert_eq!(*handle.status().borrow(), Status::Connected(server));
    assert!(run(&hub, Call::new("temperature")).await.is_ok());
    within(client.stop()).await.unwrap();

    let mut config = dial(first.local_addr());
    config.max_redirects = 1;
    let (client, handle) = Client::start(device("sensor1", "secret123"), config);
    let mut status = handle.status();
    let waits = status.wait_for(|status| matches!(status, Status::Waiting(_)));
    within(waits).await.map(drop).unwrap();
    within(client.stop()).await.unwrap();
}

#[tokio::test]
async fn both_ends_speak_the_other_revision_too() {
    for version in [0, 1] {
        let mut config = config();
        config.session = iotmp_ref::session::Config::new(&Iotmp2025);
        let (server, hub) = Server::bind(config).await.unwrap();
        let device = device("sensor1", "secret123")
            .dialect(&Iotmp2025)
            .protocol_version(version)
            .keep_alive(Duration::from_secs(30))
            .firmware("1.2");
        let (_client, handle) = Client::start(device, dial(server.local_addr()));
        assert!(within(handle.connected()).await);
        let info = &hub.devices()[0];
        assert_eq!(info.keep_alive, Duration::from_secs(30));
        assert_eq!(info.firmware.as_deref(), Some("1.2"));
        let call = Call::new("echo").payload(-3.25);
        assert_eq!(run(&hub, call).await, Ok(Reply::value(-3.25)));
    }
}

#[tokio::test]
async fn an_impossible_configuration_is_an_error_at_once() {
    let device = device("sensor1", "secret123").keep_alive(Duration::from_millis(1500));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mut client, _) = Client::start(device, dial(address));
    let error = within(client.stopped()).await.unwrap_err();
    assert!(matches!(error, ClientError::Config(_)), "{error:?}");
}

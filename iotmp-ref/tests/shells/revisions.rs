//! Devices and servers of the older revisions over real sockets, and one server
//! for all of them.

use core::time::Duration;

use iotmp_ref::device::{
    Address, Backoff, Client, ClientConfig, ClientError, Device, Handle, Status,
};
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::server::{Config, Hub, Server};
use iotmp_ref::session::dialect::{ALL, Dialect};
use iotmp_ref::session::{
    self, Call, ConnectError, DataKind, Iotmp2020, Iotmp2023, Iotmp2025, Reply,
};
use iotmp_ref::wire::Encoding;
use tokio::sync::watch;

use crate::peer::{config, within};

/// What the device of 2023 may choose from.
const ENCODINGS: [Encoding; 6] = [
    Encoding::Pson1,
    Encoding::Json,
    Encoding::Messagepack,
    Encoding::Bson,
    Encoding::Cbor,
    Encoding::Ubjson,
];

fn speaking(dialect: &'static dyn Dialect) -> Config {
    Config {
        session: session::Config::new(dialect),
        ..config()
    }
}

fn device(dialect: &'static dyn Dialect) -> Device {
    let mut count = 0_u64;
    Device::new("user1", "sensor1", "secret123")
        .dialect(dialect)
        .input_output("echo", |value| value)
        .input("led", |_| ())
        .output("count", move || {
            count += 1;
            count
        })
}

fn start(device: Device, server: &Server) -> (Client, Handle) {
    let mut config = ClientConfig::new(Address::from(server.local_addr()));
    config.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(10),
    };
    Client::start(device, config)
}

/// A value of every sort that all six encodings have.
fn nested() -> Value {
    let inner = Map::from([
        ("negative", Value::from(-7)),
        ("large", Value::from(u64::from(u32::MAX) + 1)),
        ("ratio", Value::from(0.1)),
        ("text", Value::from("Größe 😀 \"\\\n")),
        ("nothing", Value::Null),
    ]);
    let list = vec![Value::from(true), Value::from(1.5), inner.into()];
    Map::from([
        ("list", Value::Array(list)),
        ("empty", Value::Array(Vec::new())),
        ("map", Map::new().into()),
        ("zero", 0.into()),
        ("one", 1.into()),
    ])
    .into()
}

async fn echoes(hub: &Hub, value: Value) {
    let call = Call::new("echo").payload(value.clone());
    let reply = within(hub.run("user1", "sensor1", call)).await;
    assert_eq!(reply, Ok(Reply::value(value)));
}

/// A device of 2023 that asks for `encoding`, let in.
async fn connected(
    server: &Server,
    hub: &Hub,
    encoding: Encoding,
) -> (Client, watch::Receiver<Status>) {
    let (client, handle) = start(device(&Iotmp2023).encoding(encoding), server);
    assert!(within(handle.connected()).await);
    let info = hub.devices().remove(0);
    assert_eq!((info.spec, info.encoding), ("iotmp-2023", encoding));
    (client, handle.status())
}

#[tokio::test]
async fn a_nested_value_travels_in_all_six_encodings() {
    for encoding in ENCODINGS {
        let (server, hub) = Server::bind(speaking(&Iotmp2023)).await.unwrap();
        let (client, _) = connected(&server, &hub, encoding).await;
        echoes(&hub, nested()).await;
        echoes(&hub, "a bare text".into()).await;
        let all = within(hub.describe("user1", "sensor1", None)).await;
        let all = all.unwrap().payload.unwrap();
        assert_eq!(all.get("echo"), Some(&Map::from([("fn", 4)]).into()));
        let call = Call::new("count");
        let stream = hub.stream("user1", "sensor1", call, Duration::from_secs(1));
        let mut stream = within(stream).await.unwrap();
        let sample = within(stream.next()).await.unwrap();
        let expected = (Some(2.into()), Some(1.into()));
        assert_eq!((sample.parameters, sample.payload), expected);
        within(stream.stop()).await.unwrap();
        within(client.stop()).await.unwrap();
    }
}

/// Bytes travel in all but JSON, which says that it cannot.
#[tokio::test]
async fn what_an_encoding_cannot_say_is_an_error_not_a_loss() {
    for encoding in ENCODINGS {
        let (server, hub) = Server::bind(speaking(&Iotmp2023)).await.unwrap();
        let (_client, _) = connected(&server, &hub, encoding).await;
        let bytes = Value::from(vec![0_u8, 255, 7]);
        if encoding == Encoding::Json {
            let call = Call::new("echo").payload(bytes);
            let error = within(hub.run("user1", "sensor1", call)).await.unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("not sent: not expressible: "), "{text}");
            echoes(&hub, 1.into()).await;
        } else {
            echoes(&hub, bytes).await;
        }
    }
}

async fn refusal(config: Config, device: Device) -> ConnectError {
    let (server, _hub) = Server::bind(config).await.unwrap();
    let (mut client, _handle) = start(device, &server);
    match within(client.stopped()).await {
        Err(ClientError::Refused { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_says_why() {
    let mut config = speaking(&Iotmp2023);
    config.session.encodings = vec![Encoding::Cbor];
    for encoding in [Encoding::Messagepack, Encoding::Bson, Encoding::Ubjson] {
        let device = device(&Iotmp2023).encoding(encoding);
        let error = refusal(config.clone(), device).await;
        assert_eq!(error, ConnectError::BadEncoding, "{encoding:?}");
    }
    let mut config = speaking(&Iotmp2023);
    config.session.keep_alive_max = Duration::from_secs(30);
    let error = refusal(config, device(&Iotmp2023)).await;
    assert_eq!(error, ConnectError::InvalidKeepAlive);
    for encoding in ENCODINGS {
        let stranger = Device::new("user1", "sensor1", "wrong")
            .dialect(&Iotmp2023)
            .encoding(encoding);
        let error = refusal(speaking(&Iotmp2023), stranger).await;
        assert_eq!(error, ConnectError::BadCredentials);
    }
}

#[tokio::test]
async fn a_redirect_leads_to_the_second_server() {
    let (second, hub) = Server::bind(speaking(&Iotmp2023)).await.unwrap();
    let mut redirecting = speaking(&Iotmp2023);
    redirecting.redirect = Some(format!("iotmp://{}", second.local_addr()));
    let (first, empty) = Server::bind(redirecting).await.unwrap();
    for encoding in ENCODINGS {
        let (client, handle) = start(device(&Iotmp2023).encoding(encoding), &first);
        assert!(within(handle.connected()).await);
        let server = Address::from(second.local_addr());
        assert_eq!(*handle.status().borrow(), Status::Connected(server));
        assert_eq!(empty.devices(), []);
        within(hub.wait_for("user1", "sensor1")).await.unwrap();
        echoes(&hub, nested()).await;
        within(client.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_of_2020_samples_every_second_and_tells_of_events() {
    let (server, hub) = Server::bind(speaking(&Iotmp2020)).await.unwrap();
    let (client, handle) = start(device(&Iotmp2020), &server);
    assert!(within(handle.connected()).await);
    echoes(&hub, nested()).await;
    let second = Duration::from_secs(1);
    let stream = hub.stream("user1", "sensor1", Call::new("count"), second);
    let mut stream = within(stream).await.unwrap();
    for count in 1..3 {
        let sample = within(stream.next()).await.unwrap();
        let expected = (DataKind::Sample, Some(count.into()));
        assert_eq!((sample.kind, sample.payload), expected);
    }
    // A repeat without the resource: from now on events only.
    within(stream.set_interval(Duration::ZERO)).await.unwrap();
    assert!(handle.event_value("count", "changed"));
    // A sample may have been on its way.
    let event = loop {
        let sample = within(stream.next()).await.unwrap();
        if sample.kind != DataKind::Sample {
            break sample;
        }
    };
    let expected = (DataKind::Event, Some("changed".into()));
    assert_eq!((event.kind, event.payload), expected);
    within(stream.set_interval(second)).await.unwrap();
    let sample = within(stream.next()).await.unwrap();
    assert_eq!(sample.kind, DataKind::Sample);
    within(stream.stop()).await.unwrap();
    // What is only an input travels as one.
    let stream = hub.stream("user1", "sensor1", Call::new("led"), second);
    let mut stream = within(stream).await.unwrap();
    let call = Call::new("led").payload(true);
    within(hub.run("user1", "sensor1", call)).await.unwrap();
    let sample = within(stream.next()).await.unwrap();
    assert_eq!((sample.input, sample.payload), (Some(true.into()), None));
    within(client.stop()).await.unwrap();
}

/// A stream changes its interval where the resource has to be named again too.
#[tokio::test]
async fn every_revision_changes_the_interval_of_an_open_stream() {
    for dialect in ALL {
        let (server, hub) = Server::bind(speaking(dialect)).await.unwrap();
        let (_client, handle) = start(device(dialect), &server);
        assert!(within(handle.connected()).await);
        let call = Call::new("count");
        let stream = hub.stream("user1", "sensor1", call, Duration::from_secs(1000));
        let mut stream = within(stream).await.unwrap();
        within(stream.set_interval(Duration::from_secs(1)))
            .await
            .unwrap();
        assert!(within(stream.next()).await.is_some(), "{dialect:?}");
    }
}

#[tokio::test]
async fn one_server_tells_the_revisions_apart() {
    let mut config = config();
    config.session = session::Config::detecting();
    let (server, hub) = Server::bind(config).await.unwrap();
    for dialect in ALL {
        let mut device = device(dialect);
        if dialect.name() == Iotmp2023.name() {
            // Otherwise it could be of 2025 as well.
            device = device.encoding(Encoding::Json);
        }
        let (client, handle) = start(device, &server);
        assert!(within(handle.connected()).await);
        assert_eq!(hub.devices()[0].spec, dialect.name());
        echoes(&hub, nested()).await;
        within(client.stop()).await.unwrap();
        let mut devices = hub.events();
        while !hub.devices().is_empty() {
            within(devices.recv()).await.unwrap();
        }
    }
    // What may be either is taken for 2025.
    let (_client, handle) = start(device(&Iotmp2023), &server);
    assert!(within(handle.connected()).await);
    assert_eq!(hub.devices()[0].spec, Iotmp2025.name());
}

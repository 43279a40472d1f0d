//! Server-Sent Events, and streams that are shared.

use core::time::Duration;

use iotmp_ref::framing::Framer;
use iotmp_ref::session::IotmpShipping;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::packet::{Answer, Connect, Packet, StreamData};
use iotmp_ref::wire::Encoding;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{RESOURCES, World, within, world};

#[tokio::test]
async fn samples_come_by_interval_and_events_without() {
    let world = world(|_| ()).await;
    let mut samples = world
        .listen(&format!("{RESOURCES}/counter?interval=0.02"))
        .await;
    // Samples that come together on a busy machine are one: the newer counts.
    let mut last = samples.value().await.as_u64().unwrap();
    for _ in 0..4 {
        let count = samples.value().await.as_u64().unwrap();
        assert!(count > last, "{count} behind {last}");
        last = count;
    }
    let mut events = world.listen(&format!("{RESOURCES}/temperature")).await;
    assert_eq!(events.value().await, 22.5);
    for _ in 0..3 {
        assert!(world.device.event_value("temperature", "hot"));
        assert_eq!(events.value().await, "hot");
    }
    // The end of the device is the end of the stream.
    assert_eq!(world.hub.disconnect("user1", "sensor1").await, 1);
    let (name, data) = events.event().await.unwrap();
    assert_eq!(
        (name.as_str(), data["code"].as_str()),
        ("end", Some("stream_ended"))
    );
    assert_eq!(events.event().await, None);
}

/// A device that notes what it is asked for, and sends samples when told.
struct Peer {
    stream: TcpStream,
    framer: Framer,
}

impl Peer {
    /// Connects as `sensor2`.
    async fn connect(world: &World) -> Self {
        let stream = TcpStream::connect(world.server.local_addr()).await.unwrap();
        let framer = Framer::new(1 << 16);
        let mut peer = Self { stream, framer };
        peer.send(Packet::Connect(Connect {
            stream_id: 1,
            payload: ["user1".into(), "sensor2".into(), "secret456".into()].into(),
            protocol_version: 0,
            encoding: None,
            keep_alive: Duration::from_secs(60),
            auth_type: 0,
            client_type: None,
            firmware: None,
        }))
        .await;
        assert!(matches!(peer.receive().await, Packet::Ok(_)));
        peer
    }

    async fn send(&mut self, packet: Packet) {
        let bytes = IotmpShipping.encode(packet, Encoding::Pson2).unwrap();
        within(self.stream.write_all(&bytes)).await.unwrap();
    }

    async fn receive(&mut self) -> Packet {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.framer.next_frame().unwrap() {
                let mut reader = frame.reader();
                let packet = IotmpShipping.decode(frame.code, &mut reader, Encoding::Pson2);
                return packet.unwrap();
            }
            let count = within(self.stream.read(&mut buffer)).await.unwrap();
            assert!(count > 0, "the server has closed");
            self.framer.push(&buffer[..count]);
        }
    }

    /// The stream that the server asks for, which is confirmed.
    async fn asked(&mut self) -> (u16, Option<u64>) {
        let (stream_id, asked) = match self.receive().await {
            Packet::StartStream(start) => {
                assert_eq!(start.resource, Some("heading".into()));
                let millis = u64::try_from(start.interval.as_millis()).unwrap();
                (start.stream_id, Some(millis))
            }
            Packet::StopStream(stop) => (stop.stream_id, None),
            other => panic!("{other:?}"),
        };
        self.send(Packet::Ok(Answer {
            stream_id,
            ..Answer::default()
        }))
        .await;
        (stream_id, asked)
    }

    async fn sample(&mut self, stream_id: u16, value: u64) {
        self.send(Packet::StreamData(StreamData {
            stream_id,
            payload: Some(value.into()),
            ..StreamData::default()
        }))
        .await;
    }
}

#[tokio::test]
async fn two_listeners_share_a_stream_at_the_common_divisor() {
    let world = world(|_| ()).await;
    let mut peer = Peer::connect(&world).await;
    let path = "/v3/users/user1/devices/sensor2/resources/heading?interval=";
    // A listener is let in when the device has confirmed.
    let (six, (stream_id, asked)) = tokio::join!(world.listen_at(path, "0.06"), peer.asked());
    assert_eq!(asked, Some(60));
    let (nine, asked) = tokio::join!(world.listen_at(path, "0.09"), peer.asked());
    assert_eq!(asked, (stream_id, Some(30)));
    let (mut six, mut nine) = (six, nine);
    // Both are handed the first value that there is.
    peer.sample(stream_id, 7).await;
    assert_eq!(six.value().await, 7);
    assert_eq!(nine.value().await, 7);
    drop(six);
    assert_eq!(peer.asked().await, (stream_id, Some(90)));
    drop(nine);
    assert_eq!(peer.asked().await, (stream_id, None));
    // Nothing is left of it: who comes then has a stream opened anew.
    let (mut again, (stream_id, asked)) = tokio::join!(world.listen_at(path, "0.06"), peer.asked());
    assert_eq!(asked, Some(60));
    peer.sample(stream_id, 8).await;
    assert_eq!(again.value().await, 8);
}

impl World {
    async fn listen_at(&self, path: &str, interval: &str) -> crate::client::Wire {
        self.listen(&format!("{path}{interval}")).await
    }
}

#[tokio::test]
async fn each_listener_has_its_own_rate() {
    let world = world(|_| ()).await;
    let path = format!("{RESOURCES}/counter?interval=");
    let mut slow = world.listen_at(&path, "0.09").await;
    let mut fast = world.listen_at(&path, "0.03").await;
    let start = slow.value().await.as_u64().unwrap();
    // How often a value comes is for the virtual clock to say; here it counts
    // that both are fed from one stream, in order, and the slow one no more often.
    let first = fast.value().await.as_u64().unwrap();
    let mut last = first;
    while last < first + 30 {
        last = fast.value().await.as_u64().unwrap();
    }
    let mut seen = start;
    let mut count = 0;
    while seen < last {
        let next = slow.value().await.as_u64().unwrap();
        assert!(next > seen);
        seen = next;
        count += 1;
    }
    assert!((1..=31).contains(&count), "{count} of {}", last - start);
}

//! Hostile bytes at a server that others use: each costs its own connection at
//! most, memory stays bounded, and a device on the same server never notices.

#![cfg(all(feature = "device", feature = "server"))]

#[path = "shells/peer.rs"]
mod peer;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::io::ErrorKind;
use std::sync::Arc;

use iotmp_ref::device::{Client, ClientConfig, Device};
use iotmp_ref::server::{DeviceEvent, DeviceId, Hub, Server};
use iotmp_ref::session::packet::{Answer, Packet};
use iotmp_ref::session::{Call, Reply};
use peak_alloc::PeakAlloc;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use peer::{Peer, config, connect, within};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most memory that all of this may take, both ends together.
const MEMORY_LIMIT: usize = 64 << 20;

/// Connections that may wait to be let in, and how long.
const HALF_OPEN: usize = 64;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Codes of the messages that the bytes here pretend to be.
const CONNECT: u8 = 0x03;
const RUN: u8 = 0x06;
const STREAM_ID: u16 = 9;

/// What the server does about hostile bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// It closes the connection without a word.
    Close,
    /// It answers by Error and closes the connection.
    ErrorAndClose,
    /// It answers by Error, and the connection goes on.
    Error,
    /// It says nothing, and the connection goes on.
    Nothing,
}

struct Attack {
    name: &'static str,
    bytes: Vec<u8>,
    outcome: Outcome,
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A message with a body of that many bytes, honestly said.
fn message(code: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![code];
    push_varint(&mut bytes, body.len() as u64);
    bytes.extend_from_slice(body);
    bytes
}

/// A message with a stream identifier, a resource where one is needed, and
/// `value` in place of its payload.
fn with_payload(code: u8, value: &[u8]) -> Vec<u8> {
    let mut body = vec![0x08, STREAM_ID as u8];
    if code == RUN {
        body.extend(b"\x22\x81a");
    }
    body.push(0x1a);
    body.extend(value);
    message(code, &body)
}

/// A PSON head whose number, of up to 64 bits, follows it.
fn head(kind: u8, number: u64) -> Vec<u8> {
    let mut bytes = vec![kind << 5 | 31];
    push_varint(&mut bytes, number);
    bytes
}

/// The same in either phase but for what comes of it: `code` is what the
/// server expects then, and `refused` what it does about a message that has a
/// stream identifier but cannot be read.
fn attacks(code: u8, refused: Outcome, unnamed: Outcome) -> Vec<Attack> {
    let attack = |name, bytes, outcome| Attack {
        name,
        bytes,
        outcome,
    };
    let announced = |size: u64| {
        let mut bytes = vec![code];
        push_varint(&mut bytes, size);
        bytes.extend([0; 1000]);
        bytes
    };
    let value = |bytes: &[u8]| with_payload(code, bytes);
    vec![
        attack("a body of 4 GiB", announced(1 << 32), Outcome::Close),
        attack(
            "a body of almost 4 GiB",
            announced((1 << 32) - 1),
            Outcome::Close,
        ),
        attack(
            "a body just too large",
            announced((256 << 10) + 1),
            Outcome::Close,
        ),
        attack("an endless varint", vec![0xff; 100_000], Outcome::Close),
        attack(
            "an endless size",
            [&[code], &[0x80; 100_000][..]].concat(),
            Outcome::Close,
        ),
        attack(
            "an endless stream identifier",
            message(code, &[&[0x08], &[0xff; 100_000][..]].concat()),
            unnamed,
        ),
        attack(
            "a stream identifier of 64 bits",
            message(code, b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            unnamed,
        ),
        attack("a map of 2^64-1 pairs", value(&head(6, u64::MAX)), refused),
        attack(
            "an array of 2^64-1 elements",
            value(&head(7, u64::MAX)),
            refused,
        ),
        attack(
            "a string of 2^32-1 bytes",
            value(&head(4, 0xffff_ffff)),
            refused,
        ),
        attack("bytes of 2^64-1 bytes", value(&head(5, u64::MAX)), refused),
        attack("100,000 nested arrays", value(&[0xe1; 100_000]), refused),
        attack(
            "50,000 nested maps",
            value(&[0xc1, 0x80].repeat(50_000)),
            refused,
        ),
        attack(
            "100,000 nested arrays in a field nobody knows",
            message(
                code,
                &[&[0x08, STREAM_ID as u8, 0x7a], &[0xe1; 100_000][..]].concat(),
            ),
            refused,
        ),
        attack("a string that is none", value(b"\x82\xff\xfe"), refused),
        attack(
            "a reserved wire type",
            message(code, &[0x08, STREAM_ID as u8, 0x1f]),
            refused,
        ),
    ]
}

/// What fits neither list.
fn before_connect() -> Vec<Attack> {
    let attack = |name, bytes, outcome| Attack {
        name,
        bytes,
        outcome,
    };
    let nulls = [head(7, 262_000), vec![0x62; 262_000]].concat();
    vec![
        // It can be read, but three strings it is not.
        attack(
            "a quarter of a MiB of nulls",
            with_payload(CONNECT, &nulls),
            Outcome::ErrorAndClose,
        ),
        attack("zeros", vec![0; 100_000], Outcome::Close),
        attack(
            "another protocol",
            b"GET / HTTP/1.1\r\nhost: example.org\r\n\r\n".to_vec(),
            Outcome::Close,
        ),
        attack(
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            Outcome::Close,
        ),
    ]
}

fn after_connect() -> Vec<Attack> {
    let attack = |name, bytes, outcome| Attack {
        name,
        bytes,
        outcome,
    };
    let nulls = [head(7, 262_000), vec![0x62; 262_000]].concat();
    vec![
        attack(
            "a quarter of a MiB of nulls",
            with_payload(RUN, &nulls),
            Outcome::Error,
        ),
        attack(
            "messages of no known type",
            vec![0; 100_000],
            Outcome::Nothing,
        ),
        attack(
            "answers to nothing",
            b"\x01\x02\x08\x07".repeat(10_000),
            Outcome::Nothing,
        ),
        attack(
            "values of no stream",
            b"\x0a\x02\x08\x07".repeat(10_000),
            Outcome::Nothing,
        ),
        attack(
            "runs without a resource",
            b"\x06\x00".repeat(10_000),
            Outcome::Nothing,
        ),
    ]
}

/// A device that is called all the time.
struct Bystander {
    _client: Client,
    calls: Arc<AtomicU64>,
    is_leaving: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Bystander {
    async fn connect(server: &Server, hub: &Hub) -> Self {
        let device = Device::new("user1", "sensor2", "secret456");
        let device = device.input_output("echo", |value| value);
        let (client, handle) = Client::start(device, ClientConfig::new(server.local_addr()));
        assert!(within(handle.connected()).await);
        let calls = Arc::new(AtomicU64::new(0));
        let is_leaving = Arc::new(AtomicBool::new(false));
        let (hub, count, leave) = (hub.clone(), Arc::clone(&calls), Arc::clone(&is_leaving));
        let task = tokio::spawn(async move {
            while !leave.load(Relaxed) {
                let number = count.load(Relaxed);
                let call = Call::new("echo").payload(number);
                let reply = hub.run("user1", "sensor2", call).await;
                assert_eq!(reply, Ok(Reply::value(number)));
                count.fetch_add(1, Relaxed);
            }
        });
        Self {
            _client: client,
            calls,
            is_leaving,
            task,
        }
    }

    /// Ends the calls and says how many were answered: all.
    async fn leave(self) -> u64 {
        self.is_leaving.store(true, Relaxed);
        within(self.task).await.unwrap();
        self.calls.load(Relaxed)
    }

    /// Waits for a call that began after this.
    async fn is_served(&self) {
        let before = self.calls.load(Relaxed);
        let served = async {
            // The call that is under way may have begun before.
            while self.calls.load(Relaxed) < before + 2 && !self.task.is_finished() {
                tokio::task::yield_now().await;
            }
        };
        within(served).await;
        assert!(!self.task.is_finished(), "a call to the bystander failed");
    }
}

async fn carry_out(peer: &mut Peer, attack: &Attack) {
    // The server may close while this is still being sent.
    let _ = within(peer.stream.write_all(&attack.bytes)).await;
    let name = attack.name;
    let error = |answer: &Answer| answer.stream_id == STREAM_ID;
    match attack.outcome {
        Outcome::Close => {
            // Bytes that may yet become a message are given up with their sender.
            let _ = peer.stream.shutdown().await;
            assert_eq!(peer.receive().await, None, "{name}");
        }
        Outcome::ErrorAndClose => {
            let reply = peer.receive().await;
            assert!(
                matches!(&reply, Some(Packet::Error(answer)) if error(answer)),
                "{name}: {reply:?}"
            );
            assert_eq!(peer.receive().await, None, "{name}");
        }
        Outcome::Error => {
            let reply = peer.receive().await;
            assert!(
                matches!(&reply, Some(Packet::Error(answer)) if error(answer)),
                "{name}: {reply:?}"
            );
            lives(peer, name).await;
        }
        Outcome::Nothing => lives(peer, name).await,
    }
}

async fn lives(peer: &mut Peer, name: &str) {
    peer.send(Packet::KeepAlive).await;
    assert_eq!(peer.receive().await, Some(Packet::KeepAlive), "{name}");
}

/// Sends a byte now and then of a message that never ends, until the server
/// has enough.
async fn trickle(peer: &mut Peer, code: u8) {
    peer.send_bytes(&[code, 0xff, 0xff, 0x0f]).await;
    let mut ticks = interval(CONNECT_TIMEOUT / 20);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..10_000 {
        within(ticks.tick()).await;
        if peer.stream.write_all(&[0]).await.is_err() {
            return;
        }
        let mut byte = [0];
        match peer.stream.try_read(&mut byte) {
            Ok(0) => return,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            other => panic!("expected nothing, got {other:?}"),
        }
    }
    panic!("it was let go on for ever");
}

/// Noise, the same every time.
fn garbage(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    core::iter::repeat_with(byte).take(64 << 10).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_bytes_cost_no_more_than_their_own_connection() {
    let mut config = config();
    config.max_unauthenticated = HALF_OPEN;
    config.session.connect_timeout = CONNECT_TIMEOUT;
    config.session.keep_alive_margin = 0;
    let (server, hub) = Server::bind(config).await.unwrap();
    let address = server.local_addr();
    let bystander = Bystander::connect(&server, &hub).await;
    let mut events = hub.events();
    let mut peak = 0;
    let mut report = |name: &str| {
        println!("{:>6.2} MiB peak  {name}", MEMORY.peak_usage_as_mb());
        peak = peak.max(MEMORY.peak_usage());
        MEMORY.reset_peak_usage();
    };
    report("idle");

    let mut attacks_before = attacks(CONNECT, Outcome::ErrorAndClose, Outcome::Close);
    attacks_before.extend(before_connect());
    for attack in &attacks_before {
        let mut peer = Peer::dial(address).await;
        carry_out(&mut peer, attack).await;
        bystander.is_served().await;
        report(attack.name);
    }
    let mut attacks_after = attacks(RUN, Outcome::Error, Outcome::Nothing);
    attacks_after.extend(after_connect());
    for attack in &attacks_after {
        let mut peer = Peer::connected(address, "sensor1", "secret123").await;
        carry_out(&mut peer, attack).await;
        bystander.is_served().await;
        report(attack.name);
    }

    for seed in 0..32 {
        let mut peer = match seed % 2 {
            0 => Peer::dial(address).await,
            _ => Peer::connected(address, "sensor1", "secret123").await,
        };
        let _ = within(peer.stream.write_all(&garbage(seed))).await;
        let _ = peer.stream.shutdown().await;
        while let Some(reply) = peer.receive().await {
            assert!(matches!(reply, Packet::Error(_)), "{reply:?}");
        }
    }
    bystander.is_served().await;
    report("garbage");

    let mut slow = Peer::dial(address).await;
    trickle(&mut slow, CONNECT).await;
    bystander.is_served().await;
    report("a byte now and then, before Connect");

    let mut slow = Peer::dial(address).await;
    let Packet::Connect(mut request) = connect("sensor1", "secret123") else {
        unreachable!();
    };
    // Its keep alive never comes.
    request.keep_alive = Duration::from_secs(1);
    slow.send(Packet::Connect(request)).await;
    assert!(matches!(slow.receive().await, Some(Packet::Ok(_))));
    trickle(&mut slow, RUN).await;
    bystander.is_served().await;
    report("a byte now and then, after Connect");

    half_open().await;
    report("2,000 half-open connections beyond the limit");

    // The server is as good as before.
    let mut peer = Peer::connected(address, "sensor1", "secret123").await;
    lives(&mut peer, "a device that comes after all that").await;
    let id = DeviceId::new("user1", "sensor2");
    while let Ok(event) = events.try_recv() {
        let gone = matches!(&event, DeviceEvent::Disconnected { id: gone, .. } if *gone == id);
        assert!(!gone, "the bystander was disconnected");
    }
    let calls = bystander.leave().await;
    println!("{calls} calls to the bystander were answered");
    assert!(peak < MEMORY_LIMIT, "{peak} bytes were taken");
}

/// Fills a server with connections that never introduce themselves, each with
/// as much of a message as it takes, and then dials on.
async fn half_open() {
    let mut config = config();
    config.max_unauthenticated = HALF_OPEN;
    // Those that wait are to wait until the end.
    config.session.connect_timeout = Duration::from_secs(3600);
    let (server, hub) = Server::bind(config).await.unwrap();
    let bystander = Bystander::connect(&server, &hub).await;
    let mut unfinished = vec![CONNECT];
    push_varint(&mut unfinished, 256 << 10);
    unfinished.extend(vec![0; 200 << 10]);
    let mut waiting = Vec::new();
    for _ in 0..HALF_OPEN {
        let mut peer = Peer::dial(server.local_addr()).await;
        within(peer.stream.write_all(&unfinished)).await.unwrap();
        waiting.push(peer);
    }
    bystander.is_served().await;
    for number in 0..2000 {
        let mut surplus = Peer::dial(server.local_addr()).await;
        assert_eq!(surplus.receive().await, None, "{number}");
        if number % 100 == 0 {
            bystander.is_served().await;
        }
    }
    for peer in &waiting {
        let nothing = peer.stream.try_read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(nothing, Err(ErrorKind::WouldBlock));
    }
    // Whoever was there first may still introduce himself, and all others when
    // one of them has gone.
    drop(waiting.pop());
    let mut late = Peer::dial(server.local_addr()).await;
    late.send(connect("sensor1", "secret123")).await;
    while late.receive().await.is_none() {
        late = Peer::dial(server.local_addr()).await;
        late.send(connect("sensor1", "secret123")).await;
    }
    bystander.is_served().await;
    bystander.leave().await;
}

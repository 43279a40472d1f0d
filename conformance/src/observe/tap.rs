//! Between a device and a server: forwards byte for byte, and watches.
//!
//! What is forwarded never waits for the judge. Copies go to it through a queue
//! of `QUEUE` pieces; while that is full, they are dropped and counted, and the
//! judge is told how much it missed.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use iotmp_ref::device::Address;
use iotmp_ref::transport::tls::Certificate;
use iotmp_ref::transport::{Stream, Transport, tls};
use iotmp_spec::model::Spec;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::judge::{End, Judge};
use super::score::Findings;
use crate::case::Role;

/// Bytes that are read at a time.
const CHUNK: usize = 16 * 1024;
/// Pieces that the judge may lag behind, of all connections together.
const QUEUE: usize = 4096;
/// Places in the queue that are left to the beginnings and ends of connections.
const RESERVED: usize = 1024;
/// Connections that are forwarded at once; more have to wait.
const CONNECTIONS: usize = 256;

/// Where to listen and to dial, and for how long.
#[derive(Debug)]
pub struct Tap {
    /// Where devices dial.
    pub listener: TcpListener,
    /// What devices are shown, where they dial over TLS.
    pub certificate: Option<Certificate>,
    /// The server.
    pub upstream: Address,
    /// How to dial it: over TCP or TLS. What a WebSocket carries is taken out of it by the judge,
    /// so that the tap has none of its own.
    pub transport: Transport,
    /// What both sides speak.
    pub spec: &'static Spec,
    /// How long to wait for the first device.
    pub wait: Duration,
    /// How long to go on; without it until every connection has ended.
    pub during: Option<Duration>,
    /// How long dialling, or an answer, may take.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Watched {
    /// What was found.
    pub findings: Findings,
    /// Connections that were forwarded.
    pub connections: u64,
    /// Connections that the judge was too far behind to take.
    pub unjudged: u64,
    /// Connections of devices that did not come to TLS, and why, the last time.
    pub without_tls: Option<(u64, String)>,
    /// Why the server could not be dialled, the last time.
    pub unreachable: Option<String>,
}

/// What the judge is told.
#[derive(Debug)]
enum Told {
    Opened(u64),
    Bytes(Role, Vec<u8>),
    Closed(Role, End),
}

/// A message to the judge: of which connection, and when.
#[derive(Debug)]
struct Notice {
    connection: u64,
    at: u64,
    /// Bytes of device and server that were dropped since the last notice.
    missed: [u64; 2],
    told: Told,
}

/// One connection's way to the judge.
#[derive(Debug, Clone)]
struct Teller {
    connection: u64,
    began: Instant,
    queue: mpsc::Sender<Notice>,
    missed: Arc<[AtomicU64; 2]>,
}

const fn index(side: Role) -> usize {
    match side {
        Role::Device => 0,
        Role::Server => 1,
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Teller {
    fn notice(&self, told: Told) -> Notice {
        let take = |side: Role| {
            let missed = self.missed.get(index(side));
            missed.map_or(0, |missed| missed.swap(0, Ordering::Relaxed))
        };
        Notice {
            connection: self.connection,
            at: micros(self.began),
            missed: [take(Role::Device), take(Role::Server)],
            told,
        }
    }

    /// Tells what passes, unless the judge is behind.
    fn pass(&self, from: Role, bytes: &[u8]) {
        let place = match self.queue.capacity() {
            ..=RESERVED => None,
            _ => self.queue.try_reserve().ok(),
        };
        match (place, self.missed.get(index(from))) {
            (Some(place), _) => place.send(self.notice(Told::Bytes(from, bytes.to_vec()))),
            (None, Some(missed)) => {
                missed.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            (None, None) => {}
        }
    }

    /// Tells of a beginning or an end; whether the judge could take it.
    fn tell(&self, told: Told) -> bool {
        match self.queue.try_reserve() {
            Ok(place) => {
                place.send(self.notice(told));
                true
            }
            Err(_) => false,
        }
    }
}

impl Tap {
    /// Forwards until `stop`, until the time is over, or until every connection has ended.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<Watched> {
        let began = Instant::now();
        let (queue, notices) = mpsc::channel(QUEUE);
        let patience = u64::try_from(self.patience.as_micros()).unwrap_or(u64::MAX);
        let spec = self.spec;
        let judging = tokio::task::spawn_blocking(move || judge(spec, patience, notices));
        let mut watched = Watched::default();
        let mut forwarding = JoinSet::new();
        let ended = self
            .serve(began, &queue, &mut forwarding, &mut watched, stop)
            .await;
        forwarding.shutdown().await;
        let at = micros(began);
        let end = Notice {
            connection: 0,
            at,
            missed: [0; 2],
            told: Told::Opened(0),
        };
        let _ = queue.send(end).await;
        drop(queue);
        watched.findings = judging.await.map_err(io::Error::other)?;
        if watched.unjudged > 0 {
            let note = format!(
                "{} connections came while the judge was behind, and were forwarded only",
                watched.unjudged
            );
            watched.findings.notes.push(note);
        }
        if let Some((count, why)) = &watched.without_tls {
            let note = format!("{count} connections were not forwarded; the last: {why}");
            watched.findings.notes.push(note);
        }
        ended.map(|()| watched)
    }

    async fn serve(
        &self,
        began: Instant,
        queue: &mpsc::Sender<Notice>,
        forwarding: &mut JoinSet<Option<Trouble>>,
        watched: &mut Watched,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        tokio::pin!(stop);
        let over = tokio::time::sleep(self.during.unwrap_or(self.wait));
        tokio::pin!(over);
        loop {
            let idle = watched.connections == 0;
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = &mut over, if idle || self.during.is_some() => return Ok(()),
                accepted = self.listener.accept(), if forwarding.len() < CONNECTIONS => {
                    let (device, _) = accepted?;
                    watched.connections += 1;
                    let teller = Teller {
                        connection: watched.connections,
                        began,
                        queue: queue.clone(),
                        missed: Arc::default(),
                    };
                    let route = Route {
                        certificate: self.certificate.clone(),
                        upstream: self.upstream.clone(),
                        transport: self.transport.clone(),
                        patience: self.patience,
                    };
                    forwarding.spawn(route.forward(device, teller));
                }
                Some(ended) = forwarding.join_next() => {
                    match ended {
                        Ok(Some(Trouble::Unreachable(why))) => watched.unreachable = Some(why),
                        Ok(Some(Trouble::Unjudged)) => watched.unjudged += 1,
                        Ok(Some(Trouble::NoTls(why))) => {
                            let before = watched.without_tls.take().map_or(0, |(count, _)| count);
                            watched.without_tls = Some((before + 1, why));
                        }
                        Ok(None) | Err(_) => {}
                    }
                    if forwarding.is_empty() && self.during.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Where devices dial.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Why a connection was not judged.
#[derive(Debug)]
enum Trouble {
    /// The server cannot be dialled.
    Unreachable(String),
    /// The judge was too far behind to take another one.
    Unjudged,
    /// The device and the tap do not come to TLS.
    NoTls(String),
}

/// Both ends of a connection to come.
#[derive(Debug)]
struct Route {
    certificate: Option<Certificate>,
    upstream: Address,
    transport: Transport,
    patience: Duration,
}

impl Route {
    /// Forwards one connection.
    async fn forward(self, device: TcpStream, teller: Teller) -> Option<Trouble> {
        // Pieces go on as they come.
        let _ = device.set_nodelay(true);
        let device = match self.accept(device).await {
            Ok(device) => device,
            Err(why) => return Some(Trouble::NoTls(why)),
        };
        let server = match self.dial().await {
            Ok(server) => server,
            Err(why) => return Some(Trouble::Unreachable(why)),
        };
        let judged = teller.tell(Told::Opened(teller.connection));
        let (from_device, to_device) = tokio::io::split(device);
        let (from_server, to_server) = tokio::io::split(server);
        let up = pump(from_device, to_server, Role::Device, &teller);
        let down = pump(from_server, to_device, Role::Server, &teller);
        tokio::join!(up, down);
        (!judged).then_some(Trouble::Unjudged)
    }

    async fn accept(&self, device: TcpStream) -> Result<Stream, String> {
        let Some(certificate) = &self.certificate else {
            return Ok(Stream::new(device));
        };
        let accepting = tokio::time::timeout(self.patience, certificate.accept(device));
        match accepting.await {
            Ok(Ok(device)) => Ok(Stream::new(device)),
            Ok(Err(error)) => Err(format!("no TLS with a device: {}", tls::explain(&error))),
            Err(_) => Err("no TLS with a device: it is too slow".to_owned()),
        }
    }

    async fn dial(&self) -> Result<Stream, String> {
        let upstream = &self.upstream;
        let dialled = tokio::time::timeout(self.patience, self.transport.dial(upstream)).await;
        match dialled {
            Ok(Ok(server)) => Ok(server),
            Ok(Err(error)) => Err(format!("{upstream} cannot be dialled: {error}")),
            Err(_) => {
                let millis = self.patience.as_millis();
                Err(format!("{upstream} does not answer within {millis} ms"))
            }
        }
    }
}

/// Forwards one direction until it ends, and ends it on the other side as well.
async fn pump(mut from: ReadHalf<Stream>, mut to: WriteHalf<Stream>, side: Role, teller: &Teller) {
    let mut chunk = vec![0; CHUNK];
    let end = loop {
        let bytes = match from.read(&mut chunk).await {
            Ok(0) => break End::Closed,
            Ok(count) => chunk.get(..count).unwrap_or_default(),
            // TLS has not said goodbye, which few devices do; TCP has.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break End::Closed,
            Err(_) => break End::Reset,
        };
        // Before it is sent on: an answer cannot come before it.
        teller.pass(side, bytes);
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            // Its other direction says how that side ended.
            return;
        }
    };
    teller.tell(Told::Closed(side, end));
    let _ = to.shutdown().await;
}

/// Judges what it is told, until nobody tells any more.
fn judge(spec: &'static Spec, patience: u64, mut notices: mpsc::Receiver<Notice>) -> Findings {
    let mut findings = Findings::default();
    let mut judges: BTreeMap<u64, (Judge, u8)> = BTreeMap::new();
    let mut last = 0;
    while let Some(notice) = notices.blocking_recv() {
        let Notice {
            connection,
            at,
            missed,
            told,
        } = notice;
        last = at.max(last);
        if let Told::Opened(number @ 1..) = told {
            judges.insert(number, (Judge::new(spec, number, patience), 0));
            continue;
        }
        let Some((judge, ended)) = judges.get_mut(&connection) else {
            continue;
        };
        for (side, missed) in [Role::Device, Role::Server].into_iter().zip(missed) {
            if missed > 0 {
                judge.missed(side, last, missed);
            }
        }
        match told {
            Told::Opened(_) => {}
            Told::Bytes(from, bytes) => judge.bytes(from, last, &bytes),
            Told::Closed(from, end) => {
                judge.closed(from, last, end);
                *ended += 1;
            }
        }
        // Both directions have ended: what is left is to sum up.
        if *ended == 2
            && let Some((judge, _)) = judges.remove(&connection)
        {
            findings.add(judge.finish(last));
        }
    }
    for (judge, _) in judges.into_values() {
        findings.add(judge.finish(last));
    }
    findings
}

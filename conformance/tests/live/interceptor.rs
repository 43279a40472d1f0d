//! Stands between the suite and a peer of the reference and changes bytes that pass: the reference
//! with one rule broken.

use core::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToReference,
    ToSuite,
}

/// What becomes of bytes that were read at once.
#[derive(Debug)]
pub(crate) enum Fate {
    /// They pass.
    Pass,
    /// These go instead.
    Instead(Vec<(Way, Vec<u8>)>),
    /// The peer breaks down, for good.
    Die,
}

/// Decides on all bytes of one connection.
pub(crate) type Tamper = Box<dyn FnMut(Way, &[u8]) -> Fate + Send>;

/// What breaks the rule, made anew for every connection.
pub(crate) type Fault = fn() -> Tamper;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Interceptor {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Interceptor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Interceptor {
    /// Connects whoever dials it with `upstream`; what the dialler says goes `way`.
    pub(crate) async fn start(upstream: SocketAddr, way: Way, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (die, mut died) = watch::channel(false);
            let mut connections = JoinSet::new();
            loop {
                let dialler = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    _ = died.changed() => return,
                };
                let Ok(other) = TcpStream::connect(upstream).await else {
                    continue;
                };
                let (reference, suite) = match way {
                    Way::ToReference => (other, dialler),
                    Way::ToSuite => (dialler, other),
                };
                let die = die.clone();
                connections.spawn(async move {
                    if relay(reference, suite, fault()).await {
                        die.send_replace(true);
                    }
                });
            }
        });
        Self { address, task }
    }
}

/// One connection, until either end closes it: whether the peer broke down.
async fn relay(mut reference: TcpStream, mut suite: TcpStream, mut tamper: Tamper) -> bool {
    reference.set_nodelay(true).unwrap();
    suite.set_nodelay(true).unwrap();
    let (mut from_reference, mut from_suite) = (vec![0; 1 << 17], vec![0; 1 << 17]);
    loop {
        let (way, bytes) = tokio::select! {
            read = reference.read(&mut from_reference) => match read {
                Ok(count @ 1..) => (Way::ToSuite, &from_reference[..count]),
                _ => return false,
            },
            read = suite.read(&mut from_suite) => match read {
                Ok(count @ 1..) => (Way::ToReference, &from_suite[..count]),
                _ => return false,
            },
        };
        let passed = match tamper(way, bytes) {
            Fate::Pass => vec![(way, bytes.to_vec())],
            Fate::Instead(instead) => instead,
            Fate::Die => return true,
        };
        for (way, bytes) in passed {
            let written = match way {
                Way::ToReference => reference.write_all(&bytes).await,
                Way::ToSuite => suite.write_all(&bytes).await,
            };
            if written.is_err() {
                return false;
            }
        }
    }
}

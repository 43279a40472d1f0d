//! Stands between the suite and a peer of the reference, and changes what passes: the reference with
//! one rule broken.

use core::net::SocketAddr;

use iotmp_conformance::codec::Codec;
use iotmp_spec::model::Spec;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::frame::{Frame, frame};

/// Largest body that passes.
const MAX_BODY: u64 = 1 << 20;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToReference,
    ToSuite,
}

/// What becomes of a message: `None` passes it on as it is. What is no message goes [`as_bytes`].
pub(crate) type Fate = Option<Vec<(Way, Json)>>;

/// Bytes that no codec writes, in the place of a message.
pub(crate) fn as_bytes(bytes: &[u8]) -> Json {
    Json::from(bytes)
}

/// The bytes of a message, or those in its place.
fn written(codec: Codec<'_>, message: &Json) -> Vec<u8> {
    match message.as_array() {
        Some(bytes) => serde_json::from_value(Json::from(bytes.clone())).unwrap(),
        None => codec.encode(message).unwrap(),
    }
}

/// Decides on every message of one connection.
pub(crate) type Tamper = Box<dyn FnMut(Way, &Json, &[u8]) -> Fate + Send>;

/// What breaks the rule, made anew for every connection.
pub(crate) type Fault = fn() -> Tamper;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Middleman {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Middleman {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Middleman {
    /// Whoever dials it is connected with `upstream`; what the dialler says goes `way`.
    pub(crate) async fn start(
        spec: &'static Spec,
        upstream: SocketAddr,
        way: Way,
        fault: Fault,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((dialler, _)) = listener.accept().await {
                let Ok(other) = TcpStream::connect(upstream).await else {
                    continue;
                };
                let (reference, suite) = match way {
                    Way::ToReference => (other, dialler),
                    Way::ToSuite => (dialler, other),
                };
                connections.spawn(relay(spec, reference, suite, fault()));
            }
        });
        Self { address, task }
    }
}

/// One connection, until either end closes it.
async fn relay(
    spec: &'static Spec,
    mut reference: TcpStream,
    mut suite: TcpStream,
    mut tamper: Tamper,
) {
    let codec = Codec::new(spec);
    let (mut from_reference, mut from_suite) = (Vec::new(), Vec::new());
    loop {
        let read = tokio::select! {
            read = reference.read_buf(&mut from_reference) => read,
            read = suite.read_buf(&mut from_suite) => read,
        };
        if !matches!(read, Ok(1..)) {
            return;
        }
        let (mut to_reference, mut to_suite) = (Vec::new(), Vec::new());
        for (way, buffer) in [
            (Way::ToSuite, &mut from_reference),
            (Way::ToReference, &mut from_suite),
        ] {
            while let Frame::Whole(len) = frame(buffer, MAX_BODY) {
                let bytes: Vec<u8> = buffer.drain(..len).collect();
                let decoded = codec.decode(&bytes).map(|decoded| decoded.message);
                let fate = decoded.ok().and_then(|json| tamper(way, &json, &bytes));
                let mut put = |way, bytes: &[u8]| match way {
                    Way::ToReference => to_reference.extend_from_slice(bytes),
                    Way::ToSuite => to_suite.extend_from_slice(bytes),
                };
                match fate {
                    None => put(way, &bytes),
                    Some(instead) => {
                        for (way, message) in instead {
                            put(way, &written(codec, &message));
                        }
                    }
                }
            }
        }
        let written = tokio::try_join!(
            reference.write_all(&to_reference),
            suite.write_all(&to_suite)
        );
        if written.is_err() {
            return;
        }
    }
}

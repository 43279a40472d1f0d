//! The reference behind somebody who meddles with what passes: a peer that
//! breaks exactly one rule.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::specs;
use iotmp_ref::device::{Backoff, Client, ClientConfig, Device};
use iotmp_ref::server::{self, Server};
use iotmp_ref::session::{self, Iotmp2023};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::frame::{Frame, frame};
use crate::mini_server::credentials;

/// Largest body that passes.
const MAX_BODY: u64 = 64 * 1024;

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Suite,
    Subject,
}

/// A message on its way.
pub(crate) struct Passing<'a> {
    pub(crate) from: From,
    pub(crate) message: Json,
    pub(crate) bytes: &'a [u8],
    /// Everything that the suite has sent before on this connection.
    pub(crate) before: &'a [Json],
}

impl Passing<'_> {
    /// Whether it is a message of that name from the suite.
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.from == From::Suite && self.message["type"] == name
    }

    /// Whether it is a message of that name from the subject.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.from == From::Subject && self.message["type"] == name
    }

    pub(crate) fn id(&self) -> &Json {
        &self.message["stream_id"]
    }

    /// A field of the Connect that opened the connection.
    pub(crate) fn connect(&self, field: &str) -> &Json {
        let mut before = self.before.iter();
        before
            .find(|message| message["type"] == "connect")
            .map_or(&Json::Null, |connect| &connect[field])
    }

    /// The message without a field.
    pub(crate) fn without(&self, field: &str) -> Json {
        let mut message = self.message.clone();
        message.as_object_mut().unwrap().remove(field);
        message
    }

    /// The message with another field.
    pub(crate) fn with(&self, field: &str, value: Json) -> Json {
        let mut message = self.message.clone();
        message[field] = value;
        message
    }

    /// An answer to it.
    pub(crate) fn answer(&self, name: &str) -> Json {
        json!({"type": name, "stream_id": self.id()})
    }
}

/// What becomes of it.
pub(crate) enum Deed {
    Pass,
    Lose,
    /// It goes on as something else.
    Become(Json),
    /// The same, and something behind it.
    BecomeBoth(Json, Json),
    /// This goes back to whoever sent it, which does not go on.
    Answer(Json),
    /// It goes on, and these go back.
    PassAndAnswer(Vec<Json>),
    /// The connection ends.
    Close,
}

pub(crate) type Meddle = fn(&Passing<'_>) -> Deed;

/// The reference, meddled with until it is dropped.
#[derive(Debug)]
pub(crate) struct Meddled {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
    _client: Option<Client>,
}

impl Drop for Meddled {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Meddled {
    /// A server at `address`.
    pub(crate) async fn server(meddle: Meddle) -> Self {
        let who = credentials();
        let accepted = server::Credentials::new()
            .with(&who.user, &who.device, &who.credential)
            .unwrap();
        let mut config = server::Config::new("127.0.0.1:0".parse().unwrap(), accepted);
        config.session = session::Config::new(&Iotmp2023);
        let (server, _hub) = Server::bind(config).await.unwrap();
        let behind = server.local_addr();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut between = JoinSet::new();
            // The server lives as long as whoever stands before it.
            let _server = server;
            loop {
                let (suite, _) = listener.accept().await.unwrap();
                let subject = TcpStream::connect(behind).await.unwrap();
                between.spawn(pass(suite, subject, meddle));
            }
        });
        Self {
            address,
            task,
            _client: None,
        }
    }

    /// A device that dials `suite`.
    pub(crate) async fn device(suite: SocketAddr, device: Device, meddle: Meddle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut between = JoinSet::new();
            loop {
                let (subject, _) = listener.accept().await.unwrap();
                let Ok(suite) = TcpStream::connect(suite).await else {
                    return;
                };
                between.spawn(pass(suite, subject, meddle));
            }
        });
        let mut config = ClientConfig::new(address);
        config.backoff = Backoff {
            first: Duration::from_millis(1),
            max: Duration::from_millis(20),
        };
        let (client, _handle) = Client::start(device, config);
        Self {
            address,
            task,
            _client: Some(client),
        }
    }
}

/// Takes the next whole message from the start of a buffer.
fn next(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    match frame(buffer, MAX_BODY) {
        Frame::Whole(len) => Some(buffer.drain(..len).collect()),
        Frame::Partial => None,
        Frame::Huge => panic!("more than anybody sends here"),
    }
}

/// One connection, until either end closes it.
async fn pass(mut suite: TcpStream, mut subject: TcpStream, meddle: Meddle) {
    let mut codec = Codec::new(specs::by_name("iotmp-2023").unwrap());
    let mut before = Vec::new();
    let (mut of_suite, mut of_subject) = (Vec::new(), Vec::new());
    loop {
        let (from, read) = tokio::select! {
            read = suite.read_buf(&mut of_suite) => (From::Suite, read),
            read = subject.read_buf(&mut of_subject) => (From::Subject, read),
        };
        if !matches!(read, Ok(1..)) {
            return;
        }
        let buffer = match from {
            From::Suite => &mut of_suite,
            From::Subject => &mut of_subject,
        };
        let (mut back, mut on) = (Vec::new(), Vec::new());
        let mut goes_on = true;
        while let (true, Some(bytes)) = (goes_on, next(buffer)) {
            let message = codec.decode(&bytes).map_or(Json::Null, |read| read.message);
            let passing = Passing {
                from,
                message: message.clone(),
                bytes: &bytes,
                before: &before,
            };
            let deed = meddle(&passing);
            // What is agreed on holds for what is made up, too.
            if let Some(encoding) = codec.announced(&message) {
                codec = codec.with_encoding(encoding);
            }
            let write = |message: &Json| codec.encode(message).unwrap();
            match deed {
                Deed::Pass => on.extend(&bytes),
                Deed::Lose => {}
                Deed::Become(other) => on.extend(write(&other)),
                Deed::BecomeBoth(one, other) => {
                    on.extend(write(&one));
                    on.extend(write(&other));
                }
                Deed::Answer(answer) => back.extend(write(&answer)),
                Deed::PassAndAnswer(answers) => {
                    on.extend(&bytes);
                    answers.iter().for_each(|answer| back.extend(write(answer)));
                }
                Deed::Close => goes_on = false,
            }
            // Whoever connects is the device; the fields of its Connect are kept for later.
            if from == From::Suite || message["type"] == "connect" {
                before.push(message);
            }
        }
        let (here, there) = match from {
            From::Suite => (&mut suite, &mut subject),
            From::Subject => (&mut subject, &mut suite),
        };
        let sent = there.write_all(&on).await.is_ok() && here.write_all(&back).await.is_ok();
        if !sent || !goes_on {
            return;
        }
    }
}

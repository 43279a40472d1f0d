//! A device of a page, which breaks one rule if asked to. It offers one number
//! to read and to stream, and one to set.

use core::net::SocketAddr;
use core::time::Duration;

use iotmp_conformance::codec::Codec;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::frame::{Frame, frame};

/// Largest body that it takes.
const MAX_BODY: u64 = 64 * 1024;

/// The rule that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    BeginsWithKeepAlive,
    TwoStrings,
    AnswersBeforeOk,
    FunctionNine,
    AliasIsText,
    NoSample,
    DescribesWhatItHasNot,
    RunsWithoutPayload,
    AnswersRunWithoutId,
    StreamsAfterStop,
    StreamsTwice,
    StreamsInSeconds,
    StreamsUnasked,
    KeepsStreams,
    NoKeepAlive,
    BearsSilence,
    IgnoresDisconnect,
}

/// A device that dials until it is dropped.
#[derive(Debug)]
pub(crate) struct MiniDevice(JoinHandle<()>);

impl Drop for MiniDevice {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl MiniDevice {
    pub(crate) fn start(server: SocketAddr, fault: Fault) -> Self {
        Self(tokio::spawn(async move {
            let mut streams = Vec::new();
            while let Ok(stream) = TcpStream::connect(server).await {
                let mut connection = Connection::new(stream, fault, core::mem::take(&mut streams));
                connection.serve().await;
                if fault == Fault::KeepsStreams {
                    streams = connection.streams;
                }
            }
        }))
    }
}

#[derive(Debug, Clone)]
struct Open {
    id: u64,
    resource: String,
    every: Option<Duration>,
    next: Option<Instant>,
}

struct Connection {
    stream: TcpStream,
    codec: Codec<'static>,
    fault: Fault,
    connected: bool,
    streams: Vec<Open>,
    keep_alive: Option<Instant>,
    answer_by: Option<Instant>,
    level: Json,
}

/// Interval of keep alives.
const INTERVAL: Duration = Duration::from_secs(1);

impl Connection {
    fn new(stream: TcpStream, fault: Fault, streams: Vec<Open>) -> Self {
        let spec = iotmp_conformance::specs::by_name("iotmp-shipping").unwrap();
        Self {
            stream,
            codec: Codec::new(spec),
            fault,
            connected: false,
            streams,
            keep_alive: None,
            answer_by: None,
            level: json!(5),
        }
    }

    async fn send(&mut self, message: Json) {
        let bytes = self.codec.encode(&message).unwrap();
        // A connection that is gone shows when it is read.
        let _ = self.stream.write_all(&bytes).await;
    }

    async fn serve(&mut self) {
        if self.fault == Fault::BeginsWithKeepAlive {
            self.send(json!({"type": "keep_alive"})).await;
        }
        let who = match self.fault {
            Fault::TwoStrings => json!(["u", "d"]),
            _ => json!(["u", "d", "secret"]),
        };
        self.send(
            json!({"type": "connect", "stream_id": 9, "parameters": {"ka": 1}, "payload": who}),
        )
        .await;
        let mut buffer = Vec::new();
        loop {
            let streams = self.streams.iter().filter_map(|open| open.next);
            let due = streams.chain(self.keep_alive).chain(self.answer_by).min();
            let far = Instant::now() + Duration::from_secs(3600);
            let is_due = tokio::select! {
                read = self.stream.read_buf(&mut buffer) => match read {
                    Ok(1..) => false,
                    _ => return,
                },
                () = sleep_until(due.unwrap_or(far)) => true,
            };
            if is_due && !self.tick().await {
                return;
            }
            loop {
                let bytes: Vec<u8> = match frame(&buffer, MAX_BODY) {
                    Frame::Whole(len) => buffer.drain(..len).collect(),
                    Frame::Partial => break,
                    Frame::Huge => return,
                };
                let Ok(decoded) = self.codec.decode(&bytes) else {
                    return;
                };
                let message = decoded.message;
                if !self.handle(&message).await {
                    return;
                }
            }
        }
    }

    /// Does what is due; whether the connection goes on.
    async fn tick(&mut self) -> bool {
        let now = Instant::now();
        if self.answer_by.is_some_and(|by| by <= now) {
            return false;
        }
        if self.keep_alive.is_some_and(|at| at <= now) {
            self.keep_alive = Some(now + INTERVAL);
            if self.fault != Fault::BearsSilence {
                self.answer_by = self.answer_by.or(Some(now + INTERVAL));
            }
            self.send(json!({"type": "keep_alive"})).await;
        }
        let mut due = Vec::new();
        for open in &mut self.streams {
            if let (Some(every), Some(next)) = (open.every, open.next)
                && next <= now
            {
                open.next = Some(next + every);
                due.push(open.id);
            }
        }
        for id in due {
            self.send(json!({"type": "stream_data", "stream_id": id, "payload": 21.5}))
                .await;
        }
        true
    }

    /// Handles a message of the server; whether the connection goes on.
    async fn handle(&mut self, message: &Json) -> bool {
        let kind = message["type"].as_str().unwrap();
        if !self.connected {
            match kind {
                "ok" => {
                    self.connected = true;
                    let beats = self.fault != Fault::NoKeepAlive;
                    self.keep_alive = beats.then(|| Instant::now() + INTERVAL);
                    return true;
                }
                "describe" if self.fault == Fault::AnswersBeforeOk => {}
                "describe" => return true,
                _ => return false,
            }
        }
        match kind {
            "keep_alive" => self.answer_by = None,
            "disconnect" => return self.fault == Fault::IgnoresDisconnect,
            "describe" => self.describe(message).await,
            "run" => self.run(message).await,
            "start_stream" => self.start_stream(message).await,
            "stop_stream" => self.stop_stream(message).await,
            _ => {}
        }
        true
    }

    async fn describe(&mut self, message: &Json) {
        let id = &message["stream_id"];
        let alias = match self.fault {
            Fault::AliasIsText => json!("1"),
            _ => json!(1),
        };
        let output = match self.fault {
            Fault::FunctionNine => 9,
            _ => 3,
        };
        let named = match message["resource"].as_u64() {
            Some(1) => Some("temperature"),
            _ => message["resource"].as_str(),
        };
        let answer = match named {
            None => json!({"type": "ok", "stream_id": id, "payload": {
                "temperature": {"fn": output, "id": alias},
                "level": {"fn": 4, "st": true},
            }}),
            Some("temperature") if self.fault == Fault::NoSample => {
                json!({"type": "ok", "stream_id": id, "payload": {}})
            }
            Some("temperature") => json!({"type": "ok", "stream_id": id, "payload": {"out": 21.5}}),
            Some("level") => json!({"type": "ok", "stream_id": id, "payload": {"in": 5, "out": 5}}),
            Some(_) if self.fault == Fault::DescribesWhatItHasNot => {
                json!({"type": "ok", "stream_id": id, "payload": {}})
            }
            Some(_) => json!({"type": "error", "stream_id": id}),
        };
        self.send(answer).await;
    }

    async fn run(&mut self, message: &Json) {
        let is_answered =
            message.get("stream_id").is_some() || self.fault == Fault::AnswersRunWithoutId;
        let id = message.get("stream_id").cloned().unwrap_or(json!(3));
        let known = match (message["resource"].as_str(), message["resource"].as_u64()) {
            (Some("temperature"), _) | (_, Some(1)) => Some(json!(21.5)),
            (Some("level"), _) => {
                self.level = message["payload"].clone();
                Some(self.level.clone())
            }
            _ => None,
        };
        match known {
            _ if !is_answered => {}
            Some(_) if self.fault == Fault::RunsWithoutPayload => {
                self.send(json!({"type": "ok", "stream_id": id})).await;
            }
            Some(value) => {
                self.send(json!({"type": "ok", "stream_id": id, "payload": value}))
                    .await;
            }
            None => self.send(json!({"type": "error", "stream_id": id})).await,
        }
        if self.fault == Fault::StreamsUnasked {
            self.send(json!({"type": "stream_data", "stream_id": 4, "payload": 1}))
                .await;
        }
        if message["resource"] == "level" {
            for open in self
                .streams
                .clone()
                .iter()
                .filter(|open| open.resource == "level")
            {
                self.send(json!({"type": "stream_data", "stream_id": open.id, "payload": 5}))
                    .await;
            }
        }
    }

    async fn start_stream(&mut self, message: &Json) {
        let id = message["stream_id"].as_u64().unwrap();
        let resource = match (message["resource"].as_str(), message["resource"].as_u64()) {
            (Some("temperature"), _) | (_, Some(1)) => "temperature",
            (Some("level"), _) => "level",
            _ => return self.send(json!({"type": "error", "stream_id": id})).await,
        };
        let number = message["parameters"]
            .as_u64()
            .or(message["parameters"]["interval"].as_u64());
        let every = number.filter(|number| *number > 0).map(match self.fault {
            Fault::StreamsInSeconds => Duration::from_secs as fn(u64) -> Duration,
            _ => Duration::from_millis,
        });
        let resource = resource.to_owned();
        if self.fault != Fault::StreamsTwice {
            self.streams
                .retain(|open| open.resource != resource && open.id != id);
        }
        let next = every.map(|every| Instant::now() + every);
        self.streams.push(Open {
            id,
            resource,
            every,
            next,
        });
        self.send(json!({"type": "ok", "stream_id": id})).await;
        self.send(json!({"type": "stream_data", "stream_id": id, "payload": 21.5}))
            .await;
    }

    async fn stop_stream(&mut self, message: &Json) {
        let id = message["stream_id"].as_u64().unwrap();
        let open = self.streams.iter().any(|open| open.id == id);
        if self.fault != Fault::StreamsAfterStop {
            self.streams.retain(|open| open.id != id);
        }
        let answer = if open { "ok" } else { "error" };
        self.send(json!({"type": answer, "stream_id": id})).await;
    }
}

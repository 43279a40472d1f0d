//! A device of a page, which breaks one rule if asked to. It offers one number
//! to read and to stream, and one to set.

mod requests;

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
    AnswersKeepAlives,
    BeatsSlowly,
    StreamsInsteadOfBeats,
    WaitsForTheRest,
    SaysGoodbyeFirst,
    GivesThreeValues,
    PutsValuesOff,
    RoundsIntervals,
    SharesIntervals,
    GivesNothing,
    StreamsOneOnly,
    StreamsWhatIsRefused,
    UsesUpRefusedIds,
    RefusesStopOfEvents,
    RefusesEarlyStops,
    EchoesAfterStop,
    EchoesEventsOnly,
    StopsByOldId,
    GivesNothingMeanwhile,
    StreamsTheFirstOnly,
    KnowsNoAliasOfStreams,
    CutsIntegers,
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
    given: usize,
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
    /// Identifiers whose stream was refused.
    refused: Vec<u64>,
    /// Streams that were stopped.
    stopped: Vec<Open>,
    /// Identifiers that streams had before, and those that they have.
    replaced: Vec<(u64, u64)>,
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
            refused: Vec::new(),
            stopped: Vec::new(),
            replaced: Vec::new(),
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
            let mut due = streams.chain(self.keep_alive).chain(self.answer_by).min();
            if self.fault == Fault::WaitsForTheRest && !buffer.is_empty() {
                due = None;
            }
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
            if self.fault == Fault::SaysGoodbyeFirst {
                self.send(json!({"type": "disconnect"})).await;
            }
            return false;
        }
        let is_put_off = self.fault == Fault::StreamsInsteadOfBeats
            && self.streams.iter().any(|open| open.every.is_some());
        if self.keep_alive.is_some_and(|at| at <= now) && is_put_off {
            self.keep_alive = Some(now + INTERVAL);
        } else if self.keep_alive.is_some_and(|at| at <= now) {
            self.keep_alive = Some(now + self.interval());
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
                open.given += 1;
                if self.fault != Fault::GivesThreeValues || open.given <= 3 {
                    due.push(open.id);
                }
            }
        }
        for id in due {
            self.value(id, json!(21.5)).await;
        }
        true
    }

    async fn value(&mut self, id: u64, value: Json) {
        let data = match self.fault {
            Fault::GivesNothing => json!({"type": "stream_data", "stream_id": id}),
            _ => json!({"type": "stream_data", "stream_id": id, "payload": value}),
        };
        self.send(data).await;
    }

    fn interval(&self) -> Duration {
        match self.fault {
            Fault::BeatsSlowly => INTERVAL * 7 / 5,
            _ => INTERVAL,
        }
    }
}

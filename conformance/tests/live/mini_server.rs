//! A server of a page, which breaks one rule if asked to.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use iotmp_conformance::codec::Codec;
use iotmp_conformance::subject::Credentials;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::frame::{Frame, frame};

/// Largest body that it takes.
const MAX_BODY: u64 = 64 * 1024;

/// The rule that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    AnswersRunTwice,
    AnswersRunWithoutId,
    AnswersUnderAnotherId,
    AcceptsAnyPrefix,
    AcceptsFourStrings,
    RefusesWithoutCode,
    OkWithPayload,
    KeepsWrongFirstMessage,
    KeepsAfterDisconnect,
    IgnoresKeepAlive,
    KeepAliveWithBody,
    NeverMisses,
    RefusesKeepAliveParameter,
    ForgetsSecondOfOnePiece,
    CutsStreamId,
    StopsUnknownStream,
    DiesOfHugeBody,
    ServesOneAtATime,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct MiniServer {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for MiniServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        user: "u".into(),
        device: "d".into(),
        credential: "secret".into(),
    }
}

impl MiniServer {
    pub(crate) async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let died = Arc::new(tokio::sync::Notify::new());
            let mut tasks = tokio::task::JoinSet::new();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    () = died.notified() => return,
                };
                if fault == Fault::ServesOneAtATime {
                    tasks.abort_all();
                }
                let died = Arc::clone(&died);
                tasks.spawn(async move {
                    let hurt = AtomicBool::new(false);
                    serve(stream, fault, &hurt).await;
                    if hurt.load(Ordering::Relaxed) {
                        died.notify_one();
                    }
                });
            }
        });
        Self { address, task }
    }
}

/// One connection, until it ends.
async fn serve(mut stream: TcpStream, fault: Fault, hurt: &AtomicBool) {
    let codec = Codec::new(iotmp_conformance::specs::by_name("iotmp-shipping").unwrap());
    let mut buffer = Vec::new();
    let mut connected = false;
    let mut patience = None;
    loop {
        let read = stream.read_buf(&mut buffer);
        let read = match patience {
            Some(patience) => tokio::time::timeout(patience, read).await.unwrap_or(Ok(0)),
            None => read.await,
        };
        if !matches!(read, Ok(1..)) {
            return;
        }
        let mut out = Vec::new();
        let mut goes_on = true;
        while goes_on && !buffer.is_empty() {
            let bytes: Vec<u8> = match frame(&buffer, MAX_BODY) {
                Frame::Whole(len) => buffer.drain(..len).collect(),
                Frame::Partial => break,
                Frame::Huge => {
                    hurt.store(fault == Fault::DiesOfHugeBody, Ordering::Relaxed);
                    return;
                }
            };
            let message = match codec.decode(&bytes) {
                Ok(decoded) => decoded.message,
                Err(_) if fault == Fault::CutsStreamId && !connected => {
                    // Whatever does not fit is cut until it does.
                    out.extend(
                        codec
                            .encode(&json!({"type": "ok", "stream_id": 101}))
                            .unwrap(),
                    );
                    continue;
                }
                Err(_) => return,
            };
            if connected {
                let answers = request(&message, fault);
                goes_on = answers.is_some();
                for answer in answers.unwrap_or_default() {
                    out.extend(codec.encode(&answer).unwrap());
                }
                if fault == Fault::KeepAliveWithBody && message["type"] == "keep_alive" {
                    out.clear();
                    out.extend([5, 2, 0x78, 0]);
                }
                if fault == Fault::ForgetsSecondOfOnePiece {
                    buffer.clear();
                }
            } else if message["type"] == "connect" {
                let answer = connect(&message, fault);
                connected = answer["type"] == "ok";
                goes_on = connected;
                let interval = message["parameters"]["ka"].as_u64();
                let interval = interval.filter(|_| fault != Fault::NeverMisses);
                patience = interval.map(|s| core::time::Duration::from_millis(s * 1150));
                out.extend(codec.encode(&answer).unwrap());
            } else {
                goes_on = fault == Fault::KeepsWrongFirstMessage;
            }
        }
        if stream.write_all(&out).await.is_err() || !goes_on {
            return;
        }
    }
}

fn connect(message: &Json, fault: Fault) -> Json {
    let id = &message["stream_id"];
    let right = credentials();
    let given: Vec<&str> = message["payload"]
        .as_array()
        .map(|strings| strings.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let parts = message["payload"].as_array().map_or(0, Vec::len);
    let is_right = match given.as_slice() {
        [user, device, credential] if parts == 3 => {
            let proved = if fault == Fault::AcceptsAnyPrefix {
                !credential.is_empty() && right.credential.starts_with(credential)
            } else {
                *credential == right.credential
            };
            *user == right.user && *device == right.device && proved
        }
        [_, _, _, _] => fault == Fault::AcceptsFourStrings,
        _ => false,
    };
    let parameters = &message["parameters"];
    let refused_interval = parameters["ka"].as_u64().unwrap_or(60) > 1800
        || (fault == Fault::RefusesKeepAliveParameter && !parameters["ka"].is_null());
    if refused_interval {
        json!({"type": "error", "stream_id": id, "parameters": 3})
    } else if parameters["at"].as_u64().unwrap_or(0) != 0 {
        json!({"type": "error", "stream_id": id})
    } else if is_right && fault == Fault::OkWithPayload {
        json!({"type": "ok", "stream_id": id, "payload": "welcome"})
    } else if is_right {
        json!({"type": "ok", "stream_id": id})
    } else if fault == Fault::RefusesWithoutCode {
        json!({"type": "error", "stream_id": id})
    } else {
        json!({"type": "error", "stream_id": id, "parameters": 2})
    }
}

/// The answers to a message of a connected device; `None` ends the connection.
fn request(message: &Json, fault: Fault) -> Option<Vec<Json>> {
    let id = message["stream_id"].as_u64();
    let error = |id: u64| json!({"type": "error", "stream_id": id});
    Some(match (message["type"].as_str().unwrap(), id) {
        ("disconnect", _) if fault != Fault::KeepsAfterDisconnect => return None,
        ("keep_alive", _) if fault != Fault::IgnoresKeepAlive => {
            vec![json!({"type": "keep_alive"})]
        }
        ("run", Some(id)) if fault == Fault::AnswersRunTwice => vec![error(id), error(id)],
        ("run", Some(id)) if fault == Fault::AnswersUnderAnotherId => vec![error(id ^ 1)],
        ("run", None) if fault == Fault::AnswersRunWithoutId => vec![error(7)],
        ("stop_stream", Some(id)) if fault == Fault::StopsUnknownStream => {
            vec![json!({"type": "ok", "stream_id": id})]
        }
        ("run" | "start_stream" | "stop_stream", Some(id)) => vec![error(id)],
        _ => vec![],
    })
}

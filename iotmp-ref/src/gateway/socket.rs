//! WebSockets: of one resource, or of all with frames that switch them.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Face;
use super::error::Refusal;
use super::feed::Listener;
use super::query::{interval, wrong};
use crate::link::told;
use crate::server::DeviceId;

/// Largest frame that a client may send, in bytes.
const MAX_FRAME: usize = 16 * 1024;

/// Why a socket is closed.
type Closing = (u16, &'static str);

const ENDED: Closing = (close_code::AWAY, "the stream of the device has ended");
const STOPPING: Closing = (close_code::AWAY, "the server stops");

fn admit(face: &Face) -> Result<OwnedSemaphorePermit, Refusal> {
    let permit = Arc::clone(&face.sockets).try_acquire_owned();
    permit.map_err(|_| Refusal::busy("too many WebSockets are open"))
}

fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
}

/// A socket with the values of one resource.
pub(super) fn of_one(
    face: &Arc<Face>,
    upgrade: WebSocketUpgrade,
    listener: Listener,
) -> Result<Response, Refusal> {
    let permit = admit(face)?;
    let face = Arc::clone(face);
    Ok(bounded(upgrade).on_upgrade(async move |mut socket| {
        if let Some(closing) = show(&face, &mut socket, listener).await {
            close(&face, socket, closing).await;
        }
        drop(permit);
    }))
}

async fn show(face: &Face, socket: &mut WebSocket, mut listener: Listener) -> Option<Closing> {
    let mut stop = face.stop.clone();
    loop {
        tokio::select! {
            value = listener.next() => match value {
                Some(value) => send(face, socket, &value).await?,
                None => return Some(ENDED),
            },
            message = socket.recv() => match message?.ok()? {
                Message::Text(_) | Message::Binary(_) => {
                    let refusal = Refusal::bad_request(
                        "not_heard",
                        "this socket shows one resource and hears nothing",
                        "open a socket on .../resources to switch resources by frames",
                    );
                    let frame = json!({ "error": refusal.body() });
                    send(face, socket, &frame.to_string()).await?;
                }
                // The layer below answers.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
            },
            () = told(&mut stop) => return Some(STOPPING),
        }
    }
}

/// A socket whose client says by frames which resources it wants.
pub(super) fn switched(
    face: &Arc<Face>,
    upgrade: WebSocketUpgrade,
    id: DeviceId,
) -> Result<Response, Refusal> {
    let permit = admit(face)?;
    let face = Arc::clone(face);
    Ok(bounded(upgrade).on_upgrade(async move |mut socket| {
        let mut board = Board {
            face: &face,
            id,
            listeners: Vec::new(),
            turn: 0,
        };
        let closing = board.run(&mut socket).await;
        drop(board);
        if let Some(closing) = closing {
            close(&face, socket, closing).await;
        }
        drop(permit);
    }))
}

/// The resources that are switched on.
struct Board<'a> {
    face: &'a Face,
    id: DeviceId,
    listeners: Vec<(String, Listener)>,
    /// Who is asked first, so that none starves.
    turn: usize,
}

/// What a frame asks for.
#[derive(Debug, PartialEq)]
struct Switch {
    resource: String,
    /// `None` to switch it off.
    interval: Option<Duration>,
}

impl Board<'_> {
    async fn run(&mut self, socket: &mut WebSocket) -> Option<Closing> {
        let mut stop = self.face.stop.clone();
        loop {
            tokio::select! {
                (resource, value) = self.next() => {
                    let frame = match value {
                        // What is put together is JSON on both sides.
                        Some(value) => {
                            format!("{{\"resource\":{},\"value\":{value}}}", json!(resource))
                        }
                        None => {
                            self.listeners.retain(|(name, _)| *name != resource);
                            ended(&resource)
                        }
                    };
                    send(self.face, socket, &frame).await?;
                }
                message = socket.recv() => match message?.ok()? {
                    Message::Text(text) => {
                        if let Err((resource, refusal)) = self.obey(&text).await {
                            let frame = json!({ "resource": resource, "error": refusal.body() });
                            send(self.face, socket, &frame.to_string()).await?;
                        }
                    }
                    Message::Binary(_) => {
                        return Some((close_code::UNSUPPORTED, "frames are JSON text"));
                    }
                    // The layer below answers.
                    Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
                },
                () = told(&mut stop) => return Some(STOPPING),
            }
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), (Option<String>, Refusal)> {
        let shortest = self.face.config.min_interval;
        let Switch { resource, interval } = parse(text, shortest).map_err(|why| (None, why))?;
        self.listeners.retain(|(name, _)| *name != resource);
        let Some(interval) = interval else {
            return Ok(());
        };
        if self.listeners.len() >= self.face.config.max_resources {
            let refusal = Refusal::busy("this socket shows as many resources as it may");
            return Err((Some(resource), refusal));
        }
        let id = self.id.clone();
        match self.face.listen_every(id, &resource, interval).await {
            Ok(listener) => self.listeners.push((resource, listener)),
            Err(refusal) => return Err((Some(resource), refusal)),
        }
        Ok(())
    }

    /// The next value of any resource. It never comes while there is none.
    async fn next(&mut self) -> (String, Option<Arc<str>>) {
        poll_fn(|context| {
            let count = self.listeners.len();
            for offset in 0..count {
                let index = (self.turn + offset) % count;
                if let Some((name, listener)) = self.listeners.get_mut(index)
                    && let Poll::Ready(value) = listener.poll_next(context)
                {
                    self.turn = index + 1;
                    return Poll::Ready((name.clone(), value));
                }
            }
            Poll::Pending
        })
        .await
    }
}

fn ended(resource: &str) -> String {
    let error = json!({ "code": "stream_ended", "message": ENDED.1 });
    json!({ "resource": resource, "error": error }).to_string()
}

/// Reads a frame such as `{"resource": "temp", "interval": 5, "enabled": true}`.
fn parse(text: &str, shortest: Duration) -> Result<Switch, Refusal> {
    let bad = |why: &str| {
        Refusal::bad_request(
            "bad_frame",
            why.to_owned(),
            "write {\"resource\": NAME, \"interval\": SECONDS, \"enabled\": true or false}; \
             without an interval events come",
        )
    };
    let frame: serde_json::Value =
        serde_json::from_str(text).map_err(|error| bad(&format!("it is not JSON: {error}")))?;
    let resource = frame.get("resource").and_then(|name| name.as_str());
    let resource = resource.filter(|name| !name.is_empty());
    let resource = resource.ok_or_else(|| bad("it names no resource"))?;
    let is_enabled = match frame.get("enabled") {
        None => true,
        Some(enabled) => enabled
            .as_bool()
            .ok_or_else(|| bad("enabled is neither true nor false"))?,
    };
    let seconds = match frame.get("interval") {
        None | Some(serde_json::Value::Null) => 0.0,
        Some(seconds) => seconds
            .as_f64()
            .ok_or_else(|| bad("the interval is no number"))?,
    };
    let interval =
        interval(seconds, shortest).ok_or_else(|| wrong(&seconds.to_string(), shortest))?;
    Ok(Switch {
        resource: resource.trim_start_matches('/').to_owned(),
        interval: is_enabled.then_some(interval),
    })
}

/// Sends a text; `None` if the client has gone or takes nothing.
async fn send(face: &Face, socket: &mut WebSocket, text: &str) -> Option<()> {
    let sent = socket.send(Message::text(text));
    timeout(face.config.write_timeout, sent).await.ok()?.ok()
}

async fn close(face: &Face, mut socket: WebSocket, (code, reason): Closing) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let closed = async {
        socket.send(Message::Close(Some(frame))).await?;
        // Until the client has said goodbye as well.
        while let Some(message) = socket.recv().await {
            message?;
        }
        Ok::<_, axum::Error>(())
    };
    // However it ends, it is over.
    let _ = timeout(face.config.write_timeout, closed).await;
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::time::Duration;

    use super::{Switch, parse};

    #[test]
    fn a_frame_switches_a_resource() {
        let shortest = Duration::from_millis(10);
        let check = |text: &str, interval: Option<u64>| {
            let expected = Switch {
                resource: "temp".into(),
                interval: interval.map(Duration::from_millis),
            };
            assert_eq!(parse(text, shortest).unwrap(), expected, "{text}");
        };
        check(
            r#"{"resource":"temp","interval":5,"enabled":true}"#,
            Some(5000),
        );
        check(r#"{"resource":"temp"}"#, Some(0));
        check(r#"{"resource":"/temp","interval":0.5}"#, Some(500));
        check(r#"{"resource":"temp","interval":5,"enabled":false}"#, None);
        for (text, why) in [
            ("{", "not JSON"),
            ("[]", "names no resource"),
            (r#"{"resource":""}"#, "names no resource"),
            (r#"{"resource":"a","enabled":1}"#, "neither true nor false"),
            (r#"{"resource":"a","interval":"5"}"#, "no number"),
            (
                r#"{"resource":"a","interval":-5}"#,
                "the interval -5 is none",
            ),
        ] {
            let refusal = parse(text, shortest).unwrap_err().body().to_string();
            assert!(refusal.contains(why), "{text}: {refusal}");
        }
    }
}

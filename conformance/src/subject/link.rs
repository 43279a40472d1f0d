//! One connection to a subject.

use core::time::Duration;
use std::io;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::background;
use super::event::{Event, Received, Want, any_of, phrase};
use super::frame::{self, Cut};
use super::transcript::{From, Transcript};
use crate::case::Role;
use crate::codec::Codec;
use crate::verdict::{Outcome, Stop};

/// Bytes asked of the socket at a time.
const CHUNK: usize = 16 * 1024;

/// A connection that speaks messages as JSON and bytes as they are.
///
/// What the subject may send at any time and what no case is about, such as a
/// device's Keep Alive, is answered in passing; see [`background`].
#[derive(Debug)]
pub struct Link {
    number: u64,
    role: Role,
    codec: Codec<'static>,
    stream: TcpStream,
    buffer: Vec<u8>,
    transcript: Transcript,
    patience: Duration,
    next_id: u16,
    /// Whether a device's Keep Alive is answered in passing.
    answers_keep_alive: bool,
    /// The Connect that a device introduced itself with.
    hello: Option<Received>,
    /// When the connection began.
    opened: Instant,
}

/// How a subject took something that may cost the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What it sent before.
    pub messages: Vec<Received>,
    /// Whether the connection lives.
    pub alive: bool,
}

/// What a link needs to know of its subject.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Which end the subject is.
    pub(super) role: Role,
    /// What both ends speak.
    pub(super) spec: &'static Spec,
    /// How long an answer may take.
    pub(super) timeout: Duration,
    /// First stream identifier to use.
    pub(super) first_id: u16,
}

impl Link {
    pub(super) fn new(
        stream: TcpStream,
        number: u64,
        terms: &Terms,
        transcript: Transcript,
    ) -> Self {
        // Without it the kernel joins what a case sends in pieces.
        let _ = stream.set_nodelay(true);
        Self {
            number,
            role: terms.role,
            codec: Codec::new(terms.spec),
            stream,
            buffer: Vec::new(),
            transcript,
            patience: terms.timeout,
            next_id: terms.first_id,
            answers_keep_alive: true,
            hello: None,
            opened: Instant::now(),
        }
    }

    /// What both ends speak.
    #[must_use]
    pub const fn codec(&self) -> Codec<'static> {
        self.codec
    }

    /// Which end the subject is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// When the connection began.
    #[must_use]
    pub const fn opened(&self) -> Instant {
        self.opened
    }

    /// How long an answer may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.patience
    }

    /// The Connect of a device, once it has come.
    #[must_use]
    pub const fn hello(&self) -> Option<&Received> {
        self.hello.as_ref()
    }

    pub(super) fn set_hello(&mut self, hello: Received) {
        self.hello = Some(hello);
    }

    /// Speaks another encoding of values from here on.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.codec = self.codec.with_encoding(encoding);
    }

    /// Leaves a device's Keep Alive to the case.
    pub fn leave_keep_alive(&mut self) {
        self.answers_keep_alive = false;
    }

    /// Writes from here on into another record, which is told of the beginning only.
    pub(super) fn move_to(&mut self, transcript: &Transcript) {
        self.transcript = transcript.clone();
        let note = "established earlier, by this";
        match &self.hello {
            Some(hello) => {
                self.transcript
                    .bytes(self.number, From::Subject, &hello.bytes, note, self.codec);
            }
            None => self.transcript.add(self.number, From::Subject, note),
        }
    }

    /// A stream identifier that this connection has not used.
    pub const fn id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = match id {
            // Leaves 0 and the last ones to the cases that are about them.
            60_000.. => 100,
            _ => id + 1,
        };
        id
    }

    /// The bytes of a message.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it.
    pub fn encode(&self, message: &Json) -> Outcome<Vec<u8>> {
        self.codec.encode(message).map_err(|refusal| {
            Stop::inconclusive(format!("{} cannot be written: {refusal}", phrase(message)))
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it. That the subject has
    /// closed the connection is no error here: it is the next event.
    pub async fn send(&mut self, message: Json) -> Outcome {
        let bytes = self.encode(&message)?;
        self.write(&bytes, phrase(&message)).await;
        Ok(())
    }

    /// Sends bytes as they are; `what` says in the record what they are.
    pub async fn send_raw(&mut self, bytes: &[u8], what: &str) {
        self.write(bytes, format!("[{what}]")).await;
    }

    async fn write(&mut self, bytes: &[u8], note: String) {
        self.transcript
            .bytes(self.number, From::Suite, bytes, note, self.codec);
        let failed = match timeout(self.patience, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!(
                "the subject does not read for {} ms",
                self.patience.as_millis()
            ),
        };
        self.transcript
            .add(self.number, From::Suite, format!("sending ended: {failed}"));
    }

    /// Closes the sending direction.
    pub async fn finish(&mut self) {
        self.transcript
            .add(self.number, From::Suite, "sending closed");
        // Where it fails the connection is closed already.
        let _ = self.stream.shutdown().await;
    }

    /// Closes the connection.
    pub fn close(self) {
        self.transcript
            .add(self.number, From::Suite, "connection closed");
    }

    /// What the subject does next, within the time that an answer may take.
    pub async fn next(&mut self) -> Event {
        self.next_before(Instant::now() + self.patience).await
    }

    /// What the subject does next, before `deadline`.
    pub async fn next_before(&mut self, deadline: Instant) -> Event {
        let began = Instant::now();
        loop {
            let framing = &self.codec.spec().framing;
            match frame::cut(framing.code, framing.size, &self.buffer) {
                Cut::Whole(len) => {
                    let bytes: Vec<u8> = self.buffer.drain(..len).collect();
                    if let Some(event) = self.take(bytes).await {
                        return event;
                    }
                }
                Cut::Broken(why) => {
                    let bytes = core::mem::take(&mut self.buffer);
                    self.transcript.bytes(
                        self.number,
                        From::Subject,
                        &bytes,
                        why.clone(),
                        self.codec,
                    );
                    return Event::Garbage(why);
                }
                Cut::Partial => match timeout_at(deadline, self.fill()).await {
                    Ok(Ok(0)) => return self.ended(false),
                    Ok(Ok(_)) => {}
                    Ok(Err(_)) => return self.ended(true),
                    Err(_) => {
                        let waited = began.elapsed();
                        let note = format!("nothing for {} ms", waited.as_millis());
                        self.transcript.add(self.number, From::Subject, note);
                        return Event::Silence(waited);
                    }
                },
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(CHUNK);
        self.stream.read_buf(&mut self.buffer).await
    }

    fn ended(&self, reset: bool) -> Event {
        let event = Event::Closed {
            unfinished: self.buffer.len(),
            reset,
        };
        self.transcript
            .add(self.number, From::Subject, event.to_string());
        event
    }

    /// Records a message and answers it in passing, or returns it.
    async fn take(&mut self, bytes: Vec<u8>) -> Option<Event> {
        let decoded = match self.codec.decode(&bytes) {
            Ok(decoded) => decoded,
            Err(refusal) => {
                let why = refusal.to_string();
                self.transcript
                    .bytes(self.number, From::Subject, &bytes, why.clone(), self.codec);
                return Some(Event::Garbage(why));
            }
        };
        let received = Received {
            message: decoded.message,
            bytes,
        };
        let note = phrase(&received.message);
        self.transcript.bytes(
            self.number,
            From::Subject,
            &received.bytes,
            note,
            self.codec,
        );
        let Some(reply) = background::reply(self.role, &received, self.answers_keep_alive) else {
            return Some(Event::Message(received));
        };
        if let Some(message) = reply
            && let Ok(bytes) = self.encode(&message)
        {
            let note = format!("{} (in passing)", phrase(&message));
            self.write(&bytes, note).await;
        }
        None
    }

    /// Waits for one of `wants`, which has to be the very next thing.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn expect(&mut self, wants: &[Want]) -> Outcome<Event> {
        let event = self.next().await;
        if wants.iter().any(|want| want.allows(&event)) {
            return Ok(event);
        }
        Err(Stop::fail(any_of(wants), event.to_string()))
    }

    /// Waits for a message that is one of `wants`.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn message(&mut self, wants: &[Want]) -> Outcome<Received> {
        match self.expect(wants).await? {
            Event::Message(received) => Ok(received),
            other => Err(Stop::fail(any_of(wants), other.to_string())),
        }
    }

    /// Waits for the end of the connection, which has to come next but for Error and Disconnect.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn closed(&mut self) -> Outcome {
        let deadline = Instant::now() + self.patience;
        loop {
            let event = self.next_before(deadline).await;
            match &event {
                Event::Closed { .. } => return Ok(()),
                Event::Message(received) if matches!(received.name(), "error" | "disconnect") => {}
                _ => return Err(Stop::fail(Want::Closed.to_string(), event.to_string())),
            }
        }
    }

    /// Waits for the end of the connection, whatever comes before it.
    ///
    /// # Errors
    /// A failure where it does not end in time.
    pub async fn closed_in_the_end(&mut self) -> Outcome {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.next_before(deadline).await {
                Event::Closed { .. } => return Ok(()),
                Event::Message(_) => {}
                other => return Err(Stop::fail(Want::Closed.to_string(), other.to_string())),
            }
        }
    }

    /// A request that the subject has to answer, whatever else it offers.
    #[must_use]
    pub fn request(&self, stream_id: u16) -> Json {
        match self.role {
            Role::Server => {
                json!({"type": "run", "stream_id": stream_id, "resource": super::NO_SUCH_RESOURCE})
            }
            Role::Device => json!({"type": "describe", "stream_id": stream_id}),
        }
    }

    /// Sends [`request`](Self::request) and waits for its answer.
    ///
    /// # Errors
    /// A failure where the next thing is not its answer.
    pub async fn ask(&mut self) -> Outcome<Received> {
        let id = self.id();
        self.send(self.request(id)).await?;
        self.message(&[Want::Answer(id)]).await
    }

    /// Everything that comes before the answer to something that has to be answered.
    ///
    /// What was not sent before it, in answer to something sent earlier, is not
    /// sent at all. A server is asked by Keep Alive, a device by Describe.
    ///
    /// # Errors
    /// A failure where the answer does not come.
    pub async fn fence(&mut self) -> Outcome<Vec<Received>> {
        let (messages, end) = self.raise_fence().await?;
        match end {
            None => Ok(messages),
            Some(event) => Err(Stop::fail("the connection to go on", event.to_string())),
        }
    }

    /// As [`fence`](Self::fence), where the end of the connection is right as well.
    ///
    /// # Errors
    /// A failure where neither the answer nor the end comes.
    pub async fn settle(&mut self) -> Outcome<Settled> {
        let (messages, end) = self.raise_fence().await?;
        match end {
            None => Ok(Settled {
                messages,
                alive: true,
            }),
            Some(Event::Closed { .. }) => Ok(Settled {
                messages,
                alive: false,
            }),
            Some(event) => Err(Stop::fail(
                "the connection to go on or to end",
                event.to_string(),
            )),
        }
    }

    /// Shows that the subject sends nothing more.
    ///
    /// # Errors
    /// A failure where something comes before the fence's answer, or no answer.
    pub async fn quiet(&mut self, expected: &str) -> Outcome {
        match self.fence().await?.first() {
            None => Ok(()),
            Some(received) => Err(Stop::fail(expected, phrase(&received.message))),
        }
    }

    async fn raise_fence(&mut self) -> Outcome<(Vec<Received>, Option<Event>)> {
        let id = self.id();
        let fence = match self.role {
            Role::Server => json!({"type": "keep_alive"}),
            Role::Device => self.request(id),
        };
        self.send(fence).await?;
        let deadline = Instant::now() + self.patience;
        let mut messages = Vec::new();
        loop {
            match self.next_before(deadline).await {
                Event::Message(received) if self.answers_fence(&received, id) => {
                    return Ok((messages, None));
                }
                Event::Message(received) => messages.push(received),
                end => return Ok((messages, Some(end))),
            }
        }
    }

    fn answers_fence(&self, received: &Received, id: u16) -> bool {
        match self.role {
            Role::Server => received.name() == "keep_alive",
            Role::Device => Want::Answer(id).allows_message(received),
        }
    }

    /// Opens a stream and waits for its Ok; null parameters are none.
    ///
    /// # Errors
    /// A failure where the next thing is not its Ok.
    pub async fn start_stream(&mut self, resource: &str, parameters: &Json) -> Outcome<u16> {
        let id = self.id();
        self.send_start_stream(id, resource, parameters).await?;
        self.message(&[Want::Ok(id)]).await?;
        Ok(id)
    }

    /// Asks for a stream under an identifier of the caller's.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it.
    pub async fn send_start_stream(
        &mut self,
        id: u16,
        resource: &str,
        parameters: &Json,
    ) -> Outcome {
        let mut message = json!({"type": "start_stream", "stream_id": id, "resource": resource});
        if let (Some(object), false) = (message.as_object_mut(), parameters.is_null()) {
            object.insert("parameters".to_owned(), parameters.clone());
        }
        self.send(message).await
    }
}

//! One connection to a subject.

use core::time::Duration;
use std::io;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Spec;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::background;
use super::event::{Event, Received, phrase};
use super::frame::{self, Cut};
use super::transcript::{Side, Transcript};
use crate::case::Role;
use crate::codec::Codec;
use crate::verdict::{Outcome, Stop};

/// Bytes asked of the socket at a time.
const CHUNK: usize = 16 * 1024;

/// A connection that speaks messages as JSON and bytes as they are.
///
/// What the subject may send at any time and what no case is about, such as a
/// device's Keep Alive, is answered in passing.
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
    /// Answers in passing that wait for the end of a message half sent.
    held: Option<Vec<Json>>,
    /// The Connect that a device introduced itself with.
    hello: Option<Received>,
    /// When the connection began.
    opened: Instant,
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
            held: None,
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

    /// Answers nothing in passing until [`release`](Self::release): a message is half sent.
    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Gives the answers that were held.
    pub async fn release(&mut self) {
        for message in self.held.take().into_iter().flatten() {
            self.reply(message).await;
        }
    }

    /// Writes from here on into another record, which is told of the beginning only.
    pub(super) fn move_to(&mut self, transcript: &Transcript) {
        self.transcript = transcript.clone();
        let note = "established earlier, by this";
        match &self.hello {
            Some(hello) => {
                self.transcript
                    .bytes(self.number, Side::Subject, &hello.bytes, note, self.codec);
            }
            None => self.transcript.add(self.number, Side::Subject, note),
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
            .bytes(self.number, Side::Suite, bytes, note, self.codec);
        let failed = match timeout(self.patience, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!(
                "the subject does not read for {} ms",
                self.patience.as_millis()
            ),
        };
        self.transcript
            .add(self.number, Side::Suite, format!("sending ended: {failed}"));
    }

    /// Closes the sending direction.
    pub async fn finish(&mut self) {
        self.transcript
            .add(self.number, Side::Suite, "sending closed");
        // Where it fails the connection is closed already.
        let _ = self.stream.shutdown().await;
    }

    /// Closes the connection.
    pub fn close(self) {
        self.transcript
            .add(self.number, Side::Suite, "connection closed");
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
                        Side::Subject,
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
                        self.transcript.add(self.number, Side::Subject, note);
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
            .add(self.number, Side::Subject, event.to_string());
        event
    }

    /// Records a message and answers it in passing, or returns it.
    async fn take(&mut self, bytes: Vec<u8>) -> Option<Event> {
        let decoded = match self.codec.decode(&bytes) {
            Ok(decoded) => decoded,
            Err(refusal) => {
                let why = refusal.to_string();
                self.transcript
                    .bytes(self.number, Side::Subject, &bytes, why.clone(), self.codec);
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
            Side::Subject,
            &received.bytes,
            note,
            self.codec,
        );
        // Before its Connect a device has nothing to ask.
        let may_ask = self.role == Role::Server || self.hello.is_some();
        let reply = background::reply(self.role, &received, self.answers_keep_alive);
        let Some(reply) = reply.filter(|_| may_ask) else {
            return Some(Event::Message(received));
        };
        match (reply, &mut self.held) {
            (Some(message), Some(held)) => held.push(message),
            (Some(message), None) => self.reply(message).await,
            (None, _) => {}
        }
        None
    }

    /// Answers in passing.
    async fn reply(&mut self, message: Json) {
        if let Ok(bytes) = self.encode(&message) {
            let note = format!("{} (in passing)", phrase(&message));
            self.write(&bytes, note).await;
        }
    }
}

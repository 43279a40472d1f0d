//! What the subject sends over a connection, message by message.

use core::time::Duration;
use std::io;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::Link;
use crate::codec::Codec;
use crate::observe;
use crate::subject::event::{Event, Received, phrase};
use crate::subject::frame::{self, Cut};
use crate::subject::transcript::Side;

/// How long a subject is given to read one piece before the next is sent.
const PAUSE: Duration = Duration::from_millis(5);

/// Bytes asked of the socket at a time.
const CHUNK: usize = 16 * 1024;

impl Link {
    /// Bytes that have arrived and are no whole message yet.
    #[must_use]
    pub const fn unfinished(&self) -> usize {
        self.buffer.len()
    }

    /// How to read what the subject sent.
    pub(super) fn reader(&self, bytes: &[u8]) -> Codec<'static> {
        let reader = self.transactions.reader(self.codec, bytes);
        let usual = Codec::new(self.codec.spec());
        // Whether what a Connect asks for holds for its answer too is left open.
        let is_usual = || reader.decode(bytes).is_err() && usual.decode(bytes).is_ok();
        if self.is_asking && is_usual() {
            return usual;
        }
        reader
    }

    /// What the subject does next, within the time that an answer may take.
    pub async fn next(&mut self) -> Event {
        self.next_before(Instant::now() + self.patience).await
    }

    /// What the subject does next, before `deadline`.
    pub async fn next_before(&mut self, deadline: Instant) -> Event {
        let began = Instant::now();
        loop {
            self.straighten(false);
            if let Some(what) = self.allowance.spent() {
                return self.flooded(what).await;
            }
            let decode = |bytes: &[u8]| self.reader(bytes).decode(bytes);
            match frame::cut(&self.codec.spec().framing, &self.buffer, decode) {
                Cut::Whole(len) => {
                    let bytes: Vec<u8> = self.buffer.drain(..len).collect();
                    if let Some(event) = self.take(bytes).await {
                        return event;
                    }
                }
                Cut::Broken(why) => {
                    self.accuse_unreadable();
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
                    Err(_) if self.straighten(true) => {}
                    Err(_) => {
                        let waited = began.elapsed();
                        let note = format!("nothing for {} ms", waited.as_millis());
                        self.transcript.add(self.number, Side::Subject, note);
                        self.accuse_unreadable();
                        return Event::Silence(waited);
                    }
                },
            }
        }
    }

    /// Gives the subject the time to read what was sent by itself, and keeps what it sends.
    ///
    /// There is nothing to wait for: whoever has read a piece of a message says nothing.
    pub async fn pause(&mut self) {
        let until = Instant::now() + PAUSE;
        while self.buffer.len() < CHUNK
            && let Ok(Ok(1..)) = timeout_at(until, self.fill()).await
        {}
    }

    /// What becomes of a connection on which more came than is read.
    pub(super) async fn flooded(&mut self, what: String) -> Event {
        // Whoever asks again and again is not to keep others from their turn.
        tokio::task::yield_now().await;
        let event = Event::Flood(what);
        if self.transcript.flooded().is_none() {
            self.transcript.flood(event.to_string());
            self.transcript
                .add(self.number, Side::Subject, event.to_string());
        }
        if let Some(clause) = self.allowance.broken(self.codec.spec(), self.role) {
            self.transcript.accuse(clause);
        }
        event
    }

    /// Whether the subject has closed the connection by now, and nothing is left to read.
    pub(in crate::subject) async fn is_over(&mut self) -> bool {
        self.buffer.is_empty()
            && matches!(
                timeout(Duration::ZERO, self.fill()).await,
                Ok(Ok(0) | Err(_))
            )
    }

    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(CHUNK);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        self.allowance.read(read);
        Ok(read)
    }

    pub(super) fn straighten(&mut self, is_late: bool) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.straighten(&mut self.buffer, is_late))
    }

    pub(super) fn ended(&self, reset: bool) -> Event {
        self.accuse_unreadable();
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
        let decoded = match self.reader(&bytes).decode(&bytes) {
            Ok(decoded) => decoded,
            Err(refusal) => {
                let why = refusal.to_string();
                let by_form = || observe::unreadable(self.reader(&bytes), self.role, &bytes);
                if let Some(clause) = self.encoded_otherwise(&bytes).or_else(by_form) {
                    self.transcript.accuse(self.watch.unreadable(clause));
                }
                self.transcript
                    .bytes(self.number, Side::Subject, &bytes, why.clone(), self.codec);
                return Some(Event::Garbage(why));
            }
        };
        let received = Received {
            message: decoded.message,
            bytes,
        };
        self.judge(&received);
        self.allowance.message(received.name());
        let note = phrase(&received.message);
        let reader = self.reader(&received.bytes);
        self.is_asking = false;
        self.transcript
            .bytes(self.number, Side::Subject, &received.bytes, note, reader);
        self.in_passing(received).await.map(Event::Message)
    }
}

//! One connection to a subject.

mod own;
mod served;

use core::net::SocketAddr;
use core::sync::atomic::AtomicU32;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use iotmp_ref::transport::Stream;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use self::served::Served;
use super::allowance::{Allowance, Floods};
use super::background;
use super::event::{Event, Received, phrase};
use super::frame::{self, Cut};
use super::nubison;
use super::outgoing::Outgoing;
use super::protocol::Protocol;
use super::transactions::Transactions;
use super::transcript::{Side, Transcript};
use super::watch::{Streams, Watch};
use crate::case::Role;
use crate::codec::Codec;
use crate::family;
use crate::observe;
use crate::verdict::{Outcome, Stop};

/// How long a subject is given to read one piece before the next is sent.
const PAUSE: Duration = Duration::from_millis(5);

/// Connections in a row whose first identifiers differ, and how many those are: all of them take one
/// byte.
const TURNS: u64 = 4;
const OWN_IDS: u16 = 7;

/// Rules of the encoding that a Connect asked for, and of that of a connection whose Connect did not,
/// of which a revision has one.
const CHOSEN: &[&str] = &["IOTMP23-ENCODING-003", "IOTMP25-CONNECT-010"];
const UNCHOSEN: &[&str] = &["IOTMP23-ENCODING-004", "IOTMP25-CONNECT-010"];

/// Bytes asked of the socket at a time.
const CHUNK: usize = 16 * 1024;

/// How often in a row something was done in vain.
pub(super) type InVain = Arc<AtomicU32>;

/// A connection that speaks messages as JSON and bytes as they are.
///
/// What the subject may send at any time and what no case is about, such as a
/// device's Keep Alive, is answered in passing.
#[derive(Debug)]
pub struct Link {
    pub(super) number: u64,
    role: Role,
    codec: Codec<'static>,
    stream: Stream,
    buffer: Vec<u8>,
    transcript: Transcript,
    patience: Duration,
    next_id: u16,
    pub(super) transactions: Transactions,
    /// What the end that is no device was logged in with.
    pub(super) token: Option<String>,
    /// Whether what the subject asks by itself is answered in passing.
    answers_keep_alive: bool,
    served: Served,
    /// Answers in passing that wait for the end of a message half sent.
    held: Option<Vec<Json>>,
    /// The Connect that a device introduced itself with.
    hello: Option<Received>,
    /// The address that a device dialled.
    own_address: Option<SocketAddr>,
    /// When the connection began.
    opened: Instant,
    watch: Watch,
    /// Of a connection of Nubison.
    pub(super) account: Option<nubison::Account>,
    allowance: Allowance,
    outgoing: Outgoing,
    /// Whether a call and not a Keep Alive shows what a server does not send.
    fences_by_call: bool,
    /// Fences in a row that were raised twice in vain.
    pub(super) in_vain: InVain,
    /// Whether the Connect that asked for an encoding waits for its answer.
    is_asking: bool,
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
    /// Where random identifiers begin.
    pub(super) seed: u64,
    /// Streams of all connections.
    pub(super) streams: Streams,
    /// How a device of Nubison writes numbers.
    pub(super) order: nubison::Order,
    /// Whether a server leaves Keep Alive unanswered.
    pub(super) fences_by_call: bool,
    /// Fences in a row that were raised twice in vain, on all connections.
    pub(super) in_vain: InVain,
    /// Connections on which the subject sent more than is read.
    pub(super) floods: Floods,
}

impl Link {
    pub(super) fn new(stream: Stream, number: u64, terms: &Terms, transcript: Transcript) -> Self {
        // What a device keeps of a connection is not to be met again under the same identifiers by
        // chance; a case that is about that uses those of before.
        let turn = match terms.role {
            Role::Server => 0,
            Role::Device => (number % TURNS) as u16 * OWN_IDS,
        };
        Self {
            number,
            role: terms.role,
            codec: Codec::new(terms.spec),
            stream,
            buffer: Vec::new(),
            transcript,
            patience: terms.timeout,
            next_id: terms.first_id + turn,
            transactions: Transactions::new(
                terms.spec,
                terms.seed ^ (number << 32),
                terms.order.clone(),
            ),
            token: None,
            answers_keep_alive: true,
            served: Served::default(),
            held: None,
            hello: None,
            own_address: None,
            opened: Instant::now(),
            watch: Watch::new(Codec::new(terms.spec), Arc::clone(&terms.streams)),
            account: (Protocol::of(terms.spec) == Protocol::Nubison)
                .then(|| nubison::Account::new(terms.role, terms.order.clone())),
            allowance: Allowance::new(Arc::clone(&terms.floods)),
            outgoing: Outgoing::default(),
            fences_by_call: terms.fences_by_call,
            in_vain: Arc::clone(&terms.in_vain),
            is_asking: false,
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

    /// The address of the suite that the subject knows, where it dialled.
    pub(super) fn own_address(&self) -> io::Result<SocketAddr> {
        self.own_address
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
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

    pub(super) const fn set_own_address(&mut self, address: SocketAddr) {
        self.own_address = Some(address);
    }

    pub(super) fn set_hello(&mut self, hello: Received) {
        self.hello = Some(hello);
    }

    /// Speaks another encoding of values from here on.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.codec = self.codec.with_encoding(encoding);
    }

    /// Leaves to the case what a device sends by itself: its Keep Alive, or its requests.
    pub fn leave_keep_alive(&mut self) {
        self.answers_keep_alive = false;
    }

    /// Bytes that have arrived and are no whole message yet.
    #[must_use]
    pub const fn unfinished(&self) -> usize {
        self.buffer.len()
    }

    /// How to read what the subject sent.
    fn reader(&self, bytes: &[u8]) -> Codec<'static> {
        let reader = self.transactions.reader(self.codec, bytes);
        let usual = Codec::new(self.codec.spec());
        // Whether what a Connect asks for holds for its answer too is left open.
        let is_usual = || reader.decode(bytes).is_err() && usual.decode(bytes).is_ok();
        if self.is_asking && is_usual() {
            return usual;
        }
        reader
    }

    /// The clause that bytes break which can be read in an encoding that is not that of the connection.
    fn encoded_otherwise(&self, bytes: &[u8]) -> Option<&'static str> {
        // A device has chosen by its Connect, which is read in what it says itself.
        if self.hello.is_some() {
            return None;
        }
        let own = self.codec.encoding_in_force();
        let others = self.codec.encodings().into_iter();
        let read = |other: Encoding| self.codec.with_encoding(other).decode(bytes).ok();
        let read = others.filter(|other| *other != own).find_map(read)?;
        let is_usual = match self.role {
            Role::Server => own == Codec::new(self.codec.spec()).encoding_in_force(),
            Role::Device => self.codec.announced(&read.message).is_none(),
        };
        let rules = if is_usual { UNCHOSEN } else { CHOSEN };
        let mut rules = rules.iter().copied();
        rules.find(|rule| family::clause(self.codec.spec(), rule).is_some())
    }

    /// Answers nothing in passing until [`release`](Self::release): a message is half sent.
    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Gives the answers that were held.
    pub async fn release(&mut self) {
        let held = self.held.take().unwrap_or_default();
        if held.is_empty() {
            return;
        }
        for message in held {
            self.reply(message).await;
        }
        self.pause().await;
    }

    /// Writes from here on into another record, which is told of the beginning only.
    pub(super) fn move_to(&mut self, transcript: &Transcript) {
        self.transcript = transcript.clone();
        self.allowance = self.allowance.renewed();
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
        let bytes = self.codec.encode(message).map_err(|refusal| {
            Stop::inconclusive(format!("{} cannot be written: {refusal}", phrase(message)))
        })?;
        Ok(self.transactions.turned(&bytes).unwrap_or(bytes))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it. That the subject has
    /// closed the connection is no error here: it is the next event.
    pub async fn send(&mut self, message: Json) -> Outcome {
        let bytes = self.encode(&message)?;
        self.allowance.sent(bytes.len());
        self.write(&bytes, phrase(&message)).await;
        if self.role == Role::Server
            && let Some(encoding) = self.codec.announced(&message)
        {
            self.negotiate(encoding);
        }
        Ok(())
    }

    /// Speaks the encoding that a Connect asked for, as soon as it was answered.
    pub fn negotiate(&mut self, encoding: Encoding) {
        self.set_encoding(encoding);
        self.is_asking = true;
    }

    /// Sends bytes as they are; `what` says in the record what they are.
    pub async fn send_raw(&mut self, bytes: &[u8], what: &str) {
        self.watch.crafts();
        self.allowance.sent(bytes.len());
        self.write(bytes, format!("[{what}]")).await;
    }

    async fn write(&mut self, bytes: &[u8], note: String) {
        self.write_within(self.patience, bytes, note).await;
    }

    async fn write_within(&mut self, limit: Duration, bytes: &[u8], note: String) {
        self.transactions.sent(bytes);
        self.watch.sent(bytes, self.codec);
        self.transcript
            .bytes(self.number, Side::Suite, bytes, note, self.codec);
        let written = self.outgoing.write(&mut self.stream, bytes, limit).await;
        if let Err(failed) = written {
            self.transcript
                .add(self.number, Side::Suite, format!("sending ended: {failed}"));
        }
    }

    /// Closes the sending direction: over WebSocket a Close, to which the subject can say nothing more.
    pub async fn finish(&mut self) {
        self.transcript
            .add(self.number, Side::Suite, "sending closed");
        // Where it fails the connection is closed already.
        let _ = timeout(self.patience, self.stream.shutdown()).await;
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
    async fn flooded(&mut self, what: String) -> Event {
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
    pub(super) async fn is_over(&mut self) -> bool {
        self.buffer.is_empty()
            && matches!(
                timeout(Duration::ZERO, self.fill()).await,
                Ok(Ok(0) | Err(_))
            )
    }

    /// Whether a call and not a Keep Alive shows what a server does not send.
    pub(super) const fn fences_by_call(&self) -> bool {
        self.fences_by_call
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(CHUNK);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        self.allowance.read(read);
        Ok(read)
    }

    fn straighten(&mut self, is_late: bool) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.straighten(&mut self.buffer, is_late))
    }

    /// Charges what is no message, or not a whole one, to what it breaks.
    fn accuse_unreadable(&self) {
        let broken = match &self.account {
            Some(_) if self.buffer.is_empty() => None,
            Some(account) => account.unreadable(&self.buffer, self.answers(&self.buffer)),
            None => frame::misread(&self.codec.spec().framing, &self.buffer),
        };
        if let Some(clause) = broken {
            self.transcript.accuse(clause);
        }
    }

    fn ended(&self, reset: bool) -> Event {
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
        let answers = self.answers(&received.bytes);
        let broken = match &mut self.account {
            Some(account) => {
                let is_again = answers.is_some() && self.transactions.answered(&received.bytes);
                let broken = account.received(&received, answers);
                broken.or_else(|| account.answer().filter(|_| is_again))
            }
            None => self.watch.received(&received, self.role),
        };
        if let Some(clause) = broken {
            self.transcript.accuse(clause);
            if self.watch.is_past_its_own_end(&received) {
                self.convict(
                    clause,
                    "no value of a stream that the device has closed",
                    &received,
                );
            }
        }
        self.allowance.message(received.name());
        let note = phrase(&received.message);
        let reader = self.reader(&received.bytes);
        self.is_asking = false;
        self.transcript
            .bytes(self.number, Side::Subject, &received.bytes, note, reader);
        // Before its Connect a device has nothing to ask.
        let may_ask = self.role == Role::Server || self.hello.is_some();
        if may_ask && self.role == Role::Device && own::opens(&received) {
            self.look_at_own(&received).await;
        }
        let is_for_case = !may_ask || self.served.has(&received);
        let has_left = self.has_left();
        if has_left && received.name() == "logout" {
            self.transcript
                .excuse("the device logged out by itself, as it may");
        }
        // Who has logged out has none, unless that is what it asks for.
        let is_in = !has_left || matches!(received.name(), "logout" | "login");
        let token = self.token.as_deref().filter(|_| is_in);
        let reply = match background::reply(self.role, &received, self.answers_keep_alive) {
            None if self.answers_keep_alive => nubison::reply(self.role, &received, token),
            reply => reply,
        };
        let reply = if may_ask && self.role == Role::Device && self.watch.closes(&received) {
            self.transcript
                .excuse("the device closed a stream by itself, as it may");
            let id = received.stream_id();
            Some(Some(json!({"type": "ok", "stream_id": id})))
        } else {
            reply
        };
        let Some(reply) = reply.filter(|_| !is_for_case) else {
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
            // Whoever takes no answers is not waited for at every one of them.
            let limit = match self.outgoing.is_stalled() {
                true => Duration::ZERO,
                false => self.patience,
            };
            self.write_within(limit, &bytes, note).await;
        }
    }
}

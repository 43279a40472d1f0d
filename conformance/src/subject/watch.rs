//! What a subject does on a connection that breaks a rule whatever the case is about.
//!
//! A subject that answers every call twice fails half of the suite: where a
//! case waits for one thing, the second answer comes. Whoever keeps account of
//! what was asked knows better which rule is broken.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::event::Received;
use super::frame::{self, Cut};
use super::{Protocol, vocabulary};
use crate::case::Role;
use crate::codec::Codec;
use crate::suite::OWN_ID;

/// The first message, and no other, is Connect.
const FIRST: &str = "IOTMP25-CONNECT-001";
/// A Keep Alive is answered by one.
pub(super) const ONE_BEAT: &str = "IOTMP25-KEEPALIVE-003";
/// A call with an identifier gets one answer.
const ONE_ANSWER: &str = "IOTMP25-RUN-001";
/// A call without an identifier gets none.
const NO_ANSWER: &str = "IOTMP25-RUN-002";
/// An identifier has sixteen bits.
const SIXTEEN_BITS: &str = "IOTMP25-SID-002";
/// A value carries the identifier of its stream.
const OF_ITS_STREAM: &str = "IOTMP25-STREAM-010";
/// No values without a stream.
const UNOPENED: &str = "IOTMP25-STREAM-004";
/// No values after the end of a stream.
const STOPPED: &str = "IOTMP25-STREAM-005";
/// No stream outlives its connection.
const OUTLIVED: &str = "IOTMP25-STREAM-009";

/// How long after the end of a stream a value may still be on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

/// Identifiers of all streams of one subject that were open when their connection ended, or are.
pub(super) type Streams = Arc<Mutex<BTreeSet<u64>>>;

/// The requests under one identifier.
#[derive(Debug, Default)]
struct Asked {
    /// Names of those that wait for their answer.
    open: VecDeque<String>,
    /// Name of the one that was answered last, and the number of that answer on the connection.
    answered: Option<(String, u64)>,
}

/// The account of one connection.
#[derive(Debug)]
pub(super) struct Watch {
    /// Bytes sent that are no whole message yet.
    outgoing: Vec<u8>,
    /// Whether something was sent of which nobody can say what it asks.
    is_blind: bool,
    /// Whether something was sent that is not what the codec writes.
    is_crafted: bool,
    asked: BTreeMap<u64, Asked>,
    asked_nothing: bool,
    /// Keep Alives that the suite has sent and that were not answered yet.
    beats: u64,
    is_introduced: bool,
    /// Answers to requests so far.
    answers: u64,
    open: BTreeSet<u64>,
    /// Streams that were asked for and not answered yet; they are among the open ones.
    hoped: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    stopped: BTreeSet<u64>,
    /// Streams that the subject has closed itself, and when.
    ended: BTreeMap<u64, Instant>,
    outlived: Streams,
}

impl Watch {
    pub(super) fn new(codec: Codec<'static>, outlived: Streams) -> Self {
        Self {
            outgoing: Vec::new(),
            is_blind: Protocol::of(codec.spec()) != Protocol::Iotmp,
            is_crafted: false,
            asked: BTreeMap::new(),
            asked_nothing: false,
            beats: 0,
            is_introduced: false,
            answers: 0,
            open: BTreeSet::new(),
            hoped: BTreeSet::new(),
            refused: BTreeSet::new(),
            stopped: BTreeSet::new(),
            ended: BTreeMap::new(),
            outlived,
        }
    }

    /// Takes down what the suite sends, in pieces of any size.
    pub(super) fn sent(&mut self, bytes: &[u8], codec: Codec<'static>) {
        if self.is_blind {
            return;
        }
        self.outgoing.extend(bytes);
        loop {
            let decode = |bytes: &[u8]| codec.decode(bytes);
            match frame::cut(&codec.spec().framing, &self.outgoing, decode) {
                Cut::Partial => return,
                Cut::Broken(_) => return self.go_blind(),
                Cut::Whole(len) => {
                    let bytes: Vec<u8> = self.outgoing.drain(..len).collect();
                    match codec.decode(&bytes) {
                        Ok(decoded) => self.asks(&Received {
                            message: decoded.message,
                            bytes,
                        }),
                        Err(_) => return self.go_blind(),
                    }
                }
            }
        }
    }

    fn go_blind(&mut self) {
        self.is_blind = true;
        self.outgoing = Vec::new();
    }

    fn asks(&mut self, request: &Received) {
        let name = request.name();
        let is_request = matches!(
            name,
            "connect" | "disconnect" | "run" | "describe" | "start_stream" | "stop_stream"
        );
        self.beats += u64::from(name == "keep_alive");
        match request.stream_id() {
            _ if !is_request => {}
            None => self.asked_nothing |= name == "run",
            Some(id) => {
                let asked = self.asked.entry(id).or_default();
                asked.open.push_back(name.to_owned());
                if name == "start_stream" {
                    // One that is open already stays so if it is refused another interval.
                    if self.open.insert(id) {
                        self.hoped.insert(id);
                    }
                    self.stopped.remove(&id);
                    self.ended.remove(&id);
                    self.refused.remove(&id);
                }
            }
        }
    }

    /// Takes down that what is sent next is not what the codec writes.
    pub(super) const fn crafts(&mut self) {
        self.is_crafted = true;
    }

    /// The clause that a message of the subject breaks by coming at all, if any.
    pub(super) fn received(&mut self, received: &Received, role: Role) -> Option<&'static str> {
        if self.is_blind {
            return None;
        }
        match (received.name(), role) {
            ("keep_alive", Role::Server) => return self.beats(),
            ("connect", Role::Device) => {
                let again = core::mem::replace(&mut self.is_introduced, true);
                return again.then_some(FIRST);
            }
            (_, Role::Device) if !self.is_introduced => return Some(FIRST),
            _ => {}
        }
        let id = received.stream_id()?;
        match received.name() {
            "ok" | "error" => self.answered(id, received.name() == "ok"),
            name if role == Role::Device && vocabulary::is_value(name) => self.valued(id),
            name if vocabulary::is_value(name) && !self.is_crafted => {
                (!self.open.contains(&id) && !self.stopped.contains(&id)).then_some(OF_ITS_STREAM)
            }
            _ => None,
        }
    }

    fn beats(&mut self) -> Option<&'static str> {
        let left = self.beats.checked_sub(1);
        self.beats = left.unwrap_or(0);
        left.is_none().then_some(ONE_BEAT)
    }

    fn answered(&mut self, id: u64, is_ok: bool) -> Option<&'static str> {
        let is_open = |asked: &Asked| !asked.open.is_empty();
        let cut = |(asked, of): (&u64, &Asked)| is_open(of) && *asked != id && asked & 0xff == id;
        if !self.asked.get(&id).is_some_and(is_open) && self.asked.iter().any(cut) {
            return Some(SIXTEEN_BITS);
        }
        let Some(asked) = self.asked.get_mut(&id) else {
            return self.unasked(id);
        };
        let Some(request) = asked.open.pop_front() else {
            let (request, at) = self.asked.get(&id)?.answered.clone()?;
            // What was answered long ago is not answered once more, but something else is.
            let is_late = at < self.answers;
            return match request.as_str() {
                "start_stream" if is_late && self.has_call_beside(id) => Some(OWN_ID),
                "connect" => Some("IOTMP25-CONNECT-005"),
                "run" => Some(ONE_ANSWER),
                "describe" => Some("IOTMP25-DESCRIBE-001"),
                "start_stream" => Some("IOTMP25-STREAM-001"),
                _ => None,
            };
        };
        if request == "stop_stream" && is_ok && self.open.remove(&id) {
            self.stopped.insert(id);
            forget(&self.outlived, id);
        }
        let is_new = request == "start_stream" && self.hoped.remove(&id);
        if is_new && is_ok {
            let mut outlived = self.outlived.lock().unwrap_or_else(PoisonError::into_inner);
            outlived.insert(id);
        } else if is_new {
            self.open.remove(&id);
            self.refused.insert(id);
        }
        self.answers += 1;
        asked.answered = Some((request, self.answers));
        None
    }

    /// Whether the subject closes by a request of its own a stream that is open.
    pub(super) fn closes(&mut self, request: &Received) -> bool {
        let id = request.stream_id().filter(|id| self.open.contains(id));
        let Some(id) = id.filter(|_| request.name() == "stop_stream") else {
            return false;
        };
        self.open.remove(&id);
        self.hoped.remove(&id);
        forget(&self.outlived, id);
        self.ended.insert(id, Instant::now());
        true
    }

    /// Whether that is a stream of which the subject knows that it is open.
    pub(super) fn is_known_open(&self, id: u64) -> bool {
        let waits = self.asked.get(&id).is_some_and(|of| !of.open.is_empty());
        !self.is_blind && self.open.contains(&id) && !self.hoped.contains(&id) && !waits
    }

    /// Whether a value belongs to a stream that the subject has closed itself, and not just now.
    pub(super) fn is_past_its_own_end(&self, received: &Received) -> bool {
        let id = received.stream_id();
        let ended = id.and_then(|id| self.ended.get(&id));
        vocabulary::is_value(received.name()) && ended.is_some_and(|at| at.elapsed() > ON_ITS_WAY)
    }

    /// Whether a call under another identifier waits for its answer.
    fn has_call_beside(&self, id: u64) -> bool {
        let waits = |asked: &Asked| asked.open.iter().any(|name| name == "run");
        self.asked
            .iter()
            .any(|(asked, of)| *asked != id && waits(of))
    }

    /// The clause that a message breaks which cannot be read for want of what `clause` says: an
    /// answer without an identifier may be one to a call without.
    pub(super) fn unreadable(&self, clause: &'static str) -> &'static str {
        match clause {
            OWN_ID if self.asked_nothing => NO_ANSWER,
            other => other,
        }
    }

    /// Whether anything waits for its answer.
    fn waits(&self) -> bool {
        self.asked.values().any(|asked| !asked.open.is_empty())
    }

    /// Whose answer it is that carries an identifier that nobody used.
    fn unasked(&self, id: u64) -> Option<&'static str> {
        // What 0 means where none was given is left open; to a request that has one it is another.
        if id == 0 && (self.asked_nothing || !self.waits()) {
            return None;
        }
        if self.asked_nothing {
            return Some(NO_ANSWER);
        }
        // What was put together by hand may have named this one, to a subject that misreads it.
        (!self.is_crafted).then_some(OWN_ID)
    }

    fn valued(&self, id: u64) -> Option<&'static str> {
        if self.open.contains(&id) {
            return None;
        }
        if self.stopped.contains(&id) {
            return Some(STOPPED);
        }
        // What was on its way when the answer came is no value after the end.
        if let Some(at) = self.ended.get(&id) {
            return (at.elapsed() > ON_ITS_WAY).then_some(UNOPENED);
        }
        if self.refused.contains(&id) {
            return Some(UNOPENED);
        }
        let cut = |open: &u64| *open > id && (open & 0xff == id || open & 0x7fff == id);
        if self.open.iter().any(cut) {
            return Some(SIXTEEN_BITS);
        }
        // What this connection asked under that identifier is nearer than what another did.
        if self.asked.contains_key(&id) {
            return Some(UNOPENED);
        }
        let outlived = self.outlived.lock().unwrap_or_else(PoisonError::into_inner);
        Some(if outlived.contains(&id) {
            OUTLIVED
        } else {
            UNOPENED
        })
    }
}

/// Takes down that a stream has ended, so that it cannot outlive its connection.
fn forget(outlived: &Streams, id: u64) {
    let mut outlived = outlived.lock().unwrap_or_else(PoisonError::into_inner);
    outlived.remove(&id);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::specs;

    fn watch() -> (Watch, Codec<'static>) {
        let codec = Codec::new(specs::by_name("iotmp-shipping").unwrap());
        (introduced(codec, Streams::default()), codec)
    }

    fn introduced(codec: Codec<'static>, outlived: Streams) -> Watch {
        let mut watch = Watch::new(codec, outlived);
        let hello = json!({"type": "connect", "stream_id": 1});
        assert_eq!(gets(&mut watch, hello), None);
        watch
    }

    fn sends(watch: &mut Watch, codec: Codec<'static>, message: &Json) {
        for byte in codec.encode(message).unwrap() {
            watch.sent(&[byte], codec);
        }
    }

    fn gets(watch: &mut Watch, message: Json) -> Option<&'static str> {
        let received = Received {
            message,
            bytes: Vec::new(),
        };
        watch.received(&received, Role::Device)
    }

    #[test]
    fn nothing_comes_before_the_connect() {
        let codec = Codec::new(specs::by_name("iotmp-shipping").unwrap());
        let mut watch = Watch::new(codec, Streams::default());
        let value = json!({"type": "stream_data", "stream_id": 5, "payload": 1});
        assert_eq!(gets(&mut watch, value), Some(FIRST));
    }

    #[test]
    fn one_call_has_one_answer() {
        let (mut watch, codec) = watch();
        let run = json!({"type": "run", "stream_id": 300, "resource": "x"});
        sends(&mut watch, codec, &run);
        let error = json!({"type": "error", "stream_id": 300});
        assert_eq!(gets(&mut watch, error.clone()), None);
        assert_eq!(gets(&mut watch, error.clone()), Some(ONE_ANSWER));
        sends(&mut watch, codec, &run);
        assert_eq!(
            gets(&mut watch, json!({"type": "ok", "stream_id": 44})),
            Some(SIXTEEN_BITS)
        );
        assert_eq!(
            gets(&mut watch, json!({"type": "ok", "stream_id": 45})),
            Some(OWN_ID)
        );
        assert_eq!(gets(&mut watch, error), None);
    }

    #[test]
    fn a_call_that_wants_no_answer_gets_none_under_any_identifier() {
        let (mut watch, codec) = watch();
        sends(&mut watch, codec, &json!({"type": "run", "resource": "x"}));
        assert_eq!(
            gets(&mut watch, json!({"type": "ok", "stream_id": 7})),
            Some(NO_ANSWER)
        );
        assert_eq!(
            gets(&mut watch, json!({"type": "ok", "stream_id": 0})),
            None
        );
    }

    #[test]
    fn a_value_belongs_to_a_stream_of_its_connection() {
        let (mut first, codec) = watch();
        let value = json!({"type": "stream_data", "stream_id": 5, "payload": 1});
        assert_eq!(gets(&mut first, value.clone()), Some(UNOPENED));
        sends(
            &mut first,
            codec,
            &json!({"type": "start_stream", "stream_id": 5, "resource": "x"}),
        );
        assert_eq!(
            gets(&mut first, json!({"type": "ok", "stream_id": 5})),
            None
        );
        let mut second = introduced(codec, Arc::clone(&first.outlived));
        assert_eq!(gets(&mut second, value.clone()), Some(OUTLIVED));
        let run = json!({"type": "run", "stream_id": 5, "resource": "x"});
        sends(&mut second, codec, &run);
        assert_eq!(gets(&mut second, value.clone()), Some(UNOPENED));
        sends(
            &mut first,
            codec,
            &json!({"type": "stop_stream", "stream_id": 5}),
        );
        assert_eq!(gets(&mut first, value.clone()), None, "the Ok has not come");
        assert_eq!(
            gets(&mut first, json!({"type": "ok", "stream_id": 5})),
            None
        );
        assert_eq!(gets(&mut first, value.clone()), Some(STOPPED));
        let mut third = introduced(codec, Arc::clone(&first.outlived));
        assert_eq!(gets(&mut third, value), Some(UNOPENED));
    }

    #[test]
    fn what_is_no_message_ends_the_account() {
        let (mut watch, codec) = watch();
        watch.sent(&[0xff; 16], codec);
        assert_eq!(
            gets(&mut watch, json!({"type": "ok", "stream_id": 7})),
            None
        );
    }

    #[test]
    fn a_stream_that_was_refused_brings_no_values() {
        let (mut watch, codec) = watch();
        let start = json!({"type": "start_stream", "stream_id": 5, "resource": "x"});
        let data = json!({"type": "stream_data", "stream_id": 5, "payload": 1});
        sends(&mut watch, codec, &start);
        gets(&mut watch, json!({"type": "error", "stream_id": 5}));
        assert_eq!(gets(&mut watch, data.clone()), Some(UNOPENED));
        sends(&mut watch, codec, &start);
        gets(&mut watch, json!({"type": "ok", "stream_id": 5}));
        // Another interval may be refused, and the stream goes on.
        sends(&mut watch, codec, &start);
        gets(&mut watch, json!({"type": "error", "stream_id": 5}));
        assert_eq!(gets(&mut watch, data), None);
    }

    #[test]
    fn an_answer_under_the_identifier_of_a_stream_is_that_of_the_call_beside_it() {
        let (mut watch, codec) = watch();
        let ok = |id: u64| json!({"type": "ok", "stream_id": id});
        let start = json!({"type": "start_stream", "stream_id": 5, "resource": "x"});
        sends(&mut watch, codec, &start);
        gets(&mut watch, ok(5));
        sends(
            &mut watch,
            codec,
            &json!({"type": "describe", "stream_id": 6}),
        );
        gets(&mut watch, ok(6));
        let run = json!({"type": "run", "stream_id": 7, "resource": "x"});
        sends(&mut watch, codec, &run);
        assert_eq!(gets(&mut watch, ok(5)), Some(OWN_ID));
    }
}

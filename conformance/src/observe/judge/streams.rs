//! Streams, from Start Stream to what follows Stop Stream.

use std::collections::{BTreeSet, HashMap};

use iotmp_spec::model::Spec;

use super::super::message::{Mark, Passed};
use super::super::rule;
use super::alive::seconds;
use super::exchange::Request;
use super::{Book, SECOND, SLACK, other};
use crate::case::Role;
use crate::family;
use crate::json;
use crate::subject::vocabulary;

/// Streams of a connection that are remembered; a side that opens more is not followed further.
const MOST: usize = 65_536 * 2;

/// How much slower than asked a stream may be over many values: whoever rounds, or counts from
/// the value before, is within it, and one that takes every second value only is not.
const SLOWEST: (u64, u64) = (3, 2);
/// Values before which that is not asked: one of them may be late.
const FEWEST: u64 = 4;

/// How a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Asked,
    Open,
    Stopping,
    Stopped,
    Replaced,
}

#[derive(Debug)]
struct Stream {
    stand: Stand,
    start: Mark,
    /// The Start Stream that was answered by Ok, or the message that ended it.
    last: Mark,
    resource: String,
    /// Microseconds between values; 0 for events only.
    interval: u64,
    /// What the last Start Stream asks for, once it is answered.
    asked: u64,
    /// When the last value came, or the stream began.
    value: u64,
    /// When it began to be as it is now, and the values since then.
    since: (u64, u64),
    charged: bool,
}

impl Stream {
    /// Counts a value; whether those so far came too slowly, each of them in time.
    fn lags(&mut self, at: u64) -> bool {
        let (began, values) = &mut self.since;
        *values += 1;
        let (by, of) = SLOWEST;
        let due = values.saturating_mul(self.interval).saturating_mul(by) / of;
        *values >= FEWEST && at.saturating_sub(*began) > due.saturating_add(SLACK)
    }
}

/// All streams of a connection, by who opened them.
#[derive(Debug)]
pub(super) struct Streams {
    spec: &'static Spec,
    /// Microseconds in the unit of intervals.
    unit: u64,
    all: HashMap<(Role, u64), Stream>,
    /// Streams with an interval, which have to be looked after.
    timed: BTreeSet<(Role, u64)>,
}

impl Streams {
    pub(super) fn new(spec: &'static Spec) -> Self {
        let reading = family::ambiguity(spec, "IOTMP25-AMB-INTERVAL");
        let unit = match reading.map(|known| known.reference.as_str()) {
            Some("milliseconds") => SECOND / 1000,
            _ => SECOND,
        };
        Self {
            spec,
            unit,
            all: HashMap::new(),
            timed: BTreeSet::new(),
        }
    }

    /// Something was not seen: streams may have come and gone.
    pub(super) fn forget(&mut self) {
        self.all.clear();
        self.timed.clear();
    }

    /// Whether `side` has a stream open under that identifier.
    pub(super) fn holds(&self, side: Role, id: u64) -> bool {
        let stream = self.all.get(&(side, id));
        stream.is_some_and(|stream| matches!(stream.stand, Stand::Asked | Stand::Open))
    }

    /// A Start Stream or a Stop Stream passed.
    pub(super) fn asked(&mut self, side: Role, request: &Request, passed: &Passed) {
        let key = (side, request.id);
        match request.name.as_str() {
            "start_stream" => {
                let interval = self.interval(passed);
                let has_room = self.all.len() < MOST;
                let stream = self.all.get_mut(&key);
                match stream.filter(|stream| matches!(stream.stand, Stand::Asked | Stand::Open)) {
                    Some(stream) => stream.asked = interval,
                    None if has_room => {
                        let stream = Stream {
                            stand: Stand::Asked,
                            start: request.mark.clone(),
                            last: request.mark.clone(),
                            resource: request.resource.clone(),
                            interval: 0,
                            asked: interval,
                            value: request.mark.at,
                            since: (request.mark.at, 0),
                            charged: false,
                        };
                        self.all.insert(key, stream);
                    }
                    None => {}
                }
            }
            "stop_stream" => {
                self.timed.remove(&key);
                self.timed.remove(&(other(side), request.id));
                // Either end may close it; the end that opened it is asked first.
                for opener in [side, other(side)] {
                    let stream = self.all.get_mut(&(opener, request.id));
                    if let Some(stream) = stream.filter(|stream| stream.stand == Stand::Open) {
                        stream.stand = Stand::Stopping;
                        stream.last = request.mark.clone();
                        break;
                    }
                }
            }
            _ => {}
        }
    }

    fn interval(&self, passed: &Passed) -> u64 {
        let Ok(received) = &passed.content else {
            return 0;
        };
        let part = vocabulary::part(self.spec, received, "interval");
        let in_place = part.and_then(|part| json::field_meaning(part).ok()?.as_u64());
        let bare = || passed.field("parameters").and_then(|bare| bare.as_u64());
        let number = in_place.or_else(bare).unwrap_or(0);
        number.saturating_mul(self.unit)
    }

    /// A Start Stream was answered.
    pub(super) fn started(
        &mut self,
        book: &mut Book,
        passed: &Passed,
        request: &Request,
        doubts: bool,
    ) {
        let answerer = passed.mark.from;
        let side = other(answerer);
        let key = (side, request.id);
        let ok = passed.name() == "ok";
        let unnamed = request.resource.is_empty() && !doubts;
        let Some(stream) = self.all.get_mut(&key) else {
            return;
        };
        let was_open = stream.stand == Stand::Open;
        if unnamed && !was_open {
            if ok {
                let marks = [&request.mark, &passed.mark];
                let texts = ("Error", passed.mark.phrase());
                book.broken(&rule::STREAM_NAMED, answerer, texts, &marks);
            } else {
                book.kept(&rule::STREAM_NAMED, answerer);
            }
        }
        if !ok {
            if !was_open {
                self.all.remove(&key);
                self.timed.remove(&key);
            }
            return;
        }
        book.kept(&rule::STREAM_STARTED, answerer);
        if matches!(stream.stand, Stand::Asked | Stand::Open) {
            stream.stand = Stand::Open;
            stream.last = passed.mark.clone();
            stream.interval = stream.asked;
            stream.value = passed.mark.at;
            stream.since = (passed.mark.at, 0);
            stream.charged = false;
            if !request.resource.is_empty() {
                stream.resource.clone_from(&request.resource);
            }
            if stream.interval > 0 && side == Role::Server {
                self.timed.insert(key);
            } else {
                self.timed.remove(&key);
            }
        }
        // What a device subscribes to at a server has the same number as resource every time.
        if side == Role::Server && !request.resource.is_empty() {
            for (other, stream) in &mut self.all {
                let same = stream.resource == request.resource && stream.stand == Stand::Open;
                if same && other.0 == side && *other != key {
                    stream.stand = Stand::Replaced;
                    stream.last = passed.mark.clone();
                    self.timed.remove(other);
                }
            }
        }
    }

    /// A Stop Stream was answered.
    pub(super) fn stopped(
        &mut self,
        book: &mut Book,
        passed: &Passed,
        request: &Request,
        doubts: bool,
    ) {
        let answerer = passed.mark.from;
        let ok = passed.name() == "ok";
        let marks = [&request.mark, &passed.mark];
        for opener in [other(answerer), answerer] {
            let Some(stream) = self.all.get_mut(&(opener, request.id)) else {
                continue;
            };
            match stream.stand {
                Stand::Stopping if ok => {
                    stream.stand = Stand::Stopped;
                    stream.last = passed.mark.clone();
                    book.kept(&rule::STREAM_STOPPED, answerer);
                    return;
                }
                Stand::Stopping => {
                    stream.stand = Stand::Open;
                    let texts = ("Ok", passed.mark.phrase());
                    book.broken(&rule::STREAM_STOPPED, answerer, texts, &marks);
                    return;
                }
                // Two requests crossed, or one replaced another: nobody is to blame.
                Stand::Asked | Stand::Open | Stand::Replaced => return,
                Stand::Stopped => {}
            }
        }
        if doubts {
            return;
        }
        if ok {
            let texts = ("Error", passed.mark.phrase());
            book.broken(&rule::STREAM_STOP_UNKNOWN, answerer, texts, &marks);
        } else {
            book.kept(&rule::STREAM_STOP_UNKNOWN, answerer);
        }
    }

    /// A value of a stream passed; `doubts` says that not all of the other side was understood.
    pub(super) fn value(&mut self, book: &mut Book, passed: &Passed, doubts: bool) {
        let (side, mark) = (passed.mark.from, &passed.mark);
        let Some(id) = passed.stream_id() else { return };
        self.kind(book, passed);
        let several = self.all.iter();
        let open = several.filter(|((opener, _), stream)| {
            *opener != side && matches!(stream.stand, Stand::Open | Stand::Stopping)
        });
        let open = open.take(2).count();
        let openers = [other(side), side];
        let keys = openers.map(|opener| (opener, id));
        let live =
            |stream: &Stream| matches!(stream.stand, Stand::Asked | Stand::Open | Stand::Stopping);
        let found = keys.iter().find(|key| self.all.get(key).is_some_and(live));
        let found = found.or_else(|| keys.iter().find(|key| self.all.contains_key(key)));
        let Some(stream) = found.and_then(|key| self.all.get_mut(key)) else {
            if !doubts {
                let texts = ("nothing, as no such stream was opened", mark.phrase());
                book.broken(&rule::STREAM_OPENED, side, texts, &[mark]);
            }
            return;
        };
        let rule = match stream.stand {
            Stand::Asked | Stand::Open | Stand::Stopping => {
                book.kept(&rule::STREAM_OPENED, side);
                if open > 1 {
                    book.kept(&rule::STREAM_SEVERAL, side);
                }
                stream.value = mark.at;
                if core::mem::take(&mut stream.charged) {
                    stream.since = (mark.at, 0);
                } else if stream.interval > 0 && stream.stand == Stand::Open && stream.lags(mark.at)
                {
                    let (began, values) = core::mem::replace(&mut stream.since, (mark.at, 0));
                    let expected = format!("a value every {}", seconds(stream.interval));
                    let late = seconds(mark.at.saturating_sub(began));
                    let texts = (expected, format!("{values} in {late}"));
                    let marks = [&stream.start, &stream.last, mark];
                    book.broken(&rule::STREAM_INTERVAL, side, texts, &marks);
                } else if stream.interval > 0 {
                    book.kept(&rule::STREAM_INTERVAL, side);
                }
                return;
            }
            Stand::Stopped => &rule::STREAM_STOPPED,
            Stand::Replaced => &rule::STREAM_REPLACED,
        };
        let texts = ("nothing, as the stream has ended", mark.phrase());
        let marks = [&stream.start, &stream.last, mark];
        book.broken(rule, side, texts, &marks);
    }

    /// Whether a value says what it is.
    fn kind(&self, book: &mut Book, passed: &Passed) {
        let Some(kinds) = self.spec.enumeration("stream_payload") else {
            return;
        };
        let number = passed.field("parameters").and_then(|value| value.as_u64());
        if kinds.values.iter().any(|kind| Some(kind.value) == number) {
            book.kept(&rule::STREAM_KIND, passed.mark.from);
        } else {
            let names: Vec<String> = kinds
                .values
                .iter()
                .map(|kind| format!("{} ({})", kind.value, kind.name))
                .collect();
            let texts = (names.join(" or "), passed.mark.phrase());
            book.broken(&rule::STREAM_KIND, passed.mark.from, texts, &[&passed.mark]);
        }
    }

    /// What was due by now.
    pub(super) fn tick(&mut self, book: &mut Book, at: u64) {
        for key in &self.timed {
            let Some(stream) = self.all.get_mut(key) else {
                continue;
            };
            let late = at.saturating_sub(stream.value);
            let allowed = stream.interval.saturating_mul(2).saturating_add(SLACK);
            if stream.stand == Stand::Open && late > allowed && !stream.charged {
                stream.charged = true;
                let expected = format!("a value every {}", seconds(stream.interval));
                let texts = (expected, format!("none for {}", seconds(late)));
                let marks = [&stream.start, &stream.last];
                book.broken(&rule::STREAM_INTERVAL, Role::Device, texts, &marks);
            }
        }
    }
}

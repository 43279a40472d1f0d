//! Requests and their answers.

use std::collections::{HashMap, VecDeque};

use super::super::message::{Mark, Passed};
use super::super::rule::{self, Rule};
use super::alive::seconds;
use super::{Book, Judge, index, other};
use crate::case::Role;
use crate::codec::Class;

/// Requests of one side that wait for answers and are remembered.
const MOST_OPEN: usize = 8192;
/// Answers to later requests of the same kind after which an earlier one was left out.
const OVERTAKEN: u32 = 8;

/// A request that waits for its answer.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) mark: Mark,
    pub(super) name: String,
    pub(super) id: u64,
    /// The resource that it names, as JSON; empty for none.
    pub(super) resource: String,
    /// What was wrong with its bytes.
    pub(super) fault: Option<Class>,
    /// Whether the stream identifier had been used, and was free again.
    reuses: bool,
    /// Later requests of the same kind that were answered before it.
    overtaken: u32,
    order: u64,
}

/// All requests of a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    patience: u64,
    /// By the side that asks.
    open: [HashMap<u64, VecDeque<Request>>; 2],
    count: [usize; 2],
    /// The last request under an identifier that was answered.
    past: [HashMap<u64, Request>; 2],
    /// The last Run that wants no answer, and how many there were.
    silent: [Option<(Mark, u64)>; 2],
    order: u64,
    /// Whether requests were too many to remember.
    full: bool,
}

/// What an answer belongs to.
enum Belongs {
    Open(Box<Request>),
    Answered(Box<Request>),
    Silent(Mark),
    Nothing,
}

impl Exchange {
    pub(super) fn new(patience: u64) -> Self {
        Self {
            patience,
            open: Default::default(),
            count: [0; 2],
            past: Default::default(),
            silent: Default::default(),
            order: 0,
            full: false,
        }
    }

    /// Something was not seen: it may have been any answer.
    pub(super) fn forget(&mut self) {
        self.open = Default::default();
        self.count = [0; 2];
        self.past = Default::default();
        self.silent = Default::default();
    }

    fn is_open(&self, side: Role, id: u64) -> bool {
        let open = self.open.get(index(side));
        open.and_then(|open| open.get(&id))
            .is_some_and(|requests| !requests.is_empty())
    }

    fn add(&mut self, side: Role, mut request: Request) {
        let (Some(open), Some(count), Some(past)) = (
            self.open.get_mut(index(side)),
            self.count.get_mut(index(side)),
            self.past.get(index(side)),
        ) else {
            return;
        };
        if *count >= MOST_OPEN {
            self.full = true;
            return;
        }
        self.order += 1;
        request.order = self.order;
        request.reuses = past.contains_key(&request.id);
        *count += 1;
        open.entry(request.id).or_default().push_back(request);
    }

    /// Finds what an answer to `side` belongs to, and takes it from the open ones.
    fn take(&mut self, side: Role, id: u64) -> Belongs {
        let (Some(open), Some(count), Some(past)) = (
            self.open.get_mut(index(side)),
            self.count.get_mut(index(side)),
            self.past.get_mut(index(side)),
        ) else {
            return Belongs::Nothing;
        };
        if let Some(request) = open.get_mut(&id).and_then(VecDeque::pop_front) {
            if open.get(&id).is_some_and(VecDeque::is_empty) {
                open.remove(&id);
            }
            *count = count.saturating_sub(1);
            let same = |other: &&mut Request| {
                other.name == request.name
                    && other.resource == request.resource
                    && other.order < request.order
            };
            let others = open.values_mut().flatten().filter(same);
            others.for_each(|other| other.overtaken += 1);
            past.insert(id, request.clone());
            return Belongs::Open(Box::new(request));
        }
        match (self.silent.get(index(side)), past.get(&id)) {
            (_, Some(request)) => Belongs::Answered(Box::new(request.clone())),
            (Some(Some((mark, _))), None) => Belongs::Silent(mark.clone()),
            _ => Belongs::Nothing,
        }
    }

    /// Judges what is still open at the end.
    pub(super) fn finish(&mut self, book: &mut Book, end: u64, doubt: [bool; 2]) {
        if self.full {
            book.note(format_args!(
                "more than {MOST_OPEN} requests were open at once; those beyond are not judged"
            ));
        }
        for side in Role::ALL {
            let answerer = other(side);
            let trusted = !doubt.get(index(answerer)).copied().unwrap_or(true) && !self.full;
            let open = self.open.get_mut(index(side)).map(core::mem::take);
            let open = open.unwrap_or_default().into_values().flatten();
            let mut open: Vec<Request> = open.filter(|request| request.fault.is_none()).collect();
            open.sort_unstable_by_key(|request| request.order);
            for request in open.iter().filter(|_| trusted) {
                let waited = end.saturating_sub(request.mark.at);
                let rule = answer_rule(&request.name);
                let got = format!("none in {}", seconds(waited));
                if request.overtaken >= OVERTAKEN {
                    let got = format!(
                        "{got}, and {} later ones like it were answered",
                        request.overtaken
                    );
                    book.broken(rule, answerer, ("one answer", got), &[&request.mark]);
                } else if waited > self.patience {
                    book.broken(rule, answerer, ("one answer", got), &[&request.mark]);
                } else {
                    let why = format!(
                        "a request was open for {} when the connection ended",
                        seconds(waited)
                    );
                    book.unclear(rule, answerer, why);
                }
            }
            if let Some(Some((_, count))) = self.silent.get(index(side)).filter(|_| trusted) {
                for _ in 0..*count {
                    book.kept(&rule::RUN_SILENT, answerer);
                }
            }
        }
    }
}

/// The rule that says that a request of that name is answered.
fn answer_rule(name: &str) -> &'static Rule {
    match name {
        "run" => &rule::RUN_ANSWER,
        "connect" => &rule::CONNECT_ACCEPTED,
        "describe" => &rule::DESCRIBE_ALL,
        "start_stream" => &rule::STREAM_STARTED,
        "stop_stream" => &rule::STREAM_STOPPED,
        _ => &rule::ID_OF_REQUEST,
    }
}

impl Judge {
    /// A message that asks for an answer, or may.
    pub(super) fn request(&mut self, passed: &Passed) {
        let side = passed.mark.from;
        let name = passed.name();
        let answers = self.book.spec.message(name);
        if answers.is_none_or(|message| message.answers.is_empty()) {
            // Nobody knows what is answered to a message that nobody knows.
            self.doubt(side);
            return;
        }
        let Some(id) = passed.stream_id() else {
            match (passed.fault(), self.exchange.silent.get_mut(index(side))) {
                (None, Some(silent)) => {
                    let count = silent.as_ref().map_or(0, |(_, count)| *count);
                    *silent = Some((passed.mark.clone(), count + 1));
                }
                _ => self.doubt(side),
            }
            return;
        };
        let names_stream = name == "start_stream" || name == "stop_stream";
        let in_use = self.exchange.is_open(side, id) || self.streams.holds(side, id);
        if in_use && !names_stream && !self.doubts(side) {
            let expected = format!("a stream identifier other than {id}, which is in use");
            let texts = (expected, passed.mark.phrase());
            self.book
                .broken(&rule::ID_FREE, side, texts, &[&passed.mark]);
        }
        let resource = passed.json("resource").map(ToString::to_string);
        let request = Request {
            mark: passed.mark.clone(),
            name: name.to_owned(),
            id,
            resource: resource.unwrap_or_default(),
            fault: passed.fault(),
            reuses: false,
            overtaken: 0,
            order: 0,
        };
        if passed.fault().is_none() {
            self.streams.asked(side, &request, passed);
        }
        self.exchange.add(side, request);
    }

    /// An Ok or an Error.
    pub(super) fn answer(&mut self, passed: &Passed) {
        let answerer = passed.mark.from;
        let side = other(answerer);
        let Some(id) = passed.stream_id() else {
            // Which request it was meant for is anyone's guess.
            self.doubt(answerer);
            return;
        };
        let doubts = self.doubts(side);
        match self.exchange.take(side, id) {
            Belongs::Open(request) => self.answered(passed, &request),
            _ if self.leaving.acknowledged(answerer, id) => {}
            Belongs::Answered(_) | Belongs::Silent(_) | Belongs::Nothing if doubts => {}
            Belongs::Answered(request) => {
                let rule = match request.name.as_str() {
                    "run" => &rule::RUN_ANSWER,
                    _ => &rule::ID_OF_REQUEST,
                };
                let texts = ("one answer", format!("another: {}", passed.mark.phrase()));
                let marks = [&request.mark, &passed.mark];
                self.book.broken(rule, answerer, texts, &marks);
            }
            // One reading of the shipping profile: such a Run is answered under 0.
            Belongs::Silent(_) if id == 0 && self.leaves_silence_open() => {
                let (ambiguity, reading) = (RUN_WITHOUT_ID, "zero");
                self.book
                    .reading(&rule::RUN_SILENT, answerer, ambiguity, reading);
                self.exchange.silent = Default::default();
            }
            Belongs::Silent(run) => {
                let texts = ("no answer", passed.mark.phrase());
                let marks = [&run, &passed.mark];
                self.book.broken(&rule::RUN_SILENT, answerer, texts, &marks);
                self.exchange.silent = Default::default();
            }
            Belongs::Nothing => {
                let texts = (
                    "the stream identifier of an open request",
                    passed.mark.phrase(),
                );
                self.book
                    .broken(&rule::ID_OF_REQUEST, answerer, texts, &[&passed.mark]);
                // What it was meant for stays open through no fault of that request.
                self.doubt(answerer);
            }
        }
    }

    fn leaves_silence_open(&self) -> bool {
        crate::family::ambiguity(self.book.spec, RUN_WITHOUT_ID).is_some()
    }

    /// An answer that belongs to a request.
    fn answered(&mut self, passed: &Passed, request: &Request) {
        let answerer = passed.mark.from;
        let side = other(answerer);
        self.book.kept(&rule::ID_OF_REQUEST, answerer);
        let others = self.exchange.count.get(index(side));
        if others.is_some_and(|others| *others > 0) {
            self.book.kept(&rule::ID_INTERLEAVED, answerer);
        }
        if request.reuses && request.fault.is_none() {
            self.book.kept(&rule::ID_FREE, side);
            // That it is free is a promise of the end that answered.
            self.book.kept(&rule::ID_FREE, answerer);
        }
        if request.name == "connect" {
            self.connect_answered(passed);
            return;
        }
        if request.fault.is_some() {
            let is_bare = request.name == "run" && request.fault == Some(Class::MissingField);
            if is_bare && passed.name() == "ok" {
                let marks = [&request.mark, &passed.mark];
                let texts = ("Error", passed.mark.phrase());
                self.book
                    .broken(&rule::RUN_RESOURCE, answerer, texts, &marks);
            } else if is_bare {
                self.book.kept(&rule::RUN_RESOURCE, answerer);
            }
            return;
        }
        match request.name.as_str() {
            "run" => self.book.kept(&rule::RUN_ANSWER, answerer),
            "describe" => self.described(passed, request),
            "start_stream" => {
                let doubts = self.doubts(side);
                self.streams
                    .started(&mut self.book, passed, request, doubts);
            }
            "stop_stream" => {
                let doubts = self.doubts(side) || self.doubts(answerer);
                self.streams
                    .stopped(&mut self.book, passed, request, doubts);
            }
            _ => {}
        }
    }
}

const RUN_WITHOUT_ID: &str = "IOTMPS-AMB-RUN-WITHOUT-ID";

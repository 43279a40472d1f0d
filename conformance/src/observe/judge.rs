//! One connection, as it passes.

mod alive;
mod connect;
mod describe;
mod exchange;
mod leaving;
mod streams;
pub(super) mod values;

use iotmp_spec::model::{Spec, State};

use self::alive::Alive;
use self::connect::Hello;
use self::exchange::Exchange;
use self::leaving::Leaving;
use self::streams::Streams;
use super::flow::{Flow, Item};
use super::message::{Mark, Passed};
use super::rule::{self, Rule};
use super::score::Findings;
use super::websocket::Tunnel;
use crate::case::Role;
use crate::codec::Codec;
use crate::subject::{Line, Side, vocabulary};
use crate::verdict::Failure;

/// Time that the network and the observer may add to any other, in microseconds.
const SLACK: u64 = 1_000_000;
/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// How a side ended what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Orderly.
    Closed,
    /// By a reset.
    Reset,
}

/// Follows one connection, and judges both of its sides.
///
/// Tell it what came, in the order in which it came, with [`bytes`](Self::bytes),
/// [`missed`](Self::missed) and [`closed`](Self::closed); [`finish`](Self::finish)
/// it when nothing more comes. It has no clock: times are those that it is told,
/// in microseconds since the observation began, and never go back.
#[derive(Debug)]
pub struct Judge {
    book: Book,
    codec: Codec<'static>,
    tunnel: Tunnel,
    flows: [Flow; 2],
    /// State of the session; none where it is not known.
    state: Option<&'static State>,
    /// Something of this side was not seen or not understood.
    doubt: [bool; 2],
    /// When this side ended.
    ended: [Option<u64>; 2],
    hello: Option<Hello>,
    exchange: Exchange,
    streams: Streams,
    alive: Alive,
    leaving: Leaving,
}

/// Where a side stands in pairs.
pub(super) const fn index(side: Role) -> usize {
    match side {
        Role::Device => 0,
        Role::Server => 1,
    }
}

const fn other(side: Role) -> Role {
    match side {
        Role::Device => Role::Server,
        Role::Server => Role::Device,
    }
}

/// What was found so far.
#[derive(Debug)]
struct Book {
    spec: &'static Spec,
    connection: u64,
    findings: Findings,
}

impl Book {
    fn kept(&mut self, rule: &Rule, side: Role) {
        if rule.fits(self.spec) && rule.sides.contains(&side) {
            self.findings.score(rule, side).kept += 1;
        }
    }

    /// Charges `side`; the marks are the messages that prove it, the guilty one last.
    fn broken(
        &mut self,
        rule: &Rule,
        side: Role,
        (expected, got): (impl Into<String>, impl Into<String>),
        marks: &[&Mark],
    ) {
        let connection = self.connection;
        let lines = marks.iter().map(|mark| mark.line(connection, side));
        let detail = match marks.last() {
            Some(mark) => format!("{} of the {}", mark.place(), mark.from),
            None => String::new(),
        };
        self.charge(rule, side, (expected.into(), got.into()), detail, lines);
    }

    fn charge(
        &mut self,
        rule: &Rule,
        side: Role,
        (expected, got): (String, String),
        detail: String,
        lines: impl Iterator<Item = Line>,
    ) {
        if !rule.fits(self.spec) || !rule.sides.contains(&side) {
            return;
        }
        let clause = rule.clause(self.spec).map(|clause| clause.id.clone());
        let detail = match detail.as_str() {
            "" => format!("connection {}", self.connection),
            _ => format!("{detail}, connection {}", self.connection),
        };
        let score = self.findings.score(rule, side);
        score.broken += 1;
        score.first.get_or_insert_with(|| {
            let failure = Failure {
                clause,
                kept: Vec::new(),
                expected,
                got,
                detail,
            };
            (failure, lines.collect())
        });
    }

    fn unclear(&mut self, rule: &Rule, side: Role, why: impl Into<String>) {
        if rule.fits(self.spec) && rule.sides.contains(&side) {
            let unclear = &mut self.findings.score(rule, side).unclear;
            unclear.get_or_insert_with(|| (0, why.into())).0 += 1;
        }
    }

    fn reading(&mut self, rule: &Rule, side: Role, ambiguity: &str, reading: &str) {
        let Some(known) = crate::family::ambiguity(self.spec, ambiguity) else {
            return;
        };
        let found = (known.id.clone(), reading.to_owned());
        self.findings.score(rule, side).reading.get_or_insert(found);
    }

    fn note(&mut self, note: impl core::fmt::Display) {
        let note = format!("connection {}: {note}", self.connection);
        self.findings.notes.push(note);
    }
}

impl Judge {
    /// A judge of the `connection`th connection, which is about to begin.
    ///
    /// `patience` is how long an answer may take, in microseconds.
    #[must_use]
    pub fn new(spec: &'static Spec, connection: u64, patience: u64) -> Self {
        Self {
            book: Book {
                spec,
                connection,
                findings: Findings::default(),
            },
            codec: Codec::new(spec),
            tunnel: Tunnel::new(),
            flows: [Flow::new(Role::Device), Flow::new(Role::Server)],
            state: spec.states.iter().find(|state| state.initial),
            doubt: [false; 2],
            ended: [None; 2],
            hello: None,
            exchange: Exchange::new(patience),
            streams: Streams::new(spec),
            alive: Alive::new(spec),
            leaving: Leaving::default(),
        }
    }

    /// The connection had begun before anything of it was seen.
    pub fn joined_late(&mut self) {
        self.book
            .note("its beginning was not seen; it is judged as far as that allows");
        self.state = None;
        self.tunnel = Tunnel::Plain;
        for flow in &mut self.flows {
            flow.gap(0);
        }
        self.doubt = [true; 2];
    }

    /// A side sent `bytes`, as messages or as a WebSocket that carries them.
    pub fn bytes(&mut self, from: Role, at: u64, bytes: &[u8]) {
        if self.tunnel.is_plain() {
            return self.messages(from, at, bytes);
        }
        let opened = self.tunnel.open(from, bytes);
        for (from, bytes) in opened.bytes {
            self.messages(from, at, &bytes);
        }
        if let Some(why) = opened.lost {
            self.doubt = [true; 2];
            self.book.note(format_args!(
                "what the {from} sends by WebSocket cannot be read from here on: {why}"
            ));
        }
    }

    fn messages(&mut self, from: Role, at: u64, bytes: &[u8]) {
        let codec = self.codec;
        self.flow(from).push(codec, bytes);
        // A Connect may change how what follows it is read.
        while let Some(item) = self.next(from, at) {
            match item {
                Item::Message(passed) => self.message(&passed),
                Item::Broken { offset, why, bytes } => {
                    self.broke_off(from, at, offset, &why, &bytes)
                }
                Item::Lost => self.book.note(format_args!(
                    "what was taken for the start of a message of the {from} was none"
                )),
            }
        }
    }

    const fn flow(&mut self, from: Role) -> &mut Flow {
        let [device, server] = &mut self.flows;
        match from {
            Role::Device => device,
            Role::Server => server,
        }
    }

    fn next(&mut self, from: Role, at: u64) -> Option<Item> {
        let codec = self.codec;
        self.flow(from).next(codec, at)
    }

    /// Bytes of a side were not seen: `count` of them.
    pub fn missed(&mut self, from: Role, at: u64, count: u64) {
        self.tick(at);
        if let Some((device, held)) = self.tunnel.missed(from) {
            self.messages(device, at, &held);
        }
        self.flow(from).gap(count);
        self.doubt = [true; 2];
        self.state = None;
        self.alive.forget();
        self.exchange.forget();
        self.streams.forget();
        self.book.note(format_args!(
            "{count} bytes of the {from} were not seen; what depends on them is not judged"
        ));
    }

    /// A side ended what it sends.
    pub fn closed(&mut self, from: Role, at: u64, end: End) {
        self.tick(at);
        if let Some((device, held)) = self.tunnel.settle() {
            self.messages(device, at, &held);
        }
        let side = index(from);
        let (first, [device, server]) = (self.ended == [None; 2], &self.flows);
        let flow = match from {
            Role::Device => device,
            Role::Server => server,
        };
        if let Some(ended) = self.ended.get_mut(side) {
            ended.get_or_insert(at);
        }
        let unfinished = flow.unfinished();
        if unfinished > 0 && flow.is_trusted() && end == End::Closed {
            let (offset, rest) = flow.rest();
            let rest = rest.get(..rest.len().min(512)).unwrap_or(rest);
            let codec = self.codec;
            let number = flow.messages() + 1;
            let passed = Passed::read(codec, from, (at, number, offset), rest.to_vec());
            let got = format!("the end of the connection after {unfinished} bytes of one");
            self.book.broken(
                &rule::MESSAGE,
                from,
                ("a whole message", got),
                &[&passed.mark],
            );
        }
        if first {
            self.end_of_session(from, at, end);
        }
    }

    /// Nothing more comes; what is still open is judged by how long it was, up to `at`.
    #[must_use]
    pub fn finish(mut self, at: u64) -> Findings {
        self.tick(at);
        let end = self.ended.iter().flatten().min().copied().unwrap_or(at);
        let end = self.leaving.at().map_or(end, |left| left.min(end));
        self.exchange.finish(&mut self.book, end, self.doubt);
        self.streams.tick(&mut self.book, end);
        if self.ended == [None; 2] {
            self.book
                .note("it was still open when the observation ended");
        }
        for (side, flow) in [Role::Device, Role::Server].into_iter().zip(&self.flows) {
            if flow.passed_over() > 0 {
                let count = flow.passed_over();
                self.book.note(format_args!(
                    "{count} bytes of the {side} were passed over, in search of the start of a message"
                ));
            }
        }
        let [device, server] = &self.flows;
        self.book.findings.messages = [device.messages(), server.messages()];
        self.book.findings
    }

    /// Whether something of `side` was not seen or not understood.
    fn doubts(&self, side: Role) -> bool {
        self.doubt.get(index(side)).copied().unwrap_or(true)
    }

    fn doubt(&mut self, side: Role) {
        if let Some(doubt) = self.doubt.get_mut(index(side)) {
            *doubt = true;
        }
    }

    /// What time alone shows, up to `at`.
    fn tick(&mut self, at: u64) {
        if self.leaving.at().is_none() && self.ended == [None; 2] {
            self.alive.tick(&mut self.book, at);
            self.streams.tick(&mut self.book, at);
        }
    }

    /// The bytes of a side are no messages from here on.
    fn broke_off(&mut self, from: Role, at: u64, offset: u64, why: &str, bytes: &[u8]) {
        self.doubt(from);
        let shown = bytes.get(..bytes.len().min(64)).unwrap_or(bytes);
        let number = self.flows.get(index(from)).map_or(0, Flow::messages) + 1;
        let side = Side::Subject;
        let note = format!("{from} message {number} at offset {offset}: {why}");
        let line = Line::observed(at, self.book.connection, side, shown, note, self.codec);
        let detail = format!("message {number} at offset {offset} of the {from}");
        let texts = ("the header of a message".to_owned(), why.to_owned());
        let rule = if why.ends_with("bits") {
            &rule::VARINT
        } else {
            &rule::MESSAGE
        };
        self.book
            .charge(rule, from, texts, detail, core::iter::once(line));
        if self.is_connecting() && from == Role::Device {
            self.leaving.expect_refusal();
        }
    }

    fn message(&mut self, passed: &Passed) {
        let side = passed.mark.from;
        self.tick(passed.mark.at);
        let trusted = self.flows.get(index(side)).is_some_and(Flow::is_trusted);
        if trusted {
            let encoding = self.codec.encoding_in_force();
            let shown = values::look(self.book.spec, encoding, passed);
            for rule in shown.kept {
                self.book.kept(rule, side);
            }
            for broken in shown.broken {
                let texts = (broken.expected, broken.got);
                self.book.broken(broken.rule, side, texts, &[&passed.mark]);
            }
        }
        if passed.fault().is_some() {
            self.doubt(side);
        }
        let name = passed.name().to_owned();
        if !self.admit(passed, &name) {
            return;
        }
        match name.as_str() {
            "connect" => self.connect(passed),
            "ok" | "error" => self.answer(passed),
            "keep_alive" => {
                if trusted {
                    self.alive.passed(&mut self.book, passed);
                }
            }
            "disconnect" => self.leaving.announced(&passed.mark, passed.stream_id()),
            name if vocabulary::is_value(name) => {
                let doubts = self.doubts(other(side));
                self.streams.value(&mut self.book, passed, doubts);
            }
            _ => self.request(passed),
        }
    }

    /// Whether the session is at its beginning.
    fn is_connecting(&self) -> bool {
        self.state.is_some_and(|state| state.initial)
    }
}

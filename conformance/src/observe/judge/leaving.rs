//! How a session ends.

use iotmp_spec::model::State;

use super::super::message::{Mark, Passed};
use super::super::rule;
use super::{End, Judge, SLACK, index, other};
use crate::case::Role;

/// Microseconds after a Disconnect in which what was on its way may still arrive.
const ON_ITS_WAY: u64 = 10_000_000;

/// What is known of the end.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// The first Disconnect, and the stream identifier that it wants acknowledged.
    first: Option<(Mark, Option<u64>)>,
    /// Whether the other side sent one as well.
    both: bool,
    /// The server has to let the device go: it did not begin with Connect.
    refusal: bool,
    /// A server that was to let the device go did otherwise.
    kept_on: bool,
}

impl Leaving {
    /// When a Disconnect passed.
    pub(super) fn at(&self) -> Option<u64> {
        self.first.as_ref().map(|(mark, _)| mark.at)
    }

    /// A Disconnect passed.
    pub(super) fn announced(&mut self, mark: &Mark, id: Option<u64>) {
        match &self.first {
            None => self.first = Some((mark.clone(), id)),
            Some((first, _)) if first.from != mark.from => self.both = true,
            Some(_) => {}
        }
    }

    /// Whether `side` acknowledges the Disconnect of the other by that identifier.
    pub(super) fn acknowledged(&self, side: Role, id: u64) -> bool {
        let first = self.first.as_ref();
        first.is_some_and(|(mark, wanted)| mark.from != side && (*wanted == Some(id) || self.both))
    }

    /// The device did not begin with Connect.
    pub(super) fn expect_refusal(&mut self) {
        self.refusal = true;
    }
}

impl Judge {
    /// Whether a message has a place in the session; what has none is charged.
    pub(super) fn admit(&mut self, passed: &Passed, name: &str) -> bool {
        let side = passed.mark.from;
        if let Some((first, _)) = &self.leaving.first {
            let first = first.clone();
            if first.from == side && !self.leaving.both {
                let texts = ("nothing after Disconnect", passed.mark.phrase());
                let marks = [&first, &passed.mark];
                self.book
                    .broken(&rule::DISCONNECT_LAST, side, texts, &marks);
                return false;
            }
            let late = passed.mark.at.saturating_sub(first.at) > ON_ITS_WAY + SLACK;
            if late && name != "ok" {
                let texts = ("the end of the connection", passed.mark.phrase());
                let marks = [&first, &passed.mark];
                self.book
                    .broken(&rule::DISCONNECT_LAST, side, texts, &marks);
            }
            return true;
        }
        let Some(state) = self.state else {
            self.admit_unplaced(passed, name);
            return true;
        };
        if state.initial {
            return self.admit_first(state, passed, name);
        }
        let allowed = allowed(state, side).iter().any(|known| known == name);
        let is_answer = name == "ok" || name == "error";
        if !allowed {
            let texts = (
                expected(state, side, self.codec.spec()),
                passed.mark.phrase(),
            );
            let waits = state.server_sends.iter().any(|name| name == "error")
                && !state.server_sends.iter().any(|name| name == "run");
            let rule = match side {
                Role::Device if waits && is_answer => &rule::CONNECT_WAIT,
                Role::Device if state.next.is_empty() => &rule::CONNECT_REFUSED,
                _ => &rule::STATE,
            };
            self.book.broken(rule, side, texts, &[&passed.mark]);
            // What it was meant to do, nobody has to guess.
            self.doubt(side);
            return false;
        }
        self.book.kept(&rule::STATE, side);
        if is_answer && side == Role::Device {
            self.book.kept(&rule::CONNECT_WAIT, side);
        }
        let meant = self.hello.as_ref().and_then(|hello| hello.id());
        let waits = state.next.iter().any(|(event, _)| event == "ok");
        if waits && is_answer && meant.is_some() && passed.stream_id() != meant {
            // Whether the device takes it for one all the same cannot be known.
            self.state = None;
            self.doubt(side);
        } else {
            self.go_on(state, name);
        }
        true
    }

    /// A message of a session whose state is not known; only its direction can be judged.
    fn admit_unplaced(&mut self, passed: &Passed, name: &str) {
        let side = passed.mark.from;
        let mut states = self.book.spec.states.iter();
        let trusted = self
            .flows
            .get(index(side))
            .is_some_and(super::Flow::is_trusted);
        let ever = states.any(|state| allowed(state, side).iter().any(|known| known == name));
        if trusted && !ever {
            let texts = ("a message that its side may send", passed.mark.phrase());
            self.book.broken(&rule::STATE, side, texts, &[&passed.mark]);
        }
    }

    /// A message before the session began.
    fn admit_first(&mut self, state: &'static State, passed: &Passed, name: &str) -> bool {
        let side = passed.mark.from;
        let is_allowed = allowed(state, side).iter().any(|known| known == name);
        match side {
            Role::Device if self.leaving.refusal => false,
            Role::Device if is_allowed => {
                self.book.kept(&rule::CONNECT_FIRST, side);
                self.book.kept(&rule::STATE, side);
                self.go_on(state, name);
                true
            }
            Role::Device => {
                let texts = (
                    expected(state, side, self.codec.spec()),
                    passed.mark.phrase(),
                );
                self.book
                    .broken(&rule::CONNECT_FIRST, side, texts, &[&passed.mark]);
                self.leaving.expect_refusal();
                false
            }
            Role::Server if self.leaving.refusal => {
                if !["error", "disconnect"].contains(&name) && !self.leaving.kept_on {
                    self.leaving.kept_on = true;
                    let texts = ("the end of the connection", passed.mark.phrase());
                    let marks = [&passed.mark];
                    self.book
                        .broken(&rule::CONNECT_OTHER_FIRST, side, texts, &marks);
                }
                false
            }
            Role::Server => {
                let texts = (
                    expected(state, side, self.codec.spec()),
                    passed.mark.phrase(),
                );
                self.book.broken(&rule::STATE, side, texts, &[&passed.mark]);
                self.doubt(side);
                true
            }
        }
    }

    fn go_on(&mut self, state: &'static State, name: &str) {
        let mut next = state.next.iter();
        if let Some((_, to)) = next.find(|(event, _)| event == name) {
            let mut states = self.book.spec.states.iter();
            self.state = states.find(|state| state.name == *to);
        }
    }

    /// The first side ended the connection.
    pub(super) fn end_of_session(&mut self, from: Role, at: u64, end: End) {
        if self.leaving.refusal && from == Role::Server && !self.leaving.kept_on {
            self.book.kept(&rule::CONNECT_OTHER_FIRST, from);
        }
        if self.state.is_some_and(|state| state.next.is_empty())
            && self.leaving.first.is_none()
            && from == Role::Device
        {
            self.book.kept(&rule::CONNECT_REFUSED, from);
        }
        if let Some((first, _)) = &self.leaving.first {
            let side = first.from;
            self.book.kept(&rule::DISCONNECT_LAST, side);
            if from == other(side) {
                self.book.kept(&rule::DISCONNECT_LAST, from);
            }
        }
        if end == End::Closed {
            self.alive.left(&mut self.book, from, at);
        }
    }
}

fn allowed(state: &State, side: Role) -> &[String] {
    match side {
        Role::Device => &state.device_sends,
        Role::Server => &state.server_sends,
    }
}

fn expected(state: &State, side: Role, spec: &iotmp_spec::model::Spec) -> String {
    let names = match allowed(state, side) {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    format!("{names} (state {} of {})", state.name, spec.name)
}

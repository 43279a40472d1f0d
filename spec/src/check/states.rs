//! The states of a connection and what leads from one to another.

use std::collections::BTreeSet;

use super::names;
use super::scope::{Scope, each, refer};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Direction, Message, State};
use crate::raw::{self, Item, items};
use crate::source::{Node, Span};

/// Events that are not messages; they need no sender.
const EVENTS: [&str; 2] = ["close", "timeout"];

pub(super) fn states(scope: &Scope<'_>, messages: &[Message], report: &mut Report) -> Vec<State> {
    let all = items::<raw::State>(scope.root, "states", "state", "", report);
    let mut states = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a state", report);
        let next = next(item, scope, report);
        let Some(raw) = &item.raw else { continue };
        let mut sends = |key: &str, words: &Option<Vec<String>>, other: Direction| {
            let words = words.as_deref().unwrap_or_default();
            let check = |word: &str, at: Span, report: &mut Report| {
                sent(word, at, scope, messages, other, report)
            };
            each(item, key, words, check, report)
        };
        let state = State {
            name: item.name.to_owned(),
            initial: raw.initial.unwrap_or(false),
            device_sends: sends("device_sends", &raw.device_sends, Direction::ToDevice),
            server_sends: sends("server_sends", &raw.server_sends, Direction::ToServer),
            next,
            doc: raw.doc.clone().unwrap_or_default(),
        };
        unsent(item, &state, scope, report);
        states.push(state);
    }
    // A state that could not be read may be the initial one, or lead to any other.
    if states.len() == all.len() && !all.is_empty() {
        let at = scope.place("states");
        if let Some(first) = initial(&all, &states, at, report) {
            reachable(&all, &states, first, report);
        }
    }
    states
}

/// Checks a message that one end sends; `other` is the direction that it cannot have.
fn sent(
    word: &str,
    at: Span,
    scope: &Scope<'_>,
    messages: &[Message],
    other: Direction,
    report: &mut Report,
) -> Option<String> {
    let known = refer(
        word,
        at,
        &scope.messages,
        "unknown-message",
        "message",
        report,
    );
    let message = messages.iter().find(|message| message.name == word);
    if message.is_some_and(|message| message.direction == other) {
        let end = match other {
            Direction::ToDevice => "device",
            Direction::ToServer | Direction::Both => "server",
        };
        report.push(
            Mistake::new(
                "wrong-direction",
                at,
                format!("the {end} cannot send `{word}`"),
            )
            .also(scope.direction(word), "its direction")
            .help("remove it here, or write `direction: both` there"),
        );
    }
    known.then(|| word.to_owned())
}

fn next(
    state: &Item<'_, raw::State>,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Vec<(String, String)> {
    let events = [&scope.messages[..], &EVENTS].concat();
    items::<String>(state.node, "next", "event", &state.title, report)
        .into_iter()
        .filter_map(|item| {
            refer(
                item.name,
                item.span,
                &events,
                "unknown-event",
                "message or event",
                report,
            );
            let target = item.raw?;
            let at = item.node.span;
            refer(&target, at, &scope.states, "unknown-state", "state", report);
            Some((item.name.to_owned(), target))
        })
        .collect()
}

/// Reports messages that lead out of a state although nobody sends them in it.
fn unsent(item: &Item<'_, raw::State>, state: &State, scope: &Scope<'_>, report: &mut Report) {
    let next = item.node.get("next").map_or(&[][..], Node::entries);
    for entry in next {
        let sent = state.device_sends.iter().chain(&state.server_sends);
        if scope.messages.contains(&entry.name.as_str())
            && !sent.into_iter().any(|m| *m == entry.name)
        {
            let message = format!(
                "`{}` leads out of {}, where nobody sends it",
                entry.name, item.title
            );
            report.push(
                Mistake::new("unsent-event", entry.span, message)
                    .help("add it to `device_sends` or `server_sends`, or remove it here"),
            );
        }
    }
}

/// The index of the one state in which a connection begins.
fn initial(
    all: &[Item<'_, raw::State>],
    states: &[State],
    at: Span,
    report: &mut Report,
) -> Option<usize> {
    let mut found = (0..states.len()).filter(|index| states.get(*index).is_some_and(|s| s.initial));
    let Some(first) = found.next() else {
        report.push(
            Mistake::new("no-initial-state", at, "no state is the initial one")
                .help("add `initial: true` to the state in which a connection begins"),
        );
        return None;
    };
    for second in found {
        if let (Some(first), Some(second)) = (all.get(first), all.get(second)) {
            report.push(
                Mistake::new(
                    "two-initial-states",
                    second.at("initial"),
                    format!(
                        "states `{}` and `{}` are both initial",
                        first.name, second.name
                    ),
                )
                .label("second")
                .also(first.at("initial"), "first")
                .help("remove `initial` from one of them"),
            );
        }
    }
    Some(first)
}

/// Reports every state to which no chain of events leads.
fn reachable(all: &[Item<'_, raw::State>], states: &[State], first: usize, report: &mut Report) {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = states.get(first).into_iter().collect();
    while let Some(state) = open.pop() {
        if reached.insert(state.name.as_str()) {
            let targets = state.next.iter().map(|(_, target)| target);
            open.extend(targets.filter_map(|target| states.iter().find(|s| s.name == *target)));
        }
    }
    for item in all.iter().filter(|item| !reached.contains(item.name)) {
        report.push(
            Mistake::new(
                "unreachable-state",
                item.span,
                format!("nothing leads to {}", item.title),
            )
            .help("add it to the `next` of another state, mark it as `initial`, or remove it"),
        );
    }
}

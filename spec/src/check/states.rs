//! The states of a connection and what leads from one to another.

use std::collections::BTreeSet;

use super::names;
use super::scope::{Scope, each, refer};
use crate::diagnostic::{Mistake, Report};
use crate::model::State;
use crate::raw::{self, Item, items};
use crate::source::Span;

/// Events that are not messages.
const EVENTS: [&str; 2] = ["close", "timeout"];

pub(super) fn states(scope: &Scope<'_>, report: &mut Report) -> Vec<State> {
    let all = items::<raw::State>(scope.root, "states", "state", "", report);
    let mut states = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a state", report);
        let next = next(item, scope, report);
        let Some(raw) = &item.raw else { continue };
        let mut sends = |key: &str, words: &Option<Vec<String>>| {
            each(
                item,
                key,
                words.as_deref().unwrap_or_default(),
                |word, at, report| {
                    refer(
                        word,
                        at,
                        &scope.messages,
                        "unknown-message",
                        "message",
                        report,
                    )
                    .then(|| word.to_owned())
                },
                report,
            )
        };
        states.push(State {
            name: item.name.to_owned(),
            initial: raw.initial.unwrap_or(false),
            device_sends: sends("device_sends", &raw.device_sends),
            server_sends: sends("server_sends", &raw.server_sends),
            next,
            doc: raw.doc.clone().unwrap_or_default(),
        });
    }
    // A state that could not be read may be the initial one, or lead to any other.
    if states.len() == all.len() && !all.is_empty() {
        let at = scope
            .root
            .entry("states")
            .map_or(scope.root.span, |entry| entry.span);
        if let Some(first) = initial(&all, &states, at, report) {
            reachable(&all, &states, first, report);
        }
    }
    states
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

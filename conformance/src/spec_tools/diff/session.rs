//! The states of a connection.

use iotmp_spec::model::State;

use super::Comparison;
use super::pairing::{self, Pair, now};
use super::rules::{
    INITIAL_STATE, STATE_ADDED, STATE_REMOVED, STATE_RENAMED, STATE_SENDS, STATE_SENDS_NEW,
    TRANSITION,
};

impl Comparison<'_> {
    pub(super) fn states(&mut self) {
        for pair in pairing::states(self.old, self.new) {
            match pair {
                Pair::Both(old, new) => self.state(old, new),
                Pair::Removed(state) => {
                    self.push(STATE_REMOVED, subject(state), ways_out(state));
                }
                Pair::Added(state) => self.push(STATE_ADDED, subject(state), ways_out(state)),
            }
        }
        let initial = |states: &'_ [State]| {
            let state = states.iter().find(|state| state.initial);
            state.map(|state| state.name.clone()).unwrap_or_default()
        };
        let before = initial(&self.old.states);
        let (before, after) = (
            now(&self.renamed.states, &before),
            initial(&self.new.states),
        );
        if before != after {
            let word = |name: &str| if name.is_empty() { "none" } else { name }.to_owned();
            let what = format!("{} → {}", word(before), word(&after));
            self.push(INITIAL_STATE, "states", what);
        }
    }

    fn state(&mut self, old: &State, new: &State) {
        let subject = subject(old);
        if old.name != new.name {
            self.push(STATE_RENAMED, &subject, format!("now {}", new.name));
        }
        self.sends(&subject, "device", &old.device_sends, &new.device_sends);
        self.sends(&subject, "server", &old.server_sends, &new.server_sends);
        self.transitions(&subject, old, new);
        self.prose(&subject, &[("doc", &old.doc, &new.doc)]);
    }

    fn sends(&mut self, subject: &str, end: &str, old: &[String], new: &[String]) {
        let before: Vec<&str> = old
            .iter()
            .map(|message| now(&self.renamed.messages, message))
            .collect();
        let mut changes = Vec::new();
        for message in &before {
            if !new.iter().any(|other| other == message) {
                let what = format!("the {end} does not send {message} any more");
                changes.push((STATE_SENDS, what));
            }
        }
        for message in new
            .iter()
            .filter(|message| !before.contains(&message.as_str()))
        {
            let mut olds = self.old.messages.iter();
            let known = olds.any(|other| now(&self.renamed.messages, &other.name) == message);
            let rule = if known { STATE_SENDS } else { STATE_SENDS_NEW };
            changes.push((rule, format!("the {end} may send {message} now")));
        }
        for (rule, what) in changes {
            self.push(rule, subject, what);
        }
    }

    fn transitions(&mut self, subject: &str, old: &State, new: &State) {
        let before: Vec<(&str, &str)> = old
            .next
            .iter()
            .map(|(event, state)| {
                let event = now(&self.renamed.messages, event);
                (event, now(&self.renamed.states, state))
            })
            .collect();
        let after: Vec<(&str, &str)> = new
            .next
            .iter()
            .map(|(event, state)| (event.as_str(), state.as_str()))
            .collect();
        let target = |list: &[(&str, &str)], event: &str| {
            let found = list.iter().find(|(other, _)| *other == event);
            found.map(|(_, state)| (*state).to_owned())
        };
        let mut changes = Vec::new();
        for (event, state) in &before {
            match target(&after, event) {
                None => changes.push(format!("{event} does not lead to {state} any more")),
                Some(other) if other != *state => {
                    changes.push(format!("{event} leads to {other}, not to {state}"));
                }
                Some(_) => {}
            }
        }
        for (event, state) in &after {
            if target(&before, event).is_none() {
                changes.push(format!("{event} leads to {state} now"));
            }
        }
        for what in changes {
            self.push(TRANSITION, subject, what);
        }
    }
}

fn subject(state: &State) -> String {
    format!("state {}", state.name)
}

fn ways_out(state: &State) -> String {
    let ways: Vec<_> = state
        .next
        .iter()
        .map(|(event, target)| format!("{event} → {target}"))
        .collect();
    match ways.as_slice() {
        [] => "no way out".to_owned(),
        ways => ways.join(", "),
    }
}

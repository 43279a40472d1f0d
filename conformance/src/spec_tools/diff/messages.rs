//! Messages: codes, directions, and what answers what.

use iotmp_spec::model::{Body, Direction, Message};

use super::Comparison;
use super::pairing::{self, Pair, now};
use super::rules::{
    ANSWERS, DIRECTION_NARROWED, DIRECTION_WIDENED, MESSAGE_ADDED, MESSAGE_ADDED_UNSIZED,
    MESSAGE_CODE, MESSAGE_REMOVED, MESSAGE_RENAMED,
};
use crate::spec_tools::wire::{self, hex};
use crate::spec_tools::words;

impl Comparison<'_> {
    pub(super) fn messages(&mut self) {
        for pair in pairing::messages(self.old, self.new) {
            match pair {
                Pair::Both(old, new) => self.message(old, new),
                Pair::Removed(message) => {
                    let bytes = wire::number(self.old.framing.code, message.code.into());
                    let what = format!("code {}", hex(&bytes));
                    self.push(MESSAGE_REMOVED, &message.name, what);
                }
                Pair::Added(message) => {
                    let rule = match self.old.framing.size {
                        Some(_) => MESSAGE_ADDED,
                        None => MESSAGE_ADDED_UNSIZED,
                    };
                    let bytes = wire::number(self.new.framing.code, message.code.into());
                    let what = format!(
                        "code {}, {}",
                        hex(&bytes),
                        words::direction(message.direction)
                    );
                    self.push(rule, &message.name, what);
                }
            }
        }
    }

    fn message(&mut self, old: &Message, new: &Message) {
        let name = old.name.as_str();
        if old.name != new.name {
            self.push(MESSAGE_RENAMED, name, format!("now {}", new.name));
        }
        if old.code != new.code {
            self.code(old, new);
        }
        if old.direction != new.direction {
            let rule = match new.direction {
                Direction::Both => DIRECTION_WIDENED,
                Direction::ToServer | Direction::ToDevice => DIRECTION_NARROWED,
            };
            let what = format!(
                "{} → {}",
                words::direction(old.direction),
                words::direction(new.direction)
            );
            self.push(rule, name, what);
        }
        self.answers(old, new);
        match (&self.old.body, &self.new.body) {
            (Body::KeyValue(_), Body::KeyValue(_)) => self.fields(old, new),
            (Body::Fixed(_), Body::Fixed(_)) => self.fixed_fields(old, new),
            // That no body can be read has been said.
            _ => {}
        }
        let words = [
            ("doc", old.doc.as_str(), new.doc.as_str()),
            ("source", &old.source, &new.source),
        ];
        self.prose(name, &words);
    }

    fn code(&mut self, old: &Message, new: &Message) {
        let before = wire::number(self.old.framing.code, old.code.into());
        let after = wire::number(self.new.framing.code, new.code.into());
        let (before, after) = (hex(&before), hex(&after));
        let mut bytes = Vec::new();
        if let Some(other) = self.new.message_by_code(old.code) {
            bytes.push(format!("{before} is {} now", other.name));
        }
        if let Some(other) = self.old.message_by_code(new.code) {
            bytes.push(format!("{after} was {}", other.name));
        }
        let what = format!("first byte {before} → {after}");
        self.push_bytes(MESSAGE_CODE, &old.name, what, bytes);
    }

    fn answers(&mut self, old: &Message, new: &Message) {
        let before: Vec<&str> = old
            .answers
            .iter()
            .map(|answer| now(&self.renamed.messages, answer))
            .collect();
        let after: Vec<&str> = new.answers.iter().map(String::as_str).collect();
        let gone = before.iter().filter(|answer| !after.contains(answer));
        let come = after.iter().filter(|answer| !before.contains(answer));
        let mut changes: Vec<_> = gone
            .map(|answer| format!("not {answer} any more"))
            .collect();
        changes.extend(come.map(|answer| format!("now also {answer}")));
        if !changes.is_empty() {
            self.push(ANSWERS, &old.name, changes.join(", "));
        }
    }
}

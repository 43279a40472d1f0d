//! Timers, limits, clauses and ambiguities.

use iotmp_spec::model::{Ambiguity, Clause, Level, Quantity, Reading};

use super::Comparison;
use super::pairing::{self, Pair, pairs};
use super::rules::{
    AMBIGUITY, CLAUSE_RENAMED, CLAUSE_TEXT, LIMIT_LARGER, LIMIT_REMOVED, LIMIT_SMALLER, MUST_ADDED,
    MUST_REMOVED, READING, RENAMED, RULE_ADDED, RULE_LEVEL, RULE_REMOVED, Rule, TIMER, WORDS,
};
use crate::spec_tools::words;

impl Comparison<'_> {
    pub(super) fn norms(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in pairing::quantities(&old.timers, &new.timers) {
            match pair {
                Pair::Both(before, after) => self.timer(before, after),
                Pair::Removed(timer) => {
                    let what = format!("{} → none", amount(timer));
                    self.push(TIMER, subject("timer", timer), what);
                }
                Pair::Added(timer) => {
                    let what = format!("none → {}", amount(timer));
                    self.push(TIMER, subject("timer", timer), what);
                }
            }
        }
        for pair in pairing::quantities(&old.limits, &new.limits) {
            match pair {
                Pair::Both(before, after) => self.limit(before, after),
                Pair::Removed(limit) => {
                    let what = format!("{} → none", amount(limit));
                    self.push(LIMIT_REMOVED, subject("limit", limit), what);
                }
                Pair::Added(limit) => {
                    let what = format!("none → {}", amount(limit));
                    self.push(LIMIT_SMALLER, subject("limit", limit), what);
                }
            }
        }
        self.clauses();
        let ambiguities = pairs(&old.ambiguities, &new.ambiguities, |a| &a.id, |_, _| false);
        for pair in ambiguities {
            match pair {
                Pair::Both(before, after) => self.ambiguity(before, after),
                Pair::Removed(ambiguity) => {
                    let what = format!("removed; the reference followed {}", ambiguity.reference);
                    self.push(AMBIGUITY, &ambiguity.id, what);
                }
                Pair::Added(ambiguity) => {
                    let what = format!("added; the reference follows {}", ambiguity.reference);
                    self.push(AMBIGUITY, &ambiguity.id, what);
                }
            }
        }
    }

    fn timer(&mut self, old: &Quantity, new: &Quantity) {
        let subject = subject("timer", old);
        self.quantity_name(&subject, old, new);
        if (old.value, &old.unit) != (new.value, &new.unit) {
            self.push(
                TIMER,
                &subject,
                format!("{} → {}", amount(old), amount(new)),
            );
        }
    }

    fn limit(&mut self, old: &Quantity, new: &Quantity) {
        let subject = subject("limit", old);
        self.quantity_name(&subject, old, new);
        if (old.value, &old.unit) == (new.value, &new.unit) {
            return;
        }
        let what = format!("{} → {}", amount(old), amount(new));
        if old.unit == new.unit && old.value < new.value {
            self.push(LIMIT_LARGER, &subject, what);
            return;
        }
        let bytes = if old.unit == new.unit {
            let refused = format!("{} to {} {}", new.value + 1, old.value, old.unit);
            vec![format!("{refused} were accepted and are refused now")]
        } else {
            Vec::new()
        };
        self.push_bytes(LIMIT_SMALLER, &subject, what, bytes);
    }

    fn quantity_name(&mut self, subject: &str, old: &Quantity, new: &Quantity) {
        if old.name != new.name {
            self.push(RENAMED, subject, format!("now {}", new.name));
        }
        let words = [
            ("doc", old.doc.as_str(), new.doc.as_str()),
            ("source", &old.source, &new.source),
        ];
        self.prose(subject, &words);
    }

    fn clauses(&mut self) {
        let (old, new) = (&self.old.clauses, &self.new.clauses);
        let alias = |old: &Clause, new: &Clause| new.aliases.contains(&old.id);
        for pair in pairs(old, new, |clause| &clause.id, alias) {
            match pair {
                Pair::Both(before, after) => self.clause(before, after),
                Pair::Removed(clause) => {
                    let rule = by_level(clause.level, MUST_REMOVED, RULE_REMOVED);
                    self.push(rule, &clause.id, told(clause));
                }
                Pair::Added(clause) => {
                    let rule = by_level(clause.level, MUST_ADDED, RULE_ADDED);
                    self.push(rule, &clause.id, told(clause));
                }
            }
        }
    }

    fn clause(&mut self, old: &Clause, new: &Clause) {
        let id = old.id.as_str();
        if old.id != new.id {
            self.push(CLAUSE_RENAMED, id, format!("now {}", new.id));
        }
        if old.level != new.level {
            let what = format!("{} → {}", words::level(old.level), words::level(new.level));
            let rule = match (old.level, new.level) {
                (_, Level::Must) => MUST_ADDED,
                (Level::Must, _) => MUST_REMOVED,
                _ => RULE_LEVEL,
            };
            self.push(rule, id, what);
        }
        let bound = |clause: &Clause, other: &Clause| -> Vec<&'static str> {
            let parties = clause.binds.iter();
            let gone = parties.filter(|party| !other.binds.contains(party));
            gone.map(|party| words::party(*party)).collect()
        };
        for party in bound(new, old) {
            let rule = by_level(new.level, MUST_ADDED, RULE_ADDED);
            self.push(rule, id, format!("binds the {party} as well"));
        }
        for party in bound(old, new) {
            let rule = by_level(old.level, MUST_REMOVED, RULE_REMOVED);
            self.push(rule, id, format!("does not bind the {party} any more"));
        }
        if old.text != new.text {
            self.push(CLAUSE_TEXT, id, format!("{:?} → {:?}", old.text, new.text));
        }
        let reason = |clause: &Clause| clause.untestable.clone().unwrap_or_default();
        let words = [
            ("source", old.source.as_str(), new.source.as_str()),
            ("untestable", &reason(old), &reason(new)),
        ];
        self.prose(id, &words);
    }

    fn ambiguity(&mut self, old: &Ambiguity, new: &Ambiguity) {
        let id = old.id.as_str();
        let by_text = |a: &Reading, b: &Reading| a.text == b.text;
        let readings = pairs(&old.readings, &new.readings, |r| &r.name, by_text);
        let mut reference = old.reference.as_str();
        for pair in readings {
            match pair {
                Pair::Both(before, after) => {
                    if before.name == old.reference {
                        reference = &after.name;
                    }
                    if before != after {
                        self.push(WORDS, id, format!("reading {}", before.name));
                    }
                }
                Pair::Removed(reading) => {
                    self.push(AMBIGUITY, id, format!("reading {} removed", reading.name));
                }
                Pair::Added(reading) => {
                    self.push(AMBIGUITY, id, format!("reading {} added", reading.name));
                }
            }
        }
        if reference != new.reference {
            let what = format!("{} → {}", old.reference, new.reference);
            self.push(READING, id, what);
        }
        let words = [
            ("question", old.question.as_str(), new.question.as_str()),
            ("reason", &old.reason, &new.reason),
            ("source", &old.source, &new.source),
        ];
        self.prose(id, &words);
    }
}

fn by_level(level: Level, must: Rule, other: Rule) -> Rule {
    match level {
        Level::Must => must,
        Level::Should | Level::May => other,
    }
}

fn told(clause: &Clause) -> String {
    format!("{}: {}", words::level(clause.level), clause.text)
}

fn subject(kind: &str, quantity: &Quantity) -> String {
    format!("{kind} {}", quantity.name)
}

fn amount(quantity: &Quantity) -> String {
    format!("{} {}", quantity.value, quantity.unit)
}

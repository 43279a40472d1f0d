//! How one specification differs from another, and what breaks by that.
//!
//! Two specifications are compared thing by thing. What has the same name is the
//! same thing; of the rest, what is the same on the wire under another name was
//! renamed. Every difference falls under one [`Rule`], and the rule says what
//! it does to a peer of the other revision:
//!
//! - **wire-breaking**: what one of the two writes, about things that both know,
//!   is refused by the other, or means something else to it, or one of them
//!   counts on what the other need not do any more;
//! - **compatible**: one of the two can say more, but what both can say is said
//!   and understood as before;
//! - **prose**: words for people.
//!
//! [`policy`] prints the whole table.

mod fields;
mod fixed;
mod frame;
mod maps;
mod messages;
mod norms;
mod pairing;
mod rules;
mod session;
mod vocabulary;
mod wire_types;

use core::fmt;

use iotmp_spec::model::Spec;
use serde::Serialize;

pub use self::rules::{RULES, Rule, Severity, policy};

use self::pairing::Renamed;
use super::words;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The rule that it falls under.
    #[serde(flatten)]
    pub rule: Rule,
    /// What changed: `run.resource`, `limit max_depth`, a clause's id; by its older name.
    pub subject: String,
    /// How.
    pub what: String,
    /// The bytes that it concerns: `key 0x1a → 0x22 (pson_v2)`. Hex of two digits a byte.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<String>,
}

/// Every difference between two specifications.
///
/// `Display` lists them by severity and rule, and ends with a line that counts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Name of the older one.
    pub old: String,
    /// Name of the newer one.
    pub new: String,
    /// The differences, in the order of [`RULES`].
    pub changes: Vec<Change>,
}

/// Compares two specifications.
#[must_use]
pub fn diff(old: &Spec, new: &Spec) -> Diff {
    let mut comparison = Comparison {
        old,
        new,
        renamed: Renamed::between(old, new),
        changes: Vec::new(),
    };
    comparison.identity();
    comparison.frame();
    comparison.enums();
    comparison.maps();
    comparison.prefix();
    comparison.messages();
    comparison.states();
    comparison.norms();
    let mut changes = comparison.changes;
    changes.sort_by_key(|change| RULES.iter().position(|rule| *rule == change.rule));
    Diff {
        old: old.name.clone(),
        new: new.name.clone(),
        changes,
    }
}

impl Diff {
    /// Whether a peer of one revision can fail to work with one of the other.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        self.of(Severity::Breaking).next().is_some()
    }

    /// The changes of that severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Change> {
        let changes = self.changes.iter();
        changes.filter(move |change| change.rule.severity == severity)
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for severity in Severity::ALL {
            let mut rule = None;
            for change in self.of(severity) {
                if rule.is_none() {
                    writeln!(f, "{severity}\n")?;
                }
                if rule != Some(change.rule) {
                    if rule.is_some() {
                        writeln!(f)?;
                    }
                    writeln!(f, "  {}: {}", change.rule.name, change.rule.why)?;
                    rule = Some(change.rule);
                }
                writeln!(f, "    {}: {}", change.subject, change.what)?;
                for bytes in &change.bytes {
                    writeln!(f, "      {bytes}")?;
                }
            }
            if rule.is_some() {
                writeln!(f)?;
            }
        }
        let counts =
            Severity::ALL.map(|severity| format!("{} {severity}", self.of(severity).count()));
        let names = if self.old == self.new {
            self.new.clone()
        } else {
            format!("{} → {}", self.old, self.new)
        };
        if self.changes.is_empty() {
            return writeln!(f, "{names}: no difference");
        }
        writeln!(f, "{names}: {}", counts.join(", "))
    }
}

/// Two specifications, and the differences found so far.
struct Comparison<'s> {
    old: &'s Spec,
    new: &'s Spec,
    renamed: Renamed<'s>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn push(&mut self, rule: Rule, subject: impl Into<String>, what: impl Into<String>) {
        self.push_bytes(rule, subject, what, Vec::new());
    }

    fn push_bytes(
        &mut self,
        rule: Rule,
        subject: impl Into<String>,
        what: impl Into<String>,
        bytes: Vec<String>,
    ) {
        self.changes.push(Change {
            rule,
            subject: subject.into(),
            what: what.into(),
            bytes,
        });
    }

    /// Reports a difference of words: `doc` and `source` of a thing, for example.
    fn prose(&mut self, subject: &str, words: &[(&str, &str, &str)]) {
        let changed: Vec<_> = words
            .iter()
            .filter(|(_, old, new)| old != new)
            .map(|(key, ..)| *key)
            .collect();
        if !changed.is_empty() {
            self.push(rules::WORDS, subject, changed.join(" and "));
        }
    }

    fn identity(&mut self) {
        let (old, new) = (self.old, self.new);
        let words = [
            ("spec", &old.name, &new.name),
            ("title", &old.title, &new.title),
            ("revision", &old.revision, &new.revision),
        ];
        for (key, old, new) in words {
            if old != new {
                self.push(rules::IDENTITY, key, format!("{old} → {new}"));
            }
        }
        if old.status != new.status {
            let what = format!(
                "{} → {}",
                words::status(old.status),
                words::status(new.status)
            );
            self.push(rules::IDENTITY, "status", what);
        }
        self.prose("the specification", &[("doc", &old.doc, &new.doc)]);
        for source in &old.sources {
            let found = new.sources.iter().find(|other| other.key == source.key);
            match found {
                None => self.push(rules::WORDS, format!("source {}", source.key), "removed"),
                Some(other) => {
                    let subject = format!("source {}", source.key);
                    self.prose(&subject, &[("title", &source.title, &other.title)]);
                }
            }
        }
        for source in &new.sources {
            if !old.sources.iter().any(|other| other.key == source.key) {
                self.push(rules::WORDS, format!("source {}", source.key), "added");
            }
        }
    }
}

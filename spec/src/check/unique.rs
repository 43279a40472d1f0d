//! Numbers and words that only one thing may have.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Mistake, Report};
use crate::source::Span;

/// What is unique, in words.
pub(super) struct Unique<'a> {
    /// The rule, e.g. `duplicate-code`.
    pub(super) code: &'static str,
    /// Who has it, in the plural, e.g. `messages`.
    pub(super) owners: &'a str,
    /// What they belong to, as ` of enum …`; empty for the specification.
    pub(super) of: String,
    /// What they have, e.g. `code`.
    pub(super) what: &'a str,
    /// How a number is written.
    pub(super) write: fn(u64) -> String,
    /// The largest number that is allowed.
    pub(super) max: u64,
}

pub(super) fn decimal(number: u64) -> String {
    number.to_string()
}

pub(super) fn hex(number: u64) -> String {
    format!("0x{number:02X}")
}

impl Unique<'_> {
    /// Reports every number that is used a second time.
    pub(super) fn numbers(&self, all: &[(&str, u64, Span)], report: &mut Report) {
        let used: BTreeSet<u64> = all.iter().map(|(_, number, _)| *number).collect();
        let mut free = (1..=self.max).filter(|number| !used.contains(number));
        let mut first = BTreeMap::new();
        for (name, number, at) in all {
            let Some((other, other_at)) = first.get(number) else {
                first.insert(*number, (*name, *at));
                continue;
            };
            let written = (self.write)(*number);
            let free = free.next().map_or_else(
                || "none is free".to_owned(),
                |number| format!("{} is free", (self.write)(number)),
            );
            report.push(
                Mistake::new(
                    self.code,
                    *at,
                    format!(
                        "{} `{other}` and `{name}`{} share {} {written}",
                        self.owners, self.of, self.what
                    ),
                )
                .label(format!("second use of {written}"))
                .also(*other_at, format!("first use, by `{other}`"))
                .help(format!(
                    "give `{name}` {} of its own; {free}",
                    article(self.what)
                )),
            );
        }
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

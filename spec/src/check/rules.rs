//! Sources, quantities, clauses and ambiguities.

use std::collections::BTreeMap;

use super::names;
use super::position;
use super::scope::{Scope, choice, each, not_empty};
use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::model::{Ambiguity, Clause, Level, Party, Quantity, Reading, Source};
use crate::raw::{self, Item, items};
use crate::source::{Node, Span};

/// Units of timers.
pub(super) const TIMES: [&str; 3] = ["seconds", "milliseconds", "percent"];
/// Units of limits.
pub(super) const AMOUNTS: [&str; 9] = [
    "bytes",
    "characters",
    "levels",
    "streams",
    "messages",
    "fields",
    "values",
    "devices",
    "connections",
];
pub(super) const LEVELS: [(&str, Level); 3] = [
    ("MUST", Level::Must),
    ("SHOULD", Level::Should),
    ("MAY", Level::May),
];
pub(super) const PARTIES: [(&str, Party); 4] = [
    ("server", Party::Server),
    ("device", Party::Device),
    ("encoder", Party::Encoder),
    ("decoder", Party::Decoder),
];

pub(super) fn sources(root: &Node, report: &mut Report) -> Vec<Source> {
    items::<String>(root, "sources", "source", "", report)
        .into_iter()
        .filter_map(|item| {
            let good = item
                .name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !good {
                let message = format!("`{}` is no key for a source", item.name);
                report.push(
                    Mistake::new("bad-name", item.span, message)
                        .help("write one word of letters, digits and dashes"),
                );
            }
            let title = item.raw?;
            not_empty(&title, item.node.span, "empty-text", &item.title, report);
            Some(Source {
                key: item.name.to_owned(),
                title,
            })
        })
        .collect()
}

/// The quantities under `key`, whose units are among `units`.
pub(super) fn quantities(
    scope: &Scope<'_>,
    key: &str,
    kind: &str,
    units: &[&str],
    report: &mut Report,
) -> Vec<Quantity> {
    let mut quantities = Vec::new();
    for item in items::<raw::Quantity>(scope.root, key, kind, "", report) {
        names::snake(item.name, item.span, &format!("a {kind}"), report);
        let Some(raw) = &item.raw else { continue };
        scope.source(&item, &raw.source, report);
        if !units.contains(&raw.unit.as_str()) {
            report.push(unknown(
                "unknown-unit",
                item.at("unit"),
                "unit",
                &raw.unit,
                units,
            ));
        }
        quantities.push(Quantity {
            name: item.name.to_owned(),
            value: raw.value,
            unit: raw.unit.clone(),
            doc: raw.doc.clone().unwrap_or_default(),
            source: raw.source.clone(),
        });
    }
    quantities
}

pub(super) fn clauses(scope: &Scope<'_>, report: &mut Report) -> Vec<Clause> {
    let all = items::<raw::Clause>(scope.root, "clauses", "clause", "", report);
    let mut clauses = Vec::new();
    for item in &all {
        if !is_clause_id(item.name) {
            report.push(bad_clause_id(item.name, item.span));
        }
        clauses.extend(clause(item, scope, report));
    }
    aliases(&all, report);
    clauses
}

fn clause(item: &Item<'_, raw::Clause>, scope: &Scope<'_>, report: &mut Report) -> Option<Clause> {
    let raw = item.raw.as_ref()?;
    scope.source(item, &raw.source, report);
    let level = choice(
        &raw.level,
        item.at("level"),
        &LEVELS,
        "unknown-level",
        "level",
        report,
    );
    let party = |word: &str, at: Span, report: &mut Report| {
        choice(word, at, &PARTIES, "unknown-party", "party", report)
    };
    let binds = each(item, "binds", &raw.binds, party, report);
    if raw.binds.is_empty() {
        let message = format!("{} binds nobody", item.title);
        report.push(
            Mistake::new("binds-nobody", item.at("binds"), message)
                .help("name `server`, `device`, `encoder` or `decoder`"),
        );
    }
    let texts = [
        ("text", Some(&raw.text)),
        ("untestable", raw.untestable.as_ref()),
    ];
    for (key, text) in texts {
        let Some(text) = text else { continue };
        let what = format!("`{key}` of {}", item.title);
        not_empty(text, item.at(key), "empty-text", &what, report);
    }
    Some(Clause {
        id: item.name.to_owned(),
        aliases: raw.aliases.clone().unwrap_or_default(),
        level: level?,
        binds,
        text: raw.text.clone(),
        source: raw.source.clone(),
        untestable: raw.untestable.clone(),
        position: position(item.span),
    })
}

/// Checks that no alias is also something else.
fn aliases(all: &[Item<'_, raw::Clause>], report: &mut Report) {
    let mut taken: BTreeMap<&str, (&str, Span)> = all
        .iter()
        .map(|item| (item.name, (item.name, item.span)))
        .collect();
    for item in all {
        let aliases = item
            .raw
            .as_ref()
            .and_then(|raw| raw.aliases.as_deref())
            .unwrap_or_default();
        for (index, alias) in aliases.iter().enumerate() {
            let at = item.at_element("aliases", index);
            if !is_clause_id(alias) {
                report.push(bad_clause_id(alias, at));
            }
            if let Some((owner, first)) = taken.get(alias.as_str()) {
                let message = format!("the alias `{alias}` already means clause `{owner}`");
                report.push(
                    Mistake::new("alias-collision", at, message)
                        .also(*first, format!("`{owner}` has it"))
                        .help("an id is never used again; remove the alias"),
                );
            } else {
                taken.insert(alias, (item.name, at));
            }
        }
    }
}

pub(super) fn ambiguities(scope: &Scope<'_>, report: &mut Report) -> Vec<Ambiguity> {
    let mut ambiguities = Vec::new();
    for item in items::<raw::Ambiguity>(scope.root, "ambiguities", "ambiguity", "", report) {
        if !is_ambiguity_id(item.name) {
            let message = format!("`{}` is no id of an ambiguity", item.name);
            report.push(
                Mistake::new("bad-ambiguity-id", item.span, message).help(
                    "write upper-case words and digits joined by dashes, the second of them `AMB`, as in `GREET2-AMB-CASE`",
                ),
            );
        }
        ambiguities.extend(ambiguity(&item, scope, report));
    }
    ambiguities
}

fn ambiguity(
    item: &Item<'_, raw::Ambiguity>,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Option<Ambiguity> {
    let readings = readings(item, report);
    let raw = item.raw.as_ref()?;
    for (key, text) in [("question", &raw.question), ("reason", &raw.reason)] {
        let what = format!("`{key}` of {}", item.title);
        not_empty(text, item.at(key), "empty-text", &what, report);
    }
    scope.source(item, &raw.source, report);
    let names: Vec<_> = readings
        .iter()
        .map(|reading| reading.name.as_str())
        .collect();
    let listed = item.node.entry("readings");
    if let Some(empty) = listed.filter(|e| e.node.is_map() && e.node.entries().is_empty()) {
        let message = format!("{} has no readings", item.title);
        report.push(
            Mistake::new("no-readings", empty.span, message)
                .help("add at least the reading that the reference follows"),
        );
    } else if !names.contains(&raw.reference.as_str()) {
        report.push(unknown(
            "unknown-reading",
            item.at("reference"),
            "reading",
            &raw.reference,
            &names,
        ));
    }
    Some(Ambiguity {
        id: item.name.to_owned(),
        question: raw.question.clone(),
        readings,
        reference: raw.reference.clone(),
        reason: raw.reason.clone(),
        source: raw.source.clone(),
    })
}

fn readings(item: &Item<'_, raw::Ambiguity>, report: &mut Report) -> Vec<Reading> {
    items::<String>(item.node, "readings", "reading", &item.title, report)
        .into_iter()
        .filter_map(|reading| {
            names::kebab(reading.name, reading.span, "the name of a reading", report);
            let text = reading.raw?;
            not_empty(
                &text,
                reading.node.span,
                "empty-text",
                &reading.title,
                report,
            );
            Some(Reading {
                name: reading.name.to_owned(),
                text,
            })
        })
        .collect()
}

fn bad_clause_id(id: &str, at: Span) -> Mistake {
    Mistake::new("bad-clause-id", at, format!("`{id}` is no id of a clause")).help(
        "write upper-case words and digits joined by dashes, the last of them a number of three digits, as in `GREET2-HELLO-003`",
    )
}

fn is_clause_id(id: &str) -> bool {
    let parts: Vec<_> = id.split('-').collect();
    is_id(&parts)
        && parts.get(1) != Some(&"AMB")
        && parts
            .last()
            .is_some_and(|last| last.len() == 3 && last.chars().all(|c| c.is_ascii_digit()))
}

fn is_ambiguity_id(id: &str) -> bool {
    let parts: Vec<_> = id.split('-').collect();
    is_id(&parts) && parts.get(1) == Some(&"AMB")
}

/// Whether these are at least three words, and the first begins with a letter.
fn is_id(parts: &[&str]) -> bool {
    let word = |part: &&str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    parts.len() >= 3
        && parts.iter().all(word)
        && parts
            .first()
            .is_some_and(|first| first.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart() {
        assert!(is_clause_id("GREET2-HELLO-003"));
        assert!(is_clause_id("A-B-C-003"));
        assert!(is_ambiguity_id("GREET2-AMB-CASE-ORDER"));
        for bad in [
            "",
            "GREET2-003",
            "GREET2-HELLO-3",
            "GREET2-hello-003",
            "25-A-003",
            "A--003",
            "A-AMB-003",
        ] {
            assert!(!is_clause_id(bad), "{bad}");
        }
        for bad in ["GREET2-AMB", "AMB-A-B", "GREET2-AMB-", "greet-AMB-X"] {
            assert!(!is_ambiguity_id(bad), "{bad}");
        }
    }
}

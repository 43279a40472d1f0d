//! Clauses and ambiguities.

use iotmp_spec::model::{Clause, Spec};

use super::markdown::{Document, anchor, cell, table};
use super::source;
use crate::spec_tools::words;

pub(super) fn chapters(spec: &Spec, document: &mut Document) {
    if !spec.clauses.is_empty() {
        document.heading(2, "Clauses");
        let rows = spec.clauses.iter().map(|clause| {
            let parties: Vec<_> = clause
                .binds
                .iter()
                .map(|party| words::party(*party))
                .collect();
            vec![
                id(clause),
                words::level(clause.level).to_owned(),
                parties.join(", "),
                rule(clause),
                source(spec, &clause.source),
            ]
        });
        document.paragraph(table(&["id", "level", "binds", "rule", "source"], rows));
    }
    if !spec.ambiguities.is_empty() {
        document.heading(2, "Ambiguities");
        document.paragraph(
            "What the sources leave open or contradict. The reference follows the reading in bold.",
        );
    }
    for ambiguity in &spec.ambiguities {
        let id = &ambiguity.id;
        document.heading(3, format!("{}{id}", anchor("", id)));
        document.paragraph(cell(&ambiguity.question));
        let readings: Vec<_> = ambiguity
            .readings
            .iter()
            .map(|reading| {
                let name = if reading.name == ambiguity.reference {
                    format!("**`{}`**", reading.name)
                } else {
                    format!("`{}`", reading.name)
                };
                format!("- {name}: {}", cell(&reading.text))
            })
            .collect();
        document.paragraph(readings.join("\n"));
        let reason = cell(&ambiguity.reason);
        let from = source(spec, &ambiguity.source);
        document.paragraph(format!(
            "Why `{}`: {reason} Source: {from}.",
            ambiguity.reference
        ));
    }
}

fn id(clause: &Clause) -> String {
    let aliases = clause.aliases.iter();
    let anchors: String = core::iter::once(&clause.id)
        .chain(aliases)
        .map(|id| anchor("", id))
        .collect();
    format!("{anchors}{}", clause.id)
}

fn rule(clause: &Clause) -> String {
    let mut text = cell(&clause.text);
    if let Some(why) = &clause.untestable {
        text.push_str(&format!(" *Not tested: {}*", cell(why)));
    }
    if !clause.aliases.is_empty() {
        text.push_str(&format!(" *Once {}.*", clause.aliases.join(", ")));
    }
    text
}

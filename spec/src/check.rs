//! The rules of the language: from items to the model.
//!
//! Each area reads its own part of the tree, pushes what is wrong onto the
//! report, and gives what is right as model; a specification comes of it only
//! if nothing was wrong.

mod layout;
mod messages;
mod names;
mod rules;
mod scope;
mod states;
mod unique;
mod vocabulary;

use std::path::Path;

use self::scope::Scope;
use crate::diagnostic::{Mistake, Report};
use crate::merge::Merged;
use crate::model::{Position, Spec, Status};
use crate::raw::{self, item};
use crate::source::{Files, Span};

/// Checks a whole specification. `None` where a part is missing that the report speaks of.
pub(crate) fn check(merged: &Merged, files: &Files, report: &mut Report) -> Option<Spec> {
    let root = &merged.root;
    let scope = Scope::new(root);
    let top = root
        .entry("spec")
        .map_or(Span::whole_file(0), |entry| entry.span);
    let identity = item::<raw::Spec>(root, "", top, "the specification", report);

    let sources = rules::sources(root, report);
    let layout = layout::layout(root, report);
    let values = layout::values(root, layout.body.as_ref(), report);
    names::types(&scope, report);
    let enums = vocabulary::enums(root, report);
    let maps = vocabulary::maps(&scope, report);
    let messages = messages::messages(&scope, &layout, &enums, report);
    let states = states::states(&scope, report);
    let timers = rules::quantities(&scope, "timers", "timer", &rules::TIMES, report);
    let limits = rules::quantities(&scope, "limits", "limit", &rules::AMOUNTS, report);
    let clauses = rules::clauses(&scope, report);
    let ambiguities = rules::ambiguities(&scope, report);

    let status = identity.raw.as_ref().and_then(|raw| {
        let at = identity.at("status");
        scope::choice(
            &raw.status,
            at,
            &STATUSES,
            "unknown-status",
            "status",
            report,
        )
    });
    if let Some(raw) = &identity.raw {
        names::kebab(
            &raw.spec,
            identity.at("spec"),
            "the name of a specification",
            report,
        );
        for (key, text) in [
            ("title", &raw.title),
            ("revision", &raw.revision.0),
            ("doc", &raw.doc),
        ] {
            scope::not_empty(
                text,
                identity.at(key),
                "empty-text",
                &format!("`{key}`"),
                report,
            );
        }
    }
    let raw = identity.raw?;
    Some(Spec {
        name: raw.spec,
        title: raw.title,
        revision: raw.revision.0,
        status: status?,
        doc: raw.doc,
        files: files.paths().map(Path::to_owned).collect(),
        extends: merged.extends.clone(),
        sources,
        framing: layout.framing?,
        body: layout.body?,
        values: values?,
        enums,
        messages,
        maps,
        states,
        timers,
        limits,
        clauses,
        ambiguities,
    })
}

const STATUSES: [(&str, Status); 3] = [
    ("current", Status::Current),
    ("superseded", Status::Superseded),
    ("profile", Status::Profile),
];

/// Where a thing stands, for the model.
const fn position(span: Span) -> Position {
    Position {
        file: span.file,
        line: span.line,
        column: span.column,
    }
}

/// Refuses a word that is none of those that belong there.
fn unknown(code: &'static str, at: Span, what: &str, word: &str, words: &[&str]) -> Mistake {
    let list: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let help = match list.as_slice() {
        [] => format!("no {what} is defined"),
        list => format!("there is {}", list.join(", ")),
    };
    Mistake::new(code, at, format!("there is no {what} `{word}`"))
        .help(help)
        .maybe_help(crate::suggest::did_you_mean(word, words.iter().copied()))
}

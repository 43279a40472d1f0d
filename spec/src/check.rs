//! The rules of the language: from items to the model.
//!
//! Each area reads its own part of the tree, pushes what is wrong onto the
//! report, and gives what is right as model; a specification comes of it only
//! if nothing was wrong.

mod answers;
mod fields;
mod layout;
mod messages;
mod names;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod states;
mod unique;
mod vocabulary;

use std::path::Path;

use self::fields::Checker;
#[cfg(feature = "schema")]
pub(crate) use self::schema::words;
use self::scope::Scope;
use crate::diagnostic::{Mistake, Report};
use crate::merge::Merged;
use crate::model::{Body, Position, Spec, Status};
use crate::raw::{self, item};
use crate::source::{Files, Node, Span};
use crate::suggest::{did_you_mean, list};

/// Checks a whole specification. `None` where a part is missing that the report speaks of.
pub(crate) fn check(merged: &Merged, files: &Files, report: &mut Report) -> Option<Spec> {
    let root = &merged.root;
    let scope = Scope::new(root);
    let top = root
        .entry("spec")
        .map_or(Span::whole_file(0), |entry| entry.span);
    let identity = item::<raw::Spec>(root, "", top, "the specification", report);

    let sources = rules::sources(root, report);
    let mut layout = layout::layout(root, report);
    names::generated(&scope, report);
    let enums = vocabulary::enums(root, layout.body.as_ref(), report);
    let prefix = Checker::new(&scope, &layout, &enums).prefix(report);
    if let Some(Body::Fixed(body)) = &mut layout.body {
        body.prefix = prefix;
    }
    let maps = vocabulary::maps(&scope, report);
    let messages = messages::messages(&scope, &layout, &enums, report);
    let states = states::states(&scope, &messages, report);
    let timers = rules::quantities(&scope, "timers", "timer", &rules::TIMES, report);
    let limits = rules::quantities(&scope, "limits", "limit", &rules::AMOUNTS, report);
    let clauses = rules::clauses(&scope, report);
    let ambiguities = rules::ambiguities(&scope, report);

    let status = identity_words(root, report);
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
        body: layout.body.filter(|_| layout.sound)?,
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

/// Checks what a specification says of itself, key by key: one that is missing hides no other.
fn identity_words(root: &Node, report: &mut Report) -> Option<Status> {
    let text = |key: &str| {
        let node = root.get(key).filter(|node| !node.is_empty())?;
        Some((node.text()?, node.span))
    };
    if let Some((name, at)) = text("spec") {
        names::kebab(name, at, "the name of a specification", report);
    }
    for key in ["title", "revision", "doc"] {
        if let Some((words, at)) = text(key) {
            scope::not_empty(words, at, "empty-text", &format!("`{key}`"), report);
        }
    }
    let (word, at) = text("status")?;
    scope::choice(word, at, &STATUSES, "unknown-status", "status", report)
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
    let help = match words {
        [] => format!("no {what} is defined"),
        [only] => format!("there is only `{only}`"),
        words => format!("there are {}", list(words)),
    };
    Mistake::new(code, at, format!("there is no {what} `{word}`"))
        .help(help)
        .maybe_help(did_you_mean(word, words.iter().copied()))
}

//! What names there are to refer to, whether or not what they name is right.

use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::raw::Item;
use crate::source::{Entry, Node, Span};
use crate::suggest::{did_you_mean, list};

/// The names that a specification defines.
#[derive(Debug)]
pub(super) struct Scope<'n> {
    pub(super) root: &'n Node,
    pub(super) messages: Vec<&'n str>,
    pub(super) enums: Vec<&'n str>,
    pub(super) maps: Vec<&'n str>,
    pub(super) states: Vec<&'n str>,
    sources: Vec<&'n str>,
    ambiguities: Vec<&'n str>,
}

impl<'n> Scope<'n> {
    pub(super) fn new(root: &'n Node) -> Self {
        let names = |key: &str| {
            let entries = root.get(key).map_or(&[][..], Node::entries);
            entries.iter().map(|entry| entry.name.as_str()).collect()
        };
        Self {
            root,
            messages: names("messages"),
            enums: names("enums"),
            maps: names("maps"),
            states: names("states"),
            sources: names("sources"),
            ambiguities: names("ambiguities"),
        }
    }

    /// Where a key of the specification stands.
    pub(super) fn place(&self, key: &str) -> Span {
        self.root
            .entry(key)
            .map_or(Span::whole_file(0), |entry| entry.span)
    }

    /// Where the wire types stand.
    pub(super) fn wire_types(&self) -> Span {
        let entry = self
            .root
            .get("body")
            .and_then(|body| body.entry("wire_types"));
        entry.map_or_else(|| self.place("body"), |entry| entry.span)
    }

    /// Where the direction of a message stands.
    pub(super) fn direction(&self, message: &str) -> Span {
        let node = self.root.get("messages").and_then(|all| all.get(message));
        node.and_then(|node| node.get("direction"))
            .map_or(Span::whole_file(0), |node| node.span)
    }

    /// The entries of the map under a key of the specification.
    pub(super) fn entries(&self, key: &str) -> &'n [Entry] {
        self.root.get(key).map_or(&[], Node::entries)
    }

    /// Checks a `source`: prose, or one word that is a source or an ambiguity.
    pub(super) fn source<T>(&self, item: &Item<'_, T>, source: &str, report: &mut Report) {
        let at = item.at("source");
        let what = format!("`source` of {}", item.title);
        // Without sources there is one mistake, not one for each thing that has a source.
        if !not_empty(source, at, "empty-source", &what, report)
            || self.sources.is_empty()
            || source.contains(char::is_whitespace)
            || self.sources.contains(&source)
            || self.ambiguities.contains(&source)
        {
            return;
        }
        let words = self.sources.iter().chain(&self.ambiguities).copied();
        report.push(
            Mistake::new(
                "unknown-source",
                at,
                format!("there is no source `{source}`"),
            )
            .help(format!(
                "name a source ({}) or an ambiguity, or say it in several words",
                list(&self.sources)
            ))
            .maybe_help(did_you_mean(source, words)),
        );
    }
}

/// Checks a word that refers to something by its name.
pub(super) fn refer(
    word: &str,
    at: Span,
    words: &[&str],
    code: &'static str,
    what: &str,
    report: &mut Report,
) -> bool {
    let known = words.contains(&word);
    if !known {
        report.push(unknown(code, at, what, word, words));
    }
    known
}

/// The meaning of a word that has to be one of a few.
pub(super) fn choice<T: Copy>(
    word: &str,
    at: Span,
    table: &[(&str, T)],
    code: &'static str,
    what: &str,
    report: &mut Report,
) -> Option<T> {
    let found = table.iter().find(|(name, _)| *name == word);
    if found.is_none() {
        let words: Vec<_> = table.iter().map(|(name, _)| *name).collect();
        report.push(unknown(code, at, what, word, &words));
    }
    found.map(|(_, meaning)| *meaning)
}

/// Refuses text without a word in it.
pub(super) fn not_empty(
    text: &str,
    at: Span,
    code: &'static str,
    what: &str,
    report: &mut Report,
) -> bool {
    let empty = text.trim().is_empty();
    if empty {
        report
            .push(Mistake::new(code, at, format!("{what} is empty")).help("say it in a few words"));
    }
    !empty
}

/// Checks a list of words against what there is, and that none is there twice.
pub(super) fn each<T, M>(
    item: &Item<'_, T>,
    key: &str,
    words: &[String],
    mut check: impl FnMut(&str, Span, &mut Report) -> Option<M>,
    report: &mut Report,
) -> Vec<M> {
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let at = item.at_element(key, index);
        let first = words
            .iter()
            .position(|other| other == word)
            .unwrap_or(index);
        if first < index {
            let message = format!("`{key}` of {} says `{word}` twice", item.title);
            report.push(
                Mistake::new("repeated", at, message)
                    .label("second use")
                    .also(item.at_element(key, first), "first use")
                    .help("remove one of them"),
            );
        } else {
            found.extend(check(word, at, report));
        }
    }
    found
}

//! The documentation of a specification, as Markdown.
//!
//! Everything comes from the model: what a reader needs to implement the
//! protocol, with the bytes that keys, codes and numbers take.

mod drawing;
mod layout;
mod markdown;
mod messages;
mod rules;
mod session;
mod vocabulary;

use iotmp_spec::model::Spec;

use self::markdown::{Document, cell, table};
use super::summary::Summary;
use super::words;

/// The documentation of a specification. `command` is what brings it up to date.
#[must_use]
pub fn docs(spec: &Spec, command: &str) -> String {
    let mut document = Document::default();
    let file = spec
        .files
        .first()
        .and_then(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    document.line(format!(
        "<!-- Made from {file} by `{command}`: change that file, then run this again. -->"
    ));
    document.line(format!("# {}", spec.title));
    document.paragraph(identity(spec));
    document.paragraph(&spec.doc);
    layout::chapter(spec, &mut document);
    messages::chapter(spec, &mut document);
    vocabulary::chapter(spec, &mut document);
    session::chapter(spec, &mut document);
    rules::chapters(spec, &mut document);
    sources(spec, &mut document);
    document.finish()
}

fn identity(spec: &Spec) -> String {
    let mut text = format!(
        "`{}`, revision {}, {}",
        spec.name,
        spec.revision,
        words::status(spec.status)
    );
    if !spec.extends.is_empty() {
        let extends: Vec<_> = spec
            .extends
            .iter()
            .map(|name| format!("[`{name}`]({name}.md)"))
            .collect();
        text.push_str(&format!(", extends {}", extends.join(", then ")));
    }
    format!("{text}: {}.", Summary::of(spec))
}

fn sources(spec: &Spec, document: &mut Document) {
    document.heading(2, "Sources");
    let rows = spec.sources.iter().map(|source| {
        let anchor = markdown::anchor("source", &source.key);
        vec![format!("{anchor}{}", source.key), cell(&source.title)]
    });
    document.paragraph(table(&["key", "what it is"], rows));
}

/// What a `source:` says, with links to the sources and ambiguities that it names.
fn source(spec: &Spec, text: &str) -> String {
    let key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut linked = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(key) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !key(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        linked.push_str(&cell(before));
        if spec.sources.iter().any(|source| source.key == word) {
            linked.push_str(&format!("[{word}](#source-{word})"));
        } else if spec.ambiguities.iter().any(|other| other.id == word) {
            linked.push_str(&format!("[{word}](#{word})"));
        } else {
            linked.push_str(word);
        }
        rest = after;
    }
    linked.push_str(&cell(rest));
    linked
}

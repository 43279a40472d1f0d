//! What a subject says, as it may be shown: nothing in it moves a cursor, colours a terminal, turns
//! the direction of writing, begins a line, or is no character of XML.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{CaseResult, Report, Run};
use crate::evidence::{Annotated, Evidence};
use crate::ledger::Status;
use crate::verdict::Verdict;

/// What the suite puts behind a line break of its own stands at least so far in.
const INDENT: &str = "      ";

/// A text in which everything that is not to be seen is written as Rust writes it, such as `\u{1b}`.
///
/// A line break stays only where the next line is indented deeply, as the suite does it with what a subject says.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        if !is_unseen(c) || (c == '\n' && rest.starts_with(INDENT)) {
            out.push(c);
        } else if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.extend(c.escape_unicode());
        }
    }
    Cow::Owned(out)
}

fn is_unseen(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}');
    let is_none = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    c.is_control() || turns || breaks || is_none
}

/// A report that says the same, with every text of a subject made [`visible`].
pub(super) fn report(report: &Report) -> Report {
    let mut report = report.clone();
    report.runs.iter_mut().for_each(run);
    let ledgers = report.ledgers.iter_mut();
    for entry in ledgers.flat_map(|ledger| &mut ledger.clauses) {
        if let Status::Untested { reason } = &mut entry.status {
            clean(reason);
        }
    }
    report
}

fn run(run: &mut Run) {
    clean(&mut run.address);
    run.gone.iter_mut().for_each(clean);
    run.notes.iter_mut().for_each(clean);
    run.cases.iter_mut().for_each(case);
}

fn case(case: &mut CaseResult) {
    match &mut case.verdict {
        Verdict::Pass | Verdict::Info { .. } => {}
        Verdict::Skip { reason } | Verdict::Inconclusive { reason } => clean(reason),
        Verdict::Fail(failure) => {
            clean(&mut failure.expected);
            clean(&mut failure.got);
            clean(&mut failure.detail);
        }
    }
    for line in &mut case.transcript {
        clean(&mut line.note);
        line.fields.iter_mut().for_each(clean);
    }
    if let Some(evidence) = &mut case.evidence {
        proof(evidence);
    }
}

fn proof(evidence: &mut Evidence) {
    evidence.given.iter_mut().for_each(json);
    for Annotated { hex, fields, .. } in evidence.bytes.iter_mut().chain(&mut evidence.got) {
        clean(hex);
        fields.iter_mut().for_each(clean);
    }
    if let Some(difference) = &mut evidence.difference {
        clean(&mut difference.path);
        clean(&mut difference.expected);
        clean(&mut difference.got);
    }
    for said in &mut evidence.exchange {
        clean(&mut said.line);
    }
}

/// JSON writes control characters its own way.
fn json(value: &mut Json) {
    match value {
        Json::String(text) if !text.chars().any(|c| c.is_ascii_control()) => clean(text),
        Json::Array(items) => items.iter_mut().for_each(json),
        Json::Object(members) => members.values_mut().for_each(json),
        _ => {}
    }
}

fn clean(text: &mut String) {
    if let Cow::Owned(seen) = visible(text) {
        *text = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_but_what_is_seen_gets_through() {
        for (said, seen) in [
            ("Grüße, ☃ \\ \" '", "Grüße, ☃ \\ \" '"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\n509 pass: conformant", "a\\n509 pass: conformant"),
            ("a\n              b", "a\n              b"),
            ("\r\t\0\u{7f}\u{9b}", "\\r\\t\\u{0}\\u{7f}\\u{9b}"),
            ("\u{202e}\u{2028}", "\\u{202e}\\u{2028}"),
            (
                "\u{fffe}\u{ffff}\u{10ffff}",
                "\\u{fffe}\\u{ffff}\\u{10ffff}",
            ),
        ] {
            assert_eq!(visible(said), seen);
        }
    }
}

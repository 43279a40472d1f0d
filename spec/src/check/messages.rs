//! Messages: codes, directions, and what answers what.

use super::fields::Checker;
use super::layout::{Layout, max};
use super::scope::{Scope, choice, each, not_empty, refer};
use super::unique::{Unique, hex};
use super::vocabulary::beyond;
use super::{names, position};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Direction, Enum, Message};
use crate::raw::{self, Item, items};
use crate::source::{Node, Span};

const DIRECTIONS: [(&str, Direction); 3] = [
    ("to-server", Direction::ToServer),
    ("to-device", Direction::ToDevice),
    ("both", Direction::Both),
];

/// The messages, by code.
pub(super) fn messages(
    scope: &Scope<'_>,
    layout: &Layout,
    enums: &[Enum],
    report: &mut Report,
) -> Vec<Message> {
    let all = items::<raw::Message>(scope.root, "messages", "message", "", report);
    let checker = Checker {
        scope,
        body: layout.body.as_ref(),
        enums,
    };
    let mut messages = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a message", report);
        messages.extend(message(item, &checker, report));
    }
    // The model holds codes in 32 bits, however wide the frame is.
    let width = layout
        .framing
        .as_ref()
        .map_or(32, |framing| framing.code.bits().min(32));
    codes(&all, width, report);
    if all.is_empty() && scope.root.get("messages").is_some_and(Node::is_map) {
        let message = "the specification has no messages";
        report.push(
            Mistake::new("no-messages", scope.place("messages"), message)
                .help("add one below `messages:`"),
        );
    }
    for item in &all {
        answers_travel_back(item, &messages, scope, report);
    }
    messages.sort_by_key(|message| message.code);
    messages
}

fn message(
    item: &Item<'_, raw::Message>,
    checker: &Checker<'_, '_>,
    report: &mut Report,
) -> Option<Message> {
    let fields = checker.fields(item, report);
    let raw = item.raw.as_ref()?;
    let scope = checker.scope;
    scope.source(item, &raw.source, report);
    let what = format!("`doc` of {}", item.title);
    not_empty(&raw.doc, item.at("doc"), "empty-doc", &what, report);
    let at = item.at("direction");
    let direction = choice(
        &raw.direction,
        at,
        &DIRECTIONS,
        "unknown-direction",
        "direction",
        report,
    );
    let listed = raw.answers.as_deref().unwrap_or_default();
    let known = |word: &str, at: Span, report: &mut Report| {
        refer(
            word,
            at,
            &scope.messages,
            "unknown-message",
            "message",
            report,
        )
        .then(|| word.to_owned())
    };
    let answers = each(item, "answers", listed, known, report);
    Some(Message {
        name: item.name.to_owned(),
        // Refused beyond 32 bits with the other codes.
        code: u32::try_from(raw.code).unwrap_or(u32::MAX),
        direction: direction?,
        fields,
        answers,
        doc: raw.doc.clone(),
        source: raw.source.clone(),
        position: position(item.span),
    })
}

/// Checks that every code can be written and is the code of one message.
fn codes(all: &[Item<'_, raw::Message>], bits: u8, report: &mut Report) {
    let mut codes = Vec::new();
    for item in all {
        let Some(raw) = &item.raw else { continue };
        let at = item.at("code");
        if raw.code > max(bits) {
            report.push(beyond(
                "code-beyond-framing",
                "code",
                &item.title,
                raw.code,
                bits,
                at,
            ));
        }
        codes.push((item.name, raw.code, at));
    }
    let unique = Unique {
        code: "duplicate-code",
        owners: "messages",
        of: String::new(),
        what: "code",
        write: hex,
        max: max(bits),
    };
    unique.numbers(&codes, report);
}

/// Refuses an answer that can only be sent in the direction of what it answers.
fn answers_travel_back(
    item: &Item<'_, raw::Message>,
    messages: &[Message],
    scope: &Scope<'_>,
    report: &mut Report,
) {
    let find = |name: &str| messages.iter().find(|message| message.name == name);
    let Some(request) = find(item.name).filter(|m| m.direction != Direction::Both) else {
        return;
    };
    for (index, element) in item
        .node
        .get("answers")
        .map_or(&[][..], Node::elements)
        .iter()
        .enumerate()
    {
        let answer = element.text().and_then(find);
        if answer.is_some_and(|answer| answer.direction == request.direction) {
            let at = item.at_element("answers", index);
            let word = element.text().unwrap_or_default();
            let message = format!("`{word}` cannot answer `{}`", item.name);
            report.push(
                Mistake::new("wrong-direction", at, message)
                    .label("both go in the same direction")
                    .also(scope.direction(word), "direction of the answer")
                    .help("name a message that goes the other way, or write `direction: both`"),
            );
        }
    }
}

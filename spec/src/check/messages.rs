//! Messages: codes, directions and sizes.

use super::answers;
use super::fields::Checker;
use super::layout::{Layout, max};
use super::scope::{Scope, choice, each, not_empty, refer};
use super::unique::{Unique, hex};
use super::vocabulary::beyond;
use super::{names, position};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, Direction, Enum, Framing, Message, Sizes};
use crate::raw::{self, Item, items};
use crate::source::{Node, Span};

pub(super) const DIRECTIONS: [(&str, Direction); 3] = [
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
    let checker = Checker::new(scope, layout, enums);
    let mut messages = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a message", report);
        messages.extend(message(item, &checker, report));
    }
    let width = layout
        .framing
        .as_ref()
        .map_or(32, |framing| framing.code.bits());
    codes(&all, width, report);
    if all.is_empty() && scope.root.get("messages").is_some_and(Node::is_map) {
        let message = "the specification has no messages";
        report.push(
            Mistake::new("no-messages", scope.place("messages"), message)
                .help("add one below `messages:`"),
        );
    }
    answers::check(&all, &mut messages, scope, report);
    if let (Some(body), Some(framing)) = (&layout.body, &layout.framing) {
        let sizes = Sizes { body, enums };
        answers::selectable(&all, &messages, sizes, report);
        if matches!(body, Body::Fixed(_)) {
            large_enough(&all, &messages, framing, sizes, report);
        }
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
    let listed = raw.answers.as_deref().unwrap_or_default();
    let answers = each(item, "answers", listed, known, report);
    let listed = raw.answers_to.as_deref().unwrap_or_default();
    let answers_to = each(item, "answers_to", listed, known, report);
    Some(Message {
        name: item.name.to_owned(),
        // Refused beyond 32 bits with the other codes.
        code: u32::try_from(raw.code).unwrap_or(u32::MAX),
        direction: direction?,
        fields,
        answers,
        answers_to,
        doc: raw.doc.clone(),
        source: raw.source.clone(),
        position: position(item.span),
    })
}

/// Whether every field of a message could be read, with its constant.
pub(super) fn is_whole(item: &Item<'_, raw::Message>, message: &Message) -> bool {
    let written = item.node.get("fields").map_or(&[][..], Node::entries);
    written.iter().all(|entry| {
        let field = message.field(&entry.name);
        field.is_some_and(|field| field.constant.is_some() == entry.node.get("const").is_some())
    })
}

/// Checks that every code can be written, and is the code of one message: of several only if all but
/// one say what they answer.
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
        if raw.answers_to.is_none() {
            codes.push((item.name, raw.code, at));
        }
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

/// Refuses a message whose shortest form is not processed.
fn large_enough(
    all: &[Item<'_, raw::Message>],
    messages: &[Message],
    framing: &Framing,
    sizes: Sizes<'_>,
    report: &mut Report,
) {
    let Some(min) = framing.min_size else { return };
    for item in all {
        let message = messages.iter().find(|message| message.name == item.name);
        let Some(message) = message.filter(|message| is_whole(item, message)) else {
            continue;
        };
        let body = sizes.least(message);
        let header =
            framing.code.len(message.code.into()) + framing.size.map_or(0, |size| size.len(body));
        let least = header + body;
        if least < min {
            let text = format!("{} can be {least} bytes long", item.title);
            report.push(
                Mistake::new("below-min-size", item.span, text)
                    .label(format!("less than {min} are not processed"))
                    .help("make it longer, or make `min_size` of `framing` smaller"),
            );
        }
    }
}

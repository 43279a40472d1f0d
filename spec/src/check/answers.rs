//! What answers what, and whether a receiver can tell.

use super::messages::is_whole;
use super::scope::Scope;
use crate::diagnostic::{Mistake, Report};
use crate::model::{Direction, Message, Sizes, answers_by_code};
use crate::raw::{self, Item};
use crate::source::{Node, Span};

/// Checks both lists of answers, and makes one of them.
pub(super) fn check(
    all: &[Item<'_, raw::Message>],
    messages: &mut [Message],
    scope: &Scope<'_>,
    report: &mut Report,
) {
    for item in all {
        for (key, word, at) in listed(item) {
            let (request, answer) = match key {
                Key::Answers => (item.name, word),
                Key::AnswersTo => (word, item.name),
            };
            travels_back(word, at, (request, answer), messages, scope, report);
            if key == Key::AnswersTo {
                said_once(all, item, word, at, report);
            }
        }
    }
    let mut answered = Vec::new();
    for message in messages.iter() {
        for request in &message.answers_to {
            answered.push((request.clone(), message.name.clone()));
        }
    }
    for (request, answer) in answered {
        let request = messages.iter_mut().find(|message| message.name == request);
        if let Some(request) = request.filter(|request| !request.answers.contains(&answer)) {
            request.answers.push(answer);
        }
    }
}

/// The two lists: what answers a message, and what it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Answers,
    AnswersTo,
}

impl Key {
    const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::AnswersTo => "answers_to",
        }
    }
}

/// The words of both lists of a message, and where they stand.
fn listed<'n>(item: &Item<'n, raw::Message>) -> Vec<(Key, &'n str, Span)> {
    let mut listed = Vec::new();
    for key in [Key::Answers, Key::AnswersTo] {
        let elements = item.node.get(key.name()).map_or(&[][..], Node::elements);
        let words = elements
            .iter()
            .filter_map(|e| Some((key, e.text()?, e.span)));
        listed.extend(words);
    }
    listed
}

/// Refuses an answer that can only be sent in the direction of what it answers.
fn travels_back(
    word: &str,
    at: Span,
    (request, answer): (&str, &str),
    messages: &[Message],
    scope: &Scope<'_>,
    report: &mut Report,
) {
    let direction = |name: &str| {
        let message = messages.iter().find(|message| message.name == name)?;
        Some(message.direction).filter(|direction| *direction != Direction::Both)
    };
    if direction(request).is_some() && direction(request) == direction(answer) {
        let message = format!("`{answer}` cannot answer `{request}`");
        report.push(
            Mistake::new("wrong-direction", at, message)
                .label("both go in the same direction")
                .also(scope.direction(word), format!("direction of `{word}`"))
                .help("name a message that goes the other way, or write `direction: both`"),
        );
    }
}

/// Refuses an answer that both messages speak of.
fn said_once(
    all: &[Item<'_, raw::Message>],
    item: &Item<'_, raw::Message>,
    request: &str,
    at: Span,
    report: &mut Report,
) {
    let request = all.iter().find(|other| other.name == request);
    let elements = request
        .and_then(|request| request.node.get(Key::Answers.name()))
        .map_or(&[][..], Node::elements);
    if let Some(element) = elements.iter().find(|e| e.text() == Some(item.name)) {
        let message = format!("it is said twice that `{}` answers this message", item.name);
        report.push(
            Mistake::new("answered-twice", at, message)
                .label("second time")
                .also(element.span, "first time")
                .help("remove it from one of the lists"),
        );
    }
}

/// Checks that of messages with one code each can be told from the others.
pub(super) fn selectable(
    all: &[Item<'_, raw::Message>],
    messages: &[Message],
    sizes: Sizes<'_>,
    report: &mut Report,
) {
    for item in all {
        let Some(message) = messages.iter().find(|message| message.name == item.name) else {
            continue;
        };
        without_generic(item, message, messages, report);
        for request in &message.answers_to {
            ambiguous(item, message, request, (messages, all), sizes, report);
        }
    }
}

/// Refuses a code that only answers to particular requests have: without the request, nothing says
/// how to read them. Told once, of the first of them.
fn without_generic(
    item: &Item<'_, raw::Message>,
    message: &Message,
    messages: &[Message],
    report: &mut Report,
) {
    let same: Vec<_> = messages
        .iter()
        .filter(|other| other.code == message.code)
        .collect();
    let is_first = same.first().is_some_and(|first| first.name == message.name);
    if is_first && same.len() > 1 && same.iter().all(|other| !other.answers_to.is_empty()) {
        let text = format!(
            "{} messages have the code 0x{:02X}, and each answers particular requests",
            same.len(),
            message.code
        );
        report.push(
            Mistake::new("no-generic-message", item.at("code"), text)
                .label("while the request is not known, none of them can be read")
                .help("add a message of this code without `answers_to`, which says what they have in common"),
        );
    }
}

/// Refuses an answer that cannot be told from another answer to the same request, or whose request
/// cannot be told from others.
fn ambiguous(
    item: &Item<'_, raw::Message>,
    message: &Message,
    request: &str,
    (messages, all): (&[Message], &[Item<'_, raw::Message>]),
    sizes: Sizes<'_>,
    report: &mut Report,
) {
    let place = |name: &str| all.iter().find(|other| other.name == name).map(|o| o.span);
    let Some(asked) = messages.iter().find(|other| other.name == request) else {
        return;
    };
    let twin = messages
        .iter()
        .find(|other| other.code == asked.code && other.name != asked.name);
    if let Some(twin) = twin {
        let index = message.answers_to.iter().position(|name| name == request);
        let at = item.at_element("answers_to", index.unwrap_or(0));
        let text = format!(
            "`{request}` cannot be told from `{}` by its code",
            twin.name
        );
        let mistake = Mistake::new("ambiguous-request", at, text).help(
            "only a message whose code no other has can be answered by messages that share one",
        );
        report.push(match place(&twin.name) {
            Some(at) => mistake.also(at, format!("`{}` has the same code", twin.name)),
            None => mistake,
        });
    }
    let candidates = answers_by_code(messages, message.code, request);
    let Some((first, others)) = candidates.split_first() else {
        return;
    };
    // Told once, of the last of them, and only if all of them could be read.
    let last = others.last().is_some_and(|last| last.name == message.name);
    let readable = candidates.iter().all(|candidate| {
        let item = all.iter().find(|item| item.name == candidate.name);
        item.is_some_and(|item| is_whole(item, candidate))
    });
    if last && readable && sizes.selector(&candidates).is_none() {
        let text = format!(
            "{} answers `{request}` with the code of `{}`, and nothing tells them apart",
            item.title, first.name
        );
        let mistake = Mistake::new("ambiguous-answer", item.span, text)
            .help("give both a field at the same place, with `const` and a number of its own");
        report.push(match place(&first.name) {
            Some(at) => mistake.also(at, format!("`{}` is here", first.name)),
            None => mistake,
        });
    }
}

//! Which message a code stands for: alone, or as the answer to a request.

use iotmp_spec::model::Message;

use crate::codec::walk::Walk;
use crate::codec::{Class, Codec, Refusal};

/// What a code stands for.
pub(super) enum Role<'s> {
    /// This message.
    Known(&'s Message),
    /// One of several answers, of which this is the first; but which, the bytes do not say.
    Refused(&'s Message, Peek),
    /// No message of the specification.
    Unknown,
}

/// Why a number that decides between messages decides for none.
pub(super) struct Peek {
    class: Class,
    /// Bytes from the start of the body.
    offset: usize,
    field: String,
    detail: String,
}

impl<'s> Role<'s> {
    pub(super) const fn message(&self) -> Option<&'s Message> {
        match self {
            Self::Known(message) | Self::Refused(message, _) => Some(message),
            Self::Unknown => None,
        }
    }
}

impl Peek {
    /// The refusal, where `walk` stands at the start of the body.
    pub(super) fn refuse(&self, walk: &Walk<'_>) -> Refusal {
        let mut refusal = walk.refuse(self.class, walk.at() + self.offset, self.detail.as_str());
        crate::path::push_name(&mut refusal.path, &self.field);
        refusal
    }
}

/// What `code` stands for, with what `rest` holds behind it.
pub(super) fn role<'s>(codec: &Codec<'s>, code: u32, rest: &[u8]) -> Role<'s> {
    let alone = || match codec.spec.message_by_code(code) {
        Some(message) => Role::Known(message),
        None => Role::Unknown,
    };
    let Some(request) = codec.request else {
        return alone();
    };
    let answers = codec.spec.answers_by_code(code, &request.name);
    match (answers.as_slice(), codec.spec.selector(&answers)) {
        ([], _) => alone(),
        ([only], _) => Role::Known(only),
        // The checks of a specification see to it that several have a selector.
        ([_, ..], None) => alone(),
        ([first, ..], Some(selector)) => {
            let mut ahead = Walk::new(rest, 0);
            if let Some(size) = codec.spec.framing.size {
                // A size that cannot be read is refused before the body is.
                let _ = ahead.number(size, "message size");
            }
            let body = ahead.rest();
            let start = body
                .len()
                .min(usize::try_from(selector.offset).unwrap_or(usize::MAX));
            let mut ahead = Walk::new(body.get(start..).unwrap_or_default(), 0);
            let refused = |class, detail| {
                let field = selector.field.clone();
                let peek = Peek {
                    class,
                    offset: start,
                    field,
                    detail,
                };
                Role::Refused(first, peek)
            };
            let number = match ahead.number(selector.encoding, "number") {
                Ok(number) => number,
                Err(refusal) => return refused(refusal.class, refusal.detail),
            };
            let mut cases = selector.cases.iter();
            let chosen = cases.find(|(value, _)| *value == number);
            match chosen.and_then(|(_, name)| codec.spec.message(name)) {
                Some(message) => Role::Known(message),
                None => {
                    let values = selector.cases.iter().map(|(value, _)| value.to_string());
                    let values: Vec<_> = values.collect();
                    let detail = format!("number {number}, but expected {}", values.join(" or "));
                    refused(Class::Constant, detail)
                }
            }
        }
    }
}

//! Which of several messages of one code an answer is, and how large messages are.

use super::{Body, Enum, Extent, Field, FieldType, IntEncoding, Message, Spec};

/// What tells the messages of one code that answer one request from each other: a number that each
/// of them has at the same place, with a value of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Name of the field in the first of them.
    pub field: String,
    /// Where the number begins, in bytes from the start of the body.
    pub offset: u64,
    /// How it is written.
    pub encoding: IntEncoding,
    /// The value and the name of each message.
    pub cases: Vec<(u64, String)>,
}

impl Spec {
    /// The messages of a code that answer `request` and say so themselves. More than one have a
    /// [`selector`](Self::selector).
    #[must_use]
    pub fn answers_by_code(&self, code: u32, request: &str) -> Vec<&Message> {
        answers_by_code(&self.messages, code, request)
    }

    /// What tells these messages from each other.
    #[must_use]
    pub fn selector(&self, messages: &[&Message]) -> Option<Selector> {
        self.sizes().selector(messages)
    }

    /// How a number of a fixed layout is written; `None` for other fields.
    #[must_use]
    pub fn int_encoding(&self, field: &Field) -> Option<IntEncoding> {
        self.sizes().int_encoding(field)
    }

    /// Bytes of a field of a fixed layout, if it always takes the same.
    #[must_use]
    pub fn width(&self, field: &Field) -> Option<u64> {
        self.sizes().width(field)
    }

    fn sizes(&self) -> Sizes<'_> {
        Sizes {
            body: &self.body,
            enums: &self.enums,
        }
    }
}

/// The messages of a code that say of themselves that they answer `request`.
pub(crate) fn answers_by_code<'m>(
    messages: &'m [Message],
    code: u32,
    request: &str,
) -> Vec<&'m Message> {
    messages
        .iter()
        .filter(|m| m.code == code && m.answers_to.iter().any(|name| name == request))
        .collect()
}

/// What the size of a field depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes<'s> {
    pub(crate) body: &'s Body,
    pub(crate) enums: &'s [Enum],
}

impl Sizes<'_> {
    fn int_encoding(&self, field: &Field) -> Option<IntEncoding> {
        let Body::Fixed(layout) = self.body else {
            return None;
        };
        match &field.ty {
            FieldType::Int(encoding) => Some(*encoding),
            FieldType::Enum(name) => {
                let model = self.enums.iter().find(|e| e.name == *name)?;
                Some(layout.int(model.bits))
            }
            _ => None,
        }
    }

    fn width(&self, field: &Field) -> Option<u64> {
        match field.ty {
            FieldType::Text(Extent::Exact(size)) | FieldType::Bytes(Extent::Exact(size)) => {
                Some(size.into())
            }
            _ => self.int_encoding(field)?.width().map(u64::from),
        }
    }

    /// Bytes of the shortest body that a message of a fixed layout can have.
    pub(crate) fn least(&self, message: &Message) -> u64 {
        let fields = message.fields.iter().filter(|field| field.mandatory);
        fields
            .map(|field| match field.ty {
                FieldType::Text(Extent::Prefixed(prefix))
                | FieldType::Bytes(Extent::Prefixed(prefix)) => prefix.len(0),
                _ => self.width(field).unwrap_or(0),
            })
            .sum()
    }

    pub(crate) fn selector(&self, messages: &[&Message]) -> Option<Selector> {
        let first = self.constants(messages.first()?);
        first.into_iter().find_map(|(offset, field)| {
            let encoding = self.int_encoding(field)?;
            let mut cases: Vec<(u64, String)> = Vec::new();
            for message in messages {
                let constants = self.constants(message);
                let value = constants
                    .iter()
                    .find(|(at, other)| *at == offset && self.int_encoding(other) == Some(encoding))
                    .and_then(|(_, other)| other.constant)?;
                if cases.iter().any(|(taken, _)| *taken == value) {
                    return None;
                }
                cases.push((value, message.name.clone()));
            }
            Some(Selector {
                field: field.name.clone(),
                offset,
                encoding,
                cases,
            })
        })
    }

    /// The numbers of a message that are constant and always stand at the same offset.
    fn constants<'m>(&self, message: &'m Message) -> Vec<(u64, &'m Field)> {
        let mut offset = 0;
        let mut found = Vec::new();
        for field in message.fields.iter().take_while(|field| field.mandatory) {
            if field.constant.is_some() {
                found.push((offset, field));
            }
            let Some(width) = self.width(field) else {
                break;
            };
            offset += width;
        }
        found
    }
}

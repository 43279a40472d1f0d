//! Messages, their fields, and what answers them.

use super::layout::{Layout, has_any, has_varint, max, part_max};
use super::names;
use super::position;
use super::scope::{Scope, choice, each, not_empty, refer};
use super::unique::{Unique, decimal, hex};
use super::unknown;
use super::vocabulary::{FIELD_TYPES, beyond, default_not_a_number, default_of_mandatory};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, Direction, Enum, Field, FieldType, KeyPart, KeyValue, Message};
use crate::raw::{self, Item, items};

pub(super) const DIRECTIONS: [(&str, Direction); 3] = [
    ("to-server", Direction::ToServer),
    ("to-device", Direction::ToDevice),
    ("both", Direction::Both),
];

/// What a message is checked against.
struct Checker<'a, 'n> {
    scope: &'a Scope<'n>,
    layout: &'a Layout,
    enums: &'a [Enum],
}

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
        layout,
        enums,
    };
    let mut messages = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a message", report);
        messages.extend(checker.message(item, report));
    }
    checker.codes(&all, report);
    if all.is_empty() && scope.root.get("messages").is_some_and(|node| node.is_map()) {
        let at = scope
            .root
            .entry("messages")
            .map_or(scope.root.span, |entry| entry.span);
        report.push(
            Mistake::new("no-messages", at, "the specification has no messages")
                .help("add one below `messages:`"),
        );
    }
    messages.sort_by_key(|message| message.code);
    messages
}

impl Checker<'_, '_> {
    fn codes(&self, all: &[Item<'_, raw::Message>], report: &mut Report) {
        let framing = self.layout.framing.as_ref();
        // The model holds codes in 32 bits, however wide the frame is.
        let bits = framing.map_or(32, |framing| framing.code.bits().min(32));
        let mut codes = Vec::new();
        for item in all {
            let Some(raw) = &item.raw else { continue };
            let at = item.at("code");
            if raw.code > max(bits) {
                report.push(beyond(
                    &item.title,
                    "code-beyond-framing",
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
            what: "code",
            write: hex,
            max: max(bits),
        };
        unique.numbers(&codes, report);
    }

    fn message(&self, item: &Item<'_, raw::Message>, report: &mut Report) -> Option<Message> {
        let fields = self.fields(item, report);
        let raw = item.raw.as_ref()?;
        self.scope.source(item, &raw.source, report);
        let what = format!("`doc` of {}", item.title);
        not_empty(&raw.doc, item.at("doc"), "empty-doc", &what, report);
        let direction = choice(
            &raw.direction,
            item.at("direction"),
            &DIRECTIONS,
            "unknown-direction",
            "direction",
            report,
        );
        let listed = raw.answers.as_deref().unwrap_or_default();
        let names = &self.scope.messages;
        let answers = each(
            item,
            "answers",
            listed,
            |word, at, report| {
                refer(word, at, names, "unknown-message", "message", report)
                    .then(|| word.to_owned())
            },
            report,
        );
        Some(Message {
            name: item.name.to_owned(),
            code: u32::try_from(raw.code).unwrap_or(u32::MAX),
            direction: direction?,
            fields,
            answers,
            doc: raw.doc.clone(),
            source: raw.source.clone(),
            position: position(item.span),
        })
    }

    fn fields(&self, message: &Item<'_, raw::Message>, report: &mut Report) -> Vec<Field> {
        let of = message.title.as_str();
        let all = items::<raw::Field>(message.node, "fields", "field", of, report);
        let layout = self.layout.body.as_ref();
        let layout = layout.map(|Body::KeyValue(layout)| layout);
        let max = layout.map_or(u32::MAX.into(), |layout| {
            part_max(layout, KeyPart::Field).min(u32::MAX.into())
        });
        let mut ids = Vec::new();
        let mut fields = Vec::new();
        for item in &all {
            names::snake(item.name, item.span, "a field", report);
            let Some(raw) = &item.raw else { continue };
            let at = item.at("id");
            ids.push((item.name, raw.id, at));
            if raw.id > max {
                let message = format!("{} cannot have the identifier {}", item.title, raw.id);
                report.push(
                    Mistake::new("field-beyond-key", at, message)
                        .label(format!("the key has room for 0 to {max}"))
                        .help("choose a smaller number"),
                );
            }
            fields.extend(self.field(item, raw, layout, report));
        }
        let unique = Unique {
            code: "duplicate-field-id",
            owners: "fields",
            what: "identifier",
            write: decimal,
            max,
        };
        unique.numbers(&ids, report);
        fields
    }

    fn field(
        &self,
        item: &Item<'_, raw::Field>,
        raw: &raw::Field,
        layout: Option<&KeyValue>,
        report: &mut Report,
    ) -> Option<Field> {
        self.scope.source(item, &raw.source, report);
        let what = format!("`doc` of {}", item.title);
        not_empty(&raw.doc, item.at("doc"), "empty-doc", &what, report);
        let ty = self.field_type(item, raw, report);
        if let (Some(ty), Some(layout)) = (&ty, layout) {
            travels(item, raw, ty, layout, report);
        }
        if let (Some(default), Some(ty)) = (raw.default, &ty) {
            self.default(item, ty, default, report);
        }
        default_of_mandatory_if_any(item, raw, report);
        Some(Field {
            name: item.name.to_owned(),
            id: u32::try_from(raw.id).unwrap_or(u32::MAX),
            ty: ty?,
            mandatory: raw.mandatory.unwrap_or(false),
            default: raw.default,
            doc: raw.doc.clone(),
            source: raw.source.clone(),
            position: position(item.span),
        })
    }

    fn field_type(
        &self,
        item: &Item<'_, raw::Field>,
        raw: &raw::Field,
        report: &mut Report,
    ) -> Option<FieldType> {
        let word = raw.ty.as_str();
        let map = raw.map.as_ref().filter(|map| {
            refer(
                map,
                item.at("map"),
                &self.scope.maps,
                "unknown-map",
                "map",
                report,
            )
        });
        if raw.map.is_some() && word != "any" {
            let message = format!("{} names a map, but its type is `{word}`", item.title);
            report.push(
                Mistake::new("map-without-any", item.at("map"), message)
                    .help("write `type: any`, or remove `map`"),
            );
        }
        match word {
            "any" => Some(FieldType::Any(map.cloned())),
            "varint8" => Some(FieldType::Varint(8)),
            "varint16" => Some(FieldType::Varint(16)),
            "varint32" => Some(FieldType::Varint(32)),
            "varint64" => Some(FieldType::Varint(64)),
            word if self.scope.enums.contains(&word) => Some(FieldType::Enum(word.to_owned())),
            word => {
                let words: Vec<_> = FIELD_TYPES
                    .iter()
                    .chain(&self.scope.enums)
                    .copied()
                    .collect();
                report.push(unknown(
                    "unknown-type",
                    item.at("type"),
                    "type",
                    word,
                    &words,
                ));
                None
            }
        }
    }

    fn default(
        &self,
        item: &Item<'_, raw::Field>,
        ty: &FieldType,
        default: u64,
        report: &mut Report,
    ) {
        let at = item.at("default");
        let bits = match ty {
            FieldType::Varint(bits) => Some(*bits),
            FieldType::Enum(name) => self.enums.iter().find(|e| e.name == *name).map(|e| e.bits),
            FieldType::Any(_) => {
                report.push(default_not_a_number(&item.title, "any", at));
                None
            }
        };
        if let Some(bits) = bits.filter(|bits| default > max(*bits)) {
            report.push(beyond(
                &item.title,
                "default-beyond-bits",
                default,
                bits,
                at,
            ));
        }
    }
}

fn default_of_mandatory_if_any(item: &Item<'_, raw::Field>, raw: &raw::Field, report: &mut Report) {
    if raw.default.is_some() {
        default_of_mandatory(item, raw.mandatory, report);
    }
}

/// Checks that a wire type can carry the field.
fn travels(
    item: &Item<'_, raw::Field>,
    raw: &raw::Field,
    ty: &FieldType,
    layout: &KeyValue,
    report: &mut Report,
) {
    let (carried, shape) = match ty {
        FieldType::Varint(_) | FieldType::Enum(_) => (has_varint(layout), "varint"),
        FieldType::Any(_) => (has_any(layout), "encoded"),
    };
    if !carried {
        let message = format!(
            "no wire type carries {}, whose type is `{}`",
            item.title, raw.ty
        );
        report.push(
            Mistake::new("no-wire-type", item.at("type"), message)
                .help(format!("add a wire type with `shape: {shape}`")),
        );
    }
}

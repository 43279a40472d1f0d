//! Messages and their fields.

use iotmp_spec::model::{Direction, Field, FieldType, Message, Spec};

use super::markdown::{self, Document, cell, link, table};
use super::source;
use crate::spec_tools::wire;

pub(super) fn chapter(spec: &Spec, document: &mut Document) {
    document.heading(2, "Messages");
    let rows = spec.messages.iter().map(|message| {
        vec![
            code(spec, message),
            link("message", &message.name),
            direction(message.direction).to_owned(),
            answers(message),
            cell(&message.doc),
        ]
    });
    let head = ["code", "name", "direction", "answered by", "meaning"];
    document.paragraph(table(&head, rows));
    for message in &spec.messages {
        let anchor = markdown::anchor("message", &message.name);
        let code = code(spec, message);
        document.heading(3, format!("{anchor}{code} `{}`", message.name));
        document.paragraph(cell(&message.doc));
        let mut line = format!("{} ", direction(message.direction));
        if !message.answers.is_empty() {
            line.push_str(&format!("· answered by {} ", answers(message)));
        }
        line.push_str(&format!("· source {}", source(spec, &message.source)));
        document.paragraph(line);
        if message.fields.is_empty() {
            document.paragraph("It has no fields.");
            continue;
        }
        let rows = message.fields.iter().map(|field| {
            vec![
                field.id.to_string(),
                format!("`{}`", field.name),
                ty(&field.ty),
                presence(field),
                keys(spec, field),
                cell(&field.doc),
                source(spec, &field.source),
            ]
        });
        let head = ["id", "name", "type", "presence", "key", "meaning", "source"];
        document.paragraph(table(&head, rows));
    }
}

fn code(spec: &Spec, message: &Message) -> String {
    let code = wire::number(spec.framing.code, message.code.into());
    format!("`{}`", wire::hex(&code))
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "device → server",
        Direction::ToDevice => "server → device",
        Direction::Both => "either way",
    }
}

fn answers(message: &Message) -> String {
    let answers: Vec<_> = message
        .answers
        .iter()
        .map(|answer| link("message", answer))
        .collect();
    answers.join(", ")
}

fn ty(ty: &FieldType) -> String {
    match ty {
        FieldType::Varint(bits) => format!("`varint{bits}`"),
        FieldType::Enum(name) => link("enum", name),
        FieldType::Any(None) => "`any`".to_owned(),
        FieldType::Any(Some(map)) => format!("`any`: {}", link("map", map)),
    }
}

fn presence(field: &Field) -> String {
    match (field.mandatory, field.default) {
        (true, _) => "mandatory".to_owned(),
        (false, None) => "optional".to_owned(),
        (false, Some(default)) => format!("optional, default {default}"),
    }
}

fn keys(spec: &Spec, field: &Field) -> String {
    let keys = wire::keys(spec, field);
    let keys: Vec<_> = keys
        .into_iter()
        .map(|(key, wire)| format!("`{key}` {wire}"))
        .collect();
    keys.join(", ")
}

//! Messages and their fields.

use iotmp_spec::model::{Body, Direction, Field, FieldType, Message, Spec};

use super::drawing;
use super::markdown::{self, Document, cell, link, table};
use super::source;
use crate::spec_tools::{wire, words};

pub(super) fn chapter(spec: &Spec, document: &mut Document) {
    document.heading(2, "Messages");
    let rows = spec.messages.iter().map(|message| {
        vec![
            code(spec, message),
            link("message", &message.name),
            direction(message.direction).to_owned(),
            links(&message.answers),
            cell(&message.doc),
        ]
    });
    let head = ["code", "name", "direction", "answered by", "meaning"];
    document.paragraph(table(&head, rows));
    if spec
        .messages
        .iter()
        .any(|message| !message.answers_to.is_empty())
    {
        document.paragraph(
            "Which of several messages of one code it is follows from the request that it answers, then from the field \
             that always holds one number. One of them stands for all where the request is not known.",
        );
    }
    for message in &spec.messages {
        let anchor = markdown::anchor("message", &message.name);
        let code = code(spec, message);
        document.heading(3, format!("{anchor}{code} `{}`", message.name));
        document.paragraph(cell(&message.doc));
        let mut line = format!("{} ", direction(message.direction));
        if !message.answers.is_empty() {
            line.push_str(&format!("· answered by {} ", links(&message.answers)));
        }
        if !message.answers_to.is_empty() {
            line.push_str(&format!("· answers {} ", links(&message.answers_to)));
        }
        line.push_str(&format!("· source {}", source(spec, &message.source)));
        document.paragraph(line);
        if message.fields.is_empty() {
            document.paragraph("It has no fields.");
            continue;
        }
        match &spec.body {
            Body::KeyValue(_) => key_value(spec, message, document),
            Body::Fixed(_) => fixed(spec, message, document),
        }
    }
}

fn key_value(spec: &Spec, message: &Message, document: &mut Document) {
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

fn fixed(spec: &Spec, message: &Message, document: &mut Document) {
    let width = |bytes: String| match bytes.parse::<u64>() {
        Ok(1) => "1 byte".to_owned(),
        Ok(_) => format!("{bytes} bytes"),
        Err(_) => bytes,
    };
    let code = spec
        .framing
        .code
        .width()
        .map_or("code".to_owned(), |bytes| {
            format!("code: {}", width(bytes.to_string()))
        });
    let mut boxes = vec![code];
    for field in &message.fields {
        let label = format!("{}: {}", field.name, width(wire::extent(spec, field)));
        boxes.push(if field.mandatory {
            label
        } else {
            format!("[{label}]")
        });
    }
    document.block("text", &drawing::boxes(&boxes));
    let offsets = wire::offsets(spec, message);
    let rows = message.fields.iter().zip(offsets).map(|(field, offset)| {
        vec![
            offset.map_or_else(String::new, |offset| offset.to_string()),
            wire::extent(spec, field),
            format!("`{}`", field.name),
            ty(&field.ty),
            fixed_presence(spec, field),
            cell(&field.doc),
            source(spec, &field.source),
        ]
    });
    let head = [
        "offset", "bytes", "name", "type", "presence", "meaning", "source",
    ];
    document.paragraph(table(&head, rows));
}

fn fixed_presence(spec: &Spec, field: &Field) -> String {
    let Some(number) = field.constant else {
        return presence(field);
    };
    let name = match &field.ty {
        FieldType::Enum(name) => spec
            .enumeration(name)
            .and_then(|e| e.values.iter().find(|value| value.value == number))
            .map(|value| format!(" `{}`", value.name)),
        _ => None,
    };
    format!("always {number}{}", name.unwrap_or_default())
}

fn code(spec: &Spec, message: &Message) -> String {
    let code = wire::number(spec.framing.code, message.code.into());
    let letter = match code.as_slice() {
        [letter] if letter.is_ascii_alphabetic() => format!(" `{}`", char::from(*letter)),
        _ => String::new(),
    };
    format!("`{}`{letter}", wire::hex(&code))
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "device → server",
        Direction::ToDevice => "server → device",
        Direction::Both => "either way",
    }
}

fn links(messages: &[String]) -> String {
    let links: Vec<_> = messages.iter().map(|name| link("message", name)).collect();
    links.join(", ")
}

fn ty(ty: &FieldType) -> String {
    match ty {
        FieldType::Enum(name) => link("enum", name),
        FieldType::Any(Some(map)) => format!("`any`: {}", link("map", map)),
        ty => format!("`{}`", words::field_type(ty)),
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

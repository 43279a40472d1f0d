//! Enums and maps.

use iotmp_spec::model::{MapEntry, Spec};

use super::markdown::{self, Document, cell, link, table};
use super::source;

pub(super) fn chapter(spec: &Spec, document: &mut Document) {
    if !spec.enums.is_empty() {
        document.heading(2, "Enums");
        document.paragraph(if spec.enums.iter().any(|e| e.closed) {
            "An enum is open unless it is called closed: a number without a name survives."
        } else {
            "Enums are open: a number without a name survives."
        });
    }
    for e in &spec.enums {
        let anchor = markdown::anchor("enum", &e.name);
        document.heading(3, format!("{anchor}`{}`", e.name));
        document.paragraph(cell(&e.doc));
        let closed = if e.closed {
            ", closed: a field refuses a number without a name"
        } else {
            ""
        };
        document.paragraph(format!("{} bits{closed}", e.bits));
        let encodings = e.values.iter().any(|value| value.encoding.is_some());
        let rows = e.values.iter().map(|value| {
            let mut row = vec![
                value.value.to_string(),
                format!("`0x{:02x}`", value.value),
                format!("`{}`", value.name),
                cell(&value.doc),
            ];
            if encodings {
                let name = value.encoding.as_ref();
                row.push(name.map_or_else(String::new, |name| format!("`{name}`")));
            }
            row
        });
        let mut head = vec!["number", "hex", "name", "meaning"];
        if encodings {
            head.push("encoding of values");
        }
        document.paragraph(table(&head, rows));
    }
    if !spec.maps.is_empty() {
        document.heading(2, "Maps");
        document.paragraph("Values with known keys.");
    }
    for map in &spec.maps {
        let anchor = markdown::anchor("map", &map.name);
        document.heading(3, format!("{anchor}`{}`", map.name));
        document.paragraph(cell(&map.doc));
        let rows = map.entries.iter().map(|entry| {
            vec![
                format!("`{}`", cell(&entry.key)),
                format!("`{}`", entry.name),
                ty(spec, &entry.ty),
                presence(entry),
                cell(&entry.doc),
                source(spec, &entry.source),
            ]
        });
        let head = ["key", "name", "type", "presence", "meaning", "source"];
        document.paragraph(table(&head, rows));
    }
}

fn ty(spec: &Spec, ty: &str) -> String {
    match spec.enumeration(ty) {
        Some(_) => link("enum", ty),
        None => format!("`{ty}`"),
    }
}

fn presence(entry: &MapEntry) -> String {
    match (entry.mandatory, entry.default) {
        (true, _) => "mandatory".to_owned(),
        (false, None) => "optional".to_owned(),
        (false, Some(default)) if entry.ty == "boolean" => {
            format!("optional, default {}", default != 0)
        }
        (false, Some(default)) => format!("optional, default {default}"),
    }
}

//! Fields of key-value bodies: identifiers, types, and whether they can be written.

use super::{Checker, described};
use crate::check::layout::{has_any, has_varint, max, part_max};
use crate::check::scope::refer;
use crate::check::unique::{Unique, decimal};
use crate::check::vocabulary::{FIELD_TYPES, beyond, default_not_a_number, default_of_mandatory};
use crate::check::{names, position, unknown};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, Field, FieldType, KeyPart, KeyValue};
use crate::raw::{self, Item, items};

impl Checker<'_, '_> {
    /// The fields of a message in a key-value body, in the order of the file.
    pub(super) fn key_value(
        &self,
        message: &Item<'_, raw::Message>,
        report: &mut Report,
    ) -> Vec<Field> {
        let of = message.title.as_str();
        let all = items::<raw::Field>(message.node, "fields", "field", of, report);
        let layout = match self.body {
            Some(Body::KeyValue(layout)) => Some(layout),
            _ => None,
        };
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
            of: format!(" of {of}"),
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
        described(item, &raw.source, &raw.doc, self.scope, report);
        let ty = self.field_type(item, raw, report);
        if let (Some(ty), Some(layout)) = (&ty, layout) {
            self.travels(item, raw, ty, layout, report);
        }
        if let (Some(default), Some(ty)) = (raw.default, &ty) {
            self.default(item, raw, ty, default, report);
            default_of_mandatory(item, raw.mandatory, report);
        }
        Some(Field {
            name: item.name.to_owned(),
            id: u32::try_from(raw.id).unwrap_or(u32::MAX),
            ty: ty?,
            mandatory: raw.mandatory.unwrap_or(false),
            default: raw.default,
            constant: None,
            max: None,
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
        raw: &raw::Field,
        ty: &FieldType,
        default: u64,
        report: &mut Report,
    ) {
        let at = item.at("default");
        let bits = match ty {
            FieldType::Varint(bits) => Some(*bits),
            FieldType::Enum(name) => self.enums.iter().find(|e| e.name == *name).map(|e| e.bits),
            _ => {
                report.push(default_not_a_number(&item.title, &raw.ty, at));
                None
            }
        };
        if let Some(bits) = bits.filter(|bits| default > max(*bits)) {
            report.push(beyond(
                "default-beyond-bits",
                "default",
                &item.title,
                default,
                bits,
                at,
            ));
        }
    }

    /// Checks that a wire type can carry the field.
    fn travels(
        &self,
        item: &Item<'_, raw::Field>,
        raw: &raw::Field,
        ty: &FieldType,
        layout: &KeyValue,
        report: &mut Report,
    ) {
        let (carried, shape) = match ty {
            FieldType::Varint(_) | FieldType::Enum(_) => (has_varint(layout), "varint"),
            _ => (has_any(layout), "encoded"),
        };
        if !carried {
            let message = format!(
                "no wire type carries {}, whose type is `{}`",
                item.title, raw.ty
            );
            report.push(
                Mistake::new("no-wire-type", item.at("type"), message)
                    .also(self.scope.wire_types(), "the wire types")
                    .help(format!("add a wire type with `shape: {shape}`")),
            );
        }
    }
}

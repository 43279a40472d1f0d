//! Fields of fixed layouts: the prefix, a message's own, and what may stand where.

mod constant;
mod ty;

#[cfg(feature = "schema")]
pub(in crate::check) use self::ty::INTS;
pub(in crate::check) use self::ty::is_type_word;

use super::{Checker, described};
use crate::check::{names, position};
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, Extent, Field, FieldType};
use crate::raw::{self, Item, items};
use crate::source::Span;

impl Checker<'_, '_> {
    /// The fields that every message begins with.
    pub(super) fn fixed_prefix(&self, report: &mut Report) -> Vec<Field> {
        let Some(body) = self.scope.root.get("body") else {
            return Vec::new();
        };
        let all = items::<raw::FixedField>(body, "prefix", "field", "the prefix", report);
        let mut fields = self.all(&all, 0, report);
        // What is refused here has no part in telling messages apart.
        fields.retain(|field| {
            let Some(item) = all.iter().find(|item| item.name == field.name) else {
                return false;
            };
            let (what, at) = if !field.mandatory {
                ("optional", item.at("optional"))
            } else if is_open(field) {
                ("without an end", item.at("type"))
            } else {
                return true;
            };
            let message = format!("{} cannot be {what}", item.title);
            report.push(
                Mistake::new("optional-in-prefix", at, message)
                    .label("the fields of the message follow")
                    .help("only the end of a message may be left open"),
            );
            false
        });
        fields
    }

    /// The fields of a message in a fixed layout: those of the prefix, then its own in the order
    /// of the file.
    pub(super) fn fixed(
        &self,
        message: &Item<'_, raw::Message>,
        report: &mut Report,
    ) -> Vec<Field> {
        let of = message.title.as_str();
        let all = items::<raw::FixedField>(message.node, "fields", "field", of, report);
        let prefix = match self.body {
            Some(Body::Fixed(layout)) => layout.prefix.as_slice(),
            _ => &[],
        };
        for item in &all {
            if let Some(other) = prefix.iter().find(|field| field.name == item.name) {
                let at = Span {
                    file: other.position.file,
                    line: other.position.line,
                    column: other.position.column,
                    length: other.name.chars().count(),
                };
                report.push(
                    Mistake::new(
                        "shadows-prefix",
                        item.span,
                        format!("{} has the name of a field of the prefix", item.title),
                    )
                    .also(at, "every message begins with it")
                    .help("give it another name, or remove it"),
                );
            }
        }
        let own = self.all(&all, prefix.len(), report);
        order(&all, &own, report);
        prefix.iter().cloned().chain(own).collect()
    }

    /// The fields, the first of which has the place `start`. Those that could not be read are left out.
    fn all(
        &self,
        all: &[Item<'_, raw::FixedField>],
        start: usize,
        report: &mut Report,
    ) -> Vec<Field> {
        let mut fields = Vec::new();
        for (place, item) in all.iter().enumerate() {
            names::snake(item.name, item.span, "a field", report);
            let Some(raw) = &item.raw else { continue };
            described(item, &raw.source, &raw.doc, self.scope, report);
            let ty = self.fixed_type(item, raw, report);
            let constant = ty
                .as_ref()
                .and_then(|ty| self.constant(item, raw, ty, report));
            let Some(ty) = ty else { continue };
            ty::limit(item, raw, &ty, report);
            fields.push(Field {
                name: item.name.to_owned(),
                id: u32::try_from(start + place).unwrap_or(u32::MAX),
                ty,
                mandatory: !raw.optional.unwrap_or(false),
                default: None,
                constant,
                max: raw.max,
                doc: raw.doc.clone(),
                source: raw.source.clone(),
                position: position(item.span),
            });
        }
        fields
    }
}

/// Whether a field takes all that is left.
fn is_open(field: &Field) -> bool {
    matches!(
        field.ty,
        FieldType::Text(Extent::Rest) | FieldType::Bytes(Extent::Rest)
    )
}

/// Checks that nothing stands behind what may be left out, or takes all the rest.
fn order(all: &[Item<'_, raw::FixedField>], fields: &[Field], report: &mut Report) {
    let mut optional: Option<&Item<'_, raw::FixedField>> = None;
    let mut open: Option<&Item<'_, raw::FixedField>> = None;
    for item in all {
        let Some(field) = fields.iter().find(|field| field.name == item.name) else {
            continue;
        };
        if let Some(open) = open {
            report.push(
                Mistake::new(
                    "rest-not-last",
                    open.at("type"),
                    format!(
                        "{} leaves nothing for `{}` behind it",
                        open.title, item.name
                    ),
                )
                .also(item.span, format!("`{}` is here", item.name))
                .help("give it a length, or move it to the end"),
            );
            return;
        }
        match optional {
            Some(first) if field.mandatory => {
                report.push(
                    Mistake::new(
                        "mandatory-after-optional",
                        item.span,
                        format!("{} stands behind an optional one", item.title),
                    )
                    .label("without the other one its bytes would be taken for it")
                    .also(
                        first.at("optional"),
                        format!("`{}` is optional", first.name),
                    )
                    .help(format!(
                        "write `optional: true` here too, or move `{}` to the end",
                        first.name
                    )),
                );
                return;
            }
            None if !field.mandatory => optional = Some(item),
            _ => {}
        }
        if is_open(field) {
            open = Some(item);
        }
    }
}

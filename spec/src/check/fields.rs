//! Fields of messages, by the layout that they stand in.

mod fixed;
mod key_value;

#[cfg(feature = "schema")]
pub(super) use self::fixed::INTS;
pub(super) use self::fixed::is_type_word;

use super::layout::{Kind, Layout};
use super::scope::{Scope, not_empty};
use crate::diagnostic::Report;
use crate::model::{Body, Enum, Field};
use crate::raw::{self, Item};

/// What a field is checked against.
pub(super) struct Checker<'a, 'n> {
    pub(super) scope: &'a Scope<'n>,
    kind: Kind,
    body: Option<&'a Body>,
    enums: &'a [Enum],
}

impl<'a, 'n> Checker<'a, 'n> {
    pub(super) fn new(scope: &'a Scope<'n>, layout: &'a Layout, enums: &'a [Enum]) -> Self {
        Self {
            scope,
            kind: layout.kind,
            body: layout.body.as_ref(),
            enums,
        }
    }

    /// The fields that every message begins with; none where fields have keys.
    pub(super) fn prefix(&self, report: &mut Report) -> Vec<Field> {
        match self.kind {
            Kind::KeyValue => Vec::new(),
            Kind::Fixed => self.fixed_prefix(report),
        }
    }

    /// The fields of a message, in the order of the file.
    pub(super) fn fields(
        &self,
        message: &Item<'_, raw::Message>,
        report: &mut Report,
    ) -> Vec<Field> {
        match self.kind {
            Kind::KeyValue => self.key_value(message, report),
            Kind::Fixed => self.fixed(message, report),
        }
    }
}

/// Checks what every field says of itself, whatever its layout.
fn described<T>(
    item: &Item<'_, T>,
    source: &str,
    doc: &str,
    scope: &Scope<'_>,
    report: &mut Report,
) {
    scope.source(item, source, report);
    let what = format!("`doc` of {}", item.title);
    not_empty(doc, item.at("doc"), "empty-doc", &what, report);
}

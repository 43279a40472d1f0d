//! The fields of fixed layouts, where the place of a field is all that names it.

use iotmp_spec::model::{Body, Extent, Field, FieldType, Message, Spec};

use super::Comparison;
use super::pairing::{Pair, pairs};
use super::rules::{
    FIELD_CONSTANT, FIELD_MANDATORY, FIELD_NAMES, FIELD_NARROWER, FIELD_OPTIONAL, FIELD_RENAMED,
    FIELD_TYPE, FIELD_WIDER, LAYOUT_SHIFTED,
};
use crate::spec_tools::wire;
use crate::spec_tools::words;

/// What the fields that every message begins with are called.
const PREFIX: &str = "prefix";

impl Comparison<'_> {
    /// Compares the fields that every message begins with.
    pub(super) fn prefix(&mut self) {
        if let (Body::Fixed(old), Body::Fixed(new)) = (&self.old.body, &self.new.body) {
            let moved = self
                .old
                .messages
                .iter()
                .find_map(|old| Some((old, self.new.message(&old.name)?)))
                .map(|(old, new)| self.moved(old, new))
                .unwrap_or_default();
            self.placed_fields(PREFIX, &old.prefix, &new.prefix, moved);
        }
    }

    /// Compares the fields of a message that stand behind the prefix.
    pub(super) fn fixed_fields(&mut self, old: &Message, new: &Message) {
        let moved = self.moved(old, new);
        let (before, after) = (own(self.old, old), own(self.new, new));
        self.placed_fields(&old.name, before, after, moved);
    }

    /// The fields of a message that begin at another place: `payload at byte 33 → 34`.
    fn moved(&self, old: &Message, new: &Message) -> Vec<String> {
        let places = wire::offsets(self.new, new);
        let places: Vec<_> = new.fields.iter().zip(places).collect();
        let mut lines = Vec::new();
        for (field, before) in old.fields.iter().zip(wire::offsets(self.old, old)) {
            let after = places.iter().find(|(other, _)| other.name == field.name);
            if let Some((before, after)) = before.zip(after.and_then(|(_, at)| *at))
                && before != after
            {
                lines.push(format!(
                    "{}.{} at byte {before} → {after}",
                    old.name, field.name
                ));
            }
        }
        lines
    }

    fn placed_fields(&mut self, of: &str, old: &[Field], new: &[Field], moved: Vec<String>) {
        let same = |old: &Field, new: &Field| (old.id, &old.ty) == (new.id, &new.ty);
        let mut shifts = Vec::new();
        let mut order = Vec::new();
        for pair in pairs(old, new, |field| &field.name, same) {
            match pair {
                Pair::Both(before, after) => {
                    let subject = format!("{of}.{}", before.name);
                    shifts.extend(self.placed_field(&subject, before, after));
                    order.push(new.iter().position(|field| field == after));
                }
                Pair::Removed(field) => {
                    let what = format!("removed, {}", words::field_type(&field.ty));
                    shifts.push((format!("{of}.{}", field.name), what));
                }
                Pair::Added(field) => {
                    let what = format!("added, {}", words::field_type(&field.ty));
                    shifts.push((format!("{of}.{}", field.name), what));
                }
            }
        }
        if !order.is_sorted() {
            let names: Vec<_> = new.iter().map(|field| field.name.as_str()).collect();
            shifts.push((of.to_owned(), format!("now {}", names.join(", "))));
        }
        // Where fields went is told once, with the last of what moved them.
        let last = shifts.len().saturating_sub(1);
        for (index, (subject, what)) in shifts.into_iter().enumerate() {
            let bytes = if index == last {
                moved.clone()
            } else {
                Vec::new()
            };
            self.push_bytes(LAYOUT_SHIFTED, subject, what, bytes);
        }
    }

    /// Compares a field. Gives what shifts those behind it.
    fn placed_field(
        &mut self,
        subject: &str,
        old: &Field,
        new: &Field,
    ) -> Option<(String, String)> {
        if old.name != new.name {
            self.push(FIELD_RENAMED, subject, format!("now {}", new.name));
        }
        let what = format!(
            "{} → {}",
            words::field_type(&old.ty),
            words::field_type(&new.ty)
        );
        let mut shift = None;
        if taken(self.old, old) != taken(self.new, new) {
            shift = Some((subject.to_owned(), what));
        } else if kind(old) != kind(new) || !self.same_names(&old.ty, &new.ty) {
            self.push(FIELD_TYPE, subject, what);
        } else if is_enum(old) != is_enum(new) {
            self.push(FIELD_NAMES, subject, what);
        }
        if old.mandatory != new.mandatory {
            let (rule, what) = if new.mandatory {
                (FIELD_MANDATORY, "optional → mandatory")
            } else {
                (FIELD_OPTIONAL, "mandatory → optional")
            };
            self.push(rule, subject, what);
        }
        let word = |number: Option<u64>| number.map_or("none".to_owned(), |n| n.to_string());
        if old.constant != new.constant {
            let what = format!("{} → {}", word(old.constant), word(new.constant));
            self.push(FIELD_CONSTANT, subject, what);
        }
        if old.max != new.max {
            let most = |field: &Field| field.max.unwrap_or(u64::MAX);
            let rule = if most(old) > most(new) {
                FIELD_NARROWER
            } else {
                FIELD_WIDER
            };
            let what = format!("at most {} → {} bytes", word(old.max), word(new.max));
            self.push(rule, subject, what);
        }
        self.field_words(subject, old, new);
        shift
    }
}

/// The fields of a message behind the prefix.
fn own<'s>(spec: &Spec, message: &'s Message) -> &'s [Field] {
    let prefix = match &spec.body {
        Body::Fixed(layout) => layout.prefix.len(),
        Body::KeyValue(_) => 0,
    };
    message.fields.get(prefix..).unwrap_or_default()
}

/// What decides how many bytes a field takes.
#[derive(PartialEq, Eq)]
enum Taken {
    Exactly(u64),
    /// As many as a number of so many bits says.
    Prefixed(u8),
    Rest,
}

fn taken(spec: &Spec, field: &Field) -> Taken {
    if let Some(width) = spec.width(field) {
        return Taken::Exactly(width);
    }
    match field.ty {
        FieldType::Text(Extent::Prefixed(prefix)) | FieldType::Bytes(Extent::Prefixed(prefix)) => {
            Taken::Prefixed(prefix.bits())
        }
        _ => Taken::Rest,
    }
}

fn is_enum(field: &Field) -> bool {
    matches!(field.ty, FieldType::Enum(_))
}

/// What a field holds.
fn kind(field: &Field) -> &'static str {
    match field.ty {
        FieldType::Text(_) => "text",
        FieldType::Bytes(_) => "bytes",
        _ => "number",
    }
}

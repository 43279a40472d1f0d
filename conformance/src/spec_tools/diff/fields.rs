//! The fields of a message.

use iotmp_spec::model::{Field, FieldType, Message, Spec};

use super::Comparison;
use super::pairing::{Pair, now, pairs};
use super::rules::{
    FIELD_ADDED, FIELD_ADDED_MANDATORY, FIELD_DEFAULT, FIELD_ID, FIELD_MANDATORY, FIELD_MAP,
    FIELD_NAMES, FIELD_NARROWER, FIELD_OPTIONAL, FIELD_ORDER, FIELD_REMOVED, FIELD_RENAMED,
    FIELD_TYPE, FIELD_WIDER,
};
use crate::spec_tools::wire::{self, hex};
use crate::spec_tools::words;

impl Comparison<'_> {
    pub(super) fn fields(&mut self, old: &Message, new: &Message) {
        let pairs = pairs(&old.fields, &new.fields, |f| &f.name, |a, b| a.id == b.id);
        let mut order = Vec::new();
        for pair in &pairs {
            match *pair {
                Pair::Both(before, after) => {
                    let subject = format!("{}.{}", old.name, before.name);
                    self.field(&subject, before, after);
                    order.push(new.fields.iter().position(|field| field == after));
                }
                Pair::Removed(field) => {
                    let what = format!("identifier {}, {}", field.id, describe(self.old, field));
                    let bytes = keys(self.old, field);
                    let subject = format!("{}.{}", old.name, field.name);
                    self.push_bytes(FIELD_REMOVED, subject, what, bytes);
                }
                Pair::Added(field) => {
                    let rule = if field.mandatory {
                        FIELD_ADDED_MANDATORY
                    } else {
                        FIELD_ADDED
                    };
                    let what = format!("identifier {}, {}", field.id, describe(self.new, field));
                    let bytes = keys(self.new, field);
                    self.push_bytes(rule, format!("{}.{}", old.name, field.name), what, bytes);
                }
            }
        }
        if !order.is_sorted() {
            let names: Vec<_> = new.fields.iter().map(|field| field.name.as_str()).collect();
            self.push(FIELD_ORDER, &old.name, format!("now {}", names.join(", ")));
        }
    }

    fn field(&mut self, subject: &str, old: &Field, new: &Field) {
        if old.name != new.name {
            self.push(FIELD_RENAMED, subject, format!("now {}", new.name));
        }
        if old.id != new.id {
            let what = format!("identifier {} → {}", old.id, new.id);
            let bytes = wire::moved_keys((self.old, old), (self.new, new));
            self.push_bytes(FIELD_ID, subject, what, bytes);
        }
        self.field_type(subject, old, new);
        if old.mandatory != new.mandatory {
            let (rule, what) = if new.mandatory {
                (FIELD_MANDATORY, "optional → mandatory")
            } else {
                (FIELD_OPTIONAL, "mandatory → optional")
            };
            self.push_bytes(rule, subject, what, keys(self.new, new));
        }
        if old.default != new.default {
            let what = default(old.default, new.default);
            self.push(FIELD_DEFAULT, subject, what);
        }
        self.field_words(subject, old, new);
    }

    pub(super) fn field_words(&mut self, subject: &str, old: &Field, new: &Field) {
        let words = [
            ("doc", old.doc.as_str(), new.doc.as_str()),
            ("source", &old.source, &new.source),
        ];
        self.prose(subject, &words);
    }

    fn field_type(&mut self, subject: &str, old: &Field, new: &Field) {
        let what = format!(
            "{} → {}",
            words::field_type(&old.ty),
            words::field_type(&new.ty)
        );
        let bits = bits(self.old, &old.ty).zip(bits(self.new, &new.ty));
        if let Some((before, after)) = bits {
            let kept = self.same_names(&old.ty, &new.ty);
            if old.ty != new.ty && before == after && kept && !self.is_renamed(&old.ty, &new.ty) {
                self.push(FIELD_NAMES, subject, what.as_str());
            }
            if !kept {
                self.push(FIELD_TYPE, subject, what);
            } else if old.ty != new.ty && before < after {
                self.push(FIELD_WIDER, subject, what);
            } else if old.ty != new.ty && before > after {
                self.push_bytes(FIELD_NARROWER, subject, what, refused(after));
            }
            return;
        }
        match (&old.ty, &new.ty) {
            (FieldType::Any(before), FieldType::Any(after)) => {
                let before = before.as_deref().map(|map| now(&self.renamed.maps, map));
                if before != after.as_deref() {
                    let name = |map: Option<&str>| map.unwrap_or("any").to_owned();
                    let what = format!("{} → {}", name(before), name(after.as_deref()));
                    self.push(FIELD_MAP, subject, what);
                }
            }
            _ => {
                let keys = |spec: &Spec, field| keys(spec, field).join(", ");
                let bytes = format!("{} → {}", keys(self.old, old), keys(self.new, new));
                self.push_bytes(FIELD_TYPE, subject, what, vec![bytes]);
            }
        }
    }

    /// Whether the names that two types of number have for numbers do not contradict each other:
    /// they are of one enum, or only one of them has names.
    pub(super) fn same_names(&self, old: &FieldType, new: &FieldType) -> bool {
        match (old, new) {
            (FieldType::Enum(before), FieldType::Enum(after)) => {
                now(&self.renamed.enums, before) == after
            }
            _ => true,
        }
    }

    /// Whether two types are one enum under two names.
    fn is_renamed(&self, old: &FieldType, new: &FieldType) -> bool {
        matches!((old, new), (FieldType::Enum(_), FieldType::Enum(_))) && self.same_names(old, new)
    }
}

/// Where the numbers end that a type of so many bits can hold.
pub(super) fn refused(bits: u8) -> Vec<String> {
    let largest = u64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
    let next = hex(&wire::varint(largest.saturating_add(1)));
    vec![format!(
        "numbers above {largest} are refused, from {next} on"
    )]
}

/// A change of the number that is meant by absence.
pub(super) fn default(old: Option<u64>, new: Option<u64>) -> String {
    let word = |default: Option<u64>| default.map_or("none".to_owned(), |n| n.to_string());
    format!("default {} → {}", word(old), word(new))
}

/// Bits of a field that is a number.
fn bits(spec: &Spec, ty: &FieldType) -> Option<u8> {
    match ty {
        FieldType::Varint(bits) => Some(*bits),
        FieldType::Enum(name) => spec.enumeration(name).map(|e| e.bits),
        FieldType::Int(encoding) => Some(encoding.bits()),
        FieldType::Any(_) | FieldType::Text(_) | FieldType::Bytes(_) => None,
    }
}

fn describe(spec: &Spec, field: &Field) -> String {
    let presence = if field.mandatory {
        "mandatory"
    } else {
        "optional"
    };
    let ty = match &field.ty {
        FieldType::Enum(name) => match spec.enumeration(name) {
            Some(e) => format!("{name} of {} bits", e.bits),
            None => name.clone(),
        },
        ty => words::field_type(ty),
    };
    format!("{ty}, {presence}")
}

/// `key 0x1a (pson_v2)` for every wire type that a field travels under.
fn keys(spec: &Spec, field: &Field) -> Vec<String> {
    let keys = wire::keys(spec, field);
    keys.into_iter()
        .map(|(key, wire)| format!("key {key} ({wire})"))
        .collect()
}

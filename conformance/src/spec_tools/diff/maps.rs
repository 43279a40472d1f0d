//! Maps with known keys.

use iotmp_spec::model::{MapEntry, MapSchema, Spec};

use super::Comparison;
use super::fields::default;
use super::pairing::{self, Pair, now, pairs};
use super::rules::{
    ENTRY_ADDED, ENTRY_ADDED_MANDATORY, ENTRY_DEFAULT, ENTRY_KEY, ENTRY_MANDATORY, ENTRY_NAMES,
    ENTRY_OPTIONAL, ENTRY_REMOVED, ENTRY_RENAMED, ENTRY_TYPE, MAP_ADDED, MAP_REMOVED, MAP_RENAMED,
};
use crate::spec_tools::wire::{self, hex};
use crate::value::WireValue;

/// What numbers are called in a map, beside enums.
const INTEGER: &str = "integer";

impl Comparison<'_> {
    pub(super) fn maps(&mut self) {
        for pair in pairing::maps(self.old, self.new) {
            match pair {
                Pair::Both(old, new) => self.map(old, new),
                Pair::Removed(map) => self.push(MAP_REMOVED, &map.name, keys(map)),
                Pair::Added(map) => self.push(MAP_ADDED, &map.name, keys(map)),
            }
        }
    }

    fn map(&mut self, old: &MapSchema, new: &MapSchema) {
        if old.name != new.name {
            self.push(MAP_RENAMED, &old.name, format!("now {}", new.name));
        }
        let pairs = pairs(
            &old.entries,
            &new.entries,
            |entry| &entry.name,
            |old, new| old.key == new.key,
        );
        for pair in pairs {
            match pair {
                Pair::Both(before, after) => self.entry(old, before, after),
                Pair::Removed(entry) => {
                    let what = format!("key {:?}, {}", entry.key, entry.ty);
                    self.push(ENTRY_REMOVED, name(old, entry), what);
                }
                Pair::Added(entry) => {
                    let rule = if entry.mandatory {
                        ENTRY_ADDED_MANDATORY
                    } else {
                        ENTRY_ADDED
                    };
                    let what = format!("key {:?}, {}", entry.key, entry.ty);
                    self.push(rule, name(old, entry), what);
                }
            }
        }
        self.prose(&old.name, &[("doc", &old.doc, &new.doc)]);
    }

    fn entry(&mut self, map: &MapSchema, old: &MapEntry, new: &MapEntry) {
        let subject = name(map, old);
        if old.name != new.name {
            self.push(ENTRY_RENAMED, &subject, format!("now {}", new.name));
        }
        if old.key != new.key {
            let what = format!("key {:?} → {:?}", old.key, new.key);
            let written = |spec: &Spec, key: &str| {
                let text = WireValue::String(key.to_owned());
                wire::value(spec, &wire::values(spec)?.default_encoding, &text)
            };
            let before = written(self.old, &old.key);
            let bytes = before.zip(written(self.new, &new.key));
            let bytes = bytes.map(|(old, new)| format!("{} → {}", hex(&old), hex(&new)));
            self.push_bytes(ENTRY_KEY, &subject, what, bytes.into_iter().collect());
        }
        if now(&self.renamed.enums, &old.ty) != new.ty {
            let number = |spec: &Spec, ty: &str| ty == INTEGER || spec.enumeration(ty).is_some();
            let numbers = number(self.old, &old.ty) && number(self.new, &new.ty);
            let named = old.ty == INTEGER || new.ty == INTEGER;
            let rule = if numbers && named {
                ENTRY_NAMES
            } else {
                ENTRY_TYPE
            };
            self.push(rule, &subject, format!("{} → {}", old.ty, new.ty));
        }
        if old.mandatory != new.mandatory {
            let (rule, what) = if new.mandatory {
                (ENTRY_MANDATORY, "optional → mandatory")
            } else {
                (ENTRY_OPTIONAL, "mandatory → optional")
            };
            self.push(rule, &subject, what);
        }
        if old.default != new.default {
            self.push(ENTRY_DEFAULT, &subject, default(old.default, new.default));
        }
        let words = [
            ("doc", old.doc.as_str(), new.doc.as_str()),
            ("source", &old.source, &new.source),
        ];
        self.prose(&subject, &words);
    }
}

fn name(map: &MapSchema, entry: &MapEntry) -> String {
    format!("{}.{}", map.name, entry.name)
}

fn keys(map: &MapSchema) -> String {
    let keys: Vec<_> = map.entries.iter().map(|e| format!("{:?}", e.key)).collect();
    format!("keys {}", keys.join(", "))
}

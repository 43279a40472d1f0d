//! Enums.

use iotmp_spec::model::{Enum, EnumValue, FieldType, Spec};

use super::Comparison;
use super::fields::refused;
use super::pairing::{self, Pair, pairs};
use super::rules::{
    CLOSED_ENUM_VALUE, ENUM_ADDED, ENUM_CLOSED, ENUM_ENCODING, ENUM_NARROWER, ENUM_NUMBER,
    ENUM_OPENED, ENUM_REMOVED, ENUM_RENAMED, ENUM_VALUE_ADDED, ENUM_VALUE_REMOVED,
    ENUM_VALUE_RENAMED, ENUM_WIDER,
};
use crate::spec_tools::wire::{self, hex};

impl Comparison<'_> {
    pub(super) fn enums(&mut self) {
        for pair in pairing::enums(self.old, self.new) {
            match pair {
                Pair::Both(old, new) => self.enumeration(old, new),
                Pair::Removed(e) => {
                    let what = format!("{}{}", numbers(e), used(self.old, e));
                    self.push(ENUM_REMOVED, &e.name, what);
                }
                Pair::Added(e) => self.push(ENUM_ADDED, &e.name, numbers(e)),
            }
        }
    }

    fn enumeration(&mut self, old: &Enum, new: &Enum) {
        if old.name != new.name {
            self.push(ENUM_RENAMED, &old.name, format!("now {}", new.name));
        }
        let what = format!("{} → {} bits{}", old.bits, new.bits, used(self.old, old));
        if old.bits < new.bits {
            self.push(ENUM_WIDER, &old.name, what);
        } else if old.bits > new.bits {
            self.push_bytes(ENUM_NARROWER, &old.name, what, refused(new.bits));
        }
        if old.closed != new.closed {
            let rule = if new.closed { ENUM_CLOSED } else { ENUM_OPENED };
            self.push(
                rule,
                &old.name,
                format!("{}{}", numbers(new), used(self.old, old)),
            );
        }
        let pairs = pairs(
            &old.values,
            &new.values,
            |value| &value.name,
            |old, new| old.value == new.value,
        );
        let used = used(self.old, old);
        for pair in pairs {
            match pair {
                Pair::Both(before, after) => self.value(old, &used, before, after),
                Pair::Removed(value) => {
                    let what = format!("number {}{used}", value.value);
                    self.push(ENUM_VALUE_REMOVED, name(old, value), what);
                }
                Pair::Added(value) => {
                    let what = format!("number {}", value.value);
                    if old.closed {
                        let what = format!("{what}{used}");
                        self.push(CLOSED_ENUM_VALUE, name(old, value), what);
                    } else {
                        self.push(ENUM_VALUE_ADDED, name(old, value), what);
                    }
                }
            }
        }
        self.prose(&old.name, &[("doc", &old.doc, &new.doc)]);
    }

    fn value(&mut self, of: &Enum, used: &str, old: &EnumValue, new: &EnumValue) {
        let subject = name(of, old);
        if old.name != new.name {
            self.push(ENUM_VALUE_RENAMED, &subject, format!("now {}", new.name));
        }
        if old.value != new.value {
            let what = format!("number {} → {}{used}", old.value, new.value);
            let (before, after) = (wire::varint(old.value), wire::varint(new.value));
            let bytes = format!("as a varint {} → {}", hex(&before), hex(&after));
            self.push_bytes(ENUM_NUMBER, &subject, what, vec![bytes]);
        }
        if old.encoding != new.encoding {
            let word = |encoding: &Option<String>| encoding.clone().unwrap_or("none".to_owned());
            let what = format!("{} → {}", word(&old.encoding), word(&new.encoding));
            self.push(ENUM_ENCODING, &subject, what);
        }
        self.prose(&subject, &[("doc", &old.doc, &new.doc)]);
    }
}

fn name(of: &Enum, value: &EnumValue) -> String {
    format!("{}.{}", of.name, value.name)
}

fn numbers(e: &Enum) -> String {
    let numbers: Vec<_> = e
        .values
        .iter()
        .map(|value| value.value.to_string())
        .collect();
    format!("numbers {}", numbers.join(", "))
}

/// Where numbers of an enum travel: `, in connect.reason and connect_parameters[at]`.
fn used(spec: &Spec, e: &Enum) -> String {
    let mut places = Vec::new();
    for message in &spec.messages {
        let fields = message.fields.iter();
        let fields = fields.filter(|field| field.ty == FieldType::Enum(e.name.clone()));
        places.extend(fields.map(|field| format!("{}.{}", message.name, field.name)));
    }
    for map in &spec.maps {
        let entries = map.entries.iter().filter(|entry| entry.ty == e.name);
        places.extend(entries.map(|entry| format!("{}[{}]", map.name, entry.key)));
    }
    if places.is_empty() {
        return String::new();
    }
    format!(", in {}", places.join(" and "))
}

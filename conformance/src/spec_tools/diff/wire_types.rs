//! Wire types, and how values are written.

use iotmp_ref::pson::Integer;
use iotmp_spec::model::{KeyValue, Shape, Spec, Values, WireType};

use super::Comparison;
use super::pairing::{Pair, pairs};
use super::rules::{
    DEFAULT_ENCODING, ENCODING_ADDED, ENCODING_ORDER, ENCODING_REMOVED, INTEGERS, WIRE_TYPE_ADDED,
    WIRE_TYPE_ID, WIRE_TYPE_REMOVED, WIRE_TYPE_RENAMED, WIRE_TYPE_SHAPE,
};
use crate::spec_tools::wire::{self, hex};
use crate::spec_tools::words;
use crate::value::WireValue;

impl Comparison<'_> {
    pub(super) fn wire_types(&mut self, old: &KeyValue, new: &KeyValue) {
        let pairs = pairs(
            &old.wire_types,
            &new.wire_types,
            |wire| &wire.name,
            |old, new| old.id == new.id,
        );
        for pair in pairs {
            match pair {
                Pair::Both(before, after) => {
                    let keys = self.moved_keys((old, before), (new, after));
                    self.wire_type(before, after, keys);
                }
                Pair::Removed(wire) => {
                    let bytes = keys_under(self.old, old, wire);
                    let what = format!("number {}, {}", wire.id, words::shape(&wire.shape));
                    self.push_bytes(WIRE_TYPE_REMOVED, subject(wire), what, bytes);
                }
                Pair::Added(wire) => {
                    let bytes = keys_under(self.new, new, wire);
                    let what = format!("number {}, {}", wire.id, words::shape(&wire.shape));
                    self.push_bytes(WIRE_TYPE_ADDED, subject(wire), what, bytes);
                }
            }
        }
    }

    /// The keys of all fields that travel under a wire type in both, where they differ.
    fn moved_keys(
        &self,
        (old, before): (&KeyValue, &WireType),
        (new, after): (&KeyValue, &WireType),
    ) -> Vec<String> {
        let mut ids = Vec::new();
        for message in &self.new.messages {
            for field in &message.fields {
                if wire::wire_types(new, &field.ty).contains(&after) {
                    ids.push(field.id);
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        let keys = ids.into_iter().map(|id| {
            let (before, after) = (wire::key(old, id, before), wire::key(new, id, after));
            format!("key of field {id} {} → {}", hex(&before), hex(&after))
        });
        keys.collect()
    }

    fn wire_type(&mut self, old: &WireType, new: &WireType, keys: Vec<String>) {
        let subject = subject(old);
        if old.name != new.name {
            self.push(WIRE_TYPE_RENAMED, &subject, format!("now {}", new.name));
        }
        if old.id != new.id {
            let what = format!("number {} → {}", old.id, new.id);
            self.push_bytes(WIRE_TYPE_ID, &subject, what, keys);
        }
        match (&old.shape, &new.shape) {
            (Shape::Sized(before), Shape::Sized(after))
                if before.is_empty() == after.is_empty() =>
            {
                self.encodings(&subject, before, after);
            }
            (Shape::Encoded(before), Shape::Encoded(after)) => {
                self.encodings(&subject, before, after);
            }
            (before, after) if before != after => {
                let what = format!("{} → {}", words::shape(before), words::shape(after));
                self.push(WIRE_TYPE_SHAPE, &subject, what);
            }
            _ => {}
        }
        self.prose(&subject, &[("doc", &old.doc, &new.doc)]);
    }

    fn encodings(&mut self, subject: &str, old: &[String], new: &[String]) {
        let known = |names: &[String], name: &String| names.contains(name);
        for name in old.iter().filter(|name| !known(new, name)) {
            self.push(ENCODING_REMOVED, subject, name.as_str());
        }
        let order = |names: &[String], others: &[String]| -> Vec<(usize, String)> {
            let places = names.iter().cloned().enumerate();
            places.filter(|(_, name)| known(others, name)).collect()
        };
        if order(old, new) != order(new, old) {
            let what = format!("{} → {}", old.join(", "), new.join(", "));
            self.push(ENCODING_ORDER, subject, what);
        }
        for name in new.iter().filter(|name| !known(old, name)) {
            self.push(ENCODING_ADDED, subject, name.as_str());
        }
    }

    pub(super) fn values(&mut self, old: &Values, new: &Values) {
        if old.default_encoding != new.default_encoding {
            let what = format!("{} → {}", old.default_encoding, new.default_encoding);
            let example = WireValue::Array(vec![WireValue::String("a".to_owned()), five()]);
            let before = wire::value(self.old, &old.default_encoding, &example);
            let after = wire::value(self.new, &new.default_encoding, &example);
            let bytes = before
                .zip(after)
                .map(|(before, after)| {
                    let (before, after) = (hex(&before), hex(&after));
                    format!("every value, such as [\"a\", 5]: {before} → {after}")
                })
                .into_iter()
                .collect();
            self.push_bytes(DEFAULT_ENCODING, "values.default_encoding", what, bytes);
        }
        if old.integers_as_varint != new.integers_as_varint {
            let what = format!("{} → {}", old.integers_as_varint, new.integers_as_varint);
            let subject = "values.integers_as_varint";
            self.push_bytes(INTEGERS, subject, what, self.integer_fields());
        }
    }

    /// An integer as the whole of a field in both, as an example.
    fn integer_fields(&self) -> Vec<String> {
        let write = |spec: &Spec, message: &str, field: &str| {
            let field = spec.message(message)?.field(field)?;
            let layout = wire::key_value(spec)?;
            let wires = wire::wire_types(layout, &field.ty);
            let varint = |wire: &&&WireType| wire.shape == Shape::Varint;
            if let Some(wire) = wires.iter().find(varint) {
                let mut bytes = wire::key(layout, field.id, wire);
                bytes.extend(wire::varint(5));
                return Some(bytes);
            }
            let mut bytes = wire::key(layout, field.id, wires.first()?);
            let encoding = &layout.values.default_encoding;
            bytes.extend(wire::value(spec, encoding, &five())?);
            Some(bytes)
        };
        let mut fields = self.old.messages.iter().flat_map(|message| {
            let fields = message.fields.iter();
            fields.map(|field| (message.name.as_str(), field.name.as_str()))
        });
        let example = fields.find_map(|(message, field)| {
            let before = write(self.old, message, field)?;
            let after = write(self.new, message, field)?;
            let (old, new) = (hex(&before), hex(&after));
            (before != after).then(|| format!("such as {message}.{field} = 5: {old} → {new}"))
        });
        example.into_iter().collect()
    }
}

fn five() -> WireValue {
    WireValue::Integer(Integer::new(false, 5))
}

fn subject(wire: &WireType) -> String {
    format!("wire type {}", wire.name)
}

/// The keys of all fields that travel under a wire type.
fn keys_under(spec: &Spec, layout: &KeyValue, wire: &WireType) -> Vec<String> {
    let mut keys: Vec<_> = spec
        .messages
        .iter()
        .flat_map(|message| &message.fields)
        .filter(|field| wire::wire_types(layout, &field.ty).contains(&wire))
        .map(|field| hex(&wire::key(layout, field.id, wire)))
        .collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return Vec::new();
    }
    vec![format!("keys {}", keys.join(", "))]
}

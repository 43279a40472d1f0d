//! The frame, and the layout of bodies.

use iotmp_spec::model::{Body, ByteOrder, Fixed, Framing, IntEncoding, KeyValue};

use super::Comparison;
use super::rules::{
    BODY_LAYOUT, BYTE_ORDER, FRAMING, FRAMING_WIDER, KEY_LAYOUT, MIN_SIZE_LARGER, MIN_SIZE_SMALLER,
};
use crate::spec_tools::wire::{self, hex};
use crate::spec_tools::words;

/// A size, or a key, as an example.
const SIZE: u64 = 10;

impl Comparison<'_> {
    pub(super) fn frame(&mut self) {
        let (old, new) = (self.old, self.new);
        self.framing(&old.framing, &new.framing);
        match (&old.body, &new.body) {
            (Body::KeyValue(old), Body::KeyValue(new)) => {
                self.key(old, new);
                self.wire_types(old, new);
                self.values(&old.values, &new.values);
            }
            (Body::Fixed(old), Body::Fixed(new)) => self.fixed(old, new),
            (Body::KeyValue(_), Body::Fixed(_)) => {
                self.push(BODY_LAYOUT, "body.layout", "key-value → fixed");
            }
            (Body::Fixed(_), Body::KeyValue(_)) => {
                self.push(BODY_LAYOUT, "body.layout", "fixed → key-value");
            }
        }
    }

    fn framing(&mut self, old: &Framing, new: &Framing) {
        // A code that both write, and in another way if there is one.
        let codes = || self.old.messages.iter().map(|message| message.code.into());
        let differs = |code: &u64| wire::number(old.code, *code) != wire::number(new.code, *code);
        let code = codes().find(differs).or(codes().max()).unwrap_or_default();
        self.number("framing.code", Some(old.code), Some(new.code), code);
        self.number("framing.size", old.size, new.size, SIZE);
        if old.min_size != new.min_size {
            let word = |size: Option<u64>| match size {
                Some(size) => format!("{size} bytes"),
                None => "none".to_owned(),
            };
            let what = format!("{} → {}", word(old.min_size), word(new.min_size));
            let rule = if old.min_size < new.min_size {
                MIN_SIZE_LARGER
            } else {
                MIN_SIZE_SMALLER
            };
            self.push(rule, "framing.min_size", what);
        }
    }

    /// Compares how a number of the frame is written, with `example` as one.
    fn number(
        &mut self,
        subject: &str,
        old: Option<IntEncoding>,
        new: Option<IntEncoding>,
        example: u64,
    ) {
        if old == new {
            return;
        }
        let word = |number: Option<IntEncoding>| number.map_or("none".to_owned(), words::integer);
        let what = format!("{} → {}", word(old), word(new));
        match (old, new) {
            (Some(IntEncoding::Varint(old)), Some(IntEncoding::Varint(new))) if new > old => {
                self.push(FRAMING_WIDER, subject, what);
            }
            (Some(IntEncoding::Varint(_)), Some(IntEncoding::Varint(bits))) => {
                let largest = u64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
                let bytes = vec![format!("numbers above {largest} are refused")];
                self.push_bytes(FRAMING, subject, what, bytes);
            }
            _ => {
                let written = |number: Option<IntEncoding>| match number {
                    Some(number) => hex(&wire::number(number, example)),
                    None => "nothing".to_owned(),
                };
                let (before, after) = (written(old), written(new));
                let bytes = if before == after {
                    format!("up to {example} the bytes are the same")
                } else {
                    format!("such as {example}: {before} → {after}")
                };
                self.push_bytes(FRAMING, subject, what, vec![bytes]);
            }
        }
    }

    fn fixed(&mut self, old: &Fixed, new: &Fixed) {
        if old.byte_order != new.byte_order {
            let (before, after) = (old.byte_order, new.byte_order);
            let word = words::byte_order;
            let what = format!("{} → {}", word(before), word(after));
            let written = |order: ByteOrder| hex(&wire::number(order.int(16), 300));
            let bytes = format!("such as 300: {} → {}", written(before), written(after));
            self.push_bytes(BYTE_ORDER, "body.byte_order", what, vec![bytes]);
        }
    }

    fn key(&mut self, old: &KeyValue, new: &KeyValue) {
        let mut changed = Vec::new();
        if old.high != new.high {
            changed.push(format!(
                "high {} → {}",
                words::key_part(old.high),
                words::key_part(new.high)
            ));
        }
        if old.low_bits != new.low_bits {
            changed.push(format!("low_bits {} → {}", old.low_bits, new.low_bits));
        }
        if !changed.is_empty() {
            let bytes = self.field_keys(old, new);
            self.push_bytes(KEY_LAYOUT, "body.key", changed.join(", "), bytes);
        }
        self.number("body.key", Some(old.key), Some(new.key), SIZE);
    }

    /// The keys of the fields that both know, by identifier and wire type.
    fn field_keys(&self, old: &KeyValue, new: &KeyValue) -> Vec<String> {
        let mut lines = Vec::new();
        for message in &self.new.messages {
            for field in &message.fields {
                let known = self.old.message(&message.name);
                if known.and_then(|known| known.field(&field.name)).is_none() {
                    continue;
                }
                for wire in wire::wire_types(new, &field.ty) {
                    let named = old.wire_types.iter().find(|other| other.name == wire.name);
                    let Some(before) = named else { continue };
                    let (id, name) = (field.id, &wire.name);
                    let before = hex(&wire::key(old, id, before));
                    let after = hex(&wire::key(new, id, wire));
                    let line = format!("key of field {id} {before} → {after} ({name})");
                    if !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
        }
        lines.sort();
        lines
    }
}

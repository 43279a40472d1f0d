//! Bodies of key-value pairs: keys and wire types.

use super::{known_encoding, max, narrow};
use crate::check::scope::{choice, each};
use crate::check::unique::{Unique, decimal};
use crate::check::{names, unknown};
use crate::diagnostic::{Mistake, Report};
use crate::encoding::encoding;
use crate::model::{KeyPart, KeyValue, Shape, Values, WireType};
use crate::raw::{self, Item, items};
use crate::source::Span;

pub(in crate::check) const KEY_PARTS: [(&str, KeyPart); 2] =
    [("field", KeyPart::Field), ("wire-type", KeyPart::WireType)];
pub(in crate::check) const SHAPES: [&str; 5] = ["varint", "fixed4", "fixed8", "sized", "encoded"];

/// The layout, if every part of it could be read.
pub(super) fn key_value(
    item: &Item<'_, raw::KeyValue>,
    values: Values,
    report: &mut Report,
) -> Option<KeyValue> {
    let types = items::<raw::WireType>(item.node, "wire_types", "wire type", "", report);
    let mut wire_types = Vec::new();
    for ty in &types {
        names::snake(ty.name, ty.span, "a wire type", report);
        wire_types.extend(wire_type(ty, report));
    }
    let readable = wire_types.len() == types.len();
    let raw = item.raw.as_ref()?;
    let key = narrow(&raw.key, item.at("key"), "a key", report);
    let high = choice(
        &raw.high,
        item.at("high"),
        &KEY_PARTS,
        "unknown-key-part",
        "part of a key",
        report,
    );
    let (key, high) = (key?, high?);
    let low_bits = u8::try_from(raw.low_bits)
        .ok()
        .filter(|bits| (1..key.bits()).contains(bits));
    let Some(low_bits) = low_bits else {
        let message = format!("the low part of a key cannot have {} bits", raw.low_bits);
        report.push(
            Mistake::new("bad-low-bits", item.at("low_bits"), message)
                .help(format!("write 1 to {}", key.bits() - 1)),
        );
        return None;
    };
    let layout = KeyValue {
        key,
        high,
        low_bits,
        wire_types,
        values,
    };
    let max = part_max(&layout, KeyPart::WireType).min(u8::MAX.into());
    let mut ids = Vec::new();
    for ty in &types {
        let Some(raw) = &ty.raw else { continue };
        if raw.id > max {
            let message = format!("{} cannot have the number {}", ty.title, raw.id);
            report.push(
                Mistake::new("wire-type-beyond-bits", ty.at("id"), message)
                    .label(format!("the key has room for 0 to {max}"))
                    .help("choose a smaller number"),
            );
        }
        ids.push((ty.name, raw.id, ty.at("id")));
    }
    let unique = Unique {
        code: "duplicate-wire-type",
        owners: "wire types",
        of: String::new(),
        what: "number",
        write: decimal,
        max,
    };
    unique.numbers(&ids, report);
    // Without a wire type that could not be read, fields would seem to have none.
    readable.then_some(layout)
}

/// The largest number that a part of a key can hold.
pub(in crate::check) fn part_max(layout: &KeyValue, part: KeyPart) -> u64 {
    let bits = if layout.high == part {
        layout.key.bits().saturating_sub(layout.low_bits)
    } else {
        layout.low_bits
    };
    max(bits)
}

fn wire_type(item: &Item<'_, raw::WireType>, report: &mut Report) -> Option<WireType> {
    let raw = item.raw.as_ref()?;
    let listed = raw.encodings.as_deref().unwrap_or_default();
    let check = |name: &str, at: Span, report: &mut Report| {
        known_encoding(name, at, report).then(|| name.to_owned())
    };
    let encodings = each(item, "encodings", listed, check, report);
    let readable = !encodings.is_empty() || listed.is_empty();
    let shape = match raw.shape.as_str() {
        "varint" => Shape::Varint,
        "fixed4" => Shape::Fixed(4),
        "fixed8" => Shape::Fixed(8),
        "sized" => Shape::Sized(encodings),
        "encoded" => {
            delimits_itself(item, &encodings, report);
            Shape::Encoded(encodings)
        }
        word => {
            report.push(unknown(
                "unknown-shape",
                item.at("shape"),
                "shape",
                word,
                &SHAPES,
            ));
            return None;
        }
    };
    match &shape {
        Shape::Encoded(_) if listed.is_empty() => {
            let message = format!("{} names no encoding", item.title);
            report.push(
                Mistake::new("missing-encodings", item.span, message)
                    .help("add `encodings:` and a list; the first is the default"),
            );
            return None;
        }
        Shape::Varint | Shape::Fixed(_) if raw.encodings.is_some() => {
            let shape = &raw.shape;
            let message = format!("{} has encodings, but its shape is `{shape}`", item.title);
            report.push(
                Mistake::new("unused-encodings", item.at("encodings"), message)
                    .help("remove them, or write `shape: encoded` or `shape: sized`"),
            );
        }
        _ => {}
    }
    readable.then(|| WireType {
        name: item.name.to_owned(),
        // Refused above 255 by the caller.
        id: u8::try_from(raw.id).unwrap_or(u8::MAX),
        shape,
        doc: raw.doc.clone().unwrap_or_default(),
    })
}

/// Refuses a value without a size whose encoding does not tell where it ends.
fn delimits_itself(item: &Item<'_, raw::WireType>, encodings: &[String], report: &mut Report) {
    for name in encodings {
        if encoding(name).is_some_and(|info| !info.self_delimiting) {
            let message = format!("a value in `{name}` does not tell where it ends");
            report.push(
                Mistake::new("needs-size", item.at("encodings"), message)
                    .help("write `shape: sized`"),
            );
        }
    }
}

/// Whether a number can be written.
pub(in crate::check) fn has_varint(layout: &KeyValue) -> bool {
    layout.wire_types.iter().any(|ty| ty.shape == Shape::Varint)
}

/// Whether a value of type `any` can be written.
pub(in crate::check) fn has_any(layout: &KeyValue) -> bool {
    layout.wire_types.iter().any(|ty| match &ty.shape {
        Shape::Sized(encodings) | Shape::Encoded(encodings) => !encodings.is_empty(),
        Shape::Varint | Shape::Fixed(_) => false,
    })
}

/// Whether a wire type of that shape carries values in that encoding.
pub(super) fn carries(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Sized(encodings) | Shape::Encoded(encodings) => encodings.iter().any(|e| e == name),
        Shape::Varint | Shape::Fixed(_) => false,
    }
}

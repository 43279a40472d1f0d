//! The frame, the layout of a body, and how values are written.

use super::names;
use super::scope::{self, choice};
use super::unique::{Unique, decimal};
use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::encoding::{ENCODINGS, encoding};
use crate::model::{Body, Framing, IntEncoding, KeyPart, KeyValue, Shape, Values, WireType};
use crate::raw::{self, Item, item, items};
use crate::source::{Node, Span};

const INTEGERS: [(&str, IntEncoding); 11] = [
    ("varint8", IntEncoding::Varint(8)),
    ("varint16", IntEncoding::Varint(16)),
    ("varint32", IntEncoding::Varint(32)),
    ("varint64", IntEncoding::Varint(64)),
    ("u8", IntEncoding::BigEndian(1)),
    ("u16be", IntEncoding::BigEndian(2)),
    ("u16le", IntEncoding::LittleEndian(2)),
    ("u32be", IntEncoding::BigEndian(4)),
    ("u32le", IntEncoding::LittleEndian(4)),
    ("u64be", IntEncoding::BigEndian(8)),
    ("u64le", IntEncoding::LittleEndian(8)),
];
const KEY_PARTS: [(&str, KeyPart); 2] =
    [("field", KeyPart::Field), ("wire-type", KeyPart::WireType)];
const SHAPES: [&str; 5] = ["varint", "fixed4", "fixed8", "sized", "encoded"];
const LAYOUTS: [(&str, ()); 1] = [("key-value", ())];

/// How messages are laid out, as far as it could be read.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) framing: Option<Framing>,
    pub(super) body: Option<Body>,
}

pub(super) fn layout(root: &Node, report: &mut Report) -> Layout {
    Layout {
        framing: framing(root, report),
        body: body(root, report),
    }
}

fn framing(root: &Node, report: &mut Report) -> Option<Framing> {
    let entry = root
        .entry("framing")
        .filter(|entry| !entry.node.is_empty())?;
    let item = item::<raw::Framing>(&entry.node, &entry.name, entry.span, "`framing`", report);
    let raw = item.raw.as_ref()?;
    let code = integer(&raw.code, item.at("code"), report);
    let size = raw
        .size
        .as_ref()
        .map(|size| integer(size, item.at("size"), report));
    Some(Framing {
        code: code?,
        size: match size {
            Some(size) => Some(size?),
            None => None,
        },
    })
}

fn body(root: &Node, report: &mut Report) -> Option<Body> {
    let entry = root.entry("body").filter(|entry| !entry.node.is_empty())?;
    if let Some(layout) = entry.node.get("layout")
        && let Some(word) = layout.text()
    {
        choice(
            word,
            layout.span,
            &LAYOUTS,
            "unknown-layout",
            "layout",
            report,
        )?;
    }
    let item = item::<raw::KeyValue>(&entry.node, &entry.name, entry.span, "`body`", report);
    key_value(&item, report).map(Body::KeyValue)
}

fn key_value(item: &Item<'_, raw::KeyValue>, report: &mut Report) -> Option<KeyValue> {
    let types = items::<raw::WireType>(item.node, "wire_types", "wire type", "", report);
    let mut wire_types = Vec::new();
    for ty in &types {
        names::snake(ty.name, ty.span, "a wire type", report);
        wire_types.extend(wire_type(ty, report));
    }
    let raw = item.raw.as_ref()?;
    let key = integer(&raw.key, item.at("key"), report);
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
        what: "number",
        write: decimal,
        max,
    };
    unique.numbers(&ids, report);
    Some(layout)
}

/// The largest number that a part of a key can hold.
pub(super) fn part_max(layout: &KeyValue, part: KeyPart) -> u64 {
    let bits = if layout.high == part {
        layout.key.bits().saturating_sub(layout.low_bits)
    } else {
        layout.low_bits
    };
    max(bits)
}

/// The largest number of so many bits.
pub(super) fn max(bits: u8) -> u64 {
    1_u64
        .checked_shl(bits.into())
        .map_or(u64::MAX, |power| power - 1)
}

fn wire_type(item: &Item<'_, raw::WireType>, report: &mut Report) -> Option<WireType> {
    let raw = item.raw.as_ref()?;
    let at = item.at("shape");
    let encodings = raw.encodings.as_deref().unwrap_or_default();
    let check = |name: &str, at: Span, report: &mut Report| {
        known_encoding(name, at, report).then(|| name.to_owned())
    };
    let encodings = scope::each(item, "encodings", encodings, check, report);
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
            report.push(unknown("unknown-shape", at, "shape", word, &SHAPES));
            return None;
        }
    };
    let listed = raw.encodings.as_ref().map_or(0, Vec::len);
    match &shape {
        Shape::Encoded(_) if listed == 0 => report.push(
            Mistake::new(
                "missing-encodings",
                item.span,
                format!("{} names no encoding", item.title),
            )
            .help("add `encodings:` and a list; the first is the default"),
        ),
        Shape::Varint | Shape::Fixed(_) if raw.encodings.is_some() => report.push(
            Mistake::new(
                "unused-encodings",
                item.at("encodings"),
                format!(
                    "{} has encodings, but its shape is `{}`",
                    item.title, raw.shape
                ),
            )
            .help("remove them, or write `shape: encoded` or `shape: sized`"),
        ),
        _ => {}
    }
    Some(WireType {
        name: item.name.to_owned(),
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

pub(super) fn values(root: &Node, body: Option<&Body>, report: &mut Report) -> Option<Values> {
    let entry = root
        .entry("values")
        .filter(|entry| !entry.node.is_empty())?;
    let item = item::<raw::Values>(&entry.node, &entry.name, entry.span, "`values`", report);
    let raw = item.raw.as_ref()?;
    let name = raw.default_encoding.as_str();
    let at = item.at("default_encoding");
    if known_encoding(name, at, report)
        && let Some(Body::KeyValue(layout)) = body
        && !layout.wire_types.iter().any(|ty| carries(&ty.shape, name))
    {
        report.push(
            Mistake::new(
                "encoding-without-wire-type",
                at,
                format!("no wire type carries `{name}`"),
            )
            .help(format!("add `{name}` to the `encodings` of a wire type")),
        );
    }
    if raw.integers_as_varint
        && let Some(Body::KeyValue(layout)) = body
        && !has_varint(layout)
    {
        let message = "integers cannot travel as varints without a wire type for them";
        report.push(
            Mistake::new("no-wire-type", item.at("integers_as_varint"), message)
                .help("add a wire type with `shape: varint`"),
        );
    }
    Some(Values {
        default_encoding: name.to_owned(),
        integers_as_varint: raw.integers_as_varint,
    })
}

/// Whether a number can be written.
pub(super) fn has_varint(layout: &KeyValue) -> bool {
    layout.wire_types.iter().any(|ty| ty.shape == Shape::Varint)
}

/// Whether a value of type `any` can be written.
pub(super) fn has_any(layout: &KeyValue) -> bool {
    layout.wire_types.iter().any(|ty| match &ty.shape {
        Shape::Sized(encodings) | Shape::Encoded(encodings) => !encodings.is_empty(),
        Shape::Varint | Shape::Fixed(_) => false,
    })
}

fn carries(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Sized(encodings) | Shape::Encoded(encodings) => encodings.iter().any(|e| e == name),
        Shape::Varint | Shape::Fixed(_) => false,
    }
}

fn known_encoding(name: &str, at: Span, report: &mut Report) -> bool {
    let known = encoding(name).is_some();
    if !known {
        let names: Vec<_> = ENCODINGS.iter().map(|info| info.name).collect();
        report.push(unknown("unknown-encoding", at, "encoding", name, &names));
    }
    known
}

fn integer(word: &str, at: Span, report: &mut Report) -> Option<IntEncoding> {
    choice(
        word,
        at,
        &INTEGERS,
        "unknown-integer",
        "way to write a number",
        report,
    )
}

//! The frame, the layout of a body, and how values in it are written.

mod key_value;

use super::scope::choice;
use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::encoding::{ENCODINGS, encoding};
use crate::model::{Body, ByteOrder, Fixed, Framing, IntEncoding, KeyValue, Values};
use crate::raw::{self, item};
use crate::source::{Entry, Node, Span};

#[cfg(feature = "schema")]
pub(super) use self::key_value::{KEY_PARTS, SHAPES};
use self::key_value::{carries, key_value};
pub(super) use self::key_value::{has_any, has_varint, part_max};

pub(super) const INTEGERS: [(&str, IntEncoding); 11] = [
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
pub(super) const LAYOUTS: [(&str, Kind); 2] =
    [("key-value", Kind::KeyValue), ("fixed", Kind::Fixed)];
pub(super) const BYTE_ORDERS: [(&str, ByteOrder); 2] = [
    ("big-endian", ByteOrder::BigEndian),
    ("little-endian", ByteOrder::LittleEndian),
];

/// How messages are laid out, as far as it could be read.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) framing: Option<Framing>,
    pub(super) kind: Kind,
    /// Without the prefix, whose fields are read with those of messages.
    pub(super) body: Option<Body>,
    /// Whether the body is all that was written; some of it may stand in for what could not be read.
    pub(super) sound: bool,
}

/// The kinds of bodies, each with its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    KeyValue,
    Fixed,
}

pub(super) fn layout(root: &Node, report: &mut Report) -> Layout {
    let framing = framing(root, report);
    let kind = kind(root, report);
    let (body, sound) = match kind {
        Some(Kind::KeyValue) => {
            delimited(root, report);
            let values = values(root, report);
            let sound = values.is_some();
            // Fields are checked all the same.
            let body = key_value_body(root, values.unwrap_or_default(), report);
            if let Some(layout) = &body {
                travel(root, layout, report);
            }
            (body.map(Body::KeyValue), sound)
        }
        Some(Kind::Fixed) => {
            without_values(root, report);
            (fixed_body(root, report).map(Body::Fixed), true)
        }
        None => (None, false),
    };
    Layout {
        framing,
        kind: kind.unwrap_or(Kind::KeyValue),
        body,
        sound,
    }
}

/// The kind of the body, if that can be read. Says nothing of what is missing: that is for the keys.
fn kind(root: &Node, report: &mut Report) -> Option<Kind> {
    let Some(layout) = root.get("body").and_then(|body| body.get("layout")) else {
        return Some(Kind::KeyValue);
    };
    let Some(word) = layout.text() else {
        return Some(Kind::KeyValue);
    };
    choice(
        word,
        layout.span,
        &LAYOUTS,
        "unknown-layout",
        "layout",
        report,
    )
}

fn entry<'n>(root: &'n Node, key: &str) -> Option<&'n Entry> {
    root.entry(key).filter(|entry| !entry.node.is_empty())
}

fn framing(root: &Node, report: &mut Report) -> Option<Framing> {
    let entry = entry(root, "framing")?;
    let item = item::<raw::Framing>(&entry.node, &entry.name, entry.span, "`framing`", report);
    let raw = item.raw.as_ref()?;
    let code = narrow(&raw.code, item.at("code"), "the code of a message", report);
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
        min_size: raw.min_size,
    })
}

/// Refuses a frame without a size around a body that does not tell where it ends.
fn delimited(root: &Node, report: &mut Report) {
    if let Some(entry) = root.entry("framing")
        && entry.node.is_map()
        && entry.node.get("size").is_none()
    {
        report.push(
            Mistake::new(
                "missing-size",
                entry.span,
                "a body of key-value pairs does not tell where it ends",
            )
            .help("add `size:` and how it is written, e.g. `varint32`"),
        );
    }
}

fn key_value_body(root: &Node, values: Values, report: &mut Report) -> Option<KeyValue> {
    let entry = entry(root, "body")?;
    let item = item::<raw::KeyValue>(&entry.node, &entry.name, entry.span, "`body`", report);
    key_value(&item, values, report)
}

fn fixed_body(root: &Node, report: &mut Report) -> Option<Fixed> {
    let entry = entry(root, "body")?;
    let item = item::<raw::Fixed>(&entry.node, &entry.name, entry.span, "`body`", report);
    let raw = item.raw.as_ref()?;
    let byte_order = choice(
        &raw.byte_order,
        item.at("byte_order"),
        &BYTE_ORDERS,
        "unknown-byte-order",
        "byte order",
        report,
    )?;
    Some(Fixed {
        byte_order,
        prefix: Vec::new(),
    })
}

fn values(root: &Node, report: &mut Report) -> Option<Values> {
    let Some(entry) = root.entry("values") else {
        // Without a body there is one mistake, not two.
        let at = entry(root, "body")?.span;
        let message = "it is not said how values of type `any` are written";
        report.push(
            Mistake::new("missing-values", at, message)
                .help("add `values:` with `default_encoding:` and `integers_as_varint:`"),
        );
        return None;
    };
    if entry.node.is_empty() {
        return None;
    }
    let item = item::<raw::Values>(&entry.node, &entry.name, entry.span, "`values`", report);
    let raw = item.raw.as_ref()?;
    let name = raw.default_encoding.as_str();
    known_encoding(name, item.at("default_encoding"), report).then(|| Values {
        default_encoding: name.to_owned(),
        integers_as_varint: raw.integers_as_varint,
    })
}

/// Checks that wire types carry what `values` speaks of.
fn travel(root: &Node, layout: &KeyValue, report: &mut Report) {
    let Some(entry) = entry(root, "values") else {
        return;
    };
    let at = |key: &str| entry.node.get(key).map_or(entry.span, |node| node.span);
    let name = layout.values.default_encoding.as_str();
    if !name.is_empty() {
        carried(name, at("default_encoding"), layout, report);
    }
    if layout.values.integers_as_varint && !has_varint(layout) {
        let message = "integers cannot travel as varints without a wire type for them";
        report.push(
            Mistake::new("no-wire-type", at("integers_as_varint"), message)
                .help("add a wire type with `shape: varint`"),
        );
    }
}

/// Refuses an encoding that no wire type carries.
pub(super) fn carried(name: &str, at: Span, layout: &KeyValue, report: &mut Report) {
    if !layout.wire_types.iter().any(|ty| carries(&ty.shape, name)) {
        report.push(
            Mistake::new(
                "encoding-without-wire-type",
                at,
                format!("no wire type carries `{name}`"),
            )
            .help(format!("add `{name}` to the `encodings` of a wire type")),
        );
    }
}

fn without_values(root: &Node, report: &mut Report) {
    if let Some(entry) = root.entry("values") {
        let message = "the fields of a fixed layout hold no values of type `any`";
        report.push(Mistake::new("unused-values", entry.span, message).help("remove `values`"));
    }
}

pub(super) fn known_encoding(name: &str, at: Span, report: &mut Report) -> bool {
    let known = encoding(name).is_some();
    if !known {
        let names: Vec<_> = ENCODINGS.iter().map(|info| info.name).collect();
        report.push(unknown("unknown-encoding", at, "encoding", name, &names));
    }
    known
}

/// As [`integer`], of what the model holds in 32 bits.
fn narrow(word: &str, at: Span, what: &str, report: &mut Report) -> Option<IntEncoding> {
    let encoding = integer(word, at, report)?;
    if encoding.bits() > 32 {
        let message = format!("{what} cannot have {} bits", encoding.bits());
        report.push(Mistake::new("too-wide", at, message).help("write one of at most 32 bits"));
        return None;
    }
    Some(encoding)
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

/// The largest number of so many bits.
pub(super) fn max(bits: u8) -> u64 {
    1_u64
        .checked_shl(bits.into())
        .map_or(u64::MAX, |power| power - 1)
}

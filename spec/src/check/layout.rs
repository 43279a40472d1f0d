//! The frame, the layout of a body, and how values are written.

mod key_value;

use super::scope::choice;
use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::encoding::{ENCODINGS, encoding};
use crate::model::{Body, Framing, IntEncoding, Values};
use crate::raw::{self, item};
use crate::source::{Node, Span};

use self::key_value::{carries, key_value};
pub(super) use self::key_value::{has_any, has_varint, part_max};

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
const LAYOUTS: [(&str, ()); 1] = [("key-value", ())];

/// How messages are laid out, as far as it could be read.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) framing: Option<Framing>,
    pub(super) body: Option<Body>,
}

pub(super) fn layout(root: &Node, report: &mut Report) -> Layout {
    let framing = framing(root, report);
    let body = body(root, report);
    if let Some(Body::KeyValue(_)) = &body
        && let Some(entry) = root.entry("framing")
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
    Layout { framing, body }
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

/// The largest number of so many bits.
pub(super) fn max(bits: u8) -> u64 {
    1_u64
        .checked_shl(bits.into())
        .map_or(u64::MAX, |power| power - 1)
}

//! Enums and maps: the words that fields and values are made of.

use std::collections::BTreeMap;

use super::fields::is_type_word;
use super::layout::{carried, known_encoding, max};
use super::names;
use super::scope::{Scope, not_empty};
use super::unique::{Unique, decimal};
use super::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, Enum, EnumValue, MapEntry, MapSchema};
use crate::raw::{self, Item, items};
use crate::source::{Node, Span};

/// Types of fields, beside enums.
pub(super) const FIELD_TYPES: [&str; 5] = ["any", "varint8", "varint16", "varint32", "varint64"];
/// Types of map entries, beside enums.
pub(super) const VALUE_TYPES: [&str; 8] = [
    "integer", "float", "boolean", "string", "bytes", "map", "array", "any",
];
pub(super) const BITS: [u64; 4] = [8, 16, 32, 64];

pub(super) fn enums(root: &Node, body: Option<&Body>, report: &mut Report) -> Vec<Enum> {
    let all = items::<raw::Enum>(root, "enums", "enum", "", report);
    let mut enums = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "an enum", report);
        let taken = FIELD_TYPES.contains(&item.name) || VALUE_TYPES.contains(&item.name);
        if taken || is_type_word(item.name) {
            let message = format!("an enum cannot be called `{}`, which is a type", item.name);
            report.push(
                Mistake::new("reserved-name", item.span, message).help("choose another name"),
            );
        }
        enums.extend(enumeration(item, body, report));
    }
    enums
}

fn enumeration(
    item: &Item<'_, raw::Enum>,
    body: Option<&Body>,
    report: &mut Report,
) -> Option<Enum> {
    let listed = items::<raw::EnumValue>(item.node, "values", "value", &item.title, report);
    let bits = item
        .raw
        .as_ref()
        .and_then(|raw| bits(item, raw.bits, report));
    let mut values = Vec::new();
    let mut numbers = Vec::new();
    for value in &listed {
        names::snake(value.name, value.span, "a value", report);
        let Some(raw) = &value.raw else { continue };
        let at = value.at("value");
        numbers.push((value.name, raw.value, at));
        if let Some(bits) = bits.filter(|bits| raw.value > max(*bits)) {
            report.push(beyond(
                "value-beyond-bits",
                "number",
                &value.title,
                raw.value,
                bits,
                at,
            ));
        }
        values.push(EnumValue {
            name: value.name.to_owned(),
            value: raw.value,
            encoding: encoding(value, raw, body, report),
            doc: raw.doc.clone().unwrap_or_default(),
        });
    }
    let unique = Unique {
        code: "duplicate-value",
        owners: "values",
        of: format!(" of {}", item.title),
        what: "number",
        write: decimal,
        max: max(bits.unwrap_or(64)),
    };
    unique.numbers(&numbers, report);
    one_each(&listed, &values, report);
    let raw = item.raw.as_ref()?;
    Some(Enum {
        name: item.name.to_owned(),
        bits: bits?,
        closed: raw.closed.unwrap_or_default(),
        values,
        doc: raw.doc.clone().unwrap_or_default(),
    })
}

/// Checks that an encoding has one number.
fn one_each(listed: &[Item<'_, raw::EnumValue>], values: &[EnumValue], report: &mut Report) {
    let place = |value: &EnumValue| {
        let item = listed.iter().find(|item| item.name == value.name);
        item.map_or(Span::whole_file(0), |item| item.at("encoding"))
    };
    let mut first: BTreeMap<&str, &EnumValue> = BTreeMap::new();
    for value in values {
        let Some(encoding) = value.encoding.as_deref() else {
            continue;
        };
        let Some(other) = first.get(encoding) else {
            first.insert(encoding, value);
            continue;
        };
        let message = format!(
            "values `{}` and `{}` both stand for `{encoding}`",
            other.name, value.name
        );
        report.push(
            Mistake::new("duplicate-encoding", place(value), message)
                .label("second")
                .also(place(other), "first")
                .help("remove `encoding` from one of them"),
        );
    }
}

/// The encoding that a value stands for, if that can be used.
fn encoding(
    item: &Item<'_, raw::EnumValue>,
    raw: &raw::EnumValue,
    body: Option<&Body>,
    report: &mut Report,
) -> Option<String> {
    let name = raw.encoding.as_ref()?;
    let at = item.at("encoding");
    if !known_encoding(name, at, report) {
        return None;
    }
    match body {
        Some(Body::KeyValue(layout)) => carried(name, at, layout, report),
        Some(Body::Fixed(_)) => {
            let message = format!(
                "{} names an encoding of values, of which there are none",
                item.title
            );
            report.push(Mistake::new("unused-encoding", at, message).help("remove `encoding`"));
        }
        None => {}
    }
    Some(name.clone())
}

fn bits(item: &Item<'_, raw::Enum>, bits: u64, report: &mut Report) -> Option<u8> {
    let found = BITS
        .contains(&bits)
        .then(|| u8::try_from(bits).ok())
        .flatten();
    if found.is_none() {
        let message = format!("{} cannot have {bits} bits", item.title);
        report
            .push(Mistake::new("bad-bits", item.at("bits"), message).help("write 8, 16, 32 or 64"));
    }
    found
}

/// A number that does not fit.
pub(super) fn beyond(
    code: &'static str,
    what: &str,
    title: &str,
    number: u64,
    bits: u8,
    at: Span,
) -> Mistake {
    Mistake::new(
        code,
        at,
        format!("{what} {number} of {title} does not fit {bits} bits"),
    )
    .label(format!("at most {}", max(bits)))
    .help("choose a smaller number, or a wider type")
}

pub(super) fn maps(scope: &Scope<'_>, report: &mut Report) -> Vec<MapSchema> {
    let all = items::<raw::MapSchema>(scope.root, "maps", "map", "", report);
    let mut maps = Vec::new();
    for item in &all {
        names::snake(item.name, item.span, "a map", report);
        let entries = entries(item, scope, report);
        maps.extend(item.raw.as_ref().map(|raw| MapSchema {
            name: item.name.to_owned(),
            entries,
            doc: raw.doc.clone().unwrap_or_default(),
        }));
    }
    maps
}

fn entries(
    map: &Item<'_, raw::MapSchema>,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Vec<MapEntry> {
    let listed = items::<raw::MapEntry>(map.node, "entries", "entry", &map.title, report);
    let mut entries = Vec::new();
    let mut keys = BTreeMap::new();
    for item in &listed {
        names::snake(item.name, item.span, "an entry", report);
        let Some(raw) = &item.raw else { continue };
        scope.source(item, &raw.source, report);
        let at = item.at("key");
        let what = format!("`key` of {}", item.title);
        if not_empty(&raw.key, at, "empty-text", &what, report) {
            match keys.get(raw.key.as_str()) {
                None => {
                    keys.insert(raw.key.as_str(), (item.name, at));
                }
                Some((other, other_at)) => report.push(
                    Mistake::new(
                        "duplicate-map-key",
                        at,
                        format!(
                            "entries `{other}` and `{}` share key `{}`",
                            item.name, raw.key
                        ),
                    )
                    .label(format!("second use of `{}`", raw.key))
                    .also(*other_at, format!("first use, by `{other}`"))
                    .help(format!("give `{}` a key of its own", item.name)),
                ),
            }
        }
        value_type(item, raw, scope, report);
        entries.push(MapEntry {
            name: item.name.to_owned(),
            key: raw.key.clone(),
            ty: raw.ty.clone(),
            mandatory: raw.mandatory.unwrap_or(false),
            default: raw.default,
            doc: raw.doc.clone().unwrap_or_default(),
            source: raw.source.clone(),
        });
    }
    entries
}

/// Checks the type of an entry and the number meant by its absence.
fn value_type(
    item: &Item<'_, raw::MapEntry>,
    raw: &raw::MapEntry,
    scope: &Scope<'_>,
    report: &mut Report,
) {
    let ty = raw.ty.as_str();
    let words: Vec<_> = VALUE_TYPES.iter().chain(&scope.enums).copied().collect();
    if !words.contains(&ty) {
        report.push(unknown("unknown-type", item.at("type"), "type", ty, &words));
        return;
    }
    let Some(default) = raw.default else { return };
    let at = item.at("default");
    default_of_mandatory(item, raw.mandatory, report);
    match ty {
        "boolean" if default > 1 => report.push(
            Mistake::new(
                "default-beyond-bits",
                at,
                format!("{}: {default} is no boolean", item.title),
            )
            .help("write 0 for false or 1 for true"),
        ),
        "float" | "string" | "bytes" | "map" | "array" | "any" => {
            report.push(default_not_a_number(&item.title, ty, at));
        }
        _ => {}
    }
}

/// Refuses a default where there is always a value.
pub(super) fn default_of_mandatory<T>(
    item: &Item<'_, T>,
    mandatory: Option<bool>,
    report: &mut Report,
) {
    if mandatory == Some(true) {
        let message = format!("{} is mandatory and has a default", item.title);
        report.push(
            Mistake::new("default-on-mandatory", item.at("default"), message)
                .label("never used")
                .help("remove `default` or `mandatory`"),
        );
    }
}

pub(super) fn default_not_a_number(title: &str, ty: &str, at: Span) -> Mistake {
    let message = format!("{title} has a number as default, but its type is `{ty}`");
    Mistake::new("default-not-a-number", at, message).help("remove `default`, and say it in `doc`")
}

//! Types of fields in fixed layouts: numbers, and how long text and bytes are.

use crate::check::fields::Checker;
use crate::check::layout::max;
use crate::check::unknown;
use crate::diagnostic::{Mistake, Report};
use crate::model::{Body, ByteOrder, Extent, FieldType, IntEncoding};
use crate::raw::{self, Item};
use crate::source::Span;
use crate::suggest::did_you_mean;

/// Numbers, and what a length can be written as.
pub(in crate::check) const INTS: [(&str, u8); 4] =
    [("u8", 8), ("u16", 16), ("u32", 32), ("u64", 64)];
/// Types, as they are listed; `N` stands for a number.
const TYPES: [&str; 10] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "text[N]",
    "text[u8]",
    "text[rest]",
    "bytes[N]",
    "bytes[u8]",
    "bytes[rest]",
];
const REST: &str = "rest";
/// Whether a word is a type of a field here.
pub(in crate::check) fn is_type_word(word: &str) -> bool {
    INTS.iter().any(|(int, _)| *int == word)
}

impl Checker<'_, '_> {
    fn int(&self, bits: u8) -> IntEncoding {
        match self.body {
            Some(Body::Fixed(layout)) => layout.int(bits),
            _ => ByteOrder::BigEndian.int(bits),
        }
    }

    pub(super) fn fixed_type(
        &self,
        item: &Item<'_, raw::FixedField>,
        raw: &raw::FixedField,
        report: &mut Report,
    ) -> Option<FieldType> {
        let word = raw.ty.as_str();
        let at = item.at("type");
        if let Some((_, bits)) = INTS.iter().find(|(int, _)| *int == word) {
            return Some(FieldType::Int(self.int(*bits)));
        }
        if self.scope.enums.contains(&word) {
            return Some(FieldType::Enum(word.to_owned()));
        }
        let (kind, extent) = word
            .strip_suffix(']')
            .and_then(|word| word.split_once('['))
            .unwrap_or((word, ""));
        let make = match (kind, extent) {
            ("text", extent) if !extent.is_empty() => FieldType::Text,
            ("bytes", extent) if !extent.is_empty() => FieldType::Bytes,
            _ => {
                let words: Vec<_> = TYPES.iter().chain(&self.scope.enums).copied().collect();
                let mistake = unknown("unknown-type", at, "type", word, &words);
                report.push(match word {
                    "text" | "bytes" => mistake.help(format!(
                        "say how long it is: `{word}[N]` for N bytes, `{word}[u8]` for a length before it"
                    )),
                    _ => mistake,
                });
                return None;
            }
        };
        self.extent(extent, at, report).map(make)
    }

    fn extent(&self, word: &str, at: Span, report: &mut Report) -> Option<Extent> {
        if word == REST {
            return Some(Extent::Rest);
        }
        if let Some((_, bits)) = INTS.iter().find(|(int, _)| *int == word) {
            return Some(Extent::Prefixed(self.int(*bits)));
        }
        if word.chars().all(|c| c.is_ascii_digit()) {
            let size = word.parse().ok().filter(|size| *size > 0);
            if size.is_none() {
                let message = format!("a field cannot be {word} bytes long");
                report.push(
                    Mistake::new("bad-size", at, message)
                        .help(format!("write a number of 1 to {}", u32::MAX)),
                );
            }
            return size.map(Extent::Exact);
        }
        let words = INTS.iter().map(|(int, _)| *int).chain([REST]);
        report.push(
            Mistake::new("unknown-length", at, format!("there is no length `{word}`"))
                .help("write a number of bytes, `u8`, `u16`, `u32` or `u64` for a length before them, or `rest`")
                .maybe_help(did_you_mean(word, words)),
        );
        None
    }
}

/// Checks that a limit says something, and that the length before the field can say as much.
pub(super) fn limit(
    item: &Item<'_, raw::FixedField>,
    raw: &raw::FixedField,
    ty: &FieldType,
    report: &mut Report,
) {
    let Some(limit) = raw.max else { return };
    let at = item.at("max");
    match ty {
        FieldType::Text(extent @ Extent::Prefixed(_))
        | FieldType::Bytes(extent @ Extent::Prefixed(_)) => {
            if limit > extent.capacity() {
                let message = format!("the length before {} cannot say {limit}", item.title);
                let wider = INTS.iter().find(|(_, bits)| limit <= max(*bits));
                report.push(
                    Mistake::new("prefix-too-small", at, message)
                        .label(format!("at most {}", extent.capacity()))
                        .also(item.at("type"), "the length")
                        .help("choose a smaller number")
                        .maybe_help(wider.map(|(int, _)| {
                            format!("write a length of `{int}`, or choose a smaller number")
                        })),
                );
            }
        }
        FieldType::Text(Extent::Rest) | FieldType::Bytes(Extent::Rest) => {}
        _ => {
            let message = format!("{} has a limit, but its size is fixed", item.title);
            report.push(Mistake::new("unused-max", at, message).help("remove `max`"));
        }
    }
}

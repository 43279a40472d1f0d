//! Expected against got, with the bytes that differ marked.

use maud::{Markup, html};

use crate::codec::Codec;
use crate::report::CaseResult;
use crate::specs;
use crate::subject::{Side, fields};
use crate::verdict::Failure;

/// Bytes in a line of a dump.
const PER_LINE: usize = 8;

/// What was allowed, and beside it what came.
pub(super) fn side_by_side(spec: &str, case: &CaseResult, failure: &Failure) -> Markup {
    let (expected, got) = (as_bytes(&failure.expected), as_bytes(&failure.got));
    let last = case
        .transcript
        .iter()
        .rfind(|line| line.from == Side::Subject && !line.hex.is_empty());
    html! {
        div.sides {
            div {
                h4 { "Expected" }
                (side(spec, &failure.expected, expected.as_deref(), got.as_deref()))
            }
            div.got {
                h4 { "Got" }
                (side(spec, &failure.got, got.as_deref(), expected.as_deref()))
                @if let (None, Some(line)) = (&got, last) {
                    p.note { "The last bytes of the subject, " (line.note) ":" }
                    @if let Ok(bytes) = hex::decode(&line.hex) { (dump(&bytes, &[])) }
                    @if !line.fields.is_empty() { (rows(&line.fields)) }
                }
            }
        }
    }
}

fn side(spec: &str, said: &str, bytes: Option<&[u8]>, other: Option<&[u8]>) -> Markup {
    html! {
        @match bytes {
            Some(bytes) => {
                (dump(bytes, other.unwrap_or(bytes)))
                (annotated(spec, bytes))
            }
            None => p.said { (said) },
        }
    }
}

/// Hexadecimal lines; bytes that differ from those of `other` are marked, unless that is empty.
pub(super) fn dump(bytes: &[u8], other: &[u8]) -> Markup {
    let differs = |at: usize, byte: u8| !other.is_empty() && other.get(at) != Some(&byte);
    html! {
        pre.hex tabindex="0" {
            @for (row, line) in bytes.chunks(PER_LINE).enumerate() {
                span.note { (format!("{:>4}  ", row * PER_LINE)) }
                @for (column, byte) in line.iter().enumerate() {
                    @let hex = format!("{byte:02x}");
                    @if differs(row * PER_LINE + column, *byte) { mark { (hex) } } @else { (hex) }
                    " "
                }
                (" ".repeat((PER_LINE - line.len()) * 3))
                span.note { " " (line.iter().map(|byte| printable(*byte)).collect::<String>()) }
                "\n"
            }
        }
    }
}

/// The bytes field by field, as the suite's own codec reads them.
pub(super) fn annotated(spec: &str, bytes: &[u8]) -> Markup {
    html! {
        @if let Ok(spec) = specs::by_name(spec) { (rows(&fields(Codec::new(spec), bytes))) }
    }
}

fn rows(fields: &[String]) -> Markup {
    html! { pre.fields tabindex="0" { @for row in fields { (row) "\n" } } }
}

const fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' {
        byte as char
    } else {
        '·'
    }
}

/// The bytes, where a text is nothing but them.
fn as_bytes(said: &str) -> Option<Vec<u8>> {
    if said.is_empty() {
        return None;
    }
    hex::decode(said).ok()
}

//! Annotated bytes as a table for people.

use core::fmt::Write;

use super::{Annotation, Refusal};

/// Bytes shown on one line.
const PER_LINE: usize = 8;

/// A table of every byte that `annotations` name: offset, hex, field, meaning.
///
/// Offsets in the annotations are counted from the start of `bytes`; `base` is
/// added to those shown.
#[must_use]
pub fn explain(bytes: &[u8], annotations: &[Annotation], base: usize) -> String {
    let mut table = Table::new(bytes, annotations, base);
    for annotation in annotations {
        table.annotation(annotation);
    }
    table.out
}

/// The same table of refused bytes: what was read, what was not, and a line
/// that says where and why it ended.
#[must_use]
pub fn explain_refusal(bytes: &[u8], refusal: &Refusal, base: usize) -> String {
    let mut table = Table::new(bytes, &refusal.annotations, base);
    let mut read = 0;
    for annotation in &refusal.annotations {
        table.annotation(annotation);
        read = read.max(annotation.offset + annotation.length);
    }
    let Refusal {
        class,
        offset,
        path,
        detail,
        ..
    } = refusal;
    let stop = format!("✗ {class} at offset {}: {detail}", base + offset);
    // A body that ends early is named as far as it goes; the refusal then comes last.
    if read > *offset {
        table.unread(bytes, read);
        table.line(base + bytes.len(), &[], path, &stop);
    } else {
        table.line(base + offset, &[], path, &stop);
        table.unread(bytes, read);
    }
    table.out
}

struct Table<'a> {
    bytes: &'a [u8],
    base: usize,
    path_width: usize,
    out: String,
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8], annotations: &[Annotation], base: usize) -> Self {
        let widest = annotations.iter().map(|a| a.path.chars().count()).max();
        let path_width = widest.unwrap_or(0).clamp(5, 48);
        let mut table = Self {
            bytes,
            base,
            path_width,
            out: String::new(),
        };
        table.row("offset", "hex", "field", "meaning");
        table
    }

    fn annotation(&mut self, annotation: &Annotation) {
        let Annotation {
            offset,
            length,
            path,
            label,
            value,
        } = annotation;
        let bytes = self.bytes.get(*offset..offset + length).unwrap_or_default();
        let meaning = format!("{label}: {value}");
        self.line(self.base + offset, bytes, path, &meaning);
    }

    /// The bytes from `start` on that nobody read.
    fn unread(&mut self, bytes: &[u8], start: usize) {
        let rest = bytes.get(start..).unwrap_or_default();
        if !rest.is_empty() {
            self.line(self.base + start, rest, "", "not read");
        }
    }

    fn line(&mut self, offset: usize, bytes: &[u8], path: &str, meaning: &str) {
        if bytes.is_empty() {
            self.row(&offset.to_string(), "", path, meaning);
        }
        for (index, chunk) in bytes.chunks(PER_LINE).enumerate() {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let offset = (offset + index * PER_LINE).to_string();
            if index == 0 {
                self.row(&offset, &hex.join(" "), path, meaning);
            } else {
                self.row(&offset, &hex.join(" "), "", "");
            }
        }
    }

    fn row(&mut self, offset: &str, hex: &str, path: &str, meaning: &str) {
        let hex_width = PER_LINE * 3 - 1;
        let path_width = self.path_width;
        let row = format!("{offset:>6}  {hex:<hex_width$}  {path:<path_width$}  {meaning}");
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{}", row.trim_end());
    }
}

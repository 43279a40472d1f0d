//! Annotated bytes as a table for people.

use core::fmt::Write;

use super::{Annotation, Refusal};

/// Bytes shown on one line.
const PER_LINE: usize = 8;

/// Widest column of paths, in characters; a longer one pushes its meaning aside.
const PATH_WIDTH: usize = 48;

/// Most bytes shown of what was not read.
const UNREAD_SHOWN: usize = 8 * PER_LINE;

/// A table of every byte that `annotations` name: offset, hex, field, meaning.
///
/// Offsets in the annotations are counted from the start of `bytes`; `base` is
/// added to those shown.
#[must_use]
pub fn explain(bytes: &[u8], annotations: &[Annotation], base: usize) -> String {
    let mut table = Table::new(bytes, annotations, base);
    table.row("offset", "hex", "field", "meaning");
    for annotation in annotations {
        table.annotation(annotation);
    }
    table.out
}

/// The same table of refused bytes: what was read, and a line with what was not,
/// which says where and why reading ended.
#[must_use]
pub fn explain_refusal(bytes: &[u8], refusal: &Refusal, base: usize) -> String {
    let mut table = Table::new(bytes, &refusal.annotations, base);
    table.widen(&refusal.path);
    table.row("offset", "hex", "field", "meaning");
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
    let unread = bytes.get(read..).unwrap_or_default();
    // A body that ends early is named as far as it goes; the refusal comes last.
    if read > *offset {
        table.unread(base + read, unread, "", "not read");
        table.line(base + bytes.len(), &[], path, &stop);
    } else {
        table.unread(base + read, unread, path, &stop);
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
        let mut table = Self {
            bytes,
            base,
            path_width: "field".len(),
            out: String::new(),
        };
        for annotation in annotations {
            table.widen(&annotation.path);
        }
        table
    }

    /// Makes room for a path, within reason.
    fn widen(&mut self, path: &str) {
        self.path_width = self.path_width.max(path.chars().count()).min(PATH_WIDTH);
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

    /// Bytes that nobody read; of many only the first are shown.
    fn unread(&mut self, offset: usize, bytes: &[u8], path: &str, meaning: &str) {
        match bytes.split_at_checked(UNREAD_SHOWN) {
            Some((shown, more)) if !more.is_empty() => {
                self.line(offset, shown, path, meaning);
                let more = format!("… {} more", more.len());
                self.row(&(offset + UNREAD_SHOWN).to_string(), &more, "", "");
            }
            _ => self.line(offset, bytes, path, meaning),
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

//! The text of a specification: files, places in them, and the tree that they spell.

mod node;
mod parse;

use core::str::Utf8Error;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

pub(crate) use self::node::{Entry, Kind, Node};
pub(crate) use self::parse::parse;

/// Largest file that is read, in bytes.
pub(crate) const MAX_SIZE: usize = 4 << 20;
/// Deepest nesting of maps and lists that is read.
pub(crate) const MAX_DEPTH: usize = 64;

/// The bytes of a file, at most one more than [`MAX_SIZE`]. An error says in a few words why not.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = MAX_SIZE as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        })?;
    Ok(bytes)
}

/// A place in a file: some characters of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Index into [`Files`].
    pub(crate) file: usize,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// In characters; 0 means the whole file.
    pub(crate) length: usize,
}

impl Span {
    /// The file as a whole.
    pub(crate) const fn whole_file(file: usize) -> Self {
        Self {
            file,
            line: 1,
            column: 1,
            length: 0,
        }
    }
}

/// Every file read, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Files {
    list: Vec<Text>,
}

/// A file and where its lines are.
#[derive(Debug)]
pub(crate) struct Text {
    path: PathBuf,
    text: String,
    lines: Vec<Line>,
    /// Why the bytes are no text.
    not_utf8: Option<Utf8Error>,
}

#[derive(Debug)]
struct Line {
    /// Offset in bytes.
    start: usize,
    /// Offset in bytes of the line break.
    end: usize,
    /// Length in characters.
    chars: usize,
    /// Length in characters without spaces at the end.
    width: usize,
}

impl Files {
    /// Adds a file and gives its index.
    pub(crate) fn add(&mut self, path: PathBuf, bytes: Vec<u8>) -> usize {
        let (text, not_utf8) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => (
                String::from_utf8_lossy(error.as_bytes()).into_owned(),
                Some(error.utf8_error()),
            ),
        };
        let lines = lines(&text).collect();
        self.list.push(Text {
            path,
            text,
            lines,
            not_utf8,
        });
        self.list.len() - 1
    }

    pub(crate) fn get(&self, file: usize) -> Option<&Text> {
        self.list.get(file)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.list.iter().map(|file| file.path.as_path())
    }
}

impl Text {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A line by its number, from 1, without its end; empty behind the last.
    pub(crate) fn line(&self, number: usize) -> &str {
        self.lines
            .get(number.saturating_sub(1))
            .and_then(|line| self.text.get(line.start..line.end))
            .unwrap_or("")
    }
}

/// The lines of a text, by the line breaks of YAML: `\n`, `\r\n` and `\r`.
fn lines(text: &str) -> impl Iterator<Item = Line> {
    let mut next = Some(0);
    core::iter::from_fn(move || {
        let start = next?;
        let rest = text.get(start..)?;
        let size = rest.find(['\n', '\r']);
        let (line, tail) = rest.split_at(size.unwrap_or(rest.len()));
        let end = start + line.len();
        next = size.map(|_| end + if tail.starts_with("\r\n") { 2 } else { 1 });
        Some(Line {
            start,
            end,
            chars: line.chars().count(),
            width: line.trim_end().chars().count(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_yaml() {
        let mut files = Files::default();
        let file = files.add(PathBuf::from("x"), b"a \nb\r\n\xc3\xa4c\rd\n".to_vec());
        let file = files.get(file).expect("just added");
        let all: Vec<_> = (1..=6).map(|number| file.line(number)).collect();
        assert_eq!(all, ["a ", "b", "äc", "d", "", ""]);
        assert_eq!((file.lines[0].chars, file.lines[0].width), (2, 1));
        assert_eq!(file.lines[2].chars, 2);
        assert_eq!(file.lines.len(), 5);
    }
}

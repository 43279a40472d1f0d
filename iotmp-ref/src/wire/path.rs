//! Where in a message something stands, by name.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A way from a message down to a value in it, shown as
/// `Connect.payload[2].name`.
///
/// Built from the inside out while an error unwinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    innermost_first: Vec<Segment>,
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Segment {
    /// A message, by the name of its type.
    Message(&'static str),
    /// A field of a message.
    Field(&'static str),
    /// A value of a map, by its key.
    Key(String),
    /// An element of an array, counted from 0.
    Index(usize),
}

impl Path {
    pub(in crate::wire) fn push_outer(&mut self, segment: Segment) {
        self.innermost_first.push(segment);
    }

    /// Whether there is no step: the value itself.
    pub fn is_empty(&self) -> bool {
        self.innermost_first.is_empty()
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.innermost_first.iter().rev()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.segments().enumerate() {
            let dot = if depth == 0 { "" } else { "." };
            match segment {
                Segment::Message(name) | Segment::Field(name) => write!(f, "{dot}{name}")?,
                Segment::Key(key) if is_plain(key) => write!(f, "{dot}{key}")?,
                Segment::Key(key) => write_quoted(f, key)?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

const SHOWN_CHARS: usize = 64;

fn is_plain(key: &str) -> bool {
    (1..=SHOWN_CHARS).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// A peer chooses its keys: controls are escaped, and a long key is cut.
fn write_quoted(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    match key.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => write!(f, "[{:?}…]", key.get(..end).unwrap_or(key)),
        None => write!(f, "[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::{Path, Segment};

    fn path(outermost_first: &[Segment]) -> String {
        let mut path = Path::default();
        for segment in outermost_first.iter().rev() {
            path.push_outer(segment.clone());
        }
        path.to_string()
    }

    #[test]
    fn shown_as_an_expression() {
        use Segment::{Field, Index, Key, Message};
        assert_eq!(path(&[]), "");
        assert_eq!(
            path(&[
                Message("Connect"),
                Field("payload"),
                Index(2),
                Key("name".into())
            ]),
            "Connect.payload[2].name"
        );
        assert_eq!(path(&[Key("name".into()), Index(0)]), "name[0]");
    }

    #[test]
    fn odd_keys_are_quoted_and_long_ones_cut() {
        assert_eq!(path(&[Segment::Key("a.b\n".into())]), "[\"a.b\\n\"]");
        assert_eq!(path(&[Segment::Key(String::new())]), "[\"\"]");
        let shown = path(&[Segment::Key("ñ".repeat(1000))]);
        assert_eq!(shown.chars().count(), 64 + 5);
        assert!(shown.ends_with("\"…]"));
    }
}

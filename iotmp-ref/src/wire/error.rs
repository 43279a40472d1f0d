//! Why bytes could not be read; [`encode`] has why they could not be written.

mod encode;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::path::{Path, Segment};

pub use self::encode::{EncodeError, Unrepresentable};

/// Why received bytes were refused, and where.
///
/// One pointer in size, so that a good path pays nothing for it.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    /// Unknown while an error comes from outside of the decoder, such as a
    /// `Deserialize` that refuses a value; the decoder then fills it in.
    offset: Option<usize>,
    path: Path,
    kind: DecodeErrorKind,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end before the thing that they hold.
    Truncated {
        /// The thing that was being read.
        what: &'static str,
        /// How many bytes it takes from the offset on.
        needed: u64,
        /// Whether it takes exactly that many, or at least.
        exact: bool,
        /// How many bytes there are from the offset on.
        left: usize,
    },
    /// A varint is longer than its width allows, or too large for it.
    VarintOverflow {
        /// The width in bits, 32 or 64.
        width: u32,
    },
    /// A number is beyond what its place allows.
    Range {
        /// The number.
        value: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A number is none of those that can stand there.
    Constant {
        /// The number.
        found: u64,
        /// Those that can.
        expected: &'static [u64],
    },
    /// A wire type that is reserved or unknown.
    WireType {
        /// The wire type.
        found: u8,
    },
    /// A type that exists but is not allowed here.
    WrongType {
        /// What stands there.
        found: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
    /// A mandatory field is absent.
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// Bytes are left after the end.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The tag of a value means nothing.
    Tag {
        /// The tag byte.
        found: u8,
        /// What it lacks.
        why: &'static str,
    },
    /// The key of a map is not a string.
    Key {
        /// What stands there.
        found: &'static str,
    },
    /// Text is not UTF-8.
    Utf8 {
        /// The thing that was being read.
        what: &'static str,
    },
    /// Values are nested deeper than allowed.
    Depth {
        /// The most levels allowed.
        limit: usize,
    },
    /// Something is over a limit.
    TooLarge {
        /// The thing that is limited, with its unit.
        what: &'static str,
        /// How large it is.
        found: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A value in an encoding other than PSON cannot be read.
    Encoding {
        /// The encoding.
        name: &'static str,
        /// What is wrong with it.
        detail: Box<str>,
    },
    /// A value is well formed, but not what the caller asked for.
    Custom(Box<str>),
}

impl DecodeError {
    /// A refusal of what stands at `offset`.
    ///
    /// By convention that is the first byte of the refused tag, varint or text
    /// sequence, the first byte left over, or the byte from which on too few
    /// are left.
    #[cold]
    pub fn new(offset: usize, kind: DecodeErrorKind) -> Self {
        Self::unplaced(kind).or_at(offset)
    }

    /// A refusal by someone who does not know the offset; see
    /// [`or_at`](Self::or_at).
    #[cold]
    pub fn custom(detail: impl Into<String>) -> Self {
        Self::unplaced(DecodeErrorKind::Custom(detail.into().into_boxed_str()))
    }

    #[cold]
    pub(crate) fn unplaced(kind: DecodeErrorKind) -> Self {
        Self(Box::new(Inner {
            offset: None,
            path: Path::default(),
            kind,
        }))
    }

    /// Where, in bytes from the start of the input.
    pub fn offset(&self) -> usize {
        self.0.offset.unwrap_or(0)
    }

    /// Where, by name. Empty when the value itself is meant.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What was wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The kind as a stable word for reports and comparisons, such as
    /// `truncated`.
    pub fn class(&self) -> &'static str {
        self.0.kind.class()
    }

    /// Says what was being read, when the bytes for it ran out.
    #[cold]
    #[must_use]
    pub fn naming(mut self, name: &'static str) -> Self {
        if let DecodeErrorKind::Truncated { what, .. } = &mut self.0.kind {
            *what = name;
        }
        self
    }

    /// As [`naming`](Self::naming), where no more than the first bytes were
    /// asked for.
    #[cold]
    #[must_use]
    pub(crate) fn opening(mut self, what: &'static str) -> Self {
        if let DecodeErrorKind::Truncated { exact, .. } = &mut self.0.kind {
            *exact = false;
        }
        self.naming(what)
    }

    /// Sets the offset if it is unknown.
    #[cold]
    #[must_use]
    pub fn or_at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Puts the path below the element `index` of an array.
    #[cold]
    #[must_use]
    pub fn in_index(self, index: usize) -> Self {
        self.below(Segment::Index(index))
    }

    /// Puts the path below the value of `key` in a map.
    #[cold]
    #[must_use]
    pub fn in_key(self, key: &str) -> Self {
        self.below(Segment::Key(key.into()))
    }

    /// Puts the path below a field of a message.
    #[cold]
    #[must_use]
    pub fn in_field(self, name: &'static str) -> Self {
        self.below(Segment::Field(name))
    }

    /// Puts the path below a message.
    #[cold]
    #[must_use]
    pub fn in_message(self, name: &'static str) -> Self {
        self.below(Segment::Message(name))
    }

    fn below(mut self, segment: Segment) -> Self {
        self.0.path.push_outer(segment);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { offset, path, kind } = &*self.0;
        match (offset, path.is_empty()) {
            (Some(offset), true) => write!(f, "offset {offset}: {kind}"),
            (Some(offset), false) => write!(f, "offset {offset}, {path}: {kind}"),
            (None, true) => write!(f, "{kind}"),
            (None, false) => write!(f, "{path}: {kind}"),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("offset", &self.0.offset)
            .field("path", &format_args!("{}", self.0.path))
            .field("kind", &self.0.kind)
            .finish()
    }
}

impl core::error::Error for DecodeError {}

impl DecodeErrorKind {
    /// A stable word for the kind, as in [`DecodeError::class`].
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::VarintOverflow { .. } => "varint-overflow",
            Self::Range { .. } => "range",
            Self::Constant { .. } => "constant",
            Self::WireType { .. } => "wire-type",
            Self::WrongType { .. } => "wrong-type",
            Self::MissingField { .. } => "missing-field",
            Self::TrailingBytes { .. } => "trailing-bytes",
            Self::Tag { .. } => "tag",
            Self::Key { .. } => "key",
            Self::Utf8 { .. } => "utf8",
            Self::Depth { .. } => "depth",
            Self::TooLarge { .. } => "too-large",
            Self::Encoding { .. } => "encoding",
            Self::Custom(_) => "custom",
        }
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated {
                what,
                needed,
                exact,
                left,
            } => {
                let at_least = if *exact { "" } else { "at least " };
                let needed = Bytes(*needed);
                write!(f, "{what} of {at_least}{needed}, but ")?;
                match *left {
                    0 => f.write_str("no bytes are left"),
                    1 => f.write_str("only 1 byte is left"),
                    left => write!(f, "only {left} bytes are left"),
                }
            }
            Self::VarintOverflow { width } => {
                let bytes = width.div_ceil(7);
                let max = u64::MAX >> (u64::BITS - width);
                write!(
                    f,
                    "varint does not fit {width} bits (at most {bytes} bytes, at most {max})"
                )
            }
            Self::Range { value, max } => {
                write!(f, "number {value}, but at most {max} is allowed")
            }
            Self::Constant { found, expected } => {
                write!(f, "number {found}, but expected {}", OneOf(expected))
            }
            Self::WireType { found } => {
                write!(f, "wire type {found} is reserved: its size is not known")
            }
            Self::WrongType { found, expected } => write!(f, "{found}, but expected {expected}"),
            Self::MissingField { field } => write!(f, "mandatory field {field} is absent"),
            Self::TrailingBytes { count } => {
                write!(f, "{} left over after the end", Bytes(*count as u64))
            }
            Self::Tag { found, why } => write!(f, "tag 0x{found:02x} is not valid: {why}"),
            Self::Key { found } => write!(f, "{found} as a map key, but keys must be strings"),
            Self::Utf8 { what } => write!(f, "{what} is not valid UTF-8"),
            Self::Depth { limit } => {
                write!(f, "nested deeper than the limit of {limit}")
            }
            Self::TooLarge { what, found, limit } => {
                write!(f, "{what} is {found}, but at most {limit} is allowed")
            }
            Self::Encoding { name, detail } => write!(f, "{name}: {detail}"),
            Self::Custom(detail) => f.write_str(detail),
        }
    }
}

/// Numbers, one of which it has to be.
struct OneOf<'n>(&'n [u64]);

impl fmt::Display for OneOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            let or = if index == 0 { "" } else { " or " };
            write!(f, "{or}{number}")?;
        }
        Ok(())
    }
}

struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} byte{plural}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::mem::size_of;

    use super::{DecodeError, DecodeErrorKind};

    #[test]
    fn says_where_what_and_what_was_expected() {
        let kind = DecodeErrorKind::Truncated {
            what: "data",
            needed: 200,
            exact: true,
            left: 3,
        };
        let error = DecodeError::new(12, kind)
            .naming("string")
            .in_index(2)
            .in_field("payload")
            .in_message("Connect");
        assert_eq!(
            error.to_string(),
            "offset 12, Connect.payload[2]: string of 200 bytes, but only 3 bytes are left"
        );
        assert_eq!(error.class(), "truncated");
    }

    #[test]
    fn is_one_pointer() {
        assert_eq!(size_of::<DecodeError>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), DecodeError>>(), size_of::<usize>());
    }

    #[test]
    fn the_first_known_offset_stays() {
        let error = DecodeError::custom("no");
        assert_eq!(error.to_string(), "no");
        let error = error.or_at(7).or_at(9);
        assert_eq!(error.to_string(), "offset 7: no");
    }
}

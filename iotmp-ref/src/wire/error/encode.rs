//! Why a value could not be written.

use alloc::boxed::Box;
use core::fmt;

use super::OneOf;
#[cfg(feature = "encodings")]
use crate::wire::Segment;
use crate::wire::{Encoding, Path};

/// Why a value could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer ends before the value; `encoded_len` gives a length that is
    /// enough.
    #[error("the buffer is too small: {needed} more bytes are needed, {left} left")]
    BufferTooSmall {
        /// How many bytes the next piece takes.
        needed: usize,
        /// How many bytes are left.
        left: usize,
    },
    /// The protocol revision has no such encoding.
    #[error("encoding {name} is not available in this revision of the protocol")]
    Encoding {
        /// The encoding.
        name: &'static str,
    },
    /// The encoding is not compiled in.
    #[error("encoding {name} is not compiled in; enable the feature `encodings`")]
    NotCompiled {
        /// The encoding.
        name: &'static str,
    },
    /// The encoding has no way to write a value.
    #[error("{0}")]
    Unrepresentable(Box<Unrepresentable>),
    /// A field of fixed size holds another number of bytes.
    #[error("field {field} takes exactly {expected} bytes, not {found}")]
    Size {
        /// The field.
        field: &'static str,
        /// Bytes that it holds.
        found: usize,
        /// Bytes that it takes.
        expected: usize,
    },
    /// A number, or the length of a field in bytes, is larger than can be said.
    #[error("{what} is {found}, but at most {limit} fits")]
    TooLarge {
        /// The number, or the field.
        what: &'static str,
        /// How large it is.
        found: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A number is none of those that its field can hold.
    #[error("{field} is {found}, but expected {}", OneOf(expected))]
    Constant {
        /// The field.
        field: &'static str,
        /// The number.
        found: u64,
        /// Those that it can hold.
        expected: &'static [u64],
    },
    /// An optional field is given without the one that stands before it.
    #[error("field {field} is given, but {missing} before it is not")]
    Gap {
        /// The field.
        field: &'static str,
        /// The one before it.
        missing: &'static str,
    },
    /// The value is nested deeper than any decoder would accept.
    #[error("nested deeper than the limit of {limit}")]
    TooDeep {
        /// The most levels allowed.
        limit: usize,
    },
    /// A `Serialize` refused, or produced what the encoding cannot say.
    #[error("{0}")]
    Custom(Box<str>),
}

/// What an encoding has no way to write, and where in the value it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrepresentable {
    /// The encoding.
    pub encoding: Encoding,
    /// What it cannot write.
    pub what: Box<str>,
    /// The way down to it; empty when the whole value is meant.
    pub path: Path,
}

impl fmt::Display for Unrepresentable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            encoding,
            what,
            path,
        } = self;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{} has no way to write {what}", encoding.name())
    }
}

impl EncodeError {
    /// Puts the path of what cannot be written below the element `index`.
    #[cfg(feature = "encodings")]
    #[cold]
    pub(crate) fn in_index(self, index: usize) -> Self {
        self.below(|| Segment::Index(index))
    }

    /// Puts the path of what cannot be written below the value of `key`.
    #[cfg(feature = "encodings")]
    #[cold]
    pub(crate) fn in_key(self, key: &str) -> Self {
        self.below(|| Segment::Key(key.into()))
    }

    #[cfg(feature = "encodings")]
    fn below(mut self, segment: impl FnOnce() -> Segment) -> Self {
        if let Self::Unrepresentable(inner) = &mut self {
            inner.path.push_outer(segment());
        }
        self
    }
}

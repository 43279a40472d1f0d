//! Why bytes are no message, or a message has no bytes.

use core::fmt;

use super::Annotation;

/// The kind of a refusal, as a stable word for vectors and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The bytes end before the thing that they hold.
    Truncated,
    /// A varint is longer than its width allows, or too large for it.
    VarintOverflow,
    /// A number is beyond what its place allows.
    Range,
    /// A number is none of those that can stand there.
    Constant,
    /// A wire type is reserved.
    WireType,
    /// A wire type or a value exists but is not allowed here.
    WrongType,
    /// A mandatory field is absent.
    MissingField,
    /// Bytes are left after the end.
    TrailingBytes,
    /// The tag of a value means nothing.
    Tag,
    /// The key of a map is not a string.
    Key,
    /// Text is not UTF-8.
    Utf8,
    /// Values nest deeper than allowed.
    Depth,
    /// Something is over a limit.
    TooLarge,
    /// The revision has no way to write this, or the codec does not know the encoding.
    Encoding,
    /// The specification names no such message. Of JSON only.
    UnknownMessage,
    /// The message has no such field. Of JSON only.
    UnknownField,
    /// Not a message in the notation of [`json`](crate::json). Of JSON only.
    Json,
}

impl Class {
    /// Every class that a decoder may give.
    pub const DECODE: &[Self] = &[
        Self::Truncated,
        Self::VarintOverflow,
        Self::Range,
        Self::Constant,
        Self::WireType,
        Self::WrongType,
        Self::MissingField,
        Self::TrailingBytes,
        Self::Tag,
        Self::Key,
        Self::Utf8,
        Self::Depth,
        Self::TooLarge,
        Self::Encoding,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::VarintOverflow => "varint-overflow",
            Self::Range => "range",
            Self::Constant => "constant",
            Self::WireType => "wire-type",
            Self::WrongType => "wrong-type",
            Self::MissingField => "missing-field",
            Self::TrailingBytes => "trailing-bytes",
            Self::Tag => "tag",
            Self::Key => "key",
            Self::Utf8 => "utf8",
            Self::Depth => "depth",
            Self::TooLarge => "too-large",
            Self::Encoding => "encoding",
            Self::UnknownMessage => "unknown-message",
            Self::UnknownField => "unknown-field",
            Self::Json => "json",
        }
    }

    /// Whether the fault lies with whoever wrote the JSON, rather than in what
    /// the message says.
    #[must_use]
    pub const fn is_usage(self) -> bool {
        matches!(self, Self::UnknownMessage | Self::UnknownField | Self::Json)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a codec refused its input, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What kind of fault.
    pub class: Class,
    /// Bytes from the start of the input to what is refused: the first byte of
    /// a tag, varint, key or text sequence, the first byte left over, or the
    /// byte from which on too few are left. 0 where JSON was refused.
    pub offset: usize,
    /// The way down, such as `connect.payload[2]`; empty in a message's header.
    pub path: String,
    /// What was wrong.
    pub detail: String,
    /// What the bytes mean as far as they were read.
    pub annotations: Vec<Annotation>,
}

impl Refusal {
    pub(super) fn new(
        class: Class,
        offset: usize,
        path: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            class,
            offset,
            path: path.into(),
            detail: detail.into(),
            annotations: Vec::new(),
        }
    }

    /// Where and what was wrong, without class and offset.
    #[must_use]
    pub fn reason(&self) -> String {
        if self.path.is_empty() {
            return self.detail.clone();
        }
        format!("{}: {}", self.path, self.detail)
    }

    /// The same refusal with the offset counted from elsewhere.
    #[must_use]
    pub fn moved_to(self, offset: usize) -> Self {
        Self { offset, ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            class,
            offset,
            path,
            detail,
            ..
        } = self;
        write!(f, "{class} at offset {offset}")?;
        if !path.is_empty() {
            write!(f, ", {path}")?;
        }
        write!(f, ": {detail}")
    }
}

impl core::error::Error for Refusal {}

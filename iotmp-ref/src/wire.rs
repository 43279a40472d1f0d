//! Bytes in, bytes out: what every message and every value is built from.
//!
//! A [`Reader`] walks a slice and never reads past it; a [`Writer`] fills a
//! slice and never grows it. Neither allocates. Every failure to read is a
//! [`DecodeError`], which says where (a byte offset and a path), what was wrong
//! and what was expected; its memory is taken only once something is wrong.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod any;
pub(crate) mod copy;
mod encoding;
mod error;
mod fields;
mod fixed;
mod frame;
mod int;
mod layout;
mod path;
mod reader;
pub(crate) mod utf8;
pub mod varint;
mod writer;

pub use self::any::{
    Any, BuildError, Encoded, FieldValue, UnknownMessage, missing_field, read_header,
};
pub use self::encoding::Encoding;
pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, Unrepresentable};
pub use self::fields::{Fields, RawField};
pub use self::fixed::{Extent, peek_constant, read_constant};
pub use self::frame::{FrameLayout, Opened};
pub use self::int::IntEncoding;
pub(crate) use self::layout::active;
pub use self::layout::{KeyLayout, Shape};
pub use self::path::{Path, Segment};
pub use self::reader::Reader;
pub use self::writer::Writer;

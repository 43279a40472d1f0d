//! The message specifications and the only code that reads them.
//!
//! [`load`] reads a YAML file and the files that it extends, checks everything,
//! and returns a [`model::Spec`]: plain data, valid by construction. Everything
//! that knows about messages (the macro, the suite, the documentation) starts
//! from there. What is wrong with a file comes back as [`Diagnostics`].
//!
//! A specification passes through four steps:
//!
//! ```text
//! text ──source──► tree with places ──merge──► one tree ──raw──► items ──check──► model
//! ```

mod check;
mod diagnostic;
mod encoding;
mod merge;
pub mod model;
mod raw;
mod source;
mod suggest;

use std::path::Path;

pub use crate::diagnostic::{Diagnostic, Diagnostics, Place};
pub use crate::encoding::{ENCODINGS, EncodingInfo, encoding};

use crate::diagnostic::Report;
use crate::source::Files;

/// Reads the specification in `path` and what it extends.
///
/// The path after `extends:` is relative to the file that it stands in.
///
/// # Errors
///
/// Every mistake that was found, in this file and in those that it extends.
pub fn load(path: &Path) -> Result<model::Spec, Diagnostics> {
    read(path, &|path, _| source::read(path))
}

/// Reads a specification from `text`. `name` is the path that diagnostics give it.
///
/// `resolve` gives the text of an extended file by the words after `extends:`.
///
/// # Errors
///
/// Every mistake that was found, in this text and in those that it extends.
pub fn load_str(
    name: &str,
    text: &str,
    resolve: &dyn Fn(&str) -> Option<String>,
) -> Result<model::Spec, Diagnostics> {
    read(Path::new(name), &|_, extends| match extends {
        None => Ok(text.as_bytes().to_vec()),
        Some(word) => resolve(word)
            .map(String::into_bytes)
            .ok_or_else(|| "there is no such specification".to_owned()),
    })
}

/// A JSON Schema of the language (draft 2020-12), for editors.
///
/// It knows which keys there are and which words they take, in a file that stands alone and in one
/// that extends. What one part says of another only [`load`] checks.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> serde_json::Value {
    raw::schema()
}

fn read(path: &Path, reader: &merge::Reader<'_>) -> Result<model::Spec, Diagnostics> {
    let mut files = Files::default();
    let mut report = Report::default();
    let spec = merge::load(path, reader, &mut files, &mut report)
        .and_then(|merged| check::check(&merged, &files, &mut report));
    match spec {
        Some(spec) if report.is_empty() => Ok(spec),
        spec => Err(report.finish(&files).salvaging(spec)),
    }
}

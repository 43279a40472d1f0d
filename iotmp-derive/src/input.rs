//! Which file a call of the macro means.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use syn::LitStr;

/// A call of the macro.
pub(crate) struct Call {
    /// The file, as short as it can be said from where the compiler runs.
    pub(crate) path: PathBuf,
    /// Where errors are reported.
    pub(crate) span: Span,
}

/// Reads the one string literal of a call.
pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Call> {
    let literal: LitStr = syn::parse2(tokens).map_err(|error| {
        syn::Error::new(
            error.span(),
            "expected the path of a specification as one string literal, \
             e.g. `messages!(\"../specs/greeter.yaml\")`",
        )
    })?;
    let span = literal.span();
    let path = PathBuf::from(literal.value());
    let folder = span
        .local_file()
        .and_then(|file| file.parent().map(PathBuf::from))
        .or_else(|| std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from))
        .unwrap_or_default();
    Ok(Call {
        path: shortened(&folder.join(path)),
        span,
    })
}

/// The path without `..`, and relative to the current folder if it lies below it.
fn shortened(path: &Path) -> PathBuf {
    let Ok(path) = path.canonicalize() else {
        return path.to_path_buf();
    };
    let below = std::env::current_dir()
        .and_then(|folder| folder.canonicalize())
        .ok()
        .and_then(|folder| path.strip_prefix(folder).ok().map(PathBuf::from));
    below.unwrap_or(path)
}

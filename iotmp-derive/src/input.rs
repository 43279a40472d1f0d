//! Which file a call of the macro means.

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream};
use syn::LitStr;

/// A call of the macro.
pub(crate) struct Call {
    /// The file, absolute where the caller's place is known.
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
             e.g. `messages!(\"../../spec/iotmp-2025.yaml\")`",
        )
    })?;
    let span = literal.span();
    let path = PathBuf::from(literal.value());
    if path.is_absolute() {
        return Ok(Call { path, span });
    }
    // `local_file` is relative to where the compiler runs; a workspace member's
    // is the workspace root, so it is made absolute at once.
    let folder = span
        .local_file()
        .and_then(|file| std::path::absolute(file).ok())
        .and_then(|file| file.parent().map(PathBuf::from))
        .or_else(|| std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from))
        .unwrap_or_default();
    Ok(Call {
        path: folder.join(path),
        span,
    })
}

//! What a bad specification expands to: one error, and nothing that causes more.

use iotmp_spec::Diagnostics;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::{input::Call, names};

/// One compile error with every diagnostic, and an empty module of the name that
/// the file's stem gives, so that `use` lines elsewhere add no errors about it.
pub(crate) fn module(call: &Call, diagnostics: &Diagnostics) -> TokenStream {
    let text = format!("the specification cannot be used\n\n{diagnostics}");
    let error = quote_spanned! { call.span => ::core::compile_error!(#text); };
    let stub = call
        .path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .map(|stem| {
            let name = names::module(stem);
            quote! {
                /// Stands in for a specification that cannot be used.
                pub mod #name {}
            }
        });
    quote! { #error #stub }
}

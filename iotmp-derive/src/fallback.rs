//! What a bad specification expands to: one error, and nothing that causes more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use iotmp_spec::Diagnostics;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::{emit, input::Call, names};

/// Mistakes whose trace in the generated code is an error of its own.
const UNUSABLE: [&str; 5] = [
    "bad-name",
    "reserved-name",
    "name-collision",
    "duplicate-key",
    "shadows-prefix",
];

/// Which file's call has reported a diagnostic in this compilation. A mistake in a file that
/// others extend is found by each of them, and told once.
static REPORTED: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// One compile error with every diagnostic that no other call has reported, and a module of the
/// name that users expect: with what could be salvaged, or empty.
pub(crate) fn module(call: &Call, diagnostics: &Diagnostics) -> TokenStream {
    let news = news(call, diagnostics);
    let error = (!news.is_empty()).then(|| {
        let text = format!("the specification cannot be used\n\n{}", news.join("\n\n"));
        quote_spanned! { call.span => ::core::compile_error!(#text); }
    });
    let usable = diagnostics.iter().all(|d| !UNUSABLE.contains(&d.code));
    let module = match diagnostics.salvage() {
        Some(spec) if usable => {
            let module = emit::module(spec);
            quote! {
                #[allow(unreachable_patterns, reason = "two things with one number are the error above")]
                #module
            }
        }
        _ => stub(call),
    };
    quote! { #error #module }
}

fn news(call: &Call, diagnostics: &Diagnostics) -> Vec<String> {
    let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    diagnostics
        .iter()
        .map(ToString::to_string)
        .filter(|text| {
            let by = reported
                .entry(text.clone())
                .or_insert_with(|| call.path.clone());
            // An editor expands one call many times in one process.
            *by == call.path
        })
        .collect()
}

fn stub(call: &Call) -> TokenStream {
    let stem = call.path.file_stem().and_then(|stem| stem.to_str());
    stem.map_or_else(TokenStream::new, |stem| {
        let name = names::module(stem);
        quote! {
            /// Stands in for a specification that cannot be used.
            pub mod #name {}
        }
    })
}

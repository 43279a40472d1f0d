//! Constants: identity, frame, timers, limits, keys of known maps.

use iotmp_spec::model::{MapSchema, Quantity, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::int;
use super::layout::Layout;
use crate::names;

pub(super) fn all(spec: &Spec, layout: &dyn Layout) -> TokenStream {
    let name = &spec.name;
    let revision = &spec.revision;
    let framing = framing(spec);
    let layout = layout.constants();
    let timers = quantities("timers", "Intervals and margins.", &spec.timers);
    let limits = quantities("limits", "Largest sizes and counts.", &spec.limits);
    let maps = spec.maps.iter().map(map);
    quote! {
        /// Name of the specification.
        pub const NAME: &__codec::str = #name;
        /// Revision that the specification describes.
        pub const REVISION: &__codec::str = #revision;
        #layout
        #framing
        #timers
        #limits
        #(#maps)*
    }
}

/// An encoding of values: the runtime has a variant of its name.
pub(super) fn encoding(name: &str) -> TokenStream {
    let variant = names::ty(name);
    quote!(__codec::Encoding::#variant)
}

fn framing(spec: &Spec) -> TokenStream {
    let frame = frame(spec);
    quote! {
        /// What stands before a body.
        pub static FRAME: __codec::FrameLayout = #frame;
    }
}

/// What stands before a body, as an expression.
pub(super) fn frame(spec: &Spec) -> TokenStream {
    let code = int::encoding(spec.framing.code);
    let size = match spec.framing.size.map(int::encoding) {
        Some(size) => quote!(__Some(#size)),
        None => quote!(__None),
    };
    let min_size = usize::try_from(spec.framing.min_size.unwrap_or(0)).unwrap_or(usize::MAX);
    quote! {
        __codec::FrameLayout {
            code: #code,
            size: #size,
            min_size: #min_size,
        }
    }
}

fn quantities(module: &str, doc: &str, quantities: &[Quantity]) -> TokenStream {
    let module = names::field(module);
    let constants = quantities.iter().map(|quantity| {
        let name = names::constant(&quantity.name);
        let value = quantity.value;
        let doc = format!(
            "{} In {}. Source: {}.",
            quantity.doc, quantity.unit, quantity.source
        );
        quote! {
            #[doc = #doc]
            pub const #name: super::__codec::u64 = #value;
        }
    });
    quote! {
        #[doc = #doc]
        pub mod #module { #(#constants)* }
    }
}

fn map(map: &MapSchema) -> TokenStream {
    let module = names::field(&map.name);
    let doc = format!("Keys of a map. {}", map.doc);
    let constants = map.entries.iter().map(|entry| {
        let name = names::constant(&entry.name);
        let key = &entry.key;
        let doc = format!("{} Source: {}.", entry.doc, entry.source);
        let default = entry.default.map(|value| {
            let name = names::constant(&format!("{}_default", entry.name));
            let doc = format!("What the absence of `{key}` means.");
            quote! {
                #[doc = #doc]
                pub const #name: super::__codec::u64 = #value;
            }
        });
        quote! {
            #[doc = #doc]
            pub const #name: &super::__codec::str = #key;
            #default
        }
    });
    quote! {
        #[doc = #doc]
        pub mod #module { #(#constants)* }
    }
}

//! From the model to tokens, one file per thing that is emitted.
//!
//! What the layout of bodies decides stands behind the trait [`layout::Layout`],
//! which has one implementation for each layout; all else is the same for all.
//! Everything outside the module is named by an absolute path, or by one through the module's
//! `__`, which says the same in a third of the tokens: a message may be called `Ok`, `Error`,
//! `Option` or `String`. Tokens are what an expansion costs, in the macro and in the compiler.

mod answers;
mod bridge;
mod constants;
mod enums;
mod field;
mod fixed;
mod int;
mod key_value;
mod layout;
mod message;
mod structs;
mod typed;

use iotmp_spec::model::{Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use crate::names;

/// The module of a specification.
pub(crate) fn module(spec: &Spec) -> TokenStream {
    let name = names::module(&spec.name);
    let doc = format!("{}\n\n{}", spec.title, spec.doc);
    let files = spec.files.iter().map(|file| {
        // `include_bytes!` reads relative paths from the file that calls it.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let path = file.to_string_lossy();
        // Makes the compiler's list of inputs hold the file, so that an edit rebuilds.
        quote! { const _: &[::core::primitive::u8] = ::core::include_bytes!(#path); }
    });
    let layout = layout::of(spec);
    let constants = constants::all(spec, &*layout);
    let enums = spec.enums.iter().map(enums::one);
    let codes = enums::message_type(spec);
    let structs = spec.messages.iter().map(|message| {
        let definition = structs::one(spec, &*layout, message);
        let codec = layout::codec(&*layout, message);
        let bridge = bridge::one(spec, &*layout, message);
        quote! { #definition #codec #bridge }
    });
    let message = message::all(spec);
    let typed = typed::module(spec);
    quote! {
        #[doc = #doc]
        pub mod #name {
            use ::iotmp_ref::__private::names as __;

            #(#files)*
            #constants
            #(#enums)*
            #codes
            #(#structs)*
            #message
            #typed
        }
    }
}

/// Whether a message borrows from the input.
fn borrows(message: &Message) -> bool {
    field::all(message).any(field::borrows)
}

/// `<'a>` for a message that borrows, nothing for one that does not.
fn lifetime(message: &Message) -> TokenStream {
    if borrows(message) {
        quote!(<'a>)
    } else {
        quote!()
    }
}

/// A number's primitive type, by its bits.
fn primitive(bits: u8) -> TokenStream {
    match bits {
        8 => quote!(__::u8),
        16 => quote!(__::u16),
        32 => quote!(__::u32),
        _ => quote!(__::u64),
    }
}

//! From the model to tokens, one file per thing that is emitted.
//!
//! What the layout of bodies decides stands behind the trait [`layout::Layout`],
//! which has one implementation for each layout; all else is the same for all.
//! Everything outside the module is named by way of [`prelude`]: a message may be
//! called `Ok`, `Error`, `Option` or `String`.
//!
//! Where macros are compiled unoptimised a token costs about a microsecond, so what is the same for
//! every message is made once, and the compiler joins the copies.

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
    let prelude = prelude();
    let doc = format!("{}\n\n{}", spec.title, spec.doc);
    let files = spec.files.iter().map(|file| {
        // `include_bytes!` reads relative paths from the file that calls it.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let path = file.to_string_lossy();
        // Makes the compiler's list of inputs hold the file, so that an edit rebuilds.
        quote! { const _: &[__codec::u8] = __codec::include_bytes!(#path); }
    });
    let layout = layout::of(spec);
    let constants = constants::all(spec, &*layout);
    let enums = spec.enums.iter().map(enums::one);
    let codes = enums::message_type(spec);
    let structs = structs::Structs::new(spec, &*layout);
    let codecs = layout::Codecs::new(&*layout);
    let bridges = bridge::Bridges::new(spec, &*layout);
    let structs = spec.messages.iter().map(|message| {
        let definition = structs.one(message);
        let codec = codecs.one(message);
        let bridge = bridges.one(message);
        quote! { #definition #codec #bridge }
    });
    let message = message::all(spec);
    let typed = typed::module(spec);
    quote! {
        #[doc = #doc]
        pub mod #name {
            #prelude
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

/// Short names for what is said often; no name of a specification begins with an underscore.
///
/// Public signatures name types by a path, since their documentation shows its last word.
fn prelude() -> TokenStream {
    quote! {
        #[allow(unused_imports, reason = "a specification may have no use for some")]
        use ::iotmp_ref::__private::{
            self as __codec, Err as __Err, None as __None, Ok as __Ok, Some as __Some,
        };
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
        8 => quote!(__codec::u8),
        16 => quote!(__codec::u16),
        32 => quote!(__codec::u32),
        _ => quote!(__codec::u64),
    }
}

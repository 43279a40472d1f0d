//! `#[derive(Pson)]`: how a struct is read and written as a map of PSON.
//!
//! The pipeline is `input` (what the struct and its attributes say) and then
//! one file for each trait.

mod decode;
mod encode;
mod input;

use proc_macro2::TokenStream;
use quote::quote;

use self::input::Input;

pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let parsed = syn::parse2(tokens).and_then(|item| Input::new(&item));
    match parsed {
        Ok(input) => {
            let encode = input.encodes.then(|| encode::implementation(&input));
            let decode = input.decodes.then(|| decode::implementation(&input));
            quote!(#encode #decode)
        }
        Err(error) => error.to_compile_error(),
    }
}

/// The bytes of a key in each generation, as constants.
fn keys(key: &str) -> TokenStream {
    let one = quote!(::iotmp_ref::pson::Generation::One);
    let two = quote!(::iotmp_ref::pson::Generation::Two);
    let constant = |name: TokenStream, generation: &TokenStream| {
        quote! {
            const #name: [::core::primitive::u8;
                ::iotmp_ref::pson::typed::key_len(#generation, #key)] =
                ::iotmp_ref::pson::typed::key(#generation, #key);
        }
    };
    let (one, two) = (constant(quote!(ONE), &one), constant(quote!(TWO), &two));
    quote!(#one #two)
}

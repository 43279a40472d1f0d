//! The implementation of `Decode`: first every key in the order in which it is
//! written, then whatever is left.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Index, Lifetime, parse_quote};

use super::input::Input;

pub(super) fn implementation(input: &Input) -> TokenStream {
    let name = &input.name;
    let mut generics = input.generics.clone();
    let lifetime = match input.lifetime() {
        Some(lifetime) => lifetime.clone(),
        None => {
            let lifetime = Lifetime::new("'__bytes", Span::call_site());
            generics.params.insert(0, parse_quote!(#lifetime));
            lifetime
        }
    };
    for parameter in generics.type_params_mut() {
        parameter
            .bounds
            .push(parse_quote!(::iotmp_ref::pson::typed::Decode<#lifetime>));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let slots: Vec<_> = (0..input.fields.len())
        .map(|index| format_ident!("slot_{index}"))
        .collect();
    let indices = (0..input.fields.len()).map(Index::from);
    let types: Vec<_> = input.fields.iter().map(|field| &field.ty).collect();
    let keys: Vec<_> = input.fields.iter().map(|field| &field.key).collect();
    let idents = input.fields.iter().map(|field| &field.ident);
    let literals = input.fields.iter().map(|field| super::keys(&field.key));
    quote! {
        #[automatically_derived]
        impl #impl_generics ::iotmp_ref::pson::typed::Decode<#lifetime>
            for #name #ty_generics #where_clause
        {
            // The input is to stay in registers from the first field to the last.
            #[inline(always)]
            fn decode<__F: ::iotmp_ref::pson::typed::Form>(
                input: &mut ::iotmp_ref::pson::typed::Input<#lifetime>,
            ) -> ::core::result::Result<Self, ::iotmp_ref::wire::DecodeError> {
                let mut map = ::iotmp_ref::pson::typed::MapInput::open::<__F>(input)?;
                #(let mut #slots = ::core::option::Option::None::<#types>;)*
                #({
                    #literals
                    if map.next_is::<__F, _, _>(input, &ONE, &TWO) {
                        #slots = ::core::option::Option::Some(map.value::<__F, _>(input, #keys)?);
                    }
                })*
                if map.is_open::<__F>(input) {
                    let rest = map.rest::<__F, _>(
                        ::core::clone::Clone::clone(input),
                        (#(#slots,)*),
                        |map, input, slots, key| {
                            let _ = &slots;
                            match key {
                                #(#keys => map.fill::<__F, _>(input, #keys, &mut slots.#indices),)*
                                _ => map.skip::<__F>(input, key),
                            }
                        },
                    )?;
                    map = rest.0;
                    *input = rest.1;
                    (#(#slots,)*) = rest.2;
                }
                let this = Self { #(#idents: map.take(#slots, #keys)?,)* };
                map.close::<__F>(input);
                ::core::result::Result::Ok(this)
            }
        }
    }
}

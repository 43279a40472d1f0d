//! The implementation of `Decode`: first every key in the order in which it is
//! written, then whatever is left.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Index, Lifetime, parse_quote};

use super::input::{Field, Input};

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
    let reads = (0..slots.len()).map(|place| read(&input.fields, &slots, place));
    let all = given(&input.fields, &slots, slots.len());
    let taken = input.fields.iter().zip(&slots).map(|(field, slot)| {
        let Field { ident, key, .. } = field;
        if field.is_option() {
            quote!(#ident: map.take(#slot, #key)?,)
        } else {
            quote!(#ident: #slot,)
        }
    });
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
                let given: (#(::core::option::Option<#types>,)*) = '__predicted: {
                    #(#reads)*
                    if map.is_open::<__F>(input) {
                        break '__predicted #all;
                    }
                    let this = Self { #(#taken)* };
                    map.close::<__F>(input);
                    return ::core::result::Result::Ok(this);
                };
                let (map, rest, (#(#slots,)*)) = map.rest::<__F, _>(
                    ::core::clone::Clone::clone(input),
                    given,
                    |map, input, slots, key| {
                        let _ = &slots;
                        match key {
                            #(#keys => map.fill::<__F, _>(input, #keys, &mut slots.#indices),)*
                            _ => map.skip::<__F>(input, key),
                        }
                    },
                )?;
                *input = rest;
                let this = Self { #(#idents: map.take(#slots, #keys)?,)* };
                map.close::<__F>(input);
                ::core::result::Result::Ok(this)
            }
        }
    }
}

/// Reads the value of a field where its key is expected; without it the rest is
/// read in any order, but what may be absent is passed over.
fn read(fields: &[Field], slots: &[Ident], place: usize) -> TokenStream {
    let (field, slot) = (&fields[place], &slots[place]);
    let key = &field.key;
    let literals = super::keys(key);
    let otherwise = if field.is_option() {
        quote!(::core::option::Option::None)
    } else {
        let given = given(fields, slots, place);
        quote!(break '__predicted #given)
    };
    let value = quote!(map.value::<__F, _>(input, #key)?);
    let value = if field.is_option() {
        quote!(::core::option::Option::Some(#value))
    } else {
        value
    };
    quote! {
        let #slot = {
            #literals
            if map.next_is::<__F, _, _>(input, &ONE, &TWO) { #value } else { #otherwise }
        };
    }
}

/// The slots when the fields before `place` have been read.
fn given(fields: &[Field], slots: &[Ident], place: usize) -> TokenStream {
    let slots = fields.iter().zip(slots).enumerate();
    let slots = slots.map(|(index, (field, slot))| {
        if index >= place {
            quote!(::core::option::Option::None)
        } else if field.is_option() {
            quote!(#slot)
        } else {
            quote!(::core::option::Option::Some(#slot))
        }
    });
    quote!((#(#slots,)*))
}

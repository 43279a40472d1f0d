//! Reading a body: one arm for every key that the specification foresees, one
//! for all others.

use iotmp_spec::model::{Field, KeyValue, Message, Spec};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Kind, key, kind, lifetime, varint_wire};
use crate::names;

pub(super) fn body(spec: &Spec, layout: &KeyValue, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let label = name.to_string();
    let lifetime = lifetime(message);
    let input = if lifetime.is_empty() {
        quote!('_)
    } else {
        quote!('a)
    };
    let slots: Vec<_> = (0..message.fields.len())
        .map(|i| format_ident!("field_{i}"))
        .collect();
    let arms = message
        .fields
        .iter()
        .zip(&slots)
        .map(|(field, slot)| arm(spec, layout, field, slot));
    let numbers = message
        .fields
        .iter()
        .filter(|f| !matches!(kind(spec, f), Kind::Any))
        .map(|field| {
            let id = field.id;
            let text = field.name.as_str();
            quote! {
                #id => return ::core::result::Result::Err(
                    LAYOUT.not_a_number(key, at).in_field(#text).in_message(Self::LABEL),
                ),
            }
        });
    let values = message.fields.iter().zip(&slots).map(|(field, slot)| {
        let ident = names::field(&field.name);
        let text = field.name.as_str();
        if field.mandatory {
            quote! {
                #ident: match #slot {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => return ::core::result::Result::Err(
                        ::iotmp_ref::wire::missing_field(reader.offset(), #text)
                            .in_field(#text)
                            .in_message(Self::LABEL),
                    ),
                },
            }
        } else {
            quote!(#ident: #slot,)
        }
    });
    quote! {
        impl #lifetime #name #lifetime {
            const LABEL: &'static ::core::primitive::str = #label;

            /// Reads the body of this message: all that is left of `reader`.
            ///
            /// Fields come in any order; of a field that comes twice the last
            /// counts; unknown fields are skipped.
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            pub fn decode_body(
                reader: &mut ::iotmp_ref::wire::Reader<#input>,
                encoding: ::iotmp_ref::wire::Encoding,
            ) -> ::core::result::Result<Self, ::iotmp_ref::wire::DecodeError> {
                #(let mut #slots = ::core::option::Option::None;)*
                while !reader.is_empty() {
                    let at = reader.offset();
                    let key = match LAYOUT.read_key(reader) {
                        ::core::result::Result::Ok(key) => key,
                        ::core::result::Result::Err(error) => {
                            return ::core::result::Result::Err(error.in_message(Self::LABEL));
                        }
                    };
                    match key {
                        #(#arms)*
                        _ => {
                            match LAYOUT.split(key).0 {
                                #(#numbers)*
                                _ => {}
                            }
                            if let ::core::result::Result::Err(error) =
                                LAYOUT.skip(reader, key, at, encoding)
                            {
                                return ::core::result::Result::Err(error.in_message(Self::LABEL));
                            }
                        }
                    }
                }
                ::core::result::Result::Ok(Self { #(#values)* })
            }
        }
    }
}

/// The arm that stores one field.
fn arm(spec: &Spec, layout: &KeyValue, field: &Field, slot: &syn::Ident) -> TokenStream {
    let text = field.name.as_str();
    let number = |bits: u8, wrap: TokenStream| {
        let key = key(layout, field.id, varint_wire(layout));
        let bits_literal = u32::from(bits);
        let primitive = super::primitive(bits);
        quote! {
            #key => match reader.varint(#bits_literal) {
                // The reader has refused what does not fit.
                ::core::result::Result::Ok(number) => {
                    let number = number as #primitive;
                    #slot = ::core::option::Option::Some(#wrap);
                }
                ::core::result::Result::Err(error) => {
                    return ::core::result::Result::Err(
                        error.in_field(#text).in_message(Self::LABEL),
                    );
                }
            },
        }
    };
    match kind(spec, field) {
        Kind::Number(bits) => number(bits, quote!(number)),
        Kind::Named(bits, ident) => number(bits, quote!(#ident(number))),
        Kind::Any => {
            let keys = layout
                .wire_types
                .iter()
                .map(|wire| key(layout, field.id, wire.id));
            quote! {
                #(#keys)|* => match LAYOUT.read_any(reader, key, at, encoding) {
                    ::core::result::Result::Ok(value) => {
                        #slot = ::core::option::Option::Some(value);
                    }
                    ::core::result::Result::Err(error) => {
                        return ::core::result::Result::Err(
                            error.in_field(#text).in_message(Self::LABEL),
                        );
                    }
                },
            }
        }
    }
}

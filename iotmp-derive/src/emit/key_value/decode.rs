//! Reading a body: one arm for every key that the specification foresees, one
//! for all others.

use iotmp_spec::model::{Field, Message, WireType};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::KeyValue;
use crate::emit::field::{self, Kind};
use crate::emit::primitive;
use crate::names;

pub(super) fn body(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    statements(layout, message, &quote!(), &|field| {
        let keys = layout.layout.wire_types.iter();
        let keys = keys.map(|wire| layout.key(field.id, wire.id));
        vec![(
            quote!(#(#keys)|*),
            quote!(LAYOUT.read_any(reader, key, at, encoding)),
        )]
    })
}

/// The same for a message whose values have types of their own.
pub(in crate::emit) fn typed(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    statements(layout, message, &quote!(super::), &|field| {
        let types = layout.layout.wire_types.iter();
        let arm = |wire: &WireType| {
            let key = layout.key(field.id, wire.id);
            let shape = super::shape(&wire.shape);
            let read = quote! {
                ::iotmp_ref::pson::typed::field(reader, #shape, at, encoding, LAYOUT.max_depth)
            };
            (quote!(#key), read)
        };
        types.map(arm).collect()
    })
}

/// Patterns of the keys of a value, and what reads it.
type Values<'l> = dyn Fn(&Field) -> Vec<(TokenStream, TokenStream)> + 'l;

fn statements(
    layout: &KeyValue<'_>,
    message: &Message,
    enums: &TokenStream,
    values: &Values<'_>,
) -> TokenStream {
    let fields = field::all(message);
    let slots: Vec<_> = (0..fields.clone().count())
        .map(|i| format_ident!("field_{i}"))
        .collect();
    let arms = fields
        .clone()
        .zip(&slots)
        .map(|(field, slot)| arm(layout, field, slot, enums, values));
    let others = fields.clone().map(|field| {
        let id = field.id;
        let text = field.name.as_str();
        quote! {
            #id => return ::core::result::Result::Err(
                LAYOUT.refuse(key, at).in_field(#text).in_message(Self::LABEL),
            ),
        }
    });
    let members = fields.zip(&slots).map(|(field, slot)| {
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
                        #(#others)*
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
        ::core::result::Result::Ok(Self { #(#members)* })
    }
}

/// The arm that stores one field.
fn arm(
    layout: &KeyValue<'_>,
    field: &Field,
    slot: &syn::Ident,
    enums: &TokenStream,
    values: &Values<'_>,
) -> TokenStream {
    let text = field.name.as_str();
    let number = |bits: u8, wrap: TokenStream| {
        let key = layout.number_key(field.id);
        let bits_literal = u32::from(bits);
        let primitive = primitive(bits);
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
    match field::kind(layout.spec, field) {
        Kind::Number(bits) => number(bits, quote!(number)),
        Kind::Named(bits, ident) => number(bits, quote!(#enums #ident(number))),
        // Text and bytes stand in fixed layouts alone.
        Kind::Any | Kind::Text(_) | Kind::Bytes(_) => {
            let arms = values(field).into_iter().map(|(keys, read)| {
                quote! {
                    #keys => match #read {
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
            });
            quote!(#(#arms)*)
        }
    }
}

//! Reading a body: one arm for every key that the specification foresees, one
//! for all others.

use iotmp_spec::model::{Field, Message, Shape, WireType};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::KeyValue;
use crate::emit::field::{self, Kind};
use crate::emit::{int, primitive};
use crate::names;

pub(super) fn body(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let slots = (0..field::all(message).count()).map(|i| format_ident!("field_{i}"));
    let read = statements(layout, message, &quote!(), &|field| {
        let keys = layout.layout.wire_types.iter();
        let keys = keys.map(|wire| layout.key(field.id, wire.id));
        vec![(
            quote!(#(#keys)|*),
            quote!(LAYOUT.read_any(reader, key, at, encoding)),
        )]
    });
    quote! {
        #(let mut #slots = ::core::option::Option::None;)*
        #read
    }
}

/// The same for a message whose values have types of their own: first every
/// field where it is expected, then, in the method `others`, whatever is left.
pub(in crate::emit) fn typed(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let fields: Vec<_> = field::all(message).collect();
    let slots: Vec<_> = (0..fields.len())
        .map(|i| format_ident!("field_{i}"))
        .collect();
    let reads = fields.iter().enumerate().map(|(place, field)| {
        let slot = &slots[place];
        let read = predicted(layout, field);
        if !field.mandatory {
            return quote!(let #slot = #read;);
        }
        let given = given(&fields, &slots, place);
        quote! {
            let #slot = #read;
            let ::core::option::Option::Some(#slot) = #slot else {
                break '__predicted #given;
            };
        }
    });
    let all = given(&fields, &slots, fields.len());
    let members = fields.iter().zip(&slots).map(|(field, slot)| {
        let ident = names::field(&field.name);
        quote!(#ident: #slot,)
    });
    quote! {
        let given = '__predicted: {
            #(#reads)*
            if !reader.is_empty() {
                break '__predicted #all;
            }
            return ::core::result::Result::Ok(Self { #(#members)* });
        };
        let (this, rest) = Self::others(::core::clone::Clone::clone(reader), encoding, given)?;
        *reader = rest;
        ::core::result::Result::Ok(this)
    }
}

/// The statements of the method `others` of such a message.
pub(in crate::emit) fn others(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let slots = (0..field::all(message).count()).map(|i| format_ident!("field_{i}"));
    let read = statements(layout, message, &quote!(super::), &|field| {
        let types = layout.layout.wire_types.iter();
        let arm = |wire: &WireType| {
            let key = layout.key(field.id, wire.id);
            (quote!(#key), shaped(wire))
        };
        types.map(arm).collect()
    });
    quote! {
        let (#(mut #slots,)*) = given;
        let reader = &mut rest;
        #read.map(|this| (this, rest))
    }
}

fn shaped(wire: &WireType) -> TokenStream {
    let shape = super::shape(&wire.shape);
    quote!(::iotmp_ref::typed::field(reader, #shape, at, encoding, LAYOUT.max_depth))
}

/// The slots when those before `place` have been read.
fn given(fields: &[&Field], slots: &[syn::Ident], place: usize) -> TokenStream {
    let slots = fields.iter().zip(slots).enumerate();
    let slots = slots.map(|(index, (field, slot))| match field.mandatory {
        _ if index >= place => quote!(::core::option::Option::None),
        true => quote!(::core::option::Option::Some(#slot)),
        false => quote!(#slot),
    });
    quote!((#(#slots,)*))
}

/// The value of a field, if the next key is one of its own.
fn predicted(layout: &KeyValue<'_>, field: &Field) -> TokenStream {
    let text = field.name.as_str();
    let checked = |key: u32, read: TokenStream| {
        let key = int::literal(layout.layout.key, key.into());
        quote! {
            if reader.next_is(#key) {
                match #read {
                    ::core::result::Result::Ok(value) => ::core::option::Option::Some(value),
                    ::core::result::Result::Err(error) => {
                        return ::core::result::Result::Err(
                            error.in_field(#text).in_message(Self::LABEL),
                        );
                    }
                }
            }
        }
    };
    let number = |bits: u8, wrap: TokenStream| {
        let bits_literal = u32::from(bits);
        let primitive = primitive(bits);
        let read = quote! {
            reader.varint(#bits_literal).map(|number| {
                let number = number as #primitive;
                #wrap
            })
        };
        let read = checked(layout.number_key(field.id), read);
        quote!(#read else { ::core::option::Option::None })
    };
    match field::kind(layout.spec, field) {
        Kind::Number(bits) => number(bits, quote!(number)),
        Kind::Named(bits, ident) => number(bits, quote!(super::#ident(number))),
        Kind::Any | Kind::Text(_) | Kind::Bytes(_) => {
            let types = layout.layout.wire_types.iter();
            let types = types.filter(|wire| !matches!(wire.shape, Shape::Fixed(_)));
            let reads = types.map(|wire| {
                let read = shaped(wire);
                checked(layout.key(field.id, wire.id), read)
            });
            quote!({
                let at = reader.offset();
                #(#reads else)* { ::core::option::Option::None }
            })
        }
    }
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
                    // A copy: only what is never lent out can stay in registers.
                    let mut ahead = ::core::clone::Clone::clone(reader);
                    if let ::core::result::Result::Err(error) =
                        LAYOUT.skip(&mut ahead, key, at, encoding)
                    {
                        return ::core::result::Result::Err(error.in_message(Self::LABEL));
                    }
                    *reader = ahead;
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

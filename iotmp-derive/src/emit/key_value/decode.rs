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
    let read = statements(layout, message, Refusals::WrittenOut, &|field| {
        let keys = layout.layout.wire_types.iter();
        let keys = keys.map(|wire| layout.key(field.id, wire.id));
        vec![(
            quote!(#(#keys)|*),
            quote!(LAYOUT.read_any(reader, key, at, encoding)),
        )]
    });
    quote! {
        #(let mut #slots = __::None;)*
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
            let __::Some(#slot) = #slot else {
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
            return __::Ok(Self { #(#members)* });
        };
        let (this, rest) = Self::others(__::Clone::clone(reader), encoding, given)?;
        *reader = rest;
        __::Ok(this)
    }
}

/// The statements of the method `others` of such a message.
pub(in crate::emit) fn others(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let slots = (0..field::all(message).count()).map(|i| format_ident!("field_{i}"));
    let read = statements(layout, message, Refusals::Shared, &|field| {
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
    quote!(__::typed::field(reader, #shape, at, encoding, LAYOUT.max_depth))
}

/// The slots when those before `place` have been read.
fn given(fields: &[&Field], slots: &[syn::Ident], place: usize) -> TokenStream {
    let slots = fields.iter().zip(slots).enumerate();
    let slots = slots.map(|(index, (field, slot))| match field.mandatory {
        _ if index >= place => quote!(__::None),
        true => quote!(__::Some(#slot)),
        false => quote!(#slot),
    });
    quote!((#(#slots,)*))
}

/// The value of a field, if the next key is one of its own.
fn predicted(layout: &KeyValue<'_>, field: &Field) -> TokenStream {
    let text = field.name.as_str();
    let checked = |key: u32, read: TokenStream| {
        let key = int::literal(layout.layout.key, key.into());
        let read = Refusals::Shared.field(&read, text);
        quote! {
            if reader.next_is(#key) { __::Some(#read) }
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
        quote!(#read else { __::None })
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
                #(#reads else)* { __::None }
            })
        }
    }
}

/// How a result becomes its value, or an error that names field and message.
#[derive(Clone, Copy)]
enum Refusals {
    /// Written out: less code comes of it where it is optimised for size.
    WrittenOut,
    /// By what is written out elsewhere: fewer tokens. Such messages are in a module of their own.
    Shared,
}

impl Refusals {
    fn field(self, result: &TokenStream, field: &str) -> TokenStream {
        match self {
            Self::WrittenOut => written_out(result, quote!(.in_field(#field))),
            Self::Shared => self.message(quote!(__::of_field(#result, #field))),
        }
    }

    fn message(self, result: TokenStream) -> TokenStream {
        match self {
            Self::WrittenOut => written_out(&result, quote!()),
            Self::Shared => quote!(__::of_message(#result, Self::LABEL)?),
        }
    }

    /// Where the enums are.
    fn enums(self) -> TokenStream {
        match self {
            Self::WrittenOut => quote!(),
            Self::Shared => quote!(super::),
        }
    }
}

fn written_out(result: &TokenStream, in_field: TokenStream) -> TokenStream {
    quote! {
        match #result {
            __::Ok(value) => value,
            __::Err(error) => return __::Err(error #in_field.in_message(Self::LABEL)),
        }
    }
}

/// Patterns of the keys of a value, and what reads it.
type Values<'l> = dyn Fn(&Field) -> Vec<(TokenStream, TokenStream)> + 'l;

fn statements(
    layout: &KeyValue<'_>,
    message: &Message,
    refusals: Refusals,
    values: &Values<'_>,
) -> TokenStream {
    let fields = field::all(message);
    let slots: Vec<_> = (0..fields.clone().count())
        .map(|i| format_ident!("field_{i}"))
        .collect();
    let arms = fields
        .clone()
        .zip(&slots)
        .map(|(field, slot)| arm(layout, field, slot, refusals, values));
    let members = fields.clone().zip(&slots).map(|(field, slot)| {
        let ident = names::field(&field.name);
        let text = field.name.as_str();
        if field.mandatory {
            let value = refusals.message(quote!(__::mandatory(#slot, reader.offset(), #text)));
            quote!(#ident: #value,)
        } else {
            quote!(#ident: #slot,)
        }
    });
    let key = refusals.message(quote!(LAYOUT.read_key(reader)));
    let others = fields.clone().map(|field| {
        let id = field.id;
        let text = field.name.as_str();
        quote! {
            #id => return __::Err(
                LAYOUT.refuse(key, at).in_field(#text).in_message(Self::LABEL),
            ),
        }
    });
    let skip = refusals.message(quote!(LAYOUT.skip(&mut ahead, key, at, encoding)));
    quote! {
        while !reader.is_empty() {
            let at = reader.offset();
            let key = #key;
            match key {
                #(#arms)*
                _ => {
                    match LAYOUT.split(key).0 {
                        #(#others)*
                        _ => {}
                    }
                    // A copy: only what is never lent out can stay in registers.
                    let mut ahead = __::Clone::clone(reader);
                    #skip;
                    *reader = ahead;
                }
            }
        }
        __::Ok(Self { #(#members)* })
    }
}

/// The arm that stores one field.
fn arm(
    layout: &KeyValue<'_>,
    field: &Field,
    slot: &syn::Ident,
    refusals: Refusals,
    values: &Values<'_>,
) -> TokenStream {
    let text = field.name.as_str();
    let number = |bits: u8, wrap: TokenStream| {
        let key = layout.number_key(field.id);
        let bits_literal = u32::from(bits);
        let primitive = primitive(bits);
        let read = refusals.field(&quote!(reader.varint(#bits_literal)), text);
        quote! {
            #key => {
                // The reader has refused what does not fit.
                let number = #read as #primitive;
                #slot = __::Some(#wrap);
            }
        }
    };
    match field::kind(layout.spec, field) {
        Kind::Number(bits) => number(bits, quote!(number)),
        Kind::Named(bits, ident) => {
            let enums = refusals.enums();
            number(bits, quote!(#enums #ident(number)))
        }
        // Text and bytes stand in fixed layouts alone.
        Kind::Any | Kind::Text(_) | Kind::Bytes(_) => {
            let arms = values(field).into_iter().map(|(keys, read)| {
                let read = refusals.field(&read, text);
                quote!(#keys => #slot = __::Some(#read),)
            });
            quote!(#(#arms)*)
        }
    }
}

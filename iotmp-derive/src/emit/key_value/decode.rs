//! Reading a body: one arm for every key that the specification foresees, one
//! for all others.

use iotmp_spec::model::{Field, Message, Shape, Spec, WireType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::KeyValue;
use crate::emit::field::{self, Kind};
use crate::emit::int;
use crate::names;

/// What all messages have in common, made once.
pub(super) struct Common {
    /// What the fields are called while they are read.
    slots: Vec<Ident>,
    /// The constant that says what is known of a body, up to its fields.
    known: TokenStream,
    fields: TokenStream,
    each: TokenStream,
    key: TokenStream,
    any: TokenStream,
    found: TokenStream,
    other: TokenStream,
    incomplete: TokenStream,
    rest: TokenStream,
}

impl Common {
    pub(super) fn new(spec: &Spec) -> Self {
        let counts = spec.messages.iter().map(|message| message.fields.len());
        Self {
            slots: (0..counts.max().unwrap_or(0))
                .map(|index| format_ident!("field_{index}"))
                .collect(),
            known: quote!(const BODY: &'static __codec::Body = &__codec::Body),
            fields: quote!(layout: &LAYOUT, message: Self::LABEL, fields:),
            each: quote! {
                let body = Self::BODY;
                while !reader.is_empty()
            },
            key: quote! {
                let at = reader.offset();
                let key = __codec::key(&LAYOUT, reader, Self::LABEL)?;
                let at = (key, at);
                match key
            },
            any: quote!(body.any),
            found: quote!(reader, at, encoding),
            other: quote!(_ => body.other(reader, at, encoding)?,),
            incomplete: quote!(if !reader.is_empty()),
            rest: quote! {
                let (this, rest) = Self::others(__codec::Clone::clone(reader), encoding, given)?;
                *reader = rest;
                __Ok(this)
            },
        }
    }
}

/// The constant that says what is known of a body.
pub(in crate::emit) fn known(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let pairs = field::all(message).map(|field| {
        let (id, text) = (field.id, field.name.as_str());
        quote!((#id, #text),)
    });
    let Common { known, fields, .. } = &layout.read;
    quote!(#known { #fields &[#(#pairs)*] };)
}

/// The fields of a message, and what they are called while they are read.
fn slots<'m>(
    layout: &'m KeyValue<'_>,
    message: &'m Message,
) -> impl Iterator<Item = (&'m Field, &'m Ident)> + Clone {
    field::all(message).zip(&layout.read.slots)
}

pub(super) fn body(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let slots = slots(layout, message).map(|(_, slot)| slot);
    let Common { any, found, .. } = &layout.read;
    let read = statements(layout, message, &|field, slot| {
        let keys = layout.layout.wire_types.iter();
        let keys = keys.map(|wire| layout.key(field.id, wire.id));
        quote!(#(#keys)|* => #any(#found, &mut #slot)?,)
    });
    quote! {
        #(let mut #slots = __None;)*
        #read
    }
}

/// The same for a message whose values have types of their own: first every
/// field where it is expected, then, in the method `others`, whatever is left.
pub(in crate::emit) fn typed(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let fields: Vec<_> = slots(layout, message).collect();
    let reads = fields.iter().enumerate().map(|(place, (field, slot))| {
        let read = predicted(layout, field);
        if !field.mandatory {
            return quote!(let #slot = #read;);
        }
        let given = given(&fields, place);
        quote!(let __Some(#slot) = (#read) else { break '__predicted #given; };)
    });
    let all = given(&fields, fields.len());
    let members = fields.iter().map(|(field, slot)| {
        let ident = names::field(&field.name);
        quote!(#ident: #slot,)
    });
    let Common {
        incomplete, rest, ..
    } = &layout.read;
    quote! {
        let given = '__predicted: {
            #(#reads)*
            #incomplete { break '__predicted #all; }
            return __Ok(Self { #(#members)* });
        };
        #rest
    }
}

/// The statements of the method `others` of such a message.
pub(in crate::emit) fn others(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let slots = slots(layout, message).map(|(_, slot)| slot);
    let found = &layout.read.found;
    let read = statements(layout, message, &|field, slot| {
        let types = layout.layout.wire_types.iter();
        let arms = types.map(|wire| {
            let key = layout.key(field.id, wire.id);
            let constant = constant(wire);
            quote!(#key => body.field(#found, #constant, &mut #slot)?,)
        });
        quote!(#(#arms)*)
    });
    quote! {
        let (#(mut #slots,)*) = given;
        let reader = &mut rest;
        #read.map(|this| (this, rest))
    }
}

/// What a wire type is called in the module of messages whose values have types of their own.
fn constant(wire: &WireType) -> Ident {
    format_ident!("WIRE_{}", wire.id)
}

/// The constants of wire types in that module.
pub(in crate::emit) fn constants(layout: &KeyValue<'_>) -> TokenStream {
    let types = layout.layout.wire_types.iter().map(|wire| {
        let constant = constant(wire);
        let shape = super::shape(&wire.shape);
        quote! {
            const #constant: (__codec::Shape, __codec::usize) = (#shape, LAYOUT.max_depth);
        }
    });
    quote!(#(#types)*)
}

/// The slots when those before `place` have been read.
fn given(fields: &[(&Field, &Ident)], place: usize) -> TokenStream {
    let slots = fields.iter().enumerate();
    let slots = slots.map(|(index, (field, slot))| match field.mandatory {
        _ if index >= place => quote!(__None),
        true => quote!(__Some(#slot)),
        false => quote!(#slot),
    });
    quote!((#(#slots,)*))
}

/// The value of a field, if the next key is one of its own.
fn predicted(layout: &KeyValue<'_>, field: &Field) -> TokenStream {
    let text = field.name.as_str();
    let key = |key: u32| int::literal(layout.layout.key, key.into());
    match field::kind(layout.spec, field) {
        Kind::Number(_) | Kind::Named(..) => {
            let key = key(layout.number_key(field.id));
            quote!(__codec::next_number(reader, #key, #text, Self::LABEL)?)
        }
        Kind::Any | Kind::Text(_) | Kind::Bytes(_) => {
            let types = layout.layout.wire_types.iter();
            let mut types = types.filter(|wire| !matches!(wire.shape, Shape::Fixed(_)));
            let read = |wire: &WireType| {
                let key = key(layout.key(field.id, wire.id));
                let wire = constant(wire);
                quote!(__codec::next_field(reader, #key, #wire, encoding, #text, Self::LABEL)?)
            };
            let Some(last) = types.next_back() else {
                return quote!(__None);
            };
            types.rev().fold(read(last), |otherwise, wire| {
                let read = read(wire);
                quote! {
                    match #read {
                        __None => #otherwise,
                        some => some,
                    }
                }
            })
        }
    }
}

/// The arms that store a value, by its field and where it is kept.
type Values<'l> = dyn Fn(&Field, &Ident) -> TokenStream + 'l;

fn statements(layout: &KeyValue<'_>, message: &Message, values: &Values<'_>) -> TokenStream {
    let fields = slots(layout, message);
    let arms = fields.clone().map(|(field, slot)| {
        match field::kind(layout.spec, field) {
            Kind::Number(_) | Kind::Named(..) => {
                let key = layout.number_key(field.id);
                quote!(#key => body.number(reader, at, &mut #slot)?,)
            }
            // Text and bytes stand in fixed layouts alone.
            Kind::Any | Kind::Text(_) | Kind::Bytes(_) => values(field, slot),
        }
    });
    let members = fields.map(|(field, slot)| {
        let ident = names::field(&field.name);
        let text = field.name.as_str();
        if field.mandatory {
            quote!(#ident: body.present(#slot, reader, #text)?,)
        } else {
            quote!(#ident: #slot,)
        }
    });
    let Common {
        each, key, other, ..
    } = &layout.read;
    quote! {
        #each { #key { #(#arms)* #other } }
        __Ok(Self { #(#members)* })
    }
}

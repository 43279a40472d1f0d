//! One struct for every message.

use iotmp_spec::model::{Direction, Field, FieldType, Message, Spec};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::field::{self, Kind};
use super::layout::Layout;
use super::{borrows, lifetime};
use crate::names;

/// What makes the structs: what all have in common is made once.
pub(super) struct Structs<'s> {
    spec: &'s Spec,
    layout: &'s dyn Layout,
    derive: TokenStream,
    code: TokenStream,
    name: TokenStream,
    new: TokenStream,
    unchanged: TokenStream,
    into_owned: TokenStream,
}

impl<'s> Structs<'s> {
    pub(super) fn new(spec: &'s Spec, layout: &'s dyn Layout) -> Self {
        Self {
            spec,
            layout,
            derive: quote! {
                #[derive(__codec::Debug, __codec::Clone, __codec::PartialEq, __codec::Eq)]
            },
            code: quote! {
                /// Code in the header.
                pub const CODE: __codec::u32
            },
            name: quote! {
                /// Name in the specification.
                pub const NAME: &'static __codec::str
            },
            new: quote! {
                /// The message with its mandatory fields alone, given in the order of their names.
                ///
                /// Others are set by struct update, `Self { field, ..Self::new(…) }`, which stays
                /// right when the specification gains a field.
                #[must_use]
                pub const fn new
            },
            unchanged: quote! {
                /// The same message: it borrows nothing.
                #[must_use]
                pub fn into_owned(self) -> Self { self }
            },
            into_owned: quote! {
                /// The same message, borrowed from nothing.
                #[must_use]
                pub fn into_owned(self)
            },
        }
    }

    pub(super) fn one(&self, message: &Message) -> TokenStream {
        let Self {
            spec,
            derive,
            code: code_is,
            name: name_is,
            ..
        } = self;
        let name = names::ty(&message.name);
        let lifetime = lifetime(message);
        let direction = match message.direction {
            Direction::ToServer => "From device to server.",
            Direction::ToDevice => "From server to device.",
            Direction::Both => "From either end.",
        };
        let doc = format!("{}\n\n{direction} Source: {}.", message.doc, message.source);
        let fields = field::all(message).map(|field| {
            let ident = names::field(&field.name);
            let ty = field::ty(spec, field);
            let place = self.layout.place(field);
            let doc = format!("{} {place}Source: {}.", field.doc, field.source);
            let ty = if field.mandatory {
                ty
            } else {
                quote!(__codec::Option<#ty>)
            };
            quote! {
                #[doc = #doc]
                pub #ident: #ty,
            }
        });
        let constants = message.fields.iter().filter_map(|f| constant(spec, f));
        let defaults = message.fields.iter().filter_map(|f| default(spec, f));
        let code = message.code;
        let text = &message.name;
        let owned = self.conversion(message, &name);
        let new = self.constructor(message);
        quote! {
            #[doc = #doc]
            #derive
            pub struct #name #lifetime { #(#fields)* }

            impl #lifetime #name #lifetime {
                #code_is = #code;
                #name_is = #text;
                #(#constants)*
                #(#defaults)*
                #new
                #owned
            }
        }
    }

    /// A constructor from the mandatory fields: what it builds stays valid when the specification
    /// gains an optional one.
    fn constructor(&self, message: &Message) -> TokenStream {
        let (mut mandatory, optional): (Vec<_>, Vec<_>) =
            field::all(message).partition(|field| field.mandatory);
        // The order in the file may change from one revision to the next.
        mandatory.sort_by(|a, b| a.name.cmp(&b.name));
        let arguments = mandatory.iter().map(|field| {
            let ident = names::field(&field.name);
            let ty = field::ty(self.spec, field);
            quote!(#ident: #ty)
        });
        let given = mandatory.iter().map(|field| names::field(&field.name));
        let absent = optional.iter().map(|field| names::field(&field.name));
        let new = &self.new;
        quote! {
            #new(#(#arguments),*) -> Self {
                Self {
                    #(#given,)*
                    #(#absent: __None,)*
                }
            }
        }
    }

    fn conversion(&self, message: &Message, name: &Ident) -> TokenStream {
        if !borrows(message) {
            return self.unchanged.clone();
        }
        let fields = field::all(message).map(|field| {
            let ident = names::field(&field.name);
            match (&field.ty, field.mandatory) {
                (FieldType::Any(_), true) => quote!(#ident: self.#ident.into_owned(),),
                (FieldType::Any(_), false) => {
                    quote!(#ident: self.#ident.map(__codec::Any::into_owned),)
                }
                (FieldType::Text(_) | FieldType::Bytes(_), true) => {
                    quote!(#ident: __codec::owned(self.#ident),)
                }
                (FieldType::Text(_) | FieldType::Bytes(_), false) => {
                    quote!(#ident: self.#ident.map(__codec::owned),)
                }
                (FieldType::Varint(_) | FieldType::Int(_) | FieldType::Enum(_), _) => {
                    quote!(#ident: self.#ident,)
                }
            }
        });
        let into_owned = &self.into_owned;
        quote! {
            #into_owned -> #name<'static> {
                #name { #(#fields)* }
            }
        }
    }
}

/// The number of a field that is always the same, and so no field of the struct.
fn constant(spec: &Spec, field: &Field) -> Option<TokenStream> {
    let ident = names::constant(&field.name);
    let ty = field::ty(spec, field);
    let value = field::constant(&field::kind(spec, field), field.constant?);
    let doc = format!("{} Always this. Source: {}.", field.doc, field.source);
    Some(quote! {
        #[doc = #doc]
        pub const #ident: #ty = #value;
    })
}

/// A getter that knows the default of an optional number.
fn default(spec: &Spec, field: &Field) -> Option<TokenStream> {
    let number = field.default?;
    let kind = field::kind(spec, field);
    if !matches!(kind, Kind::Number(_) | Kind::Named(..)) {
        return None;
    }
    let ident = names::field(&field.name);
    let getter = names::field(&format!("{}_or_default", field.name));
    let ty = field::ty(spec, field);
    let value = field::constant(&kind, number);
    let doc = format!("`{}`, or {number} where it is absent.", field.name);
    Some(quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #getter(&self) -> #ty {
            self.#ident.unwrap_or(#value)
        }
    })
}

//! One struct for every message.

use iotmp_spec::model::{Direction, Field, FieldType, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::field::{self, Kind};
use super::layout::Layout;
use super::{borrows, lifetime};
use crate::names;

pub(super) fn one(spec: &Spec, layout: &dyn Layout, message: &Message) -> TokenStream {
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
        let place = layout.place(field);
        let doc = format!("{} {place}Source: {}.", field.doc, field.source);
        let ty = if field.mandatory {
            ty
        } else {
            quote!(__::Option<#ty>)
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
    let owned = into_owned(message);
    let new = new(spec, message);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::core::cmp::Eq)]
        pub struct #name #lifetime { #(#fields)* }

        impl #lifetime #name #lifetime {
            /// Code in the header.
            pub const CODE: __::u32 = #code;
            /// Name in the specification.
            pub const NAME: &'static __::str = #text;
            #(#constants)*
            #(#defaults)*
            #new
            #owned
        }
    }
}

/// A constructor from the mandatory fields: what it builds stays valid when the specification gains
/// an optional one.
fn new(spec: &Spec, message: &Message) -> TokenStream {
    let (mut mandatory, optional): (Vec<_>, Vec<_>) =
        field::all(message).partition(|field| field.mandatory);
    // The order in the file may change from one revision to the next.
    mandatory.sort_by(|a, b| a.name.cmp(&b.name));
    let arguments = mandatory.iter().map(|field| {
        let ident = names::field(&field.name);
        let ty = field::ty(spec, field);
        quote!(#ident: #ty)
    });
    let given = mandatory.iter().map(|field| names::field(&field.name));
    let absent = optional.iter().map(|field| names::field(&field.name));
    quote! {
        /// The message with its mandatory fields alone, given in the order of their names.
        ///
        /// Others are set by struct update, `Self { field, ..Self::new(…) }`, which stays
        /// right when the specification gains a field.
        #[must_use]
        pub const fn new(#(#arguments),*) -> Self {
            Self {
                #(#given,)*
                #(#absent: __::None,)*
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

fn into_owned(message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    if !borrows(message) {
        return quote! {
            /// The same message: it borrows nothing.
            #[must_use]
            pub fn into_owned(self) -> #name { self }
        };
    }
    let fields = field::all(message).map(|field| {
        let ident = names::field(&field.name);
        let owned = match field.ty {
            FieldType::Any(_) => quote!(value.into_owned()),
            FieldType::Text(_) | FieldType::Bytes(_) => {
                quote!(__::Cow::Owned(value.into_owned()))
            }
            FieldType::Varint(_) | FieldType::Int(_) | FieldType::Enum(_) => {
                return quote!(#ident: self.#ident,);
            }
        };
        if field.mandatory {
            quote!(#ident: { let value = self.#ident; #owned },)
        } else {
            quote!(#ident: self.#ident.map(|value| #owned),)
        }
    });
    quote! {
        /// The same message, borrowed from nothing.
        #[must_use]
        pub fn into_owned(self) -> #name<'static> {
            #name { #(#fields)* }
        }
    }
}

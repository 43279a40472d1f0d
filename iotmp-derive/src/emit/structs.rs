//! One struct for every message.

use iotmp_spec::model::{Direction, Field, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::{Kind, borrows, field_type, kind, lifetime};
use crate::names;

pub(super) fn one(spec: &Spec, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let lifetime = lifetime(message);
    let direction = match message.direction {
        Direction::ToServer => "From device to server.",
        Direction::ToDevice => "From server to device.",
        Direction::Both => "From either end.",
    };
    let doc = format!("{}\n\n{direction} Source: {}.", message.doc, message.source);
    let fields = message.fields.iter().map(|field| {
        let ident = names::field(&field.name);
        let ty = field_type(spec, field);
        let doc = format!(
            "{} Field 0x{:02x}. Source: {}.",
            field.doc, field.id, field.source
        );
        let ty = if field.mandatory {
            ty
        } else {
            quote!(::core::option::Option<#ty>)
        };
        quote! {
            #[doc = #doc]
            pub #ident: #ty,
        }
    });
    let defaults = message
        .fields
        .iter()
        .filter_map(|field| default(spec, field));
    let code = message.code;
    let text = &message.name;
    let owned = into_owned(message);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::core::cmp::Eq)]
        pub struct #name #lifetime { #(#fields)* }

        impl #lifetime #name #lifetime {
            /// Code in the header.
            pub const CODE: ::core::primitive::u32 = #code;
            /// Name in the specification.
            pub const NAME: &'static ::core::primitive::str = #text;
            #(#defaults)*
            #owned
        }
    }
}

/// A getter that knows the default of an optional number.
fn default(spec: &Spec, field: &Field) -> Option<TokenStream> {
    let value = proc_macro2::Literal::u64_unsuffixed(field.default?);
    let ident = names::field(&field.name);
    let getter = names::field(&format!("{}_or_default", field.name));
    let ty = field_type(spec, field);
    let default = match kind(spec, field) {
        Kind::Number(_) => quote!(#value),
        Kind::Named(_, name) => quote!(#name(#value)),
        Kind::Any => return None,
    };
    let doc = format!("`{}`, or {value} where it is absent.", field.name);
    Some(quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #getter(&self) -> #ty {
            self.#ident.unwrap_or(#default)
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
    let fields = message.fields.iter().map(|field| {
        let ident = names::field(&field.name);
        let any = matches!(field.ty, iotmp_spec::model::FieldType::Any(_));
        match (any, field.mandatory) {
            (false, _) => quote!(#ident: self.#ident,),
            (true, true) => quote!(#ident: self.#ident.into_owned(),),
            (true, false) => quote! {
                #ident: self.#ident.map(::iotmp_ref::wire::Any::into_owned),
            },
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

//! Writing a body: its length first, then its bytes, without allocation.

use iotmp_spec::model::{Field, Message};
use proc_macro2::TokenStream;
use quote::quote;

use super::KeyValue;
use crate::emit::field::{self, Kind};
use crate::emit::int;
use crate::names;

pub(super) fn length(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let lengths = field::all(message).map(|field| {
        let ident = names::field(&field.name);
        let length = field_length(layout, field);
        if field.mandatory {
            quote!({ let value = &self.#ident; #length })
        } else {
            quote! {
                match &self.#ident {
                    __::Some(value) => { #length }
                    __::None => 0,
                }
            }
        }
    });
    quote!(0 #(+ #lengths)*)
}

pub(super) fn body(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let writes = field::all(message).map(|field| {
        let ident = names::field(&field.name);
        let write = field_write(layout, field);
        if field.mandatory {
            quote!({ let value = &self.#ident; #write })
        } else {
            quote!(if let __::Some(value) = &self.#ident { #write })
        }
    });
    quote!(#(#writes)*)
}

/// Bytes of a field, whose value `value` refers to.
fn field_length(layout: &KeyValue<'_>, field: &Field) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        return quote!(LAYOUT.any_len(#id, value));
    }
    let key = int::bytes(layout.layout.key, layout.number_key(id).into()).len();
    let number = field::wide(&kind);
    quote!(#key + __::varint::len(#number))
}

/// Writes a field, whose value `value` refers to.
fn field_write(layout: &KeyValue<'_>, field: &Field) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        return quote!(LAYOUT.write_any(writer, #id, value)?;);
    }
    let key = int::literal(layout.layout.key, layout.number_key(id).into());
    let number = field::wide(&kind);
    quote! {
        writer.put(#key)?;
        writer.varint(#number)?;
    }
}

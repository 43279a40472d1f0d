//! Writing a body: its length first, then its bytes, without allocation.

use iotmp_spec::model::{Field, Message};
use proc_macro2::TokenStream;
use quote::quote;

use super::Fixed;
use crate::emit::field::{self, Kind, Place};
use crate::emit::int;
use crate::names;

pub(super) fn length(layout: &Fixed<'_>, message: &Message) -> TokenStream {
    let lengths = message.fields.iter().map(|field| {
        let ident = names::field(&field.name);
        let width = usize::from(layout.int(field).width().unwrap_or(0));
        match (field::kind(layout.spec, field), field.mandatory) {
            (Kind::Text(extent) | Kind::Bytes(extent), true) => {
                quote!(#extent.len(self.#ident.len()))
            }
            (Kind::Text(extent) | Kind::Bytes(extent), false) => quote! {
                match &self.#ident {
                    __Some(value) => #extent.len(value.len()),
                    __None => 0,
                }
            },
            (Kind::Number(_) | Kind::Named(..) | Kind::Any, true) => quote!(#width),
            (Kind::Number(_) | Kind::Named(..) | Kind::Any, false) => {
                quote!(if self.#ident.is_some() { #width } else { 0 })
            }
        }
    });
    quote!(0 #(+ #lengths)*)
}

pub(super) fn body(layout: &Fixed<'_>, message: &Message) -> TokenStream {
    let mut before: Option<&Field> = None;
    let writes = message.fields.iter().map(|field| {
        if let Some(number) = field.constant {
            let bytes = int::literal(layout.int(field), number);
            return quote!(writer.put(#bytes)?;);
        }
        let place = Place::of(field);
        let write = field_write(layout, field, &place);
        if field.mandatory {
            return write;
        }
        let gap = before.replace(field).map(|before| gap(before, field));
        place.present(quote!(#gap #write), None)
    });
    quote!(#(#writes)*)
}

/// Refuses a field whose bytes would be taken for those of the absent one before it.
fn gap(before: &Field, field: &Field) -> TokenStream {
    let ident = names::field(&before.name);
    let (missing, text) = (before.name.as_str(), field.name.as_str());
    quote! {
        if self.#ident.is_none() {
            return __Err(__codec::EncodeError::Gap {
                field: #text,
                missing: #missing,
            });
        }
    }
}

/// Writes a field.
fn field_write(layout: &Fixed<'_>, field: &Field, place: &Place) -> TokenStream {
    let text = field.name.as_str();
    let value = place.reference();
    match field::kind(layout.spec, field) {
        Kind::Text(extent) => {
            quote!(#extent.write(writer, #text, __codec::str::as_bytes(#value))?;)
        }
        Kind::Bytes(extent) => quote!(#extent.write(writer, #text, #value)?;),
        kind => {
            let encoding = int::encoding(layout.int(field));
            let number = place.wide(&kind);
            let refused = field::refused(layout.spec, field, &number);
            quote!(#refused #encoding.write(writer, #text, #number)?;)
        }
    }
}

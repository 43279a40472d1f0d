//! Writing a body: its length first, then its bytes, without allocation.

use iotmp_spec::model::{Field, Message};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::KeyValue;
use crate::emit::field::{self, Kind, Place};
use crate::emit::int;

pub(super) fn length(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let zero = Literal::usize_unsuffixed(0);
    let lengths = field::all(message).map(|field| {
        let place = Place::of(field);
        let length = field_length(layout, field, &place);
        place.present(length, Some(zero.to_token_stream()))
    });
    quote!(#zero #(+ #lengths)*)
}

pub(super) fn body(layout: &KeyValue<'_>, message: &Message) -> TokenStream {
    let writes = field::all(message).map(|field| {
        let place = Place::of(field);
        place.present(field_write(layout, field, &place), None)
    });
    quote!(#(#writes)*)
}

/// Bytes of a field.
fn field_length(layout: &KeyValue<'_>, field: &Field, place: &Place) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        let value = place.reference();
        return quote!(LAYOUT.any_len(#id, #value));
    }
    let key = int::bytes(layout.layout.key, layout.number_key(id).into()).len();
    let number = place.wide(&kind);
    quote!(#key + __codec::varint::len(#number))
}

/// Writes a field.
fn field_write(layout: &KeyValue<'_>, field: &Field, place: &Place) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        let value = place.reference();
        return quote!(LAYOUT.write_any(writer, #id, #value)?;);
    }
    let key = int::literal(layout.layout.key, layout.number_key(id).into());
    let number = place.wide(&kind);
    let refused = field::refused(layout.spec, field, &number);
    quote! {
        #refused
        writer.put(#key)?;
        writer.varint(#number)?;
    }
}

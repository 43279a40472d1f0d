//! Writing a body: its length first, then its bytes, without allocation.

use iotmp_spec::model::{Field, KeyValue, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::{Kind, key, kind, lifetime, varint_wire};
use crate::names;

pub(super) fn body(spec: &Spec, layout: &KeyValue, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let lifetime = lifetime(message);
    let lengths = message.fields.iter().map(|field| {
        let value = length(spec, layout, field);
        each(field, &value, true)
    });
    let writes = message.fields.iter().map(|field| {
        let value = write(spec, layout, field);
        each(field, &value, false)
    });
    quote! {
        impl #lifetime #name #lifetime {
            /// Bytes of the body.
            #[must_use]
            pub fn body_len(&self) -> ::core::primitive::usize {
                0 #(+ #lengths)*
            }

            /// Writes the body, fields in the order of the specification.
            ///
            /// # Errors
            /// Where the buffer ends, or the revision has no wire type for a value.
            pub fn encode_body(
                &self,
                writer: &mut ::iotmp_ref::wire::Writer<'_>,
            ) -> ::core::result::Result<(), ::iotmp_ref::wire::EncodeError> {
                #(#writes)*
                let _ = writer;
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// Runs `code` on `value`, a reference to the field's value, where it is there.
fn each(field: &Field, code: &TokenStream, is_length: bool) -> TokenStream {
    let ident = names::field(&field.name);
    match (field.mandatory, is_length) {
        (true, _) => quote!({ let value = &self.#ident; #code }),
        (false, true) => quote! {
            match &self.#ident {
                ::core::option::Option::Some(value) => { #code }
                ::core::option::Option::None => 0,
            }
        },
        (false, false) => quote! {
            if let ::core::option::Option::Some(value) = &self.#ident { #code }
        },
    }
}

/// The number behind `value`, as 64 bits.
fn wide(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Number(64) => quote!(*value),
        Kind::Number(_) => quote!(::core::primitive::u64::from(*value)),
        Kind::Named(64, _) => quote!(value.0),
        Kind::Named(..) => quote!(::core::primitive::u64::from(value.0)),
        Kind::Any => quote!(),
    }
}

fn length(spec: &Spec, layout: &KeyValue, field: &Field) -> TokenStream {
    let kind = kind(spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        return quote!(LAYOUT.any_len(#id, value));
    }
    let key_len = varint(key(layout, id, varint_wire(layout))).len();
    let number = wide(&kind);
    quote!(#key_len + ::iotmp_ref::wire::varint::len(#number))
}

fn write(spec: &Spec, layout: &KeyValue, field: &Field) -> TokenStream {
    let kind = kind(spec, field);
    let id = field.id;
    if matches!(kind, Kind::Any) {
        return quote!(LAYOUT.write_any(writer, #id, value)?;);
    }
    let key = varint(key(layout, id, varint_wire(layout)));
    let key = proc_macro2::Literal::byte_string(&key);
    let number = wide(&kind);
    quote! {
        writer.put(#key)?;
        writer.varint(#number)?;
    }
}

/// A number as the literal bytes that the expansion holds.
pub(super) fn varint(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

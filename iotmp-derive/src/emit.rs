//! From the model to tokens, one file per thing that is emitted.
//!
//! Everything outside the module is named by an absolute path: a message may be
//! called `Ok`, `Error`, `Option` or `String`.

mod bridge;
mod constants;
mod decode;
mod encode;
mod enums;
mod message;
mod structs;

use iotmp_spec::model::{Body, Field, FieldType, KeyValue, Message, Spec};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::names;

/// The module of a specification.
pub(crate) fn module(spec: &Spec) -> TokenStream {
    let Body::KeyValue(layout) = &spec.body else {
        return quote!(::core::compile_error!("fixed layouts are not known here"););
    };
    let name = names::module(&spec.name);
    let doc = format!("{}\n\n{}", spec.title, spec.doc);
    let files = spec.files.iter().map(|file| {
        // `include_bytes!` reads relative paths from the file that calls it.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let path = file.to_string_lossy();
        // Makes the compiler's list of inputs hold the file, so that an edit rebuilds.
        quote! { const _: &[::core::primitive::u8] = ::core::include_bytes!(#path); }
    });
    let constants = constants::all(spec, layout);
    let enums = spec.enums.iter().map(enums::one);
    let codes = enums::message_type(spec);
    let structs = spec.messages.iter().map(|message| {
        let definition = structs::one(spec, message);
        let decode = decode::body(spec, layout, message);
        let encode = encode::body(spec, layout, message);
        let bridge = bridge::one(spec, message);
        quote! { #definition #decode #encode #bridge }
    });
    let message = message::all(spec);
    quote! {
        #[doc = #doc]
        pub mod #name {
            #(#files)*
            #constants
            #(#enums)*
            #codes
            #(#structs)*
            #message
        }
    }
}

/// Whether a message borrows from the input.
fn borrows(message: &Message) -> bool {
    message
        .fields
        .iter()
        .any(|f| matches!(f.ty, FieldType::Any(_)))
}

/// `<'a>` for a message that borrows, nothing for one that does not.
fn lifetime(message: &Message) -> TokenStream {
    if borrows(message) {
        quote!(<'a>)
    } else {
        quote!()
    }
}

/// A number's primitive type, by its bits.
fn primitive(bits: u8) -> TokenStream {
    match bits {
        8 => quote!(::core::primitive::u8),
        16 => quote!(::core::primitive::u16),
        32 => quote!(::core::primitive::u32),
        _ => quote!(::core::primitive::u64),
    }
}

/// What generated code does with a field.
enum Kind {
    /// A number of these bits.
    Number(u8),
    /// A number of these bits, named by this enum.
    Named(u8, Ident),
    /// A value of any type.
    Any,
}

fn kind(spec: &Spec, field: &Field) -> Kind {
    match &field.ty {
        FieldType::Varint(bits) => Kind::Number(*bits),
        FieldType::Enum(name) => {
            let bits = spec.enumeration(name).map_or(64, |e| e.bits);
            Kind::Named(bits, names::ty(name))
        }
        _ => Kind::Any,
    }
}

/// The type of a field, without `Option`.
fn field_type(spec: &Spec, field: &Field) -> TokenStream {
    match kind(spec, field) {
        Kind::Number(bits) => primitive(bits),
        Kind::Named(_, ident) => quote!(#ident),
        Kind::Any => quote!(::iotmp_ref::wire::Any<'a>),
    }
}

/// The key of a field under a wire type.
fn key(layout: &KeyValue, field: u32, wire: u8) -> u32 {
    match layout.high {
        iotmp_spec::model::KeyPart::Field => (field << layout.low_bits) | u32::from(wire),
        iotmp_spec::model::KeyPart::WireType => (u32::from(wire) << layout.low_bits) | field,
    }
}

/// The number of the wire type for varints; the checks see to it that there is one.
fn varint_wire(layout: &KeyValue) -> u8 {
    layout
        .wire_types
        .iter()
        .find(|w| w.shape == iotmp_spec::model::Shape::Varint)
        .map_or(0, |w| w.id)
}

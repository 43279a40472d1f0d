//! The seam between what is the same for every message and what its layout decides.

use iotmp_spec::model::{Body, Field, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::fixed::Fixed;
use super::key_value::KeyValue;
use super::lifetime;
use crate::names;

/// How bodies are read and written.
pub(super) trait Layout {
    /// Constants of the module.
    fn constants(&self) -> TokenStream;

    /// What the documentation of a field says of its place in the body; may be empty.
    fn place(&self, field: &Field) -> String;

    /// Whether an optional field can only be there if those before it are.
    fn is_ordered(&self) -> bool;

    /// What the documentation of a message's `decode_body` says of the order of fields.
    fn order(&self) -> &'static str;

    /// Statements that read `reader`, which borrows from `'a`, into `Self`.
    fn read(&self, message: &Message) -> TokenStream;

    /// An expression for the bytes that `self` takes.
    fn length(&self, message: &Message) -> TokenStream;

    /// Statements that write `self` to `writer`.
    fn write(&self, message: &Message) -> TokenStream;

    /// Methods that read and write whole messages of this type alone; may be empty.
    fn whole(&self, message: &Message) -> TokenStream;
}

/// The layout of a specification.
pub(super) fn of(spec: &Spec) -> Box<dyn Layout + '_> {
    match &spec.body {
        Body::KeyValue(layout) => Box::new(KeyValue { spec, layout }),
        Body::Fixed(_) => Box::new(Fixed { spec }),
    }
}

/// The codec of one message's body.
pub(super) fn codec(layout: &dyn Layout, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let label = name.to_string();
    let lifetime = lifetime(message);
    let input = if lifetime.is_empty() {
        quote!('_)
    } else {
        quote!('a)
    };
    let order = layout.order();
    let read = layout.read(message);
    let length = layout.length(message);
    let write = layout.write(message);
    let whole = layout.whole(message);
    let inline = (!whole.is_empty()).then(|| quote!(#[inline]));
    quote! {
        impl #lifetime #name #lifetime {
            const LABEL: &'static __::str = #label;

            /// Reads the body of this message.
            ///
            #[doc = #order]
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            #inline
            pub fn decode_body(
                reader: &mut __::Reader<#input>,
                encoding: __::Encoding,
            ) -> __::Result<Self, __::DecodeError> {
                #read
            }

            /// Bytes of the body.
            #[must_use]
            pub fn body_len(&self) -> __::usize {
                #length
            }

            /// Writes the body, fields in the order of the specification.
            ///
            /// # Errors
            /// Where the buffer ends, or a field holds what cannot be written.
            pub fn encode_body(
                &self,
                writer: &mut __::Writer<'_>,
            ) -> __::Result<(), __::EncodeError> {
                #write
                let _ = writer;
                __::Ok(())
            }

            #whole
        }
    }
}

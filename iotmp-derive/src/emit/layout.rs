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

    /// A constant of the message that its methods read by; may be empty.
    fn known(&self, message: &Message) -> TokenStream;

    /// Whether there are methods that read and write whole messages of one type alone.
    fn is_whole(&self) -> bool;

    /// These methods; empty where there are none.
    fn whole(&self, message: &Message) -> TokenStream;
}

/// The layout of a specification.
pub(super) fn of(spec: &Spec) -> Box<dyn Layout + '_> {
    match &spec.body {
        Body::KeyValue(layout) => Box::new(KeyValue::new(spec, layout)),
        Body::Fixed(_) => Box::new(Fixed { spec }),
    }
}

/// What makes the codecs of bodies: what all have in common is made once.
pub(super) struct Codecs<'l> {
    layout: &'l dyn Layout,
    label: TokenStream,
    /// For a message that borrows, and for one that does not.
    decode_body: [TokenStream; 2],
    body_len: TokenStream,
    encode_body: TokenStream,
    written: TokenStream,
}

impl<'l> Codecs<'l> {
    pub(super) fn new(layout: &'l dyn Layout) -> Self {
        let order = layout.order();
        let decode_body = [quote!('a), quote!('_)].map(|input| {
            quote! {
                pub fn decode_body(
                    reader: &mut __codec::Reader<#input>,
                    encoding: __codec::Encoding,
                ) -> __codec::Result<Self, __codec::DecodeError>
            }
        });
        let inline = layout.is_whole().then(|| quote!(#[inline]));
        Self {
            layout,
            label: quote!(const LABEL: &'static __codec::str),
            decode_body: decode_body.map(|signature| {
                quote! {
                    /// Reads the body of this message.
                    ///
                    #[doc = #order]
                    ///
                    /// # Errors
                    /// What is wrong with the bytes, where, and in which field.
                    #inline
                    #signature
                }
            }),
            body_len: quote! {
                /// Bytes of the body.
                #[must_use]
                pub fn body_len(&self) -> __codec::usize
            },
            encode_body: quote! {
                /// Writes the body, fields in the order of the specification.
                ///
                /// # Errors
                /// Where the buffer ends, or a field holds what cannot be written.
                pub fn encode_body(
                    &self,
                    writer: &mut __codec::Writer<'_>,
                ) -> __codec::Result<(), __codec::EncodeError>
            },
            written: quote! {
                let _ = writer;
                __Ok(())
            },
        }
    }

    /// The codec of one message's body.
    pub(super) fn one(&self, message: &Message) -> TokenStream {
        let Self {
            layout,
            label: label_is,
            decode_body: [borrowing, owning],
            body_len,
            encode_body,
            written,
        } = self;
        let name = names::ty(&message.name);
        let label = name.to_string();
        let lifetime = lifetime(message);
        let decode_body = if lifetime.is_empty() {
            owning
        } else {
            borrowing
        };
        let known = layout.known(message);
        let read = layout.read(message);
        let length = layout.length(message);
        let write = layout.write(message);
        let whole = layout.whole(message);
        quote! {
            impl #lifetime #name #lifetime {
                #label_is = #label;
                #known
                #decode_body { #read }
                #body_len { #length }
                #encode_body {
                    #write
                    #written
                }
                #whole
            }
        }
    }
}

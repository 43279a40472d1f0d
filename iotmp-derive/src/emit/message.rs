//! The enum of all messages.

mod codec;

use iotmp_spec::model::{Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::{answers, borrows};
use crate::names;

pub(super) fn all(spec: &Spec) -> TokenStream {
    let variants = spec.messages.iter().map(|message| {
        let name = names::ty(&message.name);
        let doc = &message.doc;
        let lifetime = super::lifetime(message);
        quote! {
            #[doc = #doc]
            #name(#name #lifetime),
        }
    });
    let froms = spec.messages.iter().map(from);
    let methods = methods(spec);
    let decode_body = answers::decode_body(spec);
    let codec = codec::functions();
    let encode = codec::encode(spec);
    let traits = traits(spec);
    quote! {
        /// Any message.
        #[derive(__codec::Debug, __codec::Clone, __codec::PartialEq, __codec::Eq)]
        pub enum Message<'a> {
            #(#variants)*
            /// A message whose type the specification does not name.
            Unknown(__codec::UnknownMessage<'a>),
        }
        #(#froms)*
        #methods
        #decode_body
        #codec
        #encode
        #traits
    }
}

/// The traits of other crates, which the runtime switches by its features.
fn traits(spec: &Spec) -> TokenStream {
    let names: Vec<_> = spec.messages.iter().map(|m| names::ty(&m.name)).collect();
    let last = names.len().saturating_sub(1);
    let picks = names.iter().enumerate().map(|(index, name)| {
        let pattern = if index == last {
            quote!(_)
        } else {
            quote!(#index)
        };
        quote!(#pattern => Message::#name(u.arbitrary()?),)
    });
    quote! {
        ::iotmp_ref::__serde! {
            impl __codec::serde::Serialize for Message<'_> {
                fn serialize<__S: __codec::serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> __codec::Result<__S::Ok, __S::Error> {
                    __codec::serialize_message(
                        self.name().unwrap_or("unknown"),
                        &|visitor| self.visit(visitor),
                        serializer,
                    )
                }
            }
        }
        ::iotmp_ref::__draw! {
            Message<'static>, u,
            match u.int_in_range(0..=#last)? {
                #(#picks)*
            }
        }
    }
}

fn from(message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let lifetime = super::lifetime(message);
    let anonymous = if borrows(message) {
        quote!('a)
    } else {
        quote!('_)
    };
    quote! {
        impl #lifetime __codec::From<#name #lifetime> for Message<#anonymous> {
            fn from(message: #name #lifetime) -> Self {
                Self::#name(message)
            }
        }
    }
}

fn methods(spec: &Spec) -> TokenStream {
    let names: Vec<_> = spec.messages.iter().map(|m| names::ty(&m.name)).collect();
    quote! {
        impl<'a> Message<'a> {
            /// Code in the header.
            #[must_use]
            pub fn message_type(&self) -> MessageType {
                match self {
                    #(Self::#names(_) => MessageType(#names::CODE),)*
                    Self::Unknown(message) => MessageType(message.code),
                }
            }

            /// Name in the specification, if it has one.
            #[must_use]
            pub fn name(&self) -> __codec::Option<&'static __codec::str> {
                match self {
                    #(Self::#names(_) => __Some(#names::NAME),)*
                    Self::Unknown(_) => __None,
                }
            }

            /// The same message, borrowed from nothing.
            #[must_use]
            pub fn into_owned(self) -> Message<'static> {
                match self {
                    #(Self::#names(message) => Message::#names(message.into_owned()),)*
                    Self::Unknown(message) => Message::Unknown(message.into_owned()),
                }
            }

            /// Bytes of the body.
            #[must_use]
            pub fn body_len(&self) -> __codec::usize {
                match self {
                    #(Self::#names(message) => message.body_len(),)*
                    Self::Unknown(message) => message.body.len(),
                }
            }

            /// Calls `visitor` with the name and the value of every field that is there.
            pub fn visit(
                &self,
                visitor: &mut dyn __codec::FnMut(
                    &'static __codec::str,
                    __codec::FieldValue<'_>,
                ),
            ) {
                match self {
                    #(Self::#names(message) => message.visit(visitor),)*
                    Self::Unknown(_) => {}
                }
            }

            /// Builds the message of that name from its fields' values, which `get` gives by name.
            ///
            /// # Errors
            /// An unknown message, an absent mandatory field, or a value that its field does not take.
            pub fn build(
                name: &__codec::str,
                get: &mut dyn __codec::FnMut(
                    &'static __codec::str,
                ) -> __codec::Option<__codec::FieldValue<'a>>,
            ) -> __codec::Result<Self, __codec::BuildError> {
                match name {
                    #(#names::NAME => #names::build(get).map(Self::#names),)*
                    _ => __Err(
                        __codec::BuildError::UnknownMessage,
                    ),
                }
            }
        }
    }
}

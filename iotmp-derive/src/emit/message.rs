//! The enum of all messages, and the codec of whole messages.

use iotmp_spec::model::{Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::{borrows, constants::bits, encode::varint};
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
    let decode = decode(spec);
    let encode = encode(spec);
    let traits = traits(spec);
    quote! {
        /// Any message.
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::core::cmp::Eq)]
        pub enum Message<'a> {
            #(#variants)*
            /// A message whose type the specification does not name.
            Unknown(::iotmp_ref::wire::UnknownMessage<'a>),
        }
        #(#froms)*
        #methods
        #decode
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
            impl ::iotmp_ref::__private::serde::Serialize for Message<'_> {
                fn serialize<__S: ::iotmp_ref::__private::serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    ::iotmp_ref::__private::serialize_message(
                        self.message_type().name().unwrap_or("unknown"),
                        &|visitor| self.visit(visitor),
                        serializer,
                    )
                }
            }
        }
        ::iotmp_ref::__arbitrary! {
            impl<'arbitrary> ::iotmp_ref::__private::arbitrary::Arbitrary<'arbitrary>
                for Message<'static>
            {
                fn arbitrary(
                    u: &mut ::iotmp_ref::__private::arbitrary::Unstructured<'arbitrary>,
                ) -> ::iotmp_ref::__private::arbitrary::Result<Self> {
                    ::core::result::Result::Ok(match u.int_in_range(0..=#last)? {
                        #(#picks)*
                    })
                }
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
    let generics = if borrows(message) {
        quote!(<'a>)
    } else {
        quote!()
    };
    quote! {
        impl #generics ::core::convert::From<#name #lifetime> for Message<#anonymous> {
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

            /// The same message, borrowed from nothing.
            #[must_use]
            pub fn into_owned(self) -> Message<'static> {
                match self {
                    #(Self::#names(message) => Message::#names(message.into_owned()),)*
                    Self::Unknown(message) => Message::Unknown(message.into_owned()),
                }
            }

            /// Reads the body of a message of the type `code`: all that is left of `reader`.
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            pub fn decode_body(
                code: ::core::primitive::u32,
                reader: &mut ::iotmp_ref::wire::Reader<'a>,
                encoding: ::iotmp_ref::wire::Encoding,
            ) -> ::core::result::Result<Self, ::iotmp_ref::wire::DecodeError> {
                match code {
                    #(#names::CODE => #names::decode_body(reader, encoding).map(Self::#names),)*
                    _ => ::core::result::Result::Ok(Self::Unknown(
                        ::iotmp_ref::wire::UnknownMessage::take(code, reader),
                    )),
                }
            }

            /// Bytes of the body.
            #[must_use]
            pub fn body_len(&self) -> ::core::primitive::usize {
                match self {
                    #(Self::#names(message) => message.body_len(),)*
                    Self::Unknown(message) => message.body.len(),
                }
            }

            /// Calls `visitor` with the name and the value of every field that is there.
            pub fn visit(
                &self,
                visitor: &mut dyn ::core::ops::FnMut(
                    &'static ::core::primitive::str,
                    ::iotmp_ref::wire::FieldValue<'_>,
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
                name: &::core::primitive::str,
                get: &mut dyn ::core::ops::FnMut(
                    &'static ::core::primitive::str,
                ) -> ::core::option::Option<::iotmp_ref::wire::FieldValue<'a>>,
            ) -> ::core::result::Result<Self, ::iotmp_ref::wire::BuildError> {
                match name {
                    #(#names::NAME => #names::build(get).map(Self::#names),)*
                    _ => ::core::result::Result::Err(
                        ::iotmp_ref::wire::BuildError::UnknownMessage,
                    ),
                }
            }
        }
    }
}

fn decode(spec: &Spec) -> TokenStream {
    let code_bits = bits(spec.framing.code);
    let size_bits = spec.framing.size.map_or(64, bits);
    quote! {
        /// Reads one message, values in the default encoding: the message and how many bytes it took.
        ///
        /// # Errors
        /// What is wrong with the bytes, where, and in which field; `truncated`
        /// also for a message whose end has not arrived yet.
        pub fn decode(
            input: &[::core::primitive::u8],
        ) -> ::core::result::Result<
            (Message<'_>, ::core::primitive::usize),
            ::iotmp_ref::wire::DecodeError,
        > {
            decode_as(input, DEFAULT_ENCODING)
        }

        /// Reads one message, values in the encoding that was negotiated.
        ///
        /// # Errors
        /// Those of [`decode`].
        pub fn decode_as(
            input: &[::core::primitive::u8],
            encoding: ::iotmp_ref::wire::Encoding,
        ) -> ::core::result::Result<
            (Message<'_>, ::core::primitive::usize),
            ::iotmp_ref::wire::DecodeError,
        > {
            let mut reader = ::iotmp_ref::wire::Reader::new(input);
            let (code, size) = ::iotmp_ref::wire::read_header(&mut reader, #code_bits, #size_bits)?;
            let mut body = reader.sub(size).map_err(|error| error.naming("body"))?;
            let message = Message::decode_body(code, &mut body, encoding)?;
            ::core::result::Result::Ok((message, reader.offset()))
        }
    }
}

fn encode(spec: &Spec) -> TokenStream {
    let arms = spec.messages.iter().map(|message| {
        let name = names::ty(&message.name);
        let code = proc_macro2::Literal::byte_string(&varint(message.code));
        quote! {
            Self::#name(message) => {
                writer.put(#code)?;
                writer.varint(size)?;
                message.encode_body(&mut writer)?;
            }
        }
    });
    quote! {
        impl Message<'_> {
            /// Bytes of the message, header and body.
            #[must_use]
            pub fn encoded_len(&self) -> ::core::primitive::usize {
                let body = self.body_len();
                let code = ::core::primitive::u64::from(self.message_type().0);
                ::iotmp_ref::wire::varint::len(code)
                    + ::iotmp_ref::wire::varint::len(body as ::core::primitive::u64)
                    + body
            }

            /// Writes the message to the start of `buffer` and says how many bytes it took.
            ///
            /// # Errors
            /// Where the buffer is shorter than [`encoded_len`](Self::encoded_len), or the
            /// revision has no wire type for a value.
            pub fn encode(
                &self,
                buffer: &mut [::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
                let mut writer = ::iotmp_ref::wire::Writer::new(buffer);
                let size = self.body_len() as ::core::primitive::u64;
                match self {
                    #(#arms)*
                    Self::Unknown(message) => {
                        writer.varint(::core::primitive::u64::from(message.code))?;
                        writer.varint(size)?;
                        writer.put(&message.body)?;
                    }
                }
                ::core::result::Result::Ok(writer.finish())
            }

            /// The message in a buffer of its own.
            ///
            /// # Errors
            /// Where the revision has no wire type for a value.
            pub fn to_vec(
                &self,
            ) -> ::core::result::Result<
                ::iotmp_ref::__private::Vec<::core::primitive::u8>,
                ::iotmp_ref::wire::EncodeError,
            > {
                let mut buffer = ::iotmp_ref::__private::zeroed(self.encoded_len());
                let length = self.encode(&mut buffer)?;
                buffer.truncate(length);
                ::core::result::Result::Ok(buffer)
            }
        }
    }
}

//! The codec of whole messages, header and body.

use iotmp_spec::model::Spec;
use proc_macro2::TokenStream;
use quote::quote;

use crate::names;

/// The functions that read a message.
pub(super) fn functions() -> TokenStream {
    let result = quote! {
        __codec::Result<
            (Message<'_>, __codec::usize),
            __codec::DecodeError,
        >
    };
    quote! {
        /// Reads one message, values in the default encoding: the message and how many bytes it took.
        ///
        /// # Errors
        /// What is wrong with the bytes, where, and in which field; `truncated`
        /// also for a message whose end has not arrived yet.
        pub fn decode(input: &[__codec::u8]) -> #result {
            decode_as(input, DEFAULT_ENCODING)
        }

        /// Reads one message, values in the encoding that was negotiated.
        ///
        /// # Errors
        /// Those of [`decode`].
        pub fn decode_as(
            input: &[__codec::u8],
            encoding: __codec::Encoding,
        ) -> #result {
            let mut opened = FRAME.open(input)?;
            let message = Message::decode_body(opened.code, &mut opened.body, encoding)?;
            __Ok((message, opened.finish()?))
        }

        /// Reads one message as the answer to a message of the type `request`, where that decides
        /// what it is; values in the default encoding.
        ///
        /// # Errors
        /// Those of [`decode`], and `constant` for a number that no answer to that request has.
        pub fn decode_answer(
            input: &[__codec::u8],
            request: MessageType,
        ) -> #result {
            decode_answer_as(input, request, DEFAULT_ENCODING)
        }

        /// Reads one message as the answer to a message of the type `request`, where that decides
        /// what it is; values in the encoding that was negotiated.
        ///
        /// # Errors
        /// Those of [`decode_answer`].
        pub fn decode_answer_as(
            input: &[__codec::u8],
            request: MessageType,
            encoding: __codec::Encoding,
        ) -> #result {
            let mut opened = FRAME.open(input)?;
            let message =
                Message::decode_answer_body(opened.code, request, &mut opened.body, encoding)?;
            __Ok((message, opened.finish()?))
        }
    }
}

/// The methods that write a message.
pub(super) fn encode(spec: &Spec) -> TokenStream {
    let names: Vec<_> = spec.messages.iter().map(|m| names::ty(&m.name)).collect();
    quote! {
        impl Message<'_> {
            /// Bytes of the message, header and body.
            #[must_use]
            pub fn encoded_len(&self) -> __codec::usize {
                let body = self.body_len();
                FRAME.header_len(self.message_type().0, body) + body
            }

            /// Writes the message to the start of `buffer` and says how many bytes it took.
            ///
            /// # Errors
            /// Where the buffer is shorter than [`encoded_len`](Self::encoded_len), or a field holds
            /// what cannot be written.
            pub fn encode(
                &self,
                buffer: &mut [__codec::u8],
            ) -> __codec::Result<__codec::usize, __codec::EncodeError> {
                let mut writer = __codec::Writer::new(buffer);
                FRAME.write_header(&mut writer, self.message_type().0, self.body_len())?;
                match self {
                    #(Self::#names(message) => message.encode_body(&mut writer)?,)*
                    Self::Unknown(message) => writer.put(&message.body)?,
                }
                __Ok(writer.finish())
            }

            /// The message in a buffer of its own.
            ///
            /// # Errors
            /// Where a field holds what cannot be written.
            pub fn to_vec(
                &self,
            ) -> __codec::Result<
                __codec::Vec<__codec::u8>,
                __codec::EncodeError,
            > {
                let mut buffer = __codec::zeroed(self.encoded_len());
                let length = self.encode(&mut buffer)?;
                buffer.truncate(length);
                __Ok(buffer)
            }
        }
    }
}

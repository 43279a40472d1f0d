//! Which message a code stands for: alone, or as the answer to a request.

use iotmp_spec::model::{Message, Selector, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::int;
use crate::names;

/// The methods that read a body by its code.
pub(super) fn decode_body(spec: &Spec) -> TokenStream {
    let generic = spec.messages.iter().filter(|message| {
        let first = spec.message_by_code(message.code);
        first.is_some_and(|first| first.name == message.name)
    });
    let generic = generic.map(|message| {
        let name = names::ty(&message.name);
        let decode = decode(message);
        quote!(#name::CODE => #decode,)
    });
    let arms = spec
        .messages
        .iter()
        .flat_map(|request| codes(spec, request).map(move |code| arm(spec, request, code)));
    let arms: Vec<_> = arms.collect();
    let by_code = quote!(Self::decode_body(code, reader, encoding));
    let by_request = if arms.is_empty() {
        quote!(let _ = request; #by_code)
    } else {
        quote! {
            match (code, request.0) {
                #(#arms)*
                _ => #by_code,
            }
        }
    };
    quote! {
        impl<'a> Message<'a> {
            /// Reads the body of a message of the type `code`. Of several of one type it is the one
            /// that stands for them all.
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            pub fn decode_body(
                code: __codec::u32,
                reader: &mut __codec::Reader<'a>,
                encoding: __codec::Encoding,
            ) -> __codec::Result<Self, __codec::DecodeError> {
                match code {
                    #(#generic)*
                    _ => __Ok(Self::Unknown(
                        __codec::UnknownMessage::take(code, reader),
                    )),
                }
            }

            /// Reads the body of a message of the type `code` as the answer to a message of the type
            /// `request`, where that decides what it is.
            ///
            /// # Errors
            /// Those of [`decode_body`](Self::decode_body), and `constant` for a number that no
            /// answer to that request has.
            pub fn decode_answer_body(
                code: __codec::u32,
                request: MessageType,
                reader: &mut __codec::Reader<'a>,
                encoding: __codec::Encoding,
            ) -> __codec::Result<Self, __codec::DecodeError> {
                #by_request
            }
        }
    }
}

/// The codes of the messages that say of themselves that they answer a request.
fn codes<'s>(spec: &'s Spec, request: &'s Message) -> impl Iterator<Item = u32> + 's {
    let mut codes: Vec<_> = spec
        .messages
        .iter()
        .filter(|message| message.answers_to.contains(&request.name))
        .map(|message| message.code)
        .collect();
    codes.dedup();
    codes.into_iter()
}

/// The arm for the answers of one code to one request.
fn arm(spec: &Spec, request: &Message, code: u32) -> TokenStream {
    let answers = spec.answers_by_code(code, &request.name);
    let asked = request.code;
    let read = match answers.as_slice() {
        [only] => decode(only),
        // The checks see to it that several have a selector.
        several => spec.selector(several).map_or_else(
            || quote!(Self::decode_body(code, reader, encoding)),
            |selector| select(spec, code, &selector),
        ),
    };
    quote!((#code, #asked) => #read,)
}

/// Looks ahead at the number that decides.
fn select(spec: &Spec, code: u32, selector: &Selector) -> TokenStream {
    let encoding = int::encoding(selector.encoding);
    let (offset, field) = (selector.offset, selector.field.as_str());
    let numbers = selector.cases.iter().map(|(number, _)| number);
    let label = spec
        .message_by_code(code)
        .map(|message| names::ty(&message.name));
    let label = label.map(|name| quote!(.in_message(#name::LABEL)));
    let last = selector.cases.len().saturating_sub(1);
    let cases = selector
        .cases
        .iter()
        .enumerate()
        .map(|(index, (number, name))| {
            let name = names::ty(name);
            // Whatever is none of these has been refused.
            let pattern = if index == last {
                quote!(_)
            } else {
                quote!(#number)
            };
            quote!(#pattern => #name::decode_body(reader, encoding).map(Self::#name),)
        });
    quote! {
        match __codec::peek_constant(reader, #offset, #encoding, &[#(#numbers),*]) {
            __Ok(number) => match number {
                #(#cases)*
            },
            __Err(error) => {
                __Err(error.in_field(#field) #label)
            }
        }
    }
}

fn decode(message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    quote!(#name::decode_body(reader, encoding).map(Self::#name))
}

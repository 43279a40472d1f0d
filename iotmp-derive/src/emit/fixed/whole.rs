//! Whole messages of one type, header and body at once: what the enum of all
//! messages does for any, without asking which it is.

use iotmp_spec::model::{Field, Message};
use proc_macro2::TokenStream;
use quote::quote;

use super::Fixed;
use crate::emit::field::{self, Kind};
use crate::emit::{constants, int, lifetime};
use crate::names;

pub(super) fn methods(layout: &Fixed<'_>, message: &Message) -> TokenStream {
    let frame = constants::frame(layout.spec);
    let name = names::ty(&message.name);
    let input = if lifetime(message).is_empty() {
        quote!('_)
    } else {
        quote!('a)
    };
    let puts = message.fields.iter().map(|field| put(layout, field));
    let has_optional = field::all(message).any(|field| !field.mandatory);
    let is_gap = has_optional.then(|| quote!(let mut is_gap = false;));
    let was_gap = has_optional.then(|| quote!(let _ = is_gap;));
    quote! {
        /// Reads one message of this type: the message and how many bytes it took.
        ///
        /// # Errors
        /// Those of [`decode`]; `constant` for a message of another type.
        #[inline]
        pub fn decode(
            input: &#input [::core::primitive::u8],
        ) -> ::core::result::Result<
            (Self, ::core::primitive::usize),
            ::iotmp_ref::wire::DecodeError,
        > {
            // As a constant it is known where it is used, in other crates too.
            const FRAME: ::iotmp_ref::wire::FrameLayout = #frame;
            let mut opened = FRAME.open(input)?;
            if opened.code != Self::CODE {
                return ::core::result::Result::Err(::iotmp_ref::typed::other_message(
                    opened.code,
                    &[#name::CODE as u64],
                ));
            }
            let message = Self::decode_body(&mut opened.body, DEFAULT_ENCODING)?;
            ::core::result::Result::Ok((message, opened.finish()?))
        }

        /// Writes the message to the start of `buffer` and says how many bytes it took.
        ///
        /// # Errors
        /// Those of [`Message::encode`].
        #[inline]
        pub fn encode(
            &self,
            buffer: &mut [::core::primitive::u8],
        ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
            const FRAME: ::iotmp_ref::wire::FrameLayout = #frame;
            let written = ::iotmp_ref::typed::written(buffer, |out| {
                FRAME.put_header(out, Self::CODE, || self.body_len())?;
                #is_gap
                #(#puts)*
                #was_gap
                ::core::result::Result::Ok(())
            });
            match written {
                ::core::option::Option::Some(length) => ::core::result::Result::Ok(length),
                ::core::option::Option::None => self.encode_slowly(buffer),
            }
        }

        /// Says what did not go well.
        #[cold]
        fn encode_slowly(
            &self,
            buffer: &mut [::core::primitive::u8],
        ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
            let mut writer = ::iotmp_ref::wire::Writer::new(buffer);
            FRAME.write_header(&mut writer, Self::CODE, self.body_len())?;
            self.encode_body(&mut writer)?;
            ::core::result::Result::Ok(writer.finish())
        }
    }
}

/// Writes a field to `out`; one that cannot be written stops.
fn put(layout: &Fixed<'_>, field: &Field) -> TokenStream {
    if let Some(number) = field.constant {
        let bytes = int::literal(layout.int(field), number);
        return quote!(out.array(#bytes)?;);
    }
    let ident = names::field(&field.name);
    let write = match field::kind(layout.spec, field) {
        Kind::Text(extent) => quote!(#extent.put(out, value.as_bytes())?;),
        Kind::Bytes(extent) => quote!(#extent.put(out, value)?;),
        kind => {
            let encoding = int::encoding(layout.int(field));
            let number = field::wide(&kind);
            quote!(#encoding.put(out, #number)?;)
        }
    };
    if field.mandatory {
        return quote!({ let value = &self.#ident; #write });
    }
    // One behind an absent one would be taken for it.
    quote! {
        if let ::core::option::Option::Some(value) = &self.#ident {
            if is_gap {
                return ::core::result::Result::Err(::iotmp_ref::typed::Stop::Full);
            }
            #write
        } else {
            is_gap = true;
        }
    }
}

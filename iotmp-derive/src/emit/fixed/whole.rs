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
            input: &#input [__::u8],
        ) -> __::Result<
            (Self, __::usize),
            __::DecodeError,
        > {
            // As a constant it is known where it is used, in other crates too.
            const FRAME: __::FrameLayout = #frame;
            let mut opened = FRAME.open(input)?;
            if opened.code != Self::CODE {
                return __::Err(__::typed::other_message(
                    opened.code,
                    &[#name::CODE as u64],
                ));
            }
            let message = Self::decode_body(&mut opened.body, DEFAULT_ENCODING)?;
            __::Ok((message, opened.finish()?))
        }

        /// Writes the message to the start of `buffer` and says how many bytes it took.
        ///
        /// # Errors
        /// Those of [`Message::encode`].
        #[inline]
        pub fn encode(
            &self,
            buffer: &mut [__::u8],
        ) -> __::Result<__::usize, __::EncodeError> {
            const FRAME: __::FrameLayout = #frame;
            let written = __::typed::written(buffer, |out| {
                FRAME.put_header(out, Self::CODE, || self.body_len())?;
                #is_gap
                #(#puts)*
                #was_gap
                __::Ok(())
            });
            match written {
                __::Some(length) => __::Ok(length),
                __::None => self.encode_slowly(buffer),
            }
        }

        /// Says what did not go well.
        #[cold]
        fn encode_slowly(
            &self,
            buffer: &mut [__::u8],
        ) -> __::Result<__::usize, __::EncodeError> {
            let mut writer = __::Writer::new(buffer);
            FRAME.write_header(&mut writer, Self::CODE, self.body_len())?;
            self.encode_body(&mut writer)?;
            __::Ok(writer.finish())
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
        if let __::Some(value) = &self.#ident {
            if is_gap {
                return __::Err(__::typed::Stop::Full);
            }
            #write
        } else {
            is_gap = true;
        }
    }
}

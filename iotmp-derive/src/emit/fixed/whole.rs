//! Whole messages of one type, header and body at once: what the enum of all
//! messages does for any, without asking which it is.

use iotmp_spec::model::{Field, Message};
use proc_macro2::TokenStream;
use quote::quote;

use super::Fixed;
use crate::emit::field::{self, Kind, Place};
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
            input: &#input [__codec::u8],
        ) -> __codec::Result<
            (Self, __codec::usize),
            __codec::DecodeError,
        > {
            // As a constant it is known where it is used, in other crates too.
            const FRAME: __codec::FrameLayout = #frame;
            let mut opened =
                __codec::open(&FRAME, input, Self::CODE, &[#name::CODE as __codec::u64])?;
            let message = Self::decode_body(&mut opened.body, DEFAULT_ENCODING)?;
            __Ok((message, opened.finish()?))
        }

        /// Writes the message to the start of `buffer` and says how many bytes it took.
        ///
        /// # Errors
        /// Those of [`Message::encode`].
        #[inline]
        pub fn encode(
            &self,
            buffer: &mut [__codec::u8],
        ) -> __codec::Result<__codec::usize, __codec::EncodeError> {
            const FRAME: __codec::FrameLayout = #frame;
            let written = __codec::written(buffer, |out| {
                FRAME.put_header(out, Self::CODE, || self.body_len())?;
                #is_gap
                #(#puts)*
                #was_gap
                __Ok(())
            });
            match written {
                __Some(length) => __Ok(length),
                __None => self.encode_slowly(buffer),
            }
        }

        /// Says what did not go well.
        #[cold]
        fn encode_slowly(
            &self,
            buffer: &mut [__codec::u8],
        ) -> __codec::Result<__codec::usize, __codec::EncodeError> {
            let mut writer = __codec::Writer::new(buffer);
            FRAME.write_header(&mut writer, Self::CODE, self.body_len())?;
            self.encode_body(&mut writer)?;
            __Ok(writer.finish())
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
    let place = Place::of(field);
    let value = place.reference();
    let write = match field::kind(layout.spec, field) {
        Kind::Text(extent) => quote!(#extent.put(out, __codec::str::as_bytes(#value))?;),
        Kind::Bytes(extent) => quote!(#extent.put(out, #value)?;),
        kind => {
            let encoding = int::encoding(layout.int(field));
            let number = place.wide(&kind);
            let refused = field::only(layout.spec, field).map(|only| {
                quote!(if !__codec::is_one_of(#number, #only) { return __Err(__codec::Stop::Full); })
            });
            quote!(#refused #encoding.put(out, #number)?;)
        }
    };
    if field.mandatory {
        return write;
    }
    // One behind an absent one would be taken for it.
    quote! {
        if let __Some(value) = &self.#ident {
            if is_gap {
                return __Err(__codec::Stop::Full);
            }
            #write
        } else {
            is_gap = true;
        }
    }
}

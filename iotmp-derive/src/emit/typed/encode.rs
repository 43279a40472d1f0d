//! Writing such a message.

use iotmp_spec::model::{Field, Message, Shape};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use super::{Layout, forms, wire};
use crate::emit::field::{self, Kind, Place};
use crate::emit::int;

/// What makes the methods: what all messages have in common is made once.
pub(super) struct Methods<'l> {
    layout: &'l Layout<'l>,
    zero: TokenStream,
    /// All but those of a form.
    whole: TokenStream,
    constants: TokenStream,
    least_len: TokenStream,
    body_len: TokenStream,
    write_body: TokenStream,
    written: TokenStream,
}

impl<'l> Methods<'l> {
    pub(super) fn new(layout: &'l Layout<'l>) -> Self {
        Self {
            layout,
            zero: Literal::usize_unsuffixed(0).to_token_stream(),
            whole: whole(layout),
            constants: quote! {
                const FRAME: &'static __codec::FrameLayout = &FRAME;
                const CODE: __codec::u32 = Self::CODE;
            },
            least_len: quote! {
                #[inline(always)]
                fn least_len<const BY_TYPE: __codec::bool>(&self) -> __codec::usize
            },
            body_len: quote!(fn body_len<__F: __codec::Form>(&self) -> __codec::usize),
            write_body: quote! {
                #[inline(always)]
                fn write_body<__F: __codec::Form>(
                    &self,
                    out: &mut __codec::Sink<'_>,
                ) -> __codec::Result<(), __codec::Stop>
            },
            written: quote!(__Ok(())),
        }
    }

    /// The methods of every message.
    pub(super) const fn whole(&self) -> &TokenStream {
        &self.whole
    }

    /// What is in the implementation of `Framed`.
    pub(super) fn of(&self, message: &Message) -> TokenStream {
        let Self {
            layout,
            zero,
            constants,
            least_len,
            body_len,
            write_body,
            written,
            ..
        } = self;
        let fields = field::all(message);
        let present = |then: fn(&Layout<'_>, &Field, &Place) -> TokenStream, no: Option<_>| {
            fields.clone().map(move |field| {
                let place = Place::of(field);
                place.present(then(layout, field, &place), no.clone())
            })
        };
        let least = present(least, Some(zero.clone()));
        let lens = present(len, Some(zero.clone()));
        let writes = present(write, None);
        let refusals = fields.clone().filter_map(|field| refused(layout, field));
        let refusals: Vec<_> = refusals.collect();
        let check = (!refusals.is_empty()).then(|| {
            quote! {
                #[inline]
                fn check(&self) -> __codec::Result<(), __codec::EncodeError> {
                    #(#refusals)*
                    __Ok(())
                }
            }
        });
        quote! {
            #check
            #constants
            #least_len { #zero #(+ #least)* }
            #body_len { #zero #(+ #lens)* }
            #write_body { #(#writes)* #written }
        }
    }
}

fn whole(layout: &Layout<'_>) -> TokenStream {
    let arms = forms().map(|(name, generation)| {
        let result = if wire(layout.layout, name).is_some() {
            quote!(__codec::frame::<__codec::#generation, Self>(self, buffer))
        } else {
            quote!(__Err(__codec::EncodeError::Encoding { name: #name }))
        };
        quote!(__codec::Generation::#generation => #result,)
    });
    let lengths = forms().map(|(_, generation)| {
        quote! {
            __codec::Generation::#generation => {
                __codec::Framed::body_len::<__codec::#generation>(self)
            }
        }
    });
    let default = default_generation(layout).map(|generation| {
        quote! {
            /// Writes the message to the start of `buffer`, values in the default encoding, and
            /// says how many bytes it took.
            ///
            /// # Errors
            /// Those of [`encode_as`](Self::encode_as).
            #[inline]
            pub fn encode(
                &self,
                buffer: &mut [__codec::u8],
            ) -> __codec::Result<__codec::usize, __codec::EncodeError> {
                self.encode_as(#generation, buffer)
            }
        }
    });
    quote! {
        #default

        /// Writes the message to the start of `buffer`, values in that generation, and
        /// says how many bytes it took. Those behind them may change as well.
        ///
        /// # Errors
        /// Where the buffer is shorter than [`encoded_len`](Self::encoded_len), a value is
        /// nested too deep, or the revision has no such encoding.
        #[inline]
        pub fn encode_as(
            &self,
            generation: __codec::Generation,
            buffer: &mut [__codec::u8],
        ) -> __codec::Result<__codec::usize, __codec::EncodeError> {
            match generation { #(#arms)* }
        }

        /// Bytes of the message, header and body, values in that generation.
        #[must_use]
        pub fn encoded_len(&self, generation: __codec::Generation) -> __codec::usize {
            let body = match generation { #(#lengths)* };
            FRAME.header_len(Self::CODE, body) + body
        }
    }
}

fn default_generation(layout: &Layout<'_>) -> Option<TokenStream> {
    let default = &layout.layout.values.default_encoding;
    let (_, generation) = forms().find(|(name, _)| name == default)?;
    Some(quote!(__codec::Generation::#generation))
}

/// Refuses the number of a closed enum that it does not have, where the field is there.
fn refused(layout: &Layout<'_>, field: &Field) -> Option<TokenStream> {
    let place = Place::of(field);
    let number = place.wide(&field::kind(layout.spec, field));
    let refused = field::refused(layout.spec, field, &number)?;
    Some(place.present(refused, None))
}

fn number_key(layout: &Layout<'_>, field: &Field) -> Vec<u8> {
    int::bytes(layout.layout.key, layout.number_key(field.id).into())
}

/// The fewest bytes of a field.
fn least(layout: &Layout<'_>, field: &Field, place: &Place) -> TokenStream {
    let number = match field::kind(layout.spec, field) {
        Kind::Any if layout.layout.values.integers_as_varint => 2,
        Kind::Any => {
            let value = place.reference();
            return quote!(__codec::value_least::<BY_TYPE, _>(#value));
        }
        _ => number_key(layout, field).len() + 1,
    };
    if field.mandatory {
        quote!(#number)
    } else {
        quote!(let _ = value; #number)
    }
}

/// The arguments that say how a value is keyed: by the bytes of its key in each form, and whether a
/// size follows; before them the key of a number, where one may stand for the value.
fn keys(layout: &Layout<'_>, field: &Field) -> TokenStream {
    let forms = forms().map(|(name, _)| {
        let wire = wire(layout.layout, name);
        let key = wire.map(|wire| {
            let key = layout.key(field.id, wire.id);
            int::bytes(layout.layout.key, key.into())
        });
        // A form without a wire type is never written.
        let key = Literal::byte_string(&key.unwrap_or_default());
        let is_sized = wire.is_some_and(|wire| matches!(wire.shape, Shape::Sized(_)));
        quote!((#key, #is_sized))
    });
    let number = layout.layout.values.integers_as_varint.then(|| {
        let key = Literal::byte_string(&number_key(layout, field));
        quote!(#key,)
    });
    quote!(#number #(#forms),*)
}

fn len(layout: &Layout<'_>, field: &Field, place: &Place) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    if !matches!(kind, Kind::Any) {
        let key = number_key(layout, field).len();
        let number = place.wide(&kind);
        return quote!(#key + __codec::varint::len(#number));
    }
    let (value, keys) = (place.reference(), keys(layout, field));
    if layout.layout.values.integers_as_varint {
        quote!(__codec::value_or_number_len::<__F, _, _, _, _>(#value, #keys))
    } else {
        quote!(__codec::value_len::<__F, _, _, _>(#value, #keys))
    }
}

fn write(layout: &Layout<'_>, field: &Field, place: &Place) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    if !matches!(kind, Kind::Any) {
        let key = Literal::byte_string(&number_key(layout, field));
        let number = place.wide(&kind);
        return quote!(out.numbered(#key, #number)?;);
    }
    let (value, keys) = (place.reference(), keys(layout, field));
    if layout.layout.values.integers_as_varint {
        quote!(__codec::put_or_number::<__F, _, _, _, _>(out, #value, #keys)?;)
    } else {
        quote!(__codec::put::<__F, _, _, _>(out, #value, #keys)?;)
    }
}

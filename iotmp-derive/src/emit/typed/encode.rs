//! Writing such a message.

use iotmp_spec::model::{Field, Shape};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{Layout, forms, parameter, wire};
use crate::emit::field::{self, Kind};
use crate::emit::int;
use crate::names;

/// What is done with a field, whose value `value` refers to, if it is there.
fn present(field: &Field, then: TokenStream, otherwise: TokenStream) -> TokenStream {
    let ident = names::field(&field.name);
    if field.mandatory {
        return quote!({ let value = &self.#ident; #then });
    }
    quote! {
        match &self.#ident {
            ::core::option::Option::Some(value) => { #then }
            ::core::option::Option::None => { #otherwise }
        }
    }
}

pub(super) fn methods(
    layout: &Layout<'_>,
    fields: &[&Field],
    name: &Ident,
    values: &[Ident],
) -> TokenStream {
    let code = quote!(super::#name::<'static>::CODE);
    let least = fields
        .iter()
        .map(|field| present(field, least(layout, field), quote!(0)));
    let lens = fields
        .iter()
        .map(|field| present(field, len(layout, field), quote!(0)));
    let writes = fields
        .iter()
        .map(|field| present(field, write(layout, field), quote!()));
    let arms = forms().map(|(name, generation)| {
        let result = if wire(layout.layout, name).is_some() {
            quote!(self.encode_form::<::iotmp_ref::typed::#generation>(buffer))
        } else {
            quote! {
                ::core::result::Result::Err(
                    ::iotmp_ref::wire::EncodeError::Encoding { name: #name },
                )
            }
        };
        quote!(::iotmp_ref::typed::Generation::#generation => #result,)
    });
    let lengths = forms().map(|(_, generation)| {
        quote! {
            ::iotmp_ref::typed::Generation::#generation =>
                self.len_form::<::iotmp_ref::typed::#generation>(),
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
                buffer: &mut [::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
                self.encode_as(#generation, buffer)
            }
        }
    });
    quote! {
        impl<#(#values: ::iotmp_ref::typed::Encode),*> #name<#(#values),*> {
            #default

            /// Writes the message to the start of `buffer`, values in that generation, and
            /// says how many bytes it took.
            ///
            /// # Errors
            /// Where the buffer is shorter than [`encoded_len`](Self::encoded_len), a value is
            /// nested too deep, or the revision has no such encoding.
            #[inline]
            pub fn encode_as(
                &self,
                generation: ::iotmp_ref::typed::Generation,
                buffer: &mut [::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
                match generation { #(#arms)* }
            }

            /// Bytes of the message, header and body, values in that generation.
            #[must_use]
            pub fn encoded_len(
                &self,
                generation: ::iotmp_ref::typed::Generation,
            ) -> ::core::primitive::usize {
                let body = match generation { #(#lengths)* };
                FRAME.header_len(#code, body) + body
            }

            fn len_form<__F: ::iotmp_ref::typed::Form>(&self) -> ::core::primitive::usize {
                0 #(+ #lens)*
            }

            #[inline(always)]
            fn encode_form<__F: ::iotmp_ref::typed::Form>(
                &self,
                buffer: &mut [::core::primitive::u8],
            ) -> ::core::result::Result<::core::primitive::usize, ::iotmp_ref::wire::EncodeError> {
                let least = 0 #(+ #least)*;
                ::iotmp_ref::typed::frame(
                    buffer,
                    &FRAME,
                    #code,
                    least,
                    || self.len_form::<__F>(),
                    |out| {
                        #(#writes)*
                        ::core::result::Result::Ok(())
                    },
                )
            }
        }
    }
}

fn default_generation(layout: &Layout<'_>) -> Option<TokenStream> {
    let default = &layout.layout.values.default_encoding;
    let (_, generation) = forms().find(|(name, _)| name == default)?;
    Some(quote!(::iotmp_ref::typed::Generation::#generation))
}

fn number_key(layout: &Layout<'_>, field: &Field) -> Vec<u8> {
    int::bytes(layout.layout.key, layout.number_key(field.id).into())
}

fn least(layout: &Layout<'_>, field: &Field) -> TokenStream {
    match field::kind(layout.spec, field) {
        // A number may stand for it, in one byte.
        Kind::Any if layout.layout.values.integers_as_varint => quote!({
            let _ = value;
            2
        }),
        Kind::Any => quote!(1 + ::iotmp_ref::typed::Encode::least_len(value)),
        _ => {
            let key = number_key(layout, field).len();
            quote!({ let _ = value; #key + 1 })
        }
    }
}

/// What is done with a value in each form: `then` is given the bytes of its key,
/// and whether a size follows.
fn each_form(
    layout: &Layout<'_>,
    field: &Field,
    then: impl Fn(&[u8], bool) -> TokenStream,
) -> TokenStream {
    let arms = forms().map(|(name, generation)| {
        let then = match wire(layout.layout, name) {
            Some(wire) => {
                let key = layout.key(field.id, wire.id);
                let is_sized = matches!(wire.shape, Shape::Sized(_));
                then(&int::bytes(layout.layout.key, key.into()), is_sized)
            }
            None => then(&[], false),
        };
        quote!(::iotmp_ref::typed::Generation::#generation => { #then })
    });
    quote!(match __F::GENERATION { #(#arms)* })
}

fn len(layout: &Layout<'_>, field: &Field) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    if !matches!(kind, Kind::Any) {
        let key = number_key(layout, field).len();
        let number = field::wide(&kind);
        return quote!(#key + ::iotmp_ref::wire::varint::len(#number));
    }
    let all = each_form(layout, field, |key, is_sized| {
        let key = key.len();
        let size = is_sized.then(|| quote!(+ ::iotmp_ref::wire::varint::len(len as u64)));
        quote!(#key #size + len)
    });
    let value = quote!({
        let len = ::iotmp_ref::typed::Encode::encoded_len::<__F>(value);
        #all
    });
    if !layout.layout.values.integers_as_varint {
        return value;
    }
    let key = number_key(layout, field).len();
    quote! {
        match ::iotmp_ref::typed::Encode::as_varint(value) {
            ::core::option::Option::Some(number) => #key + ::iotmp_ref::wire::varint::len(number),
            ::core::option::Option::None => #value,
        }
    }
}

fn write(layout: &Layout<'_>, field: &Field) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    let number_key = proc_macro2::Literal::byte_string(&number_key(layout, field));
    if !matches!(kind, Kind::Any) {
        let number = field::wide(&kind);
        return quote! {
            out.numbered(#number_key, #number)?;
        };
    }
    let parameter = parameter(field);
    let value = each_form(layout, field, |key, is_sized| {
        let key = proc_macro2::Literal::byte_string(key);
        let write = if is_sized {
            quote! {
                out.sized(
                    ::iotmp_ref::typed::Encode::least_len(value),
                    |out| ::iotmp_ref::typed::Encode::encode::<__F>(value, out),
                )?;
            }
        } else {
            quote!(::iotmp_ref::typed::Encode::encode::<__F>(value, out)?;)
        };
        let least = if is_sized {
            quote!(1)
        } else {
            quote!(<#parameter as ::iotmp_ref::typed::Encode>::LEAST)
        };
        quote!(out.before(#key, #least)?; #write)
    });
    if !layout.layout.values.integers_as_varint {
        return value;
    }
    quote! {
        match ::iotmp_ref::typed::Encode::as_varint(value) {
            ::core::option::Option::Some(number) => {
                out.numbered(#number_key, number)?;
            }
            ::core::option::Option::None => #value
        }
    }
}

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
            __::Some(value) => { #then }
            __::None => { #otherwise }
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
            quote!(self.encode_form::<__::typed::#generation>(buffer))
        } else {
            quote! {
                __::Err(
                    __::EncodeError::Encoding { name: #name },
                )
            }
        };
        quote!(__::typed::Generation::#generation => #result,)
    });
    let lengths = forms().map(|(_, generation)| {
        quote! {
            __::typed::Generation::#generation =>
                self.len_form::<__::typed::#generation>(),
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
                buffer: &mut [__::u8],
            ) -> __::Result<__::usize, __::EncodeError> {
                self.encode_as(#generation, buffer)
            }
        }
    });
    quote! {
        impl<#(#values: __::typed::Encode),*> #name<#(#values),*> {
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
                generation: __::typed::Generation,
                buffer: &mut [__::u8],
            ) -> __::Result<__::usize, __::EncodeError> {
                match generation { #(#arms)* }
            }

            /// Bytes of the message, header and body, values in that generation.
            #[must_use]
            pub fn encoded_len(
                &self,
                generation: __::typed::Generation,
            ) -> __::usize {
                let body = match generation { #(#lengths)* };
                FRAME.header_len(#code, body) + body
            }

            fn len_form<__F: __::typed::Form>(&self) -> __::usize {
                0 #(+ #lens)*
            }

            #[inline(always)]
            fn encode_form<__F: __::typed::Form>(
                &self,
                buffer: &mut [__::u8],
            ) -> __::Result<__::usize, __::EncodeError> {
                let least = 0 #(+ #least)*;
                __::typed::frame(
                    buffer,
                    &FRAME,
                    #code,
                    least,
                    || self.len_form::<__F>(),
                    |out| {
                        #(#writes)*
                        __::Ok(())
                    },
                )
            }
        }
    }
}

fn default_generation(layout: &Layout<'_>) -> Option<TokenStream> {
    let default = &layout.layout.values.default_encoding;
    let (_, generation) = forms().find(|(name, _)| name == default)?;
    Some(quote!(__::typed::Generation::#generation))
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
        Kind::Any => quote!(1 + __::typed::Encode::least_len(value)),
        _ => {
            let key = number_key(layout, field).len();
            quote!({ let _ = value; #key + 1 })
        }
    }
}

/// What is done with a value in each form. `of` says what of the bytes of its key, and of whether a
/// size follows, makes a difference; where it makes none, the form is not asked for.
fn each_form<T: PartialEq>(
    layout: &Layout<'_>,
    field: &Field,
    of: impl Fn(Vec<u8>, bool) -> T,
    then: impl Fn(&T) -> TokenStream,
) -> TokenStream {
    let forms = forms().filter_map(|(name, generation)| {
        let wire = wire(layout.layout, name)?;
        let key = int::bytes(layout.layout.key, layout.key(field.id, wire.id).into());
        Some((of(key, matches!(wire.shape, Shape::Sized(_))), generation))
    });
    let mut forms: Vec<_> = forms.collect();
    // There is a module of such messages only where there is a form.
    let Some((last, _)) = forms.pop() else {
        return quote!();
    };
    let otherwise = then(&last);
    if forms.iter().all(|(this, _)| *this == last) {
        return otherwise;
    }
    let arms = forms.iter().map(|(this, generation)| {
        let then = then(this);
        quote!(__::typed::Generation::#generation => { #then })
    });
    quote!(match __F::GENERATION { #(#arms)* _ => { #otherwise } })
}

fn len(layout: &Layout<'_>, field: &Field) -> TokenStream {
    let kind = field::kind(layout.spec, field);
    if !matches!(kind, Kind::Any) {
        let key = number_key(layout, field).len();
        let number = field::wide(&kind);
        return quote!(#key + __::varint::len(#number));
    }
    let of = |key: Vec<u8>, is_sized| (key.len(), is_sized);
    let all = each_form(layout, field, of, |&(key, is_sized): &(usize, bool)| {
        let size = is_sized.then(|| quote!(+ __::varint::len(len as u64)));
        quote!(#key #size + len)
    });
    let value = quote!({
        let len = __::typed::Encode::encoded_len::<__F>(value);
        #all
    });
    if !layout.layout.values.integers_as_varint {
        return value;
    }
    let key = number_key(layout, field).len();
    quote! {
        match __::typed::Encode::as_varint(value) {
            __::Some(number) => #key + __::varint::len(number),
            __::None => #value,
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
    let of = |key, is_sized| (key, is_sized);
    let value = each_form(layout, field, of, |(key, is_sized): &(Vec<u8>, bool)| {
        let key = proc_macro2::Literal::byte_string(key);
        let write = if *is_sized {
            quote! {
                out.sized(
                    __::typed::Encode::least_len(value),
                    |out| __::typed::Encode::encode::<__F>(value, out),
                )?;
            }
        } else {
            quote!(__::typed::Encode::encode::<__F>(value, out)?;)
        };
        let least = if *is_sized {
            quote!(1)
        } else {
            quote!(<#parameter as __::typed::Encode>::LEAST)
        };
        quote!(out.before(#key, #least)?; #write)
    });
    if !layout.layout.values.integers_as_varint {
        return value;
    }
    quote! {
        match __::typed::Encode::as_varint(value) {
            __::Some(number) => {
                out.numbered(#number_key, number)?;
            }
            __::None => { #value }
        }
    }
}

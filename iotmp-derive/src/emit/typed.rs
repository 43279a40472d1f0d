//! Messages whose values have types of the user's own: written without a buffer
//! in between, read without a second pass.

use iotmp_spec::ENCODINGS;
use iotmp_spec::model::{Body, Field, KeyValue, Message, Shape, Spec, WireType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::constants::encoding;
use super::field::{self, Kind};
use super::key_value::KeyValue as Layout;
use super::{constants, int};
use crate::names;

/// Encodings that the runtime has a form of, and what it is called.
fn forms() -> impl Iterator<Item = (&'static str, Ident)> {
    let forms = ENCODINGS.iter();
    forms.filter_map(|encoding| Some((encoding.name, format_ident!("{}", encoding.form?))))
}

/// The module of such messages, if the runtime has a form of their values' encoding.
pub(super) fn module(spec: &Spec) -> TokenStream {
    let Body::KeyValue(body) = &spec.body else {
        return quote!();
    };
    if forms().all(|(name, _)| wire(body, name).is_none()) {
        return quote!();
    }
    let layout = Layout { spec, layout: body };
    let messages = spec.messages.iter().filter(|message| {
        let mut kinds = field::all(message).map(|field| field::kind(spec, field));
        kinds.any(|kind| matches!(kind, Kind::Any))
    });
    let messages = messages.map(|message| one(&layout, message));
    let frame = constants::frame(spec);
    let keys = layout.key_layout();
    quote! {
        /// Messages whose values have types of their own, which
        /// [`Encode`](::iotmp_ref::typed::Encode) writes and
        /// [`Decode`](::iotmp_ref::typed::Decode) reads: at once, without
        /// what stands between. [`Any`](::iotmp_ref::wire::Any) takes whatever comes,
        /// [`Ignored`](::iotmp_ref::typed::Ignored) drops it.
        pub mod typed {
            // As constants they are known where they are used, in other crates too.
            const FRAME: ::iotmp_ref::wire::FrameLayout = #frame;
            const LAYOUT: ::iotmp_ref::wire::KeyLayout = #keys;
            #(#messages)*
        }
    }
}

/// The wire type of values of an encoding: one that delimits itself, if there is.
fn wire<'s>(body: &'s KeyValue, encoding: &str) -> Option<&'s WireType> {
    let holds = |names: &[String]| names.iter().any(|name| name == encoding);
    let mut types = body.wire_types.iter();
    types.find(|wire| match &wire.shape {
        Shape::Encoded(names) | Shape::Sized(names) => holds(names),
        _ => false,
    })
}

fn one(layout: &Layout<'_>, message: &Message) -> TokenStream {
    let spec = layout.spec;
    let name = names::ty(&message.name);
    let label = name.to_string();
    let doc = format!(
        "{}\n\nIts values have types of their own; without them it is [`{label}`](super::{label}).",
        message.doc
    );
    let fields: Vec<_> = field::all(message).collect();
    let values: Vec<Ident> = fields
        .iter()
        .filter(|field| matches!(field::kind(spec, field), Kind::Any))
        .map(|field| parameter(field))
        .collect();
    let members = fields.iter().map(|field| {
        let ident = names::field(&field.name);
        let doc = &field.doc;
        let ty = ty(spec, field);
        let ty = if field.mandatory {
            ty
        } else {
            quote!(::core::option::Option<#ty>)
        };
        quote! {
            #[doc = #doc]
            pub #ident: #ty,
        }
    });
    let encode = encode(layout, &fields, &name, &values);
    let decode = decode(layout, message, &name, &values);
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
        pub struct #name<#(#values),*> { #(#members)* }
        #encode
        #decode
    }
}

/// The type of a field, without `Option`.
fn ty(spec: &Spec, field: &Field) -> TokenStream {
    match field::kind(spec, field) {
        Kind::Any => {
            let parameter = parameter(field);
            quote!(#parameter)
        }
        Kind::Named(_, name) => quote!(super::#name),
        _ => field::ty(spec, field),
    }
}

/// The type parameter of a field: names of types are distinct from each other,
/// not from these.
fn parameter(field: &Field) -> Ident {
    format_ident!(
        "{}Value",
        names::ty(&field.name).to_string().trim_end_matches('_')
    )
}

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

fn encode(layout: &Layout<'_>, fields: &[&Field], name: &Ident, values: &[Ident]) -> TokenStream {
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

fn decode(layout: &Layout<'_>, message: &Message, name: &Ident, values: &[Ident]) -> TokenStream {
    let default = encoding(&layout.layout.values.default_encoding);
    let code = quote!(super::#name::<'static>::CODE);
    let read = super::key_value::decode::typed(layout, message);
    let others = super::key_value::decode::others(layout, message);
    let slots = field::all(message).map(|field| {
        let ty = ty(layout.spec, field);
        quote!(::core::option::Option<#ty>)
    });
    quote! {
        impl<'a, #(#values: ::iotmp_ref::typed::Decode<'a>),*> #name<#(#values),*> {
            const LABEL: &'static ::core::primitive::str = super::#name::<'static>::LABEL;

            /// Reads one message of this type, values in the default encoding: the message and how
            /// many bytes it took.
            ///
            /// # Errors
            /// Those of [`decode`](super::decode); `constant` for a message of another type,
            /// `wrong-type` for a value of another type.
            #[inline]
            pub fn decode(
                input: &'a [::core::primitive::u8],
            ) -> ::core::result::Result<
                (Self, ::core::primitive::usize),
                ::iotmp_ref::wire::DecodeError,
            > {
                Self::decode_as(input, #default)
            }

            /// Reads one message of this type, values in the encoding that was negotiated.
            ///
            /// # Errors
            /// Those of [`decode`](Self::decode), and `encoding` for a value in an encoding without such types.
            #[inline(always)]
            pub fn decode_as(
                input: &'a [::core::primitive::u8],
                encoding: ::iotmp_ref::wire::Encoding,
            ) -> ::core::result::Result<
                (Self, ::core::primitive::usize),
                ::iotmp_ref::wire::DecodeError,
            > {
                let mut opened = FRAME.open(input)?;
                if opened.code != #code {
                    return ::core::result::Result::Err(
                        ::iotmp_ref::typed::other_message(opened.code, &[#code as u64]),
                    );
                }
                let message = Self::decode_body(&mut opened.body, encoding)?;
                ::core::result::Result::Ok((message, opened.finish()?))
            }

            /// Reads the body of this message, which is all that is left of `reader`.
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            #[inline(always)]
            pub fn decode_body(
                reader: &mut ::iotmp_ref::wire::Reader<'a>,
                encoding: ::iotmp_ref::wire::Encoding,
            ) -> ::core::result::Result<Self, ::iotmp_ref::wire::DecodeError> {
                #read
            }

            /// What is left where the fields do not stand as they are written here: in another
            /// order, more than once, or beside unknown ones.
            #[inline(never)]
            #[allow(clippy::type_complexity)]
            fn others(
                mut rest: ::iotmp_ref::wire::Reader<'a>,
                encoding: ::iotmp_ref::wire::Encoding,
                given: (#(#slots,)*),
            ) -> ::core::result::Result<
                (Self, ::iotmp_ref::wire::Reader<'a>),
                ::iotmp_ref::wire::DecodeError,
            > {
                #others
            }
        }
    }
}

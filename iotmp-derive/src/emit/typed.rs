//! Messages whose values have types of the user's own: written without a buffer
//! in between, read without a second pass.

mod encode;

use iotmp_spec::ENCODINGS;
use iotmp_spec::model::{Body, Field, KeyValue, Message, Shape, Spec, WireType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::constants;
use super::constants::encoding;
use super::field::{self, Kind};
use super::key_value::KeyValue as Layout;
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
            use super::__;

            // As constants they are known where they are used, in other crates too.
            const FRAME: __::FrameLayout = #frame;
            const LAYOUT: __::KeyLayout = #keys;
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
            quote!(__::Option<#ty>)
        };
        quote! {
            #[doc = #doc]
            pub #ident: #ty,
        }
    });
    let encode = encode::methods(layout, &fields, &name, &values);
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

fn decode(layout: &Layout<'_>, message: &Message, name: &Ident, values: &[Ident]) -> TokenStream {
    let default = encoding(&layout.layout.values.default_encoding);
    let code = quote!(super::#name::<'static>::CODE);
    let read = super::key_value::decode::typed(layout, message);
    let others = super::key_value::decode::others(layout, message);
    let slots = field::all(message).map(|field| {
        let ty = ty(layout.spec, field);
        quote!(__::Option<#ty>)
    });
    quote! {
        impl<'a, #(#values: __::typed::Decode<'a>),*> #name<#(#values),*> {
            const LABEL: &'static __::str = super::#name::<'static>::LABEL;

            /// Reads one message of this type, values in the default encoding: the message and how
            /// many bytes it took.
            ///
            /// # Errors
            /// Those of [`decode`](super::decode); `constant` for a message of another type,
            /// `wrong-type` for a value of another type.
            #[inline]
            pub fn decode(
                input: &'a [__::u8],
            ) -> __::Result<
                (Self, __::usize),
                __::DecodeError,
            > {
                Self::decode_as(input, #default)
            }

            /// Reads one message of this type, values in the encoding that was negotiated.
            ///
            /// # Errors
            /// Those of [`decode`](Self::decode), and `encoding` for a value in an encoding without such types.
            #[inline(always)]
            pub fn decode_as(
                input: &'a [__::u8],
                encoding: __::Encoding,
            ) -> __::Result<
                (Self, __::usize),
                __::DecodeError,
            > {
                let mut opened = FRAME.open(input)?;
                if opened.code != #code {
                    return __::Err(
                        __::typed::other_message(opened.code, &[#code as u64]),
                    );
                }
                let message = Self::decode_body(&mut opened.body, encoding)?;
                __::Ok((message, opened.finish()?))
            }

            /// Reads the body of this message, which is all that is left of `reader`.
            ///
            /// # Errors
            /// What is wrong with the bytes, where, and in which field.
            #[inline(always)]
            pub fn decode_body(
                reader: &mut __::Reader<'a>,
                encoding: __::Encoding,
            ) -> __::Result<Self, __::DecodeError> {
                #read
            }

            /// What is left where the fields do not stand as they are written here: in another
            /// order, more than once, or beside unknown ones.
            #[inline(never)]
            #[allow(clippy::type_complexity)]
            fn others(
                mut rest: __::Reader<'a>,
                encoding: __::Encoding,
                given: (#(#slots,)*),
            ) -> __::Result<
                (Self, __::Reader<'a>),
                __::DecodeError,
            > {
                #others
            }
        }
    }
}

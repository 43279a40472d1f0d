//! Messages whose values have types of the user's own: written without a buffer
//! in between, read without a second pass.

mod encode;

use iotmp_spec::ENCODINGS;
use iotmp_spec::model::{Body, Field, FieldType, KeyValue, Message, Shape, Spec, WireType};
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
    let layout = Layout::new(spec, body);
    let messages = spec.messages.iter().filter(|message| {
        let mut kinds = field::all(message).map(|field| field::kind(spec, field));
        kinds.any(|kind| matches!(kind, Kind::Any))
    });
    let typed = Typed::new(&layout);
    let messages = messages.map(|message| typed.one(message));
    let frame = constants::frame(spec);
    let keys = layout.key_layout();
    let wires = super::key_value::decode::constants(&layout);
    quote! {
        /// Messages whose values have types of their own, which
        /// [`Encode`](::iotmp_ref::typed::Encode) writes and
        /// [`Decode`](::iotmp_ref::typed::Decode) reads: at once, without
        /// what stands between. [`Any`](::iotmp_ref::wire::Any) keeps a number or any
        /// value in an encoding that these two know, [`Ignored`](::iotmp_ref::typed::Ignored)
        /// drops it; what is in another encoding is read by the plain message only.
        pub mod typed {
            #[allow(unused_imports, reason = "a specification may have no use for some")]
            use super::{__Err, __None, __Ok, __Some, __codec};

            // As constants they are known where they are used, in other crates too.
            const FRAME: __codec::FrameLayout = #frame;
            const LAYOUT: __codec::KeyLayout = #keys;
            #wires
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

/// What makes them: what all messages have in common is made once.
struct Typed<'l> {
    layout: &'l Layout<'l>,
    derive: TokenStream,
    label: TokenStream,
    code: TokenStream,
    codes: TokenStream,
    encode: encode::Methods<'l>,
    decode: TokenStream,
    others: TokenStream,
}

impl<'l> Typed<'l> {
    fn new(layout: &'l Layout<'l>) -> Self {
        Self {
            layout,
            derive: quote!(#[derive(__codec::Debug, __codec::Clone, __codec::PartialEq)]),
            label: quote!(const LABEL: &'static __codec::str),
            code: quote!(const CODE: __codec::u32),
            codes: quote!(const CODES: &'static [__codec::u64]),
            encode: encode::Methods::new(layout),
            decode: decode_methods(layout),
            others: others_signature(),
        }
    }

    fn one(&self, message: &Message) -> TokenStream {
        let Self {
            layout,
            derive,
            label: label_is,
            code: code_is,
            codes: codes_are,
            decode,
            ..
        } = self;
        let spec = layout.spec;
        let name = names::ty(&message.name);
        let label = name.to_string();
        let doc = format!(
            "{}\n\nIts values have types of their own; without them it is \
             [`{label}`](super::{label}).",
            message.doc
        );
        let fields = field::all(message).map(|field| (field, ty(spec, field)));
        let fields: Vec<_> = fields.collect();
        let values = fields.iter().filter(|(field, _)| is_value(field));
        let values: Vec<_> = values.map(|(_, ty)| ty).collect();
        let members = fields.iter().map(|(field, ty)| {
            let ident = names::field(&field.name);
            let doc = &field.doc;
            if field.mandatory {
                quote!(#[doc = #doc] pub #ident: #ty,)
            } else {
                quote!(#[doc = #doc] pub #ident: __codec::Option<#ty>,)
            }
        });
        let types = fields.iter().map(|(_, ty)| ty);
        let code = message.code;
        let wide_code = u64::from(code);
        let known = super::key_value::decode::known(layout, message);
        let (whole, encode) = (self.encode.whole(), self.encode.of(message));
        let read = super::key_value::decode::typed(layout, message);
        let others = &self.others;
        let rest = super::key_value::decode::others(layout, message);
        quote! {
            #[doc = #doc]
            #derive
            pub struct #name<#(#values),*> { #(#members)* }

            impl<#(#values),*> #name<#(#values),*> {
                #label_is = #label;
                #code_is = #code;
                #codes_are = &[#wide_code];
                #known
            }

            impl<#(#values: __codec::Encode),*> #name<#(#values),*> { #whole }

            impl<#(#values: __codec::Encode),*> __codec::Framed for #name<#(#values),*> { #encode }

            impl<'a, #(#values: __codec::Decode<'a>),*> #name<#(#values),*> {
                #decode { #read }

                #others(
                    mut rest: __codec::Reader<'a>,
                    encoding: __codec::Encoding,
                    given: (#(__codec::Option<#types>,)*),
                ) -> __codec::Result<(Self, __codec::Reader<'a>), __codec::DecodeError> {
                    #rest
                }
            }
        }
    }
}

const fn is_value(field: &Field) -> bool {
    matches!(field.ty, FieldType::Any(_))
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

/// The methods that read a message, up to the body of the last.
fn decode_methods(layout: &Layout<'_>) -> TokenStream {
    let default = encoding(&layout.layout.values.default_encoding);
    quote! {
        /// Reads one message of this type, values in the default encoding: the message and how
        /// many bytes it took.
        ///
        /// # Errors
        /// Those of [`decode`](super::decode); `constant` for a message of another type,
        /// `wrong-type` for a value of another type.
        #[inline]
        pub fn decode(
            input: &'a [__codec::u8],
        ) -> __codec::Result<(Self, __codec::usize), __codec::DecodeError> {
            Self::decode_as(input, #default)
        }

        /// Reads one message of this type, values in the encoding that was negotiated.
        ///
        /// # Errors
        /// Those of [`decode`](Self::decode), and `encoding` for a value in an encoding without such types.
        #[inline(always)]
        pub fn decode_as(
            input: &'a [__codec::u8],
            encoding: __codec::Encoding,
        ) -> __codec::Result<(Self, __codec::usize), __codec::DecodeError> {
            let mut opened = __codec::open(&FRAME, input, Self::CODE, Self::CODES)?;
            let message = Self::decode_body(&mut opened.body, encoding)?;
            __Ok((message, opened.finish()?))
        }

        /// Reads the body of this message, which is all that is left of `reader`.
        ///
        /// # Errors
        /// What is wrong with the bytes, where, and in which field.
        #[inline(always)]
        pub fn decode_body(
            reader: &mut __codec::Reader<'a>,
            encoding: __codec::Encoding,
        ) -> __codec::Result<Self, __codec::DecodeError>
    }
}

fn others_signature() -> TokenStream {
    quote! {
        /// What is left where the fields do not stand as they are written here: in another
        /// order, more than once, or beside unknown ones.
        #[inline(never)]
        #[allow(clippy::type_complexity)]
        fn others
    }
}

//! Enums: a number with names for the values that the specification gives. Those of a closed one
//! are all that a field can hold.

use iotmp_spec::model::{Enum, EnumValue, Spec};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::constants::encoding;
use super::primitive;
use crate::names;

pub(super) fn one(model: &Enum) -> TokenStream {
    let name = names::ty(&model.name);
    let values: Vec<_> = model
        .values
        .iter()
        .map(|value| Value {
            name: &value.name,
            number: value.value,
            doc: &value.doc,
            is_named: true,
        })
        .collect();
    let only = only(model);
    let named = named(&name, model.bits, &model.doc, &values, model.closed);
    let negotiation = negotiation(&name, model);
    let repr = primitive(model.bits);
    quote! {
        #named
        ::iotmp_ref::__named! { #name(#repr) #only }
        #negotiation
    }
}

/// The numbers of a closed enum, which are all that there is.
pub(super) fn only(model: &Enum) -> Option<TokenStream> {
    let numbers = model.values.iter().map(|value| value.value);
    let numbers = numbers.map(Literal::u64_unsuffixed);
    model.closed.then(|| quote!(&[#(#numbers),*]))
}

/// The enum of message codes, which the messages themselves give.
pub(super) fn message_type(spec: &Spec) -> TokenStream {
    let values: Vec<_> = spec
        .messages
        .iter()
        .map(|message| Value {
            name: &message.name,
            number: message.code.into(),
            doc: &message.doc,
            // Of the messages of one code, that which stands for them all gives it the name.
            is_named: spec
                .message_by_code(message.code)
                .is_some_and(|other| other.name == message.name),
        })
        .collect();
    let doc = "Code of a message in its header.";
    named(&names::ty("message_type"), 32, doc, &values, false)
}

/// A number that has a name.
struct Value<'m> {
    name: &'m str,
    number: u64,
    doc: &'m str,
    /// Whether the number leads back to this name.
    is_named: bool,
}

/// What links the numbers of an enum with the encodings that they stand for, if they do.
fn negotiation(name: &Ident, model: &Enum) -> Option<TokenStream> {
    let stands_for = |value: &EnumValue| {
        let variant = encoding(value.encoding.as_deref()?);
        Some((Literal::u64_unsuffixed(value.value), variant))
    };
    let (numbers, encodings): (Vec<_>, Vec<_>) = model.values.iter().filter_map(stands_for).unzip();
    if numbers.is_empty() {
        return None;
    }
    Some(quote! {
        impl #name {
            /// The encoding of values that the number stands for, if any.
            #[must_use]
            pub const fn encoding(self) -> __codec::Option<__codec::Encoding> {
                match self.0 {
                    #(#numbers => __Some(#encodings),)*
                    _ => __None,
                }
            }

            /// The number that stands for an encoding of values, if any.
            #[must_use]
            pub const fn of_encoding(
                encoding: __codec::Encoding,
            ) -> __codec::Option<Self> {
                match encoding {
                    #(#encodings => __Some(Self(#numbers)),)*
                    #[allow(unreachable_patterns, reason = "every encoding may have a number")]
                    _ => __None,
                }
            }
        }
    })
}

fn named(name: &Ident, bits: u8, doc: &str, values: &[Value<'_>], is_closed: bool) -> TokenStream {
    let repr = primitive(bits);
    let label = name.to_string();
    let constants = values.iter().map(
        |Value {
             name, number, doc, ..
         }| {
            let constant = names::constant(name);
            let literal = Literal::u64_unsuffixed(*number);
            quote! {
                #[doc = #doc]
                pub const #constant: Self = Self(#literal);
            }
        },
    );
    let named = values.iter().filter(|value| value.is_named);
    let arms = named.map(|Value { name, number, .. }| {
        let literal = Literal::u64_unsuffixed(*number);
        quote!(#literal => __Some(#name),)
    });
    let rule = if is_closed {
        " Closed: a field refuses a number without a name, read or written."
    } else {
        " Open: a number without a name survives, and prints as hex."
    };
    let drawn = drawn(values, is_closed);
    quote! {
        #[doc = #doc]
        #[doc = ""]
        #[doc = #rule]
        #[derive(
            __codec::Clone, __codec::Copy, __codec::PartialEq, __codec::Eq,
            __codec::PartialOrd, __codec::Ord, __codec::Hash,
        )]
        pub struct #name(pub #repr);

        impl #name {
            #(#constants)*

            /// The name that the specification gives, if any.
            #[must_use]
            pub const fn name(self) -> __codec::Option<&'static __codec::str> {
                match self.0 {
                    #(#arms)*
                    _ => __None,
                }
            }
        }

        impl __codec::Display for #name {
            fn fmt(&self, f: &mut __codec::fmt::Formatter<'_>) -> __codec::fmt::Result {
                match self.name() {
                    __Some(name) => f.write_str(name),
                    __None => __codec::write!(f, "0x{:02x}", self.0),
                }
            }
        }

        impl __codec::Debug for #name {
            fn fmt(&self, f: &mut __codec::fmt::Formatter<'_>) -> __codec::fmt::Result {
                __codec::write!(f, "{}({})", #label, self)
            }
        }

        ::iotmp_ref::__draw! { #name, u, #drawn }
    }
}

/// How a number is drawn from `u`.
fn drawn(values: &[Value<'_>], is_closed: bool) -> TokenStream {
    if !is_closed {
        return quote!(Self(u.arbitrary()?));
    }
    let constants = values.iter().map(|value| names::constant(value.name));
    quote!(*u.choose(&[#(Self::#constants),*])?)
}

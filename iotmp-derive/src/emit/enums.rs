//! Open enums: a number with names for the values that the specification gives.

use iotmp_spec::model::{Enum, Spec};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::primitive;
use crate::names;

pub(super) fn one(model: &Enum) -> TokenStream {
    let values: Vec<_> = model
        .values
        .iter()
        .map(|v| (v.name.as_str(), v.value, v.doc.as_str()))
        .collect();
    open(&names::ty(&model.name), model.bits, &model.doc, &values)
}

/// The enum of message codes, which the messages themselves give.
pub(super) fn message_type(spec: &Spec) -> TokenStream {
    let values: Vec<_> = spec
        .messages
        .iter()
        .map(|m| (m.name.as_str(), u64::from(m.code), m.doc.as_str()))
        .collect();
    open(
        &names::ty("message_type"),
        32,
        "Code of a message in its header.",
        &values,
    )
}

fn open(name: &Ident, bits: u8, doc: &str, values: &[(&str, u64, &str)]) -> TokenStream {
    let repr = primitive(bits);
    let label = name.to_string();
    let constants = values.iter().map(|(name, value, doc)| {
        let constant = names::constant(name);
        let literal = proc_macro2::Literal::u64_unsuffixed(*value);
        quote! {
            #[doc = #doc]
            pub const #constant: Self = Self(#literal);
        }
    });
    let arms = values.iter().map(|(name, value, _)| {
        let literal = proc_macro2::Literal::u64_unsuffixed(*value);
        quote!(#literal => ::core::option::Option::Some(#name),)
    });
    quote! {
        #[doc = #doc]
        ///
        /// Open: a number without a name survives, and prints as hex.
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::cmp::PartialEq, ::core::cmp::Eq,
            ::core::cmp::PartialOrd, ::core::cmp::Ord, ::core::hash::Hash,
        )]
        pub struct #name(pub #repr);

        impl #name {
            #(#constants)*

            /// The name that the specification gives, if any.
            #[must_use]
            pub const fn name(self) -> ::core::option::Option<&'static ::core::primitive::str> {
                match self.0 {
                    #(#arms)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    ::core::option::Option::Some(name) => f.write_str(name),
                    ::core::option::Option::None => ::core::write!(f, "0x{:02x}", self.0),
                }
            }
        }

        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, "{}({})", #label, self)
            }
        }

        ::iotmp_ref::__arbitrary! {
            impl<'a> ::iotmp_ref::__private::arbitrary::Arbitrary<'a> for #name {
                fn arbitrary(
                    u: &mut ::iotmp_ref::__private::arbitrary::Unstructured<'a>,
                ) -> ::iotmp_ref::__private::arbitrary::Result<Self> {
                    ::iotmp_ref::__private::arbitrary::Arbitrary::arbitrary(u).map(Self)
                }
            }
        }
    }
}

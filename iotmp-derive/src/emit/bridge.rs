//! Messages as names and values, for code that serves any specification; and
//! the traits of other crates, which the runtime switches by its features.

use iotmp_spec::model::{Field, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::field::{self, Kind};
use super::layout::Layout;
use super::{borrows, lifetime};
use crate::names;

pub(super) fn one(spec: &Spec, layout: &dyn Layout, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let generics = lifetime(message);
    let (input, of_method) = if borrows(message) {
        (quote!('a), quote!())
    } else {
        (quote!('field), quote!(<'field>))
    };
    let visits = field::all(message).map(|field| visit(spec, field));
    let builds = field::all(message).map(|field| build(spec, field));
    let arbitrary = arbitrary(spec, layout, message);
    quote! {
        impl #generics #name #generics {
            /// Calls `visitor` with the name and the value of every field that is there.
            pub fn visit(
                &self,
                visitor: &mut dyn __::FnMut(
                    &'static __::str,
                    __::FieldValue<'_>,
                ),
            ) {
                #(#visits)*
                let _ = visitor;
            }

            /// Builds the message from its fields' values, which `get` gives by name.
            ///
            /// # Errors
            /// An absent mandatory field, or a value that its field does not take.
            pub fn build #of_method (
                get: &mut dyn __::FnMut(
                    &'static __::str,
                ) -> __::Option<__::FieldValue<#input>>,
            ) -> __::Result<Self, __::BuildError> {
                let _ = &get;
                __::Ok(Self { #(#builds)* })
            }
        }

        ::iotmp_ref::__serde! {
            impl #generics ::iotmp_ref::__private::serde::Serialize for #name #generics {
                fn serialize<__S: ::iotmp_ref::__private::serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> __::Result<__S::Ok, __S::Error> {
                    ::iotmp_ref::__private::serialize_message(
                        Self::NAME,
                        &|visitor| self.visit(visitor),
                        serializer,
                    )
                }
            }
        }
        #arbitrary
    }
}

fn visit(spec: &Spec, field: &Field) -> TokenStream {
    let ident = names::field(&field.name);
    let text = &field.name;
    let kind = field::kind(spec, field);
    let value = match &kind {
        Kind::Number(_) | Kind::Named(..) => {
            let number = field::wide(&kind);
            quote!(Number(#number))
        }
        Kind::Any => quote!(Any(__::Any::clone(value))),
        Kind::Text(_) => quote!(Text(__::Cow::Borrowed(&**value))),
        Kind::Bytes(_) => quote!(Bytes(__::Cow::Borrowed(&**value))),
    };
    let call = quote!(visitor(#text, __::FieldValue::#value););
    if field.mandatory {
        quote!({ let value = &self.#ident; #call })
    } else {
        quote!(if let __::Some(value) = &self.#ident { #call })
    }
}

fn build(spec: &Spec, field: &Field) -> TokenStream {
    let ident = names::field(&field.name);
    let text = &field.name;
    let number = |bits: u8| {
        let primitive = super::primitive(bits);
        quote!(value.number(#text, __::u64::from(#primitive::MAX))? as #primitive)
    };
    let value = match field::kind(spec, field) {
        Kind::Number(bits) => number(bits),
        Kind::Named(bits, name) => {
            let number = number(bits);
            quote!(#name(#number))
        }
        Kind::Any => quote!(value.any(#text)?),
        Kind::Text(_) => quote!(value.text(#text)?),
        Kind::Bytes(_) => quote!(value.bytes(#text)?),
    };
    let (some, none) = if field.mandatory {
        let none = quote! {
            return __::Err(
                __::BuildError::MissingField { field: #text },
            )
        };
        (value, none)
    } else {
        (quote!(__::Some(#value)), quote!(__::None))
    };
    quote! {
        #ident: match get(#text) {
            __::Some(value) => #some,
            __::None => #none,
        },
    }
}

fn arbitrary(spec: &Spec, layout: &dyn Layout, message: &Message) -> TokenStream {
    let name = names::ty(&message.name);
    let generics = if borrows(message) {
        quote!(<'static>)
    } else {
        quote!()
    };
    let values = field::all(message).map(|field| {
        let ident = names::field(&field.name);
        let value = match field::kind(spec, field) {
            Kind::Any => quote!(::iotmp_ref::__private::arbitrary_any(u, &LAYOUT)?),
            Kind::Text(extent) => quote! {
                __::Cow::Owned(
                    ::iotmp_ref::__private::arbitrary_text(u, #extent)?,
                )
            },
            Kind::Bytes(extent) => quote! {
                __::Cow::Owned(
                    ::iotmp_ref::__private::arbitrary_bytes(u, #extent)?,
                )
            },
            Kind::Number(_) | Kind::Named(..) => {
                quote!(::iotmp_ref::__private::arbitrary::Arbitrary::arbitrary(u)?)
            }
        };
        if field.mandatory {
            return quote!(#ident: #value,);
        }
        let coin = quote!(u.arbitrary::<__::bool>()?);
        let is_there = if layout.is_ordered() {
            quote!({ there = there && #coin; there })
        } else {
            coin
        };
        quote! {
            #ident: if #is_there {
                __::Some(#value)
            } else {
                __::None
            },
        }
    });
    let optional = field::all(message).any(|field| !field.mandatory);
    let there = (layout.is_ordered() && optional).then(|| quote!(let mut there = true;));
    quote! {
        ::iotmp_ref::__arbitrary! {
            impl<'arbitrary> ::iotmp_ref::__private::arbitrary::Arbitrary<'arbitrary>
                for #name #generics
            {
                fn arbitrary(
                    u: &mut ::iotmp_ref::__private::arbitrary::Unstructured<'arbitrary>,
                ) -> ::iotmp_ref::__private::arbitrary::Result<Self> {
                    let _ = &u;
                    #there
                    __::Ok(Self { #(#values)* })
                }
            }
        }
    }
}

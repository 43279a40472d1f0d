//! Messages as names and values, for code that serves any specification; and
//! the traits of other crates, which the runtime switches by its features.

use iotmp_spec::model::{Field, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::borrows;
use super::field::{self, Kind, Place};
use super::layout::Layout;
use crate::names;

/// What makes them: what all messages have in common is made once.
pub(super) struct Bridges<'s> {
    spec: &'s Spec,
    layout: &'s dyn Layout,
    visit: TokenStream,
    /// For a message that borrows, and for one that does not.
    build: [TokenStream; 2],
    is_there: TokenStream,
}

impl<'s> Bridges<'s> {
    pub(super) fn new(spec: &'s Spec, layout: &'s dyn Layout) -> Self {
        let build = [(quote!(), quote!('a)), (quote!(<'field>), quote!('field))];
        let coin = quote!(u.arbitrary::<__codec::bool>()?);
        Self {
            spec,
            layout,
            visit: quote! {
                /// Calls `visitor` with the name and the value of every field that is there.
                pub fn visit(
                    &self,
                    visitor: &mut dyn __codec::FnMut(
                        &'static __codec::str,
                        __codec::FieldValue<'_>,
                    ),
                )
            },
            build: build.map(|(of_method, input)| {
                quote! {
                    /// Builds the message from its fields' values, which `get` gives by name.
                    ///
                    /// # Errors
                    /// An absent mandatory field, or a value that its field does not take.
                    pub fn build #of_method (
                        get: &mut dyn __codec::FnMut(
                            &'static __codec::str,
                        ) -> __codec::Option<__codec::FieldValue<#input>>,
                    ) -> __codec::Result<Self, __codec::BuildError>
                }
            }),
            is_there: if layout.is_ordered() {
                quote!({ there = there && #coin; there })
            } else {
                coin
            },
        }
    }

    pub(super) fn one(&self, message: &Message) -> TokenStream {
        let name = names::ty(&message.name);
        let borrows = borrows(message);
        let [of_borrowing, of_owning] = &self.build;
        let (generics, any, build) = if borrows {
            (quote!(<'a>), quote!(<'_>), of_borrowing)
        } else {
            (quote!(), quote!(), of_owning)
        };
        let visit = &self.visit;
        let visits = field::all(message).map(shown);
        let builds = field::all(message).map(built);
        let drawn = self.drawn(message);
        let lasting = borrows.then(|| quote!(<'static>));
        quote! {
            impl #generics #name #generics {
                #visit {
                    #(#visits)*
                    let _ = visitor;
                }

                #build {
                    let _ = &get;
                    __Ok(Self { #(#builds)* })
                }
            }

            ::iotmp_ref::__serialize! { #name #any }
            ::iotmp_ref::__draw! { #name #lasting, u, #drawn }
        }
    }

    /// How a message is drawn from `u`.
    fn drawn(&self, message: &Message) -> TokenStream {
        let is_there = &self.is_there;
        let values = field::all(message).map(|field| {
            let ident = names::field(&field.name);
            let value = match field::kind(self.spec, field) {
                Kind::Any => quote!(__codec::arbitrary_any(u, &LAYOUT)?),
                Kind::Text(extent) => {
                    quote!(__codec::Cow::Owned(__codec::arbitrary_text(u, #extent)?))
                }
                Kind::Bytes(extent) => {
                    quote!(__codec::Cow::Owned(__codec::arbitrary_bytes(u, #extent)?))
                }
                Kind::Number(_) | Kind::Named(..) => quote!(u.arbitrary()?),
            };
            if field.mandatory {
                quote!(#ident: #value,)
            } else {
                quote!(#ident: if #is_there { __Some(#value) } else { __None },)
            }
        });
        let optional = field::all(message).any(|field| !field.mandatory);
        let there = (self.layout.is_ordered() && optional).then(|| quote!(let mut there = true;));
        quote!(#there Self { #(#values)* })
    }
}

fn shown(field: &Field) -> TokenStream {
    let text = &field.name;
    let place = Place::of(field);
    let value = place.reference();
    place.present(quote!(visitor(#text, __codec::shown(#value));), None)
}

fn built(field: &Field) -> TokenStream {
    let ident = names::field(&field.name);
    let text = &field.name;
    if field.mandatory {
        quote!(#ident: __codec::mandatory(get, #text)?,)
    } else {
        quote!(#ident: __codec::optional(get, #text)?,)
    }
}

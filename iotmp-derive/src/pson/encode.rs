//! The implementation of `Encode`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use super::input::Input;

pub(super) fn implementation(input: &Input) -> TokenStream {
    let name = &input.name;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter
            .bounds
            .push(parse_quote!(::iotmp_ref::pson::typed::Encode));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let count = input.fields.len();
    let keys = input.fields.iter().map(|field| &field.key);
    let lens: Vec<_> = input.fields.iter().map(|field| field.key.len()).collect();
    let types = input.fields.iter().map(|field| &field.ty);
    let idents: Vec<_> = input.fields.iter().map(|field| &field.ident).collect();
    let pairs: Vec<_> = input
        .fields
        .iter()
        .map(|field| {
            let (ident, ty) = (&field.ident, &field.ty);
            let literals = super::keys(&field.key);
            quote! {
                {
                    #literals
                    output.key::<__F, _, _>(
                        &ONE,
                        &TWO,
                        <#ty as ::iotmp_ref::pson::typed::Encode>::LEAST,
                    )?;
                    ::iotmp_ref::pson::typed::Encode::encode::<__F>(&self.#ident, output)?;
                }
            }
        })
        .collect();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::iotmp_ref::pson::typed::Encode for #name #ty_generics #where_clause {
            // Each pair has its value, the bytes of its key, and at least one before these.
            const LEAST: ::core::primitive::usize = 1
                #(+ 1 + #lens + <#types as ::iotmp_ref::pson::typed::Encode>::LEAST)*;

            #[inline]
            fn least_len(&self) -> ::core::primitive::usize {
                1 #(+ 1 + #lens + ::iotmp_ref::pson::typed::Encode::least_len(&self.#idents))*
            }

            #[inline]
            fn encoded_len<__F: ::iotmp_ref::pson::typed::Form>(&self) -> ::core::primitive::usize {
                let inside = 0 #(
                    + ::iotmp_ref::pson::typed::key_len(__F::GENERATION, #keys)
                    + ::iotmp_ref::pson::typed::Encode::encoded_len::<__F>(&self.#idents)
                )*;
                ::iotmp_ref::pson::typed::container_len::<__F>(#count, inside)
            }

            // The output is to stay in registers from the first field to the last.
            #[inline(always)]
            fn encode<__F: ::iotmp_ref::pson::typed::Form>(
                &self,
                output: &mut ::iotmp_ref::pson::typed::Output<'_>,
            ) -> ::core::result::Result<(), ::iotmp_ref::pson::typed::Stop> {
                match __F::GENERATION {
                    ::iotmp_ref::pson::Generation::One => {
                        let least = ::iotmp_ref::pson::typed::Encode::least_len(self) - 1;
                        output.sized_map(least, |output| {
                            #(#pairs)*
                            let _ = output;
                            ::core::result::Result::Ok(())
                        })
                    }
                    // Not a closure, which may not be inlined.
                    ::iotmp_ref::pson::Generation::Two => {
                        output.open_map(#count)?;
                        #(#pairs)*
                        output.close_map();
                        ::core::result::Result::Ok(())
                    }
                }
            }
        }
    }
}

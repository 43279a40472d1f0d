//! Reading a body: its fields in their order.

use iotmp_spec::model::{Field, Message};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Fixed;
use crate::emit::field::{self, Kind};
use crate::emit::{int, primitive};
use crate::names;

pub(super) fn body(layout: &Fixed<'_>, message: &Message) -> TokenStream {
    let reads = message.fields.iter().enumerate().map(|(place, field)| {
        let text = field.name.as_str();
        let read = match field.constant {
            Some(number) => constant(layout, field, number),
            None => value(layout, field),
        };
        let read = quote! {
            match #read {
                __Ok(value) => value,
                __Err(error) => {
                    return __Err(__codec::within(error, #text, Self::LABEL));
                }
            }
        };
        let slot = format_ident!("field_{place}");
        match (field.constant, field.mandatory) {
            (Some(_), _) => quote!(let _ = #read;),
            (None, true) => quote!(let #slot = #read;),
            (None, false) => quote! {
                let #slot = if reader.is_empty() {
                    __None
                } else {
                    __Some(#read)
                };
            },
        }
    });
    let values = message.fields.iter().enumerate();
    let values = values.filter(|(_, field)| field.constant.is_none());
    let values = values.map(|(place, field)| {
        let ident = names::field(&field.name);
        let slot = format_ident!("field_{place}");
        quote!(#ident: #slot,)
    });
    quote! {
        let _ = encoding;
        #(#reads)*
        let _ = reader;
        __Ok(Self { #(#values)* })
    }
}

/// Reads a number that has to be this one.
fn constant(layout: &Fixed<'_>, field: &Field, number: u64) -> TokenStream {
    let encoding = int::encoding(layout.int(field));
    quote!(__codec::read_constant(reader, #encoding, &[#number]))
}

/// Reads the value of a field.
fn value(layout: &Fixed<'_>, field: &Field) -> TokenStream {
    let number = |bits: u8, wrap: TokenStream| {
        let encoding = int::encoding(layout.int(field));
        let primitive = primitive(bits);
        let read = match field::only(layout.spec, field) {
            Some(only) => quote!(__codec::read_constant(reader, #encoding, #only)),
            None => quote!(#encoding.read(reader).map_err(|error| error.naming("number"))),
        };
        quote! {
            #read
                // It was written in as many bits.
                .map(|number| { let number = number as #primitive; #wrap })
        }
    };
    match field::kind(layout.spec, field) {
        Kind::Number(bits) => number(bits, quote!(number)),
        Kind::Named(bits, ident) => number(bits, quote!(#ident(number))),
        Kind::Text(extent) => quote! {
            #extent.read_text(reader).map(__codec::Cow::Borrowed)
        },
        // Values of any type stand in key-value bodies alone.
        Kind::Bytes(extent) => quote! {
            #extent.read(reader).map(__codec::Cow::Borrowed)
        },
        Kind::Any => quote!(),
    }
}

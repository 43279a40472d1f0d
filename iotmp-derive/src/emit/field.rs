//! Fields by what they hold, whatever the layout that they stand in.

use iotmp_spec::model::{Extent, Field, FieldType, Message, Spec};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{enums, int, primitive};
use crate::names;

/// What generated code does with a field.
pub(super) enum Kind {
    /// A number of these bits.
    Number(u8),
    /// A number of these bits, named by this enum.
    Named(u8, Ident),
    /// A value of any type.
    Any,
    /// Text, and how many bytes it takes.
    Text(TokenStream),
    /// Bytes, and how many.
    Bytes(TokenStream),
}

/// The fields that a struct has: a constant is known without one.
pub(super) fn all(message: &Message) -> impl Iterator<Item = &Field> + Clone {
    let fields = message.fields.iter();
    fields.filter(|field| field.constant.is_none())
}

pub(super) fn kind(spec: &Spec, field: &Field) -> Kind {
    match &field.ty {
        FieldType::Varint(bits) => Kind::Number(*bits),
        FieldType::Int(encoding) => Kind::Number(encoding.bits()),
        FieldType::Enum(name) => {
            let bits = spec.enumeration(name).map_or(64, |e| e.bits);
            Kind::Named(bits, names::ty(name))
        }
        FieldType::Any(_) => Kind::Any,
        FieldType::Text(size) => Kind::Text(extent(*size, field.max)),
        FieldType::Bytes(size) => Kind::Bytes(extent(*size, field.max)),
    }
}

/// The numbers that a field of a closed enum can hold.
pub(super) fn only(spec: &Spec, field: &Field) -> Option<TokenStream> {
    let FieldType::Enum(name) = &field.ty else {
        return None;
    };
    spec.enumeration(name).and_then(enums::only)
}

/// Refuses to write the number of a closed enum that it does not have.
pub(super) fn refused(spec: &Spec, field: &Field, number: &TokenStream) -> Option<TokenStream> {
    let only = only(spec, field)?;
    let text = field.name.as_str();
    Some(quote!(__codec::one_of(#number, #only, #text)?;))
}

/// Whether the value of a field borrows from the input.
pub(super) fn borrows(field: &Field) -> bool {
    match field.ty {
        FieldType::Varint(_) | FieldType::Int(_) | FieldType::Enum(_) => false,
        FieldType::Any(_) | FieldType::Text(_) | FieldType::Bytes(_) => true,
    }
}

/// The type of a field, without `Option`.
pub(super) fn ty(spec: &Spec, field: &Field) -> TokenStream {
    match kind(spec, field) {
        Kind::Number(bits) => primitive(bits),
        Kind::Named(_, ident) => quote!(#ident),
        Kind::Any => quote!(__codec::Any<'a>),
        Kind::Text(_) => quote!(__codec::Cow<'a, __codec::str>),
        Kind::Bytes(_) => quote!(__codec::Cow<'a, [__codec::u8]>),
    }
}

/// Where code finds the value of a field: in the struct itself where it is mandatory, behind the
/// reference `value` where it may be absent.
pub(super) struct Place {
    ident: Ident,
    mandatory: bool,
}

impl Place {
    pub(super) fn of(field: &Field) -> Self {
        let ident = names::field(&field.name);
        let mandatory = field.mandatory;
        Self { ident, mandatory }
    }

    /// A reference to it.
    pub(super) fn reference(&self) -> TokenStream {
        let ident = &self.ident;
        if self.mandatory {
            quote!(&self.#ident)
        } else {
            quote!(value)
        }
    }

    /// Its number as 64 bits, for a numeric field.
    pub(super) fn wide(&self, kind: &Kind) -> TokenStream {
        let ident = &self.ident;
        let number = match (kind, self.mandatory) {
            (Kind::Named(..), true) => quote!(self.#ident.0),
            (Kind::Named(..), false) => quote!(value.0),
            (_, true) => quote!(self.#ident),
            (_, false) => quote!(*value),
        };
        match kind {
            Kind::Number(64) | Kind::Named(64, _) => number,
            _ => quote!(__codec::u64::from(#number)),
        }
    }

    /// What is done with it, if it is there.
    pub(super) fn present(&self, then: TokenStream, otherwise: Option<TokenStream>) -> TokenStream {
        let ident = &self.ident;
        if self.mandatory {
            return then;
        }
        let otherwise = otherwise.map(|otherwise| quote!(else { #otherwise }));
        quote!(if let __Some(value) = &self.#ident { #then } #otherwise)
    }
}

/// A constant of the type of a numeric field.
pub(super) fn constant(kind: &Kind, number: u64) -> TokenStream {
    let number = Literal::u64_unsuffixed(number);
    match kind {
        Kind::Named(_, name) => quote!(#name(#number)),
        _ => quote!(#number),
    }
}

fn extent(extent: Extent, max: Option<u64>) -> TokenStream {
    let most = max.map_or(extent.capacity(), |max| max.min(extent.capacity()));
    match extent {
        Extent::Exact(size) => {
            let size = size as usize;
            quote!(__codec::Extent::Exact(#size))
        }
        Extent::Prefixed(prefix) => {
            let prefix = int::encoding(prefix);
            quote!(__codec::Extent::Prefixed(#prefix, #most))
        }
        Extent::Rest => quote!(__codec::Extent::Rest(#most)),
    }
}

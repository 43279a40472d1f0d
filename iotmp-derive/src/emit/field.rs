//! Fields by what they hold, whatever the layout that they stand in.

use iotmp_spec::model::{Extent, Field, FieldType, Message, Spec};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{int, primitive};
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
        Kind::Any => quote!(__::Any<'a>),
        Kind::Text(_) => quote!(__::Cow<'a, __::str>),
        Kind::Bytes(_) => quote!(__::Cow<'a, [__::u8]>),
    }
}

/// The number behind `value`, a reference to the value of a numeric field, as 64 bits.
pub(super) fn wide(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Number(64) => quote!(*value),
        Kind::Number(_) => quote!(__::u64::from(*value)),
        Kind::Named(64, _) => quote!(value.0),
        Kind::Named(..) => quote!(__::u64::from(value.0)),
        Kind::Any | Kind::Text(_) | Kind::Bytes(_) => quote!(),
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
            quote!(__::Extent::Exact(#size))
        }
        Extent::Prefixed(prefix) => {
            let prefix = int::encoding(prefix);
            quote!(__::Extent::Prefixed(#prefix, #most))
        }
        Extent::Rest => quote!(__::Extent::Rest(#most)),
    }
}

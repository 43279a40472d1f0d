//! What a struct and its attributes say.

use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident, Lifetime, LitStr, Type};

/// A struct with named fields.
pub(super) struct Input {
    pub(super) name: Ident,
    pub(super) generics: Generics,
    /// By the bytes of their keys, the order in which pairs are written.
    pub(super) fields: Vec<Field>,
    pub(super) encodes: bool,
    pub(super) decodes: bool,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) key: String,
}

impl Field {
    /// Whether it is called an option, so that its absence is no surprise.
    pub(super) fn is_option(&self) -> bool {
        match &self.ty {
            Type::Path(path) => {
                let last = path.path.segments.last();
                last.is_some_and(|segment| segment.ident == "Option")
            }
            _ => false,
        }
    }
}

impl Input {
    pub(super) fn new(item: &DeriveInput) -> syn::Result<Self> {
        let named = match &item.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => &fields.named,
                fields => return Err(not_named(item, fields)),
            },
            Data::Enum(data) => return Err(not_a_struct(data.enum_token.span)),
            Data::Union(data) => return Err(not_a_struct(data.union_token.span)),
        };
        if let Some(second) = item.generics.lifetimes().nth(1) {
            return Err(syn::Error::new(
                second.span(),
                "a struct that derives `Pson` can borrow for one lifetime only, that of the bytes",
            ));
        }
        let only = direction(&item.attrs)?;
        let mut fields = Vec::new();
        for field in named {
            let Some(ident) = field.ident.clone() else {
                continue;
            };
            let key = match renamed(&field.attrs)? {
                Some(key) => key,
                None => LitStr::new(&unraw(&ident), ident.span()),
            };
            fields.push((key, ident, field.ty.clone()));
        }
        distinct(&fields)?;
        let mut fields: Vec<_> = fields
            .into_iter()
            .map(|(key, ident, ty)| {
                let key = key.value();
                Field { ident, ty, key }
            })
            .collect();
        fields.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self {
            name: item.ident.clone(),
            generics: item.generics.clone(),
            fields,
            encodes: only != Some(Direction::Decode),
            decodes: only != Some(Direction::Encode),
        })
    }

    /// The lifetime of the bytes that are read, if the struct borrows.
    pub(super) fn lifetime(&self) -> Option<&Lifetime> {
        self.generics.lifetimes().next().map(|it| &it.lifetime)
    }
}

fn not_named(item: &DeriveInput, fields: &Fields) -> syn::Error {
    let span = match fields {
        Fields::Unit => item.ident.span(),
        other => other.span(),
    };
    syn::Error::new(
        span,
        "`Pson` is derived for structs with named fields: the names are the keys of the map",
    )
}

fn not_a_struct(span: Span) -> syn::Error {
    syn::Error::new(
        span,
        "`Pson` is derived for structs alone; implement `Encode` and `Decode` by hand, or use serde",
    )
}

fn unraw(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

fn distinct(fields: &[(LitStr, Ident, Type)]) -> syn::Result<()> {
    let mut first = BTreeMap::new();
    for (key, ident, _) in fields {
        if let Some(other) = first.insert(key.value(), ident) {
            let message = format!(
                "the key `{}` is also that of the field `{other}`",
                key.value()
            );
            return Err(syn::Error::new(key.span(), message));
        }
    }
    Ok(())
}

#[derive(PartialEq)]
enum Direction {
    Encode,
    Decode,
}

/// The one direction that `#[pson(encode)]` or `#[pson(decode)]` leaves.
fn direction(attributes: &[Attribute]) -> syn::Result<Option<Direction>> {
    let mut only = None;
    for attribute in attributes.iter().filter(|it| it.path().is_ident("pson")) {
        attribute.parse_nested_meta(|meta| {
            let direction = if meta.path.is_ident("encode") {
                Direction::Encode
            } else if meta.path.is_ident("decode") {
                Direction::Decode
            } else {
                return Err(meta.error("expected `encode` or `decode`"));
            };
            if only.replace(direction).is_some() {
                return Err(meta.error("both are derived without an attribute; keep one or none"));
            }
            Ok(())
        })?;
    }
    Ok(only)
}

/// The key that `#[pson(rename = "…")]` gives.
fn renamed(attributes: &[Attribute]) -> syn::Result<Option<LitStr>> {
    let mut key = None;
    for attribute in attributes.iter().filter(|it| it.path().is_ident("pson")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("rename") {
                return Err(meta.error("expected `rename = \"…\"`"));
            }
            let text: LitStr = meta.value()?.parse()?;
            if key.replace(text).is_some() {
                return Err(meta.error("the field is renamed twice"));
            }
            Ok(())
        })?;
    }
    Ok(key)
}

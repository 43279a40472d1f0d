//! Constants: identity, key layout, timers, limits, keys of known maps.

use iotmp_spec::model::{IntEncoding, KeyPart, KeyValue, MapSchema, Quantity, Shape, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use crate::names;

pub(super) fn all(spec: &Spec, layout: &KeyValue) -> TokenStream {
    let name = &spec.name;
    let revision = &spec.revision;
    let encoding = encoding(&layout.values.default_encoding);
    let integers_as_varint = layout.values.integers_as_varint;
    let layout = keys(spec, layout);
    let timers = quantities("timers", "Intervals and margins.", &spec.timers);
    let limits = quantities("limits", "Largest sizes and counts.", &spec.limits);
    let maps = spec.maps.iter().map(map);
    quote! {
        /// Name of the specification.
        pub const NAME: &::core::primitive::str = #name;
        /// Revision that the specification describes.
        pub const REVISION: &::core::primitive::str = #revision;
        /// Encoding of values unless another is negotiated.
        pub const DEFAULT_ENCODING: ::iotmp_ref::wire::Encoding = #encoding;
        /// Whether a whole non-negative integer travels as a varint field.
        pub const INTEGERS_AS_VARINT: ::core::primitive::bool = #integers_as_varint;
        #layout
        #timers
        #limits
        #(#maps)*
    }
}

fn encoding(name: &str) -> TokenStream {
    let variant = names::ty(name);
    quote!(::iotmp_ref::wire::Encoding::#variant)
}

fn keys(spec: &Spec, layout: &KeyValue) -> TokenStream {
    let field_high = layout.high == KeyPart::Field;
    let low_bits = u32::from(layout.low_bits);
    let key_bits = bits(layout.key);
    let max_depth = usize::try_from(spec.limit("max_depth").unwrap_or(128)).unwrap_or(128);
    let shapes = (0..8_u8).map(|id| {
        let Some(wire) = layout.wire_types.iter().find(|w| w.id == id) else {
            return quote!(::core::option::Option::None);
        };
        let shape = match &wire.shape {
            Shape::Varint => quote!(Varint),
            Shape::Fixed(4) => quote!(Fixed32),
            Shape::Fixed(_) => quote!(Fixed64),
            Shape::Sized(names) => {
                let names = names.iter().map(|n| encoding(n));
                quote!(Sized(&[#(#names),*]))
            }
            Shape::Encoded(names) => {
                let names = names.iter().map(|n| encoding(n));
                quote!(Encoded(&[#(#names),*]))
            }
        };
        quote!(::core::option::Option::Some(::iotmp_ref::wire::Shape::#shape))
    });
    quote! {
        /// Keys and wire types.
        pub static LAYOUT: ::iotmp_ref::wire::KeyLayout = ::iotmp_ref::wire::KeyLayout {
            field_high: #field_high,
            low_bits: #low_bits,
            key_bits: #key_bits,
            shapes: [#(#shapes),*],
            max_depth: #max_depth,
        };
    }
}

/// Bits of a number as it is written.
pub(super) fn bits(encoding: IntEncoding) -> u32 {
    match encoding {
        IntEncoding::Varint(bits) => u32::from(bits),
        IntEncoding::BigEndian(bytes) | IntEncoding::LittleEndian(bytes) => u32::from(bytes) * 8,
    }
}

fn quantities(module: &str, doc: &str, quantities: &[Quantity]) -> TokenStream {
    let module = names::field(module);
    let constants = quantities.iter().map(|quantity| {
        let name = names::constant(&quantity.name);
        let value = quantity.value;
        let doc = format!(
            "{} In {}. Source: {}.",
            quantity.doc, quantity.unit, quantity.source
        );
        quote! {
            #[doc = #doc]
            pub const #name: ::core::primitive::u64 = #value;
        }
    });
    quote! {
        #[doc = #doc]
        pub mod #module { #(#constants)* }
    }
}

fn map(map: &MapSchema) -> TokenStream {
    let module = names::field(&map.name);
    let doc = format!("Keys of a map. {}", map.doc);
    let constants = map.entries.iter().map(|entry| {
        let name = names::constant(&entry.name);
        let key = &entry.key;
        let doc = format!("{} Source: {}.", entry.doc, entry.source);
        let default = entry.default.map(|value| {
            let name = names::constant(&format!("{}_default", entry.name));
            let doc = format!("What the absence of `{key}` means.");
            quote! {
                #[doc = #doc]
                pub const #name: ::core::primitive::u64 = #value;
            }
        });
        quote! {
            #[doc = #doc]
            pub const #name: &::core::primitive::str = #key;
            #default
        }
    });
    quote! {
        #[doc = #doc]
        pub mod #module { #(#constants)* }
    }
}

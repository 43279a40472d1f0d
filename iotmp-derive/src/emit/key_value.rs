//! Bodies of key-value pairs: keys, wire types, and the constants that say what they are.

pub(super) mod decode;
mod encode;

use iotmp_spec::model::{self, Field, KeyPart, Message, Shape, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::constants::encoding;
use super::int;
use super::layout::Layout;

/// A layout of key-value pairs.
pub(super) struct KeyValue<'s> {
    pub(super) spec: &'s Spec,
    pub(super) layout: &'s model::KeyValue,
    read: decode::Common,
}

impl Layout for KeyValue<'_> {
    fn constants(&self) -> TokenStream {
        let default_encoding = encoding(&self.layout.values.default_encoding);
        let integers_as_varint = self.layout.values.integers_as_varint;
        let keys = self.keys();
        quote! {
            /// Encoding of values unless another is negotiated.
            pub const DEFAULT_ENCODING: __codec::Encoding = #default_encoding;
            /// Whether a whole non-negative integer travels as a varint field.
            pub const INTEGERS_AS_VARINT: __codec::bool = #integers_as_varint;
            #keys
        }
    }

    fn place(&self, field: &Field) -> String {
        format!("Field 0x{:02x}. ", field.id)
    }

    fn is_ordered(&self) -> bool {
        false
    }

    fn order(&self) -> &'static str {
        "All that is left of `reader` belongs to it. Fields come in any order; of a field that comes \
         twice the last counts; unknown fields are skipped."
    }

    fn read(&self, message: &Message) -> TokenStream {
        decode::body(self, message)
    }

    fn length(&self, message: &Message) -> TokenStream {
        encode::length(self, message)
    }

    fn write(&self, message: &Message) -> TokenStream {
        encode::body(self, message)
    }

    fn known(&self, message: &Message) -> TokenStream {
        decode::known(self, message)
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn whole(&self, _: &Message) -> TokenStream {
        quote!()
    }
}

impl<'s> KeyValue<'s> {
    pub(super) fn new(spec: &'s Spec, layout: &'s model::KeyValue) -> Self {
        let read = decode::Common::new(spec);
        Self { spec, layout, read }
    }

    /// The keys and wire types that the runtime reads and writes by.
    fn keys(&self) -> TokenStream {
        let layout = self.key_layout();
        quote! {
            /// Keys and wire types.
            pub static LAYOUT: __codec::KeyLayout = #layout;
        }
    }

    /// Keys and wire types, as an expression.
    pub(super) fn key_layout(&self) -> TokenStream {
        let field_high = self.layout.high == KeyPart::Field;
        let low_bits = u32::from(self.layout.low_bits);
        let key = int::encoding(self.layout.key);
        let max_depth = usize::try_from(self.spec.limit("max_depth").unwrap_or(128)).unwrap_or(128);
        let types = &self.layout.wire_types;
        let last = types.iter().map(|wire| wire.id).max();
        let shapes = (0..=last.unwrap_or(0)).map(|id| {
            let Some(wire) = types.iter().find(|wire| wire.id == id) else {
                return quote!(__None);
            };
            let shape = shape(&wire.shape);
            quote!(__Some(#shape))
        });
        quote! {
            __codec::KeyLayout {
                field_high: #field_high,
                low_bits: #low_bits,
                key: #key,
                shapes: &[#(#shapes),*],
                max_depth: #max_depth,
            }
        }
    }

    /// The key of a field under a wire type.
    pub(super) fn key(&self, field: u32, wire: u8) -> u32 {
        match self.layout.high {
            KeyPart::Field => (field << self.layout.low_bits) | u32::from(wire),
            KeyPart::WireType => (u32::from(wire) << self.layout.low_bits) | field,
        }
    }

    /// The key of a numeric field.
    pub(super) fn number_key(&self, field: u32) -> u32 {
        let mut types = self.layout.wire_types.iter();
        // The checks see to it that there is one.
        let wire = types.find(|wire| wire.shape == Shape::Varint);
        self.key(field, wire.map_or(0, |wire| wire.id))
    }
}

/// How the value behind a key is delimited, as the runtime says it.
pub(super) fn shape(shape: &Shape) -> TokenStream {
    let shape = match shape {
        Shape::Varint => quote!(Varint),
        Shape::Fixed(4) => quote!(Fixed32),
        Shape::Fixed(_) => quote!(Fixed64),
        Shape::Sized(names) => {
            let names = names.iter().map(|name| encoding(name));
            quote!(Sized(&[#(#names),*]))
        }
        Shape::Encoded(names) => {
            let names = names.iter().map(|name| encoding(name));
            quote!(Encoded(&[#(#names),*]))
        }
    };
    quote!(__codec::Shape::#shape)
}

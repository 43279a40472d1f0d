//! Bodies of fields that stand one behind the other, the last of which may be left out.

mod decode;
mod encode;
mod whole;

use iotmp_spec::model::{Field, IntEncoding, Message, Spec};
use proc_macro2::TokenStream;
use quote::quote;

use super::layout::Layout;

/// A layout without keys.
pub(super) struct Fixed<'s> {
    pub(super) spec: &'s Spec,
}

impl Layout for Fixed<'_> {
    fn constants(&self) -> TokenStream {
        quote! {
            /// What `decode` passes on; no field holds a value that has an encoding of its own.
            pub const DEFAULT_ENCODING: __codec::Encoding =
                __codec::Encoding::ALL[0];
        }
    }

    fn place(&self, _: &Field) -> String {
        String::new()
    }

    fn is_ordered(&self) -> bool {
        true
    }

    fn order(&self) -> &'static str {
        "Fields stand one behind the other. An optional one is there if bytes are left; what is left \
         behind the last stays in `reader`. `encoding` means nothing here."
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

    fn known(&self, _: &Message) -> TokenStream {
        quote!()
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn whole(&self, message: &Message) -> TokenStream {
        whole::methods(self, message)
    }
}

impl Fixed<'_> {
    /// How a numeric field is written; the checks see to it that every number has a way.
    fn int(&self, field: &Field) -> IntEncoding {
        let encoding = self.spec.int_encoding(field);
        encoding.unwrap_or(IntEncoding::BigEndian(8))
    }
}

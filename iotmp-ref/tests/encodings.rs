//! The value encodings beside PSON: bytes from their specifications, what they
//! cannot say, and what holds for all values and for any bytes whatever.

#![cfg(feature = "encodings")]

#[path = "encodings/all.rs"]
mod all;
#[path = "encodings/bson.rs"]
mod bson;
#[path = "encodings/cbor.rs"]
mod cbor;
#[path = "encodings/json.rs"]
mod json;
#[path = "encodings/memory.rs"]
mod memory;
#[path = "encodings/messagepack.rs"]
mod messagepack;
#[path = "encodings/properties.rs"]
mod properties;
#[path = "encodings/ubjson.rs"]
mod ubjson;

use iotmp_ref::pson::Value;
use iotmp_ref::wire::{EncodeError, Encoding};

/// One encoding under test.
#[derive(Clone, Copy)]
struct Checks(Encoding);

impl Checks {
    /// The one canonical form of a value, both ways.
    #[track_caller]
    fn both(self, value: impl Into<Value>, bytes: impl AsRef<[u8]>) {
        let (value, bytes) = (value.into(), bytes.as_ref());
        assert_eq!(self.0.to_vec(&value).as_deref(), Ok(bytes), "{value:?}");
        assert_eq!(self.0.decode(bytes), Ok(value));
    }

    /// Bytes that are read, and not what would be written.
    #[track_caller]
    fn reads(self, bytes: impl AsRef<[u8]>, value: impl Into<Value>) {
        let (value, bytes) = (value.into(), bytes.as_ref());
        assert_eq!(self.0.decode(bytes).as_ref(), Ok(&value));
        assert_ne!(self.0.to_vec(&value).as_deref(), Ok(bytes), "{value:?}");
    }

    /// Bytes that are refused, with the error as it is shown.
    #[track_caller]
    fn refuses(self, bytes: impl AsRef<[u8]>, class: &str, shown: &str) {
        let error = self.0.decode(bytes.as_ref()).unwrap_err();
        assert_eq!((error.class(), error.to_string().as_str()), (class, shown));
    }

    /// A value that has no form, with the error as it is shown.
    #[track_caller]
    fn cannot_say(self, value: impl Into<Value>, shown: &str) {
        let error = self.0.to_vec(&value.into()).unwrap_err();
        assert!(
            matches!(error, EncodeError::Unrepresentable(_)),
            "{error:?}"
        );
        assert_eq!(error.to_string(), shown);
    }
}

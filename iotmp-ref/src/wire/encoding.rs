//! How the values inside of messages are written: the one table of encodings.

#[cfg(feature = "encodings")]
mod bson;
#[cfg(feature = "encodings")]
mod build;
#[cfg(feature = "encodings")]
mod cbor;
#[cfg(feature = "encodings")]
mod emit;
#[cfg(feature = "encodings")]
mod json;
#[cfg(feature = "encodings")]
mod messagepack;
#[cfg(feature = "encodings")]
mod ubjson;

use alloc::vec::Vec;

use crate::pson::{Generation, MAX_DEPTH, Value};

use super::{DecodeError, EncodeError, Reader, Writer};

#[cfg(feature = "encodings")]
use self::build::Checked;

/// An encoding of values.
///
/// All exist in every build, as specifications name them. Those other than PSON
/// work with the feature `encodings`; without it each use of one is an error.
///
/// # What an encoding cannot say
///
/// Nothing is lost in silence. What is not in the table is written and read as
/// it is; [`Value`] says when two values are equal, and a float without a
/// fraction travels as an integer in all of them, as in PSON.
///
/// | | JSON | MessagePack | BSON | CBOR | UBJSON |
/// | --- | --- | --- | --- | --- | --- |
/// | bytes | refused | as they are | generic binary | as they are | array of type `U` |
/// | NaN, infinities | refused | as they are | as they are | as they are | refused |
/// | 2^63 to 2^64 - 1 | as it is | as it is | exact double, or refused | as it is | `H` |
/// | below -2^63 | refused | refused | refused | as it is | `H` |
/// | whole value that is no map | as it is | as it is | document of `$value` | as it is | as it is |
/// | key with a NUL | as it is | as it is | refused | as it is | as it is |
///
/// What is read of types that no [`Value`] has:
///
/// | | reads as | refused |
/// | --- | --- | --- |
/// | JSON | integers of over 64 bits: the float they are the shortest way to write | others of over 64 bits |
/// | MessagePack | | extension types, with their number |
/// | BSON | undefined: null; old binary: bytes | all other types and subtypes, by name |
/// | CBOR | undefined: null; tag 55799: what it tags | -2^64; other tags and simple values, with their number |
/// | UBJSON | `C`: text; `N`: nothing | `H` that is no integer of 64 bits |
///
/// Keys of maps are text, else refused. A repeated key is kept, and its last
/// value counts, as [`Map::get`](crate::pson::Map::get) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// The first generation of PSON.
    Pson1,
    /// The second generation of PSON.
    Pson2,
    /// JSON. It does not say where it ends, and takes all bytes that are left.
    Json,
    /// MessagePack.
    Messagepack,
    /// BSON.
    Bson,
    /// CBOR.
    Cbor,
    /// UBJSON.
    Ubjson,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: &[Self] = &[
        Self::Pson1,
        Self::Pson2,
        Self::Json,
        Self::Messagepack,
        Self::Bson,
        Self::Cbor,
        Self::Ubjson,
    ];

    /// The name in specifications and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pson1 => "pson1",
            Self::Pson2 => "pson2",
            Self::Json => "json",
            Self::Messagepack => "messagepack",
            Self::Bson => "bson",
            Self::Cbor => "cbor",
            Self::Ubjson => "ubjson",
        }
    }

    /// The encoding of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|encoding| encoding.name() == name)
    }

    /// Whether it can be read and written in this build.
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Pson1 | Self::Pson2) || cfg!(feature = "encodings")
    }

    /// Reads and checks one value (structure, text, nesting up to `max_depth`
    /// containers, counts) without keeping it.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn skip(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<(), DecodeError> {
        match self {
            Self::Pson1 => Generation::One.skip(reader, max_depth),
            Self::Pson2 => Generation::Two.skip(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Json => json::read(reader, max_depth).map(|Checked| ()),
            #[cfg(feature = "encodings")]
            Self::Messagepack => messagepack::read(reader, max_depth).map(|Checked| ()),
            #[cfg(feature = "encodings")]
            Self::Bson => bson::read(reader, max_depth).map(|Checked| ()),
            #[cfg(feature = "encodings")]
            Self::Cbor => cbor::read(reader, max_depth).map(|Checked| ()),
            #[cfg(feature = "encodings")]
            Self::Ubjson => ubjson::read(reader, max_depth).map(|Checked| ()),
            #[cfg(not(feature = "encodings"))]
            _ => Err(self.not_compiled(reader)),
        }
    }

    /// Reads one value, nested at most `max_depth` containers deep, that may
    /// have something behind it. Memory is taken for what has been read, not
    /// for what is promised.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::read`], and for the others also `encoding`: for
    /// what stands for no value, for what its library refuses, and where the
    /// encoding is not compiled in. Offsets are those of the value refused.
    pub fn read(self, reader: &mut Reader<'_>, max_depth: usize) -> Result<Value, DecodeError> {
        match self {
            Self::Pson1 => Generation::One.read(reader, max_depth),
            Self::Pson2 => Generation::Two.read(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Json => json::read(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Messagepack => messagepack::read(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Bson => bson::read(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Cbor => cbor::read(reader, max_depth),
            #[cfg(feature = "encodings")]
            Self::Ubjson => ubjson::read(reader, max_depth),
            #[cfg(not(feature = "encodings"))]
            _ => Err(self.not_compiled(reader)),
        }
    }

    /// Reads the one value that `bytes` hold.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and `trailing-bytes`.
    pub fn decode(self, bytes: &[u8]) -> Result<Value, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = self.read(&mut reader, MAX_DEPTH)?;
        reader.finish()?;
        Ok(value)
    }

    /// How many bytes [`encode`](Self::encode) writes. Only PSON finds out
    /// without writing them.
    ///
    /// # Errors
    ///
    /// Those of [`to_vec`](Self::to_vec).
    pub fn encoded_len(self, value: &Value) -> Result<usize, EncodeError> {
        match self {
            Self::Pson1 => Generation::One.encoded_len(value),
            Self::Pson2 => Generation::Two.encoded_len(value),
            _ => self.to_vec(value).map(|bytes| bytes.len()),
        }
    }

    /// Writes a value in the canonical form of the encoding: equal values give
    /// the same bytes.
    ///
    /// # Errors
    ///
    /// Those of [`to_vec`](Self::to_vec), and [`EncodeError::BufferTooSmall`].
    pub fn encode(self, value: &Value, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Pson1 => Generation::One.encode(value, writer),
            Self::Pson2 => Generation::Two.encode(value, writer),
            _ => writer.put(&self.to_vec(value)?),
        }
    }

    /// Writes a value into bytes of its own, as [`encode`](Self::encode) does.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooDeep`], [`EncodeError::Unrepresentable`] for what the
    /// encoding cannot say, and [`EncodeError::NotCompiled`].
    pub fn to_vec(self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Pson1 => Generation::One.to_vec(value),
            Self::Pson2 => Generation::Two.to_vec(value),
            #[cfg(feature = "encodings")]
            Self::Json => json::to_vec(value),
            #[cfg(feature = "encodings")]
            Self::Messagepack => messagepack::to_vec(value),
            #[cfg(feature = "encodings")]
            Self::Bson => bson::to_vec(value),
            #[cfg(feature = "encodings")]
            Self::Cbor => cbor::to_vec(value),
            #[cfg(feature = "encodings")]
            Self::Ubjson => ubjson::to_vec(value),
            #[cfg(not(feature = "encodings"))]
            _ => Err(EncodeError::NotCompiled { name: self.name() }),
        }
    }

    #[cfg(not(feature = "encodings"))]
    #[cold]
    fn not_compiled(self, reader: &Reader<'_>) -> DecodeError {
        let kind = super::DecodeErrorKind::Encoding {
            name: self.name(),
            detail: "not compiled in; enable the feature `encodings`".into(),
        };
        DecodeError::new(reader.offset(), kind)
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn every_encoding_is_found_by_its_name() {
        for &encoding in Encoding::ALL {
            assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
        }
        assert_eq!(Encoding::from_name("PSON2"), None);
    }

    #[cfg(not(feature = "encodings"))]
    #[test]
    fn what_is_not_compiled_in_says_so() {
        use crate::wire::{EncodeError, Encoded, Reader};
        use alloc::string::ToString;

        for &encoding in Encoding::ALL {
            if encoding.is_available() {
                continue;
            }
            let name = encoding.name();
            let mut reader = Reader::at(b"1", 7);
            let error = encoding.skip(&mut reader, 1).unwrap_err();
            assert_eq!(error.class(), "encoding");
            let said = "not compiled in; enable the feature `encodings`";
            assert_eq!(
                error.to_string(),
                alloc::format!("offset 7: {name}: {said}")
            );
            assert_eq!(encoding.read(&mut reader, 1), Err(error.clone()));
            assert_eq!(Encoded::read(&mut reader, encoding, 1), Err(error));
            let error = EncodeError::NotCompiled { name };
            assert_eq!(encoding.to_vec(&1.into()), Err(error.clone()));
            assert_eq!(encoding.encoded_len(&1.into()), Err(error));
        }
    }
}

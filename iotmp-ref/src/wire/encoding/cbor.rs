//! CBOR (RFC 8949), over the item heads of `ciborium-ll`.
//!
//! What is written is in the preferred serialization: lengths first, the
//! shortest integers, and floats of 2, 4 or 8 bytes, whichever holds them
//! exactly. What is read may also be of indefinite length and wider than needed.
//!
//! `undefined` reads as null, and the tag 55799, which only says that this is
//! CBOR, as what it tags. All other tags and simple values are refused by
//! number. The integer -2^64 is the only one out of reach.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use ciborium_ll::{Decoder, Encoder, Error, Header, simple};

use crate::pson::{Depth, Integer, Value, text};
use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Encoding, Reader};

use super::build::{Build, Scalar, array, map, refused};
use super::emit::{Container, Emit, emit, unwritten};

/// The byte that ends what has no length.
const BREAK: u8 = 0xff;

/// The tag of what is CBOR.
const SELF_DESCRIBED: u64 = 55_799;

pub(super) fn read<T: Build>(reader: &mut Reader<'_>, max_depth: usize) -> Result<T, DecodeError> {
    value(reader, Depth::new(max_depth))
}

fn value<T: Build>(reader: &mut Reader<'_>, depth: Depth) -> Result<T, DecodeError> {
    let mut at = reader.offset();
    let mut header = head(reader, "value")?;
    while header == Header::Tag(SELF_DESCRIBED) {
        at = reader.offset();
        header = head(reader, "value")?;
    }
    match header {
        Header::Positive(magnitude) => Ok(T::integer(magnitude)),
        Header::Negative(below) => match below.checked_add(1) {
            Some(magnitude) => Ok(T::integer(Integer::new(true, magnitude))),
            None => Err(refuse(at, "the integer -2^64 is beyond 64 bits")),
        },
        Header::Float(float) => Ok(T::float(float)),
        Header::Simple(simple::FALSE) => Ok(T::scalar(Scalar::Bool(false))),
        Header::Simple(simple::TRUE) => Ok(T::scalar(Scalar::Bool(true))),
        Header::Simple(simple::NULL | simple::UNDEFINED) => Ok(T::scalar(Scalar::Null)),
        Header::Simple(number) => {
            let detail = format!("simple value {number} stands for no value");
            Err(refused(Encoding::Cbor, at, detail))
        }
        Header::Tag(number) => {
            let detail = format!("tag {number} stands for no value");
            Err(refused(Encoding::Cbor, at, detail))
        }
        Header::Text(len) => {
            let text = string(reader, len, "string")?;
            Ok(T::scalar(Scalar::String(&text)))
        }
        Header::Bytes(len) => {
            let bytes = bytes(reader, len)?;
            Ok(T::scalar(Scalar::Bytes(&bytes)))
        }
        Header::Array(count) => {
            let depth = depth.enter(at)?;
            let element = |reader: &mut Reader<'_>| value(reader, depth);
            array(reader, ends(reader, count, 1, "array")?, element)
        }
        Header::Map(count) => {
            let depth = depth.enter(at)?;
            let value = |reader: &mut Reader<'_>| value(reader, depth);
            map(reader, ends(reader, count, 2, "map")?, key, value)
        }
        Header::Break => Err(stray_break(at)),
    }
}

fn key<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, str>, DecodeError> {
    let at = reader.offset();
    let found = match head(reader, "map key")? {
        Header::Text(len) => return string(reader, len, "map key"),
        Header::Positive(_) | Header::Negative(_) => "integer",
        Header::Float(_) => "float",
        Header::Simple(_) => "simple value",
        Header::Tag(_) => "tag",
        Header::Bytes(_) => "bytes",
        Header::Array(_) => "array",
        Header::Map(_) => "map",
        Header::Break => return Err(stray_break(at)),
    };
    Err(DecodeError::new(at, DecodeErrorKind::Key { found }))
}

/// Reads the head of an item: its type, and its number or length.
fn head(reader: &mut Reader<'_>, what: &'static str) -> Result<Header, DecodeError> {
    let at = reader.offset();
    let Some(first) = reader.peek() else {
        let end = reader.u8().map(drop);
        return Err(end.map_or_else(|error| error.opening(what), |()| stray_break(at)));
    };
    let mut decoder = Decoder::from(reader.rest());
    let header = decoder.pull();
    let len = decoder.offset();
    match header {
        // Two bytes for a simple value that fits one are not CBOR.
        Ok(Header::Simple(number)) if len > 1 && number < 32 => Err(reserved(at, first)),
        Ok(header) => {
            reader.take(len as u64)?;
            Ok(header)
        }
        Err(Error::Syntax(_)) => Err(reserved(at, first)),
        Err(Error::Io(_)) => {
            let argument = match first & 0x1f {
                24 => 1,
                25 => 2,
                26 => 4,
                _ => 8,
            };
            let cut = reader.take(1 + argument).map(drop);
            Err(cut.map_or_else(|error| error.naming("item head"), |()| reserved(at, first)))
        }
    }
}

/// When a container ends: after its count, or at a break.
fn ends<'a>(
    reader: &Reader<'_>,
    count: Option<usize>,
    least: u64,
    what: &'static str,
) -> Result<impl FnMut(&mut Reader<'a>, u64) -> Result<bool, DecodeError> + use<'a>, DecodeError> {
    let count = count.map(|count| count as u64);
    if let Some(count) = count {
        reader.holds(count, least, what)?;
    }
    Ok(move |reader: &mut Reader<'a>, index| match count {
        Some(count) => Ok(index == count),
        None => ends_here(reader),
    })
}

fn ends_here(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    if reader.peek() != Some(BREAK) {
        return Ok(false);
    }
    reader.take(1)?;
    Ok(true)
}

/// Reads text, in one piece or in several that are each valid.
fn string<'a>(
    reader: &mut Reader<'a>,
    len: Option<usize>,
    what: &'static str,
) -> Result<Cow<'a, str>, DecodeError> {
    if let Some(len) = len {
        return text(reader, len as u64, what).map(Cow::Borrowed);
    }
    let mut whole = String::new();
    while !ends_here(reader)? {
        let at = reader.offset();
        let Header::Text(Some(len)) = head(reader, what)? else {
            return Err(refuse(at, "a piece of a string is a string with a length"));
        };
        whole.push_str(text(reader, len as u64, what)?);
    }
    Ok(Cow::Owned(whole))
}

fn bytes<'a>(reader: &mut Reader<'a>, len: Option<usize>) -> Result<Cow<'a, [u8]>, DecodeError> {
    const WHAT: &str = "byte string";
    let take = |reader: &mut Reader<'a>, len: usize| {
        let bytes = reader.take(len as u64);
        bytes.map_err(|error| error.naming(WHAT))
    };
    if let Some(len) = len {
        return take(reader, len).map(Cow::Borrowed);
    }
    let mut whole = Vec::new();
    while !ends_here(reader)? {
        let at = reader.offset();
        let Header::Bytes(Some(len)) = head(reader, WHAT)? else {
            let detail = "a piece of a byte string is a byte string with a length";
            return Err(refuse(at, detail));
        };
        whole.extend_from_slice(take(reader, len)?);
    }
    Ok(Cow::Owned(whole))
}

#[cold]
fn refuse(at: usize, detail: &str) -> DecodeError {
    refused(Encoding::Cbor, at, detail)
}

#[cold]
fn reserved(at: usize, found: u8) -> DecodeError {
    let why = "its additional information is reserved or does not go with its type";
    DecodeError::new(at, DecodeErrorKind::Tag { found, why })
}

#[cold]
fn stray_break(at: usize) -> DecodeError {
    let why = "a break stands where a value must";
    DecodeError::new(at, DecodeErrorKind::Tag { found: BREAK, why })
}

pub(super) fn to_vec(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut out = Output(Vec::new());
    emit(&mut out, value)?;
    Ok(out.0)
}

struct Output(Vec<u8>);

impl Output {
    fn head(&mut self, header: Header) -> Result<(), EncodeError> {
        let mut buffer = [0; 9];
        let mut free = buffer.as_mut_slice();
        Encoder::from(&mut free)
            .push(header)
            .map_err(|_| unwritten("an item head is longer than 9 bytes"))?;
        let left = free.len();
        let written = buffer.len() - left;
        self.0.extend(buffer.iter().take(written));
        Ok(())
    }
}

impl Emit for Output {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), EncodeError> {
        match scalar {
            Scalar::Null => self.head(Header::Simple(simple::NULL)),
            Scalar::Bool(false) => self.head(Header::Simple(simple::FALSE)),
            Scalar::Bool(true) => self.head(Header::Simple(simple::TRUE)),
            Scalar::Integer(integer) => self.head(match integer.is_negative() {
                true => Header::Negative(integer.magnitude() - 1),
                false => Header::Positive(integer.magnitude()),
            }),
            Scalar::Float(float) => self.head(Header::Float(float)),
            Scalar::String(value) => {
                self.head(Header::Text(Some(value.len())))?;
                self.0.extend_from_slice(value.as_bytes());
                Ok(())
            }
            Scalar::Bytes(value) => {
                self.head(Header::Bytes(Some(value.len())))?;
                self.0.extend_from_slice(value);
                Ok(())
            }
        }
    }

    fn open(&mut self, container: Container, count: usize) -> Result<(), EncodeError> {
        self.head(match container {
            Container::Array => Header::Array(Some(count)),
            Container::Map => Header::Map(Some(count)),
        })
    }

    fn close(&mut self, _: Container) -> Result<(), EncodeError> {
        Ok(())
    }

    fn key(&mut self, _: usize, key: &str) -> Result<(), EncodeError> {
        self.scalar(Scalar::String(key))
    }
}

//! BSON 1.1, by the raw documents of `bson`.
//!
//! A whole BSON is a document. A map is one as it is; any other value is the
//! document of the one key [`WHOLE`] with the value, and so is a map that has
//! just this key, so that one reads back as it was written.
//!
//! - An integer of 32 bits is an int32, one of 64 an int64. One from 2^63 on is a
//!   double if that holds it exactly, as it then equals the float that it arrives
//!   as; any other has no way to be written. Every float is a double.
//! - Bytes are binary of the generic subtype; the old binary subtype is read as
//!   well. Any other subtype is refused.
//! - `undefined` reads as null. The other types of databases (object identifiers,
//!   dates, timestamps, regular expressions, code, symbols, pointers, decimals,
//!   the least and the greatest key) are refused by name.
//! - The elements of an array count by position, whatever their keys say. A key
//!   of a map with a NUL in it has no way to be written.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use ::bson::RawBsonRef;
use ::bson::error::{Error, ErrorKind};
use ::bson::raw::{
    CStr, RawArrayBuf, RawBinaryRef, RawDocument, RawDocumentBuf, RawElement, RawIter,
};
use ::bson::spec::{BinarySubtype, ElementType};

use crate::pson::{Depth, Integer, MAX_DEPTH, Map, Number, Value};
use crate::wire::{DecodeError, DecodeErrorKind, EncodeError, Encoding, Reader};

use super::build::{Build, Scalar, refused};
use super::emit::{inside, unrepresentable};

/// The key of a value that is not a map.
const WHOLE: &str = "$value";

/// The size of a document without elements.
const SMALLEST: i32 = 5;

pub(super) fn read<T: Build>(reader: &mut Reader<'_>, max_depth: usize) -> Result<T, DecodeError> {
    let at = reader.offset();
    let head = reader.clone().take_array();
    let size = i32::from_le_bytes(head.map_err(|error| error.naming("document size"))?);
    let size = match u64::try_from(size) {
        Ok(known) if size >= SMALLEST => known,
        _ => {
            let detail = format!("a document of {size} bytes, but the smallest has {SMALLEST}");
            return Err(refused(Encoding::Bson, at, detail));
        }
    };
    let bytes = reader.take(size);
    let bytes = bytes.map_err(|error| error.naming("document"))?;
    let document = RawDocument::from_bytes(bytes).map_err(|error| malformed(at, error))?;

    let depth = Depth::new(max_depth);
    let mut elements = Elements::new(document.iter_elements(), at);
    if let Some(Ok(element)) = elements.next()
        && element.raw.key().as_str() == WHOLE
        && elements.next().is_none()
    {
        return value(&element, depth).map_err(|error| error.in_key(WHOLE));
    }
    map(document, at, depth.enter(at)?)
}

/// An element of a document, and where its type stands.
struct Element<'a> {
    raw: RawElement<'a>,
    at: usize,
}

impl Element<'_> {
    /// Where the value stands: behind the type, the key and its NUL.
    fn value_at(&self) -> usize {
        self.at + 1 + self.raw.key().len() + 1
    }
}

/// The elements of a document, with their offsets.
struct Elements<'a> {
    raw: RawIter<'a>,
    at: usize,
}

impl<'a> Elements<'a> {
    /// Those of the document at offset `document`, behind its size.
    const fn new(raw: RawIter<'a>, document: usize) -> Self {
        Self {
            raw,
            at: document + 4,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        Some(match self.raw.next()? {
            Ok(raw) => {
                let element = Element { raw, at };
                self.at = element.value_at() + element.raw.size();
                Ok(element)
            }
            Err(error) => Err(malformed(at, error)),
        })
    }
}

fn map<T: Build>(document: &RawDocument, at: usize, depth: Depth) -> Result<T, DecodeError> {
    let mut map = T::Map::default();
    for element in Elements::new(document.iter_elements(), at) {
        let element = element?;
        let key = element.raw.key().as_str();
        let value = value(&element, depth).map_err(|error| error.in_key(key))?;
        T::insert(&mut map, key, value);
    }
    Ok(T::map(map))
}

fn array<T: Build>(elements: Elements<'_>, depth: Depth) -> Result<T, DecodeError> {
    let mut array = T::Array::default();
    for (index, element) in elements.enumerate() {
        let element = value(&element?, depth).map_err(|error| error.in_index(index))?;
        T::push(&mut array, element);
    }
    Ok(T::array(array))
}

fn value<T: Build>(element: &Element<'_>, depth: Depth) -> Result<T, DecodeError> {
    let kind = element.raw.element_type();
    let known = matches!(
        kind,
        ElementType::Null
            | ElementType::Undefined
            | ElementType::Boolean
            | ElementType::Int32
            | ElementType::Int64
            | ElementType::Double
            | ElementType::String
            | ElementType::Binary
            | ElementType::EmbeddedDocument
            | ElementType::Array
    );
    let stranger = || {
        let detail = format!("the type {kind:?} stands for no value");
        Err(refused(Encoding::Bson, element.at, detail))
    };
    if !known {
        return stranger();
    }
    let raw = element.raw.value();
    Ok(match raw.map_err(|error| malformed(element.at, error))? {
        RawBsonRef::Null | RawBsonRef::Undefined => T::scalar(Scalar::Null),
        RawBsonRef::Boolean(value) => T::scalar(Scalar::Bool(value)),
        RawBsonRef::Int32(value) => T::integer(value),
        RawBsonRef::Int64(value) => T::integer(value),
        RawBsonRef::Double(value) => T::float(value),
        RawBsonRef::String(value) => T::scalar(Scalar::String(value)),
        RawBsonRef::Binary(binary) => match binary.subtype {
            BinarySubtype::Generic | BinarySubtype::BinaryOld => {
                T::scalar(Scalar::Bytes(binary.bytes))
            }
            subtype => {
                let detail = format!(
                    "binary of subtype {} stands for no value",
                    u8::from(subtype)
                );
                return Err(refused(Encoding::Bson, element.at, detail));
            }
        },
        RawBsonRef::Document(document) => {
            map(document, element.value_at(), depth.enter(element.at)?)?
        }
        RawBsonRef::Array(elements) => {
            let elements = Elements::new(elements.iter_elements(), element.value_at());
            array(elements, depth.enter(element.at)?)?
        }
        _ => return stranger(),
    })
}

/// What the element at `at` is refused for.
#[cold]
fn malformed(at: usize, error: Error) -> DecodeError {
    if let ErrorKind::Utf8Encoding { .. } = error.kind {
        return DecodeError::new(at, DecodeErrorKind::Utf8 { what: "element" });
    }
    let said = error.message.unwrap_or_else(|| error.kind.to_string());
    // An error inside of an error comes with a preamble.
    let detail = said.rsplit("Message: ").next().unwrap_or(&said);
    refused(Encoding::Bson, at, detail.trim_end_matches('.'))
}

pub(super) fn to_vec(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let written = match value {
        Value::Map(map) if !is_whole(map) => document_of(map, inside(MAX_DEPTH)?)?,
        _ => {
            let mut whole = RawDocumentBuf::new();
            let key = c_str(WHOLE)?;
            put(value, MAX_DEPTH, |raw| whole.append(key, raw))?;
            whole
        }
    };
    // Whatever is inside is smaller, so that no size in it was cut either.
    let bytes = written.into_bytes();
    if i32::try_from(bytes.len()).is_err() {
        let what = format!(
            "a document of {} bytes, which is over 2^31 - 1",
            bytes.len()
        );
        return Err(unrepresentable(Encoding::Bson, what));
    }
    Ok(bytes)
}

/// Whether a map would be taken for a value that is not a map.
fn is_whole(map: &Map) -> bool {
    map.len() == 1 && map.get(WHOLE).is_some()
}

fn document_of(map: &Map, depth: usize) -> Result<RawDocumentBuf, EncodeError> {
    let mut document = RawDocumentBuf::new();
    for (key, value) in map.sorted() {
        c_str(key)
            .and_then(|name| put(value, depth, |raw| document.append(name, raw)))
            .map_err(|error| error.in_key(key))?;
    }
    Ok(document)
}

fn array_of(elements: &[Value], depth: usize) -> Result<RawArrayBuf, EncodeError> {
    let mut array = RawArrayBuf::new();
    for (index, element) in elements.iter().enumerate() {
        put(element, depth, |raw| array.push(raw)).map_err(|error| error.in_index(index))?;
    }
    Ok(array)
}

fn c_str(key: &str) -> Result<&CStr, EncodeError> {
    <&CStr>::try_from(key)
        .map_err(|_| unrepresentable(Encoding::Bson, "a map key with a NUL in it"))
}

/// Gives the BSON of a value to `append`.
fn put(
    value: &Value,
    depth: usize,
    append: impl FnOnce(RawBsonRef<'_>),
) -> Result<(), EncodeError> {
    match value {
        Value::Null => append(RawBsonRef::Null),
        Value::Bool(value) => append(RawBsonRef::Boolean(*value)),
        Value::Integer(integer) => append(put_integer(*integer)?),
        Value::Float(float) => append(match Number::shortest(*float) {
            Number::Integer(integer) => put_integer(integer)?,
            Number::Single(single) => RawBsonRef::Double(single.into()),
            Number::Double(double) => RawBsonRef::Double(double),
        }),
        Value::String(value) => append(RawBsonRef::String(value)),
        Value::Bytes(bytes) => append(RawBsonRef::Binary(RawBinaryRef {
            subtype: BinarySubtype::Generic,
            bytes,
        })),
        Value::Array(elements) => append(RawBsonRef::Array(&array_of(elements, inside(depth)?)?)),
        Value::Map(map) => append(RawBsonRef::Document(&document_of(map, inside(depth)?)?)),
    }
    Ok(())
}

fn put_integer(integer: Integer) -> Result<RawBsonRef<'static>, EncodeError> {
    if let Ok(value) = i32::try_from(integer) {
        return Ok(RawBsonRef::Int32(value));
    }
    if let Ok(value) = i64::try_from(integer) {
        return Ok(RawBsonRef::Int64(value));
    }
    let double = integer.to_f64();
    if Integer::from_f64(double) == Some(integer) {
        return Ok(RawBsonRef::Double(double));
    }
    let what =
        format!("the integer {integer}, which neither 64 bits with a sign nor a double hold");
    Err(unrepresentable(Encoding::Bson, what))
}

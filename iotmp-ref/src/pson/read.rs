//! From bytes to values that own their parts, or to nothing at all.

use alloc::borrow::ToOwned;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::wire::{DecodeError, Reader};

use super::head::{Depth, Head};
use super::{Generation, Map, Value, scan};

/// Reads one value.
pub(super) fn value(
    generation: Generation,
    reader: &mut Reader<'_>,
    depth: Depth,
) -> Result<Value, DecodeError> {
    let start = reader.offset();
    Ok(match generation.head(reader)? {
        Head::Null => Value::Null,
        Head::Bool(value) => Value::Bool(value),
        Head::Integer(value) => Value::Integer(value),
        Head::Float(value) => Value::Float(value),
        Head::String(value) => Value::String(value.to_owned()),
        Head::Bytes(value) => Value::Bytes(value.to_owned()),
        Head::Array(mut contents) => {
            let depth = depth.enter(start)?;
            let mut elements = Vec::with_capacity(contents.reserve());
            while contents.advance() {
                let element = value(generation, &mut contents.reader, depth)
                    .map_err(|error| error.in_index(elements.len()))?;
                elements.push(element);
            }
            contents.close(reader);
            Value::Array(elements)
        }
        Head::Map(mut contents) => {
            let depth = depth.enter(start)?;
            let mut map = Map::with_capacity(contents.reserve());
            while contents.advance() {
                let key = contents.key()?;
                let value = value(generation, &mut contents.reader, depth)
                    .map_err(|error| error.in_key(key))?;
                map.push(key.to_string(), value);
            }
            contents.close(reader);
            Value::Map(map)
        }
    })
}

/// Reads and checks one value as [`value`] does, and keeps nothing.
#[inline]
pub(super) fn skip(
    generation: Generation,
    reader: &mut Reader<'_>,
    depth: Depth,
) -> Result<(), DecodeError> {
    match scan::value(generation, reader.rest(), depth.left(), &mut ()) {
        Some(rest) => {
            reader.go_on(rest);
            Ok(())
        }
        None => explain(generation, reader, depth),
    }
}

/// Does the same by the way of [`value`], which knows what is wrong and where.
#[cold]
fn explain(
    generation: Generation,
    reader: &mut Reader<'_>,
    depth: Depth,
) -> Result<(), DecodeError> {
    let start = reader.offset();
    match generation.head(reader)? {
        Head::Array(mut contents) => {
            let depth = depth.enter(start)?;
            let mut index = 0;
            while contents.advance() {
                explain(generation, &mut contents.reader, depth)
                    .map_err(|error| error.in_index(index))?;
                index += 1;
            }
            contents.close(reader);
        }
        Head::Map(mut contents) => {
            let depth = depth.enter(start)?;
            while contents.advance() {
                let key = contents.key()?;
                explain(generation, &mut contents.reader, depth)
                    .map_err(|error| error.in_key(key))?;
            }
            contents.close(reader);
        }
        _ => {}
    }
    Ok(())
}

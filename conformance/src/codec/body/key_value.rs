//! Bodies of keys and values.

use iotmp_ref::pson::Integer;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Field, FieldType, KeyPart, KeyValue, Message, Shape, Spec, WireType};
use serde_json::Value as Json;

use crate::codec::walk::{Walk, bytes};
use crate::codec::{Class, Refusal, meaning, not_named, read_value};
use crate::json;
use crate::value::WireValue;

/// Reads the fields of a message: for each of the specification its value, if it is there.
pub(super) fn fields(
    spec: &Spec,
    layout: &KeyValue,
    message: &Message,
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<Vec<Option<Json>>, Refusal> {
    let mut found = Vec::new();
    found.resize(message.fields.len(), None);
    while !walk.is_empty() {
        let key = Key::read(layout, walk)?;
        let slot = message
            .fields
            .iter()
            .zip(&mut found)
            .find(|(field, _)| field.id == key.field);
        match slot {
            Some((field, slot)) => {
                let value = walk.in_name(&field.name, |walk| {
                    known_field(spec, layout, field, &key, walk, encoding)
                })?;
                *slot = Some(value);
            }
            None => unknown_field(layout, &key, walk, encoding)?,
        }
    }
    let mut fields = message.fields.iter().zip(&found);
    if let Some((field, _)) = fields.find(|(field, value)| field.mandatory && value.is_none()) {
        let detail = format!("mandatory field {} is absent", field.name);
        return Err(walk.refuse(Class::MissingField, walk.at(), detail));
    }
    Ok(found)
}

/// A key, split.
struct Key {
    start: usize,
    field: u32,
    wire: u32,
}

impl Key {
    fn read(layout: &KeyValue, walk: &mut Walk<'_>) -> Result<Self, Refusal> {
        let start = walk.at();
        // A key has at most 32 bits.
        let key = walk.number(layout.key, "key")? as u32;
        let low = key & ((1 << layout.low_bits) - 1);
        let high = key >> layout.low_bits;
        let (field, wire) = match layout.high {
            KeyPart::Field => (high, low),
            KeyPart::WireType => (low, high),
        };
        Ok(Self { start, field, wire })
    }

    /// What the wire type of the key is, unless it is reserved.
    fn wire_type<'l>(
        &self,
        layout: &'l KeyValue,
        walk: &Walk<'_>,
    ) -> Result<&'l WireType, Refusal> {
        let mut wire_types = layout.wire_types.iter();
        let found = wire_types.find(|wire| u32::from(wire.id) == self.wire);
        found.ok_or_else(|| {
            let Self { field, wire, .. } = self;
            let detail = format!("field {field} has wire type {wire}, which is reserved");
            walk.refuse(Class::WireType, self.start, detail)
        })
    }

    fn note(&self, walk: &mut Walk<'_>, field: &str, wire: &WireType) {
        let Self {
            start, field: id, ..
        } = self;
        walk.note(
            *start,
            "key",
            format!("field {id} {field}, wire type {} {}", wire.id, wire.name),
        );
    }
}

fn known_field(
    spec: &Spec,
    layout: &KeyValue,
    field: &Field,
    key: &Key,
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<Json, Refusal> {
    let wire = key.wire_type(layout, walk)?;
    let number_bits = match &field.ty {
        FieldType::Varint(bits) => Some(*bits),
        FieldType::Enum(name) => spec.enumeration(name).map(|e| e.bits),
        _ => None,
    };
    let Some(number_bits) = number_bits else {
        key.note(walk, &field.name, wire);
        let value = value(&wire.shape, walk, encoding)?;
        return Ok(match value {
            Plain::Varint(number) if !layout.values.integers_as_varint => json::varint_to(number),
            Plain::Varint(number) => json::value_to(&integer(number)),
            Plain::Value(value) => json::value_to(&value),
        });
    };
    if wire.shape != Shape::Varint {
        let detail = format!(
            "wire type {} {}, but this field is a varint",
            wire.id, wire.name
        );
        return Err(walk.refuse(Class::WrongType, key.start, detail));
    }
    key.note(walk, &field.name, wire);
    let start = walk.at();
    let number = walk.varint(number_bits.into(), &field.name)?;
    if let Some(detail) = not_named(spec, field, number) {
        return Err(walk.refuse(Class::Constant, start, detail));
    }
    walk.note(start, "number", meaning(spec, field, number));
    Ok(json::value_to(&integer(number)))
}

fn unknown_field(
    layout: &KeyValue,
    key: &Key,
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<(), Refusal> {
    let wire = key.wire_type(layout, walk)?;
    let name = format!("field {}", key.field);
    walk.below(
        |path| {
            let mark = path.len();
            path.push_str(&format!("({name})"));
            mark
        },
        |walk| {
            key.note(walk, "not known, skipped", wire);
            // A receiver sizes it, and reads no more than it has to.
            match &wire.shape {
                Shape::Sized(_) => {
                    let size = read_size(walk)?;
                    let start = walk.at();
                    walk.take(size, "sized value")?;
                    walk.note(start, "bytes", bytes(size));
                    Ok(())
                }
                shape => value(shape, walk, encoding).map(|_| ()),
            }
        },
    )
}

/// What stands behind a key.
enum Plain {
    Varint(u64),
    Value(WireValue),
}

fn integer(number: u64) -> WireValue {
    WireValue::Integer(Integer::new(false, number))
}

fn value(shape: &Shape, walk: &mut Walk<'_>, encoding: Encoding) -> Result<Plain, Refusal> {
    let start = walk.at();
    match shape {
        Shape::Varint => {
            let number = walk.varint(64, "varint")?;
            walk.note(start, "integer", number.to_string());
            Ok(Plain::Varint(number))
        }
        Shape::Fixed(4) => {
            let number = u32::from_le_bytes(walk.array("fixed value")?);
            walk.note(start, "number of 4 bytes", number.to_string());
            Ok(Plain::Value(integer(number.into())))
        }
        Shape::Fixed(_) => {
            let number = u64::from_le_bytes(walk.array("fixed value")?);
            walk.note(start, "number of 8 bytes", number.to_string());
            Ok(Plain::Value(integer(number)))
        }
        Shape::Encoded(allowed) => {
            let encoding = active(allowed, encoding);
            read_value(walk, encoding).map(Plain::Value)
        }
        Shape::Sized(allowed) => {
            let size = read_size(walk)?;
            let Some(size) = usize::try_from(size)
                .ok()
                .filter(|size| *size <= walk.left())
            else {
                return Err(walk.truncated("sized value", bytes(size)));
            };
            walk.within(size, |walk| sized(allowed, walk, encoding))
                .map(Plain::Value)
        }
    }
}

fn sized(
    allowed: &[String],
    walk: &mut Walk<'_>,
    encoding: Encoding,
) -> Result<WireValue, Refusal> {
    if allowed.is_empty() {
        let start = walk.at();
        let taken = walk.take(walk.left() as u64, "bytes")?;
        walk.note(start, "bytes", bytes(taken.len()));
        return Ok(match core::str::from_utf8(taken) {
            Ok(text) => WireValue::String(text.to_owned()),
            Err(_) => WireValue::Bytes(taken.to_owned()),
        });
    }
    let value = read_value(walk, active(allowed, encoding))?;
    if walk.is_empty() {
        return Ok(value);
    }
    let detail = format!("{} left over after the value", bytes(walk.left()));
    Err(walk.refuse(Class::TrailingBytes, walk.at(), detail))
}

fn read_size(walk: &mut Walk<'_>) -> Result<u64, Refusal> {
    let start = walk.at();
    let size = walk.varint(64, "size")?;
    walk.note(start, "size", bytes(size));
    Ok(size)
}

/// The encoding in force, or the first of those allowed where it is not one.
fn active(allowed: &[String], wanted: Encoding) -> Encoding {
    let mut encodings = allowed.iter().filter_map(|name| Encoding::from_name(name));
    let first = encodings.clone().next();
    encodings
        .find(|encoding| *encoding == wanted)
        .or(first)
        .unwrap_or(wanted)
}

//! The encodings that are read and written by libraries. Their values are named
//! as a whole; this codec has no second opinion of them.

use iotmp_ref::wire::{EncodeError, Encoding, Reader};

use crate::json;
use crate::value::WireValue;

use super::walk::{Walk, bytes, cut};
use super::{Class, Refusal};

pub(super) fn read(walk: &mut Walk<'_>, encoding: Encoding) -> Result<WireValue, Refusal> {
    let start = walk.at();
    let mut reader = Reader::at(walk.rest(), start);
    match encoding.read(&mut reader, walk.levels_left()) {
        Ok(value) => {
            walk.take((reader.offset() - start) as u64, "value")?;
            let shown = json::meaning_to(&value).to_string();
            walk.note(start, encoding.name(), cut(&shown));
            Ok(WireValue::from_value(&value))
        }
        Err(error) => {
            let before = error.offset().saturating_sub(start);
            walk.take(before as u64, "value")?;
            walk.note(
                start,
                encoding.name(),
                format!("{} before the fault", bytes(before)),
            );
            let mut classes = Class::DECODE.iter().copied();
            let class = classes.find(|class| class.as_str() == error.class());
            let class = class.unwrap_or(Class::Encoding);
            Err(walk.refuse(class, error.offset(), error.kind().to_string()))
        }
    }
}

pub(super) fn write(
    value: &WireValue,
    encoding: Encoding,
    path: &str,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    match encoding.to_vec(&value.to_value()) {
        Ok(bytes) => {
            out.extend(bytes);
            Ok(())
        }
        Err(error) => {
            let class = match &error {
                EncodeError::TooDeep { .. } => Class::Depth,
                _ => Class::Encoding,
            };
            Err(Refusal::new(class, 0, path, error.to_string()))
        }
    }
}

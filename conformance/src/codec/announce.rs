//! Messages that say in which encoding their own values are.
//!
//! A Connect of 2025 names the protocol version, which selects the generation
//! of PSON, in parameters that are themselves in that generation (the ambiguity
//! `IOTMP25-AMB-PSON-GENERATION`). A message is read in the encoding that it
//! announces when read in it; one that contradicts itself in every encoding is
//! read in the first.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{FieldType, Message, Shape};
use serde_json::Value as Json;

use super::{Codec, Decoded, Refusal};
use crate::json;

/// Type of the map entry that selects the encoding: its number is an index.
const SELECTOR: &str = "protocol_version";

pub(super) fn decode(codec: &Codec<'_>, bytes: &[u8]) -> Result<Decoded, Refusal> {
    let first = codec.decode_as(bytes, codec.default_encoding());
    // Whatever the encoding of its values, the code of a message is readable.
    let announces = bytes
        .first()
        .and_then(|code| codec.spec.message_by_code(u32::from(*code)))
        .is_some_and(|message| selector(codec, message).is_some());
    let encodings = alternatives(codec);
    if !announces || encodings.len() < 2 {
        return first;
    }
    let agrees = |result: &Result<Decoded, Refusal>, encoding: Encoding| {
        result
            .as_ref()
            .is_ok_and(|decoded| encoding_of(codec, &decoded.message) == encoding)
    };
    if agrees(&first, codec.default_encoding()) {
        return first;
    }
    encodings
        .into_iter()
        .filter(|encoding| *encoding != codec.default_encoding())
        .map(|encoding| (codec.decode_as(bytes, encoding), encoding))
        .find(|(result, encoding)| agrees(result, *encoding))
        .map_or(first, |(result, _)| result)
}

/// The encoding of a message's values: the one that it announces, or the default.
pub(super) fn encoding_of(codec: &Codec<'_>, message: &Json) -> Encoding {
    announced(codec, message).unwrap_or_else(|| codec.default_encoding())
}

pub(super) fn announced(codec: &Codec<'_>, message: &Json) -> Option<Encoding> {
    let name = message.get("type")?.as_str()?;
    let (field, key) = selector(codec, codec.spec.message(name)?)?;
    let parameters = json::meaning_from(message.get(field)?).ok()?;
    let version = usize::try_from(parameters.get(key)?.as_u64()?).ok()?;
    alternatives(codec).get(version).copied()
}

/// The encodings that versions select from, in their order.
fn alternatives(codec: &Codec<'_>) -> Vec<Encoding> {
    let Some(layout) = super::key_value(codec.spec) else {
        return Vec::new();
    };
    let lists = layout
        .wire_types
        .iter()
        .filter_map(|wire| match &wire.shape {
            Shape::Encoded(names) => Some(names),
            _ => None,
        });
    let longest = lists.max_by_key(|names| names.len());
    let names = longest.into_iter().flatten();
    names.filter_map(|name| Encoding::from_name(name)).collect()
}

/// The field of a message and the key in it that select the encoding.
fn selector<'s>(codec: &Codec<'s>, message: &'s Message) -> Option<(&'s str, &'s str)> {
    message.fields.iter().find_map(|field| {
        let FieldType::Any(Some(map)) = &field.ty else {
            return None;
        };
        let entries = &codec.spec.map(map)?.entries;
        let entry = entries.iter().find(|entry| entry.ty == SELECTOR)?;
        Some((field.name.as_str(), entry.key.as_str()))
    })
}

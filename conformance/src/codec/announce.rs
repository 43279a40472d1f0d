//! Messages that say in which encoding their own values are.
//!
//! A number of a Connect names an encoding: in a field of its own, or in a map
//! of parameters that is itself in that encoding (the ambiguities
//! `IOTMP25-AMB-PSON-GENERATION` and `IOTMP23-AMB-CONNECT-ENCODING`). A message
//! is read in the encoding that it announces when read in it; one that
//! contradicts itself in every encoding is read in the default.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Enum, FieldType, Message};
use serde_json::Value as Json;

use super::{Codec, Decoded, Refusal};
use crate::json;

/// Where a message names an encoding.
struct Selector<'s> {
    /// The field that is the number, or the map that holds it.
    field: &'s str,
    /// The key in the map.
    key: Option<&'s str>,
    /// What the number stands for.
    numbers: &'s Enum,
}

impl Selector<'_> {
    /// The encodings that there are to select from, in the order of their numbers.
    fn encodings(&self) -> impl Iterator<Item = Encoding> {
        let names = self.numbers.values.iter().map(|value| &value.encoding);
        names.filter_map(|name| Encoding::from_name(name.as_deref()?))
    }

    fn encoding(&self, message: &Json) -> Option<Encoding> {
        let field = json::meaning_from(message.get(self.field)?).ok()?;
        let number = match self.key {
            Some(key) => field.get(key)?.as_u64()?,
            None => field.as_u64()?,
        };
        let mut values = self.numbers.values.iter();
        let value = values.find(|value| value.value == number)?;
        Encoding::from_name(value.encoding.as_deref()?)
    }
}

pub(super) fn decode(codec: &Codec<'_>, bytes: &[u8]) -> Result<Decoded, Refusal> {
    let default = codec.default_encoding();
    let first = codec.decode_as(bytes, default);
    // Whatever the encoding of its values, the code of a message is readable.
    let message = bytes.first().copied().map(u32::from);
    let message = message.and_then(|code| codec.spec.message_by_code(code));
    let Some(selector) = message.and_then(|message| selector(codec, message)) else {
        return first;
    };
    let agrees = |result: &Result<Decoded, Refusal>, encoding: Encoding| {
        result
            .as_ref()
            .is_ok_and(|decoded| selector.encoding(&decoded.message).unwrap_or(default) == encoding)
    };
    if agrees(&first, default) {
        return first;
    }
    selector
        .encodings()
        .filter(|encoding| *encoding != default)
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
    selector(codec, codec.spec.message(name)?)?.encoding(message)
}

fn selector<'s>(codec: &Codec<'s>, message: &'s Message) -> Option<Selector<'s>> {
    let naming = |name: &str| {
        let numbers = codec.spec.enumeration(name)?;
        let names = numbers.values.iter().any(|value| value.encoding.is_some());
        names.then_some(numbers)
    };
    message.fields.iter().find_map(|field| {
        let (key, numbers) = match &field.ty {
            FieldType::Enum(name) => (None, naming(name)?),
            FieldType::Any(Some(map)) => {
                let mut entries = codec.spec.map(map)?.entries.iter();
                entries.find_map(|entry| Some((Some(entry.key.as_str()), naming(&entry.ty)?)))?
            }
            _ => return None,
        };
        Some(Selector {
            field: &field.name,
            key,
            numbers,
        })
    })
}

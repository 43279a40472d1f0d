//! Which keys a struct of [`raw`](super) has, asked of serde itself.

use core::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A key that a struct knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
}

/// The keys of a struct in their order; none where `T` is no struct.
pub(super) fn keys_of<T: DeserializeOwned>() -> Vec<Key> {
    let mut names: &'static [&'static str] = &[];
    // Always fails: it ends as soon as the names are known.
    let _ = T::deserialize(Names(&mut names));
    let key = |name| Key {
        name,
        required: matches!(T::deserialize(Alone(name)), Err(Answer::Required)),
    };
    names.iter().copied().map(key).collect()
}

/// Takes the names from the call that asks for a struct.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Answer;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Answer> {
        Err(Answer::Other)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Answer> {
        *self.0 = names;
        Err(Answer::Other)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A struct of which only this key is there.
struct Alone(&'static str);

impl<'de> Deserializer<'de> for Alone {
    type Error = Answer;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Answer> {
        visitor.visit_map(MapDeserializer::new(core::iter::once((self.0, Content))))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// What the key holds: nothing to an `Option`, a refusal to everything else.
struct Content;

impl IntoDeserializer<'_, Answer> for Content {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Content {
    type Error = Answer;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Answer> {
        Err(Answer::Required)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Answer> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// What comes of asking, as an error because serde has no other way out.
#[derive(Debug)]
enum Answer {
    Required,
    Other,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only the keys were asked for")
    }
}

impl core::error::Error for Answer {}

impl de::Error for Answer {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Framing};
    use super::*;

    #[test]
    fn the_keys_of_a_struct_are_known() {
        let keys = keys_of::<Framing>();
        let (code, size, min_size) = (("code", true), ("size", false), ("min_size", false));
        let keys: Vec<_> = keys.iter().map(|key| (key.name, key.required)).collect();
        assert_eq!(keys, [code, size, min_size]);
    }

    #[test]
    fn a_renamed_key_has_its_name_in_yaml() {
        let keys = keys_of::<Field>();
        assert!(keys.contains(&Key {
            name: "type",
            required: true
        }));
        assert!(keys.contains(&Key {
            name: "default",
            required: false
        }));
    }

    #[test]
    fn text_has_no_keys() {
        assert_eq!(keys_of::<String>(), []);
    }
}

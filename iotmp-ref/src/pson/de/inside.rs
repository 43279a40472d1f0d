//! What stands inside of an array, a map, or an enum with data.

use core::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Visitor};

use crate::wire::{DecodeError, Reader};

use super::super::head::{Contents, Depth};
use super::Deserializer;
use super::key::Key;

/// The values inside of a container, one after the other.
pub(super) struct Inside<'de> {
    contents: Contents<'de>,
    depth: Depth,
    index: usize,
    key: &'de str,
}

impl<'de> Inside<'de> {
    pub(super) fn new(contents: Contents<'de>, depth: Depth) -> Self {
        Self {
            contents,
            depth,
            index: 0,
            key: "",
        }
    }

    fn deserializer(&mut self) -> Deserializer<'_, 'de> {
        Deserializer {
            generation: self.contents.generation(),
            reader: &mut self.contents.reader,
            depth: self.depth,
        }
    }

    fn read_key(&mut self) -> Result<Option<&'de str>, DecodeError> {
        if !self.contents.advance() {
            return Ok(None);
        }
        self.key = self.contents.key()?;
        Ok(Some(self.key))
    }

    /// Goes on behind the container, which must have been read to its end.
    pub(super) fn close(mut self, outer: &mut Reader<'de>) -> Result<(), DecodeError> {
        if self.contents.advance() {
            let offset = self.contents.reader.offset();
            return Err(DecodeError::custom("more values than expected").or_at(offset));
        }
        self.contents.close(outer);
        Ok(())
    }
}

impl<'de> de::SeqAccess<'de> for &mut Inside<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        if !self.contents.advance() {
            return Ok(None);
        }
        let index = self.index;
        self.index += 1;
        let start = self.contents.reader.offset();
        let element = seed.deserialize(self.deserializer());
        element
            .map(Some)
            .map_err(|error| error.or_at(start).in_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.contents.reserve())
    }
}

impl<'de> de::MapAccess<'de> for &mut Inside<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let start = self.contents.reader.offset();
        let Some(key) = self.read_key()? else {
            return Ok(None);
        };
        let key = seed.deserialize(Key(key));
        key.map(Some).map_err(|error| error.or_at(start))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let key = self.key;
        let start = self.contents.reader.offset();
        let value = seed.deserialize(self.deserializer());
        value.map_err(|error| error.or_at(start).in_key(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.contents.reserve())
    }
}

/// A map of one pair: the name of a variant and its data.
impl<'de> de::EnumAccess<'de> for &mut Inside<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        let start = self.contents.reader.offset();
        let Some(variant) = self.read_key()? else {
            return Err(DecodeError::custom(
                "empty map, but expected the name of a variant and its data",
            ));
        };
        let variant = seed.deserialize(Key(variant));
        Ok((variant.map_err(|error| error.or_at(start))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Inside<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        self.newtype_variant_seed(PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        de::MapAccess::next_value_seed(&mut self, seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        let key = self.key;
        let value = de::Deserializer::deserialize_any(self.deserializer(), visitor);
        value.map_err(|error| error.in_key(key))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.tuple_variant(0, visitor)
    }
}

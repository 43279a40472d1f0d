//! Objects that say nothing twice: whoever reads them again may take the other one.

use core::fmt;
use std::collections::BTreeSet;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::read::{ReadError, parse};

/// As [`parse`], of a text in which no object has a key twice.
///
/// # Errors
/// Those of it, and the first key that is there twice.
pub fn parse_unique(text: &str) -> Result<Json, ReadError> {
    let json = parse(text)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // How deep it nests was seen to before.
    deserializer.disable_recursion_limit();
    match Unique.deserialize(&mut deserializer) {
        Ok(()) => Ok(json),
        Err(error) => Err(ReadError::new("", error.to_string())),
    }
}

/// Reads what there is and keeps nothing of it.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                let twice = format!("the key {key:?} is there twice in one object; leave one out");
                return Err(A::Error::custom(twice));
            }
            keys.insert(key);
            entries.next_value_seed(Self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_there_once_in_each_object() {
        let good = r#"{"a":[{"a":1},{"a":2.5,"b":null}],"b":{"a":"x","c":true,"d":-1}}"#;
        assert_eq!(parse_unique(good), parse(good));
        let error = parse_unique("{\"a\":1,\n\"b\":[{\"c\":1,\"c\":2}]}").unwrap_err();
        let expected = "the key \"c\" is there twice in one object; leave one out at line 2";
        assert!(error.detail.starts_with(expected), "{error}");
        assert!(parse_unique("{").is_err());
    }
}

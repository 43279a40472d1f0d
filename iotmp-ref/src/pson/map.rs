//! The maps of PSON: named values in the order of the wire.

use alloc::string::String;
use alloc::vec::{self, Vec};
use core::fmt;

use super::Value;

/// Pairs of a name and a value, in the order in which they travelled.
///
/// A key that occurs more than once keeps all its values; [`get`](Self::get)
/// answers with the last. Order does not matter to equality, except between
/// the values of one key.
#[derive(Clone, Default)]
pub struct Map {
    pairs: Vec<(String, Value)>,
}

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            pairs: Vec::with_capacity(capacity),
        }
    }

    /// The number of pairs; a repeated key counts each time.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The last value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut pairs = self.pairs.iter().rev();
        pairs.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The last value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let mut pairs = self.pairs.iter_mut().rev();
        pairs.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Sets the value of `key` and returns the one that it replaces.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some(present) = self.get_mut(&key) {
            return Some(core::mem::replace(present, value));
        }
        self.push(key, value);
        None
    }

    /// Adds a pair at the end, even if the key is there already.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.pairs.push((key.into(), value.into()));
    }

    /// All pairs in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// All pairs by the bytes of their keys, the order in which they are
    /// written; the values of a repeated key keep theirs.
    pub fn sorted(&self) -> Vec<(&str, &Value)> {
        let mut pairs: Vec<_> = self.iter().collect();
        pairs.sort_by_key(|&(key, _)| key);
        pairs
    }

    /// A key that occurs more than once, if any does.
    pub fn repeated_key(&self) -> Option<&str> {
        let mut previous = None;
        let mut keys = self.sorted().into_iter().map(|(key, _)| key);
        keys.find(|&key| previous.replace(key) == Some(key))
    }

    pub(super) fn is_sorted(&self) -> bool {
        self.pairs.is_sorted_by_key(|(key, _)| key)
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.sorted() == other.sorted()
    }
}

impl Eq for Map {}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Self::new();
        map.extend(pairs);
        map
    }
}

impl<K: Into<String>, V: Into<Value>> Extend<(K, V)> for Map {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.push(key, value);
        }
    }
}

impl<K: Into<String>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Map {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Value};

    #[test]
    fn the_last_of_a_repeated_key_wins_and_all_are_seen() {
        let mut map = Map::from([("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(map.get("a"), Some(&Value::from(3)));
        assert_eq!((map.len(), map.repeated_key()), (3, Some("a")));
        assert_eq!(map.insert("a", 4), Some(Value::from(3)));
        assert_eq!(map.insert("c", 5), None);
        let keys: alloc::vec::Vec<_> = map.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "b", "a", "c"]);
        assert_eq!(Map::from([("a", 1), ("b", 2)]).repeated_key(), None);
    }

    #[test]
    fn equality_ignores_order_but_not_that_of_one_key() {
        let map = Map::from([("a", 1), ("b", 2), ("a", 3)]);
        assert_eq!(map, Map::from([("b", 2), ("a", 1), ("a", 3)]));
        assert_ne!(map, Map::from([("b", 2), ("a", 3), ("a", 1)]));
        assert_ne!(map, Map::from([("a", 3), ("b", 2)]));
    }
}

//! The values of a tape.

use core::fmt;

use crate::wire::Reader;

use super::super::head::{Depth, Head};
use super::super::{Integer, Kind, Value, View, read};
use super::{Node, Tape};

/// A value of a [`Tape`].
#[derive(Clone, Copy)]
pub struct Item<'t, 'a> {
    tape: Tape<'t, 'a>,
    index: usize,
}

impl<'t, 'a> Item<'t, 'a> {
    #[inline]
    pub(super) const fn new(tape: Tape<'t, 'a>, index: usize) -> Self {
        Self { tape, index }
    }

    #[inline]
    fn node(self) -> Node {
        self.tape.nodes.get(self.index).copied().unwrap_or_default()
    }

    #[inline]
    fn behind(self, offset: u32) -> Reader<'a> {
        let rest = self.tape.bytes.get(offset as usize..);
        Reader::new(rest.unwrap_or_default())
    }

    #[inline]
    fn head(self) -> Head<'a> {
        let head = self.tape.generation.head(&mut self.behind(self.node().at));
        // Checked when the tape was made.
        head.unwrap_or(Head::Null)
    }

    /// What sort of value it is.
    pub fn kind(self) -> Kind {
        self.head().kind()
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        matches!(self.head(), Head::Null)
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.head() {
            Head::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one or a float without a fraction.
    pub fn as_integer(self) -> Option<Integer> {
        match self.head() {
            Head::Integer(value) => Some(value),
            Head::Float(value) => Integer::from_f64(value),
            _ => None,
        }
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_i64(self) -> Option<i64> {
        self.as_integer()?.try_into().ok()
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_u64(self) -> Option<u64> {
        self.as_integer()?.try_into().ok()
    }

    /// The number, if it is one; an integer beyond 2^53 is rounded.
    pub fn as_f64(self) -> Option<f64> {
        match self.head() {
            Head::Integer(value) => Some(value.to_f64()),
            Head::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self.head() {
            Head::String(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self.head() {
            Head::Bytes(value) => Some(value),
            _ => None,
        }
    }

    fn inside(self) -> Inside<'t, 'a> {
        Inside {
            tape: self.tape,
            index: self.index + 1,
            end: self.node().next as usize,
        }
    }

    /// The elements, if it is an array.
    pub fn elements(self) -> Option<Items<'t, 'a>> {
        (self.kind() == Kind::Array).then(|| Items(self.inside()))
    }

    /// The pairs in the order of the wire, if it is a map.
    pub fn pairs(self) -> Option<Entries<'t, 'a>> {
        (self.kind() == Kind::Map).then(|| Entries(self.inside()))
    }

    /// The last value of `key`, if it is a map that has one.
    pub fn get(self, key: &str) -> Option<Self> {
        let pairs = self.pairs()?.filter(|(name, _)| *name == key);
        pairs.last().map(|(_, item)| item)
    }

    /// The element `index`, if it is an array that long.
    pub fn at(self, index: usize) -> Option<Self> {
        self.elements()?.nth(index)
    }

    /// The value alone, with its bytes.
    pub fn view(self) -> View<'a> {
        let mut reader = self.behind(self.node().at);
        let start = reader.rest();
        let _ = read::skip(self.tape.generation, &mut reader, Depth::new(usize::MAX));
        let len = start.len() - reader.remaining();
        View::checked(self.tape.generation, start.get(..len).unwrap_or_default())
    }

    /// A copy that owns its parts.
    pub fn to_value(self) -> Value {
        self.view().to_value()
    }
}

impl fmt::Debug for Item<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

/// The nodes inside of a container.
#[derive(Clone)]
struct Inside<'t, 'a> {
    tape: Tape<'t, 'a>,
    index: usize,
    end: usize,
}

impl<'t, 'a> Iterator for Inside<'t, 'a> {
    type Item = Item<'t, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'t, 'a>> {
        if self.index >= self.end {
            return None;
        }
        let item = Item {
            tape: self.tape,
            index: self.index,
        };
        self.index = item.node().next as usize;
        Some(item)
    }
}

/// The elements of an array of a [`Tape`].
#[derive(Clone)]
pub struct Items<'t, 'a>(Inside<'t, 'a>);

impl<'t, 'a> Iterator for Items<'t, 'a> {
    type Item = Item<'t, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'t, 'a>> {
        self.0.next()
    }
}

impl fmt::Debug for Items<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The pairs of a map of a [`Tape`].
#[derive(Clone)]
pub struct Entries<'t, 'a>(Inside<'t, 'a>);

impl<'t, 'a> Iterator for Entries<'t, 'a> {
    type Item = (&'a str, Item<'t, 'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.0.next()?;
        let key = item.tape.generation.key(&mut item.behind(item.node().key));
        // Checked when the tape was made.
        Some((key.unwrap_or_default(), item))
    }
}

impl fmt::Debug for Entries<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

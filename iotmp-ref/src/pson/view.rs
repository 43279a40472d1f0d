//! A value that stays in the bytes where it was received.

use core::fmt;

use crate::wire::{DecodeError, Reader};

use super::head::{Contents, Depth, Head};
use super::{Generation, Integer, Kind, MAX_DEPTH, Value, read};

/// A checked value, borrowed: walking it takes no memory and cannot fail.
///
/// The bytes are checked once, when the view is made. Elements and pairs are
/// found by walking over those before them.
#[derive(Clone, Copy)]
pub struct View<'a> {
    generation: Generation,
    /// Exactly one good value.
    bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Checks that `bytes` are one value of the second generation;
    /// [`gen1::view`](super::gen1::view) is for the first.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::decode`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::of(Generation::Two, bytes)
    }

    pub(super) fn of(generation: Generation, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let view = Self::read(generation, &mut reader, MAX_DEPTH)?;
        reader.finish()?;
        Ok(view)
    }

    /// Reads and checks a value that may have something behind it.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::read`].
    pub fn read(
        generation: Generation,
        reader: &mut Reader<'a>,
        max_depth: usize,
    ) -> Result<Self, DecodeError> {
        let start = reader.rest();
        read::skip(generation, reader, Depth::new(max_depth))?;
        Ok(Self::between(generation, start, reader))
    }

    /// The value that `start` begins with and that `end` is behind of.
    fn between(generation: Generation, start: &'a [u8], end: &Reader<'a>) -> Self {
        let len = start.len() - end.remaining();
        let bytes = start.get(..len).unwrap_or_default();
        Self { generation, bytes }
    }

    /// One value that has been checked.
    pub(super) const fn checked(generation: Generation, bytes: &'a [u8]) -> Self {
        Self { generation, bytes }
    }

    /// Which generation its bytes are of.
    pub const fn generation(self) -> Generation {
        self.generation
    }

    /// The bytes of the value, as received.
    pub const fn encoded(self) -> &'a [u8] {
        self.bytes
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

    /// The elements, if it is an array.
    pub fn elements(self) -> Option<Elements<'a>> {
        match self.head() {
            Head::Array(contents) => Some(Elements { contents }),
            _ => None,
        }
    }

    /// The pairs in the order of the wire, if it is a map.
    pub fn pairs(self) -> Option<Pairs<'a>> {
        match self.head() {
            Head::Map(contents) => Some(Pairs { contents }),
            _ => None,
        }
    }

    /// The last value of `key`, if it is a map that has one.
    pub fn get(self, key: &str) -> Option<Self> {
        let pairs = self.pairs()?.filter(|(name, _)| *name == key);
        pairs.last().map(|(_, value)| value)
    }

    /// The element `index`, if it is an array that long.
    pub fn at(self, index: usize) -> Option<Self> {
        self.elements()?.nth(index)
    }

    /// A copy that owns its parts.
    pub fn to_value(self) -> Value {
        let depth = Depth::new(usize::MAX);
        let value = read::value(self.generation, &mut Reader::new(self.bytes), depth);
        // Checked when the view was made, its depth as well.
        value.unwrap_or_default()
    }

    fn head(self) -> Head<'a> {
        let head = self.generation.head(&mut Reader::new(self.bytes));
        // Checked when the view was made.
        head.unwrap_or(Head::Null)
    }
}

/// Equal when the values are, however each of them is written.
impl PartialEq for View<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.generation == other.generation && self.bytes == other.bytes)
            || self.to_value() == other.to_value()
    }
}

impl Eq for View<'_> {}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.head() {
            Head::Null => f.write_str("Null"),
            Head::Bool(value) => value.fmt(f),
            Head::Integer(value) => value.fmt(f),
            Head::Float(value) => value.fmt(f),
            Head::String(value) => value.fmt(f),
            Head::Bytes(value) => value.fmt(f),
            Head::Array(contents) => f.debug_list().entries(Elements { contents }).finish(),
            Head::Map(contents) => f.debug_map().entries(Pairs { contents }).finish(),
        }
    }
}

/// The elements of an array.
#[derive(Clone)]
pub struct Elements<'a> {
    contents: Contents<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        self.contents
            .advance()
            .then(|| next_value(&mut self.contents))
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The pairs of a map.
#[derive(Clone)]
pub struct Pairs<'a> {
    contents: Contents<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.contents.advance().then(|| {
            let key = self.contents.key().unwrap_or_default();
            (key, next_value(&mut self.contents))
        })
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

fn next_value<'a>(contents: &mut Contents<'a>) -> View<'a> {
    let start = contents.reader.rest();
    let generation = contents.generation();
    // Checked when the outermost view was made.
    let _ = read::skip(generation, &mut contents.reader, Depth::new(usize::MAX));
    View::between(generation, start, &contents.reader)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::{Map, gen1};
    use super::{Generation, Kind, Reader, Value, View};

    fn telemetry() -> Value {
        Map::from([
            ("active", Value::from(true)),
            ("humidity", Value::from(65)),
            (
                "position",
                Value::from([Value::from(-1), Value::from(23.5), Value::Null]),
            ),
            ("raw", Value::from(&[1_u8, 2][..])),
            ("status", Value::from("ok")),
        ])
        .into()
    }

    #[test]
    fn walks_without_owning() {
        for generation in [Generation::One, Generation::Two] {
            let bytes = generation.to_vec(&telemetry()).unwrap();
            let view = View::of(generation, &bytes).unwrap();
            assert_eq!((view.kind(), view.encoded()), (Kind::Map, &bytes[..]));
            assert_eq!(view.get("active").and_then(View::as_bool), Some(true));
            assert_eq!(view.get("humidity").and_then(View::as_u64), Some(65));
            assert_eq!(view.get("status").and_then(View::as_str), Some("ok"));
            assert_eq!(view.get("raw").and_then(View::as_bytes), Some(&[1, 2][..]));
            assert_eq!(view.get("absent"), None);
            let position = view.get("position").unwrap();
            assert_eq!(position.at(0).and_then(View::as_i64), Some(-1));
            assert_eq!(position.at(1).and_then(View::as_f64), Some(23.5));
            assert!(position.at(2).is_some_and(View::is_null));
            assert_eq!(position.at(3), None);
            assert_eq!(position.pairs().map(Iterator::count), None);
            assert_eq!(view.pairs().map(Iterator::count), Some(5));
            assert_eq!(view.to_value(), telemetry());
            assert_eq!(
                format!("{view:?}"),
                r#"{"active": true, "humidity": 65, "position": [-1, 23.5, Null], "raw": [1, 2], "status": "ok"}"#
            );
        }
    }

    #[test]
    fn the_last_of_a_repeated_key_wins() {
        let view = View::new(&[0xc2, 0x81, b'a', 0x01, 0x81, b'a', 0x02]).unwrap();
        assert_eq!(view.get("a").and_then(View::as_u64), Some(2));
    }

    #[test]
    fn equal_however_written() {
        let three = [&[0x03][..], &[0x1f, 0x03], &[0x40, 0, 0, 0x40, 0x40]];
        for bytes in three {
            assert_eq!(View::new(bytes), View::new(&[0x03]));
            assert_eq!(View::new(bytes), gen1::view(&[0x08, 0x03]));
        }
        assert_ne!(View::new(&[0x04]), View::new(&[0x03]));
    }

    #[test]
    fn checked_to_the_end_when_made() {
        let error = View::new(&[0xe2, 0x01, 0x42]).unwrap_err();
        assert_eq!((error.class(), error.offset()), ("tag", 2));
        assert_eq!(format!("{}", error.path()), "[1]");
        let error = View::new(&[0x01, 0x01]).unwrap_err();
        assert_eq!((error.class(), error.offset()), ("trailing-bytes", 1));
        let mut reader = Reader::at(&[0xe1, 0x01, 0xff], 7);
        let view = View::read(Generation::Two, &mut reader, 1).unwrap();
        assert_eq!((view.encoded(), reader.offset()), (&[0xe1, 0x01][..], 9));
    }
}

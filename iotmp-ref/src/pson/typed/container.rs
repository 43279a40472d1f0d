//! Maps and arrays, from their opening to their end.

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

use super::super::gen1;
use super::super::gen2;
use super::super::head::{Contents, Depth, Head};
use super::super::{Generation, read};
use super::{Decode, Form, Input};

/// The inside of a container that is being read.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    /// How many values or pairs are still to come; unused where a size says so.
    pub(super) left: u64,
    /// What follows the container, where its size says so.
    after: Reader<'a>,
    start: usize,
    outside: Depth,
}

impl<'a> Inside<'a> {
    /// Reads the opening of a map, or of an array.
    #[inline]
    pub(super) fn open<F: Form, const MAP: bool>(
        input: &mut Input<'a>,
    ) -> Result<Self, DecodeError> {
        let start = input.offset();
        let opened = match F::GENERATION {
            Generation::One => Self::sized::<MAP>(input),
            Generation::Two => Self::counted::<MAP>(input),
        };
        let (left, after) = match opened {
            Some(opened) => opened,
            None => {
                let (left, after, reader) = Self::slowly::<F, MAP>(input.reader.rest(), start)?;
                input.reader = reader;
                (left, after)
            }
        };
        let outside = input.depth;
        input.depth = outside.enter(start)?;
        Ok(Self {
            left,
            after,
            start,
            outside,
        })
    }

    #[inline]
    fn counted<const MAP: bool>(input: &mut Input<'a>) -> Option<(u64, Reader<'a>)> {
        let kind = if MAP { gen2::MAP } else { gen2::ARRAY };
        let (&tag, rest) = input.reader.rest().split_first()?;
        let count = tag & gen2::CONTINUED;
        // A pair takes two bytes at least.
        let least = usize::from(count) << u8::from(MAP);
        if tag >> 5 != kind || count == gen2::CONTINUED || least > rest.len() {
            return None;
        }
        input.reader.go_on(rest);
        Some((count.into(), Reader::new(&[])))
    }

    #[inline]
    fn sized<const MAP: bool>(input: &mut Input<'a>) -> Option<(u64, Reader<'a>)> {
        let kind = if MAP { gen1::OBJECT } else { gen1::ARRAY };
        let (&[tag, size], rest) = input.reader.rest().split_first_chunk()?;
        if tag != gen1::tag(kind) || size >= 0x80 || usize::from(size) > rest.len() {
            return None;
        }
        let mut after = input.reader.clone();
        after.go_on(rest);
        input.reader = after.sub(size.into()).ok()?;
        Some((0, after))
    }

    #[cold]
    #[inline(never)]
    fn slowly<F: Form, const MAP: bool>(
        rest: &'a [u8],
        start: usize,
    ) -> Result<(u64, Reader<'a>, Reader<'a>), DecodeError> {
        let mut reader = Reader::at(rest, start);
        let contents: Contents<'a> = match F::GENERATION.head(&mut reader)? {
            Head::Map(contents) if MAP => contents,
            Head::Array(contents) if !MAP => contents,
            other => {
                let found = other.kind().name();
                let expected = if MAP { "map" } else { "array" };
                let kind = DecodeErrorKind::WrongType { found, expected };
                return Err(DecodeError::new(start, kind));
            }
        };
        Ok((contents.count(), reader, contents.reader))
    }

    /// Whether there is one more, which must then be read.
    #[inline]
    pub(super) fn advance<F: Form>(&mut self, input: &Input<'a>) -> bool {
        match F::GENERATION {
            Generation::One => !input.reader.is_empty(),
            Generation::Two if self.left == 0 => false,
            Generation::Two => {
                self.left -= 1;
                true
            }
        }
    }

    /// Goes on behind the container, once all of it has been read.
    #[inline]
    pub(super) fn close<F: Form>(self, input: &mut Input<'a>) {
        input.depth = self.outside;
        if matches!(F::GENERATION, Generation::One) {
            input.reader = self.after;
        }
    }

    #[cold]
    pub(super) fn refuse(&self, detail: alloc::string::String) -> DecodeError {
        DecodeError::custom(detail).or_at(self.start)
    }
}

/// A map that is being read: what `#[derive(Pson)]` calls.
///
/// First [`next_is`](Self::next_is) for every key in the order in which it is
/// expected, followed by [`value`](Self::value), then [`rest`](Self::rest)
/// for all others; at last [`close`](Self::close).
#[derive(Debug)]
pub struct MapInput<'a>(Inside<'a>);

impl<'a> MapInput<'a> {
    /// Reads the opening of a map.
    ///
    /// # Errors
    ///
    /// `wrong-type` for another value, and those of
    /// [`Generation::read`](crate::pson::Generation::read).
    #[inline]
    pub fn open<F: Form>(input: &mut Input<'a>) -> Result<Self, DecodeError> {
        Inside::open::<F, true>(input).map(Self)
    }

    /// Whether the next key is this one, given as the bytes that it has in each
    /// generation; if so it is read.
    #[inline(always)]
    pub fn next_is<F: Form, const N: usize, const M: usize>(
        &mut self,
        input: &mut Input<'a>,
        one: &[u8; N],
        two: &[u8; M],
    ) -> bool {
        let rest = input.reader.rest();
        match F::GENERATION {
            Generation::One => match rest.split_first_chunk() {
                Some((key, rest)) if key == one => input.reader.go_on(rest),
                _ => return false,
            },
            Generation::Two => match rest.split_first_chunk() {
                Some((key, rest)) if key == two && self.0.left != 0 => {
                    self.0.left -= 1;
                    input.reader.go_on(rest);
                }
                _ => return false,
            },
        }
        true
    }

    /// Whether there is one more pair.
    #[inline]
    pub fn is_open<F: Form>(&self, input: &Input<'a>) -> bool {
        match F::GENERATION {
            Generation::One => !input.reader.is_empty(),
            Generation::Two => self.0.left != 0,
        }
    }

    /// Reads the pairs that are left, in whatever order: `pair` is called behind
    /// each key.
    ///
    /// All is taken and given back, so that a caller who does not come here can
    /// keep it in registers.
    ///
    /// # Errors
    ///
    /// What is wrong with a key, and those of `pair`.
    #[inline(never)]
    pub fn rest<F: Form, S>(
        mut self,
        mut input: Input<'a>,
        mut slots: S,
        pair: impl Fn(&Self, &mut Input<'a>, &mut S, &'a str) -> Result<(), DecodeError>,
    ) -> Result<(Self, Input<'a>, S), DecodeError> {
        while self.0.advance::<F>(&input) {
            let key = F::GENERATION.key(&mut input.reader)?;
            pair(&self, &mut input, &mut slots, key)?;
        }
        Ok((self, input, slots))
    }

    /// Reads the value of a key.
    ///
    /// # Errors
    ///
    /// Those of the value, with the key in their path.
    #[inline(always)]
    pub fn value<F: Form, T: Decode<'a>>(
        &self,
        input: &mut Input<'a>,
        key: &'static str,
    ) -> Result<T, DecodeError> {
        T::decode::<F>(input).map_err(|error| error.in_key(key))
    }

    /// Reads the value of a key that occurs in no other place so far.
    ///
    /// # Errors
    ///
    /// `custom` where `slot` is taken, and those of [`value`](Self::value).
    #[inline]
    pub fn fill<F: Form, T: Decode<'a>>(
        &self,
        input: &mut Input<'a>,
        key: &'static str,
        slot: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        if slot.is_some() {
            return Err(self.0.refuse(alloc::format!("duplicate field `{key}`")));
        }
        *slot = Some(self.value::<F, T>(input, key)?);
        Ok(())
    }

    /// Reads and checks the value of a key that nobody knows.
    ///
    /// # Errors
    ///
    /// Those of [`Input::skip`], with the key in their path.
    #[cold]
    pub fn skip<F: Form>(&self, input: &mut Input<'a>, key: &str) -> Result<(), DecodeError> {
        read::skip(F::GENERATION, &mut input.reader, input.depth).map_err(|error| error.in_key(key))
    }

    /// The value in `slot`, or what its absence means.
    ///
    /// # Errors
    ///
    /// `missing-field` where its absence means nothing.
    #[inline(always)]
    pub fn take<T: Decode<'a>>(
        &self,
        slot: Option<T>,
        key: &'static str,
    ) -> Result<T, DecodeError> {
        match slot.or_else(T::absent) {
            Some(value) => Ok(value),
            None => Err(self.missing(key)),
        }
    }

    #[cold]
    fn missing(&self, field: &'static str) -> DecodeError {
        DecodeError::new(self.0.start, DecodeErrorKind::MissingField { field })
    }

    /// Goes on behind the map, once all of it has been read.
    #[inline]
    pub fn close<F: Form>(self, input: &mut Input<'a>) {
        self.0.close::<F>(input);
    }
}

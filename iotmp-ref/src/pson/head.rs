//! What stands at the start of a value, before the values inside of it.

use crate::wire::{DecodeError, DecodeErrorKind, Reader, utf8};

use super::{Generation, Integer, Kind, gen1, gen2};

/// A whole scalar, or the opening of a container.
pub(super) enum Head<'a> {
    Null,
    Bool(bool),
    Integer(Integer),
    Float(f64),
    String(&'a str),
    Bytes(&'a [u8]),
    Array(Contents<'a>),
    Map(Contents<'a>),
}

impl Head<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Integer(_) => Kind::Integer,
            Self::Float(_) => Kind::Float,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Array(_) => Kind::Array,
            Self::Map(_) => Kind::Map,
        }
    }
}

impl Generation {
    /// Reads up to the first value inside, checking all of it on the way.
    #[inline]
    pub(super) fn head<'a>(self, reader: &mut Reader<'a>) -> Result<Head<'a>, DecodeError> {
        match self {
            Self::One => gen1::head(reader),
            Self::Two => gen2::head(reader),
        }
    }

    /// Reads the name before a value of a map.
    #[inline]
    pub(super) fn key<'a>(self, reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
        match self {
            Self::One => gen1::key(reader),
            Self::Two => gen2::key(reader),
        }
    }
}

/// The inside of a container, read with a reader of its own.
///
/// The first generation says where a container ends, the second how many values
/// it has.
#[derive(Clone)]
pub(super) struct Contents<'a> {
    pub(super) reader: Reader<'a>,
    generation: Generation,
    /// How many are still to come; unused when the reader's end is theirs.
    count: u64,
}

/// The most room that is made before values are seen, whatever their number is
/// said to be: nested containers that each promise much must not add up.
const RESERVE: usize = 64;

impl<'a> Contents<'a> {
    pub(super) const fn sized(reader: Reader<'a>) -> Self {
        Self {
            reader,
            generation: Generation::One,
            count: 0,
        }
    }

    /// # Errors
    ///
    /// `truncated` when `count` of them, of at least `least` bytes each, cannot
    /// be there.
    pub(super) fn counted(
        reader: Reader<'a>,
        count: u64,
        least: u64,
        what: &'static str,
    ) -> Result<Self, DecodeError> {
        reader.holds(count, least, what)?;
        Ok(Self {
            reader,
            generation: Generation::Two,
            count,
        })
    }

    /// Whether there is one more, which must then be read.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        match self.generation {
            Generation::One => !self.reader.is_empty(),
            Generation::Two if self.count == 0 => false,
            Generation::Two => {
                self.count -= 1;
                true
            }
        }
    }

    /// Reads the name before a value of a map.
    #[inline]
    pub(super) fn key(&mut self) -> Result<&'a str, DecodeError> {
        self.generation.key(&mut self.reader)
    }

    /// Goes on behind the container, once all of it has been read.
    #[inline]
    pub(super) fn close(self, outer: &mut Reader<'a>) {
        match self.generation {
            // The opening took the whole of it already.
            Generation::One => {}
            Generation::Two => *outer = self.reader,
        }
    }

    /// How many are still to come, where a count says so.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn generation(&self) -> Generation {
        self.generation
    }

    /// How many to make room for before any is seen.
    pub(super) fn reserve(&self) -> usize {
        usize::try_from(self.count).map_or(RESERVE, |count| count.min(RESERVE))
    }
}

/// Reads `len` bytes of text.
pub(crate) fn text<'a>(
    reader: &mut Reader<'a>,
    len: u64,
    what: &'static str,
) -> Result<&'a str, DecodeError> {
    let start = reader.offset();
    let bytes = reader.take(len).map_err(|error| error.naming(what))?;
    utf8::text(bytes).map_err(|error| {
        let kind = DecodeErrorKind::Utf8 { what };
        DecodeError::new(start + error.valid_up_to(), kind)
    })
}

/// How many more levels a value may be nested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    left: usize,
    limit: usize,
}

impl Depth {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// How many more.
    #[inline]
    pub(crate) const fn left(self) -> usize {
        self.left
    }

    /// One level down, into the container at `offset`.
    #[inline]
    pub(crate) fn enter(self, offset: usize) -> Result<Self, DecodeError> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => {
                let kind = DecodeErrorKind::Depth { limit: self.limit };
                Err(DecodeError::new(offset, kind))
            }
        }
    }
}

//! Where typed values are read.

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

use super::super::head::{Depth, Head};
use super::super::read;
use super::Form;

/// Bytes that are read from their start, and how deep in containers.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) depth: Depth,
}

impl<'a> Input<'a> {
    /// Reads what is left of `reader`, nested at most `max_depth` containers
    /// deep.
    #[inline]
    pub const fn new(reader: Reader<'a>, max_depth: usize) -> Self {
        Self {
            reader,
            depth: Depth::new(max_depth),
        }
    }

    /// What has not been read.
    #[inline]
    pub const fn into_reader(self) -> Reader<'a> {
        self.reader
    }

    /// Where the next byte stands in the whole input.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.reader.offset()
    }

    /// Reads one value and checks it, and gives the bytes that it took.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::skip`](crate::pson::Generation::skip).
    pub fn skip<F: Form>(&mut self) -> Result<&'a [u8], DecodeError> {
        let (before, mut reader) = (self.reader.rest(), self.reader.clone());
        read::skip(F::GENERATION, &mut reader, self.depth)?;
        self.reader = reader;
        let len = before.len() - self.reader.remaining();
        Ok(before.get(..len).unwrap_or_default())
    }

    /// Reads a null, if the next value is one in its usual form.
    #[inline(always)]
    pub(super) fn null<F: Form>(&mut self) -> bool {
        match self.reader.rest().split_first() {
            Some((&tag, rest)) if tag == F::NULL => {
                self.reader.go_on(rest);
                true
            }
            _ => false,
        }
    }

    /// Reads a value in any of its forms, and refuses it where `take` does.
    #[inline(always)]
    pub(super) fn slowly<F: Form, T>(
        &mut self,
        expected: &'static str,
        take: fn(Head<'a>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let (rest, offset) = (self.reader.rest(), self.offset());
        let (value, rest) = slowly::<F, T>(rest, offset, expected, take)?;
        self.reader.go_on(rest);
        Ok(value)
    }
}

/// Takes the parts of a reader rather than one, so that its caller can keep its
/// own in registers.
#[cold]
#[inline(never)]
fn slowly<'a, F: Form, T>(
    rest: &'a [u8],
    start: usize,
    expected: &'static str,
    take: fn(Head<'a>) -> Option<T>,
) -> Result<(T, &'a [u8]), DecodeError> {
    let mut reader = Reader::at(rest, start);
    let head = F::GENERATION.head(&mut reader)?;
    let found = head.kind().name();
    match take(head) {
        Some(value) => Ok((value, reader.rest())),
        None => {
            let kind = DecodeErrorKind::WrongType { found, expected };
            Err(DecodeError::new(start, kind))
        }
    }
}

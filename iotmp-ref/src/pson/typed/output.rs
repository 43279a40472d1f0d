//! Where typed values are written.

use crate::wire::{EncodeError, copy, varint};

use super::super::{Generation, MAX_DEPTH, gen1, gen2};
use super::{Form, sequence};

/// The rest of a buffer that is written from its start.
#[derive(Debug)]
pub struct Output<'b> {
    rest: &'b mut [u8],
    depth: usize,
}

/// Why writing stopped: small, so that the good path pays nothing for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The buffer is full.
    Full,
    /// Containers stand in each other deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl Stop {
    /// The error of a whole value that takes `needed` bytes, in a buffer of `room`.
    #[cold]
    pub fn error(self, room: usize, needed: impl FnOnce() -> usize) -> EncodeError {
        match self {
            Self::Full => EncodeError::BufferTooSmall {
                needed: needed(),
                left: room,
            },
            Self::TooDeep => EncodeError::TooDeep { limit: MAX_DEPTH },
        }
    }
}

impl<'b> Output<'b> {
    /// Writes from the start of `buffer`.
    #[inline(always)]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self {
            rest: buffer,
            depth: MAX_DEPTH,
        }
    }

    /// How many bytes still fit.
    #[inline(always)]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Writes bytes whose number is known when the code is compiled.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where they do not fit.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self, bytes: &[u8; N]) -> Result<(), Stop> {
        let rest = core::mem::take(&mut self.rest);
        let Some((room, rest)) = rest.split_first_chunk_mut::<N>() else {
            return Err(Stop::Full);
        };
        *room = *bytes;
        self.rest = rest;
        Ok(())
    }

    /// Writes bytes.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where they do not fit.
    #[inline(always)]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let rest = core::mem::take(&mut self.rest);
        let Some((room, rest)) = rest.split_at_mut_checked(bytes.len()) else {
            return Err(Stop::Full);
        };
        copy::copy(room, bytes);
        self.rest = rest;
        Ok(())
    }

    /// The same output for a while; then [`go_on`](Self::go_on).
    #[inline(always)]
    pub(super) fn reborrow(&mut self) -> Output<'_> {
        Output {
            rest: self.rest,
            depth: self.depth,
        }
    }

    /// Goes on where `remaining` bytes are left.
    #[inline(always)]
    pub(super) fn go_on(&mut self, remaining: usize) {
        let rest = core::mem::take(&mut self.rest);
        let written = rest.len().saturating_sub(remaining);
        self.rest = rest.get_mut(written..).unwrap_or_default();
    }

    /// Leaves room for `len` bytes to be written by other means.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where they do not fit.
    #[inline(always)]
    pub fn take(&mut self, len: usize) -> Result<&'b mut [u8], Stop> {
        let rest = core::mem::take(&mut self.rest);
        let Some((room, rest)) = rest.split_at_mut_checked(len) else {
            return Err(Stop::Full);
        };
        self.rest = rest;
        Ok(room)
    }

    /// Writes the shortest varint.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where it does not fit.
    #[inline(always)]
    pub fn varint(&mut self, number: u64) -> Result<(), Stop> {
        if number < 0x80 {
            return self.array(&[number as u8]);
        }
        if number < 0x4000 {
            return self.array(&[number as u8 | 0x80, (number >> 7) as u8]);
        }
        self.rest = long_varint(core::mem::take(&mut self.rest), number)?;
        Ok(())
    }

    /// Writes bytes whose number is known when the code is compiled, and the
    /// shortest varint behind them.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where they do not fit.
    #[inline(always)]
    pub fn numbered<const N: usize>(&mut self, bytes: &[u8; N], number: u64) -> Result<(), Stop> {
        if number >= 0x80 {
            self.array(bytes)?;
            return self.varint(number);
        }
        // Nothing is written before all is known to fit: two checks become one.
        let rest = core::mem::take(&mut self.rest);
        let Some((room, rest)) = rest.split_first_chunk_mut::<N>() else {
            return Err(Stop::Full);
        };
        let Some((last, rest)) = rest.split_first_mut() else {
            return Err(Stop::Full);
        };
        *room = *bytes;
        *last = number as u8;
        self.rest = rest;
        Ok(())
    }

    /// Writes bytes whose number is known when the code is compiled, and which at
    /// least `least` bytes will follow: one check is for both.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where they do not fit.
    #[inline(always)]
    pub fn before<const N: usize>(&mut self, bytes: &[u8; N], least: usize) -> Result<(), Stop> {
        if self.rest.len() < N + least {
            return Err(Stop::Full);
        }
        self.array(bytes)
    }

    /// Writes the key of a pair, given as the bytes that it has in each
    /// generation. Its value takes at least `least` bytes.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where it does not fit.
    #[inline(always)]
    pub fn key<F: Form, const N: usize, const M: usize>(
        &mut self,
        one: &[u8; N],
        two: &[u8; M],
        least: usize,
    ) -> Result<(), Stop> {
        match F::GENERATION {
            Generation::One => self.before(one, least),
            Generation::Two => self.before(two, least),
        }
    }

    /// Writes a map of the first generation, whose pairs `write` writes, in at
    /// least `least` bytes.
    ///
    /// # Errors
    ///
    /// Those of `write`, and [`Stop`].
    #[inline(always)]
    pub fn sized_map(
        &mut self,
        least: usize,
        write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.array(&[gen1::tag(gen1::OBJECT)])?;
        self.sized(least, |output| output.nested(write))
    }

    /// Writes the opening of a map of the second generation; its `count` pairs
    /// follow, and [`close_map`](Self::close_map).
    ///
    /// # Errors
    ///
    /// [`Stop`].
    #[inline(always)]
    pub fn open_map(&mut self, count: usize) -> Result<(), Stop> {
        sequence::put_count(self, gen2::MAP, count)?;
        let Some(inside) = self.depth.checked_sub(1) else {
            return Err(Stop::TooDeep);
        };
        self.depth = inside;
        Ok(())
    }

    /// Goes on behind a map.
    #[inline(always)]
    pub const fn close_map(&mut self) {
        self.depth += 1;
    }

    /// Writes what is inside of a container.
    ///
    /// # Errors
    ///
    /// [`Stop::TooDeep`], and those of `write`.
    #[inline(always)]
    pub fn nested(
        &mut self,
        write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Some(inside) = self.depth.checked_sub(1) else {
            return Err(Stop::TooDeep);
        };
        self.depth = inside;
        write(self)?;
        self.depth += 1;
        Ok(())
    }

    /// Writes the size in bytes, as a varint, of what `write` writes, and that.
    ///
    /// It is written once: room for a size is left in front of it, as much as a
    /// size of `least` takes, which must be a lower bound. Only where that was
    /// too little, what was written is moved.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`], and those of `write`.
    #[inline(always)]
    pub fn sized(
        &mut self,
        least: usize,
        write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let rest = core::mem::take(&mut self.rest);
        let hole = if least < 0x80 {
            1
        } else {
            varint::len(least as u64)
        };
        let Some((_, body)) = rest.split_at_mut_checked(hole) else {
            return Err(Stop::Full);
        };
        let room = body.len();
        let mut output = Output {
            rest: body,
            depth: self.depth,
        };
        write(&mut output)?;
        let size = room - output.rest.len();
        if hole == 1 && size < 0x80 {
            let Some((first, behind)) = rest.split_first_mut() else {
                return Err(Stop::Full);
            };
            *first = size as u8;
            let Some(behind) = behind.get_mut(size..) else {
                return Err(Stop::Full);
            };
            self.rest = behind;
            return Ok(());
        }
        self.rest = close(rest, hole, size)?;
        Ok(())
    }
}

// These take the rest and give back what is left of it: the address of an
// output must not be seen by what is not inlined, or it cannot stay in registers.

#[inline(never)]
fn long_varint(rest: &mut [u8], number: u64) -> Result<&mut [u8], Stop> {
    let number = varint::Encoded::new(number);
    let number = number.as_slice();
    let Some((room, rest)) = rest.split_at_mut_checked(number.len()) else {
        return Err(Stop::Full);
    };
    room.copy_from_slice(number);
    Ok(rest)
}

/// Puts a long size before `size` bytes that stand `hole` bytes ahead.
#[inline(never)]
pub(super) fn close(rest: &mut [u8], hole: usize, size: usize) -> Result<&mut [u8], Stop> {
    let number = varint::Encoded::new(size as u64);
    let number = number.as_slice();
    if number.len() != hole {
        if number.len() + size > rest.len() {
            return Err(Stop::Full);
        }
        rest.copy_within(hole..hole + size, number.len());
    }
    let Some((room, behind)) = rest.split_at_mut_checked(number.len()) else {
        return Err(Stop::Full);
    };
    room.copy_from_slice(number);
    behind.get_mut(size..).ok_or(Stop::Full)
}

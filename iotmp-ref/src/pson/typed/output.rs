//! Where typed values are written.

mod number;

use crate::wire::{EncodeError, copy, varint};

use super::super::{Generation, MAX_DEPTH, gen1, gen2};
use super::{Form, sequence};

/// The room for what is [`short`](Output::short).
pub(super) const SHORT: usize = 126;

/// The rest of a buffer that is written from its start.
#[derive(Debug)]
pub struct Output<'b> {
    rest: &'b mut [u8],
    depth: usize,
    /// Whether to stop at whatever takes a call, so that a caller who inlines all
    /// the rest has none: none to save registers for.
    is_short: bool,
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
            is_short: false,
        }
    }

    /// Writes what is short, with [`Stop::Full`] for anything else: the caller
    /// then writes it by way of [`new`](Self::new).
    ///
    /// That the room is known when the code is compiled is what saves asking for
    /// it: as long as all pieces so far have few possible sizes, what is left is
    /// known to be enough.
    #[inline(always)]
    pub(super) const fn short(buffer: &'b mut [u8; SHORT]) -> Self {
        Self {
            rest: buffer,
            depth: MAX_DEPTH,
            is_short: true,
        }
    }

    /// How many bytes still fit.
    #[inline(always)]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Asks whether it is worth beginning with what takes at least `least` bytes.
    ///
    /// # Errors
    ///
    /// [`Stop::Full`] where it is not, for an output that is [`short`](Self::short).
    #[inline(always)]
    pub(super) const fn may_take(&self, least: usize) -> Result<(), Stop> {
        if self.is_short && least > SHORT / 2 {
            return Err(Stop::Full);
        }
        Ok(())
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
        if self.is_short && bytes.len() > copy::SHORT {
            return Err(Stop::Full);
        }
        let rest = core::mem::take(&mut self.rest);
        let Some((room, rest)) = rest.split_at_mut_checked(bytes.len()) else {
            return Err(Stop::Full);
        };
        if self.is_short {
            copy::short(room, bytes);
        } else {
            copy::copy(room, bytes);
        }
        self.rest = rest;
        Ok(())
    }

    /// The same output for a while; then [`go_on`](Self::go_on).
    #[inline(always)]
    pub(super) fn reborrow(&mut self) -> Output<'_> {
        Output {
            rest: self.rest,
            depth: self.depth,
            is_short: self.is_short,
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
        self.sized(least, |output| {
            output.enter()?;
            write(output)?;
            output.leave();
            Ok(())
        })
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
        self.enter()
    }

    /// Goes on behind a map.
    #[inline(always)]
    pub const fn close_map(&mut self) {
        self.leave();
    }

    /// Goes into a container; [`leave`](Self::leave) goes on behind it.
    ///
    /// # Errors
    ///
    /// [`Stop::TooDeep`].
    #[inline(always)]
    pub(super) const fn enter(&mut self) -> Result<(), Stop> {
        let Some(inside) = self.depth.checked_sub(1) else {
            return Err(Stop::TooDeep);
        };
        self.depth = inside;
        Ok(())
    }

    /// Goes on behind a container.
    #[inline(always)]
    pub(super) const fn leave(&mut self) {
        self.depth += 1;
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
        let hole = if least < 0x80 || self.is_short {
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
            is_short: self.is_short,
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
        if self.is_short {
            return Err(Stop::Full);
        }
        self.rest = close(rest, hole, size)?;
        Ok(())
    }
}

/// Puts a long size before `size` bytes that stand `hole` bytes ahead.
///
/// Takes the rest and gives back what is left of it: the address of an output must
/// not be seen by what is not inlined, or it cannot stay in registers.
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

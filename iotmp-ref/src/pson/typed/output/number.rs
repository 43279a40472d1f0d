//! Numbers of variable length, and what stands right before one.

use crate::wire::varint;

use super::{Output, Stop};

impl Output<'_> {
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
        if number < 0x20_0000 {
            let middle = (number >> 7) as u8 | 0x80;
            return self.array(&[number as u8 | 0x80, middle, (number >> 14) as u8]);
        }
        if self.is_short {
            return self.spread(number);
        }
        self.rest = long_varint(core::mem::take(&mut self.rest), number)?;
        Ok(())
    }

    /// Writes a varint of four to eight bytes with no call and no loop, where there
    /// is room for eight: a loop would hide how much room is left behind it.
    #[inline(always)]
    fn spread(&mut self, number: u64) -> Result<(), Stop> {
        if number >> 56 != 0 {
            return Err(Stop::Full);
        }
        // Twice 28 bits, four times 14, eight times seven.
        let halves = number & 0x0fff_ffff | (number & 0x00ff_ffff_f000_0000) << 4;
        let quarters = halves & 0x0000_3fff_0000_3fff | (halves & 0x0fff_c000_0fff_c000) << 2;
        let groups = quarters & 0x007f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1;
        let unused = groups.leading_zeros() / 8;
        let continued = 0x0080_8080_8080_8080_u64.unbounded_shr(8 * unused);
        let rest = core::mem::take(&mut self.rest);
        let Some(room) = rest.first_chunk_mut() else {
            return Err(Stop::Full);
        };
        *room = (groups | continued).to_le_bytes();
        self.rest = rest.get_mut(8 - unused as usize..).unwrap_or_default();
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
}

/// Takes the rest and gives back what is left of it, as [`close`](super::close) does.
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

//! From bytes to values.

use alloc::borrow::Cow;
use alloc::format;

use crate::pson::{Depth, Integer, text};
use crate::wire::{DecodeError, DecodeErrorKind, Encoding, Reader};

use super::super::build::{Build, Scalar, array, big_endian, map, refused};
use super::MAX_EMPTY;

/// Whether a byte is a type at all, and the fewest bytes of a value of it.
const fn least(marker: u8) -> Option<u64> {
    Some(match marker {
        b'Z' | b'T' | b'F' => 0,
        b'i' | b'U' | b'C' | b'[' | b'{' => 1,
        b'I' | b'S' | b'H' => 2,
        b'l' | b'd' => 4,
        b'L' | b'D' => 8,
        _ => return None,
    })
}

pub(in super::super) fn read<T: Build>(
    reader: &mut Reader<'_>,
    max_depth: usize,
) -> Result<T, DecodeError> {
    let mut input = Input {
        reader,
        empty_left: MAX_EMPTY,
    };
    input.value(Depth::new(max_depth))
}

struct Input<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// How many more elements without bytes may come.
    empty_left: u64,
}

/// What the start of a container says of its contents.
struct Contents {
    /// The type of all values.
    marker: Option<u8>,
    /// How many there are; else an end marker follows the last.
    count: Option<u64>,
}

impl<'a> Input<'_, 'a> {
    fn value<T: Build>(&mut self, depth: Depth) -> Result<T, DecodeError> {
        let at = self.reader.offset();
        let marker = self.marker("value")?;
        self.payload(marker, at, depth)
    }

    fn marker(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.reader.u8().map_err(|error| error.opening(what))
    }

    /// Reads what follows the marker of a value that stands at `at`.
    fn payload<T: Build>(&mut self, marker: u8, at: usize, depth: Depth) -> Result<T, DecodeError> {
        let reader = &mut *self.reader;
        Ok(match marker {
            b'Z' => T::scalar(Scalar::Null),
            b'T' => T::scalar(Scalar::Bool(true)),
            b'F' => T::scalar(Scalar::Bool(false)),
            b'i' => T::integer(big_endian!(reader, i8)),
            b'U' => T::integer(big_endian!(reader, u8)),
            b'I' => T::integer(big_endian!(reader, i16)),
            b'l' => T::integer(big_endian!(reader, i32)),
            b'L' => T::integer(big_endian!(reader, i64)),
            b'd' => T::float(big_endian!(reader, f32)),
            b'D' => T::float(big_endian!(reader, f64)),
            b'C' => T::scalar(Scalar::String(character(reader)?)),
            b'S' => T::scalar(Scalar::String(self.text("string")?)),
            b'H' => T::integer(self.high_precision(at)?),
            b'[' => self.array(at, depth)?,
            b'{' => self.map(depth.enter(at)?)?,
            b'N' => return Err(invalid(at, marker, "a no-op stands where a value must")),
            _ => return Err(invalid(at, marker, "it is no type of UBJSON")),
        })
    }

    fn array<T: Build>(&mut self, at: usize, depth: Depth) -> Result<T, DecodeError> {
        let Contents { marker, count } = self.contents()?;
        if let (Some(b'U'), Some(count)) = (marker, count) {
            let bytes = self.reader.take(count);
            let bytes = bytes.map_err(|error| error.naming("byte string"))?;
            return Ok(T::scalar(Scalar::Bytes(bytes)));
        }
        let depth = depth.enter(at)?;
        let Some(count) = count else {
            let ends = |input: &mut Self, _| input.ends_with(b']');
            return array(self, ends, |input| input.value(depth));
        };
        let ends = |_: &mut Self, index| Ok(index == count);
        match marker {
            None => {
                self.reader.holds(count, 1, "array")?;
                array(self, ends, |input| {
                    input.skip_no_ops()?;
                    input.value(depth)
                })
            }
            Some(marker) => {
                match least(marker) {
                    Some(least @ 1..) => self.reader.holds(count, least, "array")?,
                    _ => self.spend(count)?,
                }
                array(self, ends, |input| {
                    let at = input.reader.offset();
                    input.payload(marker, at, depth)
                })
            }
        }
    }

    fn map<T: Build>(&mut self, depth: Depth) -> Result<T, DecodeError> {
        let Contents { marker, count } = self.contents()?;
        if let Some(count) = count {
            // A key takes at least the two bytes of its length.
            let least = marker.map_or(Some(1), least).unwrap_or(0);
            self.reader.holds(count, 2 + least, "map")?;
        }
        let ends = |input: &mut Self, index| match count {
            Some(count) => Ok(index == count),
            None => input.ends_with(b'}'),
        };
        let key = |input: &mut Self| {
            input.skip_no_ops()?;
            input.text("map key").map(Cow::Borrowed)
        };
        map(self, ends, key, |input| match marker {
            Some(marker) => {
                let at = input.reader.offset();
                input.payload(marker, at, depth)
            }
            None => input.value(depth),
        })
    }

    fn contents(&mut self) -> Result<Contents, DecodeError> {
        let mut marker = None;
        if self.reader.peek() == Some(b'$') {
            self.reader.take(1)?;
            let at = self.reader.offset();
            let found = self.marker("type of a container")?;
            if least(found).is_none() {
                return Err(invalid(at, found, "it is no type of a value"));
            }
            marker = Some(found);
            let at = self.reader.offset();
            match self.reader.peek() {
                Some(b'#') | None => {}
                Some(found) => {
                    let why = "a count must follow the type of a container";
                    return Err(invalid(at, found, why));
                }
            }
        }
        if marker.is_none() && self.reader.peek() != Some(b'#') {
            let count = None;
            return Ok(Contents { marker, count });
        }
        self.marker("count of a container")?;
        let count = Some(self.length("count of a container")?);
        Ok(Contents { marker, count })
    }

    /// Takes the end marker, if it is here.
    fn ends_with(&mut self, end: u8) -> Result<bool, DecodeError> {
        self.skip_no_ops()?;
        let ends = self.reader.peek() == Some(end);
        if ends {
            self.reader.take(1)?;
        }
        Ok(ends)
    }

    fn skip_no_ops(&mut self) -> Result<(), DecodeError> {
        while self.reader.peek() == Some(b'N') {
            self.reader.take(1)?;
        }
        Ok(())
    }

    /// Takes `count` elements without bytes out of the number allowed.
    fn spend(&mut self, count: u64) -> Result<(), DecodeError> {
        match self.empty_left.checked_sub(count) {
            Some(left) => {
                self.empty_left = left;
                Ok(())
            }
            None => {
                let kind = DecodeErrorKind::TooLarge {
                    what: "number of elements that take no bytes",
                    found: count,
                    limit: self.empty_left,
                };
                Err(DecodeError::new(self.reader.offset(), kind))
            }
        }
    }

    fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let len = self.length(what)?;
        text(self.reader, len, what)
    }

    /// Reads an integer that is no number of its own.
    fn length(&mut self, of: &'static str) -> Result<u64, DecodeError> {
        let at = self.reader.offset();
        let marker = self.marker(of)?;
        let reader = &mut *self.reader;
        let length: i64 = match marker {
            b'i' => big_endian!(reader, i8).into(),
            b'U' => big_endian!(reader, u8).into(),
            b'I' => big_endian!(reader, i16).into(),
            b'l' => big_endian!(reader, i32).into(),
            b'L' => big_endian!(reader, i64),
            _ => {
                let why = "a length or count must be of an integer type";
                return Err(invalid(at, marker, why));
            }
        };
        u64::try_from(length).map_err(|_| {
            let detail = format!("the length or count {length} is below zero");
            refused(Encoding::Ubjson, at, detail)
        })
    }

    fn high_precision(&mut self, at: usize) -> Result<Integer, DecodeError> {
        let number = self.text("high-precision number")?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        let plain = digits.starts_with(|first: char| first.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0'));
        let integer = plain.then(|| number.parse().ok()).flatten();
        integer.ok_or_else(|| {
            let detail = "a high-precision number is no integer of a sign and 64 bits";
            refused(Encoding::Ubjson, at, detail)
        })
    }
}

fn character<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    text(reader, 1, "character")
}

#[cold]
fn invalid(at: usize, found: u8, why: &'static str) -> DecodeError {
    DecodeError::new(at, DecodeErrorKind::Tag { found, why })
}

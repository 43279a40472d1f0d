//! From values to bytes, and to their number.

use crate::wire::{EncodeError, Writer, varint};

use super::{Generation, Integer, MAX_DEPTH, Value, gen1, gen2};

/// Writes `value` in its shortest form.
pub(super) fn write(
    generation: Generation,
    value: &Value,
    writer: &mut Writer<'_>,
) -> Result<(), EncodeError> {
    put(generation, value, writer, MAX_DEPTH)
}

/// The number of bytes that [`write`] writes.
pub(super) fn encoded_len(generation: Generation, value: &Value) -> Result<usize, EncodeError> {
    let mut counter = Counter(0);
    put(generation, value, &mut counter, MAX_DEPTH)?;
    Ok(counter.0)
}

/// Takes bytes, or only counts them.
pub(super) trait Sink {
    /// Whether it counts only, and so order means nothing to it.
    const COUNTS: bool;

    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError>;
    fn put_u8(&mut self, byte: u8) -> Result<(), EncodeError>;
    fn varint(&mut self, value: u64) -> Result<(), EncodeError>;

    /// Takes `len` bytes that `write` gives.
    fn measured(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError>;
}

impl Sink for Writer<'_> {
    const COUNTS: bool = false;

    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        Self::put(self, bytes)
    }

    fn put_u8(&mut self, byte: u8) -> Result<(), EncodeError> {
        Self::put_u8(self, byte)
    }

    fn varint(&mut self, value: u64) -> Result<(), EncodeError> {
        Self::varint(self, value)
    }

    fn measured(
        &mut self,
        _: usize,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        write(self)
    }
}

struct Counter(usize);

impl Sink for Counter {
    const COUNTS: bool = true;

    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0 += bytes.len();
        Ok(())
    }

    fn put_u8(&mut self, _: u8) -> Result<(), EncodeError> {
        self.0 += 1;
        Ok(())
    }

    fn varint(&mut self, value: u64) -> Result<(), EncodeError> {
        self.0 += varint::len(value);
        Ok(())
    }

    // Counting again at each level what the level above has counted would take
    // time exponential in the depth.
    fn measured(
        &mut self,
        len: usize,
        _: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.0 += len;
        Ok(())
    }
}

fn put<S: Sink>(
    generation: Generation,
    value: &Value,
    sink: &mut S,
    depth: usize,
) -> Result<(), EncodeError> {
    let inside = match value {
        Value::Array(_) | Value::Map(_) => {
            let too_deep = EncodeError::TooDeep { limit: MAX_DEPTH };
            depth.checked_sub(1).ok_or(too_deep)?
        }
        _ => depth,
    };
    match generation {
        Generation::One => {
            let mut size = Counter(0);
            put_inside(generation, value, &mut size, inside)?;
            gen1::put_head(sink, value, size.0)?;
            sink.measured(size.0, |sink| put_inside(generation, value, sink, inside))
        }
        Generation::Two => {
            gen2::put_head(sink, value)?;
            put_inside(generation, value, sink, inside)
        }
    }
}

fn put_inside<S: Sink>(
    generation: Generation,
    container: &Value,
    sink: &mut S,
    depth: usize,
) -> Result<(), EncodeError> {
    match container {
        Value::Array(elements) => {
            for element in elements {
                put(generation, element, sink, depth)?;
            }
        }
        Value::Map(map) if S::COUNTS || map.is_sorted() => {
            put_pairs(generation, map.iter(), sink, depth)?;
        }
        Value::Map(map) => put_pairs(generation, map.sorted().into_iter(), sink, depth)?,
        _ => {}
    }
    Ok(())
}

fn put_pairs<'v>(
    generation: Generation,
    pairs: impl Iterator<Item = (&'v str, &'v Value)>,
    sink: &mut impl Sink,
    depth: usize,
) -> Result<(), EncodeError> {
    for (key, value) in pairs {
        match generation {
            Generation::One => gen1::put_key(sink, key)?,
            Generation::Two => gen2::put_key(sink, key)?,
        }
        put(generation, value, sink, depth)?;
    }
    Ok(())
}

/// The shortest number that says the same as a float.
pub(crate) enum Number {
    Integer(Integer),
    Single(f32),
    Double(f64),
}

impl Number {
    pub(crate) fn shortest(float: f64) -> Self {
        if let Some(integer) = Integer::from_f64(float) {
            return Self::Integer(integer);
        }
        if float.is_nan() {
            // Sign and payload of a NaN say nothing: all are written alike.
            return Self::Single(f32::from_bits(0x7fc0_0000));
        }
        let single = float as f32;
        if f64::from(single) == float {
            Self::Single(single)
        } else {
            Self::Double(float)
        }
    }
}

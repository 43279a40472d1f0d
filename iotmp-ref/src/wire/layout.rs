//! Key-value bodies: how keys are built and how the value behind one is delimited.

use alloc::borrow::Cow;

use super::{
    Any, DecodeError, DecodeErrorKind, EncodeError, Encoded, Encoding, IntEncoding, Reader, Writer,
    varint,
};

/// The keys and wire types of one protocol revision.
#[derive(Debug)]
pub struct KeyLayout {
    /// Whether the field identifier is the high part of the key.
    pub field_high: bool,
    /// Bits of the low part.
    pub low_bits: u32,
    /// How a key is written.
    pub key: IntEncoding,
    /// Shape of each wire type, by number; `None`, and what is beyond the last, is reserved.
    pub shapes: &'static [Option<Shape>],
    /// Deepest nesting accepted in a value.
    pub max_depth: usize,
}

/// How the value behind a key is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A varint of at most 64 bits.
    Varint,
    /// Four bytes.
    Fixed32,
    /// Eight bytes.
    Fixed64,
    /// A varint size, then a value in one of these encodings, or bytes if there is none.
    Sized(&'static [Encoding]),
    /// A value in one of these encodings, which delimits itself.
    Encoded(&'static [Encoding]),
}

impl Shape {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Varint => "a varint",
            Self::Fixed32 => "four bytes",
            Self::Fixed64 => "eight bytes",
            Self::Sized(_) => "a sized value",
            Self::Encoded(_) => "an encoded value",
        }
    }
}

/// The encoding in force, or the first of those allowed where it is not one.
#[inline]
pub(crate) fn active(allowed: &[Encoding], wanted: Encoding) -> Option<Encoding> {
    if allowed.contains(&wanted) {
        return Some(wanted);
    }
    allowed.first().copied()
}

impl KeyLayout {
    /// The key of a field under a wire type.
    #[must_use]
    pub const fn key(&self, field: u32, wire: u8) -> u32 {
        if self.field_high {
            (field << self.low_bits) | wire as u32
        } else {
            ((wire as u32) << self.low_bits) | field
        }
    }

    /// The field and the wire type of a key.
    #[must_use]
    pub const fn split(&self, key: u32) -> (u32, u32) {
        let low = key & ((1 << self.low_bits) - 1);
        let high = key >> self.low_bits;
        if self.field_high {
            (high, low)
        } else {
            (low, high)
        }
    }

    fn shape(&self, key: u32, at: usize) -> Result<Shape, DecodeError> {
        let (_, wire) = self.split(key);
        match self.shapes.get(wire as usize) {
            Some(Some(shape)) => Ok(*shape),
            _ => {
                let found = u8::try_from(wire).unwrap_or(u8::MAX);
                Err(DecodeError::new(at, DecodeErrorKind::WireType { found }))
            }
        }
    }

    /// Reads a key: the field identifier, or why it cannot be one.
    ///
    /// # Errors
    /// Those of the way in which keys are written.
    #[inline(always)]
    pub fn read_key(&self, reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
        let key = self.key.read(reader).map_err(|e| e.naming("key"))?;
        // At most 32 bits by construction.
        Ok(key as u32)
    }

    /// Reads the value behind a key that stands at offset `at`.
    ///
    /// # Errors
    /// A reserved wire type, or whatever is wrong with the value.
    pub fn read_any<'a>(
        &self,
        reader: &mut Reader<'a>,
        key: u32,
        at: usize,
        encoding: Encoding,
    ) -> Result<Any<'a>, DecodeError> {
        Ok(match self.shape(key, at)? {
            Shape::Varint => Any::Varint(reader.varint(64)?),
            Shape::Fixed32 => Any::Fixed32(reader.take_array()?),
            Shape::Fixed64 => Any::Fixed64(reader.take_array()?),
            Shape::Encoded(allowed) => {
                let encoding = active(allowed, encoding).unwrap_or(encoding);
                Any::Encoded(Encoded::read(reader, encoding, self.max_depth)?)
            }
            Shape::Sized(allowed) => {
                let size = reader.varint(64)?;
                let mut part = reader.sub(size)?;
                match active(allowed, encoding) {
                    Some(encoding) => {
                        let value = Encoded::read(&mut part, encoding, self.max_depth)?;
                        part.finish()?;
                        Any::Encoded(value)
                    }
                    None => Any::Bytes(Cow::Borrowed(part.rest())),
                }
            }
        })
    }

    /// Skips the value behind the key of an unknown field, which stands at `at`.
    ///
    /// # Errors
    /// A reserved wire type, or a value that cannot be sized.
    #[cold]
    pub fn skip(
        &self,
        reader: &mut Reader<'_>,
        key: u32,
        at: usize,
        encoding: Encoding,
    ) -> Result<(), DecodeError> {
        match self.shape(key, at)? {
            Shape::Sized(_) => {
                let size = reader.varint(64)?;
                reader.take(size)?;
                Ok(())
            }
            _ => self.read_any(reader, key, at, encoding).map(|_| ()),
        }
    }

    /// What a known field is refused for under a key that it cannot have: a wire type that is
    /// reserved, or, for a number, another than that of varints.
    #[cold]
    #[must_use]
    pub fn refuse(&self, key: u32, at: usize) -> DecodeError {
        match self.shape(key, at) {
            Ok(shape) => super::any::wrong_type(at, shape.name(), "a varint"),
            Err(error) => error,
        }
    }

    fn wire_of(&self, any: &Any<'_>) -> Option<(u8, Shape)> {
        self.shapes
            .iter()
            .enumerate()
            .filter_map(|(wire, shape)| Some((u8::try_from(wire).ok()?, (*shape)?)))
            .find(|(_, shape)| match (any, shape) {
                (Any::Varint(_), Shape::Varint)
                | (Any::Fixed32(_), Shape::Fixed32)
                | (Any::Fixed64(_), Shape::Fixed64) => true,
                (Any::Bytes(_), Shape::Sized(allowed)) => allowed.is_empty(),
                (Any::Encoded(value), Shape::Encoded(allowed) | Shape::Sized(allowed)) => {
                    allowed.contains(&value.encoding())
                }
                _ => false,
            })
    }

    /// Bytes of a field of any type: its key and its value. 0 where the
    /// revision has no wire type for it, which [`write_any`](Self::write_any) refuses.
    #[must_use]
    pub fn any_len(&self, field: u32, any: &Any<'_>) -> usize {
        let Some((wire, shape)) = self.wire_of(any) else {
            return 0;
        };
        let value = match any {
            Any::Varint(number) => varint::len(*number),
            Any::Fixed32(_) => 4,
            Any::Fixed64(_) => 8,
            Any::Bytes(bytes) => bytes.len(),
            Any::Encoded(value) => value.bytes().len(),
        };
        let size = match shape {
            Shape::Sized(_) => varint::len(value as u64),
            _ => 0,
        };
        self.key.len(self.key(field, wire).into()) + size + value
    }

    /// Writes a field of any type.
    ///
    /// # Errors
    /// [`EncodeError::Encoding`] where the revision has no wire type for the
    /// value, [`EncodeError::BufferTooSmall`] where the buffer ends.
    pub fn write_any(
        &self,
        writer: &mut Writer<'_>,
        field: u32,
        any: &Any<'_>,
    ) -> Result<(), EncodeError> {
        let Some((wire, shape)) = self.wire_of(any) else {
            let name = match any {
                Any::Encoded(value) => value.encoding().name(),
                Any::Varint(_) => "varint",
                Any::Fixed32(_) => "fixed32",
                Any::Fixed64(_) => "fixed64",
                Any::Bytes(_) => "bytes",
            };
            return Err(EncodeError::Encoding { name });
        };
        let key = self.key(field, wire);
        self.key.write(writer, "key", key.into())?;
        let bytes: &[u8] = match any {
            Any::Varint(number) => return writer.varint(*number),
            Any::Fixed32(bytes) => bytes,
            Any::Fixed64(bytes) => bytes,
            Any::Bytes(bytes) => bytes,
            Any::Encoded(value) => value.bytes(),
        };
        if matches!(shape, Shape::Sized(_)) {
            writer.varint(bytes.len() as u64)?;
        }
        writer.put(bytes)
    }
}

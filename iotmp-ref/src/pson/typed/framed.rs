//! Typed values in messages: what the expansion of `messages!` calls.

use crate::wire::{
    DecodeError, DecodeErrorKind, EncodeError, Encoding, FrameLayout, IntEncoding, Reader, Shape,
    Writer, varint,
};

use super::output::close;
use super::{Decode, One, Output, Stop, Two};

/// Writes a message to the start of `buffer` and says how many bytes it took.
///
/// `write` writes the body, which takes at least `least` bytes and exactly what
/// `len` says.
///
/// # Errors
///
/// [`EncodeError::BufferTooSmall`], [`EncodeError::TooDeep`], and those of
/// [`FrameLayout::write_header`].
#[inline(always)]
pub fn frame(
    buffer: &mut [u8],
    layout: &FrameLayout,
    code: u32,
    least: usize,
    len: impl Fn() -> usize,
    write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
) -> Result<usize, EncodeError> {
    let room = buffer.len();
    let is_varint = |number: Option<IntEncoding>| matches!(number, Some(IntEncoding::Varint(_)));
    let written = if is_varint(Some(layout.code)) && is_varint(layout.size) && code < 0x80 {
        short(buffer, code as u8, least, write)
    } else {
        long(buffer, layout, code, &len, write)
    };
    match written {
        Ok(written) => Ok(written),
        Err(stop) => Err(refusal(stop, room, layout, code, len())),
    }
}

/// What `write` writes to the start of `buffer`: how many bytes, if all went well.
#[inline(always)]
pub fn written(
    buffer: &mut [u8],
    write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
) -> Option<usize> {
    let room = buffer.len();
    let mut output = Output::new(buffer);
    write(&mut output).ok()?;
    Some(room - output.remaining())
}

/// A message whose code is a byte: it is written together with the size, once
/// the body stands behind the room that is left for both.
#[inline(always)]
fn short(
    buffer: &mut [u8],
    code: u8,
    least: usize,
    write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
) -> Result<usize, Stop> {
    let header = if least < 0x80 {
        2
    } else {
        1 + varint::len(least as u64)
    };
    let Some((_, body)) = buffer.split_at_mut_checked(header) else {
        return Err(Stop::Full);
    };
    let room = body.len();
    let mut output = Output::new(body);
    write(&mut output)?;
    let size = room - output.remaining();
    let Some((first, behind)) = buffer.split_first_mut() else {
        return Err(Stop::Full);
    };
    *first = code;
    if header == 2
        && size < 0x80
        && let Some(second) = behind.first_mut()
    {
        *second = size as u8;
        return Ok(2 + size);
    }
    let room = behind.len();
    let left = close(behind, header - 1, size)?.len();
    Ok(1 + room - left)
}

/// A message whose header says its size in another way, or not at all.
#[inline(always)]
fn long(
    buffer: &mut [u8],
    layout: &FrameLayout,
    code: u32,
    len: impl Fn() -> usize,
    write: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
) -> Result<usize, Stop> {
    let room = buffer.len();
    let mut output = Output::new(buffer);
    layout.put_header(&mut output, code, len)?;
    write(&mut output)?;
    Ok(room - output.remaining())
}

/// Says why a message whose body takes `body` bytes was not written.
#[cold]
fn refusal(stop: Stop, room: usize, layout: &FrameLayout, code: u32, body: usize) -> EncodeError {
    let mut header = [0; 2 * varint::MAX_LEN];
    if let Err(error) = layout.write_header(&mut Writer::new(&mut header), code, body) {
        return error;
    }
    stop.error(room, || layout.header_len(code, body) + body)
}

/// Reads the value of a field whose key, which stands at `at`, is under a wire
/// type of that shape.
///
/// # Errors
///
/// Those of [`Decode::decode`]; `wrong-type` for a wire type that holds no such
/// value, `encoding` for a value that is not PSON.
#[inline(always)]
pub fn field<'a, T: Decode<'a>>(
    reader: &mut Reader<'a>,
    shape: Shape,
    at: usize,
    encoding: Encoding,
    max_depth: usize,
) -> Result<T, DecodeError> {
    match shape {
        Shape::Varint => match T::from_varint(reader.varint(u64::BITS)?) {
            Some(value) => Ok(value),
            None => Err(wrong_type(at, shape)),
        },
        Shape::Encoded(allowed) => match shape_encoding(allowed, encoding) {
            Some(encoding) => value(reader, encoding, max_depth),
            None => Err(wrong_type(at, shape)),
        },
        Shape::Sized(allowed) => {
            let Some(encoding) = shape_encoding(allowed, encoding) else {
                return Err(wrong_type(at, shape));
            };
            let size = reader.varint(u64::BITS)?;
            let mut part = reader.sub(size)?;
            let value = value(&mut part, encoding, max_depth)?;
            part.finish()?;
            Ok(value)
        }
        Shape::Fixed32 | Shape::Fixed64 => Err(wrong_type(at, shape)),
    }
}

#[inline(always)]
fn shape_encoding(allowed: &[Encoding], wanted: Encoding) -> Option<Encoding> {
    match allowed {
        [only] => Some(*only),
        _ => crate::wire::active(allowed, wanted),
    }
}

#[inline(always)]
fn value<'a, T: Decode<'a>>(
    reader: &mut Reader<'a>,
    encoding: Encoding,
    max_depth: usize,
) -> Result<T, DecodeError> {
    match encoding {
        Encoding::Pson1 => super::decode_form::<One, T>(reader, max_depth),
        Encoding::Pson2 => super::decode_form::<Two, T>(reader, max_depth),
        _ => Err(not_pson(reader.offset(), encoding)),
    }
}

#[cold]
fn not_pson(offset: usize, encoding: Encoding) -> DecodeError {
    let kind = DecodeErrorKind::Encoding {
        name: encoding.name(),
        detail: "a typed message is read from PSON alone; read it as `Message`".into(),
    };
    DecodeError::new(offset, kind)
}

#[cold]
fn wrong_type(at: usize, shape: Shape) -> DecodeError {
    let kind = DecodeErrorKind::WrongType {
        found: shape.name(),
        expected: "a value of the type of the field",
    };
    DecodeError::new(at, kind)
}

/// The refusal of a message of another type.
#[cold]
pub fn other_message(found: u32, expected: &'static [u64]) -> DecodeError {
    let found = found.into();
    DecodeError::new(0, DecodeErrorKind::Constant { found, expected })
}

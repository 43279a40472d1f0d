//! Typed values in messages: what the expansion of `messages!` calls.

use crate::wire::{
    DecodeError, DecodeErrorKind, EncodeError, Encoding, FrameLayout, IntEncoding, Reader, Shape,
    Writer, varint,
};

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
    let mut output = Output::new(buffer);
    let is_varint = |number: Option<IntEncoding>| matches!(number, Some(IntEncoding::Varint(_)));
    let written = if is_varint(Some(layout.code)) && is_varint(layout.size) {
        let number = if code < 0x80 {
            output.array(&[code as u8])
        } else {
            output.varint(code.into())
        };
        number.and_then(|()| output.sized(least, write))
    } else {
        let body = len();
        let mut header = [0; 2 * varint::MAX_LEN];
        let mut writer = Writer::new(&mut header);
        layout.write_header(&mut writer, code, body)?;
        let size = writer.finish();
        let header = output.bytes(header.get(..size).unwrap_or_default());
        header.and_then(|()| write(&mut output))
    };
    match written {
        Ok(()) => Ok(room - output.remaining()),
        Err(stop) => Err(stop.error(room, || {
            let body = len();
            layout.header_len(code, body) + body
        })),
    }
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

//! Typed values in messages: what the expansion of `messages!` calls.

use crate::wire::{
    DecodeError, DecodeErrorKind, EncodeError, Encoding, FrameLayout, IntEncoding, Reader, Shape,
    Writer, varint,
};

use super::output::{SHORT, close};
use super::{Decode, Form, One, Output, Stop, Two};

/// A message as its expansion has it: how it is written.
pub trait Framed {
    /// How its header is written.
    const FRAME: &'static FrameLayout;
    /// Its code.
    const CODE: u32;

    /// Whether its fields hold what they may.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Constant`] for a number that a closed enum does not have.
    #[inline(always)]
    fn check(&self) -> Result<(), EncodeError> {
        Ok(())
    }

    /// A lower bound of the bytes of its body: by the types of its values alone
    /// where `BY_TYPE`, so that it is known when the code is compiled.
    fn least_len<const BY_TYPE: bool>(&self) -> usize;

    /// Exactly how many bytes its body takes.
    fn body_len<F: Form>(&self) -> usize;

    /// Writes its body.
    ///
    /// # Errors
    ///
    /// Those of [`Encode::encode`](super::Encode::encode).
    fn write_body<F: Form>(&self, output: &mut Output<'_>) -> Result<(), Stop>;
}

/// Bytes of a body beyond which it is not tried whether it is short.
const TRIED: usize = 64;

/// Writes a message to the start of `buffer` and says how many bytes it took.
///
/// # Errors
///
/// [`EncodeError::BufferTooSmall`], [`EncodeError::TooDeep`], and those of [`Framed::check`] and
/// [`FrameLayout::write_header`].
#[inline(always)]
pub fn frame<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    message.check()?;
    if begins_with_byte::<M>()
        && message.least_len::<true>() <= TRIED
        && let Some(written) = short::<F, M>(message, buffer)
    {
        return Ok(written);
    }
    not_short::<F, M>(message, buffer)
}

/// Is no more than a call, so that what is written there is not taken for cold.
#[cold]
#[inline(never)]
fn not_short<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    whole::<F, M>(message, buffer)
}

/// Whether a short message has a code of one byte, and a size of one.
#[inline(always)]
const fn begins_with_byte<M: Framed>() -> bool {
    matches!(M::FRAME.code, IntEncoding::Varint(_))
        && matches!(M::FRAME.size, Some(IntEncoding::Varint(_)))
        && M::CODE < 0x80
}

/// A message that is short, in a buffer with room to spare.
#[inline(always)]
fn short<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Option<usize> {
    let (header, rest) = buffer.split_first_chunk_mut()?;
    let mut output = Output::short(rest.first_chunk_mut()?);
    message.write_body::<F>(&mut output).ok()?;
    let size = SHORT - output.remaining();
    *header = [M::CODE as u8, size as u8];
    Some(header.len() + size)
}

#[inline(never)]
fn whole<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    let room = buffer.len();
    let written = if begins_with_byte::<M>() {
        sized::<F, M>(message, buffer)
    } else {
        long::<F, M>(message, buffer)
    };
    match written {
        Ok(written) => Ok(written),
        Err(stop) => {
            let body = message.body_len::<F>();
            Err(refusal(stop, room, M::FRAME, M::CODE, body))
        }
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
fn sized<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Result<usize, Stop> {
    let least = message.least_len::<false>();
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
    message.write_body::<F>(&mut output)?;
    let size = room - output.remaining();
    let Some((first, behind)) = buffer.split_first_mut() else {
        return Err(Stop::Full);
    };
    *first = M::CODE as u8;
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
fn long<F: Form, M: Framed>(message: &M, buffer: &mut [u8]) -> Result<usize, Stop> {
    let room = buffer.len();
    let mut output = Output::new(buffer);
    M::FRAME.put_header(&mut output, M::CODE, || message.body_len::<F>())?;
    message.write_body::<F>(&mut output)?;
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

//! From a byte stream to whole messages.
//!
//! A [`Framer`] takes bytes as the transport cuts them and gives back whole
//! messages. Its memory follows what has arrived, never what a peer announces,
//! and a size over the limit is refused as soon as the header is there.

use alloc::vec::Vec;
use core::fmt;

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

/// Bits of each of the two varints of a header.
const HEADER_BITS: u32 = 32;

/// What a drained buffer may keep, so that one large message does not hold its
/// memory for the life of the connection.
const KEPT_CAPACITY: usize = 16 * 1024;

/// Cuts a byte stream into messages.
///
/// Feed it with [`push`](Self::push), then take messages with
/// [`next_frame`](Self::next_frame) until there is none. After a refusal it
/// takes nothing more: what follows in the stream has no known boundary.
pub struct Framer {
    buffer: Vec<u8>,
    /// How much of the buffer has been given back as messages.
    taken: usize,
    /// Where in the stream the first byte not yet taken stands.
    offset: u64,
    max_body: usize,
    refused: Option<DecodeError>,
}

/// One whole message, its body not yet read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Code in the header.
    pub code: u32,
    /// Body without the header.
    pub body: &'a [u8],
    /// Where the header begins, in bytes from the start of the stream.
    pub offset: u64,
    /// Where the body begins, in bytes from the start of the stream.
    pub body_offset: u64,
}

impl Frame<'_> {
    /// A reader of the body whose errors point into the stream.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::at(self.body, saturate(self.body_offset))
    }
}

impl Framer {
    /// A framer that refuses bodies of more than `max_body` bytes.
    #[must_use]
    pub const fn new(max_body: usize) -> Self {
        Self {
            buffer: Vec::new(),
            taken: 0,
            offset: 0,
            max_body,
            refused: None,
        }
    }

    /// Takes over bytes that have arrived. They are dropped after a refusal.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.refused.is_some() {
            return;
        }
        self.reclaim();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more has arrived.
    ///
    /// # Errors
    /// `varint-overflow` for a header that does not end within its five bytes a
    /// number, `too-large` for a size over the limit. Offsets count from the
    /// start of the stream. The same error comes again on every later call.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        let header = match self.header() {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.buffer = Vec::new();
                self.taken = 0;
                return Err(self.refused.insert(error).clone());
            }
        };
        let start = self.taken + header.length;
        let end = start.saturating_add(header.size);
        let Some(body) = self.buffer.get(start..end) else {
            return Ok(None);
        };
        let offset = self.offset;
        let body_offset = offset + header.length as u64;
        self.offset = body_offset + body.len() as u64;
        self.taken = end;
        Ok(Some(Frame {
            code: header.code,
            body,
            offset,
            body_offset,
        }))
    }

    /// Bytes that have arrived and are not yet part of a message given back.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.taken
    }

    /// Bytes of all messages given back so far: where the next one begins.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn header(&self) -> Result<Option<Header>, DecodeError> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let mut reader = Reader::at(rest, saturate(self.offset));
        let Some(code) = number(&mut reader)? else {
            return Ok(None);
        };
        let at = reader.offset();
        let Some(size) = number(&mut reader)? else {
            return Ok(None);
        };
        match usize::try_from(size) {
            Ok(size) if size <= self.max_body => Ok(Some(Header {
                code,
                size,
                length: rest.len() - reader.remaining(),
            })),
            _ => {
                let kind = DecodeErrorKind::TooLarge {
                    what: "body, in bytes,",
                    found: u64::from(size),
                    limit: self.max_body as u64,
                };
                Err(DecodeError::new(at, kind))
            }
        }
    }

    /// Drops what was taken, once that is cheaper than keeping it.
    fn reclaim(&mut self) {
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
            self.taken = 0;
        } else if self.taken > self.buffer.len() / 2 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
    }
}

/// The bytes stay out of logs: a Connect among them holds a secret.
impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("buffered", &self.buffered())
            .field("offset", &self.offset)
            .field("max_body", &self.max_body)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

struct Header {
    code: u32,
    size: usize,
    length: usize,
}

/// A number of the header, or `None` where its end has not arrived.
fn number(reader: &mut Reader<'_>) -> Result<Option<u32>, DecodeError> {
    match reader.varint(HEADER_BITS) {
        // The reader has refused what does not fit.
        Ok(number) => Ok(u32::try_from(number).ok()),
        Err(error) if matches!(error.kind(), DecodeErrorKind::Truncated { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn saturate(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::Framer;
    use crate::wire::DecodeErrorKind;

    type Found = (u32, Vec<u8>, u64);

    fn drain(framer: &mut Framer) -> Vec<Found> {
        let mut found = Vec::new();
        while let Some(frame) = framer.next_frame().unwrap() {
            found.push((frame.code, frame.body.to_vec(), frame.offset));
        }
        found
    }

    /// Keep Alive, an Ok of two bytes, and a message of 200 bytes and a long code.
    fn stream() -> (Vec<u8>, Vec<Found>) {
        let mut bytes = vec![0x05, 0x00, 0x01, 0x02, 0x08, 0x07, 0xac, 0x02, 0xc8, 0x01];
        bytes.extend([0xee; 200]);
        let found = vec![
            (5, vec![], 0),
            (1, vec![0x08, 0x07], 2),
            (300, vec![0xee; 200], 6),
        ];
        (bytes, found)
    }

    #[test]
    fn cut_anywhere_it_is_the_same_stream() {
        let (bytes, expected) = stream();
        for cut in 0..=bytes.len() {
            let mut framer = Framer::new(1000);
            let mut found = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                framer.push(part);
                found.extend(drain(&mut framer));
            }
            assert_eq!(found, expected, "cut at {cut}");
            assert_eq!((framer.buffered(), framer.offset()), (0, 210));
        }
    }

    #[test]
    fn byte_by_byte() {
        let (bytes, expected) = stream();
        let mut framer = Framer::new(1000);
        let mut found = Vec::new();
        for byte in bytes {
            framer.push(&[byte]);
            found.extend(drain(&mut framer));
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_size_over_the_limit_is_refused_with_its_header() {
        let mut framer = Framer::new(10);
        framer.push(&[0x05, 0x00, 0x06, 0x0a]);
        framer.push(&[0; 10]);
        assert_eq!(drain(&mut framer).len(), 2);
        framer.push(&[0x06]);
        assert_eq!(framer.next_frame(), Ok(None));
        framer.push(&[0x0b]);
        let error = framer.next_frame().unwrap_err();
        let kind = DecodeErrorKind::TooLarge {
            what: "body, in bytes,",
            found: 11,
            limit: 10,
        };
        assert_eq!((error.offset(), error.kind()), (15, &kind));
        framer.push(&[0; 100]);
        assert_eq!(framer.next_frame(), Err(error));
        assert_eq!(framer.buffered(), 0);
    }

    #[test]
    fn an_announced_size_takes_no_memory() {
        let mut framer = Framer::new(usize::MAX);
        framer.push(&[0x06, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(framer.next_frame(), Ok(None));
        assert!(framer.buffer.capacity() < 100);
    }

    #[test]
    fn an_endless_varint_is_refused_after_five_bytes() {
        let mut framer = Framer::new(10);
        framer.push(&[0x80; 4]);
        assert_eq!(framer.next_frame(), Ok(None));
        framer.push(&[0x80]);
        let error = framer.next_frame().unwrap_err();
        assert_eq!((error.offset(), error.class()), (0, "varint-overflow"));

        let mut framer = Framer::new(10);
        framer.push(&[0x06, 0xff, 0xff, 0xff, 0xff, 0x1f]);
        let error = framer.next_frame().unwrap_err();
        assert_eq!((error.offset(), error.class()), (1, "varint-overflow"));
    }

    #[test]
    fn one_large_message_does_not_keep_its_memory() {
        let mut framer = Framer::new(1 << 20);
        framer.push(&[0x06, 0x80, 0x80, 0x20]);
        framer.push(&vec![0; 1 << 19]);
        assert_eq!(drain(&mut framer).len(), 1);
        framer.push(&[0x05]);
        assert!(framer.buffer.capacity() < 1 << 16);
    }
}

//! The fields of a key-value body as they stand there, known or not.

use super::{DecodeError, Encoding, KeyLayout, Reader};

/// One field of a body, unread: what is kept of a field that nobody knows, so
/// that it can be forwarded byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawField<'a> {
    /// Field identifier.
    pub field: u32,
    /// Wire type.
    pub wire: u32,
    /// Whether its identifier is one of those that the reader knows.
    pub is_known: bool,
    /// Where its key stands.
    pub offset: usize,
    /// Its key and its value, as they came.
    pub bytes: &'a [u8],
}

/// The fields of a body, in their order, from [`KeyLayout::fields`].
///
/// After an error there are no more.
#[derive(Debug, Clone)]
pub struct Fields<'l, 'a> {
    layout: &'l KeyLayout,
    reader: Reader<'a>,
    encoding: Encoding,
    known: &'l [u32],
}

impl KeyLayout {
    /// The fields of a body, which is all that is left of `reader`. Those whose
    /// identifiers are among `known` are marked so.
    ///
    /// One after the other, their bytes are the body.
    #[must_use]
    pub const fn fields<'l, 'a>(
        &'l self,
        reader: Reader<'a>,
        encoding: Encoding,
        known: &'l [u32],
    ) -> Fields<'l, 'a> {
        Fields {
            layout: self,
            reader,
            encoding,
            known,
        }
    }
}

impl<'a> Fields<'_, 'a> {
    fn read(&mut self) -> Result<RawField<'a>, DecodeError> {
        let (offset, before) = (self.reader.offset(), self.reader.clone());
        let key = self.layout.read_key(&mut self.reader)?;
        self.layout
            .skip(&mut self.reader, key, offset, self.encoding)?;
        let size = before.remaining() - self.reader.remaining();
        let (field, wire) = self.layout.split(key);
        Ok(RawField {
            field,
            wire,
            is_known: self.known.contains(&field),
            offset,
            bytes: before.rest().get(..size).unwrap_or_default(),
        })
    }
}

impl<'a> Iterator for Fields<'_, 'a> {
    type Item = Result<RawField<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.reader = Reader::at(&[], self.reader.offset());
        }
        Some(read)
    }
}

//! A cursor that names every byte that it passes.

use iotmp_spec::model::IntEncoding;

use crate::path;

use super::{Annotation, Class, Refusal};

/// Walks bytes from front to back, keeps the way down to where it is, and notes
/// what each run of bytes was.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    input: &'a [u8],
    at: usize,
    /// Where the part that is being read ends; never behind the input.
    end: usize,
    path: String,
    /// Containers that the cursor stands in.
    depth: usize,
    max_depth: usize,
    notes: Vec<Annotation>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(input: &'a [u8], max_depth: usize) -> Self {
        Self {
            input,
            at: 0,
            end: input.len(),
            path: String::new(),
            depth: 0,
            max_depth,
            notes: Vec::new(),
        }
    }

    pub(super) fn into_notes(self) -> Vec<Annotation> {
        self.notes
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// All that is left of the part, without passing it.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..self.end).unwrap_or_default()
    }

    /// Runs `read` below a step of the path.
    pub(super) fn below<T>(
        &mut self,
        push: impl FnOnce(&mut String) -> usize,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mark = push(&mut self.path);
        let result = read(self);
        self.path.truncate(mark);
        result
    }

    pub(super) fn in_index<T>(
        &mut self,
        index: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.below(|at| path::push_index(at, index), read)
    }

    pub(super) fn in_key<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.below(|at| path::push_key(at, key), read)
    }

    pub(super) fn in_name<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.below(|at| path::push_name(at, name), read)
    }

    /// Runs `read` on the next `size` bytes alone; what it leaves of them is passed.
    pub(super) fn within<T>(
        &mut self,
        size: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let outer = self.end;
        self.end = self.at.saturating_add(size).min(outer);
        let result = read(self);
        if result.is_ok() {
            self.at = self.end;
        }
        self.end = outer;
        result
    }

    /// Runs `read` one container deeper.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Refuses the container that began at `start` where it is one too many.
    pub(super) fn check_depth(&self, start: usize) -> Result<(), Refusal> {
        if self.depth < self.max_depth {
            return Ok(());
        }
        let detail = format!("nested deeper than {} levels", self.max_depth);
        Err(self.refuse(Class::Depth, start, detail))
    }

    /// How many containers may still be opened.
    pub(super) fn levels_left(&self) -> usize {
        self.max_depth.saturating_sub(self.depth)
    }

    pub(super) fn refuse(&self, class: Class, offset: usize, detail: impl Into<String>) -> Refusal {
        Refusal::new(class, offset, self.path.as_str(), detail)
    }

    /// What stands here needs `needed` bytes, or more, but there are fewer.
    pub(super) fn truncated(&self, what: &str, needed: impl core::fmt::Display) -> Refusal {
        let left = match self.left() {
            0 => "no bytes are left".to_owned(),
            1 => "only 1 byte is left".to_owned(),
            left => format!("only {left} bytes are left"),
        };
        let detail = format!("{what} of {needed}, but {left}");
        self.refuse(Class::Truncated, self.at, detail)
    }

    /// Notes what the bytes from `start` up to here were.
    pub(super) fn note(&mut self, start: usize, label: &'static str, value: impl Into<String>) {
        let length = self.at.saturating_sub(start);
        if length > 0 {
            self.notes.push(Annotation {
                offset: start,
                length,
                path: self.path.clone(),
                label,
                value: value.into(),
            });
        }
    }

    /// Passes one byte.
    pub(super) fn byte(&mut self, what: &str) -> Result<u8, Refusal> {
        match self.rest().first() {
            Some(byte) => {
                self.at += 1;
                Ok(*byte)
            }
            None => Err(self.truncated(what, "1 byte")),
        }
    }

    /// Passes `size` bytes.
    pub(super) fn take(&mut self, size: u64, what: &str) -> Result<&'a [u8], Refusal> {
        let fits = usize::try_from(size)
            .ok()
            .and_then(|size| self.rest().get(..size));
        match fits {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None => Err(self.truncated(what, bytes(size))),
        }
    }

    /// Passes eight or four bytes.
    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Refusal> {
        match self.rest().first_chunk::<N>() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.truncated(what, bytes(N))),
        }
    }

    /// Passes a number of at most `bits` bits. Numbers narrower than 32 bits
    /// are read as 32-bit ones first, so that what is too long and what is too
    /// large are told apart.
    pub(super) fn varint(&mut self, bits: u32, what: &str) -> Result<u64, Refusal> {
        let start = self.at;
        let width: u32 = if bits > 32 { 64 } else { 32 };
        let most = width.div_ceil(7) as usize;
        let mut value = 0_u128;
        for (index, byte) in self.rest().iter().enumerate() {
            value |= u128::from(byte & 0x7f) << (7 * index);
            let last = byte & 0x80 == 0;
            if value >> width != 0 || (index + 1 == most && !last) {
                let detail = format!("{what} does not fit {width} bits");
                return Err(self.refuse(Class::VarintOverflow, start, detail));
            }
            if last {
                if value >> bits != 0 {
                    let max = (1_u128 << bits) - 1;
                    let detail = format!("{what} {value}, but at most {max} is allowed");
                    return Err(self.refuse(Class::Range, start, detail));
                }
                self.at += index + 1;
                // At most 64 bits, as checked.
                return Ok(value as u64);
            }
        }
        let needed = bytes(self.left() + 1);
        Err(self.truncated(what, format_args!("at least {needed}")))
    }

    /// Passes a number.
    pub(super) fn number(&mut self, encoding: IntEncoding, what: &str) -> Result<u64, Refusal> {
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match encoding {
            IntEncoding::Varint(bits) => self.varint(bits.into(), what),
            IntEncoding::BigEndian(width) => {
                Ok(self.take(width.into(), what)?.iter().fold(0, fold))
            }
            IntEncoding::LittleEndian(width) => {
                Ok(self.take(width.into(), what)?.iter().rev().fold(0, fold))
            }
        }
    }

    /// Passes `size` bytes of text and notes them.
    pub(super) fn text(&mut self, size: u64, what: &'static str) -> Result<&'a str, Refusal> {
        let start = self.at;
        let taken = self.take(size, what)?;
        match core::str::from_utf8(taken) {
            Ok(text) => {
                self.note(start, what, quoted(text));
                Ok(text)
            }
            Err(error) => {
                let good = error.valid_up_to();
                self.at = start + good;
                let before = taken.get(..good).unwrap_or_default();
                self.note(start, what, quoted(&String::from_utf8_lossy(before)));
                let detail = format!("{what} is not UTF-8");
                Err(self.refuse(Class::Utf8, start + good, detail))
            }
        }
    }
}

/// A number of bytes in words.
pub(super) fn bytes(count: impl TryInto<u64>) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    }
}

/// Most characters of a text or value that are shown.
const SHOWN_CHARS: usize = 48;

/// Text as it is shown: escaped, and cut where it is long.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{rest}")
}

/// A value as it is shown: cut where it is long.
pub(super) fn cut(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown}{rest}")
}

#[cfg(test)]
mod tests {
    use super::{Class, Walk};

    fn varint(bytes: &[u8], bits: u32) -> Result<u64, Class> {
        let mut walk = Walk::new(bytes, 0);
        let result = walk.varint(bits, "number").map_err(|refusal| refusal.class);
        let passed = if result.is_ok() { bytes.len() } else { 0 };
        assert_eq!(walk.at(), passed);
        result
    }

    #[test]
    fn varints_within_their_width() {
        assert_eq!(varint(&[0x00], 16), Ok(0));
        assert_eq!(varint(&[0xac, 0x02], 16), Ok(300));
        assert_eq!(varint(&[0xff, 0xff, 0x03], 16), Ok(65535));
        assert_eq!(varint(&[0x80, 0x80, 0x80, 0x80, 0x00], 16), Ok(0));
        assert_eq!(
            varint(&[0xff, 0xff, 0xff, 0xff, 0x0f], 32),
            Ok(u32::MAX.into())
        );
        let mut largest = [0xff; 10];
        largest[9] = 1;
        assert_eq!(varint(&largest, 64), Ok(u64::MAX));
    }

    #[test]
    fn varints_out_of_their_width() {
        assert_eq!(varint(&[], 16), Err(Class::Truncated));
        assert_eq!(varint(&[0x80; 4], 16), Err(Class::Truncated));
        assert_eq!(varint(&[0x80; 5], 16), Err(Class::VarintOverflow));
        assert_eq!(varint(&[0x80, 0x80, 0x04], 16), Err(Class::Range));
        assert_eq!(
            varint(&[0xff, 0xff, 0xff, 0xff, 0x1f], 16),
            Err(Class::VarintOverflow)
        );
        assert_eq!(varint(&[0x80; 9], 64), Err(Class::Truncated));
        assert_eq!(varint(&[0x80; 10], 64), Err(Class::VarintOverflow));
        let mut beyond = [0xff; 10];
        beyond[9] = 2;
        assert_eq!(varint(&beyond, 64), Err(Class::VarintOverflow));
    }
}

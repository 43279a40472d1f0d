//! A value that stays in the bytes where it was received, with a list of where
//! its parts stand.

use alloc::vec::Vec;
use core::fmt;

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

use super::head::{Depth, Head};
use super::{Generation, Integer, Kind, MAX_DEPTH, Value, View, read, scan};

/// Where one value of a [`Tape`] stands. Its user keeps an array or a `Vec` of
/// them, and has no business with what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Offset of the key, in a map.
    key: u32,
    /// Offset of the tag.
    at: u32,
    /// Index of the node behind the value and all that is inside of it.
    next: u32,
}

/// A checked value that was read in one pass into a flat list of [`Node`]s,
/// which its user reuses from one value to the next: no memory is taken once the
/// list is long enough.
///
/// A [`View`] finds a part by walking over all before it, inside of which it
/// walks as well; a tape steps over these.
///
/// ```
/// use iotmp_ref::pson::{Generation, Item, Tape};
///
/// let mut nodes = Vec::new();
/// let bytes = [0xc1, 0x81, b'a', 0xe2, 0x01, 0x02];
/// let tape = Tape::read(Generation::Two, &bytes, &mut nodes)?;
/// let second = tape.root().get("a").and_then(|a| a.at(1));
/// assert_eq!(second.and_then(Item::as_u64), Some(2));
/// # Ok::<(), iotmp_ref::wire::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Tape<'t, 'a> {
    generation: Generation,
    bytes: &'a [u8],
    nodes: &'t [Node],
}

impl<'t, 'a> Tape<'t, 'a> {
    /// Reads the one value that `bytes` hold; `nodes` are cleared before and
    /// grow as needed.
    ///
    /// # Errors
    ///
    /// Those of [`Generation::decode`], and `too-large` beyond 4 GiB.
    pub fn read(
        generation: Generation,
        bytes: &'a [u8],
        nodes: &'t mut Vec<Node>,
    ) -> Result<Self, DecodeError> {
        let (tape, taken) = Self::read_first(generation, bytes, nodes)?;
        match bytes.get(taken..) {
            None | Some([]) => Ok(tape),
            Some(rest) => Err(trailing(taken, rest.len())),
        }
    }

    /// Reads the value that `bytes` begin with, whatever is behind it: the tape,
    /// and how many bytes the value took. A payload in the middle of a message
    /// needs no pass before that finds its end.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), but `trailing-bytes`.
    #[inline]
    pub fn read_first(
        generation: Generation,
        bytes: &'a [u8],
        nodes: &'t mut Vec<Node>,
    ) -> Result<(Self, usize), DecodeError> {
        nodes.clear();
        let left = pass(generation, bytes, &mut Growing(nodes))?;
        let taken = bytes.len() - left.unwrap_or(0);
        let bytes = bytes.get(..taken).unwrap_or(bytes);
        let tape = Self {
            generation,
            bytes,
            nodes,
        };
        Ok((tape, taken))
    }

    /// Reads the one value that `bytes` hold into a list that does not grow: one
    /// node for each value, those inside of others included.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and `too-large` where there are more
    /// values than nodes.
    pub fn read_into(
        generation: Generation,
        bytes: &'a [u8],
        nodes: &'t mut [Node],
    ) -> Result<Self, DecodeError> {
        let limit = nodes.len();
        let mut fixed = Fixed { nodes, used: 0 };
        let passed = pass(generation, bytes, &mut fixed);
        let Fixed { nodes, used } = fixed;
        let Some(left) = passed? else {
            let kind = DecodeErrorKind::TooLarge {
                what: "the number of values",
                found: limit as u64 + 1,
                limit: limit as u64,
            };
            return Err(DecodeError::new(0, kind));
        };
        if left != 0 {
            return Err(trailing(bytes.len() - left, left));
        }
        Ok(Self {
            generation,
            bytes,
            nodes: nodes.get(..used).unwrap_or_default(),
        })
    }

    /// The whole value.
    #[inline]
    pub const fn root(self) -> Item<'t, 'a> {
        Item {
            tape: self,
            index: 0,
        }
    }

    /// How many values there are, those inside of others included.
    #[inline]
    pub const fn len(self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no value, which is never so.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.nodes.is_empty()
    }
}

impl fmt::Debug for Tape<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

/// Reads the value that `bytes` begin with: how many bytes are behind it, or none
/// where the nodes are too few for a good value.
#[inline]
fn pass<P: scan::Parts>(
    generation: Generation,
    bytes: &[u8],
    parts: &mut P,
) -> Result<Option<usize>, DecodeError> {
    if u32::try_from(bytes.len()).is_err() {
        let kind = DecodeErrorKind::TooLarge {
            what: "the value, in bytes,",
            found: bytes.len() as u64,
            limit: u32::MAX.into(),
        };
        return Err(DecodeError::new(0, kind));
    }
    match scan::value(generation, bytes, MAX_DEPTH, parts) {
        Some(rest) => Ok(Some(rest.len())),
        None => explain(generation, bytes).map(|()| None),
    }
}

#[cold]
fn explain(generation: Generation, bytes: &[u8]) -> Result<(), DecodeError> {
    let mut reader = Reader::new(bytes);
    read::skip(generation, &mut reader, Depth::new(MAX_DEPTH))
}

#[cold]
fn trailing(at: usize, count: usize) -> DecodeError {
    DecodeError::new(at, DecodeErrorKind::TrailingBytes { count })
}

struct Growing<'n>(&'n mut Vec<Node>);

// Offsets and indices are at most the number of bytes, which fits 32 bits.
impl scan::Parts for Growing<'_> {
    type Mark = usize;

    #[inline(always)]
    fn open(&mut self, key: usize, at: usize) -> Option<usize> {
        let index = self.0.len();
        self.0.push(Node {
            key: key as u32,
            at: at as u32,
            next: index as u32 + 1,
        });
        Some(index)
    }

    #[inline(always)]
    fn close(&mut self, mark: usize) {
        let next = self.0.len() as u32;
        if let Some(node) = self.0.get_mut(mark) {
            node.next = next;
        }
    }
}

struct Fixed<'n> {
    nodes: &'n mut [Node],
    used: usize,
}

impl scan::Parts for Fixed<'_> {
    type Mark = usize;

    #[inline(always)]
    fn open(&mut self, key: usize, at: usize) -> Option<usize> {
        let index = self.used;
        *self.nodes.get_mut(index)? = Node {
            key: key as u32,
            at: at as u32,
            next: index as u32 + 1,
        };
        self.used = index + 1;
        Some(index)
    }

    #[inline(always)]
    fn close(&mut self, mark: usize) {
        if let Some(node) = self.nodes.get_mut(mark) {
            node.next = self.used as u32;
        }
    }
}

/// A value of a [`Tape`].
#[derive(Clone, Copy)]
pub struct Item<'t, 'a> {
    tape: Tape<'t, 'a>,
    index: usize,
}

impl<'t, 'a> Item<'t, 'a> {
    #[inline]
    fn node(self) -> Node {
        self.tape.nodes.get(self.index).copied().unwrap_or_default()
    }

    #[inline]
    fn behind(self, offset: u32) -> Reader<'a> {
        let rest = self.tape.bytes.get(offset as usize..);
        Reader::new(rest.unwrap_or_default())
    }

    #[inline]
    fn head(self) -> Head<'a> {
        let head = self.tape.generation.head(&mut self.behind(self.node().at));
        // Checked when the tape was made.
        head.unwrap_or(Head::Null)
    }

    /// What sort of value it is.
    pub fn kind(self) -> Kind {
        self.head().kind()
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        matches!(self.head(), Head::Null)
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.head() {
            Head::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is one or a float without a fraction.
    pub fn as_integer(self) -> Option<Integer> {
        match self.head() {
            Head::Integer(value) => Some(value),
            Head::Float(value) => Integer::from_f64(value),
            _ => None,
        }
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_i64(self) -> Option<i64> {
        self.as_integer()?.try_into().ok()
    }

    /// As [`as_integer`](Self::as_integer), if it fits.
    pub fn as_u64(self) -> Option<u64> {
        self.as_integer()?.try_into().ok()
    }

    /// The number, if it is one; an integer beyond 2^53 is rounded.
    pub fn as_f64(self) -> Option<f64> {
        match self.head() {
            Head::Integer(value) => Some(value.to_f64()),
            Head::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self.head() {
            Head::String(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self.head() {
            Head::Bytes(value) => Some(value),
            _ => None,
        }
    }

    fn inside(self) -> Inside<'t, 'a> {
        Inside {
            tape: self.tape,
            index: self.index + 1,
            end: self.node().next as usize,
        }
    }

    /// The elements, if it is an array.
    pub fn elements(self) -> Option<Items<'t, 'a>> {
        (self.kind() == Kind::Array).then(|| Items(self.inside()))
    }

    /// The pairs in the order of the wire, if it is a map.
    pub fn pairs(self) -> Option<Entries<'t, 'a>> {
        (self.kind() == Kind::Map).then(|| Entries(self.inside()))
    }

    /// The last value of `key`, if it is a map that has one.
    pub fn get(self, key: &str) -> Option<Self> {
        let pairs = self.pairs()?.filter(|(name, _)| *name == key);
        pairs.last().map(|(_, item)| item)
    }

    /// The element `index`, if it is an array that long.
    pub fn at(self, index: usize) -> Option<Self> {
        self.elements()?.nth(index)
    }

    /// The value alone, with its bytes.
    pub fn view(self) -> View<'a> {
        let mut reader = self.behind(self.node().at);
        let start = reader.rest();
        let _ = read::skip(self.tape.generation, &mut reader, Depth::new(usize::MAX));
        let len = start.len() - reader.remaining();
        View::checked(self.tape.generation, start.get(..len).unwrap_or_default())
    }

    /// A copy that owns its parts.
    pub fn to_value(self) -> Value {
        self.view().to_value()
    }
}

impl fmt::Debug for Item<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

/// The nodes inside of a container.
#[derive(Clone)]
struct Inside<'t, 'a> {
    tape: Tape<'t, 'a>,
    index: usize,
    end: usize,
}

impl<'t, 'a> Iterator for Inside<'t, 'a> {
    type Item = Item<'t, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'t, 'a>> {
        if self.index >= self.end {
            return None;
        }
        let item = Item {
            tape: self.tape,
            index: self.index,
        };
        self.index = item.node().next as usize;
        Some(item)
    }
}

/// The elements of an array of a [`Tape`].
#[derive(Clone)]
pub struct Items<'t, 'a>(Inside<'t, 'a>);

impl<'t, 'a> Iterator for Items<'t, 'a> {
    type Item = Item<'t, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'t, 'a>> {
        self.0.next()
    }
}

impl fmt::Debug for Items<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The pairs of a map of a [`Tape`].
#[derive(Clone)]
pub struct Entries<'t, 'a>(Inside<'t, 'a>);

impl<'t, 'a> Iterator for Entries<'t, 'a> {
    type Item = (&'a str, Item<'t, 'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.0.next()?;
        let key = item.tape.generation.key(&mut item.behind(item.node().key));
        // Checked when the tape was made.
        Some((key.unwrap_or_default(), item))
    }
}

impl fmt::Debug for Entries<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

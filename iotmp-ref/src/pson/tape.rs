//! A value that stays in the bytes where it was received, with a list of where
//! its parts stand.

mod item;

use alloc::vec::Vec;
use core::fmt;

use crate::wire::{DecodeError, DecodeErrorKind, Reader};

use super::head::Depth;
use super::{Generation, MAX_DEPTH, read, scan};

pub use self::item::{Entries, Item, Items};

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
/// A [`View`](crate::pson::View) finds a part by walking over all before it, inside of which it
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
        Item::new(self, 0)
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

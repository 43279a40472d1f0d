//! Bytes that wait to be sent, and how many there may be.

use alloc::vec::Vec;
use core::fmt;

/// What a drained buffer may keep.
const KEPT_CAPACITY: usize = 16 * 1024;

/// A queue of bytes that never holds more than its limit.
pub(crate) struct Output {
    buffer: Vec<u8>,
    written: usize,
    limit: usize,
}

impl Output {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            written: 0,
            limit,
        }
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        self.buffer.get(self.written..).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.written
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether so much waits that the peer should not make it more.
    pub(crate) fn is_congested(&self) -> bool {
        self.len() > self.limit / 2
    }

    /// Takes all of `bytes`, or says that they do not fit.
    #[must_use]
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > self.limit.saturating_sub(self.len()) {
            return false;
        }
        self.buffer.extend_from_slice(bytes);
        true
    }

    /// Drops the first `count` bytes: the transport has them.
    pub(crate) fn advance(&mut self, count: usize) {
        self.written += count.min(self.len());
        if self.written == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
            self.written = 0;
        } else if self.written > self.buffer.len() / 2 {
            self.buffer.drain(..self.written);
            self.written = 0;
        }
    }
}

/// The bytes stay out of logs: a Connect among them holds a secret.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("waiting", &self.len())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn bounded_and_in_order() {
        let mut output = Output::new(10);
        assert!(output.push(b"12345"));
        assert!(!output.is_congested());
        assert!(!output.push(b"abcdef"));
        assert!(output.push(b"67890"));
        assert!(output.is_congested());
        output.advance(7);
        assert_eq!((output.waiting(), output.len()), (&b"890"[..], 3));
        assert!(output.push(b"abcdefg"));
        output.advance(100);
        assert_eq!(output.waiting(), b"");
    }
}

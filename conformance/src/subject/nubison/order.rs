//! In which order the bytes of the length of Data stand, which no source says.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Offset of the length in Data.
const LENGTH: usize = 33;
/// Types of what a device sends.
const LETTERS: &[u8] = b"LODHR";

/// What one subject was seen to do, on any connection.
#[derive(Debug, Clone, Default)]
pub(in crate::subject) struct Order(Arc<AtomicBool>);

impl Order {
    /// Whether the less significant byte comes first.
    pub(in crate::subject) fn is_little(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says whether the less significant byte comes first.
    pub(super) fn set(&self, is_little: bool) {
        self.0.store(is_little, Ordering::Relaxed);
    }

    /// The Data at the start of `bytes` with its length as the subject has it, or as everybody else does.
    pub(in crate::subject) fn turned(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let is_turned =
            self.is_little() && bytes.first() == Some(&b'D') && bytes.len() > LENGTH + 1;
        is_turned.then(|| {
            let mut bytes = bytes.to_vec();
            bytes.swap(LENGTH, LENGTH + 1);
            bytes
        })
    }

    /// Turns the length of the Data at the start of `bytes`, where only so it is that of what stands
    /// behind it; without knowing of this subject that it counts so, if it `is_late` for more bytes.
    pub(super) fn straighten(&self, bytes: &mut [u8], is_late: bool) -> bool {
        if bytes.first() != Some(&b'D') || !(is_late || self.is_little()) {
            return false;
        }
        let Some(&[first, second]) = bytes.get(LENGTH..LENGTH + 2) else {
            return false;
        };
        let ends = |size: u16| match bytes.get(LENGTH + 2 + usize::from(size)..) {
            Some(rest) => rest.first().is_none_or(|next| LETTERS.contains(next)),
            None => false,
        };
        let length = [first, second];
        if ends(u16::from_be_bytes(length)) || !ends(u16::from_le_bytes(length)) {
            return false;
        }
        bytes.swap(LENGTH, LENGTH + 1);
        self.set(true);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(length: [u8; 2], payload: usize) -> Vec<u8> {
        let head = [b"Dsession1access-token-of-24-bytes".as_slice(), &length].concat();
        [head, vec![7; payload]].concat()
    }

    #[test]
    fn a_length_is_turned_where_only_so_it_is_right() {
        let order = Order::default();
        let mut little = data([12, 0], 12);
        assert!(!order.straighten(&mut little, false));
        assert!(!order.is_little());
        assert!(order.straighten(&mut little, true));
        assert_eq!(little, data([0, 12], 12));
        assert!(order.is_little());
        assert!(order.straighten(&mut data([12, 0], 12), false));
    }

    #[test]
    fn data_is_turned_for_whom_it_has_to_be() {
        let order = Order::default();
        assert_eq!(order.turned(&data([0, 12], 12)), None);
        order.set(true);
        assert_eq!(order.turned(&data([0, 12], 12)), Some(data([12, 0], 12)));
        assert_eq!(order.turned(b"Hsession1"), None);
    }

    #[test]
    fn a_wrong_length_stays() {
        let order = Order::default();
        for (length, payload) in [([0, 14], 12), ([0, 12], 12), ([12, 7], 11)] {
            let mut bytes = data(length, payload);
            assert!(!order.straighten(&mut bytes, true));
            assert_eq!(bytes, data(length, payload));
        }
    }
}

//! Copies of few bytes, for which a call of the platform's copy costs more than
//! the bytes.

/// Copies `from` over `to`, which must be as long; else nothing is copied.
#[inline(always)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    if to.len() != from.len() {
        return;
    }
    // Two copies of a fixed size, which may overlap, cover all lengths between
    // that size and its double.
    if from.len() >= 16 {
        if from.len() > 32 {
            to.copy_from_slice(from);
        } else {
            twice::<16>(to, from);
        }
    } else if !twice::<8>(to, from)
        && !twice::<4>(to, from)
        && !twice::<2>(to, from)
        && let (Some(to), Some(from)) = (to.first_mut(), from.first())
    {
        *to = *from;
    }
}

/// The most bytes that [`short`] copies.
pub(crate) const SHORT: usize = 64;

/// As [`copy`], without a call; longer ones are not copied.
#[inline(always)]
pub(crate) fn short(to: &mut [u8], from: &[u8]) {
    if from.len() > SHORT || to.len() != from.len() {
        return;
    }
    if from.len() > 32 {
        twice::<32>(to, from);
    } else {
        copy(to, from);
    }
}

#[inline(always)]
fn twice<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if let Some(to) = to.first_chunk_mut::<N>() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut::<N>() {
        *to = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{SHORT, copy, short};

    #[test]
    fn every_short_length() {
        let from: [u8; 40] = core::array::from_fn(|index| index as u8 + 1);
        for length in 0..=from.len() {
            let mut to = [0; 40];
            copy(&mut to[..length], &from[..length]);
            assert_eq!(&to[..length], &from[..length]);
            assert!(to[length..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn every_short_length_without_a_call() {
        let from: [u8; SHORT + 1] = core::array::from_fn(|index| index as u8 + 1);
        for length in 0..=SHORT {
            let mut to = [0; SHORT + 1];
            short(&mut to[..length], &from[..length]);
            assert_eq!(&to[..length], &from[..length]);
            assert!(to[length..].iter().all(|byte| *byte == 0));
        }
        let mut to = [0; SHORT + 1];
        short(&mut to, &from);
        assert_eq!(to, [0; SHORT + 1]);
    }
}

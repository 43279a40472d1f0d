//! Smaller bytes: some taken out, with the sizes and counts before them set
//! right, and others made small.

use iotmp_spec::model::Spec;

use super::{Candidate, Input};
use crate::evidence::Reading;
use crate::vector::Kind;

/// Longest input of which every byte before a cut is tried as the size of it.
const MAX_FOR_SIZES: usize = 96;

/// Smaller candidates than one of bytes, the boldest first.
///
/// They are made one by one: all cuts of a large input together are its size squared.
pub(super) fn smaller<'c>(
    spec: &'static Spec,
    candidate: &'c Candidate,
) -> impl Iterator<Item = Candidate> + use<'c> {
    let bytes = candidate.bytes().unwrap_or_default();
    // A message that says its size in one byte has that set right with every cut.
    let reading = Reading::new(&candidate.question(spec), bytes);
    let size_at = reading
        .annotations
        .iter()
        .find(|one| candidate.kind == Kind::Message && one.label == "body size" && one.length == 1)
        .map(|one| one.offset);
    let halved = |width: &usize| Some(width / 2);
    let widths = core::iter::successors(Some(bytes.len()), halved).take_while(|width| *width > 0);
    let places = widths.flat_map(|width| {
        let places = (0..=bytes.len() - width).rev();
        places.map(move |at| (at, width))
    });
    let shorter = places.flat_map(move |(at, width)| cuts(bytes, at, width, size_at));
    let lower = bytes.iter().enumerate().flat_map(move |(at, &byte)| {
        let lower = [0, byte & 0x80, byte >> 1, byte.wrapping_sub(1)];
        let lower = lower.into_iter().filter(move |lower| *lower < byte);
        lower.map(move |lower| {
            let mut lowered = bytes.to_vec();
            if let Some(place) = lowered.get_mut(at) {
                *place = lower;
            }
            lowered
        })
    });
    let inputs = shorter.chain(lower).map(Input::Bytes);
    inputs.map(|input| candidate.with(input))
}

/// The bytes without `width` of them at `at`: as they are, with the size of the
/// message set right, and with any one byte before taken for a size or a count.
fn cuts(bytes: &[u8], at: usize, width: usize, size_at: Option<usize>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut cut = bytes.to_vec();
    cut.drain(at..at + width);
    if cut.is_empty() {
        return found;
    }
    let mut bases = Vec::new();
    if let Some(sized) = size_at
        .filter(|size| *size < at)
        .and_then(|size| lowered(&cut, size, width))
    {
        bases.push(sized);
    }
    bases.push(cut);
    for base in bases {
        if bytes.len() <= MAX_FOR_SIZES {
            for place in (0..at).rev().filter(|place| Some(*place) != size_at) {
                found.extend(lowered(&base, place, 1));
                if width > 1 {
                    found.extend(lowered(&base, place, width));
                }
            }
        }
        found.push(base);
    }
    found
}

/// The bytes with one of them lowered, if it is large enough.
fn lowered(bytes: &[u8], at: usize, by: usize) -> Option<Vec<u8>> {
    let mut lowered = bytes.to_vec();
    let byte = lowered.get_mut(at)?;
    *byte = byte.checked_sub(u8::try_from(by).ok()?)?;
    Some(lowered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;
    use crate::vector::Operation;

    #[test]
    fn cuts_of_a_large_input_are_made_as_they_are_tried() {
        let large = Candidate {
            operation: Operation::Decode,
            kind: Kind::Message,
            encoding: None,
            request: None,
            input: Input::Bytes(vec![0; 1 << 20]),
            is_exact: false,
        };
        let spec = specs::by_name(specs::DEFAULT).unwrap();
        // All of them together are more than a machine has memory for.
        assert_eq!(smaller(spec, &large).take(9).count(), 9);
    }
}

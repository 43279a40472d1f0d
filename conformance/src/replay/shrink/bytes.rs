//! Smaller bytes: some taken out, with the sizes and counts before them set
//! right, and others made small.

use iotmp_spec::model::Spec;

use super::{Candidate, Input};
use crate::evidence::Reading;
use crate::vector::Kind;

/// Longest input of which every byte before a cut is tried as the size of it.
const MAX_FOR_SIZES: usize = 96;

/// Smaller candidates than one of bytes, the boldest first.
pub(super) fn smaller(spec: &'static Spec, candidate: &Candidate) -> Vec<Candidate> {
    let Some(bytes) = candidate.bytes() else {
        return Vec::new();
    };
    // A message that says its size in one byte has that set right with every cut.
    let reading = Reading::new(&candidate.question(spec), bytes);
    let size_at = reading
        .annotations
        .iter()
        .find(|one| candidate.kind == Kind::Message && one.label == "body size" && one.length == 1)
        .map(|one| one.offset);
    let mut found = Vec::new();
    let mut width = bytes.len();
    while width > 0 {
        for at in (0..=bytes.len() - width).rev() {
            cuts(bytes, at, width, size_at, &mut found);
        }
        width /= 2;
    }
    for (at, &byte) in bytes.iter().enumerate() {
        for lower in [0, byte & 0x80, byte >> 1, byte.wrapping_sub(1)] {
            if lower < byte {
                let mut lowered = bytes.to_vec();
                if let Some(place) = lowered.get_mut(at) {
                    *place = lower;
                }
                found.push(lowered);
            }
        }
    }
    let inputs = found.into_iter().map(Input::Bytes);
    inputs.map(|input| candidate.with(input)).collect()
}

/// The bytes without `width` of them at `at`: as they are, with the size of the
/// message set right, and with any one byte before taken for a size or a count.
fn cuts(bytes: &[u8], at: usize, width: usize, size_at: Option<usize>, found: &mut Vec<Vec<u8>>) {
    let mut cut = bytes.to_vec();
    cut.drain(at..at + width);
    if cut.is_empty() {
        return;
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
}

/// The bytes with one of them lowered, if it is large enough.
fn lowered(bytes: &[u8], at: usize, by: usize) -> Option<Vec<u8>> {
    let mut lowered = bytes.to_vec();
    let byte = lowered.get_mut(at)?;
    *byte = byte.checked_sub(u8::try_from(by).ok()?)?;
    Some(lowered)
}

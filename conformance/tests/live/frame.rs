//! Where a message ends, for the small peers.

/// A number of seven bits a byte, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(5).position(|byte| *byte < 0x80)?;
    let groups = bytes.iter().take(end + 1).enumerate();
    let number = groups.fold(0, |number, (at, byte)| {
        number | u64::from(byte & 0x7f) << (7 * at)
    });
    Some((number, &bytes[end + 1..]))
}

/// The start of a byte stream.
pub(crate) enum Frame {
    /// A message of so many bytes.
    Whole(usize),
    /// The beginning of one.
    Partial,
    /// More than anybody takes, or nothing at all.
    Huge,
}

pub(crate) fn frame(bytes: &[u8], max_body: u64) -> Frame {
    let Some((size, rest)) = varint(bytes).and_then(|(_, rest)| varint(rest)) else {
        return if bytes.len() < 10 {
            Frame::Partial
        } else {
            Frame::Huge
        };
    };
    let whole = bytes.len() - rest.len() + usize::try_from(size).unwrap();
    match size {
        _ if size > max_body => Frame::Huge,
        _ if whole > bytes.len() => Frame::Partial,
        _ => Frame::Whole(whole),
    }
}

//! Numbers of closed enums, which are no others than those with a name.

use crate::wire::EncodeError;

/// Whether a number is one of those that its field can hold.
#[inline(always)]
#[must_use]
pub fn is_one_of(number: u64, expected: &[u64]) -> bool {
    expected.contains(&number)
}

/// Refuses to write a number that its field cannot hold.
///
/// # Errors
/// [`EncodeError::Constant`].
#[inline]
pub fn one_of(
    found: u64,
    expected: &'static [u64],
    field: &'static str,
) -> Result<(), EncodeError> {
    if is_one_of(found, expected) {
        return Ok(());
    }
    Err(EncodeError::Constant {
        field,
        found,
        expected,
    })
}

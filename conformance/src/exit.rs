//! Exit codes of the program. Scripts depend on them.

/// Everything that was asked for is kept.
pub const CONFORMANT: u8 = 0;
/// Something failed.
pub const FAILED: u8 = 1;
/// The command was used wrongly.
pub const USAGE: u8 = 2;
/// The subject could not be reached, or died.
pub const UNREACHABLE: u8 = 3;
/// Nothing failed, but a MUST clause stayed untested.
pub const UNTESTED: u8 = 4;

//! How a connection is established, and refused.

use crate::case::{CASE, Case, SERVER};

pub(super) const CASES: &[Case] = &[];

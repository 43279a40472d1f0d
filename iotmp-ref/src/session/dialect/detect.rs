//! Telling the revision of a device from its first message.

use core::cmp::Reverse;

use super::super::connect::three_strings;
use super::{Dialect, Kind};
use crate::wire::Reader;

/// How well a first message fits a revision; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is a Connect by its code alone.
    Code,
    /// It can be read.
    Readable {
        /// How many fields it has that the revision does not know. A field of
        /// its own says more than what stands in it.
        unknown_fields: Reverse<usize>,
        /// Whether it does not contradict itself and authenticates.
        is_sound: bool,
    },
}

/// The revision under which `body` is the best Connect, of several equals the
/// first among `candidates`; `None` where it is a Connect under none of them.
///
/// # What the bytes tell
///
/// - **2020** has a code of its own for Connect, which no other revision
///   has for it: always told.
/// - **Shipping** writes values under wire type 2 in PSON generation 2. In 2025
///   that type is reserved, and in 2023 it is JSON behind a size, as which no
///   array of three strings in PSON can be read: always told.
/// - **2025** with a map of parameters is told from 2023, where the same
///   field is a number, and so is 2025 in PSON generation 2, which is
///   no generation 1.
/// - **2023** is told from 2025 by a field of its own (authentication
///   type, keep alive, encoding or version), and by a payload under wire type 2
///   or 7.
///
/// # What they do not tell
///
/// **2023 or 2025:** where a device asks for nothing that is not the default, its
/// Connect is a stream identifier and three strings in PSON generation 1 under
/// either: the same bytes. The one that stands first among `candidates` is
/// assumed; in [`ALL`](super::ALL) that is 2025. A device of the other one is
/// let in, but finds no resource in what it is asked, as that is in another
/// field, and answers by Error. Where such devices dial, name the revision
/// rather than have it told, or let them send the default keep alive.
///
/// Nor does a Connect that is malformed under every revision tell anything: the
/// first candidate that has its code speaks the refusal.
#[must_use]
pub fn detect(
    candidates: &[&'static dyn Dialect],
    code: u32,
    body: &Reader<'_>,
) -> Option<&'static dyn Dialect> {
    let mut best: Option<(Fit, &'static dyn Dialect)> = None;
    for &dialect in candidates {
        let Some(fit) = fit(dialect, code, body) else {
            continue;
        };
        if best.is_none_or(|(other, _)| fit > other) {
            best = Some((fit, dialect));
        }
    }
    best.map(|(_, dialect)| dialect)
}

fn fit(dialect: &dyn Dialect, code: u32, body: &Reader<'_>) -> Option<Fit> {
    if dialect.kind(code) != Kind::Connect {
        return None;
    }
    let Ok(introduction) = dialect.decode_connect(body) else {
        return Some(Fit::Code);
    };
    let connect = introduction.connect;
    let is_by_credentials = connect.auth_type == dialect.constants().auth_credentials;
    let authenticates = !is_by_credentials || three_strings(connect.payload).is_some();
    Some(Fit::Readable {
        unknown_fields: Reverse(introduction.unknown_fields),
        is_sound: introduction.negotiated.is_ok() && authenticates,
    })
}

//! What one message by itself shows of how it was written, for whoever reads it in passing.

use super::judge::values;
use super::message::Passed;
use super::rule::{self, Rule};
use crate::case::Role;
use crate::codec::Codec;
use crate::family;

/// What a message may do in more than one way, of which one is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Floats are no longer than they need to be.
    Floats,
    /// Small numbers stand in the tag.
    SmallNumbers,
    /// Integers that are whole fields are varints.
    BareIntegers,
    /// The keys of maps are sorted.
    SortedKeys,
}

impl Written {
    fn covers(self, rule: &Rule) -> bool {
        let rules: &[&Rule] = match self {
            Self::Floats => &[&rule::PSON1_FLOAT, &rule::PSON2_FLOAT],
            Self::SmallNumbers => &[&rule::PSON2_SHORT],
            Self::BareIntegers => &[&rule::BARE_INTEGER],
            Self::SortedKeys => &[&rule::SORTED_KEYS],
        };
        rules.iter().any(|known| known.slug == rule.slug)
    }
}

fn looked_at(codec: Codec<'static>, from: Role, bytes: &[u8]) -> values::Shown {
    let passed = Passed::read(codec, from, (0, 0, 0), bytes.to_vec());
    values::look(codec.spec(), codec.encoding_in_force(), &passed)
}

/// What was expected and what came instead, where a message is not written as it should be.
pub(crate) fn written_wrong(
    codec: Codec<'static>,
    from: Role,
    bytes: &[u8],
    what: Written,
) -> Option<(String, String)> {
    let mut broken = looked_at(codec, from, bytes).broken.into_iter();
    let first = broken.find(|broken| what.covers(broken.rule))?;
    Some((first.expected, first.got))
}

/// The clause that a message breaks which cannot be read, as cases name it.
pub(crate) fn unreadable(codec: Codec<'static>, from: Role, bytes: &[u8]) -> Option<&'static str> {
    // The fault that ended the reading is found last.
    let last = looked_at(codec, from, bytes).broken.pop()?;
    let mut clauses = last.rule.clauses.iter().copied();
    clauses.find(|id| family::clause(codec.spec(), id).is_some())
}

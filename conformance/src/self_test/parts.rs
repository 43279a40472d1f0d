//! One run out of several: results that come from different peers, put together.

use crate::case::{Case, Role};
use crate::report::CaseResult;
use crate::runner::Finished;
use crate::verdict::Kind;

/// The cases that were skipped.
pub(super) fn skipped(
    finished: &Finished,
    cases: &[&'static Case],
    role: Role,
) -> Vec<&'static Case> {
    let is_skipped = |case: &&Case| {
        let id = case.id(role);
        let mut results = finished.results.iter();
        results.any(|result| result.id == id && result.verdict.kind() == Kind::Skip)
    };
    cases.iter().copied().filter(is_skipped).collect()
}

/// One run of what ran in parts, with its results in the order of the plan.
pub(super) fn in_order<const N: usize>(
    cases: &[&'static Case],
    role: Role,
    parts: [Finished; N],
) -> Finished {
    let mut whole = Finished::default();
    for part in parts {
        whole.results.extend(part.results);
        whole.gone = whole.gone.or(part.gone);
        whole.notes.extend(part.notes);
    }
    whole.results.sort_by_cached_key(|result| {
        let place = |case: &&Case| case.id(role) == result.id;
        cases.iter().position(place)
    });
    whole
}

/// Puts verdicts in the place of skips; the first one that says something stays.
pub(super) fn fill_in(finished: &mut Finished, others: Finished) {
    for result in others.results {
        let says_something = matches!(result.verdict.kind(), Kind::Pass | Kind::Info | Kind::Fail);
        let is_open =
            |old: &&mut CaseResult| old.id == result.id && old.verdict.kind() == Kind::Skip;
        let place = finished.results.iter_mut().find(is_open);
        if let (true, Some(place)) = (says_something, place) {
            *place = result;
        }
    }
}

/// Puts failures, and what came to no verdict, in the place of what passed elsewhere.
pub(super) fn add_broken(finished: &mut Finished, others: Finished) {
    for result in others.results {
        let is_broken = matches!(result.verdict.kind(), Kind::Fail | Kind::Inconclusive);
        let place = finished.results.iter_mut().find(|old| old.id == result.id);
        if let (true, Some(place)) = (is_broken, place) {
            *place = result;
        }
    }
}

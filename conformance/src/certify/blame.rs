//! Which of its clauses a failed vector breaks.
//!
//! A vector proves several clauses at once, and one mistake of a codec fails
//! many vectors. Of a failed vector that clause is blamed which fails most of
//! the vectors that prove it: a codec that gets floats wrong fails some of the
//! messages that carry one, but all of the floats.

use std::collections::BTreeMap;

use crate::report::CaseResult;
use crate::verdict::{Kind, Verdict};

/// How the vectors of one clause went.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    failed: usize,
    passed: usize,
}

/// Names the clause of every failure for which `open` holds.
pub(super) fn assign(cases: &mut [CaseResult], open: &[bool]) {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for (case, open) in cases.iter().zip(open) {
        for clause in &case.clauses {
            let count = counts.entry(clause.clone()).or_default();
            match case.verdict.kind() {
                Kind::Fail if *open => count.failed += 1,
                Kind::Pass => count.passed += 1,
                _ => {}
            }
        }
    }
    let mut left: Vec<&mut CaseResult> = cases
        .iter_mut()
        .zip(open)
        .filter(|(_, open)| **open)
        .map(|(case, _)| case)
        .collect();
    while let Some(worst) = worst(&left, &counts) {
        left.retain_mut(|case| {
            let claims = case.clauses.contains(&worst);
            if claims && let Verdict::Fail(failure) = &mut case.verdict {
                failure.clause = Some(worst.clone());
            }
            !claims
        });
    }
}

/// The clause that fails the largest part of its vectors, and of equals the one
/// that explains most of those that are left.
fn worst(left: &[&mut CaseResult], counts: &BTreeMap<String, Count>) -> Option<String> {
    let mut explains: BTreeMap<&str, usize> = BTreeMap::new();
    for clause in left.iter().flat_map(|case| &case.clauses) {
        *explains.entry(clause).or_default() += 1;
    }
    let share = |clause: &str| {
        let Count { failed, passed } = counts.get(clause).copied().unwrap_or_default();
        (failed, failed + passed)
    };
    let worst = explains.into_iter().reduce(|worst, one| {
        let ((failed, all), (worst_failed, worst_all)) = (share(one.0), share(worst.0));
        // Fractions are compared without dividing.
        let order = (failed * worst_all).cmp(&(worst_failed * all));
        if order.then(one.1.cmp(&worst.1)).is_gt() {
            one
        } else {
            worst
        }
    });
    worst.map(|(clause, _)| clause.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Stop;

    fn case(clauses: &[&str], verdict: Verdict) -> CaseResult {
        CaseResult {
            id: clauses.join("+"),
            area: String::new(),
            title: String::new(),
            level: "MUST",
            clauses: clauses.iter().map(|&clause| clause.to_owned()).collect(),
            control: None,
            verdict,
            seen: None,
            elapsed_ms: 0,
            transcript: Vec::new(),
        }
    }

    fn failed() -> Verdict {
        Stop::fail("1", "2").into_verdict()
    }

    fn blamed(cases: &mut [CaseResult]) -> Vec<Option<String>> {
        let open: Vec<bool> = cases
            .iter()
            .map(|case| case.verdict.kind() == Kind::Fail)
            .collect();
        assign(cases, &open);
        let clause = |case: &CaseResult| match &case.verdict {
            Verdict::Fail(failure) => failure.clause.clone(),
            _ => None,
        };
        cases.iter().map(clause).collect()
    }

    #[test]
    fn the_clause_that_fails_everywhere_is_blamed_for_what_it_explains() {
        let mut cases = [
            case(&["FRAME"], Verdict::Pass),
            case(&["FRAME", "FLOAT"], failed()),
            case(&["FLOAT"], failed()),
            case(&["FRAME", "KEY"], failed()),
            case(&["FRAME"], Verdict::Pass),
        ];
        let by = |clause: &str| Some(clause.to_owned());
        assert_eq!(
            blamed(&mut cases),
            [None, by("FLOAT"), by("FLOAT"), by("KEY"), None]
        );
    }
}

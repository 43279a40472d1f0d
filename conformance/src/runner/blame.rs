//! Which of its clauses a failed case breaks, where it does not say so itself.
//!
//! Of the clauses of a failed case that one is blamed which fails the largest
//! part of the cases that prove it: a server that ignores Disconnect fails one
//! of the cases about messages in one piece, but all of those about Disconnect.
//! Where two clauses are equally suspicious, none is singled out.

use std::collections::BTreeMap;

use crate::report::CaseResult;
use crate::verdict::{Kind, Verdict};

/// How the cases of one clause went.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    failed: usize,
    passed: usize,
}

impl Count {
    /// Compares the parts that failed, and then how many did.
    fn is_worse_than(self, other: Self) -> bool {
        let (own_all, other_all) = (self.failed + self.passed, other.failed + other.passed);
        // Fractions are compared without dividing.
        let (own, others) = (self.failed * other_all, other.failed * own_all);
        (own, self.failed) > (others, other.failed)
    }
}

/// Names the clause of every failure that names none, as far as one stands out.
pub(super) fn assign(results: &mut [CaseResult]) {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for result in &*results {
        if let Some(clause) = named(result) {
            counts.entry(clause.to_owned()).or_default().failed += 1;
            continue;
        }
        for clause in &result.clauses {
            let count = counts.entry(clause.clone()).or_default();
            match result.verdict.kind() {
                Kind::Fail => count.failed += 1,
                Kind::Pass | Kind::Info => count.passed += 1,
                Kind::Skip | Kind::Inconclusive => {}
            }
        }
    }
    for result in results {
        let Verdict::Fail(failure) = &mut result.verdict else {
            continue;
        };
        if failure.clause.is_none() {
            failure.clause = worst(&result.clauses, &counts).map(str::to_owned);
        }
    }
}

/// The clause that a failure names.
fn named(result: &CaseResult) -> Option<&str> {
    match &result.verdict {
        Verdict::Fail(failure) => failure.clause.as_deref(),
        _ => None,
    }
}

/// The one that is worse than every other.
fn worst<'c>(clauses: &'c [String], counts: &BTreeMap<String, Count>) -> Option<&'c str> {
    let count = |clause: &String| counts.get(clause).copied().unwrap_or_default();
    let stands_out = |one: &&String| {
        let mut others = clauses.iter().filter(|other| *other != *one);
        others.all(|other| count(one).is_worse_than(count(other)))
    };
    clauses.iter().find(stands_out).map(String::as_str)
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
            evidence: None,
        }
    }

    fn failed() -> Verdict {
        Stop::fail("1", "2").into_verdict()
    }

    fn blamed(mut cases: Vec<CaseResult>) -> Vec<Option<String>> {
        assign(&mut cases);
        cases
            .iter()
            .map(|case| named(case).map(str::to_owned))
            .collect()
    }

    #[test]
    fn the_clause_whose_cases_all_fail_is_blamed() {
        let cases = vec![
            case(&["FRAME"], Verdict::Pass),
            case(&["FRAME", "BYE"], failed()),
            case(&["BYE"], failed()),
        ];
        let bye = Some("BYE".to_owned());
        assert_eq!(blamed(cases), [None, bye.clone(), bye]);
    }

    #[test]
    fn of_two_that_always_fail_the_one_that_fails_more_often_is_blamed() {
        let skip = Some("SKIP".to_owned());
        let cases = vec![case(&["SKIP"], failed()), case(&["LONG", "SKIP"], failed())];
        assert_eq!(blamed(cases), [skip.clone(), skip]);
    }

    #[test]
    fn a_failure_that_names_its_clause_counts_for_that_one_alone() {
        let run = Stop::fail("1", "2").blaming("RUN").into_verdict();
        let cases = vec![case(&["SID", "RUN"], run), case(&["SID", "RUN"], failed())];
        let broken = Some("RUN".to_owned());
        assert_eq!(blamed(cases), [broken.clone(), broken]);
    }

    #[test]
    fn equals_are_both_left_open() {
        assert_eq!(blamed(vec![case(&["A", "B"], failed())]), [None]);
    }
}

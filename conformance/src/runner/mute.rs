//! What comes of a subject that falls silent at whatever it cannot read.
//!
//! Its connection neither goes on nor ends. That costs more than the connection
//! where it is the only one that there is, and says nothing of the rule that a
//! message was wrong by: it is so for any.

use iotmp_spec::model::Spec;

use crate::family;
use crate::report::CaseResult;
use crate::subject::{Protocol, Want};
use crate::verdict::{Failure, Verdict};

/// Hostile messages at which it falls silent before that is no matter of one of them.
const ENOUGH: usize = 3;

/// Charges silence at malformed messages to the rule of living on alone, where it is met at several.
pub(super) fn excuse(spec: &Spec, results: &mut [CaseResult]) {
    let Some(lives_on) = family::clause(spec, Protocol::of(spec).lives_on()) else {
        return;
    };
    let is_charged = |failure: &Failure| failure.clause.as_ref() == Some(&lives_on.id);
    let is_mute = |result: &&CaseResult| match &result.verdict {
        Verdict::Fail(failure) => is_charged(failure) && failure.is_muteness(),
        _ => false,
    };
    if results.iter().filter(is_mute).count() < ENOUGH {
        return;
    }
    for result in results {
        let Verdict::Fail(failure) = &result.verdict else {
            continue;
        };
        let no_end = failure.is_silence() && failure.expected == Want::Closed.to_string();
        if !is_charged(failure) && (failure.is_muteness() || no_end) {
            let why = result.verdict.reason().unwrap_or_default();
            result.verdict = Verdict::Inconclusive {
                reason: format!("the subject falls silent at whatever it cannot read: {why}"),
            };
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::specs;
    use crate::verdict::{Kind, Stop};

    /// A case that failed by that clause.
    pub(in crate::runner) fn failed(clause: &str, expected: &str, got: &str) -> CaseResult {
        CaseResult {
            id: clause.to_owned(),
            area: String::new(),
            title: String::new(),
            level: "MUST",
            clauses: vec![clause.to_owned()],
            control: None,
            verdict: Stop::fail(expected, got).blaming(clause).into_verdict(),
            seen: None,
            elapsed_ms: 0,
            transcript: Vec::new(),
            evidence: None,
        }
    }

    fn silent(clause: &str, expected: &str) -> CaseResult {
        failed(clause, expected, "nothing within 700 ms")
    }

    fn kinds(hostile: usize) -> Vec<Kind> {
        let spec = specs::by_name("iotmp-2025").unwrap();
        let mut results = vec![silent("IOTMP25-ROBUST-001", Failure::SETTLES); hostile];
        results.push(silent("IOTMP25-KEY-003", Failure::SETTLES));
        results.push(silent("IOTMP25-RUN-001", "an answer"));
        excuse(spec, &mut results);
        results.iter().map(|result| result.verdict.kind()).collect()
    }

    #[test]
    fn silence_at_anything_is_charged_once() {
        let [.., key, run] = &*kinds(ENOUGH) else {
            panic!("too few")
        };
        assert_eq!((*key, *run), (Kind::Inconclusive, Kind::Fail));
    }

    #[test]
    fn silence_at_one_thing_is_charged_to_that() {
        let kinds = kinds(ENOUGH - 1);
        assert!(kinds.iter().all(|kind| *kind == Kind::Fail));
    }
}

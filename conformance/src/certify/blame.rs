//! Which of its clauses a failed vector breaks.
//!
//! A vector proves several clauses at once, and one mistake of a codec fails
//! many vectors. Of a failed vector that clause is blamed which fails most of
//! the vectors that prove it: a codec that gets floats wrong fails some of the
//! messages that carry one, but all of the floats.
//!
//! Where the evidence says what the bytes are that went wrong, failures of the
//! same kind of bytes have one cause. What fails by itself is the cause of what
//! fails around it: of such failures the smallest tells the clause, that of a
//! value before that of a message, and the others are blamed on the same.
//! Numbers of several bytes stand in many places; where they go wrong in
//! several, the rule about them is broken, and not those about the places.
//!
//! A rule that binds only those who write is not broken by reading, nor the
//! other way round, and an answer, however wrong, does no harm to a decoder.

use std::collections::BTreeMap;

use iotmp_spec::model::{Party, Spec};

use crate::evidence::is_number;
use crate::family;
use crate::report::CaseResult;
use crate::subject::Protocol;
use crate::vector::{Kind, Operation};
use crate::verdict::{self, Verdict};

/// How the vectors of one clause went.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    failed: usize,
    passed: usize,
}

/// What the rules of a spec are about, as far as it matters for blame.
pub(super) struct Rules<'s> {
    spec: &'s Spec,
    /// The clause about numbers of several bytes.
    numbers: Option<&'s str>,
    /// The clause that a decoder breaks by giving no answer.
    unharmed: Option<&'s str>,
}

impl<'s> Rules<'s> {
    pub(super) fn of(spec: &'s Spec) -> Self {
        let protocol = Protocol::of(spec);
        let id = |name| family::clause(spec, name).map(|clause| clause.id.as_str());
        Self {
            spec,
            numbers: protocol.spreads_numbers().and_then(id),
            unharmed: id(protocol.decodes_unharmed()),
        }
    }

    /// Whether what a case asked for is bound by a clause.
    fn bind(&self, clause: &str, case: &CaseResult) -> bool {
        let party = match case.evidence.as_ref().map(|evidence| evidence.operation) {
            Some(Operation::Decode) => Party::Decoder,
            Some(Operation::Encode) => Party::Encoder,
            None => return true,
        };
        let clause = self.spec.clause(clause);
        clause.is_none_or(|clause| clause.binds.contains(&party))
    }

    /// The clauses that the answer to a case may have broken.
    fn suspects<'c>(&self, case: &'c CaseResult) -> Vec<&'c str> {
        let all: Vec<&str> = case.clauses.iter().map(String::as_str).collect();
        let binding = |clause: &&str| self.bind(clause, case);
        let bound: Vec<&str> = all.iter().copied().filter(binding).collect();
        let by_answer = |clause: &&str| Some(*clause) != self.unharmed;
        let broken: Vec<&str> = bound.iter().copied().filter(by_answer).collect();
        let mut narrowest = [broken, bound].into_iter();
        narrowest.find(|some| !some.is_empty()).unwrap_or(all)
    }
}

/// A failure that is still to be blamed on a clause.
struct Open<'c> {
    case: &'c mut CaseResult,
    suspects: Vec<String>,
}

impl Open<'_> {
    fn blame(&mut self, clause: &str) {
        if let Verdict::Fail(failure) = &mut self.case.verdict {
            failure.clause = Some(clause.to_owned());
        }
    }
}

/// Names the clause of every failure for which `open` holds.
pub(super) fn assign(cases: &mut [CaseResult], open: &[bool], rules: &Rules<'_>) {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for (case, open) in cases.iter().zip(open) {
        match case.verdict.kind() {
            verdict::Kind::Fail if *open => {
                for clause in rules.suspects(case) {
                    counts.entry(clause.to_owned()).or_default().failed += 1;
                }
            }
            verdict::Kind::Pass => {
                for clause in &case.clauses {
                    counts.entry(clause.clone()).or_default().passed += 1;
                }
            }
            _ => {}
        }
    }
    let mut left: Vec<Open<'_>> = cases
        .iter_mut()
        .zip(open)
        .filter(|(_, open)| **open)
        .map(|(case, _)| {
            let suspects = rules.suspects(case).into_iter().map(str::to_owned);
            let suspects = suspects.collect();
            Open { case, suspects }
        })
        .collect();
    let mut causes = causes(&left, &counts);
    if let Some(numbers) = rules.numbers {
        let long = only_long(&left);
        let in_messages = |(label, in_message): &(&String, &bool)| **in_message && is_number(label);
        if long.iter().filter(in_messages).count() > 1 {
            causes.extend(long.into_keys().map(|label| (label, numbers.to_owned())));
            // What is read past such a number is read at the wrong place.
            left.retain_mut(|failed| {
                let evidence = failed.case.evidence.as_ref();
                let is_past = evidence.is_some_and(|evidence| evidence.has_long_number);
                if is_past {
                    failed.blame(numbers);
                }
                !is_past
            });
        }
    }
    left.retain_mut(|failed| {
        let cause = label(failed.case).and_then(|label| causes.get(&label));
        // Of reading and writing the same bytes each may break a rule of its own.
        let cause = cause.filter(|cause| rules.bind(cause, failed.case));
        if let Some(cause) = cause {
            failed.blame(cause);
        }
        cause.is_none()
    });
    while let Some(worst) = worst(&left, &counts) {
        left.retain_mut(|failed| {
            let claims = failed.suspects.contains(&worst);
            if claims {
                failed.blame(&worst);
            }
            !claims
        });
    }
}

/// What the bytes are that went wrong in a failure, if that is known.
fn label(case: &CaseResult) -> Option<String> {
    let difference = case.evidence.as_ref()?.difference.as_ref()?;
    difference.label.as_ref().map(|label| label.to_string())
}

/// The kinds of bytes that went wrong only where a number takes several bytes,
/// and whether one of them was a number of a message itself.
fn only_long(failed: &[Open<'_>]) -> BTreeMap<String, bool> {
    let mut long: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for case in failed.iter().map(|failed| &*failed.case) {
        let evidence = case.evidence.as_ref();
        let difference = evidence.and_then(|evidence| evidence.difference.as_ref());
        if let (Some(label), Some(evidence), Some(difference)) = (label(case), evidence, difference)
        {
            let place = long.entry(label).or_insert((true, false));
            place.0 &= difference.is_long;
            place.1 |= evidence.kind == Kind::Message;
        }
    }
    let only = long.into_iter().filter(|(_, (is_long, _))| *is_long);
    only.map(|(label, (_, in_message))| (label, in_message))
        .collect()
}

/// For every kind of bytes that went wrong the clause that its smallest failure breaks.
fn causes(failed: &[Open<'_>], counts: &BTreeMap<String, Count>) -> BTreeMap<String, String> {
    let mut smallest: BTreeMap<String, (bool, usize, &[String])> = BTreeMap::new();
    for Open { case, suspects } in failed {
        let (Some(label), Some(evidence)) = (label(case), &case.evidence) else {
            continue;
        };
        // What the sources leave open breaks no rule about its bytes.
        if case.level == "MAY" {
            continue;
        }
        let size = evidence
            .bytes
            .as_ref()
            .map_or(usize::MAX, |bytes| bytes.hex.len());
        let one = (evidence.kind == Kind::Message, size, suspects.as_slice());
        let place = smallest.entry(label).or_insert(one);
        if (one.0, one.1) < (place.0, place.1) {
            *place = one;
        }
    }
    let failures = |clause: &str| counts.get(clause).map_or(0, |count| count.failed);
    let named = |(label, (is_message, _, clauses)): (String, (bool, usize, &[String]))| {
        // A message proves much beside what is wrong with it: of it the clause
        // counts that most failures have in common.
        let most = clauses.iter().map(|clause| failures(clause)).max();
        let common = |clause: &&String| !is_message || Some(failures(clause)) == most;
        let common = clauses.iter().filter(common);
        let worst = most_failed(common.map(|clause| (clause.as_str(), 1)), counts)?;
        Some((label, worst))
    };
    smallest.into_iter().filter_map(named).collect()
}

/// The clause that fails the largest part of its vectors, and of equals the one
/// that explains most of those that are left.
fn worst(left: &[Open<'_>], counts: &BTreeMap<String, Count>) -> Option<String> {
    let mut explains: BTreeMap<&str, usize> = BTreeMap::new();
    for clause in left.iter().flat_map(|failed| &failed.suspects) {
        *explains.entry(clause).or_default() += 1;
    }
    most_failed(explains, counts)
}

/// Of some clauses, each with the number of failures that it explains, the one
/// that fails the largest part of its vectors; of equals the one that explains most.
fn most_failed<'c>(
    explains: impl IntoIterator<Item = (&'c str, usize)>,
    counts: &BTreeMap<String, Count>,
) -> Option<String> {
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
    use crate::evidence::Evidence;
    use crate::specs;
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

    fn blamed(cases: &mut [CaseResult]) -> Vec<Option<String>> {
        let open: Vec<bool> = cases
            .iter()
            .map(|case| case.verdict.kind() == verdict::Kind::Fail)
            .collect();
        assign(
            cases,
            &open,
            &Rules::of(specs::by_name("iotmp-shipping").unwrap()),
        );
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

    fn failed_to(operation: Operation, clauses: &[&str]) -> CaseResult {
        let evidence = Evidence {
            operation,
            kind: Kind::Message,
            given: None,
            bytes: None,
            got: None,
            difference: None,
            has_long_number: false,
            exchange: Vec::new(),
        };
        CaseResult {
            evidence: Some(Box::new(evidence)),
            ..case(clauses, failed())
        }
    }

    #[test]
    fn who_reads_breaks_no_rule_about_writing() {
        // The first binds decoders alone, the second encoders alone.
        let clauses = ["IOTMPS-WIRE-003", "IOTMPS-WIRE-006"];
        let mut cases = [
            failed_to(Operation::Decode, &clauses),
            failed_to(Operation::Encode, &clauses),
            failed_to(Operation::Encode, &clauses[..1]),
        ];
        let by = |clause: &str| Some(clause.to_owned());
        assert_eq!(
            blamed(&mut cases),
            [by(clauses[0]), by(clauses[1]), by(clauses[0])]
        );
    }

    #[test]
    fn a_wrong_answer_does_a_decoder_no_harm() {
        let clauses = ["IOTMP25-ROBUST-002", "IOTMP25-KEY-002"];
        let mut cases = [
            failed_to(Operation::Decode, &clauses[..1]),
            failed_to(Operation::Decode, &clauses),
        ];
        let by = |clause: &str| Some(clause.to_owned());
        assert_eq!(blamed(&mut cases), [by(clauses[0]), by(clauses[1])]);
    }
}

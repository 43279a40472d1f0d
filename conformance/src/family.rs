//! Rules that the revisions of one protocol share.
//!
//! A rule that several revisions have carries the same number in each of them;
//! only the word before it is the revision's own. Cases name a rule once, as one
//! of `HOMES` has it, and each specification finds its own id for it.

use std::collections::BTreeMap;

use iotmp_spec::model::{Ambiguity, Body, Clause, Spec};

use crate::verdict::Verdict;

/// The words that stand before the numbers of the rules that cases name: those
/// of the revisions whose numbers say the same. A rule is named as the first of
/// them has it that has it.
const HOMES: [&str; 2] = ["IOTMP25", "IOTMP23"];

/// The word before the number in an id, and the rest.
fn split(id: &str) -> Option<(&str, &str)> {
    id.split_once('-')
}

/// The word that most clauses of a specification begin with.
fn own_word(spec: &Spec) -> Option<&str> {
    let mut counts = BTreeMap::new();
    for clause in &spec.clauses {
        let (word, _) = split(&clause.id)?;
        *counts.entry(word).or_insert(0_usize) += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(word, _)| word)
}

/// The id of the same rule in that specification, whether it has it or not.
fn translated(spec: &Spec, id: &str) -> Option<String> {
    // Messages without keys belong to another protocol, whose numbers mean other rules.
    let Body::KeyValue(_) = spec.body else {
        return None;
    };
    let (_, rest) = split(id).filter(|(home, _)| HOMES.contains(home))?;
    Some(format!("{}-{rest}", own_word(spec)?))
}

/// The clause that a case names `id`, as that specification has it.
#[must_use]
pub fn clause<'s>(spec: &'s Spec, id: &str) -> Option<&'s Clause> {
    spec.clause(id)
        .or_else(|| spec.clause(&translated(spec, id)?))
}

/// The ambiguity that a case names `id`, as that specification has it.
#[must_use]
pub fn ambiguity<'s>(spec: &'s Spec, id: &str) -> Option<&'s Ambiguity> {
    let find = |id: &str| spec.ambiguities.iter().find(|known| known.id == id);
    find(id).or_else(|| find(&translated(spec, id)?))
}

/// A verdict with the ids of that specification in it.
#[must_use]
pub fn verdict(spec: &Spec, mut verdict: Verdict) -> Verdict {
    let rename = |id: &mut String| {
        if let Some(clause) = clause(spec, id) {
            id.clone_from(&clause.id);
        }
    };
    match &mut verdict {
        Verdict::Fail(failure) => {
            failure.clause.iter_mut().for_each(rename);
            failure.kept.iter_mut().for_each(rename);
        }
        Verdict::Info { ambiguity: id, .. } => {
            if let Some(known) = ambiguity(spec, id) {
                id.clone_from(&known.id);
            }
        }
        Verdict::Pass | Verdict::Skip { .. } | Verdict::Inconclusive { .. } => {}
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::{ambiguity, clause, verdict};
    use crate::specs::{all, by_name};
    use crate::suite;
    use crate::verdict::{Stop, Verdict};

    #[test]
    fn each_revision_has_its_own_id_for_a_rule() {
        let of = |spec, id| clause(by_name(spec).unwrap(), id).map(|clause| clause.id.as_str());
        assert_eq!(of("iotmp-2025", "IOTMP25-RUN-001"), Some("IOTMP25-RUN-001"));
        assert_eq!(
            of("iotmp-shipping", "IOTMP25-RUN-001"),
            Some("IOTMP25-RUN-001")
        );
        assert_eq!(of("iotmp-2023", "IOTMP25-RUN-001"), Some("IOTMP23-RUN-001"));
        assert_eq!(of("iotmp-2020", "IOTMP25-RUN-001"), Some("IOTMP20-RUN-001"));
        let unknown = ambiguity(by_name("iotmp-2020").unwrap(), "IOTMP25-AMB-UNKNOWN-TYPE");
        assert_eq!(
            unknown.map(|known| known.id.as_str()),
            Some("IOTMP20-AMB-UNKNOWN-TYPE")
        );
    }

    #[test]
    fn what_a_specification_does_not_say_has_no_id_in_it() {
        for (spec, id) in [
            ("iotmp-2023", "IOTMP25-DESCRIBE-002"),
            ("iotmp-2023", "IOTMPS-WIRE-003"),
            ("iotmp-2020", "IOTMP23-CONNECT-018"),
            ("nubison", "IOTMP25-FRAME-003"),
        ] {
            assert_eq!(clause(by_name(spec).unwrap(), id), None, "{spec} {id}");
        }
    }

    #[test]
    fn a_verdict_blames_the_clause_of_its_own_specification() {
        let stop = Stop::fail("Ok", "Error")
            .blaming("IOTMP25-RUN-001")
            .having_kept(&["IOTMP25-SID-001"]);
        let spec = by_name("iotmp-2023").unwrap();
        let Verdict::Fail(failure) = verdict(spec, stop.into_verdict()) else {
            panic!("not a failure")
        };
        assert_eq!(failure.clause.as_deref(), Some("IOTMP23-RUN-001"));
        assert_eq!(failure.kept, ["IOTMP23-SID-001"]);
    }

    /// Rules that are worded otherwise in another revision, and that the cases
    /// that name them prove all the same. Whoever adds one has read both.
    const WORDED_OTHERWISE: &[&str] = &[
        "IOTMP20-CONNECT-004",
        "IOTMP20-CONNECT-009",
        "IOTMP20-CONNECT-011",
        "IOTMP20-CONNECT-016",
        "IOTMP20-KEY-003",
        "IOTMP20-KEY-004",
        "IOTMP20-STREAM-003",
        "IOTMP20-STREAM-004",
        "IOTMP20-STREAM-005",
        "IOTMP23-CONNECT-004",
        "IOTMP23-CONNECT-009",
        "IOTMP23-CONNECT-011",
    ];

    #[test]
    fn a_rule_that_means_something_else_elsewhere_is_not_claimed_unread() {
        let mut otherwise = Vec::new();
        for spec in all() {
            for case in suite::all() {
                let fits = case.roles.iter().any(|role| case.fits(spec, *role));
                for id in case.clauses.iter().filter(|_| fits) {
                    let home = all().iter().find_map(|spec| spec.clause(id)).unwrap();
                    let here = clause(spec, id);
                    let here = here.filter(|here| here.text != home.text);
                    otherwise.extend(here.map(|here| here.id.as_str()));
                }
            }
        }
        otherwise.sort_unstable();
        otherwise.dedup();
        assert_eq!(otherwise, WORDED_OTHERWISE);
    }
}

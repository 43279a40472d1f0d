//! The account at the end of a run: which clauses were tested, by what, and how it went.

use std::collections::BTreeMap;

use iotmp_spec::model::{Clause, Level, Party, Spec};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::report::SubjectKind;
use crate::verdict::{Kind, Verdict};

/// The account of one run against one spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Spec that the clauses are from.
    pub spec: String,
    /// Whose account it is, where several subjects were watched at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectKind>,
    /// Totals by level, strictest first; a level without clauses is left out.
    pub levels: Vec<Tally>,
    /// Every clause that counts, in the order of the spec.
    pub clauses: Vec<Entry>,
    /// What the subject does where the sources leave it open.
    pub profile: Vec<Observation>,
}

/// Totals of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// `MUST`, `SHOULD` or `MAY`.
    #[serde(deserialize_with = "level_word")]
    pub level: LevelWord,
    /// Clauses that a verdict was reached on.
    pub tested: usize,
    /// Clauses that count.
    pub total: usize,
    /// Clauses broken, part of those tested.
    pub broken: usize,
}

/// What is known of one clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Id.
    pub clause: String,
    /// `MUST`, `SHOULD` or `MAY`.
    #[serde(deserialize_with = "level_word")]
    pub level: LevelWord,
    /// The rule.
    pub text: String,
    /// Where it comes from.
    pub source: String,
    /// How it stands.
    #[serde(flatten)]
    pub status: Status,
    /// What claims it, with how that went.
    pub evidence: Vec<Evidence>,
    /// Whether the spec says why it cannot be tested.
    #[serde(skip)]
    pub is_excused: bool,
}

/// How a clause stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// At least one case proved it and none broke it.
    Kept,
    /// A case broke it.
    Broken,
    /// No case came to a verdict.
    Untested {
        /// Why.
        reason: String,
    },
}

/// One case's word on a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the case or vector.
    pub id: String,
    /// How it went.
    pub verdict: Kind,
}

/// A reading of an ambiguity that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Id of the ambiguity.
    pub ambiguity: String,
    /// Slug of the reading, or prose where it is none of them.
    pub reading: String,
    /// Whether the reference reads it so too.
    pub reference: bool,
    /// The cases and vectors that showed it.
    pub evidence: Vec<String>,
}

/// The result of a case as the ledger needs it.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Id of the case or vector.
    pub id: &'a str,
    /// Clauses that it would prove.
    pub clauses: &'a [String],
    /// How it went.
    pub verdict: &'a Verdict,
}

/// `MUST`, `SHOULD` or `MAY`.
pub type LevelWord = &'static str;

/// Reads one of the words of [`level_name`].
pub(crate) fn level_word<'de, D: Deserializer<'de>>(input: D) -> Result<LevelWord, D::Error> {
    let word = String::deserialize(input)?;
    let levels = [Level::Must, Level::Should, Level::May];
    let known = levels
        .into_iter()
        .map(level_name)
        .find(|name| *name == word);
    known.ok_or_else(|| de::Error::unknown_variant(&word, &["MUST", "SHOULD", "MAY"]))
}

/// The word for a level in a ledger.
#[must_use]
pub const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
    }
}

/// The level of a word in a ledger.
#[must_use]
pub fn level_named(word: &str) -> Option<Level> {
    let mut all = [Level::Must, Level::Should, Level::May].into_iter();
    all.find(|level| level_name(*level) == word)
}

impl Ledger {
    /// Reckons up `claims`.
    ///
    /// A clause counts if `scope` names it, or, without a scope, if it binds one
    /// of `parties` or a case claims it.
    #[must_use]
    pub fn reckon(
        spec: &Spec,
        parties: &[Party],
        scope: Option<&[String]>,
        claims: &[Claim<'_>],
    ) -> Self {
        let mut by_clause: BTreeMap<&str, Vec<&Claim<'_>>> = BTreeMap::new();
        for claim in claims {
            for clause in claim.clauses {
                by_clause.entry(clause).or_default().push(claim);
            }
            // A subject may break a clause that the case is not about, such as to live on.
            if let Verdict::Fail(failure) = claim.verdict
                && let Some(clause) = &failure.clause
                && !claim.clauses.contains(clause)
            {
                by_clause.entry(clause).or_default().push(claim);
            }
        }
        let counts = |clause: &Clause| match scope {
            Some(scope) => scope.contains(&clause.id) || by_clause.contains_key(clause.id.as_str()),
            None => {
                clause.binds.iter().any(|party| parties.contains(party))
                    || by_clause.contains_key(clause.id.as_str())
            }
        };
        let clauses: Vec<Entry> = spec
            .clauses
            .iter()
            .filter(|clause| counts(clause))
            .map(|clause| {
                entry(
                    clause,
                    by_clause.get(clause.id.as_str()).map_or(&[], Vec::as_slice),
                )
            })
            .collect();
        let levels = [Level::Must, Level::Should, Level::May]
            .into_iter()
            .map(|level| tally(level_name(level), &clauses))
            .filter(|tally| tally.total > 0)
            .collect();
        Self {
            spec: spec.name.clone(),
            subject: None,
            levels,
            clauses,
            profile: profile(spec, claims),
        }
    }

    /// The clauses broken.
    pub fn broken(&self) -> impl Iterator<Item = &Entry> {
        self.clauses
            .iter()
            .filter(|entry| entry.status == Status::Broken)
    }

    /// The clauses that no case came to a verdict on, with the reason.
    pub fn untested(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.clauses.iter().filter_map(|entry| match &entry.status {
            Status::Untested { reason } => Some((entry, reason.as_str())),
            _ => None,
        })
    }

    /// The MUST clauses among [`untested`](Self::untested), but for those that no case can test.
    pub fn untested_must(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.untested()
            .filter(|(entry, _)| entry.level == level_name(Level::Must) && !entry.is_excused)
    }

    /// The totals on one line: `MUST 61/63, SHOULD 9/12, MAY 1/2`.
    #[must_use]
    pub fn totals(&self) -> String {
        let parts: Vec<String> = self
            .levels
            .iter()
            .map(|tally| format!("{} {}/{}", tally.level, tally.tested, tally.total))
            .collect();
        parts.join(", ")
    }
}

fn tally(level: &'static str, entries: &[Entry]) -> Tally {
    let of_level = entries.iter().filter(|entry| entry.level == level);
    let mut tally = Tally {
        level,
        tested: 0,
        total: 0,
        broken: 0,
    };
    for entry in of_level {
        tally.total += 1;
        tally.tested += usize::from(!matches!(entry.status, Status::Untested { .. }));
        tally.broken += usize::from(entry.status == Status::Broken);
    }
    tally
}

fn entry(clause: &Clause, claims: &[&Claim<'_>]) -> Entry {
    let mut proved = false;
    let mut broken = false;
    let mut reasons: Vec<String> = Vec::new();
    let mut evidence = Vec::new();
    for claim in claims {
        evidence.push(Evidence {
            id: claim.id.to_owned(),
            verdict: claim.verdict.kind(),
        });
        match claim.verdict {
            Verdict::Pass | Verdict::Info { .. } => proved = true,
            Verdict::Fail(failure) => match &failure.clause {
                Some(_) if failure.kept.contains(&clause.id) => proved = true,
                Some(other) if *other != clause.id => {
                    reasons.push(format!(
                        "{} failed by {other} before it came to it",
                        claim.id
                    ));
                }
                _ => broken = true,
            },
            Verdict::Skip { reason } | Verdict::Inconclusive { reason } => {
                reasons.push(format!("{}: {reason}", claim.id));
            }
        }
    }
    let status = if broken {
        Status::Broken
    } else if proved {
        Status::Kept
    } else {
        Status::Untested {
            reason: why_untested(clause, &reasons),
        }
    };
    Entry {
        clause: clause.id.clone(),
        level: level_name(clause.level),
        text: clause.text.clone(),
        source: clause.source.clone(),
        status,
        evidence,
        is_excused: clause.untestable.is_some(),
    }
}

fn why_untested(clause: &Clause, reasons: &[String]) -> String {
    if let Some(reason) = reasons.first() {
        return reason.clone();
    }
    match &clause.untestable {
        Some(reason) => reason.clone(),
        None => "no case was run that proves it".to_owned(),
    }
}

fn profile(spec: &Spec, claims: &[Claim<'_>]) -> Vec<Observation> {
    let mut seen: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for claim in claims {
        if let Verdict::Info { ambiguity, reading } = claim.verdict {
            let evidence = seen.entry((ambiguity, reading)).or_default();
            evidence.push(claim.id.to_owned());
        }
    }
    let of_reference = |id: &str, reading: &str| {
        let mut ambiguities = spec.ambiguities.iter();
        ambiguities.any(|known| known.id == id && known.reference == reading)
    };
    seen.into_iter()
        .map(|((ambiguity, reading), evidence)| Observation {
            ambiguity: ambiguity.to_owned(),
            reading: reading.to_owned(),
            reference: of_reference(ambiguity, reading),
            evidence,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;
    use crate::verdict::Stop;

    const RUN: &str = "IOTMP25-RUN-001";
    const CODE: &str = "IOTMP25-CONNECT-008";
    const ALIVE: &str = "IOTMP25-ROBUST-001";
    /// Binds decoders only.
    const SKIP: &str = "IOTMP25-KEY-002";

    fn reckon(scope: Option<&[&str]>, claims: &[(&str, &[&str], Verdict)]) -> Ledger {
        let spec = specs::by_name("iotmp-2025").unwrap();
        let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
        let clauses: Vec<Vec<String>> = claims.iter().map(|claim| owned(claim.1)).collect();
        let claims: Vec<Claim<'_>> = claims
            .iter()
            .zip(&clauses)
            .map(|((id, _, verdict), clauses)| Claim {
                id,
                clauses,
                verdict,
            })
            .collect();
        let scope = scope.map(owned);
        Ledger::reckon(spec, &[Party::Server], scope.as_deref(), &claims)
    }

    fn status<'a>(ledger: &'a Ledger, clause: &str) -> &'a Status {
        let mut entries = ledger.clauses.iter();
        &entries.find(|entry| entry.clause == clause).unwrap().status
    }

    fn skipped(reason: &str) -> Verdict {
        Stop::skip(reason).into_verdict()
    }

    fn failed() -> Stop {
        Stop::fail("Ok", "Error")
    }

    #[test]
    fn only_what_binds_the_subject_or_is_claimed_counts() {
        let ledger = reckon(None, &[("a", &[SKIP], Verdict::Pass)]);
        assert_eq!(status(&ledger, SKIP), &Status::Kept);
        let spec = specs::by_name("iotmp-2025").unwrap();
        for entry in &ledger.clauses {
            let clause = spec.clause(&entry.clause).unwrap();
            assert!(clause.binds.contains(&Party::Server) || entry.clause == SKIP);
        }
        assert!(ledger.clauses.iter().any(|entry| entry.clause == RUN));
        let device_only = "IOTMP25-DESCRIBE-001";
        assert!(
            !ledger
                .clauses
                .iter()
                .any(|entry| entry.clause == device_only)
        );
    }

    #[test]
    fn one_failure_outweighs_every_pass() {
        let ledger = reckon(
            Some(&[RUN]),
            &[
                ("a", &[RUN], Verdict::Pass),
                ("b", &[RUN], failed().into_verdict()),
                ("c", &[RUN], Verdict::Pass),
            ],
        );
        assert_eq!(status(&ledger, RUN), &Status::Broken);
        assert_eq!(ledger.totals(), "MUST 1/1");
        assert_eq!(ledger.levels[0].broken, 1);
    }

    #[test]
    fn skipped_alone_is_untested_and_says_why() {
        let ledger = reckon(
            Some(&[RUN, CODE]),
            &[
                ("a", &[RUN, CODE], skipped("no resource")),
                ("b", &[CODE], Verdict::Pass),
            ],
        );
        let untested: Vec<_> = ledger
            .untested_must()
            .map(|(entry, why)| (entry.clause.as_str(), why))
            .collect();
        assert_eq!(untested, [(RUN, "a: no resource")]);
        assert_eq!(status(&ledger, CODE), &Status::Kept);
        assert_eq!(ledger.totals(), "MUST 0/1, SHOULD 1/1");
    }

    #[test]
    fn a_failure_that_names_a_clause_leaves_the_others_of_its_case_open() {
        let blamed = failed().blaming(RUN).into_verdict();
        let ledger = reckon(Some(&[RUN, CODE]), &[("a", &[RUN, CODE], blamed)]);
        assert_eq!(status(&ledger, RUN), &Status::Broken);
        let reason = format!("a failed by {RUN} before it came to it");
        assert_eq!(status(&ledger, CODE), &Status::Untested { reason });

        let kept = failed().blaming(RUN).having_kept(&[CODE]).into_verdict();
        let ledger = reckon(Some(&[RUN, CODE]), &[("a", &[RUN, CODE], kept)]);
        assert_eq!(status(&ledger, CODE), &Status::Kept);
    }

    #[test]
    fn a_clause_can_be_broken_by_a_case_that_is_not_about_it() {
        let died = failed().blaming(ALIVE).into_verdict();
        let ledger = reckon(Some(&[RUN]), &[("a", &[RUN], died)]);
        let broken: Vec<_> = ledger.broken().map(|entry| entry.clause.as_str()).collect();
        assert_eq!(broken, [ALIVE]);
    }

    #[test]
    fn readings_are_told_once_with_everything_that_showed_them() {
        let seen = |reading| Stop::info("IOTMP25-AMB-UNKNOWN-TYPE", reading).into_verdict();
        let ledger = reckon(
            Some(&[]),
            &[
                ("a", &[], seen("ignore")),
                ("b", &[], seen("close")),
                ("c", &[], seen("ignore")),
            ],
        );
        let profile: Vec<_> = ledger
            .profile
            .iter()
            .map(|seen| (seen.reading.as_str(), seen.reference, seen.evidence.len()))
            .collect();
        assert_eq!(profile, [("close", false, 1), ("ignore", true, 2)]);
    }
}

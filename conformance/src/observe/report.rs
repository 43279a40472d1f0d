//! Findings as a report, with one run and one account for each side.

use iotmp_spec::model::{Party, Spec};

use super::rule::{self, Rule};
use super::score::{Findings, Score};
use crate::case::Role;
use crate::ledger::{Claim, Ledger, Status, level_name};
use crate::plan::Selection;
use crate::report::{CaseResult, Report, Run, SubjectKind};
use crate::verdict::Verdict;

/// What was watched.
#[derive(Debug)]
pub struct Observed {
    /// What both sides spoke.
    pub spec: &'static Spec,
    /// Where the connections were seen, in words.
    pub address: String,
    /// Command that watches again.
    pub again: String,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// Why the server could not always be reached, if so.
    pub gone: Option<String>,
    /// What was found.
    pub findings: Findings,
}

/// The ids of all rules that traffic can show under a spec.
#[must_use]
pub fn case_ids(spec: &Spec) -> Vec<String> {
    let sides = Role::ALL.into_iter();
    sides
        .flat_map(|side| rules(spec, side).map(move |rule| rule.id(side)))
        .collect()
}

/// The rules that traffic can show of a side. Messages that do not say their size cannot be told apart
/// by whoever only watches.
pub(crate) fn rules(spec: &Spec, side: Role) -> impl Iterator<Item = &'static Rule> {
    let all = rule::ALL.iter();
    all.filter(move |rule| {
        spec.framing.size.is_some() && rule.fits(spec) && rule.sides.contains(&side)
    })
}

/// Draws the sum of what was found, as far as `selection` asks for it.
#[must_use]
pub fn report(observed: Observed, selection: &Selection, allow_untested: bool) -> Report {
    let (mut runs, mut ledgers) = (Vec::new(), Vec::new());
    for side in Role::ALL {
        let (subject, party) = match side {
            Role::Server => (SubjectKind::Server, Party::Server),
            Role::Device => (SubjectKind::Device, Party::Device),
        };
        let spec = observed.spec;
        let cases: Vec<CaseResult> = rules(spec, side)
            .filter(|rule| selection.asks_for(&rule.id(side), rule.level(spec)))
            .map(|rule| case(spec, rule, side, observed.findings.get(rule, side)))
            .collect();
        let claims: Vec<Claim<'_>> = cases.iter().map(CaseResult::claim).collect();
        let scope = selection.scope(cases.iter().flat_map(|case| &case.clauses));
        let mut ledger = Ledger::reckon(spec, &[party], scope.as_deref(), &claims);
        ledger.subject = Some(subject);
        for entry in ledger
            .clauses
            .iter_mut()
            .filter(|entry| entry.evidence.is_empty())
        {
            let testable = spec.clause(&entry.clause);
            if testable.is_some_and(|clause| clause.untestable.is_none()) {
                let reason = "passing traffic does not show it".to_owned();
                entry.status = Status::Untested { reason };
            }
        }
        ledgers.push(ledger);
        runs.push(Run {
            spec: spec.name.clone(),
            subject,
            address: observed.address.clone(),
            seed: None,
            again: observed.again.clone(),
            elapsed_ms: observed.elapsed_ms,
            gone: observed.gone.clone().filter(|_| side == Role::Server),
            notes: notes(&observed.findings, side),
            cases,
        });
    }
    Report::new(runs, ledgers, allow_untested)
}

fn notes(findings: &Findings, side: Role) -> Vec<String> {
    let count = match side {
        Role::Device => findings.messages[0],
        Role::Server => findings.messages[1],
    };
    let mut notes = vec![format!("{count} messages of the {side} were judged")];
    notes.extend(findings.notes.iter().cloned());
    notes
}

fn case(spec: &Spec, rule: &Rule, side: Role, score: Option<&Score>) -> CaseResult {
    let none = Score::default();
    let score = score.unwrap_or(&none);
    let mut transcript = Vec::new();
    let verdict = match (&score.first, &score.reading, &score.unclear) {
        (Some((failure, lines)), ..) => {
            transcript.clone_from(lines);
            let mut failure = failure.clone();
            if score.broken > 1 {
                failure
                    .detail
                    .push_str(&format!(", and {} times more", score.broken - 1));
            }
            Verdict::Fail(failure)
        }
        (None, Some((ambiguity, reading)), _) => Verdict::Info {
            ambiguity: ambiguity.clone(),
            reading: reading.clone(),
        },
        (None, None, Some((count, why))) if score.kept == 0 => Verdict::Inconclusive {
            reason: match count {
                1 => why.clone(),
                count => format!("{why}; {count} times"),
            },
        },
        (None, None, _) if score.kept > 0 => Verdict::Pass,
        (None, None, _) => Verdict::Skip {
            reason: "the traffic did not call for it".to_owned(),
        },
    };
    CaseResult {
        id: rule.id(side),
        area: rule.area().to_owned(),
        title: rule.title.to_owned(),
        level: level_name(rule.level(spec)),
        clauses: rule
            .clause(spec)
            .map(|clause| clause.id.clone())
            .into_iter()
            .collect(),
        control: None,
        verdict,
        seen: Some(score.kept + score.broken),
        elapsed_ms: 0,
        evidence: None,
        transcript,
    }
}

//! What is known to fail, and why: a file that people keep beside their implementation.
//!
//! | expected | seen | so |
//! | --- | --- | --- |
//! | to fail | fails | tolerated, and shown as known |
//! | to fail | passes | the entry is stale: the run fails |
//! | nothing said | fails | the run fails |
//! | nothing said | passes | all is well |
//!
//! An entry that matches nothing, or passing cases beside failing ones, fails the run too:
//! nobody would notice what it hides tomorrow.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::observe;
use crate::plan::{Selection, live_ids, vectors_of};
use crate::report::{CaseResult, Report, Run, SubjectKind};
use crate::select::{matches, nearest};
use crate::specs;
use crate::verdict::Kind;

/// Ids named where a pattern matches nothing.
const HINTS: usize = 3;

/// What helps where the entries stand in no mapping.
const BARE: &str = "; the entries stand under `expected:`, such as
       expected:
       - case: server.connect.ok
         reason: why this is known and accepted";

/// A file of expectations, in YAML or JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// What is expected not to pass.
    pub expected: Vec<Expected>,
}

/// Cases that are expected not to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Id of a case or vector, or a pattern of ids with `*` and `?`.
    pub case: String,
    /// Only where it runs under this specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Only where it runs against such a subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectKind>,
    /// How it ends: `fail`, `inconclusive` or `skip`.
    #[serde(default, skip_serializing_if = "Unwanted::is_fail")]
    pub verdict: Unwanted,
    /// Why that is known and accepted; never empty.
    pub reason: String,
}

/// The verdicts that can be expected: all that are no good news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwanted {
    /// A clause is broken.
    #[default]
    Fail,
    /// The case cannot tell.
    Inconclusive,
    /// The case does not fit the subject.
    Skip,
}

impl Unwanted {
    /// The verdict itself.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Fail => Kind::Fail,
            Self::Inconclusive => Kind::Inconclusive,
            Self::Skip => Kind::Skip,
        }
    }

    fn is_fail(&self) -> bool {
        *self == Self::Fail
    }
}

/// Why a file is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// Neither YAML nor JSON of the right shape; says where.
    #[error("{0}")]
    Malformed(String),
    /// Entries that say too little or name nothing there is; all of them.
    #[error("{}", .0.join("\n       "))]
    Entries(Vec<String>),
}

/// How one entry turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// What it names ended as expected.
    Tolerated,
    /// What it names passes.
    Stale,
    /// Some of what it names passes.
    OverWide,
    /// It names nothing that was run, although everything was.
    Unmatched,
    /// What it names came to no verdict, or to another unwanted one.
    Undecided,
    /// What it names was not asked for.
    NotRun,
}

impl Standing {
    /// Whether it fails the run.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Stale | Self::OverWide | Self::Unmatched)
    }

    /// What is to be said of it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tolerated => "known",
            Self::Stale => "stale: what it expects not to pass passes; remove the entry",
            Self::OverWide => "over-wide: it also matches what passes; narrow it down",
            Self::Unmatched => "matches no case of this run; remove it, or say its spec or subject",
            Self::Undecided => "undecided: what it names came to no such verdict",
            Self::NotRun => "not run",
        }
    }
}

/// An entry, and how it turned out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The entry.
    pub entry: Expected,
    /// How it turned out.
    pub standing: Standing,
    /// The cases that show it.
    pub cases: Vec<String>,
}

impl Expected {
    /// Whether it speaks of a case.
    #[must_use]
    pub fn covers(&self, spec: &str, subject: Option<SubjectKind>, id: &str) -> bool {
        self.concerns(spec, subject) && matches(&self.case, id)
    }

    /// Whether it is about the same as another, whatever the reasons.
    fn is_of(&self, other: &Self) -> bool {
        let key = |entry: &Self| (entry.spec.clone(), entry.subject, entry.verdict);
        self.case == other.case && key(self) == key(other)
    }

    fn concerns(&self, spec: &str, subject: Option<SubjectKind>) -> bool {
        let same_subject = match (self.subject, subject) {
            (Some(wanted), Some(subject)) => wanted == subject,
            _ => true,
        };
        same_subject && self.spec.as_deref().is_none_or(|wanted| wanted == spec)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.case)?;
        if let Some(spec) = &self.spec {
            write!(f, ", {spec}")?;
        }
        if let Some(subject) = self.subject {
            write!(f, ", {}", subject.name())?;
        }
        Ok(())
    }
}

impl Baseline {
    /// Reads YAML or JSON whose reasons may wait to be written.
    ///
    /// # Errors
    /// [`BaselineError::Malformed`].
    pub fn draft(text: &str) -> Result<Self, BaselineError> {
        let read: Result<Self, _> = serde_yaml::from_str(text);
        read.map_err(|error| {
            let bare = serde_yaml::from_str::<Vec<serde_yaml::Value>>(text).is_ok();
            let hint = if bare { BARE } else { "" };
            BaselineError::Malformed(format!("{error}{hint}"))
        })
    }

    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// [`BaselineError`], with every entry that lacks a reason or names no case or spec there is.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let baseline = Self::draft(text)?;
        let ids = known_ids();
        let mut faults = Vec::new();
        for (index, entry) in baseline.expected.iter().enumerate() {
            let mut fault = |what: String| {
                faults.push(format!("entry {}, {:?}: {what}", index + 1, entry.case));
            };
            if entry.reason.trim().is_empty() {
                fault("the reason is empty; say why this is known and accepted".to_owned());
            }
            if let Some(Err(error)) = entry.spec.as_deref().map(specs::by_name) {
                fault(error.to_string());
            }
            if !ids.iter().any(|id| matches(&entry.case, id)) {
                let near = nearest(&entry.case, ids.iter().map(String::as_str), HINTS);
                let near = near.join(", ");
                fault(format!("no case has such an id; the nearest are {near}"));
            }
        }
        if faults.is_empty() {
            Ok(baseline)
        } else {
            Err(BaselineError::Entries(faults))
        }
    }

    /// The entries of a run: those that were right stay with their reasons, and every other failure
    /// gets one, whose reason is that of an entry for it that goes, or waits to be written.
    ///
    /// Those of a file that is written anew, `earlier`, stay where they match nothing, too: nobody
    /// was told of that.
    #[must_use]
    pub fn of(report: &Report, earlier: &[Judged]) -> Self {
        let judged = report.baseline.iter().flatten();
        let right = judged
            .clone()
            .filter(|judged| !judged.standing.is_fault())
            .chain(earlier.iter().filter(|judged| {
                !judged.standing.is_fault() || judged.standing == Standing::Unmatched
            }));
        let mut expected: Vec<Expected> = Vec::new();
        for Judged { entry, .. } in right {
            if !expected.iter().any(|other| other.is_of(entry)) {
                expected.push(entry.clone());
            }
        }
        for run in &report.runs {
            let failed = run.cases.iter();
            for case in failed.filter(|case| case.verdict.kind() == Kind::Fail) {
                let covers = |entry: &Expected| {
                    entry.verdict == Unwanted::Fail
                        && entry.covers(&run.spec, Some(run.subject), &case.id)
                };
                let mut old = judged.clone().chain(earlier).map(|judged| &judged.entry);
                let reason = old.find(|&entry| covers(entry) && !entry.reason.is_empty());
                let reason = reason.map_or_else(String::new, |entry| entry.reason.clone());
                if !expected.iter().any(covers) {
                    expected.push(Expected {
                        case: case.id.clone(),
                        spec: Some(run.spec.clone()),
                        subject: Some(run.subject),
                        verdict: Unwanted::Fail,
                        reason,
                    });
                }
            }
        }
        Self { expected }
    }

    /// The file, with a word to whoever has to fill in the reasons.
    ///
    /// # Errors
    /// Those of the YAML writer; none are known.
    pub fn to_yaml(&self) -> Result<String, BaselineError> {
        let body = serde_yaml::to_string(self);
        let body = body.map_err(|error| BaselineError::Malformed(error.to_string()))?;
        Ok(format!(
            "# What is known not to pass. Every entry needs a reason: an empty one is refused.\n\
             # case: an id or a pattern; spec and subject narrow it; verdict: fail (default), inconclusive or skip.\n\
             {body}"
        ))
    }

    /// How every entry turned out in the runs that `selection` asked for.
    #[must_use]
    pub fn judge(&self, runs: &[Run], selection: &Selection) -> Vec<Judged> {
        let judged = self.expected.iter().map(|entry| {
            let covered: Vec<&CaseResult> = runs
                .iter()
                .filter(|run| entry.concerns(&run.spec, Some(run.subject)))
                .flat_map(|run| &run.cases)
                .filter(|case| matches(&entry.case, &case.id))
                .collect();
            let reached = runs
                .iter()
                .any(|run| entry.concerns(&run.spec, Some(run.subject)));
            let ids = |wanted: &dyn Fn(Kind) -> bool| -> Vec<String> {
                let cases = covered.iter();
                let cases = cases.filter(|case| wanted(case.verdict.kind()));
                cases.map(|case| case.id.clone()).collect()
            };
            let passing = ids(&|kind| matches!(kind, Kind::Pass | Kind::Info));
            let as_expected = ids(&|kind| kind == entry.verdict.kind());
            let (standing, cases) = if covered.is_empty() {
                let standing = if reached && selection.is_all() {
                    Standing::Unmatched
                } else {
                    Standing::NotRun
                };
                (standing, Vec::new())
            } else if as_expected.is_empty() && passing.is_empty() {
                (Standing::Undecided, ids(&|_| true))
            } else if as_expected.is_empty() {
                (Standing::Stale, passing)
            } else if passing.is_empty() {
                (Standing::Tolerated, as_expected)
            } else {
                (Standing::OverWide, passing)
            };
            Judged {
                entry: entry.clone(),
                standing,
                cases,
            }
        });
        judged.collect()
    }
}

/// Every id that the suite can give a verdict on.
fn known_ids() -> Vec<String> {
    let specs: Vec<_> = specs::all().iter().collect();
    let mut ids = live_ids(&specs, &crate::case::Role::ALL);
    for set in specs.iter().filter_map(|spec| vectors_of(spec)) {
        ids.extend(set.vectors.iter().map(|vector| vector.id.clone()));
    }
    ids.extend(specs.iter().flat_map(|spec| observe::case_ids(spec)));
    ids
}

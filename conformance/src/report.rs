//! The result of a command, and how it is shown.
//!
//! There is one model, [`Report`]; every format is a view of it.

mod badge;
pub(crate) mod html;
mod json;
mod junit;
mod tap;
mod text;
mod visible;

pub use visible::visible;

use core::fmt;
use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::baseline::{Baseline, Judged};
use crate::evidence::{self, Evidence};
use crate::ledger::{Claim, Entry, Ledger, LevelWord, level_name, level_word};
use crate::plan::Selection;
use crate::subject::{CodecSubject, Line};
use crate::vector::{self, Vector, VectorSet};
use crate::verdict::{Failure, Kind, Verdict};

/// Version of the model: goes up when a reader of it would break.
pub const MODEL: u32 = 1;

/// Everything that a command found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`MODEL`].
    pub model: u32,
    /// Name and version of the program.
    pub tool: String,
    /// Runs in the order in which they are shown.
    pub runs: Vec<Run>,
    /// One account for every spec, or for every side of what was only watched.
    pub ledgers: Vec<Ledger>,
    /// Number of cases by verdict.
    pub counts: BTreeMap<Kind, usize>,
    /// How much was run, where not everything was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// Whether untested MUST clauses are let pass.
    pub allow_untested: bool,
    /// How the entries of a baseline turned out, if one was held against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Vec<Judged>>,
    /// Exit code of the command.
    pub exit_code: u8,
}

/// How much of the suite a narrowed run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// Cases that were run.
    pub cases: usize,
    /// Cases that there are for such a subject.
    pub of: usize,
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} cases were selected", self.cases, self.of)
    }
}

/// One subject against one spec.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// Name of the spec.
    pub spec: String,
    /// What the subject is.
    pub subject: SubjectKind,
    /// Where it is, in words.
    pub address: String,
    /// Where random choices began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Command that runs one case of it again, but for `--select ID`.
    pub again: String,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// Why the subject could no longer be reached, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Results.
    pub cases: Vec<CaseResult>,
}

/// What is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Reads and writes bytes; its cases are vectors.
    Codec,
    /// Takes connections.
    Server,
    /// Opens them.
    Device,
}

impl SubjectKind {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Codec => "codec",
            Self::Server => "server",
            Self::Device => "device",
        }
    }
}

/// What came of one case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseResult {
    /// Stable id.
    pub id: String,
    /// Heading that it stands under.
    pub area: String,
    /// What it does.
    pub title: String,
    /// `MUST`, `SHOULD` or `MAY`.
    #[serde(deserialize_with = "level_word")]
    pub level: LevelWord,
    /// Clauses that it proves.
    pub clauses: Vec<String>,
    /// Id of its valid twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// How it went.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How often the traffic called for it, where that was only watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// What passed on the wire, where that explains the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Line>,
    /// What proves that a codec failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

impl CaseResult {
    /// What came of a vector; the worst of its operations counts.
    #[must_use]
    pub fn of_vector(vector: &Vector, finding: &vector::Finding) -> Self {
        let mut verdicts = finding.judgements.iter().map(|judgement| {
            let operation = judgement.operation;
            match &judgement.verdict {
                vector::Verdict::Pass => Verdict::Pass,
                vector::Verdict::Fail { expected, got } => Verdict::Fail(Failure {
                    clause: None,
                    kept: Vec::new(),
                    expected: expected.clone(),
                    got: got.clone(),
                    detail: operation.to_string(),
                }),
                vector::Verdict::Info { ambiguity, reading } => Verdict::Info {
                    ambiguity: ambiguity.clone(),
                    reading: reading.clone(),
                },
                vector::Verdict::Skip(reason) => Verdict::Skip {
                    reason: format!("{operation}: {reason}"),
                },
            }
        });
        let first = verdicts.next().unwrap_or(Verdict::Pass);
        let area = vector.id.split('/').nth(1).unwrap_or_default();
        Self {
            id: vector.id.clone(),
            area: area.to_owned(),
            title: vector.doc.clone(),
            level: level_name(vector.level),
            clauses: vector.clauses.clone(),
            control: match &vector.expected {
                vector::Expected::Invalid { control, .. } => Some(control.clone()),
                _ => None,
            },
            verdict: verdicts.fold(first, Verdict::worse),
            seen: None,
            elapsed_ms: 0,
            transcript: Vec::new(),
            evidence: None,
        }
    }

    /// Adds what proves that a vector failed, if it did.
    pub(crate) fn prove(
        &mut self,
        set: &VectorSet,
        vector: &Vector,
        finding: &vector::Finding,
        codec: &mut dyn CodecSubject,
    ) {
        let failed = finding
            .judgements
            .iter()
            .find(|judgement| matches!(judgement.verdict, vector::Verdict::Fail { .. }));
        self.evidence =
            failed.map(|failed| Box::new(evidence::of(set, vector, failed.operation, codec)));
    }

    /// What the ledger needs of it.
    #[must_use]
    pub fn claim(&self) -> Claim<'_> {
        Claim {
            id: &self.id,
            clauses: &self.clauses,
            verdict: &self.verdict,
        }
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A tree for people.
    Text,
    /// The model for machines, as `schema/report.json` describes it.
    Json,
    /// XML that CI systems show.
    Junit,
    /// Test Anything Protocol, version 14.
    Tap,
    /// One page that holds everything, for people.
    Html,
    /// What shields.io makes a badge of.
    Badge,
    /// A badge.
    BadgeSvg,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Json,
        Self::Junit,
        Self::Tap,
        Self::Html,
        Self::Badge,
        Self::BadgeSvg,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Html => "html",
            Self::Badge | Self::BadgeSvg => "badge",
        }
    }

    /// The format of that name; the path tells what sort of badge.
    #[must_use]
    pub fn named(name: &str, path: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        match found {
            Some(Self::Badge) if path.to_ascii_lowercase().ends_with(".svg") => {
                Some(Self::BadgeSvg)
            }
            other => other,
        }
    }
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No JSON, or not of this shape; says where.
    #[error("not a JSON report: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by another version of the program.
    #[error("the report is of model {0}, and this program reads {MODEL}; run it again")]
    Model(u32),
}

impl Report {
    /// Draws the sum of some runs.
    #[must_use]
    pub fn new(runs: Vec<Run>, ledgers: Vec<Ledger>, allow_untested: bool) -> Self {
        let mut counts = BTreeMap::new();
        for case in runs.iter().flat_map(|run| &run.cases) {
            *counts.entry(case.verdict.kind()).or_insert(0) += 1;
        }
        let mut report = Self {
            model: MODEL,
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            runs,
            ledgers,
            counts,
            selected: None,
            allow_untested,
            baseline: None,
            exit_code: 0,
        };
        report.exit_code = report.judge();
        report
    }

    /// Says that it holds only what was selected of so many cases.
    pub fn narrow_down(&mut self, of: usize) {
        let cases = self.cases().count();
        self.selected = Some(Selected { cases, of });
    }

    /// How many cases ended so.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Whether no case came to a verdict.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [Kind::Pass, Kind::Fail, Kind::Info]
            .into_iter()
            .all(|kind| self.count(kind) == 0)
    }

    /// Holds it against what was expected, which decides its exit code anew.
    pub fn hold_against(&mut self, baseline: &Baseline, selection: &Selection) {
        self.baseline = Some(baseline.judge(&self.runs, selection));
        self.exit_code = self.judge();
    }

    /// Why a case was expected to end as it did, if it was.
    #[must_use]
    pub fn known(&self, run: &Run, case: &CaseResult) -> Option<&str> {
        self.foreseen(&run.spec, Some(run.subject), &case.id, case.verdict.kind())
    }

    fn foreseen(
        &self,
        spec: &str,
        subject: Option<SubjectKind>,
        id: &str,
        kind: Kind,
    ) -> Option<&str> {
        let mut entries = self.baseline.iter().flatten().map(|judged| &judged.entry);
        let found =
            entries.find(|entry| entry.verdict.kind() == kind && entry.covers(spec, subject, id));
        found.map(|entry| entry.reason.as_str())
    }

    /// The entries of the baseline that fail the run.
    pub fn faults(&self) -> impl Iterator<Item = &Judged> {
        let judged = self.baseline.iter().flatten();
        judged.filter(|judged| judged.standing.is_fault())
    }

    /// The cases that failed without being expected to.
    pub fn unexpected(&self) -> impl Iterator<Item = (&Run, &CaseResult)> {
        self.cases().filter(|(run, case)| {
            case.verdict.kind() == Kind::Fail && self.known(run, case).is_none()
        })
    }

    /// Every case, with the run that it belongs to.
    pub fn cases(&self) -> impl Iterator<Item = (&Run, &CaseResult)> {
        let runs = self.runs.iter();
        runs.flat_map(|run| run.cases.iter().map(move |case| (run, case)))
    }

    /// The MUST clauses that nothing proves or breaks and that no baseline excuses.
    pub fn open_must(&self) -> impl Iterator<Item = (&Ledger, &Entry, &str)> {
        self.ledgers.iter().flat_map(move |ledger| {
            let untested = ledger.untested_must();
            let open = untested.filter(move |(entry, _)| !self.excuses(ledger, entry));
            open.map(move |(entry, reason)| (ledger, entry, reason))
        })
    }

    /// Whether everything that could have tested a clause was expected not to.
    fn excuses(&self, ledger: &Ledger, entry: &Entry) -> bool {
        !entry.evidence.is_empty()
            && entry.evidence.iter().all(|evidence| {
                let (id, kind) = (&evidence.id, evidence.verdict);
                self.foreseen(&ledger.spec, ledger.subject, id, kind)
                    .is_some()
            })
    }

    /// What the exit code means.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.exit_code {
            crate::exit::CONFORMANT if self.count(Kind::Fail) > 0 => {
                "conformant, but for what is known"
            }
            crate::exit::CONFORMANT => "conformant",
            crate::exit::FAILED if self.unexpected().next().is_none() => {
                "the baseline does not hold"
            }
            crate::exit::FAILED => "not conformant",
            crate::exit::UNREACHABLE => "the subject died",
            _ if self.is_empty() => "nothing was tested",
            _ => "nothing failed, but a MUST clause stayed untested",
        }
    }

    fn judge(&self) -> u8 {
        let untested = self.open_must().next().is_some();
        if self.runs.iter().any(|run| run.gone.is_some()) {
            crate::exit::UNREACHABLE
        } else if self.unexpected().next().is_some() || self.faults().next().is_some() {
            crate::exit::FAILED
        } else if self.is_empty() || (untested && !self.allow_untested) {
            // Leave to skip some clauses is no leave to prove nothing.
            crate::exit::UNTESTED
        } else {
            crate::exit::CONFORMANT
        }
    }

    /// Reads what [`Format::Json`] wrote.
    ///
    /// # Errors
    /// Where the text is none, or of another [`MODEL`].
    pub fn read(text: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            model: u32,
        }
        let Version { model } = serde_json::from_str(text)?;
        if model != MODEL {
            return Err(ReadError::Model(model));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The same, in which no text of a subject is more than a text; see [`visible`].
    #[must_use]
    pub fn shown(&self) -> Self {
        visible::report(self)
    }

    /// Writes it. What a subject says is made [`visible`], but in JSON, which escapes it.
    /// Text holds colours as ANSI sequences; a stream that is no terminal strips them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(&self.shown(), out),
            Format::Json => json::write(self, out),
            Format::Junit => junit::write(&self.shown(), out),
            Format::Tap => tap::write(&self.shown(), out),
            Format::Html => html::write(&self.shown(), out),
            Format::Badge => badge::endpoint(self, out),
            Format::BadgeSvg => badge::svg(self, out),
        }
    }
}

//! The result of a command, and how it is shown.
//!
//! There is one model, [`Report`]; every format is a view of it.

mod json;
mod text;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::ledger::{Claim, Ledger, level_name};
use crate::subject::Line;
use crate::vector::{self, Vector};
use crate::verdict::{Failure, Kind, Verdict};

/// Version of the model: goes up when a reader of it would break.
pub const MODEL: u32 = 1;

/// Everything that a command found.
#[derive(Debug, Clone, Serialize)]
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
    /// Whether untested MUST clauses are let pass.
    pub allow_untested: bool,
    /// Exit code of the command.
    pub exit_code: u8,
}

/// One subject against one spec.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Name of the spec.
    pub spec: String,
    /// What the subject is.
    pub subject: SubjectKind,
    /// Where it is, in words.
    pub address: String,
    /// Where random choices began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Command that runs one case of it again, but for `--select ID`.
    pub again: String,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// Why the subject could no longer be reached, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Results.
    pub cases: Vec<CaseResult>,
}

/// What is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// Stable id.
    pub id: String,
    /// Heading that it stands under.
    pub area: String,
    /// What it does.
    pub title: String,
    /// `MUST`, `SHOULD` or `MAY`.
    pub level: &'static str,
    /// Clauses that it proves.
    pub clauses: Vec<String>,
    /// Id of its valid twin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// How it went.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How often the traffic called for it, where that was only watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// What passed on the wire, where that explains the verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Line>,
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
        }
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
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word for it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
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
            allow_untested,
            exit_code: 0,
        };
        report.exit_code = report.judge();
        report
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

    fn judge(&self) -> u8 {
        let untested = self
            .ledgers
            .iter()
            .any(|ledger| ledger.untested_must().next().is_some());
        if self.runs.iter().any(|run| run.gone.is_some()) {
            crate::exit::UNREACHABLE
        } else if self.count(Kind::Fail) > 0 {
            crate::exit::FAILED
        } else if self.is_empty() || (untested && !self.allow_untested) {
            // Leave to skip some clauses is no leave to prove nothing.
            crate::exit::UNTESTED
        } else {
            crate::exit::CONFORMANT
        }
    }

    /// Writes it. Text holds colours as ANSI sequences; a stream that is no terminal strips them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, out),
            Format::Json => json::write(self, out),
        }
    }
}

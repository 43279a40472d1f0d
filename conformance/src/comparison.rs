//! Two runs held side by side: what got worse, what got better, what merely changed.

mod text;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::exit;
use crate::ledger::{Ledger, Status};
use crate::report::{Report, SubjectKind, html};
use crate::verdict::{Kind, Verdict};

/// What changed from one report to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What the earlier report is called.
    pub before: Summary,
    /// What the later one is called.
    pub after: Summary,
    /// Cases whose verdict is another, in the order of the later report; then those that it lacks.
    pub cases: Vec<CaseChange>,
    /// Clauses whose standing is another.
    pub clauses: Vec<ClauseChange>,
    /// Ambiguities that are read in another way.
    pub readings: Vec<ReadingChange>,
    /// Subjects that were there to the end before and are not now.
    pub gone: Vec<String>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Where it was read from.
    pub name: String,
    /// The program that wrote it.
    pub tool: String,
    /// Number of cases by verdict.
    pub counts: BTreeMap<Kind, usize>,
    /// The exit code that it ended with.
    pub exit_code: u8,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Something that held no longer does, or is no longer shown to.
    Worse,
    /// Something holds, or is shown to, that was not.
    Better,
    /// Neither.
    Other,
}

/// A case that went another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseChange {
    /// Spec that it ran under.
    pub spec: String,
    /// What it ran against.
    pub subject: SubjectKind,
    /// Its id.
    pub id: String,
    /// How it went before; `None`: it was not run.
    pub before: Option<Kind>,
    /// How it goes now; `None`: it was not run.
    pub after: Option<Kind>,
    /// Why it does not pass now, or how else it fails than before.
    pub why: Option<String>,
    /// What the change means.
    pub turn: Turn,
}

/// A clause that stands otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClauseChange {
    /// Its spec.
    pub spec: String,
    /// Whose account it is, where several subjects were watched at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectKind>,
    /// Its id.
    pub clause: String,
    /// How it stood: `kept`, `broken`, `untested` or `absent`.
    pub before: &'static str,
    /// How it stands.
    pub after: &'static str,
    /// What the change means.
    pub turn: Turn,
}

/// An ambiguity that is read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadingChange {
    /// The spec.
    pub spec: String,
    /// Its id.
    pub ambiguity: String,
    /// The readings seen before; none: it did not show.
    pub before: Vec<String>,
    /// The readings seen now.
    pub after: Vec<String>,
}

impl CaseChange {
    /// What happened, in words.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match (self.before, self.after) {
            (None, Some(Kind::Fail)) => "new, and fails",
            (None, Some(_)) => "new",
            (_, None) => "no longer run",
            (Some(Kind::Fail), Some(Kind::Fail)) => "fails in another way",
            (Some(_), Some(Kind::Fail)) => "newly failing",
            (Some(Kind::Fail), Some(Kind::Pass | Kind::Info)) => "newly passing",
            _ => "changed",
        }
    }
}

type CaseKey<'a> = (&'a str, SubjectKind, &'a str);

impl Comparison {
    /// Holds `after` against `before`, each with the name that it goes by.
    #[must_use]
    pub fn new(before: (&str, &Report), after: (&str, &Report)) -> Self {
        let (old, new) = (before.1, after.1);
        Self {
            before: summary(before),
            after: summary(after),
            cases: cases(old, new),
            clauses: clauses(old, new),
            readings: readings(old, new),
            gone: gone(old, new),
        }
    }

    /// Whether anything got worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        !self.gone.is_empty()
            || self.cases.iter().any(|change| change.turn == Turn::Worse)
            || self.clauses.iter().any(|change| change.turn == Turn::Worse)
    }

    /// [`exit::CONFORMANT`] or, where something got worse, [`exit::FAILED`].
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_worse() {
            exit::FAILED
        } else {
            exit::CONFORMANT
        }
    }

    /// For people, with colours as ANSI sequences.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, out: &mut dyn io::Write) -> io::Result<()> {
        text::write(self, out)
    }

    /// For machines.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    /// As one page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_html(&self, out: &mut dyn io::Write) -> io::Result<()> {
        html::write_comparison(self, out)
    }
}

fn summary((name, report): (&str, &Report)) -> Summary {
    Summary {
        name: name.to_owned(),
        tool: report.tool.clone(),
        counts: report.counts.clone(),
        exit_code: report.exit_code,
    }
}

/// The worst verdict of every case.
fn verdicts(report: &Report) -> BTreeMap<CaseKey<'_>, &Verdict> {
    let mut verdicts: BTreeMap<CaseKey<'_>, &Verdict> = BTreeMap::new();
    for (run, case) in report.cases() {
        let key = (run.spec.as_str(), run.subject, case.id.as_str());
        let worst = verdicts.entry(key).or_insert(&case.verdict);
        if case.verdict.kind() > worst.kind() {
            *worst = &case.verdict;
        }
    }
    verdicts
}

fn cases(old: &Report, new: &Report) -> Vec<CaseChange> {
    let (old, new) = (verdicts(old), verdicts(new));
    let change =
        |(spec, subject, id): CaseKey<'_>, before: Option<&Verdict>, after: Option<&Verdict>| {
            CaseChange {
                spec: spec.to_owned(),
                subject,
                id: id.to_owned(),
                before: before.map(Verdict::kind),
                after: after.map(Verdict::kind),
                why: after.and_then(Verdict::reason),
                turn: turn(before.map(Verdict::kind), after.map(Verdict::kind)),
            }
        };
    let mut changes = Vec::new();
    for (key, verdict) in &new {
        let before = old.get(key).copied();
        let same = before.is_some_and(|before| match (before, *verdict) {
            (Verdict::Fail(old), Verdict::Fail(new)) => old.clause == new.clause,
            (old, new) => old.kind() == new.kind(),
        });
        if !same {
            changes.push(change(*key, before, Some(verdict)));
        }
    }
    let removed = old.iter().filter(|(key, _)| !new.contains_key(*key));
    changes.extend(removed.map(|(key, verdict)| change(*key, Some(verdict), None)));
    changes
}

/// Good news, no news, bad news. A case that is gone proves nothing by itself: its clauses tell.
const fn turn(before: Option<Kind>, after: Option<Kind>) -> Turn {
    match (before, after) {
        (_, None) => Turn::Other,
        (Some(Kind::Fail), Some(Kind::Fail)) => Turn::Other,
        (_, Some(Kind::Fail)) => Turn::Worse,
        (Some(Kind::Pass | Kind::Info), Some(Kind::Skip | Kind::Inconclusive)) => Turn::Worse,
        (Some(Kind::Fail | Kind::Skip | Kind::Inconclusive), Some(Kind::Pass | Kind::Info)) => {
            Turn::Better
        }
        _ => Turn::Other,
    }
}

type ClauseKey<'a> = (&'a str, Option<SubjectKind>, &'a str);

const ABSENT: &str = "absent";

/// How every clause stands, the worst where several accounts name it.
fn standings(report: &Report) -> BTreeMap<ClauseKey<'_>, &'static str> {
    let mut standings = BTreeMap::new();
    for ledger in &report.ledgers {
        for entry in &ledger.clauses {
            let word = match &entry.status {
                Status::Kept => "kept",
                Status::Broken => "broken",
                Status::Untested { .. } => "untested",
            };
            let key = (ledger.spec.as_str(), ledger.subject, entry.clause.as_str());
            let standing = standings.entry(key).or_insert(word);
            if rank(word) > rank(standing) {
                *standing = word;
            }
        }
    }
    standings
}

fn rank(word: &str) -> u8 {
    match word {
        "broken" => 2,
        "kept" => 1,
        _ => 0,
    }
}

fn clauses(old: &Report, new: &Report) -> Vec<ClauseChange> {
    let (old, new) = (standings(old), standings(new));
    let mut keys: Vec<&ClauseKey<'_>> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let changes = keys.into_iter().filter_map(|key| {
        let before = old.get(key).copied().unwrap_or(ABSENT);
        let after = new.get(key).copied().unwrap_or(ABSENT);
        if before == after {
            return None;
        }
        let turn = match (before, after) {
            (_, "broken") | ("kept", _) => Turn::Worse,
            ("broken" | "untested", "kept") => Turn::Better,
            _ => Turn::Other,
        };
        Some(ClauseChange {
            spec: key.0.to_owned(),
            subject: key.1,
            clause: key.2.to_owned(),
            before,
            after,
            turn,
        })
    });
    changes.collect()
}

fn readings_of(report: &Report) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut seen: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let ledgers = report.ledgers.iter();
    for (ledger, one) in
        ledgers.flat_map(|ledger: &Ledger| ledger.profile.iter().map(move |one| (ledger, one)))
    {
        let readings = seen.entry((&ledger.spec, &one.ambiguity)).or_default();
        if !readings.contains(&one.reading.as_str()) {
            readings.push(&one.reading);
        }
    }
    for readings in seen.values_mut() {
        readings.sort_unstable();
    }
    seen
}

fn readings(old: &Report, new: &Report) -> Vec<ReadingChange> {
    let (old, new) = (readings_of(old), readings_of(new));
    let mut keys: Vec<&(&str, &str)> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let of = |seen: &BTreeMap<(&str, &str), Vec<&str>>, key| -> Vec<String> {
        let readings = seen.get(key).into_iter().flatten();
        readings.map(|reading| (*reading).to_owned()).collect()
    };
    let changes = keys.into_iter().map(|key| ReadingChange {
        spec: key.0.to_owned(),
        ambiguity: key.1.to_owned(),
        before: of(&old, key),
        after: of(&new, key),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

fn gone(old: &Report, new: &Report) -> Vec<String> {
    let was_gone = |spec: &str, subject| {
        let mut runs = old.runs.iter();
        runs.any(|run| run.spec == spec && run.subject == subject && run.gone.is_some())
    };
    let runs = new.runs.iter();
    let lost = runs.filter_map(|run| {
        let why = run.gone.as_ref()?;
        let is_new = !was_gone(&run.spec, run.subject);
        is_new.then(|| format!("{} {}: {why}", run.spec, run.subject.name()))
    });
    lost.collect()
}

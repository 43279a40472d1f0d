//! The results of a run as they come in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::OnceCell;

use super::Settings;
use super::attempt::attempt;
use crate::case::{Case, Pace, Role};
use crate::ledger::level_name;
use crate::report::CaseResult;
use crate::subject::Subject;
use crate::suite;
use crate::verdict::{Kind, Verdict};

/// Results as they come in. Every case runs once, also where others need it as their control.
#[derive(Debug)]
pub(super) struct Book {
    pages: BTreeMap<&'static str, OnceCell<CaseResult>>,
    times: Mutex<BTreeMap<String, (Instant, Instant)>>,
    settings: Settings,
}

impl Book {
    pub(super) fn new(cases: &[&'static Case], subject: &Subject, settings: &Settings) -> Self {
        let mut pages = BTreeMap::new();
        for case in cases {
            pages.insert(case.slug, OnceCell::new());
            for control in suite::controls(case, subject.role()) {
                pages.insert(control.slug, OnceCell::new());
            }
        }
        settings.progress.expect(pages.len());
        Self {
            pages,
            times: Mutex::default(),
            settings: settings.clone(),
        }
    }

    /// When a case began and ended.
    pub(super) fn times(&self, id: &str) -> Option<(Instant, Instant)> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(id).copied()
    }

    /// Every verdict by the id of its case, those of controls that nobody asked for as well.
    pub(super) fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let results = self.pages.values().filter_map(OnceCell::get);
        results
            .map(|result| (result.id.clone(), result.verdict.clone()))
            .collect()
    }

    pub(super) fn result(&self, case: &Case) -> Option<CaseResult> {
        self.pages.get(case.slug)?.get().cloned()
    }

    /// The verdict of a case: the one that it has, or the one that it now gets.
    pub(super) async fn settle(&self, case: &'static Case, subject: &Arc<Subject>) -> Verdict {
        let Some(page) = self.pages.get(case.slug) else {
            return Verdict::Inconclusive {
                reason: format!("{} is not part of the run", case.slug),
            };
        };
        let result = page
            .get_or_init(|| {
                Box::pin(async {
                    let result = self.perform(case, subject).await;
                    let progress = &self.settings.progress;
                    progress.ended(&result.id, result.verdict.kind());
                    result
                })
            })
            .await;
        result.verdict.clone()
    }

    async fn perform(&self, case: &'static Case, subject: &Arc<Subject>) -> CaseResult {
        let began = Instant::now();
        let spec = subject.spec();
        let mut result = CaseResult {
            id: case.id(subject.role()),
            area: case.area().to_owned(),
            title: case.title.to_owned(),
            level: level_name(case.level(spec)),
            clauses: case.claims(spec).into_iter().map(str::to_owned).collect(),
            control: case
                .control
                .map(|slug| format!("{}.{slug}", subject.role())),
            verdict: Verdict::Pass,
            seen: None,
            elapsed_ms: 0,
            transcript: Vec::new(),
            evidence: None,
        };
        // What takes long proves by what comes: while it passes it needs no twin, which takes as
        // long, to have passed before. Nor does anything wait for a twin that takes long.
        let control = suite::control(case, subject.role());
        let is_slow = [Some(case), control]
            .into_iter()
            .flatten()
            .any(|case| case.pace == Pace::Slow);
        let is_later = is_slow && subject.role() == Role::Device;
        if !is_later && let Some(verdict) = self.refused_by_control(case, subject).await {
            result.verdict = verdict;
            return result;
        }
        for _ in 0..self.settings.repeat.max(1) {
            let (verdict, peer) = attempt(case, subject).await;
            if verdict.kind() >= result.verdict.kind() {
                result.transcript = match verdict.kind() {
                    Kind::Fail | Kind::Inconclusive => peer.transcript().annotated(),
                    _ => Vec::new(),
                };
            }
            result.verdict = result.verdict.worse(verdict);
        }
        if is_later
            && result.verdict.kind() == Kind::Fail
            && let Some(verdict) = self.refused_by_control(case, subject).await
        {
            result.verdict = verdict;
        }
        result.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.insert(result.id.clone(), (began, Instant::now()));
        drop(times);
        result
    }

    /// Why a case says nothing: its valid twin did not pass either.
    async fn refused_by_control(&self, case: &Case, subject: &Arc<Subject>) -> Option<Verdict> {
        let control = suite::control_under(case, subject.spec(), subject.role())?;
        let id = control.id(subject.role());
        let verdict = Box::pin(self.settle(control, subject)).await;
        let why = verdict.reason().unwrap_or_default();
        match verdict.kind() {
            // What takes long has passed without its own twin, which may have failed.
            Kind::Pass | Kind::Info => {
                let below = Box::pin(self.refused_by_control(control, subject)).await;
                below.filter(|verdict| verdict.kind() == Kind::Inconclusive)
            }
            Kind::Skip => Some(Verdict::Skip {
                reason: format!("its control {id} was skipped: {why}"),
            }),
            Kind::Fail | Kind::Inconclusive => Some(Verdict::Inconclusive {
                reason: format!("its control {id} did not pass: {why}"),
            }),
        }
    }
}

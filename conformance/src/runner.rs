//! Runs cases against a subject.

mod again;
mod blame;
mod mute;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::case::{Case, Pace, Role};
use crate::family;
use crate::ledger::level_name;
use crate::progress::Progress;
use crate::report::CaseResult;
use crate::subject::{Catalogue, Peer, Protocol, Subject, Transcript, Want};
use crate::suite;
use crate::verdict::{Failure, Kind, Outcome, Stop, Verdict};

/// What a run does beside its cases.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most cases at a time against a server.
    pub jobs: usize,
    /// How often each case runs; its worst verdict counts.
    pub repeat: usize,
    /// Who is told how far the run is.
    pub progress: Progress,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jobs: 8,
            repeat: 1,
            progress: Progress::default(),
        }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Finished {
    /// Results in the order of the plan.
    pub results: Vec<CaseResult>,
    /// Why the subject could no longer be reached at the end, if so.
    pub gone: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// The subject could not be reached at all; why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// Runs `cases` against subjects that are all alike.
///
/// One server takes many connections, so that one is enough; of devices each
/// serves one case at a time, and several are served side by side.
///
/// # Errors
/// [`Unreachable`] where no connection could be opened before the first case.
pub async fn run(
    subjects: &[Arc<Subject>],
    cases: Vec<&'static Case>,
    settings: &Settings,
) -> Result<Finished, Unreachable> {
    let mut notes = Vec::new();
    let mut lanes = Vec::new();
    // A device that is left alone while others are asked gives up.
    let mut asked = Vec::new();
    for subject in subjects {
        asked.push(tokio::spawn(meet(Arc::clone(subject), settings.jobs)));
    }
    for (subject, width) in subjects.iter().zip(asked) {
        let failed = |error| Unreachable(format!("meeting the subject broke down: {error}"));
        let (width, note) = width.await.map_err(failed)??;
        notes.extend(note);
        lanes.extend(core::iter::repeat_n(Arc::clone(subject), width));
    }
    let Some(first) = lanes.first().map(Arc::clone) else {
        return Err(Unreachable("there is no subject".to_owned()));
    };
    let book = Arc::new(Book::new(&cases, &first, settings));
    let mut gone = None;
    for (phase, pace) in phases(&cases, lanes.len() > 1) {
        // Devices do not share a process; what hurts one does not reach another's case.
        let shared = pace == Pace::Alone && first.role() == Role::Server;
        let lanes = if shared {
            lanes.get(..1).unwrap_or(&lanes)
        } else {
            &lanes
        };
        in_lanes(lanes, phase, &book).await;
        // After the last ones a subject may stay away.
        if pace != Pace::Last {
            gone = subjects
                .iter()
                .find_map(|subject| subject.gone())
                .map(str::to_owned);
        }
    }
    let mut results: Vec<CaseResult> = cases.iter().filter_map(|case| book.result(case)).collect();
    let lost = || subjects.iter().find_map(|subject| subject.gone());
    let was_lost = lost().is_some();
    again::look(&book, &cases, &first, &mut results).await;
    // One that takes its time to die may be missed by now only.
    if !was_lost {
        gone = gone.or_else(|| lost().map(str::to_owned));
    }
    // What is left undone because a subject stays away says nothing of it.
    if subjects.iter().any(|subject| subject.was_missed()) {
        gone = gone.or_else(|| lost().map(str::to_owned));
    }
    settings.progress.clear();
    blame::assign(&mut results);
    mute::excuse(first.spec(), &mut results);
    notes.extend(subjects.iter().flat_map(|subject| subject.deaths()));
    Ok(Finished {
        results,
        gone,
        notes,
    })
}

/// The cases in the order in which they run.
fn phases(cases: &[&'static Case], beside: bool) -> Vec<(Vec<&'static Case>, Pace)> {
    let of = |pace| {
        let of_pace = cases.iter().copied().filter(move |case| case.pace == pace);
        of_pace.collect::<Vec<_>>()
    };
    let (normal, slow) = (of(Pace::Normal), of(Pace::Slow));
    let (main, slow) = if beside {
        ([slow, normal].concat(), Vec::new())
    } else {
        (normal, slow)
    };
    vec![
        (main, Pace::Normal),
        (of(Pace::Alone), Pace::Alone),
        (slow, Pace::Slow),
        (of(Pace::Last), Pace::Last),
    ]
}

async fn in_lanes(lanes: &[Arc<Subject>], cases: Vec<&'static Case>, book: &Arc<Book>) {
    let queue = Arc::new(Mutex::new(VecDeque::from(cases)));
    let mut workers = JoinSet::new();
    for subject in lanes {
        let (subject, queue, book) = (Arc::clone(subject), Arc::clone(&queue), Arc::clone(book));
        workers.spawn(async move {
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(case) = next else { return };
                book.settle(case, &subject).await;
            }
        });
    }
    while workers.join_next().await.is_some() {}
}

/// Results as they come in. Every case runs once, also where others need it as their control.
#[derive(Debug)]
struct Book {
    pages: BTreeMap<&'static str, OnceCell<CaseResult>>,
    times: Mutex<BTreeMap<String, (Instant, Instant)>>,
    settings: Settings,
}

impl Book {
    fn new(cases: &[&'static Case], subject: &Subject, settings: &Settings) -> Self {
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
    fn times(&self, id: &str) -> Option<(Instant, Instant)> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(id).copied()
    }

    /// Every verdict by the id of its case, those of controls that nobody asked for as well.
    fn verdicts(&self) -> BTreeMap<String, Verdict> {
        let results = self.pages.values().filter_map(OnceCell::get);
        results
            .map(|result| (result.id.clone(), result.verdict.clone()))
            .collect()
    }

    fn result(&self, case: &Case) -> Option<CaseResult> {
        self.pages.get(case.slug)?.get().cloned()
    }

    /// The verdict of a case: the one that it has, or the one that it now gets.
    async fn settle(&self, case: &'static Case, subject: &Arc<Subject>) -> Verdict {
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

/// Runs a case once, and sees whether the subject lives after an invalid one.
async fn attempt(case: &'static Case, subject: &Arc<Subject>) -> (Verdict, Peer) {
    if let Some(why) = subject.gone() {
        subject.miss();
        let reason = format!("the subject is gone: {why}");
        return (Verdict::Inconclusive { reason }, subject.peer());
    }
    let mut peer = subject.peer();
    let transcript = peer.transcript().clone();
    // In a task of its own a case that panics costs only itself.
    let task = tokio::spawn(async move {
        let outcome = (case.run)(&mut peer).await;
        (outcome, peer)
    });
    let (outcome, peer) = match task.await {
        Ok(done) => done,
        Err(error) => {
            let reason = format!("the case itself broke down: {error}");
            return (Verdict::Inconclusive { reason }, subject.peer());
        }
    };
    let verdict = outcome.map_or_else(|stop| stop.into_verdict(), |()| Verdict::Pass);
    let verdict = convicted(verdict, &transcript);
    let verdict = family::verdict(subject.spec(), accused(verdict, subject, &transcript));
    let verdict = excused(verdict, &transcript);
    let is_edited = case.control.is_some_and(|slug| slug != case.slug);
    let hurts = is_edited || case.pace == Pace::Alone;
    // Whoever closes a connection for no reason may have died.
    let may_have_died = matches!(&verdict, Verdict::Fail(failure) if failure.is_absence());
    if !(hurts || may_have_died) || matches!(verdict.kind(), Kind::Skip) {
        return (verdict, peer);
    }
    let before = subject.deaths().len();
    let probe = subject.peer();
    let Err(stop) = see_alive(&probe).await else {
        return (verdict, peer);
    };
    // A server that is about to end may still take a connection, and give it no answer.
    if subject.role() == Role::Server && subject.deaths().len() == before {
        let _ = see_alive(&subject.peer()).await;
    }
    let died = subject.deaths().len() > before;
    if died {
        subject.died_of(&case.id(subject.role()));
    } else if !hurts {
        return (verdict, peer);
    }
    transcript.adopt(probe.transcript());
    let broken = Verdict::Fail(Failure {
        clause: family::clause(subject.spec(), Protocol::of(subject.spec()).lives_on())
            .map(|clause| clause.id.clone()),
        kept: Vec::new(),
        expected: "a new connection to work as before".to_owned(),
        got: stop.verdict().reason().unwrap_or_default(),
        detail: "after the case the subject was probed".to_owned(),
    });
    let broken = accused(broken, subject, probe.transcript());
    let is_over = died || subject.gone().is_some();
    let verdict = if is_over {
        broken
    } else {
        verdict.worse(broken)
    };
    (verdict, peer)
}

/// What breaks a rule by itself fails a case that has nothing else to say.
fn convicted(verdict: Verdict, transcript: &Transcript) -> Verdict {
    match transcript.convicted() {
        Some((expected, got)) if verdict.kind() != Kind::Fail => {
            let stop = Stop::fail(expected.as_str(), got.as_str());
            stop.because("seen while the case was about something else")
                .into_verdict()
        }
        _ => verdict,
    }
}

/// A failure on a connection where something else was broken is charged to that.
fn accused(mut verdict: Verdict, subject: &Subject, transcript: &Transcript) -> Verdict {
    let accused = transcript.accused();
    let clause = accused.and_then(|clause| family::clause(subject.spec(), clause));
    if let (Verdict::Fail(failure), Some(clause)) = (&mut verdict, clause) {
        failure.clause = Some(clause.id.clone());
    }
    verdict
}

/// A failure where the subject did what it may and the case did not expect says nothing.
fn excused(verdict: Verdict, transcript: &Transcript) -> Verdict {
    match (transcript.excused(), &verdict) {
        (Some(why), Verdict::Fail(_)) if transcript.accused().is_none() => Verdict::Skip {
            reason: why.to_owned(),
        },
        _ => verdict,
    }
}

/// Opens a new connection and talks over it.
async fn see_alive(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    link.fence().await?;
    peer.keep(link).await;
    Ok(())
}

/// Learns what has to be known of a subject first: how many cases it takes at a
/// time, and what is worth a note.
async fn meet(subject: Arc<Subject>, jobs: usize) -> Result<(usize, Option<String>), Unreachable> {
    match subject.role() {
        Role::Server => meet_server(&subject, jobs).await,
        Role::Device => {
            discover(&subject).await?;
            Ok((1, None))
        }
    }
}

async fn meet_server(
    subject: &Arc<Subject>,
    jobs: usize,
) -> Result<(usize, Option<String>), Unreachable> {
    if Protocol::of(subject.spec()) == Protocol::Iotmp {
        learn_fence(subject).await;
    }
    if takes_over(subject).await? {
        let note = "the server ends a device's connection when a new one opens: one case at a time";
        return Ok((1, Some(note.to_owned())));
    }
    Ok((jobs.max(1), None))
}

/// Keep Alives that are tried before a server is said to leave them unanswered.
const FENCES: usize = 2;

/// Finds out what a server answers in any case, so that one rule broken is not all of them.
async fn learn_fence(subject: &Arc<Subject>) {
    let peer = subject.peer();
    for _ in 0..FENCES {
        let Ok(mut link) = peer.connected().await else {
            return;
        };
        let mut are_answered = true;
        for _ in 0..FENCES {
            let sent = link.send(json!({"type": "keep_alive"})).await;
            let answered = link.message(&[Want::Message("keep_alive")]).await;
            are_answered &= sent.is_err() || answered.is_ok();
        }
        if are_answered {
            return;
        }
    }
    if let Ok(mut link) = peer.connected().await
        && link.ask().await.is_ok()
    {
        subject.fence_by_call();
    }
}

/// Whether a server ends the older of two connections of one device.
async fn takes_over(subject: &Arc<Subject>) -> Result<bool, Unreachable> {
    let peer = subject.peer();
    let first = peer.connected().await;
    if let Some(why) = subject.gone() {
        return Err(Unreachable(why.to_owned()));
    }
    let Ok(mut first) = first else {
        return Ok(false);
    };
    let Ok(mut second) = peer.connected().await else {
        return Ok(false);
    };
    let both = second.fence().await.is_ok();
    let over = both && first.settle().await.is_ok_and(|settled| !settled.alive);
    if over {
        subject.set_takes_over();
    }
    Ok(over)
}

/// Waits for a device and asks what it offers.
async fn discover(subject: &Arc<Subject>) -> Result<(), Unreachable> {
    let peer = subject.peer();
    let link = peer.connected().await;
    if let Some(why) = subject.gone() {
        return Err(Unreachable(why.to_owned()));
    }
    // A device that does not introduce itself or describe itself is what the cases are about.
    let Ok(mut link) = link else { return Ok(()) };
    if Protocol::of(subject.spec()) == Protocol::Nubison {
        peer.keep(link).await;
    } else if let Ok(catalogue) = Catalogue::ask(&mut link).await {
        subject.learn(catalogue);
        peer.keep(link).await;
    }
    Ok(())
}

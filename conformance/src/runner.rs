//! Runs cases against a subject.

mod again;
mod attempt;
mod blame;
mod book;
mod door;
mod lossy;
mod meet;
mod mute;
mod nubison;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use self::book::Book;
use self::meet::meet;
use crate::case::{Case, Pace, Role};
use crate::progress::Progress;
use crate::report::CaseResult;
use crate::subject::Subject;

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
    lossy::excuse(first.role(), &mut results);
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

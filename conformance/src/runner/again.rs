//! A second look at what failed by something that did not come.
//!
//! A subject that loses every hundredth answer, or that ends all connections
//! over one bad message, fails cases that have nothing to do with it. Each runs
//! once more, with nothing else beside it: what does not fail again says little
//! of its clause, as long as something else did. Of one that is known to lose
//! answers any failure is looked at again, also where something came: it may
//! have come instead.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::attempt;
use super::book::Book;
use super::door::Door;
use super::lossy;
use crate::case::Case;
use crate::family;
use crate::report::CaseResult;
use crate::subject::{Protocol, Subject};
use crate::suite;
use crate::verdict::{Kind, Verdict};

/// Cases that are looked at again whatever comes of it.
const MOST: usize = 40;
/// Where more failed: how many may fail again in a row before what is broken is no accident.
const IN_VAIN: usize = 10;
/// How many may fail again in a row before each is tried once only.
const SEVERAL: usize = 3;
/// How often a case may fail alone before that is no accident either.
const TRIES: usize = 2;

/// What a door that is shut makes of a case which introduces itself.
const TURNED_AWAY: &str = "the server turned devices away that it knows";

/// Runs again what failed for want of something, or because its control did.
pub(super) async fn look(
    book: &Book,
    cases: &[&'static Case],
    subject: &Arc<Subject>,
    results: &mut [CaseResult],
) {
    let mut door = Door::of(results, subject);
    if subject.gone().is_some() || door.was_shut() {
        excuse(book, subject, &door, results);
    }
    // What says nothing because its control failed costs no time unless that passes now.
    let failed = results.iter().filter(|r| r.verdict.kind() == Kind::Fail);
    let are_many = failed.filter(|result| doubtful(result)).count() > MOST;
    let mut in_vain = 0;
    let mut known: BTreeMap<String, Verdict> = book.verdicts();
    let mut confirmed = results
        .iter()
        .any(|result| result.verdict.kind() == Kind::Fail && !doubtful(result));
    let mut unconfirmed = Vec::new();
    // A control comes before what builds on it, so that its verdict is the newer one by then.
    let order = ordered(cases, subject);
    for case in order {
        if are_many && in_vain >= IN_VAIN {
            break;
        }
        let id = case.id(subject.role());
        let Some(at) = results.iter().position(|result| result.id == id) else {
            continue;
        };
        let is_lossy = lossy::may_explain(subject.role(), results, &id);
        let doubted = |result: &&mut CaseResult| {
            doubtful(result) || is_lossy && result.verdict.kind() == Kind::Fail
        };
        let Some(result) = results.get_mut(at).filter(doubted) else {
            continue;
        };
        let is_settled = door.was_shut() && result.verdict.kind() == Kind::Fail;
        let stays = is_settled || subject.gone().is_some() || !control_holds(case, subject, &known);
        if stays || !door.opens(subject).await {
            confirmed |= result.verdict.kind() == Kind::Fail;
            continue;
        }
        // Where several have failed again in a row, chance is not what fails it.
        let tries = match confirmed && in_vain >= SEVERAL {
            true => 1,
            false => TRIES,
        };
        let seen = seen_again(case, subject, result, tries, is_lossy).await;
        in_vain = if seen.is_some() { 0 } else { in_vain + 1 };
        match seen {
            Some(better) if result.verdict.kind() == Kind::Fail => {
                known.insert(id, better);
                unconfirmed.push(at);
            }
            Some(better) => {
                known.insert(id, better.clone());
                result.verdict = better;
                result.transcript = Vec::new();
            }
            None if door.keeps_out(result) => doubt(result, TURNED_AWAY),
            None => confirmed |= result.verdict.kind() == Kind::Fail,
        }
    }
    for at in unconfirmed {
        if let Some(result) = results.get_mut(at) {
            settle(result, confirmed);
        }
    }
}

/// Takes back a failure that something else explains.
fn doubt(result: &mut CaseResult, why: &str) {
    let reason = result.verdict.reason().unwrap_or_default();
    result.verdict = Verdict::Inconclusive {
        reason: format!("{why}: {reason}"),
    };
}

fn doubtful(result: &CaseResult) -> bool {
    match &result.verdict {
        Verdict::Fail(failure) => failure.is_absence(),
        Verdict::Inconclusive { .. } => true,
        _ => false,
    }
}

/// A subject that went away, hangs, or lets nobody in, failed whatever was under way or came later.
fn excuse(book: &Book, subject: &Subject, door: &Door, results: &mut [CaseResult]) {
    let lives_on = family::clause(subject.spec(), Protocol::of(subject.spec()).lives_on());
    let lives_on = lives_on.map(|clause| clause.id.clone());
    let is_hurt = |result: &CaseResult| match &result.verdict {
        Verdict::Fail(failure) => failure.clause.is_some() && failure.clause == lives_on,
        _ => false,
    };
    let hurt = results.iter().filter(|result| is_hurt(result));
    let Some(hurt) = hurt.filter_map(|result| book.times(&result.id)).min() else {
        return;
    };
    for result in results {
        let came_later = book.times(&result.id).is_some_and(|(_, end)| end >= hurt.0);
        let is_idle = match &result.verdict {
            Verdict::Fail(failure) => failure.is_idleness(),
            _ => false,
        };
        if came_later && (is_idle || door.keeps_out(result)) && !is_hurt(result) {
            let why = match door.was_shut() {
                true => TURNED_AWAY,
                false => "the subject was about to go away",
            };
            doubt(result, why);
        }
    }
}

/// The cases with those first on which others build.
fn ordered(cases: &[&'static Case], subject: &Subject) -> Vec<&'static Case> {
    let mut order = cases.to_vec();
    order.sort_by_key(|case| suite::controls(case, subject.role()).count());
    order
}

fn control_holds(case: &Case, subject: &Subject, known: &BTreeMap<String, Verdict>) -> bool {
    let role = subject.role();
    let fits = |control: &&'static Case| control.fits(subject.spec(), role);
    let kind = |control: &'static Case| known.get(&control.id(role)).map(Verdict::kind);
    let mut kinds = suite::controls(case, role).filter(fits).filter_map(kind);
    let nearest = kinds.next();
    // One that passed may build on what did not: what takes long runs without its own twin.
    nearest.is_none_or(|kind| matches!(kind, Kind::Pass | Kind::Info))
        && kinds.all(|kind| !matches!(kind, Kind::Fail | Kind::Inconclusive))
}

/// What the case comes to alone, if that is better than what it came to before.
///
/// A failure of another kind, or the first one that a case comes to at all, takes the place of what
/// was known.
async fn seen_again(
    case: &'static Case,
    subject: &Arc<Subject>,
    result: &mut CaseResult,
    tries: usize,
    is_lossy: bool,
) -> Option<Verdict> {
    for _ in 0..tries {
        let (verdict, peer) = attempt(case, subject).await;
        match &verdict {
            Verdict::Fail(failure) => {
                let is_first = result.verdict.kind() != Kind::Fail;
                if is_first || !(failure.is_absence() || is_lossy) {
                    result.transcript = peer.transcript().annotated();
                    result.verdict = verdict;
                    return None;
                }
            }
            Verdict::Inconclusive { .. } => {}
            Verdict::Pass | Verdict::Info { .. } | Verdict::Skip { .. } => return Some(verdict),
        }
    }
    None
}

/// What a failure that was not seen again is worth.
fn settle(result: &mut CaseResult, confirmed: bool) {
    if confirmed {
        doubt(result, "it failed beside other cases and passed alone");
    } else if let Verdict::Fail(failure) = &mut result.verdict {
        let seen_once = "run once more and alone it passed";
        failure.detail = match failure.detail.as_str() {
            "" => seen_once.to_owned(),
            detail => format!("{detail}; {seen_once}"),
        };
    }
}

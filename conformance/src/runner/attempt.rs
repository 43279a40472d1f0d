//! One case, once: its verdict, and whether the subject lives after it.

use std::sync::Arc;

use tokio::time::timeout;

use crate::case::{Case, Pace, Role};
use crate::family;
use crate::subject::{Peer, Protocol, Subject, Transcript};
use crate::verdict::{Failure, Kind, Outcome, Stop, Verdict};

/// Runs a case once, and sees whether the subject lives after an invalid one.
pub(super) async fn attempt(case: &'static Case, subject: &Arc<Subject>) -> (Verdict, Peer) {
    if let Some(why) = subject.gone() {
        subject.miss();
        let reason = format!("the subject is gone: {why}");
        return (Verdict::Inconclusive { reason }, subject.peer());
    }
    let mut peer = subject.peer();
    let transcript = peer.transcript().clone();
    // In a task of its own a case that panics costs only itself.
    let longest = subject.longest();
    let task = tokio::spawn(async move {
        let outcome = timeout(longest, (case.run)(&mut peer)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let seconds = longest.as_secs();
            Err(Stop::inconclusive(format!(
                "the case came to no end within {seconds} s: what the subject sends keeps it from that"
            )))
        });
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
    let verdict = flooded(excused(verdict, &transcript), &transcript);
    let verdict = probed(verdict, case);
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
    let broken = flooded(broken, probe.transcript());
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

/// A failure on the way to a reading, which is no rule, says nothing of any.
fn probed(verdict: Verdict, case: &Case) -> Verdict {
    match verdict {
        Verdict::Fail(Failure {
            clause: None,
            expected,
            got,
            ..
        }) if case.clauses.is_empty() => Verdict::Inconclusive {
            reason: format!("expected {expected}, got {got}"),
        },
        verdict => verdict,
    }
}

/// A failure where the subject sent more than is read says nothing, unless that breaks a rule itself.
fn flooded(verdict: Verdict, transcript: &Transcript) -> Verdict {
    match (transcript.flooded(), &verdict) {
        (Some(what), Verdict::Fail(_)) if transcript.accused().is_none() => Verdict::Inconclusive {
            reason: format!("the subject sends {what}, which nothing asks for and no rule limits"),
        },
        _ => verdict,
    }
}

/// Opens a new connection and talks over it.
pub(super) async fn see_alive(peer: &Peer) -> Outcome {
    let mut link = peer.connected().await?;
    link.fence().await?;
    peer.keep(link).await;
    Ok(())
}

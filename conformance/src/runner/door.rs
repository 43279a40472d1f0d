//! Whether a server still lets in whom it let in before.
//!
//! One that shuts an account over a malformed message, or runs out of slots, turns away whatever
//! comes next: that is one rule broken, and not all those that the next cases are about.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::attempt::see_alive;
use crate::case::Role;
use crate::report::CaseResult;
use crate::subject::Subject;
use crate::verdict::{Failure, Verdict};

/// Probes in vain that are no accident.
const IN_VAIN: usize = 3;
/// How long a server that shut its door is waited for, over all cases.
const PATIENCE: Duration = Duration::from_secs(12);
/// Between two looks at a door that is shut.
const LOOKS: Duration = Duration::from_millis(250);

/// The door of a server.
#[derive(Debug)]
pub(super) struct Door {
    was_shut: bool,
    left: Duration,
}

impl Door {
    /// What the results say of it.
    pub(super) fn of(results: &[CaseResult], subject: &Subject) -> Self {
        let in_vain = results.iter().filter_map(failure).filter(|f| is_probe(f));
        let stays = subject.role() == Role::Server && subject.deaths().is_empty();
        Self {
            was_shut: stays && in_vain.count() >= IN_VAIN,
            left: PATIENCE,
        }
    }

    /// Whether a server that lives on turned away a device that it knows.
    pub(super) const fn was_shut(&self) -> bool {
        self.was_shut
    }

    /// Whether the result is what a door that is shut makes of a case which introduces itself.
    pub(super) fn keeps_out(&self, result: &CaseResult) -> bool {
        let is_refused = |f: &Failure| f.expected.starts_with("ok ") && f.got.starts_with("error ");
        self.was_shut && failure(result).is_some_and(is_refused)
    }

    /// Waits until it is open, as long as there is patience left.
    pub(super) async fn opens(&mut self, subject: &Arc<Subject>) -> bool {
        while self.was_shut {
            let began = Instant::now();
            if see_alive(&subject.peer()).await.is_ok() {
                return true;
            }
            if self.left.is_zero() {
                return false;
            }
            tokio::time::sleep(LOOKS).await;
            self.left = self.left.saturating_sub(began.elapsed());
        }
        true
    }
}

const fn failure(result: &CaseResult) -> Option<&Failure> {
    match &result.verdict {
        Verdict::Fail(failure) => Some(failure),
        _ => None,
    }
}

/// Whether the failure is that a new connection, after the case, was not let in.
fn is_probe(failure: &Failure) -> bool {
    failure.got.starts_with("connecting: expected ok") && failure.got.contains(", got error ")
}

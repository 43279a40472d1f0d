//! What comes of a subject that loses an answer now and then.
//!
//! It fails whichever case asks for much, or sends two messages that happen to
//! arrive together, by a silence that has nothing to do with what the case is
//! about.

use crate::case::Role;
use crate::report::CaseResult;
use crate::verdict::Verdict;

/// The cases that ask for nothing but many answers, or for one to what arrives together.
const SHOW_LOSS: [&str; 2] = ["run.one-after-another", "packet.response-and-command"];

/// Charges lost answers to the rule of such a case alone, where it has failed by one.
pub(super) fn excuse(role: Role, results: &mut [CaseResult]) {
    for shows in SHOW_LOSS {
        excuse_by(&format!("{role}.{shows}"), results);
    }
}

fn excuse_by(shown_by: &str, results: &mut [CaseResult]) {
    let shown = results.iter().find(|result| result.id == shown_by);
    let Some(Verdict::Fail(lost)) = shown.map(|result| &result.verdict) else {
        return;
    };
    if !lost.is_silence() {
        return;
    }
    let clause = lost.clause.clone();
    for result in results {
        let is_lost = match &result.verdict {
            Verdict::Fail(failure) => failure.is_silence() && failure.clause != clause,
            _ => false,
        };
        if is_lost {
            let why = result.verdict.reason().unwrap_or_default();
            result.verdict = Verdict::Inconclusive {
                reason: format!("the subject loses answers, as {shown_by} shows: {why}"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::mute::tests::failed;
    use crate::verdict::Kind;

    fn kind_beside(many_answers: &str, got: &str) -> Kind {
        let mut many = failed("IOTMP25-RUN-001", "an answer", many_answers);
        many.id = format!("device.{}", SHOW_LOSS[0]);
        let mut results = vec![failed("IOTMP25-KEY-004", "an answer", got), many];
        excuse(Role::Device, &mut results);
        assert_eq!(results[1].verdict.kind(), Kind::Fail);
        results[0].verdict.kind()
    }

    #[test]
    fn an_answer_that_is_lost_says_nothing_where_others_are_lost_too() {
        let nothing = "nothing within 700 ms";
        assert_eq!(kind_beside(nothing, nothing), Kind::Inconclusive);
        assert_eq!(kind_beside(nothing, "error stream_id=7"), Kind::Fail);
        assert_eq!(kind_beside("connection closed", nothing), Kind::Fail);
    }
}

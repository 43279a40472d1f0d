//! What comes of a subject that loses an answer now and then.
//!
//! It fails whichever case asks for much, or sends two messages that happen to
//! arrive together, by a silence that has nothing to do with what the case is
//! about.

use crate::case::Role;
use crate::report::CaseResult;
use crate::verdict::{Failure, Verdict};

/// The cases that ask for nothing but many answers, or for one to what arrives together.
const SHOW_LOSS: [&str; 4] = [
    "run.one-after-another",
    "data.one-after-another",
    "command.one-after-another",
    "packet.response-and-command",
];

/// The ids of those cases.
fn show_loss(role: Role) -> [String; 4] {
    SHOW_LOSS.map(|slug| format!("{role}.{slug}"))
}

/// How a case failed that shows that answers are lost, if it does.
fn loss<'a>(shown_by: &str, results: &'a [CaseResult]) -> Option<&'a Failure> {
    let shown = results.iter().find(|result| result.id == shown_by);
    match &shown?.verdict {
        Verdict::Fail(lost) if lost.is_silence() => Some(lost),
        _ => None,
    }
}

/// Whether any failure may come of an answer that was lost, whatever came instead.
///
/// Who shows the loss is told by it, and not looked at again.
pub(super) fn may_explain(role: Role, results: &[CaseResult], id: &str) -> bool {
    let by = show_loss(role);
    let is_shown = by.iter().any(|by| loss(by, results).is_some());
    is_shown && by.iter().all(|by| by != id)
}

/// Charges lost answers to the rule of such a case alone, where it has failed by one.
pub(super) fn excuse(role: Role, results: &mut [CaseResult]) {
    for shown_by in show_loss(role) {
        let Some(lost) = loss(&shown_by, results) else {
            continue;
        };
        let clause = lost.clause.clone();
        for result in results.iter_mut() {
            let is_lost = match &result.verdict {
                Verdict::Fail(failure) if failure.clause != clause => {
                    failure.is_silence() || failure.is_overtaken()
                }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::mute::tests::failed;
    use crate::verdict::Kind;

    fn kind_beside(many_answers: &str, got: &str) -> Kind {
        kind_of("an answer", got, many_answers)
    }

    fn kind_of(expected: &str, got: &str, many_answers: &str) -> Kind {
        let mut many = failed("IOTMP25-RUN-001", "an answer", many_answers);
        many.id = format!("device.{}", SHOW_LOSS[0]);
        let mut results = vec![failed("IOTMP25-KEY-004", expected, got), many];
        excuse(Role::Device, &mut results);
        assert_eq!(results[1].verdict.kind(), Kind::Fail);
        results[0].verdict.kind()
    }

    #[test]
    fn an_answer_that_is_lost_says_nothing_where_others_are_lost_too() {
        let nothing = "nothing within 700 ms";
        assert_eq!(kind_beside(nothing, nothing), Kind::Inconclusive);
        assert_eq!(kind_beside(nothing, "error stream_id=7"), Kind::Fail);
        assert_eq!(kind_beside(nothing, "stream_data stream_id=7"), Kind::Fail);
        assert_eq!(kind_beside("connection closed", nothing), Kind::Fail);
    }

    #[test]
    fn a_value_in_the_place_of_an_answer_may_be_what_follows_it() {
        let nothing = "nothing within 700 ms";
        let value = "stream_data stream_id=7 payload=1";
        let kind = |expected| kind_of(expected, value, nothing);
        assert_eq!(kind("ok or error stream_id=7"), Kind::Inconclusive);
        assert_eq!(kind("a value of \"led\""), Kind::Fail);
    }

    #[test]
    fn whatever_came_may_have_come_instead_of_a_lost_answer() {
        let explains = |many_answers: &str, id: &str| {
            let mut many = failed("IOTMP25-RUN-001", "an answer", many_answers);
            many.id = "device.run.one-after-another".to_owned();
            may_explain(Role::Device, &[many], id)
        };
        let nothing = "nothing within 700 ms";
        assert!(explains(nothing, "device.stream.start-again"));
        assert!(!explains(nothing, "device.run.one-after-another"));
        assert!(!explains("connection closed", "device.stream.start-again"));
    }
}

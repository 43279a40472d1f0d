//! What `server` and `device` have in common: one subject, one spec.

use std::sync::Arc;
use std::time::Instant;

use iotmp_conformance::case::Role;
use iotmp_conformance::ledger::{Claim, Ledger};
use iotmp_conformance::plan::{Selection, live_ids};
use iotmp_conformance::report::{Report, Run, SubjectKind};
use iotmp_conformance::runner;
use iotmp_conformance::subject::Subject;
use iotmp_spec::model::{Party, Spec};

use super::Outcome;
use super::options::{RunOptions, block_on};
use super::output::Named;

/// What is tested, and how to name it.
pub(super) struct Target<'a> {
    pub(super) spec: &'static Spec,
    pub(super) role: Role,
    /// The command that tests it again.
    pub(super) again: String,
    /// Files that are read for it.
    pub(super) inputs: Vec<Named<'a>>,
}

/// Tests what `subject` gives, together with where it is or dials, and reports.
pub(super) fn test(
    target: Target<'_>,
    options: &RunOptions,
    subject: impl Future<Output = Result<(Subject, String), String>>,
) -> Outcome {
    let Target {
        spec,
        role,
        again,
        inputs,
    } = target;
    let selection = options.selection();
    let ids = live_ids(&[spec], &[role]);
    selection
        .check(ids.iter().map(String::as_str))
        .map_err(|error| error.to_string())?;
    let cases = selection.cases(spec, role);
    if cases.is_empty() {
        return Err("--select, --skip and --level leave no case to run".to_owned());
    }
    let all = Selection::default().cases(spec, role).len();
    let targets = options.targets(inputs)?;
    let began = Instant::now();
    let (finished, address) = block_on(async {
        let (subject, address) = subject.await?;
        let subjects = [Arc::new(subject)];
        let finished = runner::run(&subjects, cases, &options.settings()).await;
        Ok::<_, String>((finished, address))
    })??;
    let finished = match finished {
        Ok(finished) => finished,
        Err(unreachable) => return Ok(targets.unreachable(unreachable)),
    };
    let run = Run {
        spec: spec.name.clone(),
        subject: match role {
            Role::Server => SubjectKind::Server,
            Role::Device => SubjectKind::Device,
        },
        address,
        seed: Some(options.manner().seed),
        again,
        elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        gone: finished.gone,
        notes: finished.notes,
        cases: finished.results,
    };
    let party = match role {
        Role::Server => Party::Server,
        Role::Device => Party::Device,
    };
    let claims: Vec<Claim<'_>> = run.cases.iter().map(|result| result.claim()).collect();
    let scope = selection.scope(run.cases.iter().flat_map(|result| &result.clauses));
    let ledger = Ledger::reckon(spec, &[party], scope.as_deref(), &claims);
    targets.write(
        Report::new(vec![run], vec![ledger], options.allow_untested()),
        all,
    )
}

/// A word of a command as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        assert_eq!(quoted("127.0.0.1:25204"), "127.0.0.1:25204");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's $5"), r"'it'\''s $5'");
    }
}

//! The vectors of a spec against a codec in a process of its own.

mod blame;

use std::time::Instant;

use iotmp_spec::model::{Party, Spec};

use crate::family;
use crate::ledger::{Claim, Ledger};
use crate::plan::{Selection, vectors_of};
use crate::report::{CaseResult, Run, SubjectKind};
use crate::subject::{Breakdown, ChildCodec, CodecSubject, Incident, Protocol};
use crate::vector::{self, Judgement, Operation, Vector, VectorSet};
use crate::verdict::Verdict;

/// Nothing is left to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NothingToRun(pub String);

/// Runs the vectors that `selection` asks for, each `repeat` times; `again` is
/// the command that does the same.
///
/// A codec that only decodes, or only encodes, is not asked for the rest, nor
/// do the clauses of the other half count.
///
/// # Errors
/// [`NothingToRun`] where no vector fits.
pub fn run(
    spec: &'static Spec,
    selection: &Selection,
    repeat: usize,
    codec: &mut ChildCodec,
    again: String,
) -> Result<(Run, Ledger), NothingToRun> {
    let Some(set) = vectors_of(spec) else {
        return Err(NothingToRun(format!(
            "there are no vectors of {}",
            spec.name
        )));
    };
    let began = Instant::now();
    let mut notes = Vec::new();
    let fitting = fitting(set, selection, codec, &mut notes);
    if fitting.is_empty() {
        let why = match notes.first() {
            Some(note) => format!("no vector is left to run: {note}"),
            None => "--select, --skip and --level leave no vector to run".to_owned(),
        };
        return Err(NothingToRun(why));
    }
    let (mut cases, open): (Vec<CaseResult>, Vec<bool>) = fitting
        .into_iter()
        .map(|one| certified(set, one, repeat, codec))
        .unzip();
    blame::assign(&mut cases, &open, &blame::Rules::of(spec));
    let seconds = began.elapsed().as_secs_f64();
    notes.push(format!("{} vectors in {seconds:.2} s", cases.len()));
    let parties: Vec<Party> = [
        (Operation::Encode, Party::Encoder),
        (Operation::Decode, Party::Decoder),
    ]
    .into_iter()
    .filter(|(operation, _)| codec.hello().does(*operation))
    .map(|(_, party)| party)
    .collect();
    let claims: Vec<Claim<'_>> = cases.iter().map(CaseResult::claim).collect();
    let scope = selection.scope(cases.iter().flat_map(|case| &case.clauses));
    let ledger = Ledger::reckon(spec, &parties, scope.as_deref(), &claims);
    let run = Run {
        spec: spec.name.clone(),
        subject: SubjectKind::Codec,
        address: codec.name().to_owned(),
        seed: None,
        again,
        elapsed_ms: millis(began),
        gone: codec.gone().map(str::to_owned),
        notes,
        cases,
    };
    Ok((run, ledger))
}

/// Runs one vector of a set that stands outside of the suite, and blames `clause`
/// if it fails by an answer; `again` is the command that does the same.
///
/// # Errors
/// [`NothingToRun`] where the set has no such vector.
pub fn again(
    set: &VectorSet,
    id: &str,
    clause: Option<&str>,
    codec: &mut ChildCodec,
    again: String,
) -> Result<(Run, Ledger), NothingToRun> {
    let vector = set
        .get(id)
        .ok_or_else(|| NothingToRun(format!("there is no vector {id}")))?;
    let began = Instant::now();
    let (mut case, answered) = once(set, vector, codec);
    if answered && let Verdict::Fail(failure) = &mut case.verdict {
        failure.clause = clause.map(str::to_owned);
    }
    case.elapsed_ms = millis(began);
    let ledger = Ledger::reckon(set.spec, &[], Some(&case.clauses), &[case.claim()]);
    let run = Run {
        spec: set.spec.name.clone(),
        subject: SubjectKind::Codec,
        address: codec.name().to_owned(),
        seed: None,
        again,
        elapsed_ms: millis(began),
        gone: codec.gone().map(str::to_owned),
        notes: Vec::new(),
        cases: vec![case],
    };
    Ok((run, ledger))
}

fn fitting(
    set: &'static VectorSet,
    selection: &Selection,
    codec: &ChildCodec,
    notes: &mut Vec<String>,
) -> Vec<&'static Vector> {
    let asked = selection.vectors(set);
    let all = asked.len();
    let does = |vector: &&Vector| vector.applies.iter().any(|&op| codec.hello().does(op));
    let fitting: Vec<&Vector> = asked.into_iter().filter(does).collect();
    if fitting.len() < all {
        let ops = codec.hello().ops.join(" and ");
        let left_out = all - fitting.len();
        notes.push(format!(
            "the codec says that it does only {ops}: {left_out} vectors that ask for nothing of that are left out"
        ));
    }
    fitting
}

/// One vector, and whether it failed by an answer; its worst verdict counts.
fn certified(
    set: &VectorSet,
    vector: &'static Vector,
    repeat: usize,
    codec: &mut ChildCodec,
) -> (CaseResult, bool) {
    let began = Instant::now();
    let (mut worst, mut open) = once(set, vector, codec);
    for _ in 1..repeat.max(1) {
        codec.forget_answers();
        let (result, answered) = once(set, vector, codec);
        if result.verdict.kind() > worst.verdict.kind() {
            (worst, open) = (result, answered);
        }
    }
    worst.elapsed_ms = millis(began);
    (worst, open)
}

/// One vector, once, and whether it failed by an answer.
pub(crate) fn once(set: &VectorSet, vector: &Vector, codec: &mut ChildCodec) -> (CaseResult, bool) {
    let gone = codec.gone().map(str::to_owned);
    let mut finding = vector::run(set, vector, codec);
    let does = |judgement: &Judgement| codec.hello().does(judgement.operation);
    finding.judgements.retain(does);
    let mut result = CaseResult::of_vector(vector, &finding);
    if let Some(why) = gone {
        let reason = format!("the codec is gone: {why}");
        result.verdict = Verdict::Inconclusive { reason };
        return (result, false);
    }
    // Those of a control leave a vector skipped, not failed.
    let incident = codec.take_incidents().into_iter().next();
    result.prove(set, vector, &finding, codec);
    // The answer was given before, and so was what went wrong.
    let _ = codec.take_incidents();
    let Verdict::Fail(failure) = &mut result.verdict else {
        return (result, false);
    };
    let stderr = match &incident {
        Some(incident) => incident.stderr.clone(),
        None => codec.stderr(),
    };
    if !stderr.is_empty() {
        let said = stderr.replace('\n', "\n              ");
        failure
            .detail
            .push_str("; its standard error says\n              ");
        failure.detail.push_str(&said);
    }
    let answered = incident.is_none();
    failure.clause = incident.and_then(|incident| blamed(set, &incident));
    (result, answered)
}

/// A decoder that crashes or hangs breaks the clause that it must not, whatever
/// the vector is about.
fn blamed(set: &VectorSet, incident: &Incident) -> Option<String> {
    let harmed = matches!(incident.breakdown, Breakdown::Crash(_) | Breakdown::Hang(_));
    let blamed = harmed && incident.operation == Operation::Decode;
    let unharmed = Protocol::of(set.spec).decodes_unharmed();
    let clause = family::clause(set.spec, unharmed).filter(|_| blamed)?;
    Some(clause.id.clone())
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

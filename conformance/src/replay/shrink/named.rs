//! What is left of an input, as a vector of its own.

use super::oracle::Ruling;
use super::{Candidate, Input};
use crate::vector::{Expected, Flag, Operation, Reject, Vector, VectorSet};

/// The candidate as a vector of the area `shrunk`.
pub(super) fn named(
    candidate: &Candidate,
    first: &Vector,
    clause: Option<&str>,
    suite: &VectorSet,
) -> Vector {
    let spec = suite.spec;
    let ruling = Ruling::of(spec, candidate);
    let clauses = match clause {
        Some(clause) => vec![clause.to_owned()],
        None => first.clauses.clone(),
    };
    let levels = clauses.iter().filter_map(|id| spec.clause(id));
    let level = levels.map(|clause| clause.level).max();
    let slug: Vec<&str> = first
        .id
        .split('/')
        .skip(1)
        .filter(|part| *part != AREA)
        .collect();
    let (bytes, expected) = match (&candidate.input, &ruling.meaning) {
        (Input::Bytes(bytes), Ok((value, consumed))) => {
            let canonical = ruling.canonical.clone().filter(|other| other != bytes);
            let expected = Expected::Valid {
                value: value.clone(),
                consumed: *consumed,
                // Only of an encoder are other bytes expected.
                canonical: canonical.filter(|_| candidate.operation == Operation::Encode),
            };
            (Some(bytes.clone()), expected)
        }
        (Input::Value(json), Ok(_)) => {
            let expected = Expected::Valid {
                value: json.clone(),
                consumed: ruling.bytes().unwrap_or_default().len(),
                canonical: None,
            };
            (ruling.bytes(), expected)
        }
        (input, Err(refusal)) => {
            let (bytes, value) = match input {
                Input::Bytes(bytes) => (Some(bytes.clone()), None),
                Input::Value(json) => (None, Some(json.clone())),
            };
            let reject = Reject {
                class: Some(refusal.class.as_str().to_owned()),
                offset: bytes.is_some().then_some(refusal.offset),
            };
            let control = control(candidate, first, suite);
            let expected = Expected::Invalid {
                control,
                reject,
                value,
            };
            (bytes, expected)
        }
    };
    Vector {
        id: format!("{}/{AREA}/{}", spec.name, slug.join("-")),
        aliases: Vec::new(),
        since: env!("CARGO_PKG_VERSION").to_owned(),
        doc: format!(
            "What is left of {} while it fails in the same way.",
            first.id
        ),
        clauses,
        level: level.unwrap_or(first.level),
        flags: if candidate.is_exact {
            vec![Flag::ExactBytes]
        } else {
            Vec::new()
        },
        kind: candidate.kind,
        answers: candidate.request,
        encoding: candidate.encoding,
        bytes,
        expected,
        applies: vec![candidate.operation],
        source: first.source.clone(),
    }
}

/// Area of the vectors that are made here.
const AREA: &str = "shrunk";

/// The control of the first vector, or a small valid one that is like the candidate.
fn control(candidate: &Candidate, first: &Vector, suite: &VectorSet) -> String {
    if let Expected::Invalid { control, .. } = &first.expected
        && candidate.kind == first.kind
    {
        return control.clone();
    }
    let fits = |vector: &&Vector| {
        matches!(vector.expected, Expected::Valid { .. })
            && vector.kind == candidate.kind
            && vector.encoding == candidate.encoding
            && vector.asks(candidate.operation)
    };
    let fitting = suite.vectors.iter().filter(fits);
    let smallest = fitting.min_by_key(|vector| vector.bytes.as_ref().map_or(0, Vec::len));
    smallest.map(|vector| vector.id.clone()).unwrap_or_default()
}

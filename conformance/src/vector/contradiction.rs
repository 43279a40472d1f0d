//! Valid vectors whose bytes and whose meaning are not the same.

use super::check::Fault;
use super::run::{Verdict, run};
use super::{Expected, Operation, Vector, VectorSet};
use crate::subject::Reference;

/// What the reference codec does not read, or write, as a valid vector says.
pub(super) fn against_reference(sets: &[VectorSet], given: &[(&str, &str)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for set in sets {
        let valid = |vector: &&Vector| matches!(vector.expected, Expected::Valid { .. });
        for vector in set.vectors.iter().filter(valid) {
            let home = vector.id.rsplit_once('/').map_or("", |(home, _)| home);
            let file = format!("{home}.json");
            if !given.iter().any(|(path, _)| *path == file) {
                continue;
            }
            let judgements = run(set, vector, &mut Reference).judgements;
            // What is read otherwise than it says is written otherwise as well.
            let first = judgements.into_iter().find_map(|one| match one.verdict {
                Verdict::Fail { expected, got } => Some((one.operation, expected, got)),
                _ => None,
            });
            if let Some((operation, expected, got)) = first {
                faults.push(Fault {
                    file,
                    id: Some(vector.id.clone()),
                    detail: contradiction(operation, &expected, &got),
                });
            }
        }
    }
    faults
}

fn contradiction(operation: Operation, expected: &str, got: &str) -> String {
    let (reads, what) = match operation {
        Operation::Decode => ("reads `hex`", "`value`, `consumed` or `hex`"),
        Operation::Encode => ("writes `value`", "`value`, `canonical` or `hex`"),
    };
    format!(
        "the vector contradicts itself: it expects {expected}, and the reference codec {reads} as \
         {got}; correct {what}, or make it `invalid`"
    )
}

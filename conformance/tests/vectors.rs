//! Every vector against both codecs, and the vectors against their rules.

use iotmp_conformance::subject::{CodecSubject, Interpreting, Reference};
use iotmp_conformance::vector::{self, Verdict};

fn failures(subject: &mut dyn CodecSubject) -> Vec<String> {
    let mut failures = Vec::new();
    for set in vector::all() {
        for vector in &set.vectors {
            for judgement in vector::run(set, vector, subject).judgements {
                let operation = judgement.operation;
                match judgement.verdict {
                    Verdict::Pass | Verdict::Info { .. } => {}
                    Verdict::Fail { expected, got } => failures.push(format!(
                        "{} {operation}\n  expected {expected}\n  got      {got}",
                        vector.id
                    )),
                    Verdict::Skip(why) => {
                        failures.push(format!("{} {operation}\n  skipped: {why}", vector.id))
                    }
                }
            }
        }
    }
    failures
}

#[test]
fn the_interpreting_codec_keeps_every_vector() {
    let failures = failures(&mut Interpreting);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_reference_codec_keeps_every_vector() {
    let failures = failures(&mut Reference);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_files_load() {
    if let Err(errors) = vector::load(vector::FILES) {
        panic!("{errors}");
    }
}

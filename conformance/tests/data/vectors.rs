//! Every vector against both codecs.

use std::collections::BTreeSet;

use iotmp_conformance::subject::{CodecSubject, Interpreting, Reference};
use iotmp_conformance::vector::{self, Flag, Verdict};

fn failures(subject: &mut dyn CodecSubject) -> Vec<String> {
    let mut failures = Vec::new();
    for set in vector::all() {
        for vector in &set.vectors {
            let finding = vector::run(set, vector, subject);
            assert_eq!(
                finding.judgements.len(),
                vector.applies.len(),
                "{}",
                vector.id
            );
            for judgement in finding.judgements {
                let why = match judgement.verdict {
                    Verdict::Pass | Verdict::Info { .. } => continue,
                    Verdict::Fail { expected, got } => format!("expected {expected}, got {got}"),
                    Verdict::Skip(why) => format!("skipped: {why}"),
                };
                failures.push(format!("{} {}: {why}", vector.id, judgement.operation));
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

/// What the specifications say of the reference is what it does.
#[test]
fn both_codecs_follow_the_readings_of_the_reference() {
    for subject in [&mut Interpreting as &mut dyn CodecSubject, &mut Reference] {
        for set in vector::all() {
            let mut others = BTreeSet::new();
            for vector in set.vectors.iter().filter(|v| !v.has(Flag::OverWide)) {
                for judgement in vector::run(set, vector, subject).judgements {
                    let Verdict::Info { ambiguity, reading } = judgement.verdict else {
                        continue;
                    };
                    let mut ambiguities = set.spec.ambiguities.iter();
                    let ambiguity = ambiguities.find(|a| a.id == ambiguity).unwrap();
                    if ambiguity.reference != reading {
                        others.insert(vector.id.as_str());
                    }
                }
            }
            // A Connect that contradicts itself is readable in the default encoding alone.
            let contradictory = [
                "iotmp-2023/encodings/connect-contradicts-itself",
                "iotmp-2025/messages/connect-pv-1-in-generation-1",
            ];
            let expected = contradictory
                .iter()
                .filter_map(|id| set.get(id))
                .map(|v| v.id.as_str())
                .collect();
            assert_eq!(others, expected, "{}", subject.name());
        }
    }
}

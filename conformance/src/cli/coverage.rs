//! `coverage`: which case proves which clause, and what nothing proves.

use std::process::ExitCode;

use iotmp_conformance::coverage::{Coverage, dangling, party_name};
use iotmp_conformance::exit;
use iotmp_conformance::ledger::level_name;

use super::Outcome;
use super::options::specs;

/// Shows what proves what, both ways; fails where a clause or a case is left over.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this specification.
    #[arg(long, value_name = "NAME")]
    spec: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let chosen = specs(arguments.spec.as_deref())?;
    let mut orphans = 0;
    for spec in chosen {
        let coverage = Coverage::of(spec);
        say!("{}: clauses", spec.name);
        for covered in &coverage.clauses {
            let clause = covered.clause;
            say!("  {} {}", clause.id, level_name(clause.level));
            for (party, ids) in &covered.by {
                let proof = match (&clause.untestable, ids.as_slice()) {
                    (_, [_, ..]) => ids.join(" "),
                    (Some(why), []) => format!("cannot be tested: {why}"),
                    (None, []) => "NOTHING".to_owned(),
                };
                say!("    {}: {proof}", party_name(*party));
            }
        }
        say!("{}: cases and vectors", spec.name);
        for proof in &coverage.proofs {
            let mut proved = proof.clauses.clone();
            proved.extend(proof.ambiguity.clone());
            say!("  {}: {}", proof.id, proved.join(" "));
        }
        for ambiguity in coverage.unprobed() {
            say!("{}: nothing probes {}", spec.name, ambiguity.id);
        }
        for (clause, party) in coverage.orphan_clauses() {
            let party = party_name(party);
            say!("{}: nothing proves {} for a {party}", spec.name, clause.id);
            orphans += 1;
        }
        for proof in coverage.orphan_proofs() {
            say!("{}: {} proves nothing", spec.name, proof.id);
            orphans += 1;
        }
    }
    for left_over in dangling(&specs(None)?) {
        say!("{left_over}");
        orphans += 1;
    }
    if orphans == 0 {
        say!("no orphans");
        return Ok(ExitCode::SUCCESS);
    }
    anstream::eprintln!("{orphans} orphans");
    Ok(ExitCode::from(exit::FAILED))
}

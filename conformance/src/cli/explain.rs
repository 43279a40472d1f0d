//! `explain`: what an id stands for, and why.

use std::process::ExitCode;

use iotmp_conformance::coverage::{Coverage, Proof, observed, party_name};
use iotmp_conformance::ledger::level_name;
use iotmp_conformance::plan::vectors_of;
use iotmp_conformance::select::nearest;
use iotmp_spec::model::{Ambiguity, Clause, Spec};

use super::Outcome;
use super::options::specs;

/// Ids named where there is none of that name.
const HINTS: usize = 5;

/// Says what a case, a vector, a clause or an ambiguity is, and what proves it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Id of a case, a vector, a clause or an ambiguity.
    id: String,
    /// Only this specification.
    #[arg(long, value_name = "NAME")]
    spec: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let id = arguments.id.as_str();
    let mut known: Vec<String> = Vec::new();
    let mut found = false;
    for spec in specs(arguments.spec.as_deref())? {
        let coverage = Coverage::of(spec);
        if let Some(clause) = spec.clause(id) {
            explain_clause(&coverage, clause)?;
            found = true;
        }
        if let Some(ambiguity) = spec.ambiguities.iter().find(|known| known.id == id) {
            explain_ambiguity(&coverage, ambiguity)?;
            found = true;
        }
        let watched = observed(spec);
        let mut proofs = coverage.proofs.iter().chain(&watched);
        if let Some(proof) = proofs.find(|proof| proof.id == id) {
            explain_proof(spec, proof)?;
            found = true;
        }
        known.extend(watched.into_iter().map(|proof| proof.id));
        known.extend(coverage.proofs.into_iter().map(|proof| proof.id));
        known.extend(spec.clauses.iter().map(|clause| clause.id.clone()));
        known.extend(spec.ambiguities.iter().map(|known| known.id.clone()));
    }
    if found {
        return Ok(ExitCode::SUCCESS);
    }
    let hints = nearest(id, known.iter().map(String::as_str), HINTS);
    Err(format!(
        "there is no case, vector, clause or ambiguity {id:?}; the nearest are {}",
        hints.join(", ")
    ))
}

/// A source by its key and its title, or as it is where it is prose.
fn source(spec: &Spec, key: &str) -> String {
    match spec.sources.iter().find(|source| source.key == key) {
        Some(source) => format!("{key}: {}", source.title),
        None => key.to_owned(),
    }
}

fn explain_clause(coverage: &Coverage, clause: &Clause) -> Result<(), String> {
    let binds: Vec<&str> = clause
        .binds
        .iter()
        .map(|party| party_name(*party))
        .collect();
    say!("{} ({}), a clause", clause.id, coverage.spec.name);
    say!("  {} {}", level_name(clause.level), clause.text);
    say!("  binds      {}", binds.join(", "));
    say!("  source     {}", source(coverage.spec, &clause.source));
    if !clause.aliases.is_empty() {
        say!("  once       {}", clause.aliases.join(", "));
    }
    if let Some(why) = &clause.untestable {
        say!("  untestable {why}");
    }
    proved_by(coverage, &clause.id)
}

fn explain_ambiguity(coverage: &Coverage, ambiguity: &Ambiguity) -> Result<(), String> {
    say!("{} ({}), an ambiguity", ambiguity.id, coverage.spec.name);
    say!("  {}", ambiguity.question);
    for reading in &ambiguity.readings {
        let followed = if reading.name == ambiguity.reference {
            " (the reference reads it so)"
        } else {
            ""
        };
        say!("  {}: {}{followed}", reading.name, reading.text);
    }
    say!("  because    {}", ambiguity.reason);
    say!("  source     {}", source(coverage.spec, &ambiguity.source));
    proved_by(coverage, &ambiguity.id)
}

fn proved_by(coverage: &Coverage, id: &str) -> Result<(), String> {
    for proof in coverage.proving(id) {
        say!("  {:<9}  {}: {}", proof.subject, proof.id, proof.title);
    }
    Ok(())
}

fn explain_proof(spec: &'static Spec, proof: &Proof) -> Result<(), String> {
    let what = match proof.subject {
        "codec" => "vector",
        _ if proof.id.contains(".observed.") => "case of tap and pcap",
        _ => "case",
    };
    say!("{} ({}), a {what}", proof.id, spec.name);
    say!("  {} {}", proof.level, proof.title);
    say!("  subject    {}", proof.subject);
    if let Some(control) = &proof.control {
        say!("  control    {control}");
    }
    for id in &proof.clauses {
        if let Some(clause) = spec.clause(id) {
            say!(
                "  proves     {} {id}: {}",
                level_name(clause.level),
                clause.text
            );
            say!("             {}", source(spec, &clause.source));
        }
    }
    let asks = proof.ambiguity.as_deref();
    if let Some(ambiguity) = spec
        .ambiguities
        .iter()
        .find(|known| Some(known.id.as_str()) == asks)
    {
        say!("  probes     {}: {}", ambiguity.id, ambiguity.question);
    }
    let vector = vectors_of(spec).and_then(|set| set.get(&proof.id));
    if let Some(bytes) = vector.and_then(|vector| vector.bytes.as_ref()) {
        say!("  bytes      {}", hex::encode(bytes));
    }
    Ok(())
}

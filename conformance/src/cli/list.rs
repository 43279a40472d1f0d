//! `list`: everything that the suite can try.

use std::process::ExitCode;

use iotmp_conformance::coverage::{Coverage, Proof, observed};
use iotmp_conformance::ledger::level_named;

use super::Outcome;
use super::choice::Choice;
use super::options::specs;

/// Lists live cases, vectors, and what `tap` and `pcap` watch for: id, level, subject, specifications, clauses.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this specification.
    #[arg(long, value_name = "NAME")]
    spec: Option<String>,
    #[command(flatten)]
    choice: Choice,
}

/// One line of the list: what is tried, and under which specs.
struct Row {
    proof: Proof,
    specs: Vec<&'static str>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut rows: Vec<Row> = Vec::new();
    for spec in specs(arguments.spec.as_deref())? {
        for proof in Coverage::of(spec).proofs.into_iter().chain(observed(spec)) {
            match rows.iter_mut().find(|row| row.proof.id == proof.id) {
                Some(row) => row.add(proof, &spec.name),
                None => rows.push(Row {
                    proof,
                    specs: vec![&spec.name],
                }),
            }
        }
    }
    let selection = arguments.choice.selection();
    selection
        .check(rows.iter().map(|row| row.proof.id.as_str()))
        .map_err(|error| error.to_string())?;
    rows.retain(|row| {
        level_named(row.proof.level).is_some_and(|level| selection.asks_for(&row.proof.id, level))
    });
    let widest = rows.iter().map(|row| row.proof.id.len()).max().unwrap_or(0);
    for Row { proof, specs } in &rows {
        let mut proved = proof.clauses.clone();
        proved.extend(proof.ambiguity.clone());
        say!(
            "{:<widest$}  {:<6}  {:<6}  {}  {}",
            proof.id,
            proof.level,
            proof.subject,
            specs.join(","),
            proved.join(" ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Row {
    /// The same case under another spec, which may have more clauses.
    fn add(&mut self, proof: Proof, spec: &'static str) {
        self.specs.push(spec);
        for clause in proof.clauses {
            if !self.proof.clauses.contains(&clause) {
                self.proof.clauses.push(clause);
            }
        }
        if self.proof.ambiguity.is_none() {
            self.proof.ambiguity = proof.ambiguity;
        }
    }
}

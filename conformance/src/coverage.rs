//! What proves what: every clause and the cases that claim it, every case and its clauses.

use iotmp_spec::model::{Ambiguity, Clause, Party, Spec};

use crate::case::{Case, Role};
use crate::family;
use crate::observe::{self, Rule};
use crate::plan::vectors_of;
use crate::suite;
use crate::vector::{Expected, Operation, Vector};

/// What the suite has for one spec.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// The spec.
    pub spec: &'static Spec,
    /// Its clauses, in order.
    pub clauses: Vec<Covered>,
    /// Its live cases and vectors.
    pub proofs: Vec<Proof>,
}

/// A clause and what proves it.
#[derive(Debug, Clone)]
pub struct Covered {
    /// The clause.
    pub clause: &'static Clause,
    /// For each party that it binds, the ids of what proves it.
    pub by: Vec<(Party, Vec<String>)>,
}

/// A case or a vector, and what it proves.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// `MUST`, `SHOULD` or `MAY`.
    pub level: &'static str,
    /// `server`, `device` or `codec`.
    pub subject: &'static str,
    /// Clauses.
    pub clauses: Vec<String>,
    /// Ambiguity that it probes.
    pub ambiguity: Option<String>,
    /// The id of its valid twin.
    pub control: Option<String>,
    parties: Vec<Party>,
}

/// The word for a party.
#[must_use]
pub const fn party_name(party: Party) -> &'static str {
    match party {
        Party::Server => "server",
        Party::Device => "device",
        Party::Encoder => "encoder",
        Party::Decoder => "decoder",
    }
}

impl Coverage {
    /// Puts together what the suite has for `spec`.
    #[must_use]
    pub fn of(spec: &'static Spec) -> Self {
        let mut proofs = Vec::new();
        for role in Role::ALL {
            proofs.extend(suite::fitting(spec, role).map(|case| Proof::live(spec, case, role)));
        }
        let vectors = vectors_of(spec).map_or(&[][..], |set| &set.vectors);
        proofs.extend(vectors.iter().map(Proof::vector));
        let clauses = spec.clauses.iter().map(|clause| covered(clause, &proofs));
        Self {
            spec,
            clauses: clauses.collect(),
            proofs,
        }
    }

    /// Clauses that nothing proves for a party that they bind, unless the spec says why.
    pub fn orphan_clauses(&self) -> impl Iterator<Item = (&Clause, Party)> {
        let testable = self
            .clauses
            .iter()
            .filter(|covered| covered.clause.untestable.is_none());
        testable.flat_map(|covered| {
            let bare = covered.by.iter().filter(|(_, ids)| ids.is_empty());
            bare.map(|(party, _)| (covered.clause, *party))
        })
    }

    /// Cases and vectors that prove no clause and probe no ambiguity.
    pub fn orphan_proofs(&self) -> impl Iterator<Item = &Proof> {
        let mut proofs = self.proofs.iter().collect::<Vec<_>>();
        proofs.retain(|proof| proof.clauses.is_empty() && proof.ambiguity.is_none());
        proofs.into_iter()
    }

    /// Ambiguities that nothing probes.
    pub fn unprobed(&self) -> impl Iterator<Item = &Ambiguity> {
        let probed = |id: &str| {
            self.proofs
                .iter()
                .any(|proof| proof.ambiguity.as_deref() == Some(id))
        };
        self.spec
            .ambiguities
            .iter()
            .filter(move |known| !probed(&known.id))
    }

    /// What claims a clause or probes an ambiguity of that id.
    pub fn proving<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Proof> {
        self.proofs.iter().filter(move |proof| {
            proof.ambiguity.as_deref() == Some(id)
                || proof.clauses.iter().any(|clause| clause == id)
        })
    }
}

/// What `tap` and `pcap` watch for: rules that they see to be kept or broken in passing traffic.
#[must_use]
pub fn observed(spec: &'static Spec) -> Vec<Proof> {
    let sides = Role::ALL.into_iter();
    let rules = sides.flat_map(|side| observe::rules(spec, side).map(move |rule| (rule, side)));
    rules
        .map(|(rule, side)| Proof::observed(spec, rule, side))
        .collect()
}

/// Live cases that no spec takes, and clauses and ambiguities that they name and no spec has.
#[must_use]
pub fn dangling(specs: &[&'static Spec]) -> Vec<String> {
    let mut found = Vec::new();
    for case in suite::all() {
        let fits = |role: &&Role| specs.iter().any(|spec| case.fits(spec, **role));
        for role in case.roles.iter().filter(|role| !fits(role)) {
            found.push(format!("{} fits no specification", case.id(*role)));
        }
        for id in case.clauses {
            if !specs.iter().any(|spec| family::clause(spec, id).is_some()) {
                found.push(format!(
                    "{} names {id}, which no specification has",
                    case.slug
                ));
            }
        }
        if let Some(id) = case.ambiguity
            && !specs.iter().any(|spec| case.open_question(spec).is_some())
        {
            found.push(format!(
                "{} names {id}, which no specification has",
                case.slug
            ));
        }
    }
    found
}

fn covered(clause: &'static Clause, proofs: &[Proof]) -> Covered {
    let by = clause.binds.iter().map(|party| {
        let claims = proofs
            .iter()
            .filter(|proof| proof.parties.contains(party) && proof.clauses.contains(&clause.id));
        (*party, claims.map(|proof| proof.id.clone()).collect())
    });
    Covered {
        clause,
        by: by.collect(),
    }
}

impl Proof {
    fn live(spec: &Spec, case: &Case, role: Role) -> Self {
        let party = match role {
            Role::Server => Party::Server,
            Role::Device => Party::Device,
        };
        Self {
            id: case.id(role),
            title: case.title.to_owned(),
            level: crate::ledger::level_name(case.level(spec)),
            subject: role.name(),
            clauses: case.claims(spec).into_iter().map(str::to_owned).collect(),
            ambiguity: case.open_question(spec).map(str::to_owned),
            control: case.control.map(|slug| format!("{role}.{slug}")),
            // Who speaks also reads and writes.
            parties: vec![party, Party::Encoder, Party::Decoder],
        }
    }

    fn observed(spec: &Spec, rule: &Rule, side: Role) -> Self {
        Self {
            id: rule.id(side),
            title: rule.title.to_owned(),
            level: crate::ledger::level_name(rule.level(spec)),
            subject: side.name(),
            clauses: rule
                .clause(spec)
                .map(|clause| clause.id.clone())
                .into_iter()
                .collect(),
            ambiguity: None,
            control: None,
            // What traffic happens to show is no proof that a suite has.
            parties: Vec::new(),
        }
    }

    fn vector(vector: &Vector) -> Self {
        let parties = vector.applies.iter().map(|operation| match operation {
            Operation::Decode => Party::Decoder,
            Operation::Encode => Party::Encoder,
        });
        Self {
            id: vector.id.clone(),
            title: vector.doc.clone(),
            level: crate::ledger::level_name(vector.level),
            subject: "codec",
            clauses: vector.clauses.clone(),
            ambiguity: match &vector.expected {
                Expected::Acceptable { ambiguity, .. } => Some(ambiguity.clone()),
                _ => None,
            },
            control: match &vector.expected {
                Expected::Invalid { control, .. } => Some(control.clone()),
                _ => None,
            },
            parties: parties.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;

    #[test]
    fn every_clause_is_proved_and_every_case_proves_something() {
        for spec in specs::all() {
            let coverage = Coverage::of(spec);
            let clauses: Vec<String> = coverage
                .orphan_clauses()
                .map(|(clause, party)| format!("{} for the {}", clause.id, party_name(party)))
                .collect();
            assert_eq!(clauses, Vec::<String>::new(), "{}", spec.name);
            let proofs: Vec<&str> = coverage
                .orphan_proofs()
                .map(|proof| proof.id.as_str())
                .collect();
            assert_eq!(proofs, Vec::<&str>::new(), "{}", spec.name);
        }
    }

    #[test]
    fn cases_name_what_there_is() {
        let specs: Vec<&'static Spec> = specs::all().iter().collect();
        assert_eq!(dangling(&specs), Vec::<String>::new());
    }
}

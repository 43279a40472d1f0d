//! Which cases and vectors a command runs.

use core::fmt;

use iotmp_spec::model::{Level, Spec};

use crate::case::{Case, Role};
use crate::select::{matches, nearest};
use crate::suite;
use crate::vector::{self, Vector, VectorSet};

/// Ids named where a pattern matches nothing.
const HINTS: usize = 5;

/// What was asked for on the command line.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Patterns of ids to run; none is all.
    pub select: Vec<String>,
    /// Patterns of ids to leave out.
    pub skip: Vec<String>,
    /// The laxest level that is run.
    pub level: Level,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            select: Vec::new(),
            skip: Vec::new(),
            level: Level::May,
        }
    }
}

/// A pattern that no id matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoMatch {
    /// The pattern.
    pub pattern: String,
    /// The ids that come nearest to it, nearest first.
    pub nearest: Vec<String>,
}

impl fmt::Display for NoMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} matches no case; the nearest are ", self.pattern)?;
        f.write_str(&self.nearest.join(", "))
    }
}

impl core::error::Error for NoMatch {}

impl Selection {
    /// Whether everything is run.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.select.is_empty() && self.skip.is_empty() && self.level == Level::May
    }

    /// Whether it asks for a case of that id and level.
    #[must_use]
    pub fn asks_for(&self, id: &str, level: Level) -> bool {
        let named = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, id));
        level <= self.level && (self.select.is_empty() || named(&self.select)) && !named(&self.skip)
    }

    /// Sees that every pattern matches one of `ids`.
    ///
    /// # Errors
    /// The first pattern that does not.
    pub fn check<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), NoMatch> {
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut patterns = self.select.iter().chain(&self.skip);
        let lost = patterns.find(|pattern| !ids.iter().any(|id| matches(pattern, id)));
        let Some(pattern) = lost else { return Ok(()) };
        let nearest = nearest(pattern, ids, HINTS);
        Err(NoMatch {
            pattern: pattern.clone(),
            nearest: nearest.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The live cases that it asks for.
    #[must_use]
    pub fn cases(&self, spec: &Spec, role: Role) -> Vec<&'static Case> {
        suite::fitting(spec, role)
            .filter(|case| self.asks_for(&case.id(role), case.level(spec)))
            .collect()
    }

    /// The vectors that it asks for.
    #[must_use]
    pub fn vectors(&self, set: &'static VectorSet) -> Vec<&'static Vector> {
        set.vectors
            .iter()
            .filter(|vector| self.asks_for(&vector.id, vector.level))
            .collect()
    }

    /// The clauses that count where not everything is run; `None` is all that bind the subject.
    #[must_use]
    pub fn scope<'a>(&self, claimed: impl IntoIterator<Item = &'a String>) -> Option<Vec<String>> {
        (!self.is_all()).then(|| claimed.into_iter().cloned().collect())
    }
}

/// The ids of the live cases for some specs and roles, without doubles.
#[must_use]
pub fn live_ids(specs: &[&Spec], roles: &[Role]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (spec, role) in specs
        .iter()
        .flat_map(|spec| roles.iter().map(move |role| (spec, *role)))
    {
        for case in suite::fitting(spec, role) {
            let id = case.id(role);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

/// The vectors of a spec.
#[must_use]
pub fn vectors_of(spec: &Spec) -> Option<&'static VectorSet> {
    vector::all().iter().find(|set| set.spec.name == spec.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs;

    #[test]
    fn patterns_and_levels_choose_together() {
        let spec = specs::by_name("iotmp-shipping").unwrap();
        let selection = Selection {
            select: vec!["server.connect.ok*".to_owned()],
            ..Selection::default()
        };
        let chosen = |selection: &Selection| -> Vec<&str> {
            let cases = selection.cases(spec, Role::Server);
            cases.into_iter().map(|case| case.slug).collect()
        };
        assert_eq!(chosen(&selection), ["connect.ok", "connect.ok-is-bare"]);
        let strict = Selection {
            level: Level::Must,
            ..selection.clone()
        };
        assert_eq!(chosen(&strict), ["connect.ok"]);
        let without = Selection {
            skip: vec!["*-bare".to_owned()],
            ..selection
        };
        assert_eq!(chosen(&without), ["connect.ok"]);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_told_with_what_is_near() {
        let ids = ["server.connect.ok", "server.run.output"];
        let skipping = Selection {
            skip: vec!["server.run.*".to_owned(), "server.conect.*".to_owned()],
            ..Selection::default()
        };
        let lost = skipping.check(ids).unwrap_err();
        assert_eq!(lost.pattern, "server.conect.*");
        assert_eq!(
            lost.nearest.first().map(String::as_str),
            Some("server.connect.ok")
        );
        assert_eq!(Selection::default().check(ids), Ok(()));
    }

    #[test]
    fn only_a_choice_narrows_what_counts() {
        let claimed = ["A".to_owned()];
        assert_eq!(Selection::default().scope(&claimed), None);
        let strict = Selection {
            level: Level::Must,
            ..Selection::default()
        };
        assert_eq!(strict.scope(&claimed), Some(vec!["A".to_owned()]));
    }
}

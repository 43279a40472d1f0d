//! What a live case is: an id, the clauses that it proves, and what it does.

use core::fmt;
use core::pin::Pin;

use iotmp_spec::model::{Level, Spec};
use serde::Serialize;

use crate::family;
use crate::subject::Peer;
use crate::verdict::Outcome;

/// What a case returns while it runs.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Which end of a connection the subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The suite dials it as a device.
    Server,
    /// It dials the suite.
    Device,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Server, Self::Device];

    /// The word for it in ids and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Device => "device",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// When a case runs among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In the order of the suite, beside others where the subject allows it.
    Normal,
    /// It waits long: first where cases run side by side, towards the end where they do not.
    Slow,
    /// By itself and after all others: what it does may hurt the subject.
    Alone,
    /// At the very end: the subject may stay away after it.
    Last,
}

/// One declaration, which serves every subject that it fits.
#[derive(Clone, Copy)]
pub struct Case {
    /// Id without its role, `area.what-is-tried`.
    pub slug: &'static str,
    /// What it does, in one line.
    pub title: &'static str,
    /// Which subjects it fits.
    pub roles: &'static [Role],
    /// Which specs it fits; empty is all.
    pub specs: &'static [&'static str],
    /// Clauses that it proves, by their ids in 2025 where that has them, or else in 2023: other
    /// revisions have ids of their own for the same rules. One that a spec does not have is not claimed under that spec.
    pub clauses: &'static [&'static str],
    /// Slug of the valid twin, one edit away; none if it is valid itself, and its own if it does
    /// not even build on a connection that can be established.
    pub control: Option<&'static str>,
    /// Ambiguity on which the verdict depends.
    pub ambiguity: Option<&'static str>,
    /// When it runs.
    pub pace: Pace,
    /// Does it.
    pub run: for<'a> fn(&'a mut Peer) -> Running<'a>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("slug", &self.slug)
            .finish_non_exhaustive()
    }
}

/// A valid case for both roles and all specs, to be narrowed with `..`.
pub const CASE: Case = Case {
    slug: "",
    title: "",
    roles: &Role::ALL,
    specs: &[],
    clauses: &[],
    control: None,
    ambiguity: None,
    pace: Pace::Normal,
    run: |_| Box::pin(core::future::ready(Ok(()))),
};

/// [`CASE`] for servers only.
pub const SERVER: Case = Case {
    roles: &[Role::Server],
    ..CASE
};

/// [`CASE`] for devices only.
pub const DEVICE: Case = Case {
    roles: &[Role::Device],
    ..CASE
};

impl Case {
    /// Its id against a subject of that role, e.g. `server.connect.ok`.
    #[must_use]
    pub fn id(&self, role: Role) -> String {
        format!("{role}.{}", self.slug)
    }

    /// The first part of its slug: the heading that it stands under.
    #[must_use]
    pub fn area(&self) -> &'static str {
        self.slug.split('.').next().unwrap_or(self.slug)
    }

    /// Whether it fits a subject of that role under that spec.
    ///
    /// A case whose clauses and ambiguity the spec all leaves out does not.
    #[must_use]
    pub fn fits(&self, spec: &Spec, role: Role) -> bool {
        let named = self.specs.is_empty() || self.specs.contains(&spec.name.as_str());
        let says = !self.claims(spec).is_empty() || self.open_question(spec).is_some();
        named && self.roles.contains(&role) && says
    }

    /// The clauses of that spec that it proves.
    #[must_use]
    pub fn claims<'a>(&self, spec: &'a Spec) -> Vec<&'a str> {
        let known = self
            .clauses
            .iter()
            .filter_map(|id| family::clause(spec, id));
        known.map(|clause| clause.id.as_str()).collect()
    }

    /// The ambiguity that it depends on, if that spec leaves it open.
    #[must_use]
    pub fn open_question<'a>(&self, spec: &'a Spec) -> Option<&'a str> {
        let known = family::ambiguity(spec, self.ambiguity?)?;
        Some(&known.id)
    }

    /// The strictest level among the clauses that it proves; a probe that proves none is [`Level::May`].
    #[must_use]
    pub fn level(&self, spec: &Spec) -> Level {
        let known = self
            .clauses
            .iter()
            .filter_map(|id| family::clause(spec, id));
        known.map(|clause| clause.level).min().unwrap_or(Level::May)
    }
}

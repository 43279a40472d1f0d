//! What came of one case.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The end of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The subject did what the clauses ask.
    Pass,
    /// The subject broke a clause.
    Fail(Failure),
    /// The case does not fit this subject.
    Skip {
        /// Why not.
        reason: String,
    },
    /// The case could not tell.
    Inconclusive {
        /// What stood in the way.
        reason: String,
    },
    /// The sources leave it open; this is what the subject does.
    Info {
        /// Id of the ambiguity.
        ambiguity: String,
        /// Slug of the reading that was seen, or prose where it is none of them.
        reading: String,
    },
}

/// How a clause was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The clause that was broken; `None` is every clause of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Clauses of the case that were seen to be kept before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// What is allowed.
    pub expected: String,
    /// What was seen.
    pub got: String,
    /// What led to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Failure {
    /// The clauses broken, of a case that is about `all`.
    #[must_use]
    pub fn clauses<'a>(&'a self, all: &'a [String]) -> Vec<&'a str> {
        match &self.clause {
            Some(clause) => vec![clause],
            None => all.iter().map(String::as_str).collect(),
        }
    }
}

/// The five verdicts without what comes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Verdict::Pass`].
    Pass,
    /// [`Verdict::Info`].
    Info,
    /// [`Verdict::Skip`].
    Skip,
    /// [`Verdict::Inconclusive`].
    Inconclusive,
    /// [`Verdict::Fail`].
    Fail,
}

impl Failure {
    /// What is expected after a message that may cost the connection.
    pub const SETTLES: &str = "the connection to go on or to end";

    /// Whether it is that neither came.
    #[must_use]
    pub fn is_muteness(&self) -> bool {
        self.expected == Self::SETTLES && self.is_silence()
    }

    /// Whether it is that something did not come, or came to an end, which may have any cause;
    /// what a subject does is proof by itself.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        let ended = ["connection closed", "connection reset"];
        self.is_silence() || ended.iter().any(|words| self.got.contains(words))
    }

    /// Whether it is that something did not come in time, on a connection that goes on.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.got.contains("nothing within")
    }

    /// Whether it is that an answer was waited for, and a value came, which may well follow it.
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        let is_answer = |what: &str| ["ok", "error"].iter().any(|name| what.starts_with(name));
        is_answer(&self.expected) && self.got.starts_with("stream_data")
    }

    /// Whether it is that the subject did nothing at all: said nothing, or ended no connection.
    #[must_use]
    pub fn is_idleness(&self) -> bool {
        self.is_absence() || self.got.contains("still open")
    }
}

impl Kind {
    /// Every kind, in the order of a summary.
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Fail,
        Self::Inconclusive,
        Self::Skip,
        Self::Info,
    ];

    /// The word for it in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Info => "info",
            Self::Skip => "skip",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Verdict {
    /// Which of the five.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pass => Kind::Pass,
            Self::Fail(_) => Kind::Fail,
            Self::Skip { .. } => Kind::Skip,
            Self::Inconclusive { .. } => Kind::Inconclusive,
            Self::Info { .. } => Kind::Info,
        }
    }

    /// Why it is not a pass, on one line; `None` for a pass.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Pass => None,
            Self::Fail(failure) => Some(format!(
                "expected {}, got {}",
                failure.expected, failure.got
            )),
            Self::Skip { reason } | Self::Inconclusive { reason } => Some(reason.clone()),
            Self::Info { ambiguity, reading } => Some(format!("{ambiguity}: {reading}")),
        }
    }

    /// The worse of two verdicts on the same case.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.kind() > self.kind() {
            other
        } else {
            self
        }
    }
}

/// A case that ends before its last line.
///
/// What `?` carries out of a case: any verdict but a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop(Box<Verdict>);

/// What a case returns: nothing more to say is a pass.
pub type Outcome<T = ()> = Result<T, Stop>;

impl Stop {
    /// The subject broke a clause.
    pub fn fail(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self(Box::new(Verdict::Fail(Failure {
            clause: None,
            kept: Vec::new(),
            expected: expected.into(),
            got: got.into(),
            detail: String::new(),
        })))
    }

    /// The case does not fit the subject.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self(Box::new(Verdict::Skip {
            reason: reason.into(),
        }))
    }

    /// The case cannot tell.
    pub fn inconclusive(reason: impl Into<String>) -> Self {
        Self(Box::new(Verdict::Inconclusive {
            reason: reason.into(),
        }))
    }

    /// The sources leave it open.
    pub fn info(ambiguity: impl Into<String>, reading: impl Into<String>) -> Self {
        Self(Box::new(Verdict::Info {
            ambiguity: ambiguity.into(),
            reading: reading.into(),
        }))
    }

    /// The verdict.
    #[must_use]
    pub fn into_verdict(self) -> Verdict {
        *self.0
    }

    /// The verdict.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.0
    }

    /// Says which clause was broken, where none was named yet.
    #[must_use]
    pub fn blaming(mut self, clause: &str) -> Self {
        if let Verdict::Fail(failure) = &mut *self.0 {
            failure.clause.get_or_insert_with(|| clause.to_owned());
        }
        self
    }

    /// Says which clauses of the case were kept before another was broken.
    #[must_use]
    pub fn having_kept(mut self, clauses: &[&str]) -> Self {
        if let Verdict::Fail(failure) = &mut *self.0 {
            failure
                .kept
                .extend(clauses.iter().map(|&clause| clause.to_owned()));
        }
        self
    }

    /// Says what led to a failure; what is nearer to the wire was said first and comes last.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        if let Verdict::Fail(failure) = &mut *self.0 {
            let mut text = detail.into();
            if !failure.detail.is_empty() {
                text.push_str("; ");
                text.push_str(&failure.detail);
            }
            failure.detail = text;
        }
        self
    }

    /// A failure on the way to what the case is about says nothing of its clauses.
    #[must_use]
    pub fn unrelated(self, step: &str) -> Self {
        match *self.0 {
            Verdict::Fail(failure) => Self::inconclusive(format!(
                "{step}: expected {}, got {}",
                failure.expected, failure.got
            )),
            _ => self,
        }
    }
}

/// [`Stop`]'s methods on the result of a step.
pub trait Step: Sized {
    /// See [`Stop::blaming`].
    ///
    /// # Errors
    /// Those of the step.
    fn blaming(self, clause: &str) -> Self;
    /// See [`Stop::because`].
    ///
    /// # Errors
    /// Those of the step.
    fn because(self, detail: impl Into<String>) -> Self;
    /// See [`Stop::unrelated`].
    ///
    /// # Errors
    /// Those of the step, a failure turned into an inconclusive one.
    fn unrelated(self, step: &str) -> Self;
}

impl<T> Step for Outcome<T> {
    fn blaming(self, clause: &str) -> Self {
        self.map_err(|stop| stop.blaming(clause))
    }

    fn because(self, detail: impl Into<String>) -> Self {
        self.map_err(|stop| stop.because(detail))
    }

    fn unrelated(self, step: &str) -> Self {
        self.map_err(|stop| stop.unrelated(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_clause_named_is_the_one_broken() {
        let stop = Stop::fail("Ok", "Error").blaming("A").blaming("B");
        let Verdict::Fail(failure) = stop.into_verdict() else {
            panic!("not a failure")
        };
        assert_eq!(failure.clause.as_deref(), Some("A"));
    }

    #[test]
    fn details_read_from_the_case_to_the_wire() {
        let stop = Stop::fail("x", "y")
            .because("after 3 bytes")
            .because("in the second run");
        let Verdict::Fail(failure) = stop.into_verdict() else {
            panic!("not a failure")
        };
        assert_eq!(failure.detail, "in the second run; after 3 bytes");
    }

    #[test]
    fn an_unrelated_failure_is_inconclusive_and_a_skip_stays() {
        let failed = Stop::fail("Ok", "Error").unrelated("connecting");
        assert_eq!(
            failed.into_verdict(),
            Verdict::Inconclusive {
                reason: "connecting: expected Ok, got Error".into()
            }
        );
        let skipped = Stop::skip("no resource");
        assert_eq!(skipped.clone().unrelated("connecting"), skipped);
    }

    #[test]
    fn the_worse_verdict_counts() {
        let fail = Stop::fail("x", "y").into_verdict();
        assert_eq!(Verdict::Pass.worse(fail.clone()), fail);
        assert_eq!(fail.clone().worse(Verdict::Pass), fail);
    }
}

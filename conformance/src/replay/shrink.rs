//! Makes a failing input small.
//!
//! Every candidate is judged anew: the suite's own codec says what should come
//! of it, and the subject has to fail it in the same way as it failed the first
//! one. What the sources leave open is not stepped into: a candidate has no
//! field twice, no number longer than needed and no unusual order unless the
//! input had that, too.

mod bytes;
mod named;
mod oracle;
mod search;
mod structure;

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::hash::DefaultHasher;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Message, Spec};
use serde_json::Value as Json;

use self::named::named;
use self::oracle::Symptom;
use self::search::{Least, Search};
use crate::evidence::{Annotated, Reading};
use crate::subject::{CodecSubject, Question};
use crate::vector::{Expected, Flag, Kind, Operation, Vector, VectorSet};

/// How much may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most questions to the subject.
    pub tries: usize,
    /// Longest time. It is looked at between two questions.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries: 20_000,
            time: Duration::from_secs(30),
        }
    }
}

/// A failing input that was made small.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The new vector.
    pub vector: Vector,
    /// Its bytes field by field; an encoder should write them, and a decoder was given them.
    pub annotated: Annotated,
    /// What went wrong, in words, the same as with the first input.
    pub symptom: String,
    /// Id of a vector of the suite that fails in the same way and led to a
    /// smaller one than the input did.
    pub by_way_of: Option<String>,
    /// Questions that were put to the subject.
    pub tries: usize,
    /// Whether nothing smaller was left to try.
    pub is_finished: bool,
}

/// Why there is nothing to make small.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShrunk {
    /// The subject does not fail.
    #[error("the subject passes it: there is nothing to make small")]
    Passes,
    /// The input is one that the sources leave open.
    #[error("the sources leave open what should come of it, so that no other input can be judged")]
    Open,
}

/// Bytes that are small enough: one row of a table.
const SMALL: usize = 8;
/// Bytes from which on an input is large: other vectors that are smaller may lead
/// to something small at once, where this one takes all the tries there are.
const LARGE: usize = 32;

/// One input of a codec.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    operation: Operation,
    kind: Kind,
    encoding: Option<Encoding>,
    request: Option<&'static Message>,
    input: Input,
    /// Whether an encoder has to write the very bytes.
    is_exact: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Input {
    Bytes(Vec<u8>),
    Value(Json),
}

impl Candidate {
    fn of(vector: &Vector, operation: Operation) -> Option<Self> {
        let input = match (operation, &vector.expected) {
            (Operation::Decode, _) => Input::Bytes(vector.bytes.clone()?),
            (Operation::Encode, Expected::Valid { value, .. }) => Input::Value(value.clone()),
            (Operation::Encode, Expected::Invalid { value, .. }) => Input::Value(value.clone()?),
            (Operation::Encode, Expected::Acceptable { .. }) => return None,
        };
        Some(Self {
            operation,
            kind: vector.kind,
            encoding: vector.encoding,
            request: vector.answers,
            input,
            is_exact: vector.has(Flag::ExactBytes),
        })
    }

    fn with(&self, input: Input) -> Self {
        Self {
            input,
            ..self.clone()
        }
    }

    fn question<'q>(&self, spec: &'q Spec) -> Question<'q>
    where
        'static: 'q,
    {
        Question {
            spec,
            kind: self.kind,
            request: self.request,
            encoding: self.encoding,
        }
    }

    /// What tells it from other candidates. All that were tried together may be
    /// far larger than the input, so that only this is kept of them.
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        core::mem::discriminant(&self.kind).hash(&mut hasher);
        self.encoding.map(Encoding::name).hash(&mut hasher);
        match &self.input {
            Input::Bytes(bytes) => bytes.hash(&mut hasher),
            Input::Value(json) => json.to_string().hash(&mut hasher),
        }
        hasher.finish()
    }
}

/// Makes the input of a vector small that the subject fails, and that breaks `clause`.
///
/// The vectors of `suite` that prove the same clause and fail in the same way
/// are tried as well, as one of them may lead to a smaller one.
///
/// # Errors
/// [`NotShrunk`].
pub fn shrink(
    vector: &Vector,
    operation: Operation,
    clause: Option<&str>,
    suite: &VectorSet,
    codec: &mut dyn CodecSubject,
    limits: Limits,
) -> Result<Shrunk, NotShrunk> {
    let start = Candidate::of(vector, operation).ok_or(NotShrunk::Open)?;
    let is_open = matches!(vector.expected, Expected::Acceptable { .. });
    let mut search = Search::new(suite.spec, codec, limits);
    let symptom = search.ask(&start);
    let symptom = symptom.ok_or(if is_open {
        NotShrunk::Open
    } else {
        NotShrunk::Passes
    })?;
    // Whatever breaks a codec down does so, whether the sources leave it open or not.
    let is_judged = !is_open || matches!(symptom, Symptom::Breaks(_));
    let proves = |other: &&Vector| {
        let claims = clause.is_some_and(|clause| other.clauses.iter().any(|id| id == clause));
        let is_judged = !matches!(other.expected, Expected::Acceptable { .. });
        claims && is_judged && other.id != vector.id && other.asks(operation)
    };
    let others: Vec<(&str, Candidate)> = suite
        .vectors
        .iter()
        .filter(proves)
        .filter_map(|other| Some((other.id.as_str(), Candidate::of(other, operation)?)))
        .collect();
    let is_large = search.length(&start) >= LARGE;
    let (small, large): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|(_, other)| search.length(other) < LARGE);
    let mut least = Least::default();
    let mut half_way = None;
    if is_large {
        search.go_by(&small, Some(&symptom), &mut least);
    }
    if is_judged && !least.is_small(&search) {
        // The others are to have their share.
        let smaller = if is_large {
            let (smaller, is_finished) = search.descend_half(start, &symptom);
            half_way = (!is_finished).then(|| smaller.clone());
            smaller
        } else {
            search.descend(start, &symptom)
        };
        least.take(&search, smaller, None);
    }
    if !is_large {
        search.go_by(&small, Some(&symptom), &mut least);
    }
    search.go_by(&large, Some(&symptom), &mut least);
    // Where nothing of the same look is small, another look of the same clause will do.
    for others in [&small, &large] {
        if !least.is_small(&search) {
            search.go_by(others, None, &mut least);
        }
    }
    if let Some(start) = half_way.filter(|_| !least.is_small(&search))
        && let Some(symptom) = search.ask(&start)
    {
        let smaller = search.descend(start, &symptom);
        least.take(&search, smaller, None);
    }
    let Least { found, by_way_of } = least;
    let best = found.ok_or(NotShrunk::Open)?;
    let (tries, is_finished) = (search.tries(), !search.is_over());
    let shown = search.ask(&best).unwrap_or(symptom).to_string();
    let vector = named(&best, vector, clause, suite);
    let question = best.question(suite.spec);
    let bytes = vector.bytes.clone().unwrap_or_default();
    Ok(Shrunk {
        annotated: Reading::new(&question, &bytes).table(None),
        vector,
        symptom: shown,
        by_way_of,
        tries,
        is_finished,
    })
}

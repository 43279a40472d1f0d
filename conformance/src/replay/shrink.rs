//! Makes a failing input small.
//!
//! Every candidate is judged anew: the suite's own codec says what should come
//! of it, and the subject has to fail it in the same way as it failed the first
//! one. What the sources leave open is not stepped into: a candidate has no
//! field twice, no number longer than needed and no unusual order unless the
//! input had that, too.

mod bytes;
mod oracle;
mod structure;

use core::time::Duration;
use std::collections::HashSet;
use std::time::Instant;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Message, Spec};
use serde_json::Value as Json;

use self::oracle::{Ruling, Symptom};
use crate::evidence::{Annotated, Reading};
use crate::subject::{CodecSubject, Question};
use crate::vector::{Expected, Flag, Kind, Operation, Reject, Vector, VectorSet};

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

    /// What tells it from other candidates.
    fn key(&self) -> String {
        let input = match &self.input {
            Input::Bytes(bytes) => hex::encode(bytes),
            Input::Value(json) => json.to_string(),
        };
        let encoding = self.encoding.map(Encoding::name).unwrap_or_default();
        format!("{:?} {encoding} {input}", self.kind)
    }
}

/// How small a candidate is: bytes first, then what they say.
type Size = (usize, Vec<u8>, String);

struct Search<'s> {
    spec: &'static Spec,
    codec: &'s mut dyn CodecSubject,
    limits: Limits,
    began: Instant,
    tries: usize,
    seen: HashSet<String>,
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
    let mut search = Search {
        spec: suite.spec,
        codec,
        limits,
        began: Instant::now(),
        tries: 0,
        seen: HashSet::new(),
    };
    let symptom = search.ask(&start);
    let symptom = symptom.ok_or(if is_open {
        NotShrunk::Open
    } else {
        NotShrunk::Passes
    })?;
    // Whatever breaks a codec down does so, whether the sources leave it open or not.
    let is_judged = !is_open || matches!(symptom, Symptom::Breaks(_));
    let mut best = is_judged.then(|| search.descend(start, &symptom));
    let mut by_way_of = None;
    let proves = |other: &&Vector| {
        let claims = clause.is_some_and(|clause| other.clauses.iter().any(|id| id == clause));
        let is_judged = !matches!(other.expected, Expected::Acceptable { .. });
        claims && is_judged && other.id != vector.id && other.asks(operation)
    };
    // Where nothing of the same look is small, another look of the same clause will do.
    for is_alike in [true, false] {
        for other in suite.vectors.iter().filter(proves) {
            let least = best.as_ref().map(|best| search.size(best));
            if !is_alike && least.as_ref().is_some_and(|(length, ..)| *length <= SMALL) {
                break;
            }
            let Some(candidate) = Candidate::of(other, operation) else {
                continue;
            };
            let is_larger = least.is_some_and(|least| search.size(&candidate) >= least);
            if is_larger || search.is_over() {
                continue;
            }
            let Some(found) = search.ask(&candidate) else {
                continue;
            };
            if is_alike && !found.is_like(&symptom) {
                continue;
            }
            let smaller = search.descend(candidate, &found);
            if best
                .as_ref()
                .is_none_or(|best| search.size(&smaller) < search.size(best))
            {
                best = Some(smaller);
                by_way_of = Some(other.id.clone());
            }
        }
    }
    let best = best.ok_or(NotShrunk::Open)?;
    let (tries, is_finished) = (search.tries, !search.is_over());
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

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.tries >= self.limits.tries || self.began.elapsed() >= self.limits.time
    }

    /// How the subject fails a candidate, if it does.
    fn ask(&mut self, candidate: &Candidate) -> Option<Symptom> {
        let ruling = Ruling::of(self.spec, candidate);
        self.put(candidate, &ruling)
    }

    fn put(&mut self, candidate: &Candidate, ruling: &Ruling) -> Option<Symptom> {
        self.tries += 1;
        let question = candidate.question(self.spec);
        let reply = match &candidate.input {
            Input::Bytes(bytes) => self.codec.decode(question, bytes),
            Input::Value(json) => self.codec.encode(question, json),
        };
        ruling.symptom(&question, candidate, &reply)
    }

    /// Goes from one smaller candidate that fails in the same way to the next
    /// until there is none.
    fn descend(&mut self, start: Candidate, symptom: &Symptom) -> Candidate {
        let mut best = start;
        let mut symptom = symptom.clone();
        let whole = Ruling::of(self.spec, &best);
        'smaller: loop {
            let size = self.size(&best);
            let ruling = Ruling::of(self.spec, &best);
            let mut candidates = structure::smaller(self.spec, &best, &ruling);
            candidates.extend(bytes::smaller(self.spec, &best));
            for candidate in candidates {
                if self.is_over() {
                    return best;
                }
                if self.size(&candidate) >= size || !self.seen.insert(candidate.key()) {
                    continue;
                }
                let ruling = Ruling::of(self.spec, &candidate);
                if !ruling.is_within(&whole) {
                    continue;
                }
                let found = self.put(&candidate, &ruling);
                if let Some(found) = found.filter(|found| found.goes_on_from(&symptom)) {
                    (best, symptom) = (candidate, found);
                    continue 'smaller;
                }
            }
            return best;
        }
    }

    fn size(&self, candidate: &Candidate) -> Size {
        let bytes = match &candidate.input {
            Input::Bytes(bytes) => bytes.clone(),
            Input::Value(_) => Ruling::of(self.spec, candidate).bytes().unwrap_or_default(),
        };
        let text = match &candidate.input {
            Input::Bytes(_) => String::new(),
            Input::Value(json) => json.to_string(),
        };
        // What cannot be written has no bytes; its text is what there is of it.
        let length = if bytes.is_empty() {
            text.len()
        } else {
            bytes.len()
        };
        (length, bytes, text)
    }
}

/// The candidate as a vector of the area `shrunk`.
fn named(candidate: &Candidate, first: &Vector, clause: Option<&str>, suite: &VectorSet) -> Vector {
    let spec = suite.spec;
    let ruling = Ruling::of(spec, candidate);
    let clauses = match clause {
        Some(clause) => vec![clause.to_owned()],
        None => first.clauses.clone(),
    };
    let levels = clauses.iter().filter_map(|id| spec.clause(id));
    let level = levels.map(|clause| clause.level).max();
    let slug: Vec<&str> = first
        .id
        .split('/')
        .skip(1)
        .filter(|part| *part != AREA)
        .collect();
    let (bytes, expected) = match (&candidate.input, &ruling.meaning) {
        (Input::Bytes(bytes), Ok((value, consumed))) => {
            let canonical = ruling.canonical.clone().filter(|other| other != bytes);
            let expected = Expected::Valid {
                value: value.clone(),
                consumed: *consumed,
                // Only of an encoder are other bytes expected.
                canonical: canonical.filter(|_| candidate.operation == Operation::Encode),
            };
            (Some(bytes.clone()), expected)
        }
        (Input::Value(json), Ok(_)) => {
            let expected = Expected::Valid {
                value: json.clone(),
                consumed: ruling.bytes().unwrap_or_default().len(),
                canonical: None,
            };
            (ruling.bytes(), expected)
        }
        (input, Err(refusal)) => {
            let (bytes, value) = match input {
                Input::Bytes(bytes) => (Some(bytes.clone()), None),
                Input::Value(json) => (None, Some(json.clone())),
            };
            let reject = Reject {
                class: Some(refusal.class.as_str().to_owned()),
                offset: bytes.is_some().then_some(refusal.offset),
            };
            let control = control(candidate, first, suite);
            let expected = Expected::Invalid {
                control,
                reject,
                value,
            };
            (bytes, expected)
        }
    };
    Vector {
        id: format!("{}/{AREA}/{}", spec.name, slug.join("-")),
        aliases: Vec::new(),
        since: env!("CARGO_PKG_VERSION").to_owned(),
        doc: format!(
            "What is left of {} while it fails in the same way.",
            first.id
        ),
        clauses,
        level: level.unwrap_or(first.level),
        flags: if candidate.is_exact {
            vec![Flag::ExactBytes]
        } else {
            Vec::new()
        },
        kind: candidate.kind,
        answers: candidate.request,
        encoding: candidate.encoding,
        bytes,
        expected,
        applies: vec![candidate.operation],
        source: first.source.clone(),
    }
}

/// Area of the vectors that are made here.
const AREA: &str = "shrunk";

/// The control of the first vector, or a small valid one that is like the candidate.
fn control(candidate: &Candidate, first: &Vector, suite: &VectorSet) -> String {
    if let Expected::Invalid { control, .. } = &first.expected
        && candidate.kind == first.kind
    {
        return control.clone();
    }
    let fits = |vector: &&Vector| {
        matches!(vector.expected, Expected::Valid { .. })
            && vector.kind == candidate.kind
            && vector.encoding == candidate.encoding
            && vector.asks(candidate.operation)
    };
    let fitting = suite.vectors.iter().filter(fits);
    let smallest = fitting.min_by_key(|vector| vector.bytes.as_ref().map_or(0, Vec::len));
    smallest.map(|vector| vector.id.clone()).unwrap_or_default()
}

//! What should come of a candidate, as the suite's own codec has it, and how a
//! subject fails it.

use core::fmt;
use std::borrow::Cow;

use iotmp_spec::model::Spec;
use serde_json::Value as Json;

use super::{Candidate, Input};
use crate::codec::{Annotation, Refusal};
use crate::evidence::{Reading, first_difference};
use crate::json;
use crate::subject::{Question, Reply};
use crate::vector::{Kind, Operation, same};

/// In what way a subject fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Symptom {
    /// It takes the input for something else; what its bytes are that differ.
    Wrong(Cow<'static, str>),
    /// It takes more or fewer bytes than there are.
    Size,
    /// What it wrote cannot be read.
    Unreadable,
    /// It refuses what is valid, in its own word.
    Refuses(String),
    /// It accepts what is not; the class of the fault.
    Accepts(&'static str),
    /// It does not answer.
    Breaks(String),
}

impl Symptom {
    /// Whether a smaller candidate still fails in the same way. Of bytes that
    /// mean nothing nobody can say which of them are wrong, and the words of a
    /// refusal are the subject's own: they may name the very bytes.
    pub(super) fn goes_on_from(&self, other: &Self) -> bool {
        match (other, self) {
            (Self::Unreadable, Self::Wrong(_) | Self::Size)
            | (Self::Refuses(_), Self::Refuses(_)) => true,
            _ => self == other,
        }
    }

    /// Whether another vector fails in much the same way.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(label) => write!(f, "another meaning, of the {label}"),
            Self::Size => f.write_str("another number of bytes taken"),
            Self::Unreadable => f.write_str("bytes written that mean nothing"),
            Self::Refuses(class) if class.is_empty() => f.write_str("valid, but refused"),
            Self::Refuses(class) => write!(f, "valid, but refused as {class}"),
            Self::Accepts(class) => write!(f, "accepted, but not valid ({class})"),
            Self::Breaks(how) => write!(f, "no answer: {how}"),
        }
    }
}

/// What the suite's own codec makes of a candidate.
pub(super) struct Ruling {
    /// Its meaning and the number of bytes that it takes, or why it has none.
    pub(super) meaning: Result<(Json, usize), Refusal>,
    /// The bytes that an encoder writes for that meaning.
    pub(super) canonical: Option<Vec<u8>>,
    annotations: Vec<Annotation>,
    traits: Traits,
}

/// What is unusual in some bytes, though they are valid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Traits {
    is_unknown: bool,
    has_unknown: bool,
    has_duplicate: bool,
    is_otherwise_unusual: bool,
    has_more: bool,
}

impl Ruling {
    pub(super) fn of(spec: &'static Spec, candidate: &Candidate) -> Self {
        let question = candidate.question(spec);
        match &candidate.input {
            Input::Bytes(bytes) => {
                let reading = Reading::new(&question, bytes);
                let canonical = match &reading.meaning {
                    Ok((meaning, _)) => written(&question, meaning).ok(),
                    Err(_) => None,
                };
                let traits = traits(&reading, canonical.as_deref());
                Self {
                    meaning: reading.meaning,
                    canonical,
                    annotations: reading.annotations,
                    traits,
                }
            }
            Input::Value(json) => match written(&question, json) {
                Ok(bytes) => {
                    let reading = Reading::new(&question, &bytes);
                    Self {
                        meaning: Ok((json.clone(), bytes.len())),
                        canonical: Some(bytes),
                        annotations: reading.annotations,
                        traits: Traits::default(),
                    }
                }
                Err(refusal) => Self {
                    meaning: Err(refusal),
                    canonical: None,
                    annotations: Vec::new(),
                    traits: Traits::default(),
                },
            },
        }
    }

    /// The bytes of the meaning in their usual form.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        self.canonical.clone()
    }

    /// Whether it has nothing unusual that `whole` has not.
    pub(super) fn is_within(&self, whole: &Self) -> bool {
        let (own, other) = (self.traits, whole.traits);
        // JSON that is no message at all is the suite's mistake, and proves nothing.
        let is_usage = self.meaning.as_ref().is_err_and(|r| r.class.is_usage());
        !is_usage
            && own.is_unknown <= other.is_unknown
            && own.has_unknown <= other.has_unknown
            && own.has_duplicate <= other.has_duplicate
            && own.is_otherwise_unusual <= other.is_otherwise_unusual
            && own.has_more <= other.has_more
    }

    /// How `reply` fails the candidate, if it does.
    pub(super) fn symptom(
        &self,
        question: &Question<'_>,
        candidate: &Candidate,
        reply: &Reply,
    ) -> Option<Symptom> {
        match (&self.meaning, reply) {
            (_, Reply::Broken(why)) => {
                let how = why.split(" (").next().unwrap_or_default();
                Some(Symptom::Breaks(how.to_owned()))
            }
            (
                Ok((value, consumed)),
                Reply::Decoded {
                    value: got,
                    consumed: took,
                },
            ) => {
                if same(question.kind, value, got) {
                    return (took != consumed).then_some(Symptom::Size);
                }
                Some(Symptom::Wrong(self.label(question.kind, value, got)))
            }
            (Ok((value, _)), Reply::Encoded(got)) => {
                if self.canonical.as_ref() == Some(got) {
                    return None;
                }
                let reading = Reading::new(question, got);
                match &reading.meaning {
                    Ok((read, took)) if same(question.kind, value, read) => {
                        if *took != got.len() {
                            Some(Symptom::Size)
                        } else {
                            candidate.is_exact.then_some(Symptom::Wrong("form".into()))
                        }
                    }
                    Ok((read, _)) => Some(Symptom::Wrong(self.label(question.kind, value, read))),
                    Err(_) => Some(Symptom::Unreadable),
                }
            }
            (Ok(_), Reply::Refused { class, .. }) => Some(Symptom::Refuses(class.clone())),
            (Err(refusal), Reply::Decoded { .. } | Reply::Encoded(_)) => {
                Some(Symptom::Accepts(refusal.class.as_str()))
            }
            (_, Reply::Refused { .. } | Reply::Unsupported(_)) => None,
        }
    }

    /// What the bytes are in which two meanings differ.
    fn label(&self, kind: Kind, value: &Json, got: &Json) -> Cow<'static, str> {
        let reading = Reading {
            bytes: Vec::new(),
            meaning: Ok((value.clone(), 0)),
            annotations: self.annotations.clone(),
        };
        let difference = first_difference(kind, value, got, &reading);
        difference
            .and_then(|found| found.label)
            .unwrap_or("whole".into())
    }
}

/// The bytes that the suite's own codec writes.
fn written(question: &Question<'_>, json: &Json) -> Result<Vec<u8>, Refusal> {
    let codec = question.codec();
    match (question.kind, question.encoding) {
        (Kind::Value, Some(encoding)) => match json::value_from(json) {
            Ok(value) => codec.encode_value(encoding, &value),
            Err(error) => Err(Refusal {
                class: crate::codec::Class::Json,
                offset: 0,
                path: error.path,
                detail: error.detail,
                annotations: Vec::new(),
            }),
        },
        _ => codec.encode(json),
    }
}

fn traits(reading: &Reading, canonical: Option<&[u8]>) -> Traits {
    let mut notes = reading.annotations.iter();
    let is_unknown =
        notes.any(|one| one.label == "message type" && one.value.ends_with("not known"));
    let Ok((meaning, consumed)) = &reading.meaning else {
        return Traits {
            is_unknown,
            ..Traits::default()
        };
    };
    let consumed = *consumed;
    let has_more = consumed != reading.bytes.len();
    if canonical == reading.bytes.get(..consumed) {
        return Traits {
            is_unknown,
            has_more,
            ..Traits::default()
        };
    }
    let mut keys = std::collections::HashSet::new();
    let mut of_keys = reading.annotations.iter().filter(|one| one.label == "key");
    let twice = of_keys.any(|key| !keys.insert(&key.path));
    let has_duplicate = twice || has_pairs(meaning);
    let has_unknown = reading
        .annotations
        .iter()
        .any(|one| one.path.contains("(field "));
    Traits {
        is_unknown,
        has_unknown,
        has_duplicate,
        is_otherwise_unusual: !has_unknown && !has_duplicate,
        has_more,
    }
}

/// Whether a map has a key twice, or may have.
fn has_pairs(json: &Json) -> bool {
    match json {
        Json::Array(elements) => elements.iter().any(has_pairs),
        Json::Object(map) => {
            map.get("type").and_then(Json::as_str) == Some("map") || map.values().any(has_pairs)
        }
        _ => false,
    }
}

impl Candidate {
    /// The bytes that a decoder is given.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match (&self.input, self.operation) {
            (Input::Bytes(bytes), Operation::Decode) => Some(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_in_other_words_is_the_same_failure() {
        let refuses = |word: &str| Symptom::Refuses(word.to_owned());
        assert!(refuses("byte 7").goes_on_from(&refuses("byte 16386")));
        assert!(!refuses("byte 7").goes_on_from(&Symptom::Size));
        assert!(!Symptom::Accepts("truncated").goes_on_from(&Symptom::Accepts("utf8")));
    }
}

//! Vectors against a codec.

use iotmp_spec::model::Level;
use serde_json::Value as Json;

use crate::json;
use crate::subject::{CodecSubject, Question, Reply};

use super::{Expected, Flag, Kind, Operation, ReadingOutcome, Reject, Vector, VectorSet};

/// What came of one vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The vector's id.
    pub id: String,
    /// How much it counts.
    pub level: Level,
    /// One judgement for each operation that was asked.
    pub judgements: Vec<Judgement>,
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Who was asked.
    pub operation: Operation,
    /// The verdict.
    pub verdict: Verdict,
}

/// A verdict on one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail {
        /// What should have come.
        expected: String,
        /// What came.
        got: String,
    },
    /// The sources leave it open; the reading of the ambiguity that was seen.
    Info {
        /// The ambiguity.
        ambiguity: String,
        /// Its reading.
        reading: String,
    },
    /// Not asked, or not answered, and why.
    Skip(String),
}

impl Finding {
    /// Whether any operation failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let mut judgements = self.judgements.iter();
        judgements.any(|judgement| matches!(judgement.verdict, Verdict::Fail { .. }))
    }
}

/// Runs one vector of a set. The control of an invalid one comes first: where a
/// codec refuses it too, its refusal of the vector says nothing.
pub fn run(set: &VectorSet, vector: &Vector, subject: &mut dyn CodecSubject) -> Finding {
    let judgements = vector.applies.iter().map(|operation| Judgement {
        operation: *operation,
        verdict: Run { set, subject }.judge(vector, *operation),
    });
    Finding {
        id: vector.id.clone(),
        level: vector.level,
        judgements: judgements.collect(),
    }
}

struct Run<'r> {
    set: &'r VectorSet,
    subject: &'r mut dyn CodecSubject,
}

impl Run<'_> {
    fn judge(&mut self, vector: &Vector, operation: Operation) -> Verdict {
        match (&vector.expected, operation) {
            (Expected::Valid { .. }, _) => self.valid(vector, operation),
            (
                Expected::Invalid {
                    control,
                    reject,
                    value,
                },
                _,
            ) => {
                let control = self.set.get(control);
                if let Some(control) = control.filter(|control| control.asks(operation)) {
                    let verdict = self.valid(control, operation);
                    if verdict != Verdict::Pass {
                        return Verdict::Skip(format!("its control {} did not pass", control.id));
                    }
                }
                let reply = match operation {
                    Operation::Decode => self.decode(vector),
                    Operation::Encode => self.encode(vector, value.as_ref().unwrap_or(&Json::Null)),
                };
                self.refusal(vector.kind, reject, reply)
            }
            (
                Expected::Acceptable {
                    ambiguity,
                    outcomes,
                },
                _,
            ) => {
                let reply = self.decode(vector);
                let mut seen = outcomes
                    .iter()
                    .filter(|reading| match (&reading.outcome, &reply) {
                        (ReadingOutcome::Any, Reply::Decoded { .. }) => true,
                        (ReadingOutcome::Value(value), Reply::Decoded { value: got, .. }) => {
                            same(vector.kind, value, got)
                        }
                        (ReadingOutcome::Reject(reject), Reply::Refused { .. }) => {
                            self.refusal(vector.kind, reject, reply.clone()) == Verdict::Pass
                        }
                        _ => false,
                    });
                match (seen.next(), reply.unanswered()) {
                    (Some(reading), _) => Verdict::Info {
                        ambiguity: ambiguity.clone(),
                        reading: reading.name.clone(),
                    },
                    (None, Some(why)) => Verdict::Skip(why),
                    (None, None) => {
                        let readings: Vec<_> = outcomes.iter().map(|o| o.name.as_str()).collect();
                        Verdict::Fail {
                            expected: format!(
                                "one of the readings {} of {ambiguity}",
                                readings.join(", ")
                            ),
                            got: reply.describe(),
                        }
                    }
                }
            }
        }
    }

    fn valid(&mut self, vector: &Vector, operation: Operation) -> Verdict {
        let Expected::Valid {
            value,
            consumed,
            canonical,
        } = &vector.expected
        else {
            return Verdict::Skip(format!("{} is not valid", vector.id));
        };
        match operation {
            Operation::Decode => match self.decode(vector) {
                Reply::Decoded {
                    value: got,
                    consumed: took,
                } if took == *consumed && same(vector.kind, value, &got) => Verdict::Pass,
                reply => match reply.unanswered() {
                    Some(why) => Verdict::Skip(why),
                    None => Verdict::Fail {
                        expected: format!("{value} of {consumed} bytes"),
                        got: reply.describe(),
                    },
                },
            },
            Operation::Encode => {
                let canonical = canonical.as_ref().or(vector.bytes.as_ref());
                let wanted = canonical.map_or(&[][..], Vec::as_slice);
                match self.encode(vector, value) {
                    Reply::Encoded(got)
                        if got == wanted || self.means_the_same(vector, value, &got) =>
                    {
                        Verdict::Pass
                    }
                    reply => match reply.unanswered() {
                        Some(why) => Verdict::Skip(why),
                        None => Verdict::Fail {
                            expected: hex::encode(wanted),
                            got: reply.describe(),
                        },
                    },
                }
            }
        }
    }

    /// Whether other bytes than those of the vector will do: any that the
    /// suite's own codec reads as the same.
    fn means_the_same(&self, vector: &Vector, value: &Json, got: &[u8]) -> bool {
        if vector.has(Flag::ExactBytes) {
            return false;
        }
        let codec = self.question(vector).codec();
        let read = match (vector.kind, vector.encoding) {
            (Kind::Message, _) => codec.decode(got).map(|d| (d.message, d.consumed)),
            (Kind::Value, Some(encoding)) => {
                let read = codec.decode_value(encoding, got);
                read.map(|d| (json::value_to(&d.value), got.len()))
            }
            (Kind::Value, None) => return false,
        };
        read.is_ok_and(|(read, took)| took == got.len() && same(vector.kind, value, &read))
    }

    fn refusal(&self, kind: Kind, reject: &Reject, reply: Reply) -> Verdict {
        if let Some(why) = reply.unanswered() {
            return Verdict::Skip(why);
        }
        if let Reply::Refused { class, offset, .. } = &reply {
            let exact = self.subject.refuses_exactly();
            let class_agrees = reject.class.as_ref().is_none_or(|wanted| wanted == class);
            let offset_agrees = reject.offset.is_none_or(|wanted| Some(wanted) == *offset);
            if !exact || (class_agrees && offset_agrees) {
                return Verdict::Pass;
            }
        }
        let what = match kind {
            Kind::Message => "the message",
            Kind::Value => "the value",
        };
        Verdict::Fail {
            expected: format!("{what} {reject}"),
            got: reply.describe(),
        }
    }

    fn question<'q>(&self, vector: &'q Vector) -> Question<'q> {
        Question {
            spec: self.set.spec,
            kind: vector.kind,
            request: vector.answers,
            encoding: vector.encoding,
        }
    }

    fn decode(&mut self, vector: &Vector) -> Reply {
        let bytes = vector.bytes.as_deref().unwrap_or_default();
        let question = self.question(vector);
        self.subject.decode(question, bytes)
    }

    fn encode(&mut self, vector: &Vector, value: &Json) -> Reply {
        let question = self.question(vector);
        self.subject.encode(question, value)
    }
}

/// Whether two messages, or two values, mean the same: as JSON they may differ
/// in the form of a float, in the wire type of a number and in the order of maps.
#[must_use]
pub fn same(kind: Kind, a: &Json, b: &Json) -> bool {
    match kind {
        Kind::Value => same_value(a, b),
        Kind::Message => match (a.as_object(), b.as_object()) {
            (Some(a), Some(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, value)| {
                        let other = b.get(name);
                        other.is_some_and(|other| match name.as_str() {
                            "type" => value == other,
                            _ => same_field(value, other),
                        })
                    })
            }
            _ => false,
        },
    }
}

/// A number means the same as a varint field and as a value.
fn same_field(a: &Json, b: &Json) -> bool {
    match (json::field_meaning(a), json::field_meaning(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn same_value(a: &Json, b: &Json) -> bool {
    match (json::meaning_from(a), json::meaning_from(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

//! What proves that a codec failed a vector: the bytes field by field, where
//! what came parts from what should have come, and what was said.

mod difference;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::codec::{Annotation, Codec, Refusal, explain, explain_refusal};
use crate::json;
use crate::subject::{CodecSubject, Question, Reply, Said};
use crate::vector::{Expected, Kind, Operation, Vector, VectorSet};

pub(crate) use self::difference::is_number;
pub use self::difference::{Difference, first_difference};

/// What proves one failure of a codec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who was asked.
    pub operation: Operation,
    /// Whether it was about a message or about a value by itself.
    pub kind: Kind,
    /// The message or value that an encoder was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Json>,
    /// The bytes that a decoder was given, or that an encoder should have
    /// written; `None` where there are none to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Annotated>,
    /// The bytes that an encoder wrote instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<Annotated>,
    /// Where what came parts from what should have come, if there is such a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Whether a number of several bytes is among the bytes.
    #[serde(skip)]
    pub has_long_number: bool,
    /// The lines between the suite and a codec in a process of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchange: Vec<Said>,
}

/// Bytes, and what each of them is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotated {
    /// The bytes as lower-case hex.
    pub hex: String,
    /// The bytes field by field, one row a line.
    pub fields: Vec<String>,
    /// The row, from 0, in which the difference stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<usize>,
}

/// Bytes as the suite's own codec reads them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they mean and how many of them it takes, or why they mean nothing.
    pub meaning: Result<(Json, usize), Refusal>,
    /// What each of them is, as far as they were read.
    pub annotations: Vec<Annotation>,
}

impl Reading {
    /// Reads bytes as `question` wants them read.
    #[must_use]
    pub fn new(question: &Question<'_>, bytes: &[u8]) -> Self {
        let codec: Codec<'_> = question.codec();
        let read = match (question.kind, question.encoding) {
            (Kind::Value, Some(encoding)) => codec
                .decode_value(encoding, bytes)
                .map(|d| ((json::value_to(&d.value), bytes.len()), d.annotations)),
            _ => codec
                .decode(bytes)
                .map(|d| ((d.message, d.consumed), d.annotations)),
        };
        let (meaning, annotations) = match read {
            Ok((meaning, annotations)) => (Ok(meaning), annotations),
            Err(mut refusal) => {
                let annotations = core::mem::take(&mut refusal.annotations);
                (Err(refusal), annotations)
            }
        };
        Self {
            bytes: bytes.to_vec(),
            meaning,
            annotations,
        }
    }

    /// The bytes as a table, with the row marked that holds `offset`.
    #[must_use]
    pub fn table(&self, offset: Option<usize>) -> Annotated {
        let table = match &self.meaning {
            Ok((_, taken)) => {
                let taken = self.bytes.get(..*taken).unwrap_or(&self.bytes);
                explain(taken, &self.annotations, 0)
            }
            Err(refusal) => {
                let refusal = Refusal {
                    annotations: self.annotations.clone(),
                    ..refusal.clone()
                };
                explain_refusal(&self.bytes, &refusal, 0)
            }
        };
        let fields: Vec<String> = table.lines().map(str::to_owned).collect();
        let mark = offset.and_then(|offset| row_of(&fields, offset));
        Annotated {
            hex: hex::encode(&self.bytes),
            fields,
            mark,
        }
    }

    /// The place of the value at `path`: where its last run of bytes begins, which says what it is.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Annotation> {
        let of_path = |annotation: &&Annotation| annotation.path == path;
        self.annotations.iter().rfind(of_path)
    }

    fn has_long_number(&self) -> bool {
        let mut notes = self.annotations.iter();
        notes.any(|one| one.length > 1 && is_number(one.label))
    }

    /// What stands at an offset.
    #[must_use]
    pub fn holding(&self, offset: usize) -> Option<&Annotation> {
        let holds = |one: &&Annotation| (one.offset..one.offset + one.length).contains(&offset);
        self.annotations.iter().find(holds)
    }
}

/// The last row of a table that begins at an offset or before it.
fn row_of(fields: &[String], offset: usize) -> Option<usize> {
    let start = |row: &String| row.get(..6)?.trim().parse::<usize>().ok();
    fields
        .iter()
        .rposition(|row| start(row).is_some_and(|start| start <= offset))
}

/// What a vector asks of a codec.
#[must_use]
pub fn question<'q>(set: &VectorSet, vector: &'q Vector) -> Question<'q> {
    Question {
        spec: set.spec,
        kind: vector.kind,
        request: vector.answers,
        encoding: vector.encoding,
    }
}

/// What proves that `operation` failed a vector. The codec is asked once more;
/// one in a process of its own gives the answer that it gave before.
pub fn of(
    set: &VectorSet,
    vector: &Vector,
    operation: Operation,
    codec: &mut dyn CodecSubject,
) -> Evidence {
    let question = question(set, vector);
    // What was said before was about others.
    let _ = codec.take_said();
    match operation {
        Operation::Decode => {
            let bytes = vector.bytes.as_deref().unwrap_or_default();
            let reply = codec.decode(question, bytes);
            let reading = Reading::new(&question, bytes);
            let difference = difference::of_meaning(vector, &reading, &reply);
            let offset = difference.as_ref().and_then(|difference| difference.offset);
            Evidence {
                operation,
                kind: vector.kind,
                given: None,
                has_long_number: reading.has_long_number(),
                bytes: Some(reading.table(offset)),
                got: None,
                difference,
                exchange: codec.take_said(),
            }
        }
        Operation::Encode => {
            let (given, wanted) = match &vector.expected {
                Expected::Valid {
                    value, canonical, ..
                } => (value, canonical.as_ref().or(vector.bytes.as_ref())),
                Expected::Invalid { value, .. } => (value.as_ref().unwrap_or(&Json::Null), None),
                Expected::Acceptable { .. } => (&Json::Null, None),
            };
            let reply = codec.encode(question, given);
            let wanted = wanted.map(|bytes| Reading::new(&question, bytes));
            let got = match &reply {
                Reply::Encoded(bytes) => Some(Reading::new(&question, bytes)),
                _ => None,
            };
            let difference = match (&wanted, &got) {
                (Some(wanted), Some(got)) => difference::of_bytes(vector.kind, wanted, got),
                _ => None,
            };
            let offset = difference.as_ref().and_then(|difference| difference.offset);
            Evidence {
                operation,
                kind: vector.kind,
                given: Some(given.clone()),
                has_long_number: wanted.as_ref().is_some_and(Reading::has_long_number),
                bytes: wanted.map(|wanted| wanted.table(offset)),
                got: got.map(|got| got.table(offset)),
                difference,
                exchange: codec.take_said(),
            }
        }
    }
}

//! A codec that is asked about bytes and messages.

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Message, Spec};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Side;
use crate::codec::{Codec, Refusal};
use crate::vector::Kind;

/// Reads and writes messages and values for whoever asks.
pub trait CodecSubject {
    /// Name for reports.
    fn name(&self) -> &str;

    /// Whether its refusals use the classes and offsets of the suite's own
    /// codec. Of any other codec only the refusal itself is judged.
    fn refuses_exactly(&self) -> bool {
        false
    }

    /// What the bytes mean.
    fn decode(&mut self, question: Question<'_>, bytes: &[u8]) -> Reply;

    /// The bytes of a message or a value.
    fn encode(&mut self, question: Question<'_>, value: &Json) -> Reply;

    /// Whether it answers nothing any more, whatever it is asked.
    fn is_gone(&self) -> bool {
        false
    }

    /// The lines of the last question and its answer, where they pass between processes.
    fn take_said(&mut self) -> Vec<Said> {
        Vec::new()
    }
}

/// One line between the suite and a codec in a process of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Microseconds since the question was put.
    pub at_us: u64,
    /// Who said it.
    pub from: Side,
    /// The line, cut where it is very long.
    pub line: String,
}

/// What a codec is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The specification.
    pub spec: &'q Spec,
    /// A message or a value.
    pub kind: Kind,
    /// The request that the message answers, or `None` where nobody says.
    pub request: Option<&'q Message>,
    /// The encoding of values, or `None` where the codec has to find it: the
    /// default, or the one that a message announces.
    pub encoding: Option<Encoding>,
}

impl<'q> Question<'q> {
    /// The suite's own codec for such bytes and messages.
    #[must_use]
    pub fn codec(&self) -> Codec<'q> {
        let mut codec = Codec::new(self.spec);
        if let Some(encoding) = self.encoding {
            codec = codec.with_encoding(encoding);
        }
        match self.request {
            Some(request) => codec.answering(request),
            None => codec,
        }
    }
}

/// What a codec answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The bytes mean this.
    Decoded {
        /// A message or a value, as [`json`](crate::json) has it.
        value: Json,
        /// How many of the bytes it took.
        consumed: usize,
    },
    /// The bytes of what was to be encoded.
    Encoded(Vec<u8>),
    /// The input was refused.
    Refused {
        /// What kind of fault, in the codec's own word.
        class: String,
        /// Where, if the codec says.
        offset: Option<usize>,
        /// What the codec says about it.
        detail: String,
    },
    /// The codec cannot be asked this, and why.
    Unsupported(String),
    /// The codec did not answer: it crashed, hung, or said what cannot be read.
    Broken(String),
}

impl Reply {
    /// The reply in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Decoded { value, consumed } => format!("{value} of {consumed} bytes"),
            Self::Encoded(bytes) => hex::encode(bytes),
            Self::Refused {
                class,
                offset,
                detail,
            } => {
                let place = offset.map(|offset| format!(" at offset {offset}"));
                format!("refused as {class}{}: {detail}", place.unwrap_or_default())
            }
            Self::Unsupported(why) => format!("unsupported: {why}"),
            Self::Broken(why) => format!("no answer: {why}"),
        }
    }

    /// Why there is nothing to judge, if so. No answer at all can be judged.
    pub(crate) fn unanswered(&self) -> Option<String> {
        match self {
            Self::Unsupported(why) => Some(why.clone()),
            _ => None,
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            class: refusal.class.as_str().to_owned(),
            offset: Some(refusal.offset),
            detail: refusal.reason(),
        }
    }
}

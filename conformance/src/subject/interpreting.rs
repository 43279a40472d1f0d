//! The suite's own codec as a subject.

use iotmp_ref::wire::Encoding;
use serde_json::Value as Json;

use crate::json;
use crate::vector::Kind;

use super::{CodecSubject, Question, Reply};

/// The codec that interprets specifications: see [`codec`](crate::codec).
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreting;

impl CodecSubject for Interpreting {
    fn name(&self) -> &'static str {
        "interpreting codec"
    }

    fn refuses_exactly(&self) -> bool {
        true
    }

    fn decode(&mut self, question: Question<'_>, bytes: &[u8]) -> Reply {
        let codec = question.codec();
        let result = match question.kind {
            Kind::Message => codec
                .decode(bytes)
                .map(|decoded| (decoded.message, decoded.consumed)),
            Kind::Value => codec
                .decode_value(encoding(&question), bytes)
                .map(|decoded| (json::value_to(&decoded.value), bytes.len())),
        };
        match result {
            Ok((value, consumed)) => Reply::Decoded { value, consumed },
            Err(refusal) => refusal.into(),
        }
    }

    fn encode(&mut self, question: Question<'_>, value: &Json) -> Reply {
        let codec = question.codec();
        let result = match question.kind {
            Kind::Message => codec.encode(value),
            // Of a value only the meaning is asked, not the form of its floats.
            Kind::Value => match json::meaning_from(value) {
                Ok(value) => {
                    let value = crate::value::WireValue::from_value(&value);
                    codec.encode_value(encoding(&question), &value)
                }
                Err(error) => Err(error.into()),
            },
        };
        match result {
            Ok(bytes) => Reply::Encoded(bytes),
            Err(refusal) => refusal.into(),
        }
    }
}

fn encoding(question: &Question<'_>) -> Encoding {
    question.encoding.unwrap_or(Encoding::Pson2)
}

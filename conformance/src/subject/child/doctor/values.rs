//! Values that a language may lose on their way through JSON.

use iotmp_spec::model::Body;
use serde_json::{Value as Json, json};

use super::{Doctor, Health};
use crate::subject::Reply;
use crate::subject::child::protocol::{Hello, shortened};
use crate::vector::{Expected, Kind, Operation, Vector, same};
use crate::{json, plan, specs};

impl Doctor<'_> {
    pub(super) fn values(&mut self, hello: &Hello) {
        if !(hello.does(Operation::Encode) && hello.does(Operation::Decode)) {
            let why = "it needs both decode and encode".to_owned();
            return self.note("tagged values", Health::Unknown(why));
        }
        let spec = specs::by_name(self.spec).ok();
        let fixed = spec.filter(|spec| !matches!(spec.body, Body::KeyValue(_)));
        if let Some(set) = fixed.and_then(plan::vectors_of) {
            return self.layout(&set.vectors);
        }
        let values = [
            json!({"type": "integer", "value": "18446744073709551615"}),
            json!({"type": "integer", "value": "-9223372036854775809"}),
            json!(9_007_199_254_740_991_u64),
            json!({"type": "float", "value": "NaN", "bits": "7fc00000"}),
            json!({"type": "float", "value": "-Infinity"}),
            json!(0.1),
            json!({"type": "bytes", "value": "00ff"}),
            json!("\u{1f321} \"\\\n\u{0}"),
            json!({"type": "map", "value": [["type", 1]]}),
            json!([null, true, {"a": []}]),
        ];
        let mut lost = Vec::new();
        for value in &values {
            if let Err(why) = self.round_trip(value) {
                lost.push(format!("{value}: {why}"));
            }
        }
        let result = if lost.is_empty() {
            Ok(format!("{} come back as they went", values.len()))
        } else {
            Err(lost.join("\n"))
        };
        self.judge(
            "tagged values",
            result,
            "what JSON cannot say exactly is an object with a `type`: integers beyond 2^53, \
             floats, bytes, and maps with a key `type`",
        );
    }

    /// Where fields stand in a layout they hold no values of any type; a message has to do.
    fn layout(&mut self, vectors: &[Vector]) {
        let plain = vectors.iter().find_map(|vector| match &vector.expected {
            Expected::Valid { value, .. } if vector.answers.is_none() => Some(value),
            _ => None,
        });
        let Some(message) = plain else {
            return;
        };
        let result = self.there_and_back(message).and_then(|(got, line)| {
            if same(Kind::Message, message, &got) {
                Ok("it comes back as it went".to_owned())
            } else {
                Err(format!("{message}: decode gave {}", shortened(&line)))
            }
        });
        self.judge(
            "a message there and back",
            result,
            "a message is an object with its `type` and its fields; bytes are \
             {\"type\":\"bytes\",\"value\":\"00ff\"}",
        );
    }

    /// A message whose payload is the value, written and read again.
    fn round_trip(&mut self, value: &Json) -> Result<(), String> {
        let message = json!({"type": "ok", "stream_id": 1, "payload": value});
        let (got, line) = self.there_and_back(&message)?;
        let got = got.get("payload");
        let meaning = got.and_then(|got| json::field_meaning(got).ok());
        match (meaning, json::meaning_from(value)) {
            (Some(got), Ok(value)) if got == value => Ok(()),
            // Not a number is equal to nothing, but written always the same.
            (Some(got), Ok(value)) if format!("{got:?}") == format!("{value:?}") => Ok(()),
            _ => Err(format!("decode gave {}", shortened(&line))),
        }
    }

    /// A message written and read again: what comes back, and the line that says so.
    fn there_and_back(&mut self, message: &Json) -> Result<(Json, String), String> {
        let (reply, line) = self.ask(Operation::Encode, json!({"message": message}))?;
        let Reply::Encoded(bytes) = reply else {
            return Err(format!("encode gave {}", shortened(&line)));
        };
        let hex = hex::encode(&bytes);
        let (reply, line) = self.ask(Operation::Decode, json!({"hex": hex}))?;
        let Reply::Decoded {
            value: got,
            consumed,
        } = reply
        else {
            return Err(format!("decode gave {}", shortened(&line)));
        };
        if consumed != bytes.len() {
            return Err(format!(
                "decode of {} bytes gave `consumed` {consumed}: it is the number of bytes that the message took",
                bytes.len()
            ));
        }
        Ok((got, line))
    }
}

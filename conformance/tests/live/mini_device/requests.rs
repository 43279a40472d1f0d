//! What a device does with what it is asked.

use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{Connection, Fault, Open};

impl Connection {
    /// Handles a message of the server; whether the connection goes on.
    pub(super) async fn handle(&mut self, message: &Json) -> bool {
        let kind = message["type"].as_str().unwrap();
        if !self.connected {
            match kind {
                "ok" => {
                    self.connected = true;
                    let beats = self.fault != Fault::NoKeepAlive;
                    self.keep_alive = beats.then(|| Instant::now() + self.interval());
                    return true;
                }
                "describe" if self.fault == Fault::AnswersBeforeOk => {}
                "describe" => return true,
                _ => return false,
            }
        }
        if self.fault == Fault::PutsValuesOff {
            for open in &mut self.streams {
                open.next = open.every.map(|every| Instant::now() + every);
            }
        }
        match kind {
            "keep_alive" => {
                self.answer_by = None;
                if self.fault == Fault::AnswersKeepAlives {
                    self.send(json!({"type": "keep_alive"})).await;
                }
            }
            "disconnect" => return self.fault == Fault::IgnoresDisconnect,
            "describe" => self.describe(message).await,
            "run" => self.run(message).await,
            "start_stream" => self.start_stream(message).await,
            "stop_stream" => self.stop_stream(message).await,
            _ => {}
        }
        true
    }

    async fn describe(&mut self, message: &Json) {
        let id = &message["stream_id"];
        let alias = match self.fault {
            Fault::AliasIsText => json!("1"),
            _ => json!(1),
        };
        let output = match self.fault {
            Fault::FunctionNine => 9,
            _ => 3,
        };
        let named = match message["resource"].as_u64() {
            Some(1) => Some("temperature"),
            _ => message["resource"].as_str(),
        };
        let answer = match named {
            None => json!({"type": "ok", "stream_id": id, "payload": {
                "temperature": {"fn": output, "id": alias},
                "level": {"fn": 4, "st": true},
            }}),
            Some("temperature") if self.fault == Fault::NoSample => {
                json!({"type": "ok", "stream_id": id, "payload": {}})
            }
            Some("temperature") => json!({"type": "ok", "stream_id": id, "payload": {"out": 21.5}}),
            Some("level") => json!({"type": "ok", "stream_id": id, "payload": {"in": 5, "out": 5}}),
            Some(_) if self.fault == Fault::DescribesWhatItHasNot => {
                json!({"type": "ok", "stream_id": id, "payload": {}})
            }
            Some(_) => json!({"type": "error", "stream_id": id}),
        };
        self.send(answer).await;
    }

    async fn run(&mut self, message: &Json) {
        let is_answered =
            message.get("stream_id").is_some() || self.fault == Fault::AnswersRunWithoutId;
        let id = message.get("stream_id").cloned().unwrap_or(json!(3));
        let known = match (message["resource"].as_str(), message["resource"].as_u64()) {
            (Some("temperature"), _) | (_, Some(1)) => Some(json!(21.5)),
            (Some("level"), _) => {
                self.level = message["payload"].clone();
                if self.fault == Fault::CutsIntegers {
                    cut(&mut self.level);
                }
                Some(self.level.clone())
            }
            _ => None,
        };
        let is_mute = match self.fault {
            Fault::RunsWithoutPayload => true,
            Fault::GivesNothingMeanwhile => !self.streams.is_empty(),
            _ => false,
        };
        match known {
            _ if !is_answered => {}
            Some(_) if is_mute => {
                self.send(json!({"type": "ok", "stream_id": id})).await;
            }
            Some(value) => {
                self.send(json!({"type": "ok", "stream_id": id, "payload": value}))
                    .await;
            }
            None => self.send(json!({"type": "error", "stream_id": id})).await,
        }
        if self.fault == Fault::StreamsUnasked {
            self.send(json!({"type": "stream_data", "stream_id": 4, "payload": 1}))
                .await;
        }
        if message["resource"] == "level" {
            let stopped = match self.fault {
                Fault::EchoesAfterStop => self.stopped.as_slice(),
                _ => &[],
            };
            let told: Vec<u64> = self
                .streams
                .iter()
                .filter(|open| self.fault != Fault::EchoesEventsOnly || open.every.is_none())
                .chain(stopped)
                .filter(|open| open.resource == "level")
                .map(|open| open.id)
                .collect();
            for id in told {
                self.value(id, json!(5)).await;
            }
        }
    }

    async fn start_stream(&mut self, message: &Json) {
        let id = message["stream_id"].as_u64().unwrap();
        let number = message["parameters"]
            .as_u64()
            .or(message["parameters"]["interval"].as_u64());
        let every = number
            .filter(|number| *number > 0)
            .map(|number| match self.fault {
                Fault::StreamsInSeconds => Duration::from_secs(number),
                Fault::RoundsIntervals => Duration::from_millis(number / 100 * 100),
                _ => Duration::from_millis(number),
            });
        let resource = match &message["resource"] {
            alias if *alias == 1 && self.fault != Fault::KnowsNoAliasOfStreams => "temperature",
            name => name.as_str().unwrap_or_default(),
        };
        let open = Open {
            id,
            resource: resource.to_owned(),
            every,
            next: every.map(|every| Instant::now() + every),
            given: 0,
        };
        let is_refused = match self.fault {
            Fault::StreamsTheFirstOnly => resource == "level",
            Fault::StreamsOneOnly => self.streams.iter().any(|other| other.resource != resource),
            Fault::UsesUpRefusedIds => self.refused.contains(&id),
            _ => false,
        };
        if is_refused || !matches!(resource, "temperature" | "level") {
            self.refused.push(id);
            if self.fault == Fault::StreamsWhatIsRefused {
                self.streams.push(open);
            }
            return self.send(json!({"type": "error", "stream_id": id})).await;
        }
        if self.fault == Fault::SharesIntervals {
            for other in &mut self.streams {
                (other.every, other.next) = (open.every, open.next);
            }
        }
        if self.fault != Fault::StreamsTwice {
            let is_replaced = |other: &Open| other.resource == resource || other.id == id;
            let replaced = self.streams.iter().filter(|other| is_replaced(other));
            self.replaced.extend(replaced.map(|other| (other.id, id)));
            self.streams.retain(|other| !is_replaced(other));
        }
        self.streams.push(open);
        self.send(json!({"type": "ok", "stream_id": id})).await;
        self.value(id, json!(21.5)).await;
    }

    async fn stop_stream(&mut self, message: &Json) {
        let id = message["stream_id"].as_u64().unwrap();
        let renamed = self.replaced.iter().rev().find(|(old, _)| *old == id);
        let meant = match (self.fault, renamed) {
            (Fault::StopsByOldId, Some((_, new))) => *new,
            _ => id,
        };
        let open = self.streams.iter().find(|open| open.id == meant);
        let is_known = open.is_some_and(|open| match self.fault {
            Fault::RefusesStopOfEvents => open.every.is_some(),
            Fault::RefusesEarlyStops => open.every.is_none() || open.given > 0,
            _ => true,
        });
        self.stopped.extend(open.cloned());
        if self.fault != Fault::StreamsAfterStop {
            self.streams.retain(|open| open.id != meant);
        }
        let answer = if is_known { "ok" } else { "error" };
        self.send(json!({"type": answer, "stream_id": id})).await;
    }
}

/// Leaves the low 32 bits of every whole number.
fn cut(value: &mut Json) {
    match value {
        Json::Array(values) => values.iter_mut().for_each(cut),
        Json::Object(values) => values.values_mut().for_each(cut),
        _ => {
            if let Some(number) = value.as_u64() {
                *value = json!(number & u64::from(u32::MAX));
            }
        }
    }
}

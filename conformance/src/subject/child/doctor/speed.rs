//! Many requests at once.

use std::time::Instant;

use serde_json::json;

use super::{Doctor, Health};
use crate::subject::child::process::Breakdown;
use crate::subject::child::{START_FACTOR, protocol};
use crate::vector::{Kind, Operation};

/// Requests that are sent without waiting for answers.
const RAPID: u64 = 1000;
const TITLE: &str = "1000 requests at once";

impl Doctor<'_> {
    /// Many requests at once, each of which gets its own answer in order. Of a
    /// slow codec only as many are looked at as it answers in the time for a start.
    pub(super) fn speed(&mut self) {
        let ids = self.next_id..self.next_id + RAPID;
        self.next_id = ids.end;
        if let Some(process) = &self.process {
            for id in ids.clone() {
                let request = json!({"id": id, "op": "decode", "spec": self.spec, "kind": "message", "hex": "0500"});
                process.send(&request.to_string());
            }
        }
        let patience = self.command.timeout;
        let most = patience.saturating_mul(START_FACTOR);
        let began = Instant::now();
        let mut result = Ok("each answered, in order".to_owned());
        for (answered, id) in ids.enumerate() {
            let Some(process) = &mut self.process else {
                result = Err("it could not be started again".to_owned());
                break;
            };
            let left = most.saturating_sub(began.elapsed());
            let read = match process.line(left.min(patience)) {
                Ok(line) => {
                    let read = protocol::reply(id, Kind::Message, Operation::Decode, &line);
                    // Hundreds of answers are still under way.
                    read.inspect_err(|_| self.restart())
                }
                Err(Breakdown::Hang(_)) if left < patience => {
                    let seconds = most.as_secs_f64();
                    let why = format!(
                        "{answered} were answered within {seconds} s, in order; the others were not waited for"
                    );
                    // What it still works on would come as the answer to something else.
                    self.restart();
                    return self.note(TITLE, Health::Unknown(why));
                }
                Err(breakdown) => Err(self.broken(&breakdown)),
            };
            if let Err(why) = read {
                result = Err(format!("after {answered} answers: {why}"));
                break;
            }
        }
        self.judge(
            TITLE,
            result,
            "answer each request by one line, in order, and flush after every line",
        );
    }
}

//! Sees whether an adapter keeps to the protocol, before its codec is judged.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::process::{Breakdown, Process};
use super::protocol::{Hello, hello_request, shortened};
use super::{CodecCommand, START_FACTOR, StartError, introduced};
use crate::json;

/// Bytes of the huge frame.
const HUGE: usize = 1 << 20;
/// Requests that are sent without waiting for answers.
const RAPID: usize = 1000;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// What.
    pub title: String,
    /// How it stands.
    pub state: Health,
}

/// How one thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Well(String),
    /// Not as it should be.
    Ill {
        /// What is wrong.
        symptom: String,
        /// What to do.
        advice: &'static str,
    },
    /// Could not be looked at, and why.
    Unknown(String),
}

/// Looks at everything about an adapter, in the order in which one is written.
///
/// # Errors
/// [`StartError`] where the program cannot be run or does not introduce itself:
/// nothing else can be looked at.
pub fn examine(command: &CodecCommand, spec: &str) -> Result<Vec<Checkup>, StartError> {
    let (process, hello) = introduced(command)?;
    let mut doctor = Doctor {
        command,
        spec,
        process: Some(process),
        next_id: 1,
        found: Vec::new(),
    };
    doctor.introduction(&hello);
    doctor.unknown_things();
    doctor.bad_lines();
    doctor.values(&hello);
    doctor.size();
    doctor.speed();
    doctor.farewell();
    Ok(doctor.found)
}

struct Doctor<'d> {
    command: &'d CodecCommand,
    spec: &'d str,
    /// `None` where it could not be started again.
    process: Option<Process>,
    next_id: u64,
    found: Vec<Checkup>,
}

impl Doctor<'_> {
    fn note(&mut self, title: &str, state: Health) {
        let title = title.to_owned();
        self.found.push(Checkup { title, state });
    }

    fn judge(&mut self, title: &str, result: Result<String, String>, advice: &'static str) {
        let state = match result {
            Ok(word) => Health::Well(word),
            Err(symptom) => Health::Ill { symptom, advice },
        };
        self.note(title, state);
    }

    /// Sends a line and hears one; after a breakdown the process is a new one.
    fn exchange(&mut self, line: &str) -> Result<String, String> {
        let Some(process) = &mut self.process else {
            return Err("it could not be started again".to_owned());
        };
        process.send(line);
        process
            .line(self.command.timeout)
            .map_err(|breakdown| self.broken(&breakdown))
    }

    fn broken(&mut self, breakdown: &Breakdown) -> String {
        let stderr = self.process.take().map(Process::kill).unwrap_or_default();
        self.process = introduced(self.command).ok().map(|(process, _)| process);
        match stderr.lines().last() {
            Some(last) => format!("{breakdown}; its last words: {last}"),
            None => breakdown.to_string(),
        }
    }

    /// Asks, and gives the reply if it is an object with the right id.
    fn ask(&mut self, mut request: Json) -> Result<Json, String> {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(request) = request.as_object_mut() {
            request.insert("id".to_owned(), json!(id));
        }
        let line = self.exchange(&request.to_string())?;
        let reply = json::parse(&line).map_err(|error| format!("{error}: {}", shortened(&line)))?;
        match reply.get("id") {
            Some(got) if *got == json!(id) => Ok(reply),
            _ => Err(format!(
                "the answer has not the id {id}: {}",
                shortened(&line)
            )),
        }
    }

    fn introduction(&mut self, hello: &Hello) {
        let who = format!("{} {}", hello.implementation, hello.version);
        let word = format!(
            "{who}: {} of {}",
            hello.ops.join(", "),
            hello.specs.join(", ")
        );
        self.note("hello", Health::Well(word));
        let listed = hello.specs.iter().any(|spec| spec == self.spec);
        let result = if listed {
            Ok(self.spec.to_owned())
        } else {
            Err(format!(
                "{} is not among its specs {:?}",
                self.spec, hello.specs
            ))
        };
        self.judge(
            "speaks the spec",
            result,
            "list the spec in `specs` of the hello, or choose another by --spec",
        );
    }

    fn unknown_things(&mut self) {
        const ADVICE: &str =
            "answer what you do not know by {\"id\":ID,\"unsupported\":\"why\"}, and go on";
        let op = json!({"op": "dance", "spec": self.spec});
        let result = self.ask(op).and_then(unsupported);
        self.judge("an unknown op", result, ADVICE);
        let spec =
            json!({"op": "decode", "spec": "no-such-spec", "kind": "message", "hex": "0500"});
        let result = self.ask(spec).and_then(unsupported);
        self.judge("an unknown spec", result, ADVICE);
    }

    /// Lines that are no requests: they are answered by anything, or by
    /// nothing, but the next request is answered all the same.
    fn bad_lines(&mut self) {
        const ADVICE: &str = "catch what reading a line throws, answer {\"unsupported\":\"why\"} \
             or nothing, and read the next line";
        for (title, line) in [
            ("an empty line", ""),
            ("a line that is no JSON", "{\"op\":"),
        ] {
            if let Some(process) = &self.process {
                process.send(line);
            }
            let result = self.survives();
            self.judge(title, result, ADVICE);
        }
    }

    fn survives(&mut self) -> Result<String, String> {
        let mut line = self.exchange(&hello_request())?;
        // The answer to the bad line, if there is one, comes first.
        if Hello::read(&line).is_err() {
            let Some(process) = &mut self.process else {
                return Err("it could not be started again".to_owned());
            };
            line = process
                .line(self.command.timeout)
                .map_err(|breakdown| self.broken(&breakdown))?;
        }
        Hello::read(&line).map(|_| "the next request is answered".to_owned())
    }

    /// Values that a language may lose on their way through JSON.
    fn values(&mut self, hello: &Hello) {
        if !(hello.ops.contains(&"encode".to_owned()) && hello.ops.contains(&"decode".to_owned())) {
            let why = "it needs both decode and encode".to_owned();
            return self.note("tagged values", Health::Unknown(why));
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

    /// A message whose payload is the value, written and read again.
    fn round_trip(&mut self, value: &Json) -> Result<(), String> {
        let message = json!({"type": "ok", "stream_id": 1, "payload": value});
        let encode =
            json!({"op": "encode", "spec": self.spec, "kind": "message", "message": message});
        let reply = self.ask(encode)?;
        let Some(hex) = reply.get("ok").and_then(Json::as_str) else {
            return Err(format!("encode gave {}", shortened(&reply.to_string())));
        };
        let decode = json!({"op": "decode", "spec": self.spec, "kind": "message", "hex": hex});
        let reply = self.ask(decode)?;
        let got = reply.get("ok").and_then(|message| message.get("payload"));
        let meaning = got.and_then(|got| json::field_meaning(got).ok());
        match (meaning, json::meaning_from(value)) {
            (Some(got), Ok(value)) if got == value => Ok(()),
            // Not a number is equal to nothing, but written always the same.
            (Some(got), Ok(value)) if format!("{got:?}") == format!("{value:?}") => Ok(()),
            _ => Err(format!("decode gave {}", shortened(&reply.to_string()))),
        }
    }

    fn size(&mut self) {
        // A type that nobody knows, and a size that the bytes bear out.
        let hex = format!("7f808040{}", "00".repeat(HUGE));
        let request = json!({"op": "decode", "spec": self.spec, "kind": "message", "hex": hex});
        let result = self.ask(request).map(|reply| {
            let word = ["ok", "reject", "unsupported"].into_iter();
            let word = word
                .filter(|word| reply.get(word).is_some())
                .collect::<String>();
            format!("answered `{word}`")
        });
        self.judge(
            "a message of 1 MiB",
            result,
            "read whole lines, however long; refuse a large message by `reject`, or name the \
             limit max_message_size in the hello",
        );
    }

    /// Many requests at once, each of which gets its own answer in order.
    fn speed(&mut self) {
        let first = self.next_id;
        let lines = (first..).take(RAPID).map(|id| {
            json!({"id": id, "op": "decode", "spec": self.spec, "kind": "message", "hex": "0500"})
        });
        if let Some(process) = &self.process {
            lines.for_each(|line| process.send(&line.to_string()));
        }
        self.next_id += RAPID as u64;
        let result = self.in_order(first);
        self.judge(
            "1000 requests at once",
            result,
            "answer each request by one line, in order, and flush after every line",
        );
    }

    fn in_order(&mut self, first: u64) -> Result<String, String> {
        let mut seen = BTreeSet::new();
        for id in (first..).take(RAPID) {
            let Some(process) = &mut self.process else {
                return Err("it could not be started again".to_owned());
            };
            let line = match process.line(self.command.timeout) {
                Ok(line) => line,
                Err(breakdown) => {
                    let count = seen.len();
                    return Err(format!(
                        "after {count} answers: {}",
                        self.broken(&breakdown)
                    ));
                }
            };
            let got = json::parse(&line)
                .ok()
                .and_then(|reply| reply.get("id")?.as_u64());
            if got != Some(id) {
                return Err(format!(
                    "instead of the answer to {id} came {}",
                    shortened(&line)
                ));
            }
            seen.insert(id);
        }
        Ok("each answered, in order".to_owned())
    }

    fn farewell(&mut self) {
        let limit = self.command.timeout.saturating_mul(START_FACTOR);
        let result = match &mut self.process {
            None => Err("it could not be started again".to_owned()),
            Some(process) => match process.finish(limit) {
                Some(status) if status.success() => Ok("it ended with 0".to_owned()),
                Some(status) => Err(format!("it ended with {status}")),
                None => Err("it goes on".to_owned()),
            },
        };
        self.judge(
            "the end of its input",
            result,
            "end with 0 when the standard input ends",
        );
    }
}

fn unsupported(reply: Json) -> Result<String, String> {
    match reply.get("unsupported") {
        Some(Json::String(_)) => Ok("answered `unsupported`".to_owned()),
        _ => Err(format!("answered {}", shortened(&reply.to_string()))),
    }
}

//! Sees whether an adapter keeps to the protocol, before its codec is judged.

mod beginning;
mod speed;
mod values;

use serde_json::{Value as Json, json};

pub(super) use self::beginning::{NO_PROGRAM, advice_for_hello, advice_without_hello};
use super::process::{Breakdown, Process};
use super::protocol::{self, Hello, hello_request, shortened};
use super::{CodecCommand, Reply, START_FACTOR, StartError, introduced};
use crate::vector::{Kind, Operation};

/// Bytes of the huge frame.
const HUGE: usize = 1 << 20;
/// Cut off behind its first field in every protocol.
const TRUNCATED: &str = "010208";

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

/// Looks at everything about an adapter, in the order in which one is written, and
/// tells each thing as soon as it is known.
///
/// # Errors
/// [`StartError`] where the program cannot be run or does not introduce itself:
/// nothing else can be looked at.
pub fn examine(
    command: &CodecCommand,
    spec: &str,
    tell: &mut dyn FnMut(Checkup),
) -> Result<(), StartError> {
    let (process, hello) = introduced(command).inspect_err(|error| {
        tell(Checkup {
            title: "hello".to_owned(),
            state: Health::Ill {
                symptom: error.why.clone(),
                advice: error.advice,
            },
        });
    })?;
    let mut doctor = Doctor {
        command,
        spec,
        process: Some(process),
        next_id: 1,
        tell,
    };
    doctor.introduction(&hello);
    doctor.unknown_things();
    doctor.bad_lines();
    doctor.refusal(&hello);
    doctor.values(&hello);
    doctor.size();
    doctor.speed();
    doctor.farewell();
    Ok(())
}

struct Doctor<'d> {
    command: &'d CodecCommand,
    spec: &'d str,
    /// `None` where it could not be started again.
    process: Option<Process>,
    next_id: u64,
    tell: &'d mut dyn FnMut(Checkup),
}

impl Doctor<'_> {
    fn note(&mut self, title: &str, state: Health) {
        let title = title.to_owned();
        (self.tell)(Checkup { title, state });
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
        self.restart();
        match stderr.lines().last() {
            Some(last) => format!("{breakdown}; its last words: {last}"),
            None => breakdown.to_string(),
        }
    }

    fn restart(&mut self) {
        self.process = introduced(self.command).ok().map(|(process, _)| process);
    }

    /// Asks about a message: the reply as a run would read it, and its line.
    fn ask(&mut self, operation: Operation, mut request: Json) -> Result<(Reply, String), String> {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(request) = request.as_object_mut() {
            request.insert("id".to_owned(), json!(id));
            request
                .entry("op")
                .or_insert_with(|| json!(operation.to_string()));
            request.entry("spec").or_insert_with(|| json!(self.spec));
            request.insert("kind".to_owned(), json!("message"));
        }
        let line = self.exchange(&request.to_string())?;
        let reply = protocol::reply(id, Kind::Message, operation, &line)?;
        Ok((reply, line))
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
        let asked = [
            ("an unknown op", json!({"op": "dance"})),
            (
                "an unknown spec",
                json!({"spec": "no-such-spec", "hex": "0500"}),
            ),
        ];
        for (title, request) in asked {
            let result = self.ask(Operation::Decode, request);
            let result = result.and_then(|(reply, line)| match reply {
                Reply::Unsupported(_) => Ok("answered `unsupported`".to_owned()),
                _ => Err(format!("answered {}", shortened(&line))),
            });
            self.judge(title, result, ADVICE);
        }
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

    /// What is no message is refused, and what a refusal looks like.
    fn refusal(&mut self, hello: &Hello) {
        const TITLE: &str = "a message that ends early";
        const ADVICE: &str = "refuse by {\"id\":ID,\"reject\":{\"class\":\"your word\"}} and nothing beside \
             it; `class`, `offset` and `detail` may be absent";
        if !hello.does(Operation::Decode) {
            let why = "it needs decode".to_owned();
            return self.note(TITLE, Health::Unknown(why));
        }
        match self.ask(Operation::Decode, json!({"hex": TRUNCATED})) {
            Ok((Reply::Refused { .. }, _)) => {
                self.note(TITLE, Health::Well("answered `reject`".to_owned()));
            }
            Ok((_, line)) => {
                let symptom = format!("not refused, but answered {}", shortened(&line));
                self.judge(TITLE, Err(symptom), ADVICE);
            }
            Err(symptom) => self.judge(TITLE, Err(symptom), ADVICE),
        }
    }

    fn size(&mut self) {
        // A type that nobody knows, and a size that the bytes bear out.
        let hex = format!("7f808040{}", "00".repeat(HUGE));
        let result = self.ask(Operation::Decode, json!({"hex": hex}));
        let result = result.map(|(reply, _)| {
            let word = match reply {
                Reply::Refused { .. } => "reject",
                Reply::Unsupported(_) => "unsupported",
                _ => "ok",
            };
            format!("answered `{word}`")
        });
        self.judge(
            "a message of 1 MiB",
            result,
            "read whole lines, however long; refuse a large message by `reject`, or name the \
             limit max_message_size in the hello",
        );
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

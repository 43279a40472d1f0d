//! A codec in a process of its own, spoken to by the codec subject protocol:
//! one JSON object per line each way.
//!
//! Whatever goes wrong with the process is charged to the question that was
//! open; the next one finds a fresh process.

mod depth;
mod doctor;
mod memory;
mod process;
mod protocol;

use core::time::Duration;
use std::time::Instant;

use serde_json::{Map, Value as Json, json};

use super::{CodecSubject, Question, Reply, Said, Side};
use crate::vector::{Kind, Operation};

use self::depth::depth;
pub use self::doctor::{Checkup, Health, examine};
use self::memory::{Answer, Memory};
pub use self::process::Breakdown;
use self::process::Process;
use self::protocol::shortened;
pub use self::protocol::{Hello, PROTO};

/// Breakdowns in a row after which it is seen whether the codec answers anything at all.
const DOUBT: usize = 5;
/// Breakdowns after which it is not started again.
const MAX_BREAKDOWNS: usize = 100;
/// How long words on the standard error may take to come through.
const LAGGING: Duration = Duration::from_millis(5);
/// How much longer than an answer the first one may take: interpreters have to start.
const START_FACTOR: u32 = 5;

/// How to start a codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecCommand {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Why a codec could not be started, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct StartError {
    /// What went wrong.
    pub why: String,
    /// What to do.
    pub advice: &'static str,
}

/// What went wrong while a question was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// How.
    pub breakdown: Breakdown,
    /// What was asked.
    pub operation: Operation,
    /// The end of what the process wrote to its standard error meanwhile.
    pub stderr: String,
}

/// Most characters of a line that are kept.
const KEPT: usize = 64 << 10;

/// A codec in a process of its own.
#[derive(Debug)]
pub struct ChildCodec {
    command: CodecCommand,
    hello: Hello,
    name: String,
    process: Option<Process>,
    next_id: u64,
    memory: Memory,
    /// A question that was answered well.
    easy: Option<(Map<String, Json>, Kind, Operation)>,
    /// Whether it is started again after any number of breakdowns.
    is_tireless: bool,
    in_a_row: usize,
    breakdowns: usize,
    incidents: Vec<Incident>,
    /// Lines of the last question.
    said: Vec<Said>,
    gone: Option<String>,
}

impl ChildCodec {
    /// Starts a codec and hears what it is.
    ///
    /// # Errors
    /// [`StartError`] where the program cannot be run or does not introduce itself.
    pub fn start(command: CodecCommand) -> Result<Self, StartError> {
        let (process, hello) = introduced(&command)?;
        let name = format!("{} {}", hello.implementation, hello.version);
        Ok(Self {
            command,
            hello,
            name,
            process: Some(process),
            next_id: 1,
            memory: Memory::default(),
            easy: None,
            is_tireless: false,
            in_a_row: 0,
            breakdowns: 0,
            incidents: Vec::new(),
            said: Vec::new(),
            gone: None,
        })
    }

    /// What the codec says of itself.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Why the codec is not started again, if so.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        self.gone.as_deref()
    }

    /// What went wrong since this was last asked, in order.
    pub fn take_incidents(&mut self) -> Vec<Incident> {
        core::mem::take(&mut self.incidents)
    }

    /// The end of what the codec wrote to its standard error since the last question,
    /// as far as it has come through.
    #[must_use]
    pub fn stderr(&self) -> String {
        // An answer may overtake the words that were written before it.
        std::thread::sleep(LAGGING);
        self.process
            .as_ref()
            .map(Process::errors)
            .unwrap_or_default()
    }

    /// Forgets the answers that were given, so that they are asked for again.
    pub fn forget_answers(&mut self) {
        self.memory.forget();
    }

    /// Starts it again after any number of breakdowns, for whoever looks for what
    /// breaks it down and bounds the search by other means.
    #[must_use]
    pub fn tireless(mut self) -> Self {
        self.is_tireless = true;
        self
    }

    fn ask(&mut self, request: Map<String, Json>, kind: Kind, operation: Operation) -> Reply {
        let key = Json::Object(request.clone()).to_string();
        if let Some(answer) = self.memory.recall(&key) {
            self.incidents.extend(answer.incident);
            self.said = answer.said;
            return answer.reply;
        }
        let attempt = self.attempt(&request, kind, operation);
        let said = self.said.clone();
        let (reply, incident) = match attempt {
            Ok(reply) => {
                self.in_a_row = 0;
                if !matches!(reply, Reply::Unsupported(_)) {
                    self.easy.get_or_insert((request, kind, operation));
                }
                (reply, None)
            }
            Err(breakdown) => {
                let reply = Reply::Broken(breakdown.to_string());
                let stderr = self.process.take().map(Process::kill).unwrap_or_default();
                self.count_breakdown();
                let incident = Incident {
                    breakdown,
                    operation,
                    stderr,
                };
                (reply, Some(incident))
            }
        };
        self.incidents.extend(incident.clone());
        let answer = Answer {
            reply: reply.clone(),
            incident,
            said: said.clone(),
        };
        self.said = said;
        self.memory.keep(key, answer);
        reply
    }

    fn attempt(
        &mut self,
        request: &Map<String, Json>,
        kind: Kind,
        operation: Operation,
    ) -> Result<Reply, Breakdown> {
        let id = self.next_id;
        self.next_id += 1;
        self.said.clear();
        let limit = self.command.timeout;
        let line = protocol::with_id(id, request);
        let Some(process) = &mut self.process else {
            let why = self.gone.clone().unwrap_or_default();
            return Err(Breakdown::Crash(why));
        };
        process.forget_errors();
        if let Some(unasked) = process.unasked() {
            let line = unasked?;
            let why = format!("a line that nobody asked for: {}", shortened(&line));
            return Err(Breakdown::Malformed(why));
        }
        let asked = Instant::now();
        process.send(&line);
        self.said.push(said(asked, Side::Suite, &line));
        let answer = process.line(limit)?;
        self.said.push(said(asked, Side::Subject, &answer));
        protocol::reply(id, kind, operation, &answer).map_err(Breakdown::Malformed)
    }

    /// Starts the codec again, unless it is of no use.
    fn count_breakdown(&mut self) {
        if self.gone.is_some() {
            return;
        }
        self.breakdowns += 1;
        self.in_a_row += 1;
        if !self.is_tireless && self.breakdowns >= MAX_BREAKDOWNS {
            return self.give_up(format!("it broke down {MAX_BREAKDOWNS} times"));
        }
        self.restart();
        let is_doubted = !self.is_tireless && self.in_a_row >= DOUBT;
        if self.gone.is_none() && is_doubted {
            let easy = self.easy.clone();
            let answered = easy.is_some_and(|(request, kind, operation)| {
                self.attempt(&request, kind, operation).is_ok()
            });
            if answered {
                self.in_a_row = 0;
            } else {
                let times = self.in_a_row;
                self.give_up(format!(
                    "it broke down {times} times in a row and answers nothing any more"
                ));
            }
        }
    }

    fn restart(&mut self) {
        match introduced(&self.command) {
            Ok((process, _)) => self.process = Some(process),
            Err(error) => self.give_up(format!("it could not be started again: {error}")),
        }
    }

    fn give_up(&mut self, why: String) {
        self.process = None;
        self.gone = Some(why);
    }
}

fn said(asked: Instant, from: Side, line: &str) -> Said {
    Said {
        at_us: u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX),
        from,
        line: line.chars().take(KEPT).collect(),
    }
}

impl CodecSubject for ChildCodec {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    fn take_said(&mut self) -> Vec<Said> {
        core::mem::take(&mut self.said)
    }

    fn decode(&mut self, question: Question<'_>, bytes: &[u8]) -> Reply {
        let operation = Operation::Decode;
        let excuse = self
            .hello
            .excuse(&question, operation, Some(bytes.len()), 0);
        if let Some(why) = excuse {
            return Reply::Unsupported(why);
        }
        let mut request = protocol::request(&question, operation);
        request.insert("hex".to_owned(), json!(hex::encode(bytes)));
        self.ask(request, question.kind, operation)
    }

    fn encode(&mut self, question: Question<'_>, value: &Json) -> Reply {
        let operation = Operation::Encode;
        let depth = match (question.kind, value) {
            (Kind::Message, Json::Object(fields)) => fields.values().map(depth).max().unwrap_or(0),
            _ => depth(value),
        };
        let excuse = self.hello.excuse(&question, operation, None, depth);
        if let Some(why) = excuse {
            return Reply::Unsupported(why);
        }
        let mut request = protocol::request(&question, operation);
        let key = match question.kind {
            Kind::Message => "message",
            Kind::Value => "value",
        };
        request.insert(key.to_owned(), value.clone());
        self.ask(request, question.kind, operation)
    }
}

/// Starts a program and hears its hello.
fn introduced(command: &CodecCommand) -> Result<(Process, Hello), StartError> {
    let CodecCommand {
        program, arguments, ..
    } = command;
    let failed = |why: String, advice| StartError {
        why: format!("{program}: {why}"),
        advice,
    };
    let mut process = Process::start(program, arguments)
        .map_err(|error| failed(format!("cannot be started: {error}"), doctor::NO_PROGRAM))?;
    process.send(&protocol::hello_request());
    let limit = command.timeout.saturating_mul(START_FACTOR);
    let heard = match process.line(limit) {
        Ok(line) => Hello::read(&line)
            .map_err(|why| (Breakdown::Malformed(why), doctor::advice_for_hello(&line))),
        Err(breakdown) => Err((breakdown.clone(), doctor::advice_without_hello(&breakdown))),
    };
    match heard {
        Ok(hello) => Ok((process, hello)),
        Err((breakdown, advice)) => {
            let stderr = process.kill();
            let last = stderr
                .lines()
                .last()
                .map(|line| format!("; its last words: {line}"));
            let last = last.unwrap_or_default();
            Err(failed(format!("no hello: {breakdown}{last}"), advice))
        }
    }
}

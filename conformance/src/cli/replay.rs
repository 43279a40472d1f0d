//! `replay`: one failure again.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use iotmp_conformance::replay::{Bundle, Limits, NotShrunk, Subject, shrink};
use iotmp_conformance::report::{Format, Report};
use iotmp_conformance::subject::{ChildCodec, CodecCommand, CodecSubject, Reference};
use iotmp_conformance::vector::{Operation, Vector, VectorSet, file_of, to_json};
use iotmp_conformance::{certify, exit, plan};
use serde_json::Value as Json;

use super::input::text;
use super::live::quoted;
use super::number;
use super::output::{Place, deliver, unwritable};
use super::{Command, Outcome, print};

/// Tries a failure again that `--bundles` has kept: 0 where it passes now, 1 where it still fails.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// File that `--bundles` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Run the program that the file names. It is printed first; without this, or a program after `--`, none is run.
    #[arg(long, conflicts_with = "command")]
    run: bool,
    /// Dial, or listen on, this address instead of the one in the file.
    #[arg(long, value_name = "ADDR")]
    address: Option<String>,
    /// How long an answer may take, in milliseconds, instead of what the file says.
    #[arg(long, value_name = "MS", value_parser = number::milliseconds)]
    timeout: Option<u64>,
    /// Make the failing input of a codec as small as it gets, and print it as a file of vectors.
    #[arg(long)]
    shrink: bool,
    /// Most questions that --shrink puts to the codec.
    #[arg(long, value_name = "N", default_value_t = Limits::default().tries, value_parser = number::times, requires = "shrink")]
    tries: usize,
    /// Longest time that --shrink takes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().time.as_secs(), value_parser = number::seconds, requires = "shrink")]
    time: u64,
    /// Write the small vector below this folder as well, beside others in <spec>/shrunk.json.
    #[arg(long, value_name = "DIR", requires = "shrink")]
    out: Option<PathBuf>,
    /// Program that is asked instead of the one in the file, and its arguments.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let path = arguments.file.display();
    let text = text(&arguments.file)?;
    let bundle = Bundle::read(&text).map_err(|error| format!("{path}: {error}"))?;
    let is_codec = matches!(bundle.subject, Subject::Codec { .. });
    if !is_codec && !arguments.command.is_empty() {
        return Err(format!(
            "{path} is not of a codec: there is no program to run; --address says where the subject is"
        ));
    }
    if is_codec && arguments.address.is_some() {
        return Err(format!(
            "{path} is of a codec: it has no address; give its program after --"
        ));
    }
    match &bundle.subject {
        Subject::Codec { command, .. } => {
            let command = match (arguments.command.is_empty(), arguments.run) {
                (false, _) => &arguments.command,
                (true, true) => command,
                (true, false) => return Err(unasked(&arguments.file, command)),
            };
            codec(arguments, &bundle, command)
        }
        Subject::Reference { .. } if arguments.shrink && bundle.operation.is_some() => {
            make_small(arguments, &bundle, &mut Reference)
        }
        other => {
            if arguments.shrink {
                return Err("--shrink is for the failures of codecs".to_owned());
            }
            live(arguments, &bundle, other)
        }
    }
}

/// What is said where a program would have to be run that nobody asked for.
fn unasked(file: &Path, command: &[String]) -> String {
    format!(
        "{} names a program, which is run only if you say so:\n  {}\ngive --run to run it, or the program to run after --",
        file.display(),
        line(command)
    )
}

fn line(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn codec(arguments: &Arguments, bundle: &Bundle, command: &[String]) -> Outcome {
    let (program, rest) = command
        .split_first()
        .ok_or("a program is needed after --")?;
    anstream::eprintln!("running {}", line(command));
    let timeout = arguments.timeout.unwrap_or(bundle.timeout_ms);
    let started = ChildCodec::start(CodecCommand {
        program: program.clone(),
        arguments: rest.to_vec(),
        timeout: Duration::from_millis(timeout),
    });
    let mut codec = match started {
        Ok(codec) => codec,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return Ok(ExitCode::from(exit::UNREACHABLE));
        }
    };
    if arguments.shrink {
        return make_small(arguments, bundle, &mut codec.tireless());
    }
    let set = set(bundle)?;
    let again = format!(
        "iotmp-conformance replay {} -- {}",
        quoted(&arguments.file.display().to_string()),
        line(command)
    );
    let clause = bundle.clauses.first().filter(|_| bundle.clauses.len() == 1);
    let clause = clause.map(|rule| rule.id.as_str());
    let tested = certify::again(&set, &bundle.case, clause, &mut codec, again);
    let (run, ledger) = tested.map_err(|error| error.to_string())?;
    let report = Report::new(vec![run], vec![ledger], true);
    deliver(None, true, |out| report.write(Format::Text, out))?;
    verdict(&bundle.case, report.exit_code)
}

/// The last line, and the exit code.
fn verdict(case: &str, code: u8) -> Outcome {
    let said = match code {
        exit::CONFORMANT => "passes now",
        exit::FAILED => "still fails",
        exit::UNREACHABLE => "the subject could not be reached, or died",
        _ => "cannot tell: the case came to no verdict",
    };
    print(&format!("{case}: {said}\n"))?;
    Ok(ExitCode::from(code))
}

fn set(bundle: &Bundle) -> Result<VectorSet, String> {
    bundle.set().map_err(|error| error.to_string())
}

fn make_small(arguments: &Arguments, bundle: &Bundle, codec: &mut dyn CodecSubject) -> Outcome {
    let set = set(bundle)?;
    let home = format!("{}/shrunk", set.spec.name);
    let kept = arguments
        .out
        .as_ref()
        .map(|folder| folder.join(format!("{home}.json")));
    let mut vectors = match &kept {
        Some(path) => earlier(path)?,
        None => Vec::new(),
    };
    let vector = set.get(&bundle.case).ok_or("the bundle holds no vector")?;
    let suite = plan::vectors_of(set.spec).unwrap_or(&set);
    let operation = bundle.operation.unwrap_or(Operation::Decode);
    let clause = bundle.clauses.first().filter(|_| bundle.clauses.len() == 1);
    let clause = clause.map(|rule| rule.id.as_str());
    let limits = Limits {
        tries: arguments.tries,
        time: Duration::from_secs(arguments.time),
    };
    let shrunk = match shrink(vector, operation, clause, suite, codec, limits) {
        Ok(shrunk) => shrunk,
        Err(NotShrunk::Passes) => return verdict(&bundle.case, exit::CONFORMANT),
        Err(error) => {
            anstream::eprintln!("{}: {error}", bundle.case);
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    // What cannot be written has no bytes.
    let length = |vector: &Vector| match &vector.bytes {
        Some(bytes) => format!("{} bytes", bytes.len()),
        None => "what cannot be written".to_owned(),
    };
    let (before, after) = (length(vector), length(&shrunk.vector));
    let way = shrunk.by_way_of.as_ref();
    let way = way.map_or_else(String::new, |id| format!(", by way of {id}"));
    let rest = if shrunk.is_finished {
        ""
    } else {
        "; --tries or --time ended it"
    };
    anstream::eprintln!(
        "{}: from {before} to {after} in {} tries{way}{rest}\n{operation}: {}",
        bundle.case,
        shrunk.tries,
        shrunk.symptom
    );
    for row in &shrunk.annotated.fields {
        anstream::eprintln!("{row}");
    }
    let doc = "Failures of a codec, made small.";
    let file = |vectors: &[Json]| format!("{:#}\n", file_of(&home, doc, vectors));
    let small = to_json(&shrunk.vector);
    let text = file(core::slice::from_ref(&small));
    if let Some(path) = kept {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unwritable(&path, &error))?;
        }
        vectors.retain(|vector| vector.get("id") != small.get("id"));
        vectors.push(small);
        let all = file(&vectors);
        deliver(Some(Place::find(&path)?), false, |out| {
            out.write_all(all.as_bytes())
        })?;
    }
    print(&text)?;
    Ok(ExitCode::from(exit::FAILED))
}

/// The vectors that earlier failures were made into, if any.
fn earlier(path: &Path) -> Result<Vec<Json>, String> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file: Option<Json> = serde_json::from_str(&text(path)?).ok();
    let vectors = file
        .as_ref()
        .and_then(|file| file.get("vectors")?.as_array());
    vectors.cloned().ok_or_else(|| {
        format!(
            "{} is no file of vectors, and is not written over; give another folder by --out",
            path.display()
        )
    })
}

/// Runs the one case of a server or a device, as its own command does.
fn live(arguments: &Arguments, bundle: &Bundle, subject: &Subject) -> Outcome {
    let mut words = subject
        .arguments()
        .map_err(|error| error.to_string())?
        .to_vec();
    if let Some(address) = &arguments.address {
        let place = match subject {
            Subject::Server { .. } => words.get_mut(1),
            _ => {
                let option = words.iter().position(|word| word == "--listen");
                option.and_then(|at| words.get_mut(at + 1))
            }
        };
        *place.ok_or("the bundle has no address that could be another")? = address.clone();
    }
    for (option, value) in [
        ("--select", Some(bundle.case.clone())),
        ("--seed", bundle.seed.map(|seed| seed.to_string())),
        (
            "--timeout",
            Some(arguments.timeout.unwrap_or(bundle.timeout_ms).to_string()),
        ),
    ] {
        if let Some(value) = value {
            words.push(option.to_owned());
            words.push(value);
        }
    }
    anstream::eprintln!("running iotmp-conformance {}", line(&words));
    words.insert(0, env!("CARGO_PKG_NAME").to_owned());
    let parsed = super::Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
    let code = match parsed.command {
        Command::Server(arguments) => super::server::run(&arguments)?,
        Command::Device(arguments) => super::device::run(&arguments)?,
        Command::SelfTest(arguments) => super::selftest::run(&arguments)?,
        _ => return Err("the bundle is of no server and no device".to_owned()),
    };
    let codes = [
        exit::CONFORMANT,
        exit::FAILED,
        exit::UNREACHABLE,
        exit::UNTESTED,
    ];
    let known = codes
        .into_iter()
        .find(|known| ExitCode::from(*known) == code);
    verdict(&bundle.case, known.unwrap_or(exit::UNTESTED))
}

//! `codec`: the suite against a codec in a process of its own.

use std::process::ExitCode;

use iotmp_conformance::subject::{ChildCodec, CodecCommand};
use iotmp_conformance::{certify, exit, plan, report::Report, specs};

use super::Outcome;
use super::live::quoted;
use super::options::RunOptions;

/// Tests a codec in any language: a program that answers one JSON object per line by another.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Specification to test against.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    #[command(flatten)]
    run: RunOptions,
    /// Program that speaks the codec subject protocol, and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let spec = specs::by_name(&arguments.spec).map_err(|error| error.to_string())?;
    let (program, rest) = match arguments.command.as_slice() {
        [program, rest @ ..] => (program.clone(), rest.to_vec()),
        [] => return Err("a program is needed after --".to_owned()),
    };
    let command = CodecCommand {
        program,
        arguments: rest,
        timeout: arguments.run.timeout(),
    };
    let selection = arguments.run.selection();
    let vectors = plan::vectors_of(spec).map_or(&[][..], |set| set.vectors.as_slice());
    selection
        .check(vectors.iter().map(|vector| vector.id.as_str()))
        .map_err(|error| error.to_string())?;
    let targets = arguments.run.targets()?;
    let mut codec = match ChildCodec::start(command) {
        Ok(codec) => codec,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return Ok(ExitCode::from(exit::UNREACHABLE));
        }
    };
    let words: Vec<String> = arguments.command.iter().map(|word| quoted(word)).collect();
    let again = format!(
        "iotmp-conformance codec --spec {} -- {}",
        spec.name,
        words.join(" ")
    );
    let repeat = arguments.run.settings().repeat;
    let tested = certify::run(spec, &selection, repeat, &mut codec, again);
    let (run, ledger) = tested.map_err(|error| error.to_string())?;
    targets.write(&Report::new(
        vec![run],
        vec![ledger],
        arguments.run.allow_untested(),
    ))
}

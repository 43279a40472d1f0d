//! `codec`: the suite against a codec in a process of its own.

use std::process::ExitCode;

use iotmp_conformance::report::{Report, visible};
use iotmp_conformance::subject::{Checkup, ChildCodec, CodecCommand, Health, examine};
use iotmp_conformance::{certify, exit, plan, specs};

use super::live::quoted;
use super::options::RunOptions;
use super::output::Named;
use super::{Outcome, print};

/// Options that are nothing to the doctor, which runs no cases.
const BESIDE: [&str; 12] = [
    "select",
    "skip",
    "level",
    "jobs",
    "patience",
    "seed",
    "repeat",
    "allow_untested",
    "baseline",
    "write_baseline",
    "report",
    "bundles",
];

/// Tests a codec in any language: a program that answers one JSON object per line by another.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Specification to test against.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    /// See only whether the program keeps to the protocol, and what to do where it does not.
    #[arg(long, conflicts_with_all = BESIDE)]
    doctor: bool,
    #[command(flatten)]
    run: RunOptions,
    /// Program that speaks the codec subject protocol, and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

impl Arguments {
    /// What the command of the codec names, such as its script.
    fn inputs(&self) -> Vec<Named<'_>> {
        let words = self.command.iter();
        let named =
            words.map(|word| Named::new(format!("{word} of the command"), Some(word.as_ref())));
        named.collect()
    }
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
    if arguments.doctor {
        return doctor(&command, &spec.name);
    }
    let selection = arguments.run.selection();
    let vectors = plan::vectors_of(spec).map_or(&[][..], |set| set.vectors.as_slice());
    selection
        .check(vectors.iter().map(|vector| vector.id.as_str()))
        .map_err(|error| error.to_string())?;
    let targets = arguments.run.targets(arguments.inputs())?;
    let mut codec = match ChildCodec::start(command) {
        Ok(codec) => codec,
        Err(error) => return Ok(targets.unreachable(error)),
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
    targets.write(
        Report::new(vec![run], vec![ledger], arguments.run.allow_untested()),
        vectors.len(),
    )
}

fn doctor(command: &CodecCommand, spec: &str) -> Outcome {
    let mut ill = 0;
    let mut printed = Ok(());
    let mut tell = |Checkup { title, state }: Checkup| {
        let (mark, said) = match state {
            Health::Well(said) => ("\x1b[32m✓\x1b[0m", said),
            Health::Unknown(why) => ("\x1b[2m-\x1b[0m", why),
            Health::Ill { symptom, advice } => {
                ill += 1;
                let symptom = symptom.replace('\n', "\n      ");
                ("\x1b[31m✗\x1b[0m", format!("{symptom}\n      → {advice}"))
            }
        };
        let line = print(&format!("  {mark} {title}: {}\n", visible(&said)));
        printed = core::mem::replace(&mut printed, Ok(())).and(line);
    };
    if let Err(error) = examine(command, spec, &mut tell) {
        anstream::eprintln!("error: {}", visible(&error.to_string()));
        return Ok(ExitCode::from(exit::UNREACHABLE));
    }
    printed?;
    print(&match ill {
        0 => "the adapter keeps to the protocol\n".to_owned(),
        1 => "1 thing to mend\n".to_owned(),
        _ => format!("{ill} things to mend\n"),
    })?;
    Ok(ExitCode::from(if ill == 0 {
        exit::CONFORMANT
    } else {
        exit::FAILED
    }))
}

//! `spec docs`: what a specification says, for people.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use iotmp_conformance::spec_tools::docs::docs;
use iotmp_conformance::specs;

use super::{Outcome, REFUSED, load};

/// What brings the committed documentation up to date.
const COMMAND: &str = "cargo run -p iotmp-conformance -- spec docs";

/// Writes the documentation of specifications as Markdown.
///
/// Each goes to its own file, named for the specification. With `--check`
/// nothing is written: the exit code is 1 where a file is not what would be
/// written.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Specifications: names of those that are built in, or files. Without any, all that are built in.
    names: Vec<String>,
    /// The folder of the files.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    out: PathBuf,
    /// Only compare.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let names: Vec<&str> = if arguments.names.is_empty() {
        specs::names().collect()
    } else {
        arguments.names.iter().map(String::as_str).collect()
    };
    if !arguments.check {
        fs::create_dir_all(&arguments.out).map_err(|error| {
            format!(
                "the folder `{}` cannot be made: {error}",
                arguments.out.display()
            )
        })?;
    }
    let mut stale = 0;
    for name in names {
        let spec = load(name)?;
        let path = arguments.out.join(format!("{}.md", spec.name));
        let text = docs(&spec, COMMAND);
        let shown = path.display();
        if !arguments.check {
            fs::write(&path, text)
                .map_err(|error| format!("`{shown}` cannot be written: {error}"))?;
            say!("{shown}");
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(old) if old == text => say!("{shown}: up to date"),
            old => {
                let why = old.map_or_else(|error| error.to_string(), |_| "out of date".to_owned());
                say!("{shown}: {why}");
                stale += 1;
            }
        }
    }
    if stale > 0 {
        anstream::eprintln!("error: run `{COMMAND}` and commit what it writes");
        return Ok(ExitCode::from(REFUSED));
    }
    Ok(ExitCode::SUCCESS)
}

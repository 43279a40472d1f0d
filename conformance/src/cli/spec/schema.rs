//! `spec schema`: the language of specifications, for editors.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Outcome, REFUSED};
use crate::cli::print;

/// What brings the committed schema up to date.
const COMMAND: &str = "cargo run -p iotmp-conformance -- spec schema --out spec/schema.json";

/// Writes a JSON Schema (draft 2020-12) of the language of specifications.
///
/// Editors complete and check by it where a file begins with
/// `# yaml-language-server: $schema=schema.json`. What one part of a file says of
/// another only `spec check` sees.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to write; without it the schema goes to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only compare with that file: the exit code is 1 where it is not what would be written.
    #[arg(long, requires = "out")]
    check: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let text = format!("{:#}\n", iotmp_spec::schema());
    let Some(path) = &arguments.out else {
        print(&text)?;
        return Ok(ExitCode::SUCCESS);
    };
    let shown = path.display();
    if !arguments.check {
        fs::write(path, text).map_err(|error| format!("`{shown}` cannot be written: {error}"))?;
        say!("{shown}");
        return Ok(ExitCode::SUCCESS);
    }
    match fs::read_to_string(path) {
        Ok(old) if old == text => {
            say!("{shown}: up to date");
            Ok(ExitCode::SUCCESS)
        }
        old => {
            let why = old.map_or_else(|error| error.to_string(), |_| "out of date".to_owned());
            say!("{shown}: {why}");
            anstream::eprintln!("error: run `{COMMAND}` and commit what it writes");
            Ok(ExitCode::from(REFUSED))
        }
    }
}

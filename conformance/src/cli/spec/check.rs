//! `spec check`: is it a specification, and what does it hold?

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use iotmp_conformance::spec_tools::summary::Summary;

use super::{Outcome, REFUSED, USAGE};

/// Reads specifications and says what each holds, or everything that is wrong with it.
///
/// The exit code is 0 where all are good, 1 where one is not, 2 where a file
/// cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Specifications.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut worst = 0;
    for path in &arguments.files {
        let name = path.display();
        // The loader reads it once more; only here its own absence is told from a mistake in it.
        if let Err(error) = File::open(path).and_then(|mut file| file.read(&mut [0])) {
            anstream::eprintln!("error: `{name}` cannot be read: {error}");
            worst = worst.max(USAGE);
            continue;
        }
        match iotmp_spec::load(path) {
            Ok(spec) => say!("{name}: {}: {}", spec.name, Summary::of(&spec)),
            Err(diagnostics) => {
                let mistakes = match diagnostics.len() {
                    1 => "1 mistake".to_owned(),
                    count => format!("{count} mistakes"),
                };
                anstream::eprintln!("{diagnostics}\n");
                say!("{name}: {mistakes}");
                worst = worst.max(REFUSED);
            }
        }
    }
    Ok(ExitCode::from(worst))
}

//! The command `iotmp-conformance`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

//! The reference server of IOTMP.

use std::process::ExitCode;

fn main() -> ExitCode {
    iotmp_ref::cli::server::main()
}

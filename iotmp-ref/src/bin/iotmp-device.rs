//! The reference device of IOTMP.

use std::process::ExitCode;

fn main() -> ExitCode {
    iotmp_ref::cli::device::main()
}

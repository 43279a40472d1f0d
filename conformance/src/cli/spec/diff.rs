//! `spec diff`: what changed, and what breaks by it.

use std::process::ExitCode;

use iotmp_conformance::spec_tools::diff::{diff, policy};

use super::{Outcome, REFUSED, load};
use crate::cli::print;

/// Sorts every change between two specifications into wire-breaking, compatible, or prose.
///
/// The exit code is 0 without a breaking change, 1 with one, 2 where one of the
/// two is no specification.
#[derive(Debug, clap::Args)]
#[command(after_long_help = policy())]
pub(super) struct Arguments {
    /// The older specification: a file, or the name of one that is built in.
    old: String,
    /// The newer one.
    new: String,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (old, new) = (load(&arguments.old)?, load(&arguments.new)?);
    let diff = diff(&old, &new);
    print(&diff.to_string())?;
    Ok(ExitCode::from(if diff.is_breaking() { REFUSED } else { 0 }))
}

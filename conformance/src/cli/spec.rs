//! `spec`: what can be made of a specification.

mod check;
mod diff;
mod dissector;
mod docs;
mod schema;

use std::borrow::Cow;
use std::path::Path;

use clap::Subcommand;
use iotmp_conformance::specs;
use iotmp_spec::model::Spec;

use super::{Outcome, REFUSED, USAGE};

/// Checks, compares and publishes specifications.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Diff(diff::Arguments),
    Docs(docs::Arguments),
    Dissector(dissector::Arguments),
    Schema(schema::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Docs(arguments) => docs::run(arguments),
        Command::Dissector(arguments) => dissector::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
    }
}

/// The specification that `word` means: a file, or one that the suite is built with.
fn load(word: &str) -> Result<Cow<'static, Spec>, String> {
    let path = Path::new(word);
    let named = path.extension().is_none() && path.components().count() == 1;
    if named && !path.exists() {
        return specs::by_name(word)
            .map(Cow::Borrowed)
            .map_err(|error| format!("{error} (a file is named by its path)"));
    }
    iotmp_spec::load(path)
        .map(Cow::Owned)
        .map_err(|diagnostics| {
            format!("`{word}` is no specification that can be used\n\n{diagnostics}")
        })
}

//! `encode`: a message as JSON to hex.

use std::process::ExitCode;

use iotmp_conformance::codec;

use super::input::stdin;
use super::{Notation, Outcome, REFUSED, print};

/// Reads one message as JSON from the standard input and prints its bytes as hex.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    notation: Notation,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let codec = arguments.notation.codec()?;
    let message = codec::message_from(&stdin()?).map_err(|refusal| refusal.reason())?;
    match codec.encode(&message) {
        Ok(bytes) => {
            print(&format!("{}\n", hex::encode(bytes)))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) if refusal.class.is_usage() => Err(refusal.reason()),
        Err(refusal) => {
            anstream::eprintln!("refused: {}: {}", refusal.class, refusal.reason());
            Ok(ExitCode::from(REFUSED))
        }
    }
}

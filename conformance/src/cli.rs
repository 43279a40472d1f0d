//! The command line: one file for every subcommand.

/// [`print`] of a line, as `println!`, which panics where nothing can be written.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::cli::print(&format!("{}\n", format_args!($($part)*)))?
    };
}

mod choice;
mod codec;
mod coverage;
mod decode;
mod device;
mod diff;
mod encode;
mod explain;
mod input;
mod list;
mod listening;
mod live;
mod number;
mod options;
mod output;
mod pcap;
mod replay;
mod route;
mod selftest;
mod server;
mod spec;
mod tap;
mod vectors;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use iotmp_conformance::{codec::Codec, specs};
use iotmp_ref::wire::Encoding;

/// What a command ends with: its exit code, or the one line to be said before
/// the exit code for wrong usage.
type Outcome = Result<ExitCode, String>;

/// Exit code of an input that was refused, or a subject that failed.
const REFUSED: u8 = 1;
/// Exit code of wrong usage.
const USAGE: u8 = 2;

/// Tells any IOTMP server, device or codec which rules it keeps.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(name = "self")]
    SelfTest(selftest::Arguments),
    Server(Box<server::Arguments>),
    Device(device::Arguments),
    Codec(codec::Arguments),
    Tap(tap::Arguments),
    Pcap(pcap::Arguments),
    Diff(diff::Arguments),
    List(list::Arguments),
    Explain(explain::Arguments),
    Coverage(coverage::Arguments),
    Replay(replay::Arguments),
    Vectors(vectors::Arguments),
    Encode(encode::Arguments),
    Decode(decode::Arguments),
    Spec(spec::Arguments),
}

/// Runs the command that the arguments ask for.
pub(crate) fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::SelfTest(arguments) => selftest::run(&arguments),
        Command::Server(arguments) => server::run(&arguments),
        Command::Device(arguments) => device::run(&arguments),
        Command::Codec(arguments) => codec::run(&arguments),
        Command::Tap(arguments) => tap::run(&arguments),
        Command::Pcap(arguments) => pcap::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Vectors(arguments) => vectors::run(&arguments),
        Command::Encode(arguments) => encode::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Spec(arguments) => spec::run(&arguments),
    };
    outcome.unwrap_or_else(|message| {
        anstream::eprintln!("error: {message}");
        ExitCode::from(USAGE)
    })
}

/// How messages are written: options of `encode` and `decode`.
#[derive(Debug, clap::Args)]
struct Notation {
    /// Specification of the messages.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    /// Encoding of values, such as pson1 or json, instead of the specification's default or the one that a message announces.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

impl Notation {
    fn codec(&self) -> Result<Codec<'static>, String> {
        let codec = Codec::new(specs::by_name(&self.spec).map_err(|error| error.to_string())?);
        let Some(name) = &self.encoding else {
            return Ok(codec);
        };
        let encoding = Encoding::from_name(name).filter(|encoding| codec.knows(*encoding));
        match encoding {
            Some(encoding) => Ok(codec.with_encoding(encoding)),
            None => {
                let known: Vec<_> = codec.encodings().iter().map(|known| known.name()).collect();
                Err(format!(
                    "{} has no encoding {name:?}; there is {}",
                    self.spec,
                    known.join(", ")
                ))
            }
        }
    }
}

/// Writes to the standard output. A reader that has seen enough, such as
/// `head`, is no fault.
fn print(text: &str) -> Result<(), String> {
    let mut out = anstream::stdout().lock();
    // What is still held back when the process ends is lost without a word.
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the standard output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

//! The programs `iotmp-server` and `iotmp-device`.
//!
//! Standard output carries what was asked for, standard error the log, whose
//! level is set by `RUST_LOG`. Both stop on Ctrl-C and on SIGTERM with exit
//! code 0; 1 is for what did not work, 2 for wrong usage.

mod demo;
pub mod device;
mod nubison;
mod prompt;
pub mod server;

use alloc::string::String;
use core::time::Duration;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::session::dialect::{self, Dialect, IotmpShipping};

/// How long what is left may take when a program ends.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A value of `--spec`.
#[derive(Debug, Clone, Copy)]
enum Spec {
    Iotmp(&'static dyn Dialect),
    Nubison,
}

impl Spec {
    fn name(self) -> &'static str {
        match self {
            Self::Iotmp(dialect) => dialect.name(),
            Self::Nubison => crate::message::nubison::NAME,
        }
    }
}

fn default_spec() -> &'static str {
    IotmpShipping.name()
}

/// Reads the name of a specification; a wrong one is told the right ones.
fn spec_parser() -> impl TypedValueParser<Value = Spec> {
    PossibleValuesParser::new(specs().map(Spec::name))
        .try_map(|name: String| find(&name).ok_or("unknown specification"))
}

/// Every specification that the programs speak.
fn specs() -> impl Iterator<Item = Spec> {
    let revisions = dialect::ALL.into_iter().map(Spec::Iotmp);
    revisions.chain([Spec::Nubison])
}

/// The specification of that name.
fn find(name: &str) -> Option<Spec> {
    specs().find(|spec| spec.name() == name)
}

/// Runs a program to its end.
fn run(program: impl Future<Output = ExitCode>) -> ExitCode {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(program);
            runtime.shutdown_timeout(EXIT_TIMEOUT);
            code
        }
        Err(error) => fail(format_args!("no threads to run on: {error}")),
    }
}

/// Writes the log to standard error.
fn log() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // A second log, in a process that has one, is not needed.
    let _ = log.try_init();
}

/// Says why a program cannot go on.
fn fail(why: core::fmt::Arguments<'_>) -> ExitCode {
    // Where even standard error is closed, the exit code has to do.
    let _ = writeln!(io::stderr(), "error: {why}");
    ExitCode::FAILURE
}

/// Writes a line to standard output: whether anybody reads it.
fn say(line: core::fmt::Arguments<'_>) -> bool {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
}

/// What tells a program to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on signals are caught.
    #[cfg(unix)]
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for one.
    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            core::future::pending::<()>().await;
        }
    }
}

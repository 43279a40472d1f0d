//! Options that all runs share.

use core::str::FromStr;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use iotmp_conformance::plan::Selection;
use iotmp_conformance::report::{Format, Report};
use iotmp_conformance::runner::Settings;
use iotmp_conformance::specs;
use iotmp_conformance::subject::Manner;
use iotmp_spec::model::{Level, Spec};

use super::Outcome;

/// Which cases run, how, and where the result goes.
#[derive(Debug, clap::Args)]
pub(super) struct RunOptions {
    /// Run only the cases whose ids match; `*` is any text, `?` any character. May be given again.
    #[arg(long, value_name = "GLOB")]
    select: Vec<String>,
    /// Leave out the cases whose ids match. May be given again.
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,
    /// Laxest level to run.
    #[arg(long, value_enum, default_value_t = LevelName::May)]
    level: LevelName,
    /// Most cases at a time against a server.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = at_least_one)]
    jobs: usize,
    /// How long an answer may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 3000)]
    timeout: u64,
    /// How long a case about keep alive may wait for one thing, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 150)]
    patience: u64,
    /// Where random choices begin.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How often each case runs; its worst verdict counts.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    repeat: usize,
    /// Exit with 0 although a MUST clause stayed untested.
    #[arg(long)]
    allow_untested: bool,
    /// Write the result as `text` or `json` to a file; `-` is the standard output. May be given again.
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Target>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LevelName {
    Must,
    Should,
    May,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("a number is needed".to_owned()),
    }
}

/// Where a report goes, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    format: Format,
    /// `None` is the standard output.
    path: Option<PathBuf>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        let known = known.join(", ");
        let Some((name, path)) = text.split_once('=') else {
            return Err(format!(
                "FORMAT=PATH is needed, with one of the formats {known}"
            ));
        };
        let format = Format::ALL.into_iter().find(|format| format.name() == name);
        let format =
            format.ok_or_else(|| format!("there is no format {name:?}; there are {known}"))?;
        if path.is_empty() {
            return Err(format!(
                "{name}= needs a path, or - for the standard output"
            ));
        }
        let path = (path != "-").then(|| PathBuf::from(path));
        Ok(Self { format, path })
    }
}

impl RunOptions {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            select: self.select.clone(),
            skip: self.skip.clone(),
            level: match self.level {
                LevelName::Must => Level::Must,
                LevelName::Should => Level::Should,
                LevelName::May => Level::May,
            },
        }
    }

    pub(super) const fn settings(&self) -> Settings {
        Settings {
            jobs: self.jobs,
            repeat: self.repeat,
        }
    }

    pub(super) fn manner(&self) -> Manner {
        Manner {
            timeout: Duration::from_millis(self.timeout),
            patience: Duration::from_secs(self.patience),
            seed: self.seed,
            progress: |what| anstream::eprintln!("{what}"),
        }
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    pub(super) const fn allow_untested(&self) -> bool {
        self.allow_untested
    }

    /// Opens the files of `--report`, so that a run is not made for nothing.
    pub(super) fn targets(&self) -> Result<Targets, String> {
        let mut files = Vec::new();
        for target in &self.report {
            let file = match &target.path {
                None => None,
                Some(path) => {
                    let file = File::create(path);
                    Some(file.map_err(|error| {
                        format!("{} cannot be written: {error}", path.display())
                    })?)
                }
            };
            files.push((target.format, file));
        }
        Ok(Targets(files))
    }
}

/// Open reports.
#[derive(Debug)]
pub(super) struct Targets(Vec<(Format, Option<File>)>);

impl Targets {
    /// Writes the result everywhere, and as text to the standard output if nothing else goes there.
    pub(super) fn write(self, report: &Report) -> Outcome {
        let to_stdout = self.0.iter().any(|(_, file)| file.is_none());
        let unasked = (!to_stdout).then_some((Format::Text, None));
        for (format, file) in self.0.into_iter().chain(unasked) {
            let written = match file {
                Some(file) => plain(report, format, file),
                None => coloured(report, format),
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => return Err(format!("a report cannot be written: {error}")),
                Ok(()) => {}
            }
        }
        Ok(ExitCode::from(report.exit_code))
    }
}

fn plain(report: &Report, format: Format, file: File) -> io::Result<()> {
    let mut out = io::BufWriter::new(anstream::StripStream::new(file));
    report.write(format, &mut out)?;
    out.flush()
}

fn coloured(report: &Report, format: Format) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    report.write(format, &mut out)?;
    out.flush()
}

/// The specs of a name, or all.
pub(super) fn specs(name: Option<&str>) -> Result<Vec<&'static Spec>, String> {
    match name {
        None => Ok(specs::all().iter().collect()),
        Some(name) => match specs::by_name(name) {
            Ok(spec) => Ok(vec![spec]),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Runs something that waits for sockets.
pub(super) fn block_on<T>(task: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("no threads can be started: {error}"))?;
    Ok(runtime.block_on(task))
}

//! Options that all runs share.

use core::str::FromStr;
use core::time::Duration;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iotmp_conformance::baseline::Baseline;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::progress::{self, Progress};
use iotmp_conformance::replay;
use iotmp_conformance::report::{Format, Report};
use iotmp_conformance::runner::Settings;
use iotmp_conformance::specs;
use iotmp_conformance::subject::Manner;
use iotmp_spec::model::Spec;

use super::Outcome;
use super::choice::Choice;
use super::input::text;
use super::number;

/// Which cases run, how, and where the result goes.
#[derive(Debug, clap::Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    choice: Choice,
    /// Most cases at a time against a server.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = number::jobs)]
    jobs: usize,
    /// How long an answer may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 3000, value_parser = number::milliseconds)]
    timeout: u64,
    /// How long a case about keep alive may wait for one thing, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 150, value_parser = number::seconds)]
    patience: u64,
    /// Where random choices begin.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How often each case runs; its worst verdict counts.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::times)]
    repeat: usize,
    /// Exit with 0 although a MUST clause stayed untested.
    #[arg(long)]
    allow_untested: bool,
    /// What is known to fail, and why, in YAML or JSON: tolerated, but an entry that does not hold fails the run.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what fails now as a baseline whose reasons wait to be filled in.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Write the result as text, json, junit, tap, html or badge (JSON for shields.io, or a picture if
    /// PATH ends in .svg) to a file; `-` is the standard output. May be given again.
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Target>,
    /// Keep every failure in this folder, one file each, for `replay FILE`.
    #[arg(long, value_name = "DIR")]
    bundles: Option<PathBuf>,
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
        let mut known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        known.dedup();
        let known = known.join(", ");
        let Some((name, path)) = text.split_once('=') else {
            return Err(format!(
                "FORMAT=PATH is needed, with one of the formats {known}"
            ));
        };
        let format = Format::named(name, path);
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
        self.choice.selection()
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            jobs: self.jobs,
            repeat: self.repeat,
            progress: Progress::on_terminal(),
        }
    }

    pub(super) fn manner(&self) -> Manner {
        Manner {
            timeout: Duration::from_millis(self.timeout),
            patience: Duration::from_secs(self.patience),
            seed: self.seed,
            progress: progress::interject,
        }
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout)
    }

    pub(super) const fn allow_untested(&self) -> bool {
        self.allow_untested
    }

    /// Opens the files of `--report` and reads those of `--baseline`, so that a run is not made for nothing.
    pub(super) fn targets(&self) -> Result<Targets, String> {
        let baseline = match &self.baseline {
            None => None,
            Some(path) => {
                let baseline = Baseline::read(&text(path)?);
                Some(baseline.map_err(|error| format!("{}: {error}", path.display()))?)
            }
        };
        let mut reports = Vec::new();
        for target in &self.report {
            let file = target.path.as_deref().map(created).transpose()?;
            reports.push((target.format, file));
        }
        if let Some(folder) = &self.bundles {
            let told = |error| format!("{} cannot be written: {error}", folder.display());
            fs::create_dir_all(folder).map_err(told)?;
        }
        let new_baseline = match &self.write_baseline {
            None => None,
            Some(path) => {
                // It may be the file that was read, and is not emptied before the run has ended.
                let file = File::options().append(true).create(true).open(path);
                file.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
                Some(path.clone())
            }
        };
        Ok(Targets {
            reports,
            baseline,
            new_baseline,
            bundles: self.bundles.clone().map(|folder| (folder, self.timeout)),
            selection: self.selection(),
        })
    }
}

/// An empty file in place of whatever was there.
pub(super) fn created(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Open reports, and what they are held against.
#[derive(Debug)]
pub(super) struct Targets {
    /// Without a file they go to the standard output.
    reports: Vec<(Format, Option<File>)>,
    baseline: Option<Baseline>,
    new_baseline: Option<PathBuf>,
    selection: Selection,
    /// Where failures are kept, and how many milliseconds an answer might take.
    bundles: Option<(PathBuf, u64)>,
}

impl Targets {
    /// Writes the result everywhere, and as text to the standard output if nothing else goes there.
    pub(super) fn write(self, report: &Report) -> Outcome {
        if let Some((folder, timeout)) = &self.bundles {
            keep(report, folder, *timeout)?;
        }
        let mut report = Cow::Borrowed(report);
        if let Some(baseline) = &self.baseline {
            report.to_mut().hold_against(baseline, &self.selection);
        }
        let report = &*report;
        if let Some(path) = &self.new_baseline {
            let text = Baseline::of(report).to_yaml();
            let text = text.map_err(|error| error.to_string())?;
            fs::write(path, text)
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        let to_stdout = self.reports.iter().any(|(_, file)| file.is_none());
        let unasked = (!to_stdout).then_some((Format::Text, None));
        for (format, file) in self.reports.into_iter().chain(unasked) {
            let coloured = format == Format::Text;
            deliver(file, coloured, |out| report.write(format, out))?;
        }
        Ok(ExitCode::from(report.exit_code))
    }
}

/// Writes a bundle for every failure.
fn keep(report: &Report, folder: &Path, timeout_ms: u64) -> Result<(), String> {
    for bundle in replay::bundles(report, timeout_ms) {
        let path = folder.join(bundle.file_name());
        fs::write(&path, bundle.text())
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(())
}

/// Lets `write` write to a file or the standard output; colours go to terminals only.
pub(super) fn deliver(
    file: Option<File>,
    coloured: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    let out: Box<dyn Write> = match (file, coloured) {
        (Some(file), true) => Box::new(anstream::StripStream::new(file)),
        (Some(file), false) => Box::new(file),
        (None, true) => Box::new(anstream::stdout().lock()),
        (None, false) => Box::new(io::stdout().lock()),
    };
    let mut out = io::BufWriter::new(out);
    match write(&mut out).and_then(|()| out.flush()) {
        // A reader that has seen enough, such as `head`, is no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("a report cannot be written: {error}")),
        Ok(()) => Ok(()),
    }
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

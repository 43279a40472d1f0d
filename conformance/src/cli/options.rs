//! Options that all runs share.

use core::fmt::Display;
use core::str::FromStr;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iotmp_conformance::baseline::Baseline;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::progress::{self, Progress};
use iotmp_conformance::report::{Format, Report, visible};
use iotmp_conformance::runner::Settings;
use iotmp_conformance::specs;
use iotmp_conformance::subject::Manner;
use iotmp_conformance::{exit, replay};
use iotmp_spec::model::Spec;

use super::Outcome;
use super::choice::Choice;
use super::input::text;
use super::number;
use super::output::{Named, Place, apart, deliver, unwritable};

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
    /// Write what fails now as a baseline whose reasons wait to be filled in; in place of an earlier one, whose reasons stay.
    #[arg(long, value_name = "FILE", value_parser = file)]
    write_baseline: Option<PathBuf>,
    /// Write the result as text, json, junit, tap, html or badge (JSON for shields.io, or a picture if
    /// PATH ends in .svg) to a file; `-` is the standard output. May be given again.
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Target>,
    /// Keep every failure in this folder, one file each, for `replay FILE`.
    #[arg(long, value_name = "DIR")]
    bundles: Option<PathBuf>,
}

/// No output but a report goes to the standard output.
fn file(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "-" => Err("a file is needed; the standard output is for reports"),
        path => Ok(PathBuf::from(path)),
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

impl Target {
    fn named(&self) -> Named<'_> {
        let path = self.path.as_deref();
        let shown = path.unwrap_or(Path::new("-")).display();
        Named::new(format!("--report {}={shown}", self.format.name()), path)
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

    /// Sees that everything can be written, and that nothing goes over what is read, which `inputs`
    /// are beside the baseline; a run is not made for nothing.
    pub(super) fn targets<'a>(&'a self, mut inputs: Vec<Named<'a>>) -> Result<Targets, String> {
        inputs.extend(
            self.baseline
                .iter()
                .map(|path| Named::option("--baseline", path)),
        );
        let mut outputs: Vec<Named<'_>> = self.report.iter().map(Target::named).collect();
        apart(&inputs, &outputs)?;
        // The baseline that was read may be the one to be written.
        let baseline = self.write_baseline.iter();
        outputs.extend(baseline.map(|path| Named::option("--write-baseline", path)));
        apart(&[], &outputs)?;
        let baseline = match &self.baseline {
            None => None,
            Some(path) => {
                let baseline = Baseline::read(&text(path)?);
                Some(baseline.map_err(|error| format!("{}: {error}", path.display()))?)
            }
        };
        let mut reports = Vec::new();
        for target in &self.report {
            let place = target.path.as_deref().map(Place::find).transpose()?;
            reports.push((target.format, place));
        }
        if let Some(folder) = &self.bundles {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        let new_baseline = match &self.write_baseline {
            None => None,
            Some(path) => Some((Place::find(path)?, earlier(path)?)),
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

/// Open reports, and what they are held against.
#[derive(Debug)]
pub(super) struct Targets {
    /// Without a place they go to the standard output.
    reports: Vec<(Format, Option<Place>)>,
    baseline: Option<Baseline>,
    /// Where the next baseline goes, and the one that stands there.
    new_baseline: Option<(Place, Baseline)>,
    selection: Selection,
    /// Where failures are kept, and how many milliseconds an answer might take.
    bundles: Option<(PathBuf, u64)>,
}

impl Targets {
    /// Writes the result everywhere, and as text to the standard output if nothing else goes there;
    /// `all` is how many cases there are.
    pub(super) fn write(self, mut report: Report, all: usize) -> Outcome {
        if let Some((folder, timeout)) = &self.bundles {
            keep(&report, folder, *timeout)?;
        }
        if !self.selection.is_all() {
            report.narrow_down(all);
        }
        if let Some(baseline) = &self.baseline {
            report.hold_against(baseline, &self.selection);
        }
        if let Some((place, earlier)) = self.new_baseline {
            let earlier = earlier.judge(&report.runs, &self.selection);
            let text = Baseline::of(&report, &earlier).to_yaml();
            let text = text.map_err(|error| error.to_string())?;
            deliver(Some(place), false, |out| out.write_all(text.as_bytes()))?;
        }
        let to_stdout = self.reports.iter().any(|(_, place)| place.is_none());
        let unasked = (!to_stdout).then_some((Format::Text, None));
        for (format, place) in self.reports.into_iter().chain(unasked) {
            let coloured = format == Format::Text;
            deliver(place, coloured, |out| report.write(format, out))?;
        }
        Ok(ExitCode::from(report.exit_code))
    }

    /// Says why there was nothing to test, and that there is no result of it.
    pub(super) fn unreachable(&self, why: impl Display) -> ExitCode {
        anstream::eprintln!("error: {}", visible(&why.to_string()));
        let files = self.reports.iter().filter_map(|(_, place)| place.as_ref());
        let baseline = self.new_baseline.iter().map(|(place, _)| place);
        for place in files.chain(baseline) {
            anstream::eprintln!("{} is not written: nothing was tested", place.shown());
        }
        ExitCode::from(exit::UNREACHABLE)
    }
}

/// The baseline in a file that the next one is to take the place of; nothing else is written over.
fn earlier(path: &Path) -> Result<Baseline, String> {
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    if !is_file {
        return Ok(Baseline::default());
    }
    let text = text(path)?;
    if text.trim().is_empty() {
        return Ok(Baseline::default());
    }
    let told = |error| {
        let shown = path.display();
        format!("{shown} is no baseline, and is not written over: {error}")
    };
    Baseline::draft(&text).map_err(told)
}

/// Writes a bundle for every failure.
fn keep(report: &Report, folder: &Path, timeout_ms: u64) -> Result<(), String> {
    for bundle in replay::bundles(report, timeout_ms) {
        let path = folder.join(bundle.file_name());
        fs::write(&path, bundle.text()).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
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

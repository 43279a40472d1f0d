//! `diff`: what changed from one run to another.

use core::str::FromStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iotmp_conformance::comparison::Comparison;
use iotmp_conformance::report::Report;

use super::Outcome;
use super::input::text;
use super::output::{Named, Place, apart, deliver};

/// Compares two JSON reports: exit code 0 if nothing got worse, 1 if something did.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// JSON report of the earlier run, as `--report json=PATH` wrote it.
    #[arg(value_name = "RUN")]
    before: PathBuf,
    /// JSON report of the later run.
    #[arg(value_name = "RUN")]
    after: PathBuf,
    /// Write the comparison as text, json or html to a file; `-` is the standard output. May be given again.
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Html,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    format: Format,
    /// `None` is the standard output.
    path: Option<PathBuf>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "FORMAT=PATH is needed, with one of the formats text, json, html";
        let (name, path) = text.split_once('=').ok_or(wrong)?;
        let format = match name {
            "text" => Format::Text,
            "json" => Format::Json,
            "html" => Format::Html,
            _ => return Err(wrong.to_owned()),
        };
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
        Named::new(format!("--report to {shown}"), path)
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let read_from = [&arguments.before, &arguments.after].map(|path| {
        let words = format!("the report {}", path.display());
        Named::new(words, Some(path))
    });
    let outputs = arguments.report.iter().map(Target::named);
    apart(&read_from, &outputs.collect::<Vec<_>>())?;
    let (before, after) = (read(&arguments.before)?, read(&arguments.after)?);
    let mut targets = Vec::new();
    for target in &arguments.report {
        let place = target.path.as_deref().map(Place::find).transpose()?;
        targets.push((target.format, place));
    }
    let names = [&arguments.before, &arguments.after].map(|path| path.display().to_string());
    let [old, new] = &names;
    let comparison = Comparison::new((old, &before), (new, &after));
    if !targets.iter().any(|(_, place)| place.is_none()) {
        targets.push((Format::Text, None));
    }
    for (format, place) in targets {
        let coloured = format == Format::Text;
        deliver(place, coloured, |out| match format {
            Format::Text => comparison.write_text(out),
            Format::Json => comparison.write_json(out),
            Format::Html => comparison.write_html(out),
        })?;
    }
    Ok(ExitCode::from(comparison.exit_code()))
}

fn read(path: &Path) -> Result<Report, String> {
    let text = text(path)?;
    let read = Report::read(&text);
    let report = read.map_err(|error| format!("{}: {error}", path.display()))?;
    // It may come from anywhere.
    Ok(report.shown())
}

//! `pcap`: judges the connections in a capture file.

use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use iotmp_conformance::observe::capture::Capture;
use iotmp_conformance::observe::{Observed, case_ids, report};
use iotmp_conformance::specs;
use iotmp_spec::model::Spec;

use super::Outcome;
use super::live::quoted;
use super::options::RunOptions;
use super::output::Named;

/// Judges both sides of the connections in a capture file, pcap or pcapng.
///
/// Traffic does not show every rule: without a failure it ends with 4 while a MUST clause of either
/// side stayed untested, unless --allow-untested is given.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The capture, as tcpdump and Wireshark write it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Judge the connections to this port, whatever they look like, and no others.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Specification to judge by.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    #[command(flatten)]
    run: RunOptions,
}

/// Sees that the messages of a specification can be told apart by whoever only watches.
///
/// # Errors
/// The line to be said where they cannot.
pub(super) fn judged(spec: &Spec) -> Result<(), String> {
    match spec.framing.size {
        Some(_) => Ok(()),
        None => Err(format!(
            "messages of {} do not say their size, so that passing traffic cannot be cut into them",
            spec.name
        )),
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let spec = specs::by_name(&arguments.spec).map_err(|error| error.to_string())?;
    judged(spec)?;
    let selection = arguments.run.selection();
    let ids = case_ids(spec);
    selection
        .check(ids.iter().map(String::as_str))
        .map_err(|error| error.to_string())?;
    let name = arguments.file.display().to_string();
    let capture = Named::new(format!("the capture {name}"), Some(&arguments.file));
    let targets = arguments.run.targets(vec![capture])?;
    let file = File::open(&arguments.file);
    let file = file.map_err(|error| format!("{name} cannot be opened: {error}"))?;
    let began = Instant::now();
    let capture = Capture::read(file).map_err(|error| format!("{name}: {error}"))?;
    let patience = arguments.run.timeout().as_micros();
    let patience = u64::try_from(patience).unwrap_or(u64::MAX);
    let findings = capture.judge(spec, arguments.port, patience);
    let mut again = format!(
        "iotmp-conformance pcap {} --spec {}",
        quoted(&name),
        spec.name
    );
    if let Some(port) = arguments.port {
        again.push_str(&format!(" --port {port}"));
    }
    let observed = Observed {
        spec,
        address: format!("in {name}"),
        again,
        elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        gone: None,
        findings,
    };
    targets.write(
        report(observed, &selection, arguments.run.allow_untested()),
        ids.len(),
    )
}

//! `tap`: between a device and a server, and judges what passes.

use core::time::Duration;
use std::path::PathBuf;
use std::time::Instant;

use iotmp_conformance::observe::{Observed, case_ids, report, tap::Tap};
use iotmp_conformance::specs;
use iotmp_ref::transport::tls::Certificate;

use super::Outcome;
use super::listening::listen;
use super::live::quoted;
use super::number;
use super::options::{RunOptions, block_on};
use super::output::Named;
use super::route::{Security, parsed};

/// Forwards between devices and a server, byte for byte, and judges both sides by what passes.
///
/// TLS is ended on both sides of it: with --cert and --key devices dial it over TLS, with --tls it
/// dials the server so. What passes in a WebSocket is judged like what passes without.
///
/// It ends when every connection has ended, or at Ctrl-C. Traffic does not show every rule: without
/// a failure it ends with 4 while a MUST clause of either side stayed untested, unless
/// --allow-untested is given.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address that devices dial, `HOST:PORT`; port 0 takes a free one and says which.
    #[arg(long, value_name = "ADDR")]
    listen: String,
    /// Address of the server, `HOST:PORT`.
    #[arg(long, value_name = "ADDR")]
    upstream: String,
    #[command(flatten)]
    security: Security,
    /// Let devices dial over TLS, and show them this certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// How long to wait for a device to dial, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = number::seconds)]
    wait: u64,
    /// How long to go on, in seconds, whatever connections end in it.
    #[arg(long = "for", value_name = "SECONDS", value_parser = number::seconds)]
    during: Option<u64>,
    /// Specification to judge by.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    #[command(flatten)]
    run: RunOptions,
}

impl Arguments {
    /// What devices are shown over TLS.
    fn certificate(&self) -> Result<Option<Certificate>, String> {
        let Some((certificate, key)) = self.cert.as_ref().zip(self.key.as_ref()) else {
            return Ok(None);
        };
        let read = Certificate::from_files(certificate, key);
        read.map(Some).map_err(|error| error.to_string())
    }

    /// Files that are read for a run.
    fn inputs(&self) -> Vec<Named<'_>> {
        let mut inputs = self.security.inputs();
        for (name, file) in [("--cert", &self.cert), ("--key", &self.key)] {
            inputs.extend(file.iter().map(|file| Named::option(name, file)));
        }
        inputs
    }

    /// The options about TLS, each with a space before it.
    fn again(&self) -> String {
        let mut words = self.security.again();
        for (name, file) in [("--cert", &self.cert), ("--key", &self.key)] {
            if let Some(file) = file {
                words.push_str(&format!(" {name} {}", quoted(&file.display().to_string())));
            }
        }
        words
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let spec = specs::by_name(&arguments.spec).map_err(|error| error.to_string())?;
    super::pcap::judged(spec)?;
    let selection = arguments.run.selection();
    let ids = case_ids(spec);
    selection
        .check(ids.iter().map(String::as_str))
        .map_err(|error| error.to_string())?;
    let targets = arguments.run.targets(arguments.inputs())?;
    let certificate = arguments.certificate()?;
    let transport = arguments.security.transport(&arguments.upstream)?;
    let address = parsed(&arguments.upstream)?;
    let began = Instant::now();
    let (at, upstream) = (&arguments.listen, &arguments.upstream);
    let (watched, bound) = block_on(async {
        let (listener, bound) = listen(at).await?;
        anstream::eprintln!("forwarding what dials {bound} to {upstream}; Ctrl-C ends it");
        let tap = Tap {
            listener,
            certificate,
            upstream: address,
            transport,
            spec,
            wait: Duration::from_secs(arguments.wait),
            during: arguments.during.map(Duration::from_secs),
            patience: arguments.run.timeout(),
        };
        let stop = async {
            if tokio::signal::ctrl_c().await.is_err() {
                // Without the signal, time and connections end it.
                core::future::pending::<()>().await;
            }
        };
        let watched = tap.run(stop).await;
        let watched = watched.map_err(|error| format!("{bound} cannot be listened on: {error}"))?;
        Ok::<_, String>((watched, bound))
    })??;
    let passed = watched.findings.messages.iter().any(|count| *count > 0);
    if let Some(why) = watched.unreachable.as_ref().filter(|_| !passed) {
        return Ok(targets.unreachable(why));
    }
    if let Some((_, why)) = watched.without_tls.as_ref().filter(|_| !passed) {
        return Ok(targets.unreachable(why));
    }
    if watched.connections == 0 {
        return Ok(targets.unreachable(format!("no device dialled {bound}")));
    }
    let observed = Observed {
        spec,
        address: format!("between {bound} and {upstream}"),
        again: format!(
            "iotmp-conformance tap --listen {} --upstream {}{} --spec {}",
            quoted(at),
            quoted(upstream),
            arguments.again(),
            spec.name
        ),
        elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        gone: watched.unreachable,
        findings: watched.findings,
    };
    targets.write(
        report(observed, &selection, arguments.run.allow_untested()),
        ids.len(),
    )
}

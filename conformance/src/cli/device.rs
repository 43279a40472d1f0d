//! `device`: the suite against a device, which dials it.

use core::time::Duration;

use iotmp_conformance::case::Role;
use iotmp_conformance::specs;
use iotmp_conformance::subject::{Credentials, Subject};

use super::Outcome;
use super::listening::listen;
use super::live::{Target, quoted, test};
use super::number;
use super::options::RunOptions;

/// Tests a device: listens, and lets it dial again and again.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address to listen on, `HOST:PORT`; port 0 takes a free one and says which.
    #[arg(long, value_name = "ADDR")]
    listen: String,
    /// How long to wait for the device to dial, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = number::seconds)]
    wait: u64,
    /// Let in only the device of this user.
    #[arg(long, value_name = "U", requires_all = ["device", "credential"])]
    user: Option<String>,
    /// Let in only the device of this name.
    #[arg(long, value_name = "D", requires_all = ["user", "credential"])]
    device: Option<String>,
    /// Let in only the device with this secret.
    #[arg(long, value_name = "C", requires_all = ["user", "device"])]
    credential: Option<String>,
    /// Specification to test against.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    #[command(flatten)]
    run: RunOptions,
}

impl Arguments {
    fn credentials(&self) -> Option<Credentials> {
        Some(Credentials {
            user: self.user.clone()?,
            device: self.device.clone()?,
            credential: self.credential.clone()?,
        })
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let spec = specs::by_name(&arguments.spec).map_err(|error| error.to_string())?;
    let address = &arguments.listen;
    let mut again = format!(
        "iotmp-conformance device --listen {} --spec {}",
        quoted(address),
        spec.name
    );
    if let Some(who) = arguments.credentials() {
        again.push_str(&format!(
            " --user {} --device {} --credential {}",
            quoted(&who.user),
            quoted(&who.device),
            quoted(&who.credential)
        ));
    }
    let target = Target {
        spec,
        role: Role::Device,
        again,
        inputs: Vec::new(),
    };
    test(target, &arguments.run, async {
        let (listener, bound) = listen(address).await?;
        let wait = Duration::from_secs(arguments.wait);
        anstream::eprintln!(
            "waiting up to {} s for a device to dial {bound}",
            arguments.wait
        );
        let credentials = arguments.credentials();
        let subject = Subject::device(spec, listener, wait, credentials, arguments.run.manner());
        Ok((subject, bound.to_string()))
    })
}

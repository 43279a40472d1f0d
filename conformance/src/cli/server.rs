//! `server`: the suite against a server, which it dials.

use iotmp_conformance::case::Role;
use iotmp_conformance::specs;
use iotmp_conformance::subject::{Credentials, Subject};

use super::Outcome;
use super::live::{Target, quoted, test};
use super::options::RunOptions;
use super::route::Route;

/// Tests a server: dials it as a device, again and again.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address of the server, `HOST:PORT`, or `iotmps://HOST:PORT` where it speaks TLS; without the port the usual one.
    #[arg(value_name = "ADDR")]
    address: String,
    /// User that the device belongs to.
    #[arg(long, value_name = "U")]
    user: String,
    /// Name of the device.
    #[arg(long, value_name = "D")]
    device: String,
    /// Secret of the device.
    #[arg(long, value_name = "C")]
    credential: String,
    /// Specification to test against.
    #[arg(long, value_name = "NAME", default_value = specs::DEFAULT)]
    spec: String,
    #[command(flatten)]
    route: Route,
    #[command(flatten)]
    run: RunOptions,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments {
        address,
        user,
        device,
        credential,
        ..
    } = arguments;
    let spec = specs::by_name(&arguments.spec).map_err(|error| error.to_string())?;
    let target = Target {
        spec,
        role: Role::Server,
        again: format!(
            "iotmp-conformance server {} --spec {} --user {} --device {} --credential {}{}",
            quoted(address),
            spec.name,
            quoted(user),
            quoted(device),
            quoted(credential),
            arguments.route.again()
        ),
    };
    let credentials = Credentials {
        user: user.clone(),
        device: device.clone(),
        credential: credential.clone(),
    };
    let transport = arguments.route.transport(address)?;
    let subject = Subject::server(spec, address.clone(), credentials, arguments.run.manner());
    let subject = subject.over(transport);
    let subject = core::future::ready(Ok((subject, address.clone())));
    test(target, &arguments.run, subject)
}

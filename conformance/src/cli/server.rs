//! `server`: the suite against a server, which it dials.

use iotmp_conformance::case::Role;
use iotmp_conformance::specs;
use iotmp_conformance::subject::{Credentials, Subject};

use std::sync::Arc;

use iotmp_conformance::subject::{BaseUrl, ColleagueOperator, Operator, RestOperator};
use iotmp_ref::transport::Transport;
use iotmp_spec::model::Spec;

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
    /// Shell command that starts the server again when it died; one that stays is ended with the run.
    #[arg(long, value_name = "CMD")]
    restart: Option<String>,
    /// URL of the server's HTTP face, `http://HOST:PORT` or `https://…`: what only a server can start is started there, as docs/http.md says.
    #[arg(
        long,
        value_name = "URL",
        requires = "token",
        conflicts_with = "caller"
    )]
    rest: Option<BaseUrl>,
    /// What requests to the HTTP face show as their bearer token.
    #[arg(long, value_name = "T", requires = "rest")]
    token: Option<String>,
    /// Another device of the same user, which calls the device by the server's resource for that: a way to make a server without an HTTP face run something.
    #[arg(long, value_name = "DEVICE/CREDENTIAL", value_parser = colleague)]
    caller: Option<(String, String)>,
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
    let restart = match &arguments.restart {
        Some(command) => format!(" --restart {}", quoted(command)),
        None => String::new(),
    };
    let target = Target {
        spec,
        role: Role::Server,
        again: format!(
            "iotmp-conformance server {} --spec {} --user {} --device {} --credential {}{}{}",
            quoted(address),
            spec.name,
            quoted(user),
            quoted(device),
            quoted(credential),
            arguments.operated_again() + &arguments.route.again(),
            restart
        ),
        inputs: arguments.route.inputs(),
    };
    let credentials = Credentials {
        user: user.clone(),
        device: device.clone(),
        credential: credential.clone(),
    };
    let transport = arguments.route.transport(address)?;
    let operator = arguments.operator(spec, &transport)?;
    let subject = Subject::server(spec, address.clone(), credentials, arguments.run.manner());
    let mut subject = subject.over(transport);
    if let Some(command) = &arguments.restart {
        subject = subject.restarted_by(command.clone());
    }
    if let Some(operator) = operator {
        subject = subject.operated_by(operator);
    }
    let subject = core::future::ready(Ok((subject, address.clone())));
    test(target, &arguments.run, subject)
}

/// Reads `DEVICE/CREDENTIAL`.
fn colleague(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('/') {
        Some((device, credential)) if !device.is_empty() => {
            Ok((device.to_owned(), credential.to_owned()))
        }
        _ => Err("write DEVICE/CREDENTIAL, such as sensor2/secret456"),
    }
}

impl Arguments {
    /// Who makes the server turn to its devices, if anybody can.
    fn operator(
        &self,
        spec: &'static Spec,
        transport: &Transport,
    ) -> Result<Option<Arc<dyn Operator>>, String> {
        if let (Some(url), Some(token)) = (&self.rest, &self.token) {
            let over = self.route.over(url.is_tls())?;
            let operator = RestOperator::new(url, over, token);
            let operator = operator.map_err(|error| error.to_string())?;
            return Ok(Some(Arc::new(operator)));
        }
        let Some((device, credential)) = &self.caller else {
            return Ok(None);
        };
        let credentials = Credentials {
            user: self.user.clone(),
            device: device.clone(),
            credential: credential.clone(),
        };
        Ok(Some(Arc::new(ColleagueOperator::new(
            spec,
            self.address.clone(),
            transport.clone(),
            credentials,
            self.run.manner(),
        ))))
    }

    /// The options that say again who does, each with a space before it.
    fn operated_again(&self) -> String {
        match (&self.rest, &self.token, &self.caller) {
            (Some(url), Some(token), _) => {
                format!(
                    " --rest {} --token {}",
                    quoted(&url.to_string()),
                    quoted(token)
                )
            }
            (_, _, Some((device, credential))) => {
                format!(" --caller {}", quoted(&format!("{device}/{credential}")))
            }
            _ => String::new(),
        }
    }
}

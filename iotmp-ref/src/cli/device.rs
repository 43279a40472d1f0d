//! The program `iotmp-device`.

use alloc::string::String;
use core::time::Duration;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use super::demo::{Heading, furnish};
use super::{Signals, Spec, default_spec, fail, nubison, run, spec_parser};
use crate::device::{Address, Client, ClientConfig, Device, Handle};
use crate::session::dialect::Dialect;
use crate::wire::Encoding;

/// How often the heading turns.
const TURN_EVERY: Duration = Duration::from_secs(1);

/// The reference device of IOTMP: it dials a server, shows a resource of every
/// sort, and dials again whenever the connection ends.
#[derive(Debug, Parser)]
#[command(name = "iotmp-device", version)]
struct Args {
    /// Server to dial; without PORT the one that shipping clients use
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Address,
    /// User that the device belongs to; with nubison the client id, of exactly
    /// 20 bytes
    #[arg(long)]
    user: String,
    /// Name of the device; with nubison the device key: a product code of
    /// exactly 8 bytes, an underscore and an identifier
    #[arg(long)]
    device: String,
    /// Secret of the device; with nubison the client secret, of exactly 20 bytes
    #[arg(long)]
    credential: String,
    /// Revision of the protocol, or another protocol
    #[arg(long, value_name = "NAME", default_value = default_spec(), value_parser = spec_parser())]
    spec: Spec,
    /// Encoding of values to ask for, where the revision lets a device choose;
    /// without it the default holds
    #[arg(long, value_name = "NAME", value_parser = encoding_parser())]
    encoding: Option<Encoding>,
    /// Interval of keep alives to announce, or of heartbeats; without it the
    /// default holds, and nothing is announced
    #[arg(long, value_name = "SECONDS")]
    keep_alive: Option<u64>,
    /// Longest wait before the device dials again; it doubles with every
    /// failure, up to a minute
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 100)]
    backoff: u64,
}

fn encoding_parser() -> impl TypedValueParser<Value = Encoding> {
    let names = Encoding::ALL.iter().map(|encoding| encoding.name());
    PossibleValuesParser::new(names)
        .try_map(|name: String| Encoding::from_name(&name).ok_or("unknown encoding"))
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let longest = match args.spec {
        Spec::Iotmp(dialect) => dialect.constants().keep_alive_max.as_secs(),
        Spec::Nubison => nubison::LONGEST_HEARTBEAT,
    };
    if let Some(seconds) = args.keep_alive
        && !(1..=longest).contains(&seconds)
    {
        refuse(&alloc::format!(
            "--keep-alive {seconds}: use 1 to {longest} seconds"
        ));
    }
    if let Some(encoding) = args.encoding
        && !may_choose(args.spec, encoding)
    {
        let (spec, name) = (args.spec.name(), encoding.name());
        refuse(&alloc::format!(
            "--encoding {name}: {spec} does not let a device choose it"
        ));
    }
    match args.spec {
        Spec::Iotmp(dialect) => run(serve(args, dialect)),
        Spec::Nubison => {
            let identity = nubison::identity(&args.user, &args.device, &args.credential);
            let identity = identity.unwrap_or_else(|why| refuse(&why));
            let mut config = nubison::client_config(args.server);
            config.backoff.first = Duration::from_millis(args.backoff);
            if let Some(seconds) = args.keep_alive {
                config.session.heartbeat = Some(Duration::from_secs(seconds));
            }
            run(nubison::run(identity, config))
        }
    }
}

fn may_choose(spec: Spec, encoding: Encoding) -> bool {
    match spec {
        Spec::Iotmp(dialect) => dialect.negotiated(0, Some(encoding)).is_some(),
        Spec::Nubison => false,
    }
}

/// Ends the program for wrong usage.
fn refuse(why: &str) -> ! {
    Args::command()
        .error(ErrorKind::ValueValidation, why)
        .exit()
}

async fn serve(args: Args, dialect: &'static dyn Dialect) -> ExitCode {
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return fail(format_args!("signals cannot be caught: {error}")),
    };
    let mut device = Device::new(args.user, args.device, args.credential).dialect(dialect);
    if let Some(encoding) = args.encoding {
        device = device.encoding(encoding);
    }
    if let Some(seconds) = args.keep_alive {
        device = device.keep_alive(Duration::from_secs(seconds));
    }
    let heading = Heading::default();
    let device = furnish(device, heading.clone());
    let mut config = ClientConfig::new(args.server);
    // Someone may yet add the device to the server.
    config.retry_refused = true;
    config.backoff.first = Duration::from_millis(args.backoff);
    let (mut client, handle) = Client::start(device, config);
    let ended = tokio::select! {
        ended = client.stopped() => ended,
        () = turn(&heading, &handle) => Ok(()),
        () = signals.wait() => {
            info!("stopping");
            client.stop().await
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("{error}")),
    }
}

/// Makes events, for ever.
async fn turn(heading: &Heading, handle: &Handle) {
    let mut ticks = interval(TURN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        heading.turn();
        // Where it is not taken, the next one is.
        handle.event("heading");
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Args;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        let words = "iotmp-device --server h --user u --device d --credential c";
        let args = Args::parse_from(words.split(' '));
        assert_eq!((args.server.port, args.keep_alive), (25204, None));
        assert_eq!(args.spec.name(), "iotmp-shipping");
    }
}

//! The program `iotmp-device`.

use alloc::string::{String, ToString};
use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use super::demo::{Heading, furnish};
use super::{Signals, Spec, default_spec, fail, nubison, run, spec_parser};
use crate::device::{Address, Client, ClientConfig, Device, Handle, InvalidAddress};
use crate::session::dialect::Dialect;
use crate::transport::Transport;
use crate::transport::tls::Trust;
use crate::wire::Encoding;

/// How often the heading turns.
const TURN_EVERY: Duration = Duration::from_secs(1);

/// The reference device of IOTMP: it dials a server, shows a resource of every
/// sort, and dials again whenever the connection ends.
#[derive(Debug, Parser)]
#[command(name = "iotmp-device", version)]
struct Args {
    /// Server to dial, iotmps://HOST where it speaks TLS; without PORT the one
    /// that shipping clients use
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server)]
    server: String,
    /// Dial over TLS
    #[arg(long)]
    tls: bool,
    /// Over TLS, trust the certificate authorities in this file, as PEM, instead
    /// of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Over TLS, take any certificate: whoever sits in between can read and
    /// change all
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
    /// Dial over WebSocket: path /iotmp, subprotocol iotmp
    #[arg(long)]
    ws: bool,
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

/// Reads an address; which port is meant where it names none, other flags say.
fn server(text: &str) -> Result<String, InvalidAddress> {
    text.parse().map(|_: Address| text.to_string())
}

/// Where to dial, and over what.
fn route(args: &Args) -> Result<(Address, Transport), String> {
    let told = |error: &dyn core::fmt::Display| error.to_string();
    let address: Address = args.server.parse().map_err(|error| told(&error))?;
    let mut transport = Transport::tcp();
    if args.tls || address.is_tls {
        let trust = match &args.ca {
            Some(file) => Trust::from_file(file),
            None if args.insecure => Trust::insecure(),
            None => Trust::system(),
        };
        transport = transport.with_tls(trust.map_err(|error| told(&error))?);
    } else if args.ca.is_some() || args.insecure {
        return Err("--ca and --insecure are for --tls".to_string());
    }
    if args.ws {
        transport = transport.with_web_socket();
    }
    let address = Address::parse_or(&args.server, transport.default_port());
    Ok((address.map_err(|error| told(&error))?, transport))
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
    let (server, transport) = route(&args).unwrap_or_else(|why| refuse(&why));
    match args.spec {
        Spec::Iotmp(dialect) => {
            let mut config = ClientConfig::new(server);
            config.transport = transport;
            run(serve(args, dialect, config))
        }
        Spec::Nubison if transport.name() != Transport::tcp().name() => {
            refuse("nubison is spoken over TCP alone; leave out --tls and --ws")
        }
        Spec::Nubison => {
            let identity = nubison::identity(&args.user, &args.device, &args.credential);
            let identity = identity.unwrap_or_else(|why| refuse(&why));
            let mut config = nubison::client_config(server);
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

async fn serve(args: Args, dialect: &'static dyn Dialect, mut config: ClientConfig) -> ExitCode {
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

    use alloc::string::ToString;

    use super::{Args, route};

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        let words = "iotmp-device --server h --user u --device d --credential c";
        let args = Args::parse_from(words.split(' '));
        assert_eq!(args.keep_alive, None);
        assert_eq!(args.spec.name(), "iotmp-shipping");
    }

    #[test]
    fn the_port_is_the_one_of_the_transport() {
        let check = |server: &str, flags: &str, expected: &str, name: &str| {
            let line =
                alloc::format!("d --user u --device d --credential c --server {server}{flags}");
            let (address, transport) = route(&Args::parse_from(line.split(' '))).unwrap();
            assert_eq!(
                (address.to_string().as_str(), transport.name()),
                (expected, name)
            );
        };
        check("h", "", "h:25204", "tcp");
        check("h", " --tls --insecure", "h:25206", "tls");
        check("iotmps://h", " --insecure", "iotmps://h:25206", "tls");
        check("h", " --ws", "h:80", "ws");
        check("h", " --ws --tls --insecure", "h:443", "wss");
        check("h:1", " --ws --tls --insecure", "h:1", "wss");
    }
}

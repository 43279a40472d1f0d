//! The program `iotmp-server`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::prompt::prompt;
use super::{Signals, Spec, default_spec, fail, find, nubison, run, say, specs};
use crate::gateway::{self, Gateway, Token};
use crate::server::{Config, Credential, Credentials, Endpoint, Server};
use crate::session;
use crate::transport::tls::Certificate;

/// The reference server of IOTMP: it lets devices in and calls their resources
/// from a prompt.
///
/// The first line on standard output is the address that it listens on; then
/// `tls`, `ws` and `wss` with theirs, where they are asked for.
#[derive(Debug, Parser)]
#[command(name = "iotmp-server", version)]
struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", value_parser = listen)]
    listen: SocketAddr,
    /// Address to listen on over TLS
    #[arg(long, value_name = "IP:PORT", value_parser = listen, requires_all = ["cert", "key"])]
    tls_listen: Option<SocketAddr>,
    /// Address to listen on over WebSocket: path /iotmp, subprotocol iotmp
    #[arg(long, value_name = "IP:PORT", value_parser = listen)]
    ws_listen: Option<SocketAddr>,
    /// Address to listen on over WebSocket and TLS
    #[arg(long, value_name = "IP:PORT", value_parser = listen, requires_all = ["cert", "key"])]
    wss_listen: Option<SocketAddr>,
    /// Certificate to show over TLS, with those that lead to its CA after it, as
    /// PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Revision of the protocol, or another protocol; `auto` tells the revision
    /// from the first message of each device, and takes what may be of 2023 or
    /// of 2025 for 2025
    #[arg(long, value_name = "NAME", default_value = default_spec(), value_parser = choice())]
    spec: Choice,
    /// A device to let in; may be given again. With nubison USER is the client
    /// id, CREDENTIAL the client secret, of exactly 20 bytes each, and DEVICE the
    /// device key: a product code of exactly 8 bytes, an underscore and an
    /// identifier
    #[arg(
        long = "device",
        value_name = "USER/DEVICE/CREDENTIAL",
        required = true
    )]
    devices: Vec<Credential>,
    /// Address of the HTTP face of the devices, described in docs/http.md; port 0
    /// takes a free one, and the last line on standard output says which
    #[arg(long, value_name = "IP:PORT", value_parser = listen, requires = "token")]
    http: Option<SocketAddr>,
    /// What HTTP requests have to show as their bearer token
    #[arg(long, requires = "http")]
    token: Option<Token>,
    /// Read commands from standard input and stop when it ends, even if it is
    /// no terminal; `help` lists them
    #[arg(long)]
    prompt: bool,
}

/// A value of `--spec`.
#[derive(Debug, Clone, Copy)]
enum Choice {
    Auto,
    One(Spec),
}

const AUTO: &str = "auto";

fn choice() -> impl TypedValueParser<Value = Choice> {
    let names = specs().map(Spec::name);
    PossibleValuesParser::new(names.chain([AUTO])).try_map(|name: String| match name.as_str() {
        AUTO => Ok(Choice::Auto),
        name => find(name).map(Choice::One).ok_or("unknown specification"),
    })
}

fn listen(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write IP:PORT, such as 127.0.0.1:25204, or 127.0.0.1:0 for a free port")
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let has_prompt = args.prompt || io::stdin().is_terminal();
    let endpoints = endpoints(&args).unwrap_or_else(|why| refuse(&why));
    let session = match args.spec {
        Choice::Auto => session::Config::detecting(),
        Choice::One(Spec::Iotmp(dialect)) => session::Config::new(dialect),
        Choice::One(Spec::Nubison) if args.http.is_some() => {
            refuse("--http: the devices of nubison have no resources to show")
        }
        Choice::One(Spec::Nubison) if !endpoints.is_empty() => refuse(
            "nubison is spoken over TCP alone; leave out --tls-listen, --ws-listen and --wss-listen",
        ),
        Choice::One(Spec::Nubison) => match nubison::registry(&args.devices) {
            Ok(registry) => return run(nubison::serve(args.listen, registry, has_prompt)),
            Err(why) => refuse(&why),
        },
    };
    let mut credentials = Credentials::new();
    for (index, credential) in args.devices.iter().enumerate() {
        let id = &credential.id;
        let mut earlier = args.devices.iter().take(index);
        let result = match earlier.any(|earlier| earlier.id == *id) {
            true => Err(alloc::format!("--device {id} is given twice; keep one")),
            false => credentials
                .insert(credential.clone())
                .map_err(|error| alloc::format!("--device {id}: {error}")),
        };
        if let Err(why) = result {
            refuse(&why);
        }
    }
    let mut config = Config::new(args.listen, credentials);
    config.session = session;
    config.endpoints = endpoints;
    let http = args.http.zip(args.token);
    let http = http.map(|(listen, token)| gateway::Config::new(listen, token));
    run(serve(config, http, has_prompt))
}

/// What to listen on besides TCP, in the order in which it is told.
fn endpoints(args: &Args) -> Result<Vec<Endpoint>, String> {
    let mut endpoints = Vec::new();
    let certificate = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => {
            let certificate = Certificate::from_files(cert, key);
            Some(certificate.map_err(|error| error.to_string())?)
        }
        _ => None,
    };
    if certificate.is_some() && args.tls_listen.or(args.wss_listen).is_none() {
        return Err("--cert and --key are for --tls-listen and --wss-listen".to_string());
    }
    // The parser has seen to it that TLS has a certificate.
    if let (Some(listen), Some(certificate)) = (args.tls_listen, &certificate) {
        endpoints.push(Endpoint::tcp(listen).with_tls(certificate.clone()));
    }
    if let Some(listen) = args.ws_listen {
        endpoints.push(Endpoint::tcp(listen).with_web_socket());
    }
    if let (Some(listen), Some(certificate)) = (args.wss_listen, &certificate) {
        let endpoint = Endpoint::tcp(listen).with_tls(certificate.clone());
        endpoints.push(endpoint.with_web_socket());
    }
    Ok(endpoints)
}

/// Ends the program for wrong usage.
fn refuse(why: &str) -> ! {
    Args::command()
        .error(ErrorKind::ValueValidation, why)
        .exit()
}

async fn serve(config: Config, http: Option<gateway::Config>, has_prompt: bool) -> ExitCode {
    let names: Vec<_> = config.endpoints.iter().map(Endpoint::name).collect();
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return fail(format_args!("signals cannot be caught: {error}")),
    };
    let (server, hub) = match Server::bind(config).await {
        Ok(bound) => bound,
        Err(error) => return cannot_listen(&error, error.kind()),
    };
    // Where nobody reads standard output, there is still the log.
    say(format_args!("{}", server.local_addr()));
    for (name, address) in names.iter().zip(server.endpoints()) {
        say(format_args!("{name} {address}"));
    }
    let face = match http {
        None => None,
        Some(mut config) => {
            let listen = config.listen;
            config.devices = Some(server.acceptor().clone());
            match Gateway::bind(config, hub.clone()).await {
                Ok(face) => Some(face),
                Err(error) => {
                    let kind = error.kind();
                    return cannot_listen(&format_args!("{listen} for HTTP: {error}"), kind);
                }
            }
        }
    };
    if let Some(face) = &face {
        say(format_args!("http {}", face.local_addr()));
    }
    let commands = async {
        match has_prompt {
            true => prompt(hub).await,
            false => core::future::pending().await,
        }
    };
    tokio::select! {
        () = signals.wait() => {}
        () = commands => {}
    }
    if let Some(face) = face {
        face.shutdown().await;
    }
    server.shutdown().await;
    ExitCode::SUCCESS
}

/// Says where and why a server cannot begin.
pub(super) fn cannot_listen(error: &dyn core::fmt::Display, kind: io::ErrorKind) -> ExitCode {
    let hint = match kind {
        io::ErrorKind::AddrInUse => "; stop what listens there, or use port 0",
        _ => "",
    };
    fail(format_args!("cannot listen on {error}{hint}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}

//! What a server is dialled over.

use std::path::PathBuf;

use iotmp_ref::device::Address;
use iotmp_ref::transport::Transport;
use iotmp_ref::transport::tls::Trust;

use super::live::quoted;

/// TCP, unless something is put above it.
#[derive(Debug, clap::Args)]
pub(super) struct Route {
    /// Dial over TLS.
    #[arg(long)]
    tls: bool,
    /// Over TLS, trust the certificate authorities in this PEM file instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Over TLS, take any certificate.
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
    /// Dial over WebSocket: path /iotmp, subprotocol iotmp.
    #[arg(long)]
    ws: bool,
}

impl Route {
    /// How to dial `address`.
    pub(super) fn transport(&self, address: &str) -> Result<Transport, String> {
        let address: Address = address
            .parse()
            .map_err(|error| format!("{address:?} is no address: {error}"))?;
        let is_tls = self.tls || address.is_tls;
        if !is_tls && (self.ca.is_some() || self.insecure) {
            return Err("--ca and --insecure are for --tls".to_owned());
        }
        let mut transport = self.over(is_tls)?;
        if self.ws {
            transport = transport.with_web_socket();
        }
        Ok(transport)
    }

    /// TCP, and TLS above it where that is so, with the same trust as for devices.
    pub(super) fn over(&self, is_tls: bool) -> Result<Transport, String> {
        if !is_tls {
            return Ok(Transport::tcp());
        }
        let trust = match &self.ca {
            Some(file) => Trust::from_file(file),
            None if self.insecure => Trust::insecure(),
            None => Trust::system(),
        };
        Ok(Transport::tcp().with_tls(trust.map_err(|error| error.to_string())?))
    }

    /// The options that say it again, each with a space before it.
    pub(super) fn again(&self) -> String {
        let mut words = String::new();
        for (is_given, word) in [
            (self.tls, " --tls"),
            (self.insecure, " --insecure"),
            (self.ws, " --ws"),
        ] {
            if is_given {
                words.push_str(word);
            }
        }
        if let Some(file) = &self.ca {
            words.push_str(" --ca ");
            words.push_str(&quoted(&file.display().to_string()));
        }
        words
    }
}

//! What a server is dialled over.

use std::path::PathBuf;

use iotmp_ref::device::Address;
use iotmp_ref::transport::Transport;
use iotmp_ref::transport::tls::Trust;

use super::live::quoted;
use super::output::Named;

/// TLS, and whom to trust.
#[derive(Debug, clap::Args)]
pub(super) struct Security {
    /// Dial over TLS.
    #[arg(long)]
    tls: bool,
    /// Over TLS, trust the certificate authorities in this PEM file instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Over TLS, take any certificate.
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
}

/// TCP, unless something is put above it.
#[derive(Debug, clap::Args)]
pub(super) struct Route {
    #[command(flatten)]
    security: Security,
    /// Dial over WebSocket: path /iotmp, subprotocol iotmp.
    #[arg(long)]
    ws: bool,
}

impl Security {
    /// Files that are read for it.
    pub(super) fn inputs(&self) -> Vec<Named<'_>> {
        let inputs = self.ca.iter().map(|file| Named::option("--ca", file));
        inputs.collect()
    }

    /// How to dial `address`: over TLS also where it says so itself.
    pub(super) fn transport(&self, address: &str) -> Result<Transport, String> {
        let address = parsed(address)?;
        let is_tls = self.tls || address.is_tls;
        if !is_tls && (self.ca.is_some() || self.insecure) {
            return Err("--ca and --insecure are for --tls".to_owned());
        }
        self.over(is_tls)
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
        for (is_given, word) in [(self.tls, " --tls"), (self.insecure, " --insecure")] {
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

impl Route {
    /// Files that are read for it.
    pub(super) fn inputs(&self) -> Vec<Named<'_>> {
        self.security.inputs()
    }

    /// How to dial `address`.
    pub(super) fn transport(&self, address: &str) -> Result<Transport, String> {
        let transport = self.security.transport(address)?;
        Ok(if self.ws {
            transport.with_web_socket()
        } else {
            transport
        })
    }

    /// TCP, and TLS above it where that is so, with the same trust as for devices.
    pub(super) fn over(&self, is_tls: bool) -> Result<Transport, String> {
        self.security.over(is_tls)
    }

    /// The options that say it again, each with a space before it.
    pub(super) fn again(&self) -> String {
        let ws = if self.ws { " --ws" } else { "" };
        format!("{}{ws}", self.security.again())
    }
}

/// The address that a text is.
pub(super) fn parsed(address: &str) -> Result<Address, String> {
    let parsed = address.parse();
    parsed.map_err(|error| format!("{address:?} is no address: {error}"))
}

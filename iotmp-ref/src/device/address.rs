//! Where a server is.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// Port of a server where an address names none.
///
/// No specification gives it: shipping clients dial it (source C).
pub const DEFAULT_PORT: u16 = 25204;

/// Scheme of a server that is reached over TCP.
const SCHEME: &str = "iotmp://";
/// Scheme of a server that is reached over TLS.
const TLS_SCHEME: &str = "iotmps://";

/// Host and port of a server, written `host`, `host:port` or
/// `iotmp://host:port`; an IPv6 address stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why a text is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// There is no host.
    #[error("no host; write HOST:PORT, such as 127.0.0.1:{DEFAULT_PORT}")]
    NoHost,
    /// What stands behind the host is no port.
    #[error("{0:?} is not a port; write HOST:PORT with a port from 1 to 65535")]
    Port(String),
    /// An IPv6 address without brackets, or brackets around something else.
    #[error("write an IPv6 address in brackets, such as [::1]:{DEFAULT_PORT}")]
    Brackets,
    /// A scheme other than `iotmp`.
    #[error("{0} is not supported; write HOST:PORT or {SCHEME}HOST:PORT")]
    Scheme(String),
    /// More than a host and a port.
    #[error("{0:?} is neither host nor port; write HOST:PORT")]
    Path(String),
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let authority = match text.split_once("://") {
            None => text,
            Some(_) => match text.strip_prefix(SCHEME) {
                // A URL may end in the empty path.
                Some(rest) => rest.strip_suffix('/').unwrap_or(rest),
                None if text.starts_with(TLS_SCHEME) => {
                    return Err(InvalidAddress::Scheme("TLS (iotmps)".to_string()));
                }
                None => {
                    let scheme = text.split(':').next().unwrap_or_default();
                    return Err(InvalidAddress::Scheme(scheme.to_string()));
                }
            },
        };
        if authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(InvalidAddress::Path(authority.to_string()));
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or(InvalidAddress::Brackets)?;
                let is_address = host.parse::<core::net::Ipv6Addr>().is_ok();
                match port.strip_prefix(':') {
                    _ if !is_address => return Err(InvalidAddress::Brackets),
                    Some(port) => (host, Some(port)),
                    None if port.is_empty() => (host, None),
                    None => return Err(InvalidAddress::Port(port.to_string())),
                }
            }
            None => match authority.split_once(':') {
                Some((_, port)) if port.contains(':') => return Err(InvalidAddress::Brackets),
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() {
            return Err(InvalidAddress::NoHost);
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(text) => match text.parse() {
                Ok(port) if port != 0 => port,
                _ => return Err(InvalidAddress::Port(text.to_string())),
            },
        };
        Ok(Self {
            host: host.to_string(),
            port,
        })
    }
}

impl From<core::net::SocketAddr> for Address {
    fn from(address: core::net::SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Address, InvalidAddress};

    #[test]
    fn hosts_ports_and_urls() {
        for (text, shown) in [
            ("example.org", "example.org:25204"),
            ("example.org:1", "example.org:1"),
            ("127.0.0.1:65535", "127.0.0.1:65535"),
            ("[::1]", "[::1]:25204"),
            ("[::1]:7", "[::1]:7"),
            ("iotmp://host", "host:25204"),
            ("iotmp://host:9/", "host:9"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_none_says_what_to_write() {
        let check = |text: &str, error| assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        check("", InvalidAddress::NoHost);
        check(":25204", InvalidAddress::NoHost);
        for port in ["", "0", "65536", "-1", "x"] {
            let text = alloc::format!("host:{port}");
            check(&text, InvalidAddress::Port(port.into()));
        }
        check("[::1]7", InvalidAddress::Port("7".into()));
        check("::1", InvalidAddress::Brackets);
        check("[::1", InvalidAddress::Brackets);
        check("[host]:1", InvalidAddress::Brackets);
        check(
            "iotmps://host",
            InvalidAddress::Scheme("TLS (iotmps)".into()),
        );
        check("http://host", InvalidAddress::Scheme("http".into()));
        check("iotmp://host/a", InvalidAddress::Path("host/a".into()));
        check("user@host", InvalidAddress::Path("user@host".into()));
    }
}

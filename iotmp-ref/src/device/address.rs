//! Where a server is.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// Port of a server where an address names none.
///
/// No specification gives it: shipping clients dial it (source C).
pub const DEFAULT_PORT: u16 = 25204;
/// The same of a server over TLS (source C).
pub const DEFAULT_TLS_PORT: u16 = 25206;

/// Scheme of a server that is reached over TCP.
const SCHEME: &str = "iotmp://";
/// Scheme of a server that is reached over TLS.
const TLS_SCHEME: &str = "iotmps://";

/// Host and port of a server, written `host`, `host:port`,
/// `iotmp://host:port` or, where it is reached over TLS, `iotmps://host:port`;
/// an IPv6 address stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether it says that the server is reached over TLS.
    pub is_tls: bool,
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
    /// A scheme other than `iotmp` and `iotmps`.
    #[error("{0} is not supported; write HOST:PORT, {SCHEME}HOST:PORT or {TLS_SCHEME}HOST:PORT")]
    Scheme(String),
    /// More than a host and a port.
    #[error("{0:?} is neither host nor port; write HOST:PORT")]
    Path(String),
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let port = match text.starts_with(TLS_SCHEME) {
            true => DEFAULT_TLS_PORT,
            false => DEFAULT_PORT,
        };
        Self::parse_or(text, port)
    }
}

impl Address {
    /// Reads an address that has `port` unless it names another.
    ///
    /// # Errors
    /// Where `text` is no address.
    pub fn parse_or(text: &str, port: u16) -> Result<Self, InvalidAddress> {
        let default = port;
        let is_tls = text.starts_with(TLS_SCHEME);
        let scheme = if is_tls { TLS_SCHEME } else { SCHEME };
        let authority = match text.split_once("://") {
            None => text,
            Some((name, _)) => match text.strip_prefix(scheme) {
                // A URL may end in the empty path.
                Some(rest) => rest.strip_suffix('/').unwrap_or(rest),
                None => return Err(InvalidAddress::Scheme(name.to_string())),
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
            None => default,
            Some(text) => match text.parse() {
                Ok(port) if port != 0 => port,
                _ => return Err(InvalidAddress::Port(text.to_string())),
            },
        };
        Ok(Self {
            host: host.to_string(),
            port,
            is_tls,
        })
    }

    /// Host and port, without a scheme.
    #[must_use]
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        match host.contains(':') {
            true => alloc::format!("[{host}]:{port}"),
            false => alloc::format!("{host}:{port}"),
        }
    }
}

impl From<core::net::SocketAddr> for Address {
    fn from(address: core::net::SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
            is_tls: false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { TLS_SCHEME } else { "" };
        write!(f, "{scheme}{}", self.authority())
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
            ("iotmps://host", "iotmps://host:25206"),
            ("iotmps://[::1]:9/", "iotmps://[::1]:9"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn another_port_may_be_the_default() {
        let check = |text: &str, shown: &str| {
            let address = Address::parse_or(text, 443).unwrap();
            assert_eq!(address.to_string(), shown);
        };
        check("host", "host:443");
        check("host:9", "host:9");
        check("iotmps://host", "iotmps://host:443");
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
        check("http://host", InvalidAddress::Scheme("http".into()));
        check("iotmpss://host", InvalidAddress::Scheme("iotmpss".into()));
        check("iotmp://host/a", InvalidAddress::Path("host/a".into()));
        check("user@host", InvalidAddress::Path("user@host".into()));
    }
}

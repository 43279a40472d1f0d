//! What a gateway is told at its start.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;

use crate::server::{MAX_CREDENTIAL, Secret};

/// How a gateway listens, whom it serves, and what it allows.
/// [`new`](Self::new) gives values for general use; every field may be changed.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What every request has to show.
    pub token: Token,
    /// Where devices go that connect over WebSocket at `/iotmp` of this listener:
    /// a server's [`acceptor`](crate::server::Server::acceptor). They need no
    /// token; their Connect says who they are. Without it there is no such path.
    #[cfg(feature = "ws")]
    pub devices: Option<crate::server::Acceptor>,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
    /// Most connections at once; beyond it new ones are closed.
    pub max_connections: usize,
    /// Most WebSockets at once.
    pub max_sockets: usize,
    /// Most listeners to streams at once, of all resources together.
    pub max_listeners: usize,
    /// Most resources that one WebSocket listens to.
    pub max_resources: usize,
    /// Most values that wait for a slow listener; newer ones are dropped.
    pub max_lag: usize,
    /// Shortest interval of a stream that may be asked for, and that a device is
    /// asked for where intervals hardly divide.
    pub min_interval: Duration,
    /// How long the head of a request may take to arrive, and then its body.
    pub read_timeout: Duration,
    /// How long a WebSocket may take to read any of what waits for it.
    pub write_timeout: Duration,
    /// After how long without a value a stream of events says that it lives.
    pub heartbeat: Duration,
    /// How long connections may take to end when the gateway stops.
    pub shutdown_timeout: Duration,
}

impl Config {
    /// A gateway for whoever shows `token`.
    #[must_use]
    pub const fn new(listen: SocketAddr, token: Token) -> Self {
        Self {
            listen,
            token,
            #[cfg(feature = "ws")]
            devices: None,
            max_body: 256 * 1024,
            max_connections: 1024,
            max_sockets: 512,
            max_listeners: 1024,
            max_resources: 64,
            max_lag: 16,
            min_interval: Duration::from_millis(10),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(15),
            shutdown_timeout: Duration::from_secs(1),
        }
    }
}

/// What a request has to show as its bearer token. It is compared in constant
/// time and stays out of logs.
#[derive(Clone)]
pub struct Token(Secret);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// It is empty.
    #[error("the token is empty; choose one that is hard to guess")]
    Empty,
    /// It holds something that a header does not carry.
    #[error("the token holds a space or what is not ASCII; use letters, digits and -._~+/=")]
    NotVisible,
    /// It is longer than [`MAX_CREDENTIAL`].
    #[error("the token has {0} bytes; use at most {MAX_CREDENTIAL}")]
    TooLong(usize),
}

impl Token {
    pub(super) fn matches(&self, presented: &str) -> bool {
        self.0.matches(presented).into()
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::NotVisible);
        }
        match Secret::new(text) {
            Ok(secret) => Ok(Self(secret)),
            Err(_) => Err(InvalidToken::TooLong(text.len())),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidToken, Token};

    #[test]
    fn a_token_is_what_a_header_carries() {
        let token: Token = "s3cret".parse().unwrap();
        assert!(token.matches("s3cret"));
        for wrong in ["", "s3cre", "s3cret1", "s3cret\0", "S3cret"] {
            assert!(!token.matches(wrong), "{wrong}");
        }
        let refused = |text: &str| text.parse::<Token>().map(drop).unwrap_err();
        assert_eq!(refused(""), InvalidToken::Empty);
        assert_eq!(refused("a b"), InvalidToken::NotVisible);
        assert_eq!(refused(&"x".repeat(257)), InvalidToken::TooLong(257));
    }
}
